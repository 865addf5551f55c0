#include "npu/core/weave.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "npu/core/compact.h"
#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/passage.h"

namespace sotto::npu::core {
namespace {

constexpr int kMostBeside = 48;  // bundles of the code before that a piece may begin beside

}  // namespace

std::vector<int> Weaver::run_before(int end) const {
  std::vector<int> left;
  for (const Repeat& loop : image_.loops)
    left.push_back(static_cast<int>(std::min<int64_t>(loop.trips - 1, kFelt + kMostBeside)));
  const std::vector<int> full = left;
  std::vector<int> before;
  for (int at = end - 1; at >= 0 && static_cast<int>(before.size()) < kFelt + kMostBeside;) {
    before.push_back(at);
    int next = at - 1;
    for (size_t i = 0; i < left.size(); ++i) {
      if (image_.loops[i].first != at || image_.loops[i].last >= end) continue;
      if (left[i] > 0) {
        --left[i];
        next = image_.loops[i].last;
        break;
      }
      left[i] = full[i];  // an outer loop enters it again
    }
    at = next;
  }
  return before;
}

Past Weaver::past_of(int end) const {
  Past past(end - kFelt - kMostBeside, 3 * kFelt + 2 * kMostBeside);
  int time = end - 1;
  for (const int bundle : run_before(end)) {
    for (const Instruction& made : image_.bundles[static_cast<size_t>(bundle)].instructions) {
      past.add(made, time);
    }
    --time;
  }
  return past;
}

bool Weaver::fits_beside(const Bundle& bundle, int at) const {
  if (at >= static_cast<int>(image_.bundles.size())) return true;
  return fit_together(image_.bundles[static_cast<size_t>(at)].slots(), bundle.slots());
}

bool Weaver::fits(const Past& past, std::span<const Bundle> block, int at) const {
  for (int i = 0; i < static_cast<int>(block.size()) && i < kFelt + kMostBeside; ++i) {
    const Bundle& bundle = block[static_cast<size_t>(i)];
    if (!fits_beside(bundle, at + i)) return false;
    for (const Instruction& made : bundle.instructions) {
      if (!past.allows(made, at + i)) return false;
    }
  }
  return true;
}

/// `loop_first`: of the block; it and what follows it get bundles of their own.
int Weaver::earliest(std::span<const Bundle> block, int loop_first) const {
  const int end = static_cast<int>(image_.bundles.size());
  const Past past = past_of(end);
  int at = std::max({floor_, end - kMostBeside, end - loop_first});
  while (!fits(past, block, at)) {
    ++at;
    SOTTO_CHECK(at < end + 2 * kFelt);
  }
  return at;
}

void Weaver::put(std::span<const Bundle> block, int at) {
  const size_t first = static_cast<size_t>(at);
  size_t least = 0;
  image_.bundles.resize(std::max(image_.bundles.size(), first + block.size()));
  for (size_t i = 0; i < block.size(); ++i) {
    auto& to = image_.bundles[first + i].instructions;
    to.insert(to.end(), block[i].instructions.begin(), block[i].instructions.end());
    const bool leaves = std::any_of(to.begin(), to.end(), [](const Instruction& made) {
      return made.opcode == Opcode::jnz_leave;
    });
    // No loop begins in its delay slots.
    if (leaves) least = first + i + 1 + kDelaySlots;
  }
  image_.bundles.resize(std::max(image_.bundles.size(), least));
}

void Weaver::add(const Program& program, int piece) {
  std::vector<Bundle> block = program.bundles;
  for (Bundle& bundle : block) {
    for (Instruction& made : bundle.instructions) made.piece = piece;
  }
  const int at = earliest(block, program.loop ? program.loop->first : kMostBeside);
  put(block, at);
  if (!program.loop) return;
  const HardwareLoop& loop = *program.loop;
  image_.loops.push_back(
      {at + loop.first, at + loop.last, loop.trips, loop.iterations, /*is_hardware=*/true});
  floor_ = at + loop.last + 1;
}

void Weaver::add(Instruction instruction) {
  Bundle bundle;
  instruction.operation = -1;
  bundle.instructions.push_back(std::move(instruction));
  const std::span<const Bundle> block(&bundle, 1);
  put(block, earliest(block, kMostBeside));
}

int Weaver::label() {
  floor_ = static_cast<int>(image_.bundles.size());
  return floor_;
}

void Weaver::jump(int label, Register counter, int64_t trips) {
  Bundle bundle;
  Instruction made;
  made.opcode = Opcode::jnz;
  made.uses = {counter};
  made.immediate = 0;
  bundle.instructions.push_back(made);
  const std::span<const Bundle> block(&bundle, 1);
  const int end = static_cast<int>(image_.bundles.size());
  const Past past = past_of(end);
  for (int at = std::max({floor_, label, end - kDelaySlots - 1});; ++at) {
    if (!fits(past, block, at)) continue;
    // What the first bundles of the loop find under way when they run again.
    const int last = at + kDelaySlots;
    Weaver trial = *this;
    trial.put(block, at);
    trial.image_.bundles.resize(static_cast<size_t>(last) + 1);
    const std::span<const Bundle> head(trial.image_.bundles.data() + label,
                                       static_cast<size_t>(last + 1 - label));
    const Past before = trial.past_of(last + 1);
    bool goes = true;
    for (int i = 0; i < static_cast<int>(head.size()) && i < kFelt && goes; ++i) {
      for (const Instruction& first : head[static_cast<size_t>(i)].instructions) {
        goes &= before.allows(first, last + 1 + i);
      }
    }
    SOTTO_CHECK(at < end + 2 * kFelt);
    if (!goes) continue;
    *this = std::move(trial);
    image_.loops.push_back({label, last, trips, 1, /*is_hardware=*/false});
    floor_ = last + 1;
    return;
  }
}

Image Weaver::finish() {
  if (!lay_out(image_)) fail(ErrorKind::unsupported, "a hardware loop cannot be aligned");
  compact(image_);
  return std::move(image_);
}

}  // namespace sotto::npu::core
