#include "npu/core/probes_testing.h"

#include "base/error.h"
#include "npu/core/formats.h"
#include "npu/core/replay.h"

namespace sotto::npu::core::testing {
namespace {

/// Each product adds one to every unit of its accumulator.
class Counts : public Semantics {
 public:
  void address(Execution&) override {}
  void execute(Execution& execution) override {
    if (execution.defs.empty()) return;
    for (size_t i = 0; i < execution.defs[0].size(); ++i) {
      execution.defs[0][i] = execution.uses[0].size() > i ? execution.uses[0][i] + 1 : 0;
    }
  }
};

Register named(const char* name) {
  return *parse_register(name);
}

Run run(Program program) {
  for (Bundle& bundle : program.bundles) bundle.bytes = bundle_bytes(bundle.slots());
  Counts counts;
  Run run = replay(program, Tokens(static_cast<size_t>(register_units()), 0), counts);
  SOTTO_CHECK(run.problem.empty());
  return run;
}

}  // namespace

int products_that_land(bool is_float, int distance) {
  const Register sum = named(is_float ? "bml0" : "cm0");
  const Instruction product = {.opcode = is_float ? Opcode::vmac_f : Opcode::vmac,
                               .defs = {sum},
                               .uses = {sum, named("x0"), named("x1"), named("r0")}};
  Program program;
  program.bundles.resize(static_cast<size_t>(kProbedProducts * distance));
  for (int i = 0; i < kProbedProducts; ++i) {
    program.bundles[static_cast<size_t>(i * distance)].instructions.push_back(product);
  }
  return static_cast<int>(run(program).registers[static_cast<size_t>(sum.first_unit())]);
}

int conflict_cycles(bool with_store) {
  const auto cycles = [&](int bank) {
    Access access;
    access.bank = 0;
    Instruction first = {.opcode = Opcode::vlda,
                         .mode = AddressMode::offset,
                         .defs = {named("wl0")},
                         .uses = {named("p0")},
                         .access = access};
    access.bank = bank;
    Instruction second = {.opcode = with_store ? Opcode::vst : Opcode::vldb,
                          .mode = AddressMode::offset,
                          .access = access};
    if (with_store) {
      second.uses = {named("wl1"), named("p1")};
    } else {
      second.defs = {named("wl1")};
      second.uses = {named("p1")};
    }
    Program program;
    program.bundles.emplace_back().instructions = {first, second};
    return run(program).cycles;
  };
  return static_cast<int>(cycles(0) - cycles(1));
}

}  // namespace sotto::npu::core::testing
