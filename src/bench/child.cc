#include "bench/child.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"

extern char** environ;

namespace sotto::bench {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      fail(ErrorKind::io, "cannot make a pipe: ", std::strerror(errno));
    }
    read_end = ends[0];
    write_end = ends[1];
  }
  int read_end, write_end;
};

}  // namespace

Child::Child(const std::vector<std::string>& command) : program_(command.front()) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const Pipe in, out;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read_end, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  const int error =
      ::posix_spawnp(&pid_, program_.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in.read_end);
  ::close(out.write_end);
  in_ = in.write_end;
  out_ = out.read_end;
  if (error == 0) return;
  ::close(in_);
  ::close(out_);
  fail(ErrorKind::io, "cannot start ", program_, ": ", std::strerror(error));
}

Child::~Child() {
  ::close(in_);
  ::close(out_);
  if (pid_ <= 0) return;
  constexpr std::chrono::milliseconds kPatience(1000);
  // After Ctrl-C what it is at may take long.
  if (!interrupted() && ends_within(kPatience)) return;
  ::kill(pid_, SIGTERM);
  if (ends_within(kPatience)) return;
  ::kill(pid_, SIGKILL);
  wait();
}

bool Child::ends_within(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kStep(5);
  for (; ::waitpid(pid_, nullptr, WNOHANG) == 0; patience -= kStep) {
    if (patience <= std::chrono::milliseconds::zero()) return false;
    std::this_thread::sleep_for(kStep);
  }
  pid_ = 0;
  return true;
}

int Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) break;
  }
  pid_ = 0;
  return status;
}

void Child::write_line(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t n = ::write(in_, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR) fail(ErrorKind::io, program_, " has ended: it reads no more");
    if (n > 0) done += static_cast<std::size_t>(n);
  }
}

void Child::await_output() const {
  // A signal just before the call would not end it.
  constexpr int kPatienceMs = 200;
  for (pollfd output{.fd = out_, .events = POLLIN, .revents = 0};
       ::poll(&output, 1, kPatienceMs) <= 0;) {
    check_interrupted();
  }
}

/// False at the end of the output.
bool Child::read_more() {
  std::array<char, 4096> bytes;
  for (;;) {
    await_output();
    const ssize_t n = ::read(out_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    pending_.append(bytes.data(), static_cast<std::size_t>(n));
    return true;
  }
}

std::optional<std::string> Child::read_line() {
  std::size_t end = 0;
  while ((end = pending_.find('\n')) == std::string::npos) {
    if (!read_more()) return std::nullopt;
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

std::string Child::finish() {
  while (read_more()) {
  }
  const int status = wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fail(ErrorKind::io, program_, " failed: its messages are above");
  }
  return std::exchange(pending_, {});
}

}  // namespace sotto::bench
