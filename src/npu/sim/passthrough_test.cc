// The smallest design, cycle by cycle.
#include "npu/design/examples/passthrough.h"

#include <cstring>

#include "npu/sim/sim_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;

void copy(std::int32_t* out, const std::int32_t* in, int words) {
  std::memcpy(out, in, sizeof(*out) * static_cast<std::size_t>(words));
}

KernelLibrary library(Cycle cycles = 300) {
  KernelLibrary result;
  result.add("passthrough", host_function(copy), cycles);
  return result;
}

class Passthrough : public ::testing::TestWithParam<EngineKind> {};

TEST_P(Passthrough, MovesItsData) {
  const auto program = design::lower(design::check(design::passthrough(4096)));
  Hosts hosts(program);
  Options options = quick(GetParam());
  options.hosts = hosts.spans();
  options.dispatches = 2;
  const Report report = simulate(program, library(), options);
  EXPECT_TRUE(report.finished());
  EXPECT_EQ(hosts.words[0], hosts.words[1]);
  EXPECT_TRUE(report.findings.empty());
}

INSTANTIATE_TEST_SUITE_P(Engines, Passthrough,
                         ::testing::Values(EngineKind::reference, EngineKind::fast));

}  // namespace
}  // namespace sotto::npu::sim
