// Every common container and codec: whole, cut off and damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/audio_testing.h"
#include "audio/decode.h"
#include "base/error.h"

namespace sotto::audio {
namespace {

using sotto::testing::TemporaryFolder;
using ::testing::AllOf;
using testing::error_of;
using testing::expect_same;
using testing::expect_warning_of_cut;
using testing::ffmpeg_decodes;
using testing::ffmpeg_makes;
using testing::Format;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::wav_bytes;
using testing::with_noise;
using testing::write_bytes;

const Format kFormats[] = {
    {"cbr.mp3", "-c:a libmp3lame -b:a 64k"},
    {"vbr.mp3", "-c:a libmp3lame -q:a 4 -write_id3v1 1 -metadata title=t"},
    {"bare.mp3", "-c:a libmp3lame -write_xing 0 -id3v2_version 0"},
    {"low.mp3", "-c:a libmp3lame -ar 8000 -ac 1"},
    {"a.flac", "-c:a flac"},
    {"vorbis.ogg", "-c:a libvorbis"},
    {"opus.ogg", "-c:a libopus"},
    {"voice.opus", "-c:a libopus -ac 1 -b:a 16k -frame_duration 60"},
    {"aac.m4a", "-c:a aac"},
    {"fast.m4a", "-c:a aac -movflags +faststart"},
    {"fragments.mp4", "-c:a aac -movflags +frag_keyframe+empty_moov"},
    {"alac.m4a", "-c:a alac"},
    {"opus.webm", "-c:a libopus"},
    {"live.webm", "-c:a libopus -f webm -live 1"},
    {"aac.mka", "-c:a aac"},
    {"adts.aac", "-c:a aac"},
    {"a.ts", "-c:a aac"},
    {"a.ac3", "-c:a ac3"},
    {"a.mp2", "-c:a mp2"},
    {"a.wma", "-c:a wmav2"},
    {"a.aiff", "-c:a pcm_s16be"},
    {"a.au", "-c:a pcm_s16be"},
    {"a.caf", "-c:a pcm_s16le"},
    {"a.w64", "-c:a pcm_s16le"},
    {"rf64.wav", "-c:a pcm_s24le -rf64 always"},
    {"adpcm.wav", "-c:a adpcm_ima_wav"},
    {"mulaw.wav", "-c:a pcm_mulaw -ar 8000 -ac 1"},
    {"a.wv", "-c:a wavpack"},
    {"a.tta", "-c:a tta"},
    {"a.avi", "-c:a libmp3lame"},
    {"a.flv", "-c:a libmp3lame"},
    {"aac.flv", "-c:a aac"},
    {"a.nut", "-c:a mp2"},
    {"pcm.nut", "-c:a pcm_s16le"},
    {"a.mpg", "-c:a mp2"},
    {"mpeg2.vob", "-c:a ac3"},
    {"a.mlp", "-c:a mlp -strict -2"},
    {"a.thd", "-c:a truehd -strict -2"},
    {"a.dts", "-c:a dca -strict -2"},
    {"a.spx", "-c:a libspeex -ar 16000 -ac 1"},
};

class FormatTest : public ::testing::TestWithParam<Format> {
 protected:
  /// Writes the file, 3 s of stereo sound at 44.1 kHz; false when it cannot be made here.
  bool make() {
    write_bytes(folder_ / "source.wav",
                wav_bytes({.rate = 44100, .channels = 2, .seconds = kSeconds}));
    path_ = folder_ / GetParam().name;
    return ffmpeg_makes(
        concat("-i ", folder_ / "source.wav", " ", GetParam().arguments, " ", path_));
  }

