#include "engine/together.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "engine/cuts.h"
#include "engine/text.h"

namespace sotto::engine {

Together::Together(const Equipment& equipment, const TranscribeOptions& options, int batch_size)
    : equipment_(equipment), options_(options), slots_(static_cast<std::size_t>(batch_size)) {}

Together::~Together() {
  equipment_.encoder.forget_all();
}

void Together::run(const std::function<std::optional<Recording>()>& next) {
  for (;;) {
    bool busy = false;
    for (Slot& slot : slots_) busy = slot.transcription || fill(slot, next) || busy;
    if (!busy) return;
    look_ahead(next);
    step();
    finish_windows();
  }
}

template <typename Body>
bool Together::guarded(File& file, const Body& body) {
  try {
    body();
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::usage) throw;
    if (!std::exchange(file.failed, true)) file.recording.on_error(std::current_exception());
  } catch (const std::bad_alloc&) {
    if (!std::exchange(file.failed, true)) file.recording.on_error(std::current_exception());
  }
  return false;
}

/// Takes the next recording; false when there is none.
bool Together::open_next(const std::function<std::optional<Recording>()>& next) {
  if (exhausted_) return false;
  std::optional<Recording> recording = next();
  exhausted_ = !recording;
  if (exhausted_) return false;
  opened_ = std::make_shared<File>();
  opened_->recording = std::move(*recording);
  opened_->options = options_;
  guarded(*opened_, [this] { prepare(*opened_); });
  return true;
}

/// Computes the spectrogram, and where to cut it.
void Together::prepare(File& file) const {
  const int window_frames = equipment_.encoder.dims().n_mel_frames();
  file.mel = audio::log_mel_spectrogram(
      file.recording.samples, static_cast<std::size_t>(window_frames) * audio::kHopLength,
      equipment_.encoder.dims().n_mels, equipment_.isa, equipment_.pool);
  file.recording.samples = {};
  file.n_frames = static_cast<int>(file.mel.n_frames) - window_frames;
  if (options_.cut_at_pauses) {
    file.pieces = cut_at_pauses(file.mel, file.n_frames, window_frames);
    file.events.on_language = file.recording.events.on_language;
    file.options.condition_on_previous_text = false;
  } else {
    file.events = file.recording.events;
  }
  if (file.pieces.empty()) file.pieces = {{.seek = 0, .frames = file.n_frames}};
  file.results.resize(file.pieces.size());
}

/// Whether no piece of the recording that was taken last is left.
bool Together::needs_recording() const {
  return !opened_ || opened_->failed || opened_->n_begun == opened_->pieces.size();
}

/// The next piece of a recording that can be transcribed; none when there is none.
std::optional<Together::Piece> Together::next_piece(
    const std::function<std::optional<Recording>()>& next) {
  while (needs_recording()) {
    opened_.reset();
    if (!open_next(next)) return std::nullopt;
  }
  return Piece{.file = opened_, .index = opened_->n_begun++};
}

/// What its transcription will ask the encoder for first: a whole window to detect the language in,
/// which the first piece of a recording does, or no more than there is.
Window Together::first_window(const Piece& piece) const {
  const Window& all = piece.file->pieces[piece.index];
  const int window_frames = equipment_.encoder.dims().n_mel_frames();
  const bool detects =
      equipment_.tokenizer.multilingual() && !piece.file->options.language && piece.index == 0;
  return {.seek = all.seek,
          .frames = detects ? window_frames : std::min(window_frames, all.frames)};
}

/// Lets the next piece's window be encoded beside the decoder's steps. Recordings are taken ahead
/// of their turn as long as they are short: each holds a spectrogram.
void Together::look_ahead(const std::function<std::optional<Recording>()>& next) {
  std::int64_t frames = 0;
  for (const Piece& piece : ahead_) frames += piece.index == 0 ? piece.file->n_frames : 0;
  const auto limit =
      static_cast<std::int64_t>(slots_.size()) * equipment_.encoder.dims().n_mel_frames();
  while (equipment_.encoder.is_free(slots_.size()) && ahead_.size() < slots_.size()) {
    if (needs_recording() && frames >= limit) return;
    std::optional<Piece> piece = next_piece(next);
    if (!piece) return;
    const Window window = first_window(*piece);
    if (window.frames > 0) {
      equipment_.encoder.begin({piece->file, &piece->file->mel}, window);
    }
    if (piece->index == 0) frames += piece->file->n_frames;
    ahead_.push_back(std::move(*piece));
  }
}

