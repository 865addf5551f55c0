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
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::wav_bytes;
using testing::with_noise;
using testing::write_bytes;

/// A container or codec: the name of the file, and what ffmpeg is told to write it.
struct Format {
  const char* name;
  const char* arguments;
};

std::ostream& operator<<(std::ostream& out, const Format& format) {
  return out << format.name;
}

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
  if (!make()) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam().name;
  const Audio audio = decode_file(path_);
  expect_same(audio.samples, ffmpeg_decodes(path_));
  EXPECT_NEAR(audio.seconds(), kSeconds, 0.2);
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_P(FormatTest, CutOffIsDecodedAsByFfmpegUpToTheCut) {
  SOTTO_NEEDS_FFMPEG();
  if (!make()) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam().name;
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

TEST_P(FormatTest, DamagedInTheMiddleIsDecodedAsByFfmpeg) {
  SOTTO_NEEDS_FFMPEG();
  if (!make()) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam().name;
  write_bytes(path_, with_noise(read_bytes(path_), 0.3, 0.6));
  const std::vector<float> expected = ffmpeg_decodes(path_);
  if (expected.empty()) {
    EXPECT_THAT(error_of(path_, ErrorKind::audio), HasSubstr("nothing in it can be decoded"));
    return;
  }
  const Audio audio = decode_file(path_);
  expect_same(audio.samples, expected);
  const std::string name = GetParam().name;
  if (name == "cbr.mp3" || name == "a.flac" || name == "aac.m4a") {
    ASSERT_TRUE(audio.warning);
    EXPECT_THAT(*audio.warning, AllOf(HasSubstr("damaged"), HasSubstr(" s")));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, FormatTest, ::testing::ValuesIn(kFormats), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name;
});

}  // namespace
}  // namespace sotto::audio
