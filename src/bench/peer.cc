#include "bench/peer.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace sotto::bench {

Peer::Peer(const std::vector<std::string>& command) : child_(std::make_unique<Child>(command)) {
  constexpr std::string_view kReady = "ready: ";
  const std::string line = answer();
  if (!line.starts_with(kReady)) {
    fail(ErrorKind::io, child_->program(), " is not ready but says '", printable(line), "'");
  }
  name_ = printable(line.substr(kReady.size()));
}

std::string Peer::answer() {
  std::optional<std::string> line = child_->read_line();
  if (!line) fail(ErrorKind::io, child_->program(), " has ended: its messages are above");
  return *std::move(line);
}

std::optional<double> Peer::seconds(const std::string& task) {
  child_->write_line(task);
  const std::string line = answer();
  if (line == "-") return std::nullopt;
  double seconds = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
  if (error != std::errc() || end != line.data() + line.size() || !(seconds > 0) ||
      !std::isfinite(seconds)) {
    fail(ErrorKind::io, name_, " answers '", printable(line), "' to '", task,
         "', which is no number of seconds");
  }
  return seconds;
}

}  // namespace sotto::bench
