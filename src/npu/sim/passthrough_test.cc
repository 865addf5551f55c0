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

/// One word more than it is given, before or behind; or into what it may only read.
void copy_and_more(std::int32_t* out, const std::int32_t* in, int words) {
  copy(out, in, words);
  if (in[0] == 1) out[words] = 7;
  if (in[0] == 2) out[-1] = 7;
  if (in[0] == 3) const_cast<std::int32_t*>(in)[0] = 7;
}

TEST_P(Passthrough, KernelsStayInWhatTheyAreGiven) {
  const auto program = design::lower(design::check(design::passthrough(4096)));
  KernelLibrary kernels;
  kernels.add("passthrough", host_function(copy_and_more), Cycle{300});
  for (int how = 0; how < 4; ++how) {
    Hosts hosts(program);
    std::fill(hosts.words[0].begin(), hosts.words[0].end(), how);
    Options options = quick(GetParam());
    options.hosts = hosts.spans();
    const Report report = simulate(program, kernels, options);
    ASSERT_TRUE(report.finished());
    if (how == 0) {
      EXPECT_TRUE(report.findings.empty()) << to_string(report);
      continue;
    }
    ASSERT_FALSE(report.findings.empty()) << how;
    EXPECT_EQ(report.findings[0].kind, Finding::Kind::stray_write);
    EXPECT_NE(report.findings[0].text.find("'passthrough' of core (0,2) wrote beyond what it was "
                                           "given: into "),
              std::string::npos)
        << report.findings[0].text;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, Passthrough,
                         ::testing::Values(EngineKind::reference, EngineKind::fast));

}  // namespace
}  // namespace sotto::npu::sim
