#include "audio/libav.h"

#include <array>
#include <cstdarg>
#include <mutex>

#include "base/text.h"

namespace sotto::audio {
namespace {

thread_local LibavLog* current_log = nullptr;

/// Whether `context`, which begins with a pointer to its class, is one that reads a container.
bool is_demuxer(void* context) {
  const AVClass* type = context != nullptr ? *static_cast<const AVClass**>(context) : nullptr;
  if (type == nullptr) return false;
  const AVClassCategory category =
      type->get_category != nullptr ? type->get_category(context) : type->category;
  return category == AV_CLASS_CATEGORY_DEMUXER;
}

}  // namespace

std::string libav_error(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  libav().av_strerror(code, text.data(), text.size());
  return text.data();
}

LibavLog::LibavLog() : outer_(current_log) {
  static std::once_flag once;
  std::call_once(once, [] { libav().av_log_set_callback(receive); });
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
  libav().av_log_format_line2(context, level, format, arguments, line.data(), line.size(),
                              &print_prefix);
  std::string text = line.data();
  while (!text.empty() && (text.back() == '\n' || text.back() == '.')) text.pop_back();
  if (text.empty()) return;
  current_log->last_error_ = printable(text, text.size());
  if (is_demuxer(context)) current_log->last_demuxer_error_ = current_log->last_error_;
}

}  // namespace sotto::audio
