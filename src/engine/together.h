// The windows of several recordings decoded together: a step of the decoder is one for all.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "engine/transcriber.h"

namespace sotto::engine {

/// What transcriptions are made with.
struct Equipment {
  const model::Tokenizer& tokenizer;
  const model::GenerationConfig& generation;
  WindowEncoder& encoder;
  model::Decoder& decoder;
  Isa isa;
  ThreadPool* pool;
};

class Together {
 public:
  Together(const Equipment& equipment, const TranscribeOptions& options, int batch_size);
  ~Together();
  Together(const Together&) = delete;
  Together& operator=(const Together&) = delete;

  /// See Transcriber::transcribe_together. Called once.
  void run(const std::function<std::optional<Recording>()>& next);

 private:
  /// A recording and its pieces: one, unless it is cut.
  struct File {
    Recording recording;
    audio::LogMel mel;
    std::vector<Window> pieces;
    TranscribeOptions options;                   ///< with the language, once it is known
    TranscribeEvents events;                     ///< of a piece
    std::vector<std::optional<Result>> results;  ///< of the pieces
    std::size_t n_begun = 0;
    std::size_t n_told = 0;  ///< pieces whose segments were told of
    int frames_done = 0;
    int n_frames = 0;
    bool failed = false;
  };

  /// A piece whose turn it is, or comes next.
  struct Piece {
    std::shared_ptr<File> file;
    std::size_t index = 0;
  };

  /// A piece that is being transcribed, in a sequence of the decoder.
  struct Slot {
    std::shared_ptr<File> file;
    std::size_t piece = 0;
    model::Decoder* sequence = nullptr;
    std::unique_ptr<Transcription> transcription;
  };

  bool open_next(const std::function<std::optional<Recording>()>& next);
  void prepare(File& file) const;
  bool needs_recording() const;
  std::optional<Piece> next_piece(const std::function<std::optional<Recording>()>& next);
  Window first_window(const Piece& piece) const;
  void look_ahead(const std::function<std::optional<Recording>()>& next);
  bool fill(Slot& slot, const std::function<std::optional<Recording>()>& next);
  void step();
  void finish_windows();
  void finish_piece(Slot& slot);
  void tell(File& file, const Result& piece);
  Result join(File& file) const;

  /// Runs `body`, whose errors concern the file alone; false when there was one.
  template <typename Body>
  bool guarded(File& file, const Body& body);

  Equipment equipment_;
  const TranscribeOptions& options_;
  std::vector<std::unique_ptr<model::Decoder>> more_sequences_;
  std::vector<Slot> slots_;
  std::shared_ptr<File> opened_;  // its pieces are taken next
  std::deque<Piece> ahead_;       // taken before them: their first windows are encoded already
  bool exhausted_ = false;
};

}  // namespace sotto::engine
