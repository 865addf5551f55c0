// Another engine, in a process of its own that answers tasks with the seconds they took (the
// scripts of tools/compare).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/child.h"

namespace sotto::bench {

class Peer {
 public:
  /// Starts `command` and waits until it is ready. Throws Error{io}.
  explicit Peer(const std::vector<std::string>& command);

  /// Its name and version, as it says.
  const std::string& name() const { return name_; }
  /// What the task took; nothing when it cannot do it. Throws Error{io} when it has ended.
  std::optional<double> seconds(const std::string& task);

 private:
  std::string answer();

  std::unique_ptr<Child> child_;
  std::string name_;
};

}  // namespace sotto::bench
