#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "apps/bench.h"

namespace sotto::apps {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A part that reaches `share` of its peak, bound by reading or by multiplying.
bench::Part part(const std::string& name, double share, const char* bound) {
  bench::Part part{.name = name, .unit = "window"};
  part.timing = {.runs = 5, .seconds = {0.1, 0.09, 0.11}, .best = 0.09, .of_limit = {}};
  part.timing.of_limit = bench::Spread{share, share - 0.02, share + 0.02};
  part.bound = bound;
  return part;
}

bench::Report report() {
  bench::Report report;
  report.machine = {.cpu = "A <fast> processor", .n_cpus = 8, .load = 2.5};
  report.isa = Isa::avx2;
  report.threads = 4;
  report.model = "base";
  report.made_up = true;
  report.types = {model::ComputeType::int8, model::ComputeType::int8};
  const auto peak = [](Isa isa, bench::Resource numbers, double rate) {
    return bench::MultiplyPeak{.isa = isa, .numbers = numbers, .per_second = {rate, rate, rate}};
  };
  report.multiply_peaks = {peak(Isa::avx2, bench::Resource::int8, 1e11),
                           peak(Isa::portable, bench::Resource::int8, 1e9),
                           peak(Isa::avx2, bench::Resource::float32, 5e10)};
  report.read_peaks = {{.name = "decoder", .bytes = 60'000'000, .per_second = {3e10, 3e10, 3e10}}};
  report.parts = {part("encoder.attention", 0.68, "int8"), part("encoder", 0.67, "int8"),
                  part("decoder.batch_1", 0.94, "memory"), part("decoder.batch_8", 0.77, "memory")};
  bench::Part whole{.name = "end_to_end.windows_1", .unit = "window", .audio_seconds = 30};
  whole.timing.seconds = {0.372, 0.361, 0.373};
  report.parts.push_back(whole);
  return report;
}

std::string svg(const bench::Report& report) {
  return picture::to_svg(bench_plot(report, "2026-11-27T02:45:13Z"));
}

int count(const std::string& text, const std::string& what) {
  int n = 0;
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST(BenchPlot, SaysWhatWasMeasuredWhereAndWhen) {
  const std::string text = svg(report());
  EXPECT_THAT(text, AllOf(HasSubstr(">A &lt;fast&gt; processor, 4 threads of 8 CPUs, avx2<"),
                          HasSubstr("Whisper base with made-up weights in int8"),
                          HasSubstr(", 2026-11-27, load average 2.5 before<")));
  EXPECT_THAT(text, AllOf(HasSubstr(">encoder: attention<"), HasSubstr(">decoder: a token<"),
                          HasSubstr(">decoder: a token, 8 together<")));
  EXPECT_THAT(text, AllOf(HasSubstr(">68%<"), HasSubstr("100 ms a window<")));
  // The best of the types that a part computes in.
  EXPECT_THAT(text, HasSubstr(">Peaks, measured beside: 100 GMAC/s in int8, 30.0 GB/s reading 60.0 "
                              "MB, as a token does<"));
  EXPECT_THAT(text, HasSubstr("window 372 ms (81 x realtime)"));
}

TEST(BenchPlot, MarksTheGoalsOfThePartsThatHaveOne) {
  // One in the legend, one each for the encoder's attention and a token.
  EXPECT_EQ(count(svg(report()), "fill=\"#d55e00\""), 3);
}

TEST(BenchPlot, SaysWhetherOtherGoalsAreMet) {
  bench::Report whole = report();
  whole.threads = 2;
  whole.dims = *model::released_dims("base");
  bench::Part many{
      .name = "end_to_end.windows_8_of_many", .unit = "8 windows", .audio_seconds = 240};
  many.timing.seconds = {1.6, 1.6, 1.7};
  bench::Part mel{.name = "log_mel", .unit = "window", .audio_seconds = 30};
  mel.timing.seconds = {0.003, 0.003, 0.003};
  whole.parts.insert(whole.parts.end(), {many, mel});
  whole.encoder_scaling = bench::Scaling{.threads = 2, .ratio = {1.9, 1.8, 2}};
  const std::string text = svg(whole);
  EXPECT_THAT(text, HasSubstr("8 windows of many 1600 ms (150 x realtime, goal 140: met)"));
  EXPECT_THAT(text, HasSubstr("3.00 ms (10000 x realtime, goal 15000: missed)"));
  EXPECT_THAT(
      text, HasSubstr(">Encoder with 2 threads: 1.90 times as fast as with one, goal 1.85: met<"));
}

TEST(BenchPlot, EveryTextIsInThePicture) {
  bench::Report full = report();
  full.machine.cpu = "AMD Ryzen Threadripper PRO 7995WX 96-Cores (family 25)";
  full.threads = 2;
  full.dims = *model::released_dims("base");
  for (const char* name : {"end_to_end.windows_8", "end_to_end.windows_8_of_many"}) {
    bench::Part many{.name = name, .unit = "8 windows", .audio_seconds = 240};
    many.timing.seconds = {1.869, 1.845, 1.876};
    full.parts.push_back(many);
  }
  const picture::Picture drawn = bench_plot(full, "2026-11-27T02:45:13Z");
  const std::string text = picture::to_svg(drawn);
  const std::regex element(
      "<text x=\"([0-9.]+)\" y=\"([0-9.]+)\" font-size=\"([0-9.]+)\"[^>]*>([^<]*)</text>");
  int n = 0;
  for (std::sregex_iterator it(text.begin(), text.end(), element), end; it != end; ++it, ++n) {
    const double x = std::stod((*it)[1]), y = std::stod((*it)[2]), size = std::stod((*it)[3]);
    EXPECT_LE(y, drawn.height - 4) << (*it)[4];
    if ((*it)[0].str().find("text-anchor") != std::string::npos) continue;
    EXPECT_LE(x + 0.9 * picture::text_width((*it)[4], size), drawn.width) << (*it)[4];
  }
  EXPECT_GT(n, 20);
}

TEST(BenchPlot, AShareBeyondThePeakLengthensTheAxis) {
  bench::Report fast = report();
  EXPECT_THAT(svg(fast), Not(HasSubstr(">120%<")));
  fast.parts.push_back(part("cross_kv", 1.1, "int8"));
  EXPECT_THAT(svg(fast), HasSubstr(">120%<"));
}

TEST(BenchPlot, ComesAsPngToo) {
  EXPECT_THAT(picture::to_png(bench_plot(report(), "2026-11-27T02:45:13Z")), StartsWith("\x89PNG"));
}

}  // namespace
}  // namespace sotto::apps
