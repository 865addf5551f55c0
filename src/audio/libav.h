// FFmpeg's libraries with owning pointers, and their messages as text.
#pragma once

#include <memory>
#include <string>

#include "audio/libav_functions.h"

namespace sotto::audio {

struct FreeLibav {
  void operator()(AVFormatContext* p) const { libav().avformat_close_input(&p); }
  void operator()(AVIOContext* p) const { libav().avio_closep(&p); }
  void operator()(AVCodecContext* p) const { libav().avcodec_free_context(&p); }
  void operator()(AVPacket* p) const { libav().av_packet_free(&p); }
  void operator()(AVFrame* p) const { libav().av_frame_free(&p); }
  void operator()(SwrContext* p) const { libav().swr_free(&p); }
};

template <typename T>
using Libav = std::unique_ptr<T, FreeLibav>;

/// FFmpeg's words for one of its error codes.
std::string libav_error(int code);

/// While it lives, what FFmpeg would print from this thread is kept here instead. FFmpeg never
/// prints anything once the first one has been made, in no thread.
class LibavLog {
 public:
  LibavLog();
  ~LibavLog();
  LibavLog(const LibavLog&) = delete;
  LibavLog& operator=(const LibavLog&) = delete;

  /// The last error line, without its line end; empty when there was none.
  const std::string& last_error() const { return last_error_; }
  /// The last one that a demuxer wrote, since this log was made.
  const std::string& last_demuxer_error() const { return last_demuxer_error_; }
  void clear() { last_error_.clear(); }
  /// " (<last error line>)", or "" when there was none.
  std::string in_brackets() const;

 private:
  static void receive(void* context, int level, const char* format, va_list arguments);

  std::string last_error_;
  std::string last_demuxer_error_;
  LibavLog* outer_;
};

}  // namespace sotto::audio
