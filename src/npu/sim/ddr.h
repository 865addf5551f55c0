// Host memory as the shims see it: how long a request takes, depending on who else is at it.
#pragma once

#include <algorithm>
#include <vector>

#include "npu/device.h"
#include "npu/sim/address_walk.h"
#include "npu/sim/costs.h"

namespace sotto::npu::sim {

class Ddr {
 public:
  /// `delay_seed`: not 0: requests take random times, up to three times as long.
  Ddr(const Costs& costs, Clock clock, std::size_t channels, std::uint64_t delay_seed)
      : costs_(costs),
        clock_(clock),
        delay_seed_(delay_seed),
        busy_until_(channels, 0),
        count_(channels, 0),
        reads_(channels, false),
        spent_(channels, 0) {}

  /// A channel's request begins at `time`, in cycle clock.cycle(time): when it is answered. Those
  /// of one cycle must be made in the order of the channels.
  Picoseconds request(int channel, Direction direction, Picoseconds time, const Burst& burst);
  /// How long each channel's requests took, together.
  const std::vector<Picoseconds>& spent() const { return spent_; }

 private:
  std::uint64_t random(int channel);

  const Costs& costs_;
  const Clock clock_;
  const std::uint64_t delay_seed_;
  std::vector<Cycle> busy_until_;
  std::vector<std::size_t> used_;  ///< channels that made requests
  std::vector<std::uint64_t> count_;
  std::vector<bool> reads_;
  std::vector<Picoseconds> spent_;
};

inline std::uint64_t Ddr::random(int channel) {
  // splitmix64 of seed, channel and number of the request: the same in whatever order they come.
  std::uint64_t x = delay_seed_ + 0x9E3779B97F4A7C15u * (static_cast<std::uint64_t>(channel) + 1) +
                    0xD1B54A32D192ED03u * ++count_[static_cast<std::size_t>(channel)];
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

inline Picoseconds Ddr::request(int channel, Direction direction, Picoseconds time,
                                const Burst& burst) {
  const Cycle now = clock_.cycle(time);
  std::int64_t others = 0;
  bool opposite = false;
  for (const std::size_t i : used_) {
    if (static_cast<int>(i) == channel || busy_until_[i] <= now) continue;
    if (reads_[i] == (direction == Direction::mm2s)) {
      ++others;
    } else {
      opposite = true;
    }
  }
  Picoseconds taken = std::max(direction == Direction::mm2s ? costs_.request : costs_.write_request,
                               costs_.request_byte * burst.words * kWordBytes);
  if (burst.new_page) taken += costs_.new_page;
  taken = taken * (1000 + costs_.interference_permille * others * others) / 1000;
  if (opposite) taken = taken * (1000 + costs_.duplex_permille) / 1000;
  if (delay_seed_ != 0) {
    taken += taken * static_cast<Picoseconds>(random(channel) % 2000) / 1000;
  }
  const std::size_t self = static_cast<std::size_t>(channel);
  if (busy_until_[self] == 0) used_.push_back(self);
  reads_[self] = direction == Direction::mm2s;
  busy_until_[self] = clock_.cycle(time + taken);
  spent_[self] += taken;
  return time + taken;
}

}  // namespace sotto::npu::sim
