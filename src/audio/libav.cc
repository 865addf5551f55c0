#include "audio/libav.h"

#include <array>
#include <cstdarg>
#include <mutex>

extern "C" {
#include <libavutil/log.h>
}

#include "base/text.h"

namespace sotto::audio {
namespace {

thread_local LibavLog* current_log = nullptr;

}  // namespace

std::string libav_error(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

LibavLog::LibavLog() : outer_(current_log) {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(receive); });
  current_log = this;
}

LibavLog::~LibavLog() {
  current_log = outer_;
}

std::string LibavLog::in_brackets() const {
  return last_error_.empty() ? "" : " (" + last_error_ + ")";
}

void LibavLog::receive(void* context, int level, const char* format, va_list arguments) {
  if (current_log == nullptr || level > AV_LOG_ERROR) return;
  std::array<char, 512> line{};
  int print_prefix = 0;
  av_log_format_line2(context, level, format, arguments, line.data(), line.size(), &print_prefix);
  std::string text = line.data();
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  if (!text.empty()) current_log->last_error_ = printable(text, text.size());
}

}  // namespace sotto::audio
