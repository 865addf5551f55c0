#include "npu/sim/trace.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "npu/sim/random_designs_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using ::testing::HasSubstr;

TEST(Trace, IsAFileForPerfetto) {
  Trace trace;
  trace.locks = {"in.full \"0\"", ""};
  trace.spans = {{Trace::Span::Track::core, 0, "later", 900, 1000},
                 {Trace::Span::Track::core, 0, "first", 0, 450}};
  trace.levels = {{0, 900, 2}, {1, 900, 3}};
  Report report;
  report.mhz = 900;
  report.cores.push_back({.tile = {1, 2}});
  std::ostringstream out;
  write_trace(out, trace, report);
  const std::string text = out.str();
  // Apostrophes are quotation marks here.
  const auto holds = [&](std::string event) {
    std::replace(event.begin(), event.end(), '\'', '"');
    EXPECT_THAT(text, HasSubstr(event));
  };
  holds("{'ph':'M','name':'thread_name','pid':1,'tid':0,'args':{'name':'core (1,2)'}}");
  holds(
      "{'ph':'X','name':'first','pid':1,'tid':0,'ts':0.000000,'dur':0.500000,"
      "'args':{'cycles':450}}");
  holds("{'ph':'C','name':'in.full \\'0\\'','pid':4,'tid':0,'ts':1.000000,'args':{'count':2}}");
  EXPECT_LT(text.find("first"), text.find("later"));
  EXPECT_EQ(text.find("\"count\":3"), std::string::npos);
  EXPECT_EQ(text.substr(0, 1), "{");
  EXPECT_EQ(text.substr(text.size() - 4), "\n]}\n");
}

TEST(Trace, HasEveryCallAndDescriptor) {
  const RandomDesign made = random_design(3);
  const auto program = design::lower(design::check(made.design));
  Hosts hosts(program);
  Trace trace;
  Options options = quick(EngineKind::fast);
  options.hosts = hosts.spans();
  options.trace = &trace;
  const Report report = simulate(program, made.library, options);
  std::int64_t calls = 0, descriptors = 0;
  for (const Trace::Span& span : trace.spans) {
    EXPECT_LT(span.begin, span.end);
    calls += span.track == Trace::Span::Track::core && span.what.starts_with("mix");
    descriptors +=
        span.track == Trace::Span::Track::channel && span.kind == Trace::Span::Kind::works;
  }
  std::int64_t called = 0, executed = 0;
  for (const CoreReport& core : report.cores) called += core.calls;
  for (const ChannelReport& channel : report.channels) executed += channel.descriptors;
  EXPECT_EQ(calls, called);
  EXPECT_EQ(descriptors, executed);
}

}  // namespace
}  // namespace sotto::npu::sim
