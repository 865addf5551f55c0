// A recording that FFmpeg has opened: the stream that is taken, and what the container states.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "audio/libav.h"

namespace sotto::audio {

class Source {
 public:
  /// Opens `path`, which messages call `name`, and takes its n-th audio stream, or the one that the
  /// ffmpeg program takes. Throws Error{audio} when FFmpeg cannot open it or it has no such stream.
  Source(const std::filesystem::path& path, std::string name, std::optional<int> n,
         const LibavLog& log);

  AVFormatContext* format() const { return format_.get(); }
  AVStream* stream() const { return stream_; }
  std::string_view container() const { return format_->iformat->name; }

  /// What FFmpeg found wrong with the container, though it opened the file; empty when nothing. Odd
  /// tags of a healthy file are found wrong, too.
  const std::string& complaint() const { return complaint_; }

  /// Whether only the name of the file made FFmpeg take it for a recording, not its contents.
  bool is_recording_by_name_only() const;

  /// How long the container says that the stream is; absent when it does not say so.
  std::optional<double> stated_seconds() const;

  double seconds_of(std::int64_t stream_ticks) const {
    return static_cast<double>(stream_ticks) * av_q2d(stream_->time_base);
  }

 private:
  void open(const LibavLog& log);
  [[noreturn]] void refuse(int status, const LibavLog& log) const;
  AVStream* stream_of_ffmpeg() const;
  AVStream* audio_stream(int wanted) const;

  std::filesystem::path path_;
  std::string name_;
  std::string complaint_;
  Libav<AVIOContext> pipe_;                 // null for a file, which format_ opens itself
  std::optional<std::uint64_t> wav_bytes_;  // of sound, by the header of a WAV file in pipe_
  Libav<AVFormatContext> format_;
  AVStream* stream_ = nullptr;
};

}  // namespace sotto::audio
