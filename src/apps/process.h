// Runs the built program for the tests of the command line.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sotto::apps::testing {

/// What a finished program left.
struct Outcome {
  int exit_code = 0;  ///< −signal when a signal ended it
  std::string out;
  std::string err;
};

/// The program with its standard output and error going to files of a folder.
class Process {
 public:
  /// Starts it in `folder`; `before_exec` runs in the child, after the redirections.
  Process(
      const std::filesystem::path& folder, const std::vector<std::string>& arguments,
      const std::function<void()>& before_exec = [] {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits until standard error contains `text`; false when the program ends before.
  bool wait_for_message(const std::string& text);
  void send(int signal) const;
  Outcome wait();

 private:
  std::string err() const;

  std::filesystem::path folder_;
  pid_t pid_;
};

/// Starts it and waits.
Outcome run(
    const std::filesystem::path& folder, const std::vector<std::string>& arguments,
    const std::function<void()>& before_exec = [] {});

}  // namespace sotto::apps::testing