/// Gives an empty slot the next piece that has a window; false when there is none.
bool Together::fill(Slot& slot, const std::function<std::optional<Recording>()>& next) {
  for (;;) {
    std::optional<Piece> piece;
    if (ahead_.empty()) {
      piece = next_piece(next);
    } else {
      piece = std::move(ahead_.front());
      ahead_.pop_front();
    }
    if (!piece) return false;
    const Window window = first_window(*piece);
    if (piece->file->failed) {
      equipment_.encoder.forget(piece->file->mel, window);
      continue;
    }
    slot.file = piece->file;
    slot.piece = piece->index;
    if (slot.sequence == nullptr && &slot != slots_.data()) {
      more_sequences_.push_back(equipment_.decoder.new_sequence());
      slot.sequence = more_sequences_.back().get();
    } else if (slot.sequence == nullptr) {
      slot.sequence = &equipment_.decoder;
    }
    File& file = *slot.file;
    bool has_window = false;
    const bool works = guarded(file, [&] {
      slot.transcription = std::make_unique<Transcription>(
          equipment_.tokenizer, equipment_.generation, equipment_.encoder, *slot.sequence, file.mel,
          file.pieces[slot.piece], file.options, file.events);
      if (equipment_.tokenizer.multilingual()) {
        file.options.language = slot.transcription->language();
      }
      has_window = slot.transcription->begin_window();
      if (!has_window) finish_piece(slot);
    });
    if (works && has_window) return true;
    equipment_.encoder.forget(file.mel, window);
    slot.transcription.reset();
  }
}

/// One token for every window whose search goes on.
void Together::step() {
  check_interrupted();
  std::vector<Slot*> stepping;
  std::vector<model::Step> steps;
  for (Slot& slot : slots_) {
    if (!slot.transcription || slot.file->failed || slot.transcription->search().done()) continue;
    stepping.push_back(&slot);
    steps.push_back(slot.transcription->search().next_step());
  }
  if (steps.empty()) return;
  equipment_.decoder.step(steps);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Slot& slot = *stepping[i];
    guarded(*slot.file, [&] { slot.transcription->search().take(steps[i].found); });
  }
}

void Together::finish_windows() {
  for (Slot& slot : slots_) {
    if (slot.transcription && slot.file->failed) slot.transcription.reset();
    if (!slot.transcription || !slot.transcription->search().done()) continue;
    guarded(*slot.file, [&] {
      slot.transcription->end_window();
      if (!slot.transcription->begin_window()) finish_piece(slot);
    });
  }
}

void Together::finish_piece(Slot& slot) {
  File& file = *slot.file;
  file.results[slot.piece] = slot.transcription->take_result();
  slot.transcription.reset();
  if (options_.cut_at_pauses) {
    file.frames_done += file.pieces[slot.piece].frames;
    const auto& on_progress = file.recording.events.on_progress;
    if (on_progress) on_progress(file.frames_done, file.n_frames);
  }
  while (file.n_told < file.results.size() && file.results[file.n_told]) {
    if (options_.cut_at_pauses) tell(file, *file.results[file.n_told]);
    ++file.n_told;
  }
  if (file.n_told == file.results.size()) file.recording.on_result(join(file));
}

/// A piece's segments, whose turn it is.
void Together::tell(File& file, const Result& piece) {
  const auto& on_segment = file.recording.events.on_segment;
  if (!on_segment) return;
  for (const Segment& segment : piece.segments) on_segment(segment);
}

Result Together::join(File& file) const {
  Result all = std::move(*file.results.front());
  all.cut_at_pauses = options_.cut_at_pauses;
  for (std::size_t piece = 1; piece < file.results.size(); ++piece) {
    Result& part = *file.results[piece];
    all.text += part.text;
    for (Segment& segment : part.segments) {
      segment.id = static_cast<int>(all.segments.size());
      all.segments.push_back(std::move(segment));
    }
  }
  return all;
}

}  // namespace sotto::engine
