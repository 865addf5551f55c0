#include "apps/slow_choices.h"

#include "base/error.h"
#include "base/isa.h"
#include "base/thread_pool.h"
#include "cpu/fastest_type.h"

namespace sotto::apps {

MachineSpeed this_machines_speed() {
  return {.n_cpus = ThreadPool::usable_cpus(),
          .bfloat16_is_faster = [] { return cpu::bfloat16_is_faster(active_isa()); }};
}

std::vector<std::string> slow_choices(const Options& options, const MachineSpeed& machine) {
  std::vector<std::string> warnings;
  if (options.threads > machine.n_cpus) {
    warnings.push_back(concat("warning: --threads ", options.threads, " is slower than ",
                              machine.n_cpus, ", a thread for each CPU that may be used"));
  }
  if (options.compute_type == model::ComputeType::bfloat16 && !machine.bfloat16_is_faster()) {
    warnings.push_back(
        "warning: on this processor the encoder's products take longer in bfloat16 than in "
        "float32, as measured just now");
  }
  return warnings;
}

}  // namespace sotto::apps
