#include "base/interrupt.h"

#include <csignal>

#include "base/error.h"

namespace sotto {
namespace {

volatile std::sig_atomic_t raised = 0;

void on_signal(int) {
  raised = 1;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  ::sigemptyset(&action.sa_mask);
  // Once only, and without SA_RESTART: a read that waits for a pipe ends with EINTR.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
  return raised != 0;
}

void check_interrupted() {
  if (interrupted()) fail(ErrorKind::interrupted, "interrupted");
}

}  // namespace sotto
