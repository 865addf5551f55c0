#include "apps/outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using engine::OutputFormat;
using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(OutputPath, IsTheInputsNameWithAnotherExtension) {
  const auto name = [](const char* input) {
    return output_path("out", input, OutputFormat::srt).string();
  };
  EXPECT_EQ(name("talks/one.wav"), "out/one.srt");
  EXPECT_EQ(name("one.two.wav"), "out/one.two.srt");
  EXPECT_EQ(name("one"), "out/one.srt");
  EXPECT_EQ(name(".hidden"), "out/.hidden.srt");
  EXPECT_EQ(name("..wav"), "out/..wav.srt");
  EXPECT_EQ(name(".a.wav"), "out/.a.srt");
  EXPECT_EQ(name("one."), "out/one.srt");
}

TEST(CheckOutputPaths, RefusesInputsThatWouldOverwriteEachOther) {
  Options options;
  options.files = {"a/one.wav", "two.wav", "b/one.mp3"};
  EXPECT_EQ(message_of(ErrorKind::usage, [&] { check_output_paths(options); }), "no error");
  options.output_formats = {OutputFormat::txt};
  EXPECT_EQ(message_of(ErrorKind::usage, [&] { check_output_paths(options); }),
            "both a/one.wav and b/one.mp3 would write ./one.txt: transcribe them into different "
            "folders (--output-dir)");
  options.files.pop_back();
  EXPECT_EQ(message_of(ErrorKind::usage, [&] { check_output_paths(options); }), "no error");
}

TEST(CheckOutputPaths, RefusesLinksToOneFile) {
  const TemporaryFolder folder;
  std::ofstream(folder / "both.srt") << "x";
  for (const char* name : {"one.srt", "two.srt"}) fs::create_symlink("both.srt", folder / name);
  Options options;
  options.files = {"one.wav", "two.wav"};
  options.output_dir = folder.path();
  options.output_formats = {OutputFormat::srt};
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { check_output_paths(options); }),
              HasSubstr("both one.wav and two.wav would write "));
}

TEST(CheckOutputPaths, RefusesToOverwriteAnInput) {
  const TemporaryFolder folder;
  std::ofstream(folder / "talk.txt") << "x";
  Options options;
  options.files = {folder / "talk.txt"};
  options.output_dir = folder / "missing/..";
  options.output_formats = {OutputFormat::srt};
  EXPECT_EQ(message_of(ErrorKind::usage, [&] { check_output_paths(options); }), "no error");
  options.output_formats = {OutputFormat::srt, OutputFormat::txt};
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { check_output_paths(options); }),
              HasSubstr("talk.txt would overwrite the input "));
}

TEST(CheckOutputPaths, RefusesANameThatIsTooLong) {
  Options options;
  options.output_formats = {engine::OutputFormat::txt, engine::OutputFormat::json};
  options.files = {std::string(251, 'a') + ".wav"};  // + .txt: 255
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { check_output_paths(options); }),
              AllOf(HasSubstr("aaa.json would have too long a name"), HasSubstr("255 bytes")));
  options.output_formats.pop_back();
  check_output_paths(options);
}

TEST(CheckOutputPaths, RefusesAFolderInThePlaceOfAFile) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "talk.srt");
  Options options;
  options.files = {"talk.wav"};
  options.output_dir = folder.path();
  options.output_formats = {OutputFormat::txt};
  EXPECT_EQ(message_of(ErrorKind::usage, [&] { check_output_paths(options); }), "no error");
  options.output_formats = {OutputFormat::srt};
  EXPECT_THAT(message_of(ErrorKind::io, [&] { check_output_paths(options); }),
              HasSubstr("talk.srt: there is a folder of that name"));
}

TEST(PrepareOutputFolder, MakesItAndLeavesItEmpty) {
  const TemporaryFolder folder;
  Options options;
  options.output_dir = folder / "a/b";
  prepare_output_folder(options);
  EXPECT_FALSE(fs::exists(options.output_dir));
  options.output_formats = {OutputFormat::txt};
  prepare_output_folder(options);
  EXPECT_TRUE(fs::is_directory(options.output_dir));
  EXPECT_TRUE(fs::is_empty(options.output_dir));
}

TEST(PrepareOutputFolder, SaysWhyItCannotBeUsed) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  Options options;
  options.output_formats = {OutputFormat::txt};
  options.output_dir = folder / "file";
  EXPECT_THAT(message_of(ErrorKind::io, [&] { prepare_output_folder(options); }),
              HasSubstr("cannot make the output folder " + options.output_dir.string()));
  options.output_dir = folder / "file/below";
  EXPECT_THAT(message_of(ErrorKind::io, [&] { prepare_output_folder(options); }),
              HasSubstr("cannot make the output folder " + options.output_dir.string()));
  options.output_dir = "/proc/self";  // writable for nobody, root included
  EXPECT_THAT(message_of(ErrorKind::io, [&] { prepare_output_folder(options); }),
              HasSubstr("cannot write into the output folder /proc/self: "));
}

TEST(WriteOutputs, WritesEachFormat) {
  const TemporaryFolder folder;
  Options options;
  options.output_dir = folder.path();
  options.output_formats = {OutputFormat::txt, OutputFormat::json};
  engine::Result result;
  result.language = "en";
  write_outputs(options, "talk.wav", result);
  EXPECT_EQ(read_text_file(folder / "talk.txt"), "");
  EXPECT_EQ(read_text_file(folder / "talk.json"),
            "{\"text\": \"\", \"segments\": [], \"language\": \"en\"}");
}

}  // namespace
}  // namespace sotto::apps
