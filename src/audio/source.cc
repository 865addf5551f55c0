#include "audio/source.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "audio/container.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace sotto::audio {
namespace {

/// Whether a format names other files, where the sound is.
bool is_playlist(std::string_view format) {
  constexpr std::array<std::string_view, 4> kPlaylists = {"hls", "dash", "concat", "sdp"};
  return std::find(kPlaylists.begin(), kPlaylists.end(), format) != kPlaylists.end();
}

/// The name of the format that FFmpeg takes a file for; empty when it knows none.
std::string_view format_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  AVIOContext* file = nullptr;
  const std::string url = "file:" + path.string();
  if (libav().avio_open(&file, url.c_str(), AVIO_FLAG_READ) < 0) return {};
  const AVInputFormat* format = nullptr;
  libav().av_probe_input_buffer2(file, &format, url.c_str(), nullptr, 0, 0);
  libav().avio_close(file);
  return format != nullptr ? format->name : std::string_view();
}

/// The first bytes of a pipe, which stay there to be read: they lie in the buffer of `pipe` once
/// FFmpeg has looked what they are.
std::string first_bytes(AVIOContext* pipe, const std::string& url) {
  const AVInputFormat* format = nullptr;
  libav().av_probe_input_buffer2(pipe, &format, url.c_str(), nullptr, 0, 0);
  return std::string(pipe->buf_ptr, pipe->buf_end);
}

bool is_audio(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
}

}  // namespace

Source::Source(const std::filesystem::path& path, std::string name, std::optional<int> n,
               const LibavLog& log)
    : path_(path), name_(std::move(name)) {
  open(log);
  stream_ = n ? audio_stream(*n) : stream_of_ffmpeg();
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* stream = format_->streams[i];
    stream->discard = stream == stream_ ? AVDISCARD_NONE : AVDISCARD_ALL;
  }
}

void Source::open(const LibavLog& log) {
  AVDictionary* settings = nullptr;
  // Also holds for what a playlist names. Named pipes are files.
  libav().av_dict_set(&settings, "protocol_whitelist", "file", 0);
  libav().av_dict_set(&settings, "scan_all_pmts", "1", 0);  // as the ffmpeg program does
  AVFormatContext* format = libav().avformat_alloc_context();
  if (format == nullptr) throw std::bad_alloc();
  format->interrupt_callback.callback = [](void*) { return static_cast<int>(interrupted()); };
  // "file:" keeps a name like "http:talk.wav" or "concat:a" a name.
  const std::string url = "file:" + path_.string();
  int status = 0;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path_, error)) {
    status = libav().avio_open2(&format->pb, url.c_str(), AVIO_FLAG_READ,
                                &format->interrupt_callback, nullptr);
    pipe_.reset(format->pb);
    if (status >= 0) wav_bytes_ = stated_wav_bytes(first_bytes(format->pb, url));
  }
  if (status >= 0) status = libav().avformat_open_input(&format, url.c_str(), nullptr, &settings);
  libav().av_dict_free(&settings);
  format_.reset(format);
  check_interrupted();
  if (status < 0) refuse(status, log);
  const int found = libav().avformat_find_stream_info(format, nullptr);
  check_interrupted();
  if (found < 0 && format->nb_streams == 0) refuse(found, log);
  complaint_ = log.last_demuxer_error();
}

void Source::refuse(int status, const LibavLog& log) const {
  const std::string reason = log.last_error().empty() ? libav_error(status) : log.last_error();
  if (const std::string_view list = format_of(path_); is_playlist(list)) {
    fail(
        ErrorKind::audio, "cannot decode ", name_, ": it is a playlist (", list,
        "), and what it names is not opened (", reason,
        "): Sotto opens no address, and FFmpeg only files that it takes for safe; transcribe those "
        "files themselves, or save the recording as a file");
  }
  if (ends_inside_its_container(path_)) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": it ends too early (", reason,
         "); is it an unfinished copy or download?");
  }
  if (status == AVERROR_INVALIDDATA || status == AVERROR(EINVAL) || status == AVERROR_EOF) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": FFmpeg finds no recording in it (", reason,
         "); is it an audio or video file?");
  }
  fail(ErrorKind::audio, "cannot decode ", name_, ": ", libav_error(status), log.in_brackets());
}

/// The ffmpeg program's choice: streams with packets before those without, then the default one,
/// then the one with most channels, then the first.
AVStream* Source::stream_of_ffmpeg() const {
  AVStream* best = nullptr;
  int best_score = 0;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* stream = format_->streams[i];
    if (!is_audio(*stream)) continue;
    const bool has_packets = (stream->event_flags & AVSTREAM_EVENT_FLAG_NEW_PACKETS) != 0;
    const bool is_default = (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
    const int score = stream->codecpar->ch_layout.nb_channels + 100'000'000 * has_packets +
                      5'000'000 * is_default;
    if (score > best_score) {
      best_score = score;
      best = stream;
    }
  }
  if (best == nullptr) {
    fail(ErrorKind::audio, "cannot decode ", name_,
         ": it holds no audio stream (FFmpeg takes it for ", container(), ")");
  }
  return best;
}

AVStream* Source::audio_stream(int wanted) const {
  int n = 0;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (is_audio(*format_->streams[i]) && n++ == wanted) return format_->streams[i];
  }
  fail(ErrorKind::audio, "cannot decode audio stream ", wanted, " of ", name_, ": it has ", n,
       " audio stream", n == 1 ? "" : "s", ", and the first is 0");
}

bool Source::is_recording_by_name_only() const {
  constexpr int kScoreOfName = 1;  // of contents in which a format does not find itself
  return format_->probe_score <= kScoreOfName;
}

std::optional<double> Source::stated_seconds() const {
  if (pipe_ != nullptr && container() == "wav") {  // FFmpeg tells of a file only, or believes all
    if (!wav_bytes_ || stream_->codecpar->bit_rate <= 0) return std::nullopt;
    return 8.0 * static_cast<double>(*wav_bytes_) /
           static_cast<double>(stream_->codecpar->bit_rate);
  }
  if (format_->duration_estimation_method != AVFMT_DURATION_FROM_STREAM) return std::nullopt;
  if (is_playlist(container())) return std::nullopt;  // rounded, often to seconds
  int n_streams = 0;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    const AVStream* stream = format_->streams[i];
    const bool is_cover = (stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
    const AVMediaType type = stream->codecpar->codec_type;
    n_streams += !is_cover && (type == AVMEDIA_TYPE_AUDIO || type == AVMEDIA_TYPE_VIDEO);
  }
  // Most containers state one length for all that they hold, and the sound may be shorter.
  const bool states_each = container().starts_with("mov,");
  if (n_streams != 1 && !states_each) return std::nullopt;
  if (stream_->duration == AV_NOPTS_VALUE) {
    if (n_streams != 1 || format_->duration <= 0) return std::nullopt;
    return static_cast<double>(format_->duration) / AV_TIME_BASE;
  }
  return seconds_of(stream_->duration);
}

}  // namespace sotto::audio
