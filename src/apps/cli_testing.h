// The program on files of made-up sound, for tests of the command line. The model has random
// weights, so that its text is nonsense; what it says is tested elsewhere.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/process.h"
#include "base/testing.h"
#include "bench/sound.h"
#include "model/testing.h"

namespace sotto::apps {

/// 16 kHz mono, 16 bits: a soft sawtooth.
inline std::string wav_bytes(std::size_t n_samples) {
  std::vector<float> samples(n_samples);
  for (std::size_t i = 0; i < n_samples; ++i) samples[i] = static_cast<float>(i % 400) / 32767;
  return bench::wav_of(samples);
}

class CliTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_folder_ = std::make_unique<sotto::testing::TemporaryFolder>();
    model::testing::write_hf_folder(model_path(), model::testing::tiny_test_dims(), 1);
  }
  static void TearDownTestSuite() { model_folder_.reset(); }
  static std::filesystem::path model_path() { return *model_folder_ / "made-up"; }

  void SetUp() override { write("a.wav", wav_bytes(16000)); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  /// sotto transcribe --model MODEL …
  std::vector<std::string> transcription(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"transcribe", "--model", model_path().string()});
    return arguments;
  }
  testing::Outcome transcribe(
      const std::vector<std::string>& arguments, const std::function<void()>& before_exec = [] {}) {
    return testing::run(folder_.path(), transcription(arguments), before_exec);
  }

  std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / folder)) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }

  /// The program fails on `name` with one line that says so, and leaves no output.
  void expect_bad_file(const std::string& name, const std::string& reason) {
    const testing::Outcome outcome = transcribe({name, "-o", "out"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                ::testing::AllOf(::testing::StartsWith("sotto: "), ::testing::HasSubstr(name),
                                 ::testing::HasSubstr(reason)));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_THAT(names_in("out"), ::testing::IsEmpty());
  }

  inline static std::unique_ptr<sotto::testing::TemporaryFolder> model_folder_;
  sotto::testing::TemporaryFolder folder_;
};

}  // namespace sotto::apps
