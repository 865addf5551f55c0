// A program that this one starts and talks to through pipes; its messages go where ours go.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sotto::bench {

class Child {
 public:
  /// Starts command[0], found as a shell finds it. Throws Error{io}.
  explicit Child(const std::vector<std::string>& command);
  /// Closes its standard input, which asks it to end, and ends it when it does not within a second,
  /// or after Ctrl-C.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  const std::string& program() const { return program_; }
  /// To its standard input. Throws Error{io} when it reads no more.
  void write_line(const std::string& line);
  /// From its standard output; nothing after the last one. Throws Error{interrupted}.
  std::optional<std::string> read_line();
  /// Reads on to the end of its output and of itself. Throws Error{io} when it failed, and
  /// Error{interrupted}.
  std::string finish();

 private:
  void await_output() const;
  bool read_more();
  bool ends_within(std::chrono::milliseconds patience);
  int wait();

  std::string program_;
  pid_t pid_ = 0;
  int in_ = -1;          // its standard input
  int out_ = -1;         // its standard output
  std::string pending_;  // read, but not asked for yet
};

}  // namespace sotto::bench
