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

  /// The windows of the next run are encoded beside the tokens of this one. What has begun of that
  /// is finished within the time, so that nothing runs beside another engine.
  double windows_of_many(int n) {
    if (!many_) many_.emplace(session_.subject, session_.isa, session_.pool, n);
    const Stopwatch stopwatch;
    many_->run_on(samples_, kTokens);
    many_->finish_ahead();
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
  std::optional<Pipeline> many_;
};

std::vector<Task> all_tasks() {
  std::vector<Task> tasks = {{"encoder", [](Sotto& sotto) { return sotto.encoder(); }, 0}};
  for (const int n : {1, 8, 16}) {
    tasks.push_back({concat("token ", n), [n](Sotto& sotto) { return sotto.token(n); }, 0});
  }
  for (const int n : {1, 8, 16}) {
    tasks.push_back({concat("windows ", n), [n](Sotto& sotto) { return sotto.windows(n); }, n});
  }
  constexpr int kTogether = 8;
  tasks.push_back({concat("windows ", kTogether, " of many"),
                   [](Sotto& sotto) { return sotto.windows_of_many(kTogether); }, kTogether});
  return tasks;
}

std::string group_of(const Task& task) {
  std::string name = "compare." + task.name;
  std::ranges::replace(name, ' ', '_');
  return name;
}

/// Another engine, and what it took for the task at hand.
struct Contest::Opponent {
  Peer peer;
  bool failed = false;
  std::vector<double> seconds{};  // of each round, unless it cannot do the task
};

Contest::Contest(Session& session, std::vector<Peer> peers, std::vector<Missing>& missing)
    : session_(session), missing_(missing), sotto_(std::make_unique<Sotto>(session)) {
  for (Peer& peer : peers) opponents_.push_back({.peer = std::move(peer)});
}

Contest::~Contest() = default;

bool Contest::is_over() const {
  return std::ranges::all_of(opponents_, &Opponent::failed);
}

void Contest::ask(Opponent& opponent, const Task& task, bool counts) {
  if (opponent.failed) return;
  try {
    const std::optional<double> seconds = opponent.peer.seconds(task.name);
    if (seconds && counts) opponent.seconds.push_back(*seconds);
  } catch (const Error& error) {
    check_interrupted();  // which may have ended the engine as well
    opponent.failed = true;
    missing_.push_back({concat(group_of(task), " and what follows it, with ", opponent.peer.name()),
                        error.what()});
  }
}

std::optional<Comparison> Contest::run(const Task& task) {
  if (is_over()) return std::nullopt;
  if (session_.on_part) session_.on_part(concat("compare: ", task.name));
  for (Opponent& opponent : opponents_) opponent.seconds.clear();
  std::vector<double> ours;
  for (int round = -1; round < kRounds && !is_over(); ++round) {
    check_interrupted();
    const bool counts = round >= 0;  // the first round warms up
    const double seconds = task.run(*sotto_);
    if (counts) ours.push_back(seconds);
    for (Opponent& opponent : opponents_) ask(opponent, task, counts);
  }
  if (is_over()) return std::nullopt;
  Comparison comparison{.task = task.name,
                        .rounds = kRounds,
                        .audio_seconds = task.n_windows * session_.subject.window_seconds(),
                        .seconds = spread_of(ours),
                        .peers = {}};
  for (const Opponent& opponent : opponents_) {
    const std::vector<double>& theirs = opponent.seconds;
    if (opponent.failed || theirs.empty()) continue;
    if (theirs.size() != ours.size()) {
      missing_.push_back({concat(group_of(task), " with ", opponent.peer.name()),
                          "it answered \"-\" in some rounds only"});
      continue;
    }
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) {
      ratios.push_back(theirs.at(round) / ours[round]);
    }
    comparison.peers.push_back({opponent.peer.name(), spread_of(theirs), spread_of(ratios)});
  }
  return comparison;
}

}  // namespace sotto::bench
