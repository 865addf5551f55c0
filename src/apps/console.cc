#include "apps/console.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace sotto::apps {

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  for (int stream = 0; stream <= 2; ++stream) {
    // The lowest free number is taken, and those below are in use.
    if (::fcntl(stream, F_GETFD) < 0) SOTTO_CHECK(::open("/dev/null", O_RDONLY) == stream);
  }
}

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  erase_progress();
}

void Console::text(std::string_view line) {
  erase_progress();
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                       std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (!written) {
    const int error = errno;
    throw OutputClosed(error == EPIPE, std::strerror(error));
  }
  draw_progress();
}

void Console::message(std::string_view line) {
  note(concat("sotto: ", line));
}

void Console::note(std::string_view line) {
  erase_progress();
  const std::string whole = concat(line, "\n");
  std::fwrite(whole.data(), 1, whole.size(), stderr);
  draw_progress();
}

void Console::progress(std::string line) {
  erase_progress();
  progress_ = std::move(line);
  draw_progress();
}

void Console::erase_progress() const {
  if (terminal_ && !progress_.empty()) std::fputs("\r\033[K", stderr);
}

void Console::draw_progress() const {
  if (terminal_ && !progress_.empty()) std::fputs(progress_.c_str(), stderr);
}

}  // namespace sotto::apps
