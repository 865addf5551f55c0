#include <map>
#include <sstream>
#include <vector>

#include "base/error.h"
#include "npu/core/assembly.h"
#include "npu/core/hardware_loop.h"

namespace sotto::npu::core {
namespace {

/// The places that the code's loops name: a hardware loop its first and last bundle, a jump the
/// bundle that it leads to.
class Labels {
 public:
  Labels(const Image& image, const std::string& name) {
    int number = 0;
    for (const Repeat& loop : image.loops) {
      const std::string stem = concat(".L_", name, "_", number++);
      if (loop.is_hardware) {
        add(loop.first, concat(stem, "_start"), starts_);
        add(loop.last, concat(stem, "_end"), ends_);
      } else {
        add(loop.first, stem, jumps_[loop.last - kDelaySlots]);
      }
    }
    if (image.leave >= 0) all_[image.leave].push_back(leave_ = concat(".L_", name, "_leave"));
  }

  const std::vector<std::string>& at(int bundle) const {
    static const std::vector<std::string> none;
    const auto found = all_.find(bundle);
    return found == all_.end() ? none : found->second;
  }

  /// Of an instruction in a bundle; empty when it names none.
  std::string named_by(const Instruction& made, int bundle) const {
    // Until here ls and le hold the numbers of bundles (lay_out).
    if (made.opcode == Opcode::movxm_ls) return starts_.at(static_cast<int>(made.immediate));
    if (made.opcode == Opcode::movxm_le) return ends_.at(static_cast<int>(made.immediate));
    if (made.opcode == Opcode::jnz_leave) return leave_;
    return made.opcode == Opcode::jnz ? jumps_.at(bundle).begin()->second : "";
  }

 private:
  using ByBundle = std::map<int, std::string>;
  void add(int bundle, const std::string& label, ByBundle& kind) {
    kind[bundle] = label;
    all_[bundle].push_back(label);
  }

  std::map<int, std::vector<std::string>> all_;
  ByBundle starts_, ends_;
  std::string leave_;
  std::map<int, ByBundle> jumps_;  ///< by the bundle of the jump
};

}  // namespace

std::string assembly_of(const Image& image, const std::string& name) {
  const Labels labels(image, name);
  const std::set<int> aligned = aligned_bundles(image);
  std::ostringstream out;
  out << "  .text\n  .globl " << name << "\n  .p2align 4\n  .type " << name << ",@function\n"
      << name << ":\n";
  for (int i = 0; i < static_cast<int>(image.bundles.size()); ++i) {
    if (aligned.contains(i)) out << "  .p2align 4\n";
    for (const std::string& label : labels.at(i)) out << label << ":\n";
    const auto label_of = [&](const Instruction& made) { return labels.named_by(made, i); };
    out << "  " << assembly_of(image.bundles[static_cast<size_t>(i)], label_of) << "\n";
  }
  out << ".L_" << name << "_size:\n  .size " << name << ", .L_" << name << "_size-" << name << "\n";
  return out.str();
}

}  // namespace sotto::npu::core
