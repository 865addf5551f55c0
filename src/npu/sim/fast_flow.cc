#include "npu/sim/fast_flow.h"

#include <algorithm>

namespace sotto::npu::sim {

/// The words that all ends can go on moving one a cycle, because no rule holds any of them back: an
/// end's next cycle is late enough for what it waits for, and both step on by one. 0: some rule
/// binds, or it is not worth it.
std::int64_t FastFlow::steady() const {
  constexpr std::int64_t kWorth = 16;
  if (source_.gates.empty() || sinks_.empty()) return 0;
  const std::int64_t read = source_.times.count(), sent = sent_.count();
  const Gate& gate = source_.gates.front();
  const Cycle reads = source_.times.next(), sends = sent_.next();
  std::int64_t count = gate.end() - read;
  if (count < kWorth || gate.at > reads || (gate.first == read && gate.gap > 0)) return 0;
  // The n-th words from now, for every n: earlier ones passed at one a cycle at most.
  if (sends + (read - egress_ - sent) + 1 > reads) return 0;
  if (reads + (sent - read) + latency_ > sends) return 0;
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    if (sinks_[i].gates.empty()) return 0;
    const Gate& open = sinks_[i].gates.front();
    const std::int64_t received = sinks_[i].times.count();
    const Cycle receives = sinks_[i].times.next();
    if (open.at > receives) return 0;
    if (receives + (sent - flow_.sinks[i].capacity - received) + 1 > sends) return 0;
    if (sends + (received - sent) + flow_.sinks[i].latency > receives) return 0;
    count = std::min(count, open.end() - received);
  }
  return count < kWorth ? 0 : count;
}

FastFlow::Moved FastFlow::append(WordTimes& times, std::int64_t count) {
  const Moved moved{times.count(), count, times.next()};
  times.append(moved.at, count);
  return moved;
}

FastFlow::Moved FastFlow::go_on(FlowEnd& end, std::int64_t count) {
  const Moved moved = append(end.times, count);
  if (moved.first + count == end.gates.front().end()) end.gates.pop_front();
  return moved;
}

/// Takes the words found by a rule out of the first gate.
bool FastFlow::pass_gate(FlowEnd& end, Moved& moved) {
  end.times.append(moved.at, moved.count);
  if (moved.first + moved.count == end.gates.front().end()) end.gates.pop_front();
  return true;
}

bool FastFlow::read(Moved& moved) {
  const std::int64_t n = source_.times.count();
  if (source_.gates.empty() || n - sent_.count() >= egress_) return false;
  const Gate& gate = source_.gates.front();
  moved = {n, std::min(gate.end(), sent_.count() + egress_) - n,
           std::max(source_.times.next() + (n == gate.first ? gate.gap : 0), gate.at)};
  if (n >= egress_) {
    const WordTimes::Found before = sent_.find(n - egress_);
    moved.at = std::max(moved.at, before.at + 1);
    moved.count = std::min(moved.count, before.following);
  } else {
    moved.count = std::min(moved.count, egress_ - n);
  }
  return pass_gate(source_, moved);
}

bool FastFlow::send(Moved& moved) {
  const std::int64_t n = sent_.count();
  if (n == source_.times.count() || sinks_.empty()) return false;
  const WordTimes::Found read = source_.times.find(n);
  moved = {n, read.following, std::max(sent_.next(), read.at + latency_)};
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    const int capacity = flow_.sinks[i].capacity;
    const WordTimes& received = sinks_[i].times;
    if (n - received.count() >= capacity) return false;
    moved.count = std::min(moved.count, received.count() + capacity - n);
    if (n < capacity) {
      moved.count = std::min(moved.count, capacity - n);
      continue;
    }
    const WordTimes::Found before = received.find(n - capacity);
    moved.at = std::max(moved.at, before.at + 1);
    moved.count = std::min(moved.count, before.following);
  }
  sent_.append(moved.at, moved.count);
  return true;
}

bool FastFlow::receive(std::size_t i, Moved& moved) {
  FlowEnd& sink = sinks_[i];
  const std::int64_t n = sink.times.count();
  if (n == sent_.count() || sink.gates.empty()) return false;
  const Gate& gate = sink.gates.front();
  const WordTimes::Found sent = sent_.find(n);
  moved = {n, std::min(gate.end() - n, sent.following),
           std::max({sink.times.next(), gate.at, sent.at + flow_.sinks[i].latency})};
  return pass_gate(sink, moved);
}

void FastFlow::forget() {
  source_.times.forget(sent_.count());
  std::int64_t needed = source_.times.count() - egress_;
  for (std::size_t i = 0; i < sinks_.size(); ++i) {
    needed = std::min(needed, sinks_[i].times.count());
    sinks_[i].times.forget(sent_.count() - flow_.sinks[i].capacity);
  }
  sent_.forget(needed);
}

}  // namespace sotto::npu::sim
