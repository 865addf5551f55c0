// The gate: a Design goes in, and a CheckedDesign, which everything else works on, comes out, or
// everything that is wrong with it. There is no other way to make one and no way to switch a rule
// off.
#pragma once

#include "npu/design/check/plan.h"
#include "npu/design/content_hash.h"

namespace sotto::npu::design {

class CheckedDesign {
 public:
  const Design& design() const { return design_; }
  const Plan& plan() const { return plan_; }
  /// Of what the design says; the same on every machine.
  const ContentHash& hash() const { return hash_; }

 private:
  friend CheckedDesign check(Design design);
  CheckedDesign(Design design, Plan plan);

  Design design_;
  Plan plan_;
  ContentHash hash_;
};

/// Throws DesignError with all findings. What depends on something broken is not looked at: while
/// the structure is wrong, balance and progress are not judged.
CheckedDesign check(Design design);

}  // namespace sotto::npu::design
