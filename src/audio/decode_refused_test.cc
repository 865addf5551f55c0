// Files that are refused, and what is said of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/audio_testing.h"
#include "audio/decode.h"
#include "audio/libav.h"
#include "audio/source.h"
#include "base/error.h"
#include "base/testing.h"
#include "base/text.h"

namespace sotto::audio {
namespace {

using ::testing::AllOf;
using testing::error_of;
using testing::ffmpeg_makes;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::read_bytes;
using testing::wav_bytes;
using testing::write_bytes;

using RefusedTest = testing::FolderTest;

TEST_F(RefusedTest, NoSamplesIsNoError) {
  SOTTO_NEEDS_FFMPEG();
  for (const std::string name : {"a.wav", "a.aiff", "a.au", "a.caf", "a.flac", "a.wma"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(ffmpeg_makes(concat("-f lavfi -i anullsrc=r=44100 -t 0 ", folder_ / name)));
    const Audio audio = decode_file(folder_ / name);
    EXPECT_TRUE(audio.samples.empty());
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

TEST_F(RefusedTest, WhatOnlyItsNameCallsARecording) {
  std::string numbers, table = "second,word\n", noise;
  for (int i = 1; i < 20000; ++i) numbers += concat(i, "\n");
  for (int i = 1; i < 2000; ++i) table += concat(i, ".5,\"seven three one\"\n");
  noise = testing::with_noise(std::string(100'000, '\0'), 0.0, 1.0);
  const std::string tensors =
      std::string("\x40\0\0\0\0\0\0\0", 8) +
      R"({"a":{"dtype":"F32","shape":[25000],"data_offsets":[0,100000]}} )" + noise;
  const std::string contents[] = {"<!DOCTYPE html>\n<html><h1>404 Not Found</h1></html>\n",
                                  numbers,
                                  table,
                                  tensors,
                                  noise,
                                  std::string(100'000, '\0')};
  for (const std::string name : {"a.flac", "a.ac3", "a.aac", "a.mp3", "a.ogg", "a.m4a"}) {
    for (const std::string& content : contents) {
      SCOPED_TRACE(concat(name, ": ", printable(content.substr(0, 20), 20)));
      write_bytes(folder_ / name, content);
      EXPECT_THAT(error_of(folder_ / name, ErrorKind::audio),
                  AllOf(HasSubstr("cannot decode " + (folder_ / name).string()),
                        HasSubstr("FFmpeg finds no recording in it"),
                        HasSubstr("is it an audio or video file?"), Not(HasSubstr("\n"))));
    }
  }
}

TEST_F(RefusedTest, RecordingOfWhichOnlyTheHeaderIsThere) {
  const auto path = folder_ / "a.wav";
  write_bytes(path, wav_bytes({.channels = 2}).substr(0, 44 + 2));
  EXPECT_THAT(error_of(path, ErrorKind::audio),
              AllOf(HasSubstr("nothing in it can be decoded"), HasSubstr("unfinished copy")));
}

/// An M4A file whose tables of samples FFmpeg must believe.
class BrokenM4aTest : public testing::FolderTest {
 protected:
  void SetUp() override {
    SOTTO_NEEDS_FFMPEG();
    const auto source = wav({.rate = 16000, .seconds = 6.0});
    if (!ffmpeg_makes(concat("-i ", source, " -c:a aac ", path_))) {
      GTEST_SKIP() << "skipped: this ffmpeg cannot write M4A";
    }
    bytes_ = read_bytes(path_);
  }

  /// Writes the file with other bytes at an offset from the name of a box.
  void change(const std::string& box, std::size_t offset, const std::string& bytes) {
    write_bytes(path_, std::string(bytes_).replace(bytes_.find(box) + offset, bytes.size(), bytes));
  }

  std::filesystem::path path_ = folder_ / "a.m4a";
  std::string bytes_;
};

TEST_F(BrokenM4aTest, NothingCanBeFoundInIt) {
  const auto expect_refused = [&] {
    EXPECT_THAT(error_of(path_, ErrorKind::audio),
                AllOf(HasSubstr("cannot decode " + path_.string()),
                      HasSubstr("nothing in it can be decoded (stream 0, missing mandatory atoms"),
                      HasSubstr("is it damaged")));
  };
  change("stsc", 0, "xxxx");
  expect_refused();
  change("stco", 8, std::string(4, '\0'));  // chunks
  expect_refused();
}

TEST_F(BrokenM4aTest, HalfOfItIsLostWithAWarning) {
  const std::size_t count = bytes_.find("stsz") + 12;
  const auto n_samples = static_cast<std::uint8_t>(bytes_[count + 3]);
  ASSERT_EQ(bytes_.substr(count, 3), std::string(3, '\0'));
  change("stsz", 15, std::string(1, static_cast<char>(n_samples / 2)));
  const Audio audio = decode_file(path_);
  testing::expect_same(audio.samples, testing::ffmpeg_decodes(path_));
  EXPECT_LT(audio.seconds(), 4.0);
  testing::expect_warning_of_cut(audio, path_);
  EXPECT_THAT(*audio.warning, HasSubstr("(wrong sample count)"));
}

TEST_F(RefusedTest, OddTagsOfAHealthyFileAreNoDamage) {
  SOTTO_NEEDS_FFMPEG();
  const auto path = folder_ / "a.mp3";
  if (!ffmpeg_makes(concat("-i ", wav({}), " -c:a libmp3lame -id3v2_version 0 ", path))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write mp3";
  }
  const std::string comment = std::string("COMM\0\0\0\x0A\0\0\1eng\x12\x34xxxx", 20);
  write_bytes(path, std::string("ID3\3\0\0\0\0\0\x14", 10) + comment + read_bytes(path));
  const LibavLog log;
  Source(path, "a", std::nullopt, log);
  EXPECT_EQ(log.last_error(), "Error reading comment frame, skipped");
  const Audio audio = decode_file(path);
  testing::expect_same(audio.samples, testing::ffmpeg_decodes(path));
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_F(RefusedTest, FilesWithoutSoundAreRefusedWithTheReason) {
  EXPECT_THAT(error_of(folder_ / "none.wav", ErrorKind::io),
              AllOf(HasSubstr((folder_ / "none.wav").string()), HasSubstr("No such file")));
  EXPECT_THAT(error_of(folder_ / ".", ErrorKind::io), HasSubstr("is a folder"));
  EXPECT_THAT(error_of("", ErrorKind::io), HasSubstr("its path is empty"));
  write_bytes(folder_ / "empty.wav", "");
  EXPECT_THAT(error_of(folder_ / "empty.wav", ErrorKind::audio), HasSubstr("the file is empty"));
  for (const std::string name : {"none.wav", ".", "empty.wav"}) {
    const ErrorKind kind = name == "empty.wav" ? ErrorKind::audio : ErrorKind::io;
    EXPECT_EQ(sotto::testing::message_of(kind, [&] { check_readable(folder_ / name); }),
              error_of(folder_ / name, kind));
  }
  std::string text;
  for (int i = 0; i < 200; ++i) text += concat("The quick brown fox jumps ", i, " times.\n");
  for (const std::string name : {"text.wav", "text.mp3", "text"}) {
    write_bytes(folder_ / name, text);
    EXPECT_THAT(error_of(folder_ / name, ErrorKind::audio),
                AllOf(HasSubstr("cannot decode"), HasSubstr((folder_ / name).string()),
                      HasSubstr("FFmpeg finds no recording in it ("),
                      HasSubstr("is it an audio or video file?")));
  }
  write_bytes(folder_ / "text.txt", text);  // by its name a video of letters for FFmpeg
  EXPECT_THAT(error_of(folder_ / "text.txt", ErrorKind::audio), HasSubstr("holds no audio stream"));
  write_bytes(folder_ / "head.wav", wav_bytes({}).substr(0, 30));
  EXPECT_THAT(error_of(folder_ / "head.wav", ErrorKind::audio), HasSubstr("cannot decode"));
  EXPECT_THAT(error_of("/dev/null", ErrorKind::audio), HasSubstr("cannot decode /dev/null"));
}

TEST_F(RefusedTest, ControlCharactersReachNoMessage) {
  const std::string name = "bad\n\x1B[31mname";
  const std::string shown = "bad??[31mname";
  EXPECT_THAT(error_of(folder_ / name, ErrorKind::io), HasSubstr(shown));
  write_bytes(folder_ / name, "no sound");
  EXPECT_THAT(error_of(folder_ / name, ErrorKind::audio), HasSubstr(shown));
  write_bytes(folder_ / name, "ffconcat version 1.0\nfile 'a\x1B[31mb'\n");
  EXPECT_THAT(error_of(folder_ / name, ErrorKind::audio),
              AllOf(HasSubstr(shown), HasSubstr("a?[31mb")));
  write_bytes(folder_ / name, wav_bytes({}).substr(0, 20000));
  const Audio audio = decode_file(folder_ / name);
  ASSERT_TRUE(audio.warning);
  EXPECT_THAT(*audio.warning, HasSubstr(shown));
}

TEST_F(RefusedTest, UnreadableFileIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may read everything";
  const auto path = wav({});
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  EXPECT_THAT(error_of(path, ErrorKind::io), HasSubstr("Permission denied"));
}

TEST_F(RefusedTest, VideoWithoutSoundIsRefused) {
  SOTTO_NEEDS_FFMPEG();
  const auto path = folder_ / "silent.mkv";
  ASSERT_TRUE(ffmpeg_makes(concat("-f lavfi -i testsrc=d=1:s=64x48 -c:v mpeg4 ", path)));
  EXPECT_THAT(error_of(path, ErrorKind::audio), HasSubstr("holds no audio stream"));
  EXPECT_THAT(error_of(path, ErrorKind::audio, {.stream = 0}), HasSubstr("it has 0 audio streams"));
}

TEST_F(RefusedTest, ImpossibleFormatsAreRefused) {
  std::string bytes = wav_bytes({});
  bytes.replace(24, 4, std::string("\x00\x00\x00\x70", 4));  // 1.9 GHz
  write_bytes(folder_ / "fast.wav", bytes);
  EXPECT_THAT(error_of(folder_ / "fast.wav", ErrorKind::audio),
              AllOf(HasSubstr("1879048192 Hz"), HasSubstr("768000")));
  for (const int rate : {1, 999}) {  // 60 KB at 1 Hz would become 4 GB
    EXPECT_THAT(
        error_of(wav({.rate = rate, .seconds = 60.0}), ErrorKind::audio),
        AllOf(HasSubstr(concat("a sample rate of ", rate, " Hz")), HasSubstr("1000 … 768000")));
  }
  EXPECT_EQ(decode_file(wav({.rate = 1000})).samples.size(), 16000u);
  EXPECT_THAT(error_of(wav({.channels = 65, .seconds = 0.01}), ErrorKind::audio),
              HasSubstr("65 channels"));
  // Nine channels have no usual places, so nothing says how they are to be mixed.
  EXPECT_THAT(error_of(wav({.channels = 9, .seconds = 0.1}), ErrorKind::audio),
              HasSubstr("9 channels at 16000 Hz cannot be mixed"));
}

TEST_F(RefusedTest, UnknownCodecIsNamedOrRefused) {
  std::string bytes = wav_bytes({});
  bytes.replace(20, 2, "\x34\x12");  // a format tag that nothing has
  write_bytes(folder_ / "codec.wav", bytes);
  EXPECT_THAT(error_of(folder_ / "codec.wav", ErrorKind::audio),
              AllOf(HasSubstr("no decoder for its codec"), HasSubstr("codec.wav")));
}

}  // namespace
}  // namespace sotto::audio
