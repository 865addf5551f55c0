#include "npu/core/leave.h"

#include <algorithm>

#include "base/error.h"
#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/passage.h"
#include "npu/core/past.h"
#include "npu/core/return.h"

namespace sotto::npu::core {
namespace {

bool is_control(const Instruction& made) {
  return made.opcode == Opcode::jnz || made.opcode == Opcode::jnz_leave ||
         made.opcode == Opcode::ret;
}

/// The ways that lead behind the jump's delay slots.
std::vector<std::vector<int>> ways_behind(const Image& image, int jump) {
  const int behind = jump + kDelaySlots + 1;
  return ways_to(image, {behind, behind});
}

/// The first bundle of the caller that meets nothing of what is under way then; the first one
/// behind the delay slots is 0.
int over_behind(const Image& image, int jump) {
  int end = 0;
  for (const std::vector<int>& way : ways_behind(image, jump)) {
    for (size_t i = 0; i < way.size(); ++i) {
      for (const Instruction& made : image.bundles[static_cast<size_t>(way[i])].instructions) {
        end = std::max(end, over(made, -1 - static_cast<int>(i)));
      }
    }
  }
  return end;
}

class Ending {
 public:
  Ending(const Image& image, int jump) {
    for (const std::vector<int>& way : ways_behind(image, jump)) {
      Past& past = pasts_.emplace_back(-kFelt, 3 * kFelt);
      for (size_t i = way.size(); i-- > 0;) {
        for (const Instruction& made : image.bundles[static_cast<size_t>(way[i])].instructions) {
          past.add(made, -1 - static_cast<int>(i));
        }
      }
    }
  }

  /// Returns the bundle that it went to.
  int add(const Instruction& made) {
    int at = 0;
    while (!fits(made, at)) {
      ++at;
      SOTTO_CHECK(at < 2 * kFelt);
    }
    grow(at + 1);
    bundles_[static_cast<size_t>(at)].instructions.push_back(made);
    for (Past& past : pasts_) past.add(made, at);
    over_ = std::max(over_, over(made, at));
    return at;
  }

  std::vector<Bundle> finish(int caller) {
    int at = std::max(0, std::max(caller, over_) - kDelaySlots - 1);
    const Instruction made = {.opcode = Opcode::ret, .uses = {{RegisterClass::lr, 0}}};
    while (!has_room(bundles_, at, made.opcode)) ++at;
    grow(at + kDelaySlots + 1);
    bundles_[static_cast<size_t>(at)].instructions.push_back(made);
    for (Bundle& bundle : bundles_) bundle.bytes = bundle_bytes(bundle.slots());
    return std::move(bundles_);
  }

 private:
  void grow(int bundles) {
    bundles_.resize(std::max(bundles_.size(), static_cast<size_t>(bundles)));
  }
  bool fits(const Instruction& made, int at) const {
    return has_room(bundles_, at, made.opcode) &&
           std::all_of(pasts_.begin(), pasts_.end(),
                       [&](const Past& past) { return past.allows(made, at); });
  }

  std::vector<Past> pasts_;
  std::vector<Bundle> bundles_;
  int over_ = 0;
};

std::string check_delay_slots(const Image& image, int jump) {
  const int last = jump + kDelaySlots;
  if (last >= image.end()) return "a jump out of the call has no delay slots";
  for (int at = jump; at <= last; ++at) {
    for (const Instruction& made : image.bundles[static_cast<size_t>(at)].instructions) {
      if (at > jump && is_control(made)) return "a jump in the delay slots of one out of the call";
    }
  }
  for (const Repeat& loop : image.loops) {
    const bool begins = loop.first > jump && loop.first <= last;
    const bool ends = loop.last >= jump && loop.last < last;
    const bool holds = loop.is_hardware && loop.first <= last && jump <= loop.last;
    if (begins || ends || holds) return "a jump out of the call beside an end of a loop";
  }
  // A loop's jump whose delay slots reach behind this one.
  for (int at = std::max(0, jump - kDelaySlots); at < jump; ++at) {
    for (const Instruction& made : image.bundles[static_cast<size_t>(at)].instructions) {
      if (is_control(made)) return "a jump out of the call in the delay slots of another";
    }
  }
  return "";
}

}  // namespace

void add_leave(Image& image, const std::vector<Instruction>& code) {
  const std::vector<int> jumps = image.bundles_with(Opcode::jnz_leave);
  if (jumps.size() != 1) {
    fail(ErrorKind::unsupported, "code with ", jumps.size(), " jumps out of the call");
  }
  Ending ending(image, jumps[0]);
  for (size_t i = 0; i < code.size(); ++i) {
    const int at = ending.add(code[i]);
    if (i == 0 && at != 0) fail(ErrorKind::unsupported, "what the call returns comes too late");
  }
  std::vector<Bundle> bundles = ending.finish(over_behind(image, jumps[0]));
  image.leave = static_cast<int>(image.bundles.size());
  image.bundles.insert(image.bundles.end(), bundles.begin(), bundles.end());
  if (!lay_out(image)) fail(ErrorKind::unsupported, "what runs after a jump cannot be aligned");
}

std::string problem_of_leave(const Image& image) {
  const std::vector<int> jumps = image.bundles_with(Opcode::jnz_leave);
  if (jumps.empty()) return image.leave < 0 ? "" : "no jump leads behind the return";
  if (jumps.size() > 1) return "there are two jumps out of the call";
  const std::string problem = check_delay_slots(image, jumps[0]);
  // Code that is not finished yet has no bundles for it.
  if (!problem.empty() || image.leave < 0) return problem;
  const int count = static_cast<int>(image.bundles.size());
  int end = image.leave + over_behind(image, jumps[0]), returns = 0;
  for (int at = image.leave; at < count; ++at) {
    for (const Instruction& made : image.bundles[static_cast<size_t>(at)].instructions) {
      if (made.opcode != Opcode::ret) {
        end = std::max(end, over(made, at));
      } else if (at == count - kDelaySlots - 1) {
        ++returns;
      }
    }
  }
  if (returns != 1) return "behind a jump out of the call the return is not before its delay slots";
  return end > count ? "behind a jump out of the call the caller meets what is under way" : "";
}

}  // namespace sotto::npu::core
