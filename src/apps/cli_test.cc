// The program as a user meets it: exit codes and messages about models, languages and usage.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/cli_testing.h"
#include "audio/libav_functions.h"
#include "base/error.h"
#include "base/file.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

TEST_F(CliTest, FfmpegIsNotLinked) {
  const Outcome outcome = testing::run(
      folder_.path(), {}, [] { ::setenv("LD_TRACE_LOADED_OBJECTS", "1", /*overwrite=*/1); });
  EXPECT_THAT(outcome.out, HasSubstr("libc.so"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("libav")));
}

TEST_F(CliTest, FfmpegThatCannotBeLoadedIsSaid) {
  const std::string library = concat("libavcodec.so.", LIBAVCODEC_VERSION_MAJOR);
  write(library, "no library");
  const Outcome outcome = transcribe(
      {"a.wav"}, [&] { ::setenv("LD_LIBRARY_PATH", folder_.path().c_str(), /*overwrite=*/1); });
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: "), HasSubstr(concat("FFmpeg's ", library)),
                                 HasSubstr("install it")));
}

TEST_F(CliTest, WrongUsageExitsWith2) {
  const auto expect_usage = [&](const std::vector<std::string>& arguments,
                                const std::string& message) {
    const Outcome outcome = testing::run(folder_.path(), arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    const bool has_command = !arguments.empty() && arguments.front() == "transcribe";
    EXPECT_THAT(outcome.err,
                AllOf(StartsWith("sotto: "), HasSubstr(message),
                      HasSubstr(has_command ? "\nsotto transcribe --help says what"
                                            : "\nsotto --help says what can be asked for.\n")));
  };
  expect_usage({}, "no command is given");
  expect_usage({"sing"}, "there is no command 'sing'");
  expect_usage({"transcribe"}, "FILE is required");
  expect_usage(transcription({"a.wav", "--frobnicate"}), "--frobnicate");
  expect_usage(transcription({"a.wav", "--language", "klingon"}), "unknown language 'klingon'");
  expect_usage(transcription({"a.wav", "--beam_size", "5"}),
               "--beam-size: '5' asks for what is not built yet");
}

TEST_F(CliTest, DevicesThatAreNotBuiltYetAreRefused) {
  for (const char* device : {"npu", "npu-sim"}) {
    const Outcome outcome = transcribe({"a.wav", "--device", device});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                HasSubstr(concat("device ", device, " cannot be used: Sotto has neither")));
  }
}

TEST_F(CliTest, AModelThatCannotBeUsedExitsWith1) {
  Outcome outcome = testing::run(folder_.path(), {"transcribe", "a.wav", "--model", "turbo"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: there is no model at turbo: --model takes the path"));
  outcome = testing::run(folder_.path(), {"transcribe", "a.wav", "--model", "a.wav"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("a.wav"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
}

TEST_F(CliTest, AnEnglishOnlyModelSaysThatItWritesEnglish) {
  const Outcome outcome =
      transcribe({"a.wav", "--language", "de", "--task", "translate", "-f", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("sotto: warning: made-up is an English-only model; using English "
                              "instead of German"),
                    HasSubstr("does not translate")));
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "a.json"));
  EXPECT_EQ(json.at("language"), "en");
}

TEST_F(CliTest, ALanguageThatTheModelDoesNotKnowExitsWith2) {
  model::testing::FolderOptions multilingual;
  multilingual.multilingual = true;
  model::testing::write_hf_folder(folder_ / "m", model::testing::tiny_test_dims(), 1, multilingual);
  const Outcome outcome = testing::run(
      folder_.path(), {"transcribe", "a.wav", "--model", "m", "--language", "Cantonese"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("sotto: the model does not know the language Cantonese"));
}

TEST_F(CliTest, TheDetectedLanguageIsSaid) {
  model::testing::FolderOptions multilingual;
  multilingual.multilingual = true;
  model::testing::write_hf_folder(folder_ / "m", model::testing::tiny_test_dims(), 1, multilingual);
  const Outcome outcome =
      testing::run(folder_.path(), {"transcribe", "a.wav", "--model", "m", "-f", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, ContainsRegex("sotto: detected language: [A-Z]"));
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "a.json"));
  EXPECT_NE(json.at("language"), "");
}

TEST_F(CliTest, WithoutAModelTheOneThatShipsIsUsed) {
  SOTTO_NEEDS_FILE(sotto::testing::source_path("models/digits/config.json"));
  const Outcome outcome = testing::run(folder_.path(), {"transcribe", "a.wav"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("models/digits, which knows spoken English digits only"));
}

TEST_F(CliTest, AModelWithANumberThatIsNoneIsRefused) {
  const fs::path damaged = folder_ / "damaged";
  model::testing::write_hf_folder(damaged, model::testing::tiny_test_dims(), 1);
  std::string weights = read_text_file(damaged / "model.safetensors");
  weights.replace(weights.size() - 4, 4, std::string("\x00\x00\xC0\x7F", 4));  // NaN in f32
  write_file_atomically(damaged / "model.safetensors", weights);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"model", "info", "damaged"},
        std::vector<std::string>{"transcribe", "a.wav", "--model", "damaged"}}) {
    const Outcome outcome = testing::run(folder_.path(), arguments);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("tensor"), HasSubstr("holds nan at index"), HasSubstr("damaged")));
  }
}

TEST_F(CliTest, ModelInfoDescribesAModel) {
  const Outcome outcome = testing::run(folder_.path(), {"model", "info", model_path().string()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("made-up"), EndsWith("\n"), Not(EndsWith("\n\n"))));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(testing::run(folder_.path(), {"model", "info", "none"}).exit_code, 1);
  EXPECT_EQ(testing::run(folder_.path(), {"model", "info", "a", "b"}).exit_code, 2);
}

TEST_F(CliTest, HelpAndVersionGoToStandardOutput) {
  Outcome outcome = testing::run(folder_.path(), {"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("sotto [0-9.]+\n"));
  outcome = testing::run(folder_.path(), {"transcribe", "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("--output-format"));
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace sotto::apps
