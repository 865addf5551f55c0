// What everything costs: the one parameter set of the simulator. What the array does is counted in
// cycles of its clock; memory, controller and host in time of their own, in picoseconds.
//
// Sources: [SI] measured on a Phoenix 8700G at 1.8 GHz (tables of one careful owner), [020] AMD
// AM020, [EM] measurements of an emulator's author on a Phoenix at about 1.028 GHz (cycles made
// time with that), [IR] AMD IRON's notes, [inf] inferred as said. "assumed": nobody measured it.
#pragma once

#include <cstdint>

namespace sotto::npu::sim {

/// Cycles of the array's clock.
using Cycle = std::int64_t;
/// Picoseconds.
using Picoseconds = std::int64_t;

struct Costs {
  // --- DMA channels of memory and core tiles
  Cycle channel_start = 2;    ///< a task out of the queue [EM]
  Cycle descriptor_load = 4;  ///< its first descriptor [EM]; later ones are fetched ahead
  Cycle chain = 2;            ///< from a descriptor's last word to the next one's lock [EM]
  Cycle dma_acquire = 1;      ///< [EM]
  Cycle dma_release = 1;      ///< [EM]
  Cycle memory_latency = 5;   ///< from a read to the stream; from a word to "it is written" [EM]
  int egress_words = 12;      ///< between memory and stream [EM]
  int ingress_words = 16;     ///< between stream and memory [EM]

  // --- streams: from an input to an output of one switch box [020]. Wires between tiles add
  // nothing: "extra memory tile hop: nil" [SI], and memory tile to core is 8 measured [EM] = 4 + 3
  // of two boxes + 1.
  Cycle local_to_local = 3, local_to_side = 4, side_to_local = 3, side_to_side = 4;

  // --- cores, besides what kernels cost
  Cycle core_acquire = 15;  ///< an out-of-line call: 12 to 15 [EM]
  Cycle core_release = 15;  ///< the same
  Cycle jump = 6;           ///< a branch and its five delay slots [SI]; once a round of a loop
  /// To compute the next buffer of a ring, once a release. [inf] a buffer that a core gets and
  /// passes on takes about 205 cycles besides its kernel [SI]: four locks, a jump and two of these.
  /// That it is passed on is assumed; whole-array products want about as much.
  Cycle ring_turn = 70;
  /// Bank accesses of its DMA that a core's bank can owe before the core must wait: what the FIFOs
  /// of a channel hold, in lines of four words.
  int bank_slack = 3;

  // --- shims and DDR
  int burst_gap_cycles = 1;  ///< between bursts of 256 B: 1.011 cycles a word [SI] is 0.7
  /// A request of b bytes takes the longer of `request` and b * request_byte, and `new_page` more
  /// if it begins in another page of 4 KB than the one before. [inf] fitted to bandwidths and to
  /// products whose rows are 64 to 256 bytes, less or no less than a page apart [SI]
  /// (docs/npu/calibration-array.md). That pages are the reason is a guess: smaller matrices, whose
  /// rows are closer, may also be found in a cache.
  Picoseconds request = 18000;
  Picoseconds write_request = 18000;  ///< nobody measured writes alone: as reads
  Picoseconds request_byte = 138;
  Picoseconds new_page = 12500;
  /// With k channels of a direction in a request, one takes 1 + 0.003 (k - 1)^2 times as long:
  /// 7.11, 7.00, 6.86, 6.41, 5.95 GB/s a channel for 1, 2, 4, 6, 8 [SI], fitted with the above.
  std::int64_t interference_permille = 3;
  /// Longer while there is also traffic the other way: 6.90 and 13.55 against 7.11 and 14.0 [SI].
  std::int64_t duplex_permille = 31;
  int requests_ahead = 8;  ///< of a channel: covers the latency at full rate [assumed]
  /// First word of a task. [SI]: 720 more tasks on four channels take 45 us more: 250 ns each.
  Picoseconds read_latency = 250000;
  Picoseconds write_latency = 174000;  ///< to the token: 179 cycles [EM]
  Picoseconds cold_read = 1294000;     ///< first task of a channel in a dispatch: 1330 cycles [EM]
  Picoseconds cold_write = 332000;     ///< 341 cycles [EM]

  // --- controller and host
  Picoseconds operation = 145000;  ///< 140 to 149 ns [SI]
  /// More for a push into a task queue: a task of five operations takes about 1.4 us [SI].
  Picoseconds push = 675000;
  Picoseconds dispatch_in_list = 36000000;  ///< one of a list of 64 [SI]
  Picoseconds dispatch_call = 108000000;    ///< one call from C++ [SI]
  Picoseconds dispatch_jit = 170000000;     ///< one call from Python by IRON [SI]
  Picoseconds dispatch_single = 252000000;  ///< one operation, all told [SI]
};

/// Clocks of Phoenix in MHz: powersaver, balanced and default of an 8700G [SI], and two more of the
/// driver's table.
inline constexpr int kClocksMhz[] = {800, 1027, 1309, 1600, 1800};

/// Between cycles and time, at one clock. Cycle c begins at c / clock.
class Clock {
 public:
  explicit constexpr Clock(int mhz) : mhz_(mhz) {}
  constexpr int mhz() const { return mhz_; }
  /// Rounded down.
  constexpr Picoseconds time(Cycle cycle) const { return cycle * 1000000 / mhz_; }
  /// The first cycle that begins then or later.
  constexpr Cycle cycle(Picoseconds time) const { return (time * mhz_ + 999999) / 1000000; }

 private:
  int mhz_;
};

}  // namespace sotto::npu::sim
