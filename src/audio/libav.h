// FFmpeg's libraries with owning pointers, and their messages as text.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
}

#include <memory>
#include <string>

namespace sotto::audio {

struct FreeLibav {
  void operator()(AVFormatContext* p) const { avformat_close_input(&p); }
  void operator()(AVIOContext* p) const { avio_closep(&p); }
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(SwrContext* p) const { swr_free(&p); }
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