  static constexpr double kSeconds = 3.0;
  TemporaryFolder folder_;
  std::filesystem::path path_;
};

TEST_P(FormatTest, IsDecodedAsByFfmpegWithoutAWarning) {
  SOTTO_NEEDS_FFMPEG();
  if (!make()) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  const Audio audio = decode_file(path_);
  expect_same(audio.samples, ffmpeg_decodes(path_));
  EXPECT_NEAR(audio.seconds(), kSeconds, 0.2);
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_P(FormatTest, CutOffIsDecodedAsByFfmpegUpToTheCut) {
  SOTTO_NEEDS_FFMPEG();
  if (!make()) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  const std::string whole = read_bytes(path_);
  write_bytes(path_, whole.substr(0, whole.size() * 55 / 100 + 7));
  const std::string name = GetParam().name;
  if (name == "aac.m4a" || name == "alac.m4a") {  // the index stood at the end
    EXPECT_THAT(error_of(path_, ErrorKind::audio),
                AllOf(HasSubstr("it ends too early (moov atom not found)"),
                      HasSubstr("unfinished copy or download?")));
    return;
  }
  const Audio audio = decode_file(path_);
  expect_same(audio.samples, ffmpeg_decodes(path_));
  EXPECT_GT(audio.seconds(), 0.5);
  EXPECT_LT(audio.seconds(), kSeconds - 0.7);
  expect_warning_of_cut(audio, path_);
}

/// The first error of the ffmpeg program when it decodes a file; empty when there is none. What its
/// output says of timestamps is none.
std::string complaint_of_ffmpeg(const std::filesystem::path& path) {
  const std::string said = path.string() + ".err";
  testing::shell("ffmpeg -nostdin -v error -y -i '" + path.string() +
                 "' -f s16le -ac 1 -ar 16000 /dev/null 2>&1 | grep -v '^.s16le @' > '" + said +
                 "'");
  const std::string lines = read_bytes(said);
  return lines.substr(0, lines.find('\n'));
}

TEST_P(FormatTest, DamagedInTheMiddleIsDecodedAsByFfmpeg) {
  SOTTO_NEEDS_FFMPEG();
  if (!make()) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  write_bytes(path_, with_noise(read_bytes(path_), 0.3, 0.6));
  const std::vector<float> expected = ffmpeg_decodes(path_);
  if (expected.empty()) {
    EXPECT_THAT(error_of(path_, ErrorKind::audio), HasSubstr("nothing in it can be decoded"));
    return;
  }
  const Audio audio = decode_file(path_);
  expect_same(audio.samples, expected);
  const std::string complaint = complaint_of_ffmpeg(path_);
  if (complaint.empty()) return;
  ASSERT_TRUE(audio.warning) << complaint;
  EXPECT_THAT(*audio.warning, AllOf(HasSubstr(path_.string()), HasSubstr(" s"))) << complaint;
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatTest, ::testing::ValuesIn(kFormats), testing::test_name);

/// Formats whose demuxer skips what it cannot read.
class SkippedTest : public testing::FolderTest, public ::testing::WithParamInterface<Format> {};

TEST_P(SkippedTest, WhatADemuxerSkipsIsToldWithItsSecond) {
  SOTTO_NEEDS_FFMPEG();
  const auto source = wav({.rate = 48000, .channels = 1, .seconds = 12.0});
  const auto path = folder_ / GetParam().name;
  if (!ffmpeg_makes(concat("-i ", source, " ", GetParam().arguments, " ", path))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  }
  write_bytes(path, with_noise(read_bytes(path), 0.5, 0.65));
  const Audio audio = decode_file(path);
  expect_same(audio.samples, ffmpeg_decodes(path));
  ASSERT_TRUE(audio.warning);
  const std::size_t at = audio.warning->find("damaged at ");
  ASSERT_NE(at, std::string::npos) << *audio.warning;
  EXPECT_NEAR(std::atof(audio.warning->c_str() + at + 11), 6.0, 1.5) << *audio.warning;
}

INSTANTIATE_TEST_SUITE_P(Formats, SkippedTest,
                         ::testing::Values(Format{"a.ogg", "-c:a libvorbis"},
                                           Format{"a.opus", "-c:a libopus"},
                                           Format{"a.webm", "-c:a libopus"},
                                           Format{"a.mka", "-c:a aac"}),
                         testing::test_name);

}  // namespace
}  // namespace sotto::audio
