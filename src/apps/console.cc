#include "apps/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "apps/progress.h"
#include "base/error.h"
#include "base/text.h"

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

void Console::lines(std::string_view text) {
  this->text(text.substr(0, text.find_last_not_of('\n') + 1));
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
  const std::string whole = printable(line, line.size()) + "\n";
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
  if (!terminal_ || progress_.empty()) return;
  // A line that wraps could not be erased. Each time anew: the user may resize the window.
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const std::string shown = known ? cut_to_width(progress_, size.ws_col - 1u) : progress_;
  std::fputs(shown.c_str(), stderr);
}

}  // namespace sotto::apps
