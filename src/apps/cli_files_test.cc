// What "sotto transcribe" does with files: those it reads, and what is left on the disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "apps/cli_testing.h"
#include "base/file.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Outcome;
using ::testing::StartsWith;

TEST_F(CliTest, WritesFilesWhenAFolderOrAFormatIsGiven) {
  EXPECT_EQ(transcribe({"a.wav", "--output_dir", "x/y"}).exit_code, 0);
  EXPECT_THAT(names_in("x/y"), ElementsAre("a.json", "a.srt", "a.tsv", "a.txt", "a.vtt"));
  EXPECT_EQ(transcribe({"a.wav", "--output-format", "srt"}).exit_code, 0);
  EXPECT_THAT(names_in("."), ElementsAre(".err", ".out", "a.srt", "a.wav", "x"));
  EXPECT_EQ(read_text_file(folder_ / "a.srt"), read_text_file(folder_ / "x/y/a.srt"));
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "x/y/a.json"));
  EXPECT_EQ(json.at("language"), "en");
}

TEST_F(CliTest, WithoutVerboseTheTextIsInTheFilesOnly) {
  const Outcome outcome = transcribe({"a.wav", "--verbose", "False", "-f", "txt"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(fs::exists(folder_ / "a.txt"));
}

TEST_F(CliTest, OneBadFileDoesNotKeepTheOthers) {
  const Outcome outcome = transcribe({"missing.wav", "a.wav", "-f", "txt"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("[1/2] missing.wav\n"), HasSubstr("[2/2] a.wav\n"),
                                 HasSubstr("sotto: cannot read missing.wav: ")));
  EXPECT_THAT(names_in("."), ElementsAre(".err", ".out", "a.txt", "a.wav"));
}

TEST_F(CliTest, FilesTranscribedTogetherAreWrittenOfInTheirOrder) {
  write("long.wav", wav_bytes(40 * 16000));
  std::string out;
  for (const char* file : {"long.wav", "a.wav"}) {
    const Outcome alone = transcribe({file});
    EXPECT_EQ(alone.exit_code, 0);
    out += alone.out;
  }
  const Outcome together = transcribe({"long.wav", "missing.wav", "a.wav"});
  EXPECT_EQ(together.exit_code, 1);
  EXPECT_EQ(together.out, out);
  EXPECT_THAT(together.err,
              ContainsRegex("^.1/3. long.wav\nlong.wav: 40.0 s [^\n]*\n"
                            ".2/3. missing.wav\nsotto: cannot read missing.wav: [^\n]*\n"
                            ".3/3. a.wav\na.wav: 1.0 s [^\n]*\n$"));
}

TEST_F(CliTest, BatchSizeSaysThatRecordingsAreCut) {
  write("long.wav", wav_bytes(70 * 16000));
  const Outcome one = transcribe({"long.wav", "--batch-size", "1"});
  const Outcome three = transcribe({"long.wav", "--batch-size", "3"});
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_EQ(one.out, three.out);
  EXPECT_THAT(three.err, StartsWith("--batch-size: recordings are cut at pauses beforehand into "
                                    "pieces of at most 30 s, 3 at a time; a piece does not see the "
                                    "text before it\n"));
  EXPECT_EQ(transcribe({"a.wav", "-f", "json", "--batch-size", "2", "-o", "cut"}).exit_code, 0);
  EXPECT_EQ(transcribe({"a.wav", "-f", "json"}).exit_code, 0);
  const auto json = [&](const char* file) {
    return nlohmann::json::parse(read_text_file(folder_ / file));
  };
  EXPECT_EQ(json("cut/a.json").at("cut_at_pauses"), true);
  EXPECT_FALSE(json("a.json").contains("cut_at_pauses")) << "not openai's result otherwise";
}

TEST_F(CliTest, FilesThatCannotBeReadAreFoundBeforeTheModelIsLoaded) {
  fs::create_directory(folder_ / "folder");
  write("empty.wav", "");
  std::vector<std::string> arguments = {"transcribe", "--model", "none",   "-o",
                                        "out",        "x.wav",   "folder", "empty.wav"};
  Outcome outcome = testing::run(folder_.path(), arguments);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err,
            "sotto: cannot read x.wav: No such file or directory\n"
            "sotto: cannot read folder: it is a folder, and a file is needed\n"
            "sotto: cannot decode empty.wav: the file is empty\n");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  // One file that can be read is worth a model.
  arguments.push_back("a.wav");
  outcome = testing::run(folder_.path(), arguments);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: there is no model at none: "));
}

TEST_F(CliTest, ARefusedCommandMakesNoFolder) {
  EXPECT_EQ(transcribe({"a.wav", "-o", "out", "--device", "npu"}).exit_code, 2);
  EXPECT_EQ(transcribe({"a.wav", "-o", "out"}, [] { ::setenv("SOTTO_ISA", "mmx", 1); }).exit_code,
            2);
  EXPECT_EQ(testing::run(folder_.path(), {"transcribe", "a.wav", "-o", "out", "--model", "none"})
                .exit_code,
            1);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(CliTest, ControlCharactersInNamesDoNotReachTheTerminal) {
  const Outcome outcome = transcribe({"a\033[2J\n.wav"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sotto: cannot read a?[2J?.wav: No such file or directory\n");
}

TEST_F(CliTest, FilesThatHoldNoSoundAreRefused) {
  write("text.txt", "This is a text.\n");
  expect_bad_file("text.txt", "cannot decode");
}

TEST_F(CliTest, ACutOffFileIsTranscribedWithAWarning) {
  write("cut.wav", wav_bytes(48000).substr(0, 44 + 2 * 24000));
  const Outcome outcome = transcribe({"cut.wav"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("sotto: warning: "), HasSubstr("1.5"),
                                 HasSubstr("cut.wav: 1.5 s of audio")));
}

TEST_F(CliTest, LessThanAFrameGivesEmptyFiles) {
  write("short.wav", wav_bytes(159));
  const Outcome outcome = transcribe({"short.wav", "-f", "all"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("sotto: warning: short.wav holds only 159 samples"));
  EXPECT_EQ(read_text_file(folder_ / "short.txt"), "");
  EXPECT_EQ(read_text_file(folder_ / "short.vtt"), "WEBVTT\n\n");
  EXPECT_EQ(read_text_file(folder_ / "short.json"),
            "{\"text\": \"\", \"segments\": [], \"language\": \"en\"}");
}

TEST_F(CliTest, InputsThatWouldWriteTheSameFileAreRefusedBeforeTheWork) {
  write("a.mp3", wav_bytes(16000));
  const Outcome outcome = transcribe({"a.wav", "a.mp3", "-o", "out"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("both a.wav and a.mp3 would write out/a.txt"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_EQ(transcribe({"a.wav", "a.mp3"}).exit_code, 0);
}

TEST_F(CliTest, AnOutputFolderThatCannotBeUsedIsFoundBeforeTheWork) {
  const Outcome outcome = transcribe({"a.wav", "-o", "a.wav/below"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("sotto: cannot make the output folder a.wav/below: "));
}

TEST_F(CliTest, AFullDiskLeavesNothingHalfWritten) {
  const auto limit_file_size = [] {
    const rlimit limit{.rlim_cur = 200, .rlim_max = 200};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  // The messages go to files too: standard output must stay empty and standard error short.
  const Outcome outcome =
      transcribe({"a.wav", "--verbose", "False", "-o", "out", "-f", "json"}, limit_file_size);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: cannot write out/a.json: "));
  EXPECT_THAT(names_in("out"), IsEmpty());
}

}  // namespace
}  // namespace sotto::apps
