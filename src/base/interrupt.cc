#include "base/interrupt.h"

#include <csignal>

#include "base/error.h"

namespace sotto {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

void check_interrupted() {
  if (interrupted != 0) fail(ErrorKind::interrupted, "interrupted");
}

}  // namespace sotto
