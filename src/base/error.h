// The two ways to fail. The world is wrong (a file, an option, a model): throw Error where it is
// found; it is caught in main, per file, and in tests. We are wrong: SOTTO_CHECK, always on.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace sotto {

enum class ErrorKind {
  usage,        ///< The command line asks for something that does not exist or is not built yet.
  io,           ///< A file cannot be read or written.
  audio,        ///< A file holds no audio that can be decoded.
  model,        ///< A model is missing, damaged or not a Whisper model.
  unsupported,  ///< Valid, but this machine or this build cannot do it.
  interrupted,  ///< The user pressed Ctrl-C.
};

/// One clear line for the user: what happened, with which file and values, why, and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// Joins its arguments as operator<< prints them.
template <typename... Args>
std::string concat(const Args&... args) {
  std::ostringstream out;
  (out << ... << args);
  return out.str();
}

/// Throws Error{kind, concat(args…)}.
template <typename... Args>
[[noreturn]] void fail(ErrorKind kind, const Args&... args) {
  throw Error(kind, concat(args...));
}

/// Prints "file:line: check failed: condition" and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace sotto

/// An invariant of this program. Stays on in release builds.
#define SOTTO_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::sotto::check_failed(__FILE__, __LINE__, #condition))
