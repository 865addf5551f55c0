#include "npu/design/check/check.h"

#include "npu/design/check/steps.h"

namespace sotto::npu::design {

CheckedDesign::CheckedDesign(Design design, Plan plan)
    : design_(std::move(design)), plan_(std::move(plan)), hash_(content_hash(design_)) {}

CheckedDesign check(Design design) {
  Findings findings;
  Plan plan;
  check_references(design, findings);
  Checking c{design, plan, findings};
  if (findings.empty()) check_tiles(c);
  if (findings.empty()) {
    check_structure(c);
    check_cores(c);
    plan.network = expand(design);
    check_chains(c);
    place_channels(c);
    place_locks(c);
    place_buffers(c);
    place_routes(c);
    check_sequence(c);
    if (findings.empty()) check_balance(c);
    if (findings.empty()) check_progress(c);
  }
  if (!findings.empty()) throw DesignError(design.name, findings.list());
  return CheckedDesign(std::move(design), std::move(plan));
}

}  // namespace sotto::npu::design
