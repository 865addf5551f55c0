// Sotto beside other engines, in turn, on the same model.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/comparison.h"
#include "bench/missing.h"
#include "bench/parts.h"
#include "bench/peer.h"

namespace sotto::bench {

class Sotto;

/// What engines are compared in, and how Sotto does it, in seconds.
struct Task {
  std::string name;
  std::function<double(Sotto&)> run;
  int n_windows = 0;  ///< that are heard as a whole
};
std::vector<Task> all_tasks();

/// "compare.token_8" of "token 8".
std::string group_of(const Task& task);

class Contest {
 public:
  /// An engine that fails is noted in `missing` and not asked again.
  Contest(Session& session, std::vector<Peer> peers, std::vector<Missing>& missing);
  ~Contest();

  /// Nothing when no engine is left. Throws Error{interrupted}.
  std::optional<Comparison> run(const Task& task);

 private:
  struct Opponent;

  bool is_over() const;
  void ask(Opponent& opponent, const Task& task, bool counts);

  Session& session_;
  std::vector<Missing>& missing_;
  std::unique_ptr<Sotto> sotto_;
  std::vector<Opponent> opponents_;
};

}  // namespace sotto::bench
