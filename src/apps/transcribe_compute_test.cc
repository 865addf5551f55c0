// What "sotto transcribe" computes with: threads and types of numbers, as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "apps/process.h"
#include "audio/wav_testing.h"
#include "base/affinity.h"
#include "base/error.h"
#include "base/file.h"
#include "base/isa.h"
#include "base/testing.h"
#include "base/thread_pool.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;

class TranscribeComputeTest : public ::testing::Test {
 protected:
  TranscribeComputeTest() {
    audio::testing::write_bytes(folder_ / "a.wav", audio::testing::wav_bytes({}));
    model::testing::write_hf_folder(folder_ / "made-up", model::testing::tiny_test_dims(), 1);
  }

  Outcome transcribe(
      std::vector<std::string> arguments, const std::function<void()>& before_exec = [] {}) {
    arguments.insert(arguments.begin(), {"transcribe", "--model", "made-up"});
    return testing::run(folder_.path(), arguments, before_exec);
  }

  /// "wide", of the width of released models, in which int8 is one byte.
  void write_wide_model() {
    model::Dims dims = model::testing::tiny_test_dims();
    dims.n_audio_state = dims.n_text_state = 384;
    dims.n_audio_head = dims.n_text_head = 6;
    model::testing::write_hf_folder(folder_ / "wide", dims, 1);
  }

  sotto::testing::TemporaryFolder folder_;
};

TEST_F(TranscribeComputeTest, MoreThreadsThanCpusAreUsedWithAWarning) {
  const int n_cpus = ThreadPool::usable_cpus();
  const auto with_threads = [&](int n) {
    return transcribe({"a.wav", "--threads", std::to_string(n)});
  };
  EXPECT_THAT(with_threads(n_cpus).err, Not(HasSubstr("warning")));
  const Outcome outcome = with_threads(n_cpus + 1);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr(concat("sotto: warning: --threads ", n_cpus + 1,
                                            " is slower than ", n_cpus, ", a thread for each")));
}

TEST_F(TranscribeComputeTest, SaysInWhichTypeTheModelComputes) {
  const auto type_of = [&](const std::string& type) {
    const std::string err = transcribe({"a.wav", "--no-cache", "--compute-type", type}).err;
    const std::size_t begin = err.find("realtime, "), end = err.find(" with ", begin);
    return begin == err.npos || end == err.npos ? err : err.substr(begin + 10, end - begin - 10);
  };
  // This model is narrow. What is printed can be asked for.
  EXPECT_EQ(type_of("int8"), "int8_two_bytes");
  EXPECT_EQ(type_of("int8_two_bytes"), "int8_two_bytes");
  constexpr const char* kOtherType = "narrower than any released one";
  EXPECT_THAT(transcribe({"a.wav", "--compute-type", "int8"}).err,
              HasSubstr("sotto: warning: this model is narrower than any released one, and "
                        "--compute-type int8 is int8_two_bytes for it\n"));
  EXPECT_THAT(transcribe({"a.wav"}).err, Not(HasSubstr(kOtherType)));
  write_wide_model();
  for (const std::string type : {"float32", "int8", "int8_float32", "int8_two_bytes"}) {
    const Outcome outcome = testing::run(folder_.path(), {"transcribe", "--model", "wide", "a.wav",
                                                          "--no-cache", "--compute-type", type});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(concat("realtime, ", type, " with ")));
    EXPECT_THAT(outcome.err, Not(HasSubstr(kOtherType)));
  }
}

TEST_F(TranscribeComputeTest, EveryProcessFindsTheSameNumbersToTheLastBit) {
  write_wide_model();
  // JSON has the mean of the tokens' log-probabilities with all digits.
  const auto json_of = [&](const std::string& type) {
    const Outcome outcome =
        testing::run(folder_.path(), {"transcribe", "--model", "wide", "a.wav", "--no-cache",
                                      "--compute-type", type, "--threads", "2", "-f", "json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_text_file(folder_ / "a.json");
  };
  std::vector<std::string> types = {"float32", "int8", "int8_float32", "int8_two_bytes"};
  if (active_isa() == Isa::avx512_bf16) types.push_back("bfloat16");
  std::set<std::string> all;
  for (const std::string& type : types) {
    const std::string first = json_of(type);
    for (int run = 0; run < 2; ++run) EXPECT_EQ(json_of(type), first) << type;
    all.insert(first);
  }
  EXPECT_GE(all.size(), 3u) << "types that differ are seen to";
}

TEST_F(TranscribeComputeTest, PinnedThreadsWriteTheSameText) {
  const Outcome free = transcribe({"a.wav", "--threads", "1"});
  const Outcome pinned = transcribe({"a.wav", "--threads", "1", "--pin-threads"});
  EXPECT_EQ(pinned.exit_code, 0) << pinned.err;
  EXPECT_EQ(pinned.out, free.out);
}

TEST_F(TranscribeComputeTest, ThreadsThatCannotBePinnedAreRefusedBeforeAnyWork) {
  const auto with_one_cpu = [] {
    const std::vector<int> all = allowed_cpus();
    set_affinity(::pthread_self(), std::span(all).first(1));
  };
  const int cpu = allowed_cpus().front();
  const Outcome outcome = transcribe({"a.wav", "--threads", "2", "--pin-threads"}, with_one_cpu);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, concat("sotto: 2 threads cannot be pinned to a CPU each: CPUs that may "
                                "be used: 1 (",
                                cpu, ")\n"));
  EXPECT_EQ(transcribe({"a.wav", "--pin-threads"}, with_one_cpu).exit_code, 0);
}

}  // namespace
}  // namespace sotto::apps
