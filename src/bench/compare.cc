#include "bench/compare.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/stopwatch.h"
#include "bench/pipeline.h"
#include "bench/sound.h"

namespace sotto::bench {
namespace {

constexpr int kRounds = 7;
constexpr int kTokens = 100;  // of a window

}  // namespace

/// Sotto's side of the tasks.
class Sotto {
 public:
  explicit Sotto(Session& session)
      : session_(session), samples_(made_up_sound(session.subject.window_seconds())) {}

  double encoder() {
    Pipeline pipeline(session_.subject, session_.isa, session_.pool, 1);
    return pipeline.encode(samples_, 0);
  }

  /// One token of a window's, for each of n windows.
  double token(int n) {
    Batch& batch = started(n);
    batch.rewind();
    batch.prompt();
    const Stopwatch stopwatch;
    for (int token = 0; token < kTokens; ++token) batch.step();
    return stopwatch.seconds() / kTokens;
  }

  double windows(int n) {
    Pipeline pipeline(session_.subject, session_.isa, session_.pool, n);
    const Stopwatch stopwatch;
    pipeline.run(samples_, 0, kTokens);
    return stopwatch.seconds();
  }

 private:
  Batch& started(int n) {
    if (batch_ && batch_->size() == n) return *batch_;
    const model::Dims& dims = session_.subject.dims;
    const std::vector<float> features(
        static_cast<std::size_t>(dims.n_audio_ctx) * static_cast<std::size_t>(dims.n_audio_state),
        0.1f);
    batch_.emplace(*session_.subject.decoder, n);
    for (int i = 0; i < n; ++i) batch_->start(i, features);
    return *batch_;
  }

  Session& session_;
  std::vector<float> samples_;
  std::optional<Batch> batch_;
};

std::vector<Task> all_tasks() {
  std::vector<Task> tasks = {{"encoder", [](Sotto& sotto) { return sotto.encoder(); }}};
  for (const int n : {1, 8, 16}) {
    tasks.push_back({concat("token ", n), [n](Sotto& sotto) { return sotto.token(n); }});
  }
  for (const int n : {1, 8, 16}) {
    tasks.push_back({concat("windows ", n), [n](Sotto& sotto) { return sotto.windows(n); }});
  }
  return tasks;
}

namespace {

/// The times of one engine by round.
using Times = std::vector<double>;

Comparison compare_one(const Task& task, Sotto& sotto, std::vector<Peer>& peers) {
  Times ours;
  std::vector<Times> theirs(peers.size());
  for (int round = -1; round < kRounds; ++round) {
    check_interrupted();
    const double seconds = task.run(sotto);
    if (round >= 0) ours.push_back(seconds);  // the first round warms up
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const std::optional<double> taken = peers[i].seconds(task.name);
      if (taken && round >= 0) theirs[i].push_back(*taken);
    }
  }
  Comparison comparison{
      .task = task.name, .rounds = kRounds, .seconds = spread_of(ours), .peers = {}};
  for (std::size_t i = 0; i < peers.size(); ++i) {
    if (theirs[i].empty()) continue;
    Times ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) {
      ratios.push_back(theirs[i].at(round) / ours[round]);
    }
    comparison.peers.push_back({peers[i].name(), spread_of(theirs[i]), spread_of(ratios)});
  }
  return comparison;
}

}  // namespace

std::vector<Comparison> compare(Session& session, const std::vector<Task>& tasks,
                                std::vector<Peer>& peers) {
  Sotto sotto(session);
  std::vector<Comparison> comparisons;
  for (const Task& task : tasks) {
    if (session.on_part) session.on_part(concat("compare: ", task.name));
    comparisons.push_back(compare_one(task, sotto, peers));
  }
  return comparisons;
}

}  // namespace sotto::bench
