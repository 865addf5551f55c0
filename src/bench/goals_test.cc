#include "bench/goals.h"

#include <gtest/gtest.h>

namespace sotto::bench {
namespace {

using model::ComputeType;

/// A part that takes so many seconds and reaches `share` of its peak.
Part part(const std::string& name, double seconds, double share = 0, const char* bound = "") {
  Part part{.name = name, .unit = "window", .bound = bound};
  part.timing.seconds = {seconds, seconds, seconds};
  if (share > 0) part.timing.of_limit = Spread{share, share, share};
  return part;
}

/// Of base in int8 with two threads.
Report report() {
  Report report;
  report.threads = 2;
  report.dims = *model::released_dims("base");
  report.types = {ComputeType::int8, ComputeType::int8};
  report.read_peaks = {{.name = "decoder", .bytes = 60'000'000, .per_second = {27e9, 27e9, 27e9}},
                       {.name = "dram", .bytes = 500'000'000, .per_second = {25e9, 25e9, 25e9}}};
  return report;
}

TEST(Goals, OfSharesDependOnWhatBinds) {
  const auto goal = [](const Part& part) { return verdict_on(report(), part)->goal; };
  EXPECT_EQ(goal(part("encoder.attention", 1, 0.6, "float32")), 0.70);
  EXPECT_EQ(goal(part("encoder.attention", 1, 0.6, "int8")), 0.55);
  EXPECT_EQ(goal(part("encoder.attention", 1, 0.6, "bfloat16")), 0.55);
  EXPECT_EQ(goal(part("cross_kv", 1, 0.6, "float32")), 0.80);
  EXPECT_FALSE(verdict_on(report(), part("encoder", 1, 0.6, "int8")));
  EXPECT_FALSE(verdict_on(report(), part("cross_kv", 1)));  // whose share is not known
}

TEST(Goals, AreMetFromTheirValueOn) {
  EXPECT_TRUE(verdict_on(report(), part("decoder.batch_1", 1, 0.80, "memory"))->met());
  EXPECT_FALSE(verdict_on(report(), part("decoder.batch_1", 1, 0.79, "memory"))->met());
}

TEST(Goals, OfSpeedBesideSoundAreThoseOfTheSize) {
  Part windows = part("end_to_end.windows_8_of_many", 1.6);
  windows.audio_seconds = 240;
  const auto verdict = verdict_on(report(), windows);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->quantity, Quantity::times_realtime);
  EXPECT_EQ(verdict->goal, 140);
  EXPECT_EQ(verdict->reached, windows.times_realtime());
  Report other = report();
  other.threads = 4;
  EXPECT_FALSE(verdict_on(other, windows));
  other = report();
  other.dims = *model::released_dims("tiny");
  EXPECT_FALSE(verdict_on(other, windows));
  other = report();
  other.types.encoder = ComputeType::float32;
  EXPECT_FALSE(verdict_on(other, windows));
  Part mel = part("log_mel", 0.002);
  mel.audio_seconds = 30;
  EXPECT_EQ(verdict_on(other, mel)->goal, 15'000);
  EXPECT_TRUE(verdict_on(other, mel)->met());
}

TEST(Goals, OfAProcessIsWhatItTakesMoreThanItsParts) {
  Report whole = report();
  const Part process = part("end_to_end.process", 0.300);
  whole.parts = {part("load", 0.025), process};
  EXPECT_FALSE(verdict_on(whole, process));  // the clip alone was not measured
  whole.parts.push_back(part("end_to_end.clip", 0.200));
  const auto verdict = verdict_on(whole, process);
  ASSERT_TRUE(verdict);
  EXPECT_NEAR(verdict->reached, 0.075, 1e-12);
  EXPECT_TRUE(verdict->met());
  EXPECT_FALSE(verdict_on(whole, part("end_to_end.process", 0.306))->met());
}

TEST(Goals, OfScalingIsForTwoThreads) {
  Report two = report();
  EXPECT_FALSE(verdict_on_scaling(two));
  two.encoder_scaling = Scaling{.threads = 2, .ratio = {1.84, 1.8, 1.9}};
  EXPECT_FALSE(verdict_on_scaling(two)->met());
  two.threads = 4;
  EXPECT_FALSE(verdict_on_scaling(two));
}

/// The goal beside an engine that takes twice as long as Sotto.
double goal_beside(const Report& report, const std::string& task, const std::string& engine) {
  const auto verdict = verdict_on(report, {.task = task}, {.name = engine, .ratio = {2, 2, 2}});
  return verdict ? verdict->goal : 0;
}

TEST(Goals, BesideAnotherEngineAreThoseOfTypeAndSize) {
  Report base = report();
  EXPECT_EQ(goal_beside(base, "encoder", "OpenVINO 2026.4.1 int8"), 1.3);
  EXPECT_EQ(goal_beside(base, "encoder", "CTranslate2 4.8.5 int8"), 3.5);
  EXPECT_EQ(goal_beside(base, "encoder", "whisper.cpp 1.9.3 ggml-base.bin"), 6);
  EXPECT_EQ(goal_beside(base, "token 8", "CTranslate2 4.8.5 int8"), 2.5);
  EXPECT_EQ(goal_beside(base, "windows 8", "CTranslate2 4.8.5 int8"), 0);
  EXPECT_EQ(goal_beside(base, "encoder", "another"), 0);
  base.types = {ComputeType::float32, ComputeType::float32};
  EXPECT_EQ(goal_beside(base, "encoder", "OpenVINO 2026.4.1 float32"), 1);
  EXPECT_EQ(goal_beside(base, "encoder", "CTranslate2 4.8.5 float32"), 0);
  Report large = report();
  large.dims = *model::released_dims("large-v3");
  EXPECT_EQ(goal_beside(large, "encoder", "OpenVINO 2026.4.1 int8"), 1.2);
  EXPECT_EQ(goal_beside(large, "encoder", "CTranslate2 4.8.5 int8"), 3);
  EXPECT_EQ(goal_beside(large, "token 1", "CTranslate2 4.8.5 int8"), 0);
  Report english = report();
  english.dims = *model::released_dims("tiny.en");
  EXPECT_EQ(goal_beside(english, "encoder", "OpenVINO 2026.4.1 int8"), 1.3);
  english.threads = 1;
  EXPECT_EQ(goal_beside(english, "encoder", "OpenVINO 2026.4.1 int8"), 0);
}

TEST(Goals, OfATokenDependOnWhereTheWeightsLie) {
  Report memory = report(), cache = report();
  cache.read_peaks[0].per_second = {50e9, 50e9, 50e9};
  EXPECT_EQ(goal_beside(memory, "token 1", "CTranslate2 4.8.5 int8"), 2.5);
  EXPECT_EQ(goal_beside(cache, "token 1", "CTranslate2 4.8.5 int8"), 5);
  EXPECT_EQ(goal_beside(memory, "token 1", "whisper.cpp 1.9.3 ggml-base.bin"), 1.4);
  EXPECT_EQ(goal_beside(cache, "token 1", "whisper.cpp 1.9.3 ggml-base.bin"), 2.5);
}

}  // namespace
}  // namespace sotto::bench
