#include "npu/core/image.h"

#include <algorithm>

#include "base/error.h"
#include "npu/core/alignment.h"
#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/leave.h"
#include "npu/core/return.h"

namespace sotto::npu::core {
namespace {

std::string check_instruction(const Instruction& made) {
  if (choices(made.opcode).size() != 1 || choices(made.opcode)[0] != made.opcode) {
    return "is a family of instructions, not one";
  }
  const Signature all = signature(made.opcode, made.mode);
  if (made.defs.size() != all.defs.size() || made.uses.size() != all.uses.size()) {
    return "has the wrong number of operands";
  }
  for (size_t i = 0; i < made.defs.size(); ++i) {
    if (!accepts(all.defs[i].cls, made.defs[i])) {
      return concat("cannot write ", register_name(made.defs[i]));
    }
  }
  for (size_t i = 0; i < made.uses.size(); ++i) {
    if (!accepts(all.uses[i].cls, made.uses[i])) {
      return concat("cannot read ", register_name(made.uses[i]));
    }
  }
  // A post-increment updates the registers that it reads.
  const size_t own_defs = info(made.opcode).defs.size(), own_uses = info(made.opcode).uses.size();
  for (size_t i = own_defs; i < made.defs.size(); ++i) {
    const bool counter = i > own_defs;
    const Register from = made.uses[own_uses + (counter ? 1 : 0)];
    const int unit = counter ? 4 * static_cast<int>(i - own_defs) - 1 : 0;
    if (made.defs[i].first_unit() != from.first_unit() + unit) return "updates another register";
  }
  if (!encodable(made.opcode, made.mode, made.immediate)) {
    return concat("cannot hold ", made.immediate);
  }
  return "";
}

std::string check_bundle(const Bundle& bundle) {
  SlotSet taken;
  for (const Instruction& made : bundle.instructions) {
    const std::string problem = check_instruction(made);
    if (!problem.empty()) return concat(info(made.opcode).mnemonic, " ", problem);
    const SlotSet slot = occupied_by(info(made.opcode).slot);
    if (slot.meets(taken))
      return concat("two instructions in a slot of ", info(made.opcode).mnemonic);
    taken = taken | slot;
  }
  const FixedList<int, 8> sizes = bundle_sizes(bundle.slots());
  if (std::find(sizes.begin(), sizes.end(), bundle.bytes) == sizes.end()) {
    return concat("no format of ", bundle.bytes, " bytes");
  }
  return "";
}

bool is_aligned(const Image& image, int bundle) {
  return bytes_between(image.bundles, 0, bundle) % kBlockAlignment == 0;
}

std::string check_hardware_loop(const Image& image, const Repeat& loop) {
  const int set_up = set_up_of(image.bundles, loop.first);
  if (set_up < 0) return "the hardware loop is not set up";
  if (!is_aligned(image, loop.first) || !is_aligned(image, loop.last)) {
    return "the hardware loop is not aligned";
  }
  if (image.bundles[static_cast<size_t>(loop.last)].bytes != kLoopEndBytes) {
    return "the last bundle of the hardware loop is short";
  }
  if (bytes_between(image.bundles, set_up, loop.last) < kLoopSetupBytes) {
    return "the hardware loop is set up too late";
  }
  return "";
}

bool is_jump(const Instruction& made) {
  return made.opcode == Opcode::jnz;
}

std::string check_loop(const Image& image, const Repeat& loop) {
  const int count = static_cast<int>(image.bundles.size());
  if (loop.first < 0 || loop.last < loop.first || loop.last >= count || loop.trips < 1) {
    return "the loop is not in the program";
  }
  if (loop.is_hardware) return check_hardware_loop(image, loop);
  if (!is_aligned(image, loop.first)) return "what the loop jumps to is not aligned";
  const int jump = loop.last - kDelaySlots;
  if (jump < loop.first) return "the jump is not in its loop";
  const auto& there = image.bundles[static_cast<size_t>(jump)].instructions;
  return std::any_of(there.begin(), there.end(), is_jump) ? "" : "no jump ends the loop";
}

/// Writes of ls and le hold bundle numbers, for people.
void name_ends(Image& image, const Repeat& loop) {
  int left = 2;
  for (int i = loop.first - 1; i >= 0 && left > 0; --i) {
    for (Instruction& made : image.bundles[static_cast<size_t>(i)].instructions) {
      if (made.opcode != Opcode::movxm_ls && made.opcode != Opcode::movxm_le) continue;
      made.immediate = made.opcode == Opcode::movxm_ls ? loop.first : loop.last;
      --left;
    }
  }
}

}  // namespace

int Image::bytes() const {
  return bytes_between(bundles, 0, static_cast<int>(bundles.size()));
}

std::vector<int> Image::bundles_with(Opcode opcode) const {
  std::vector<int> found;
  for (int at = 0; at < end(); ++at) {
    for (const Instruction& made : bundles[static_cast<size_t>(at)].instructions) {
      if (made.opcode == opcode) found.push_back(at);
    }
  }
  return found;
}

int64_t Image::runs_of(int bundle) const {
  int64_t runs = 1;
  for (const Repeat& loop : loops) {
    if (loop.first <= bundle && bundle <= loop.last) runs *= loop.trips;
  }
  return runs;
}

int64_t Image::cycles() const {
  int64_t sum = 0;
  for (int i = 0; i < end(); ++i) sum += runs_of(i);
  return sum;
}

Image image_of(const Program& program) {
  Image image;
  image.bundles = program.bundles;
  if (program.loop) {
    image.loops.push_back({program.loop->first, program.loop->last, program.loop->trips,
                           program.loop->iterations, true});
  }
  return image;
}

std::set<int> aligned_bundles(const Image& image) {
  std::set<int> aligned;
  for (const Repeat& loop : image.loops) {
    aligned.insert(loop.first);
    if (loop.is_hardware) aligned.insert(loop.last);
  }
  if (image.leave >= 0) aligned.insert(image.leave);
  return aligned;
}

std::string problem_of(const Image& image) {
  for (size_t i = 0; i < image.bundles.size(); ++i) {
    const std::string problem = check_bundle(image.bundles[i]);
    if (!problem.empty()) return concat("bundle ", i, ": ", problem);
  }
  for (const Repeat& loop : image.loops) {
    const std::string problem = check_loop(image, loop);
    if (!problem.empty()) return problem;
  }
  if (image.leave >= 0 && !is_aligned(image, image.leave)) {
    return "what the jump out of the call leads to is not aligned";
  }
  const std::string problem = problem_of_leave(image);
  return problem.empty() ? problem_of_return(image) : problem;
}

bool lay_out(Image& image) {
  for (Bundle& bundle : image.bundles) {
    bundle.bytes = bundle_bytes(bundle.slots());
    SOTTO_CHECK(bundle.bytes > 0);
  }
  for (const Repeat& loop : image.loops) {
    if (!loop.is_hardware) continue;
    name_ends(image, loop);
    image.bundles[static_cast<size_t>(loop.last)].bytes = kLoopEndBytes;
    if (!stretch(image.bundles, loop.first, loop.last)) return false;
  }
  int from = 0;
  for (const int place : aligned_bundles(image)) {
    if (!pad(image.bundles, from, place)) return false;
    from = place;
  }
  return true;
}

}  // namespace sotto::npu::core
