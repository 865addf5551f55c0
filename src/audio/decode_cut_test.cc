// Recordings that lack their end in ways that only their structure shows, and healthy ones that
// look alike.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/audio_testing.h"
#include "audio/container.h"
#include "audio/decode.h"

namespace sotto::audio {
namespace {

using ::testing::AllOf;
using testing::expect_same;
using testing::expect_warning_of_cut;
using testing::ffmpeg_decodes;
using testing::ffmpeg_makes;
using testing::Format;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::wav_bytes;
using testing::write_bytes;

class CutTest : public testing::FolderTest {
 protected:
  /// Has ffmpeg write `name` from 4 s of stereo sound at 48 kHz; false when it cannot.
  bool make(const std::string& name, const std::string& arguments) {
    path_ = folder_ / name;
    const auto source = wav({.rate = 48000, .channels = 2, .seconds = kSeconds}, "source.wav");
    return ffmpeg_makes(concat("-i ", source, " ", arguments, " ", path_));
  }

  /// Writes `bytes` in place of the file and decodes it, as ffmpeg does.
  Audio decode(const std::string& bytes) const {
    write_bytes(path_, bytes);
    Audio audio = decode_file(path_);
    expect_same(audio.samples, ffmpeg_decodes(path_));
    return audio;
  }

  static constexpr double kSeconds = 4.0;
  std::filesystem::path path_;
};

/// Where the second last page of an Ogg file begins.
std::size_t second_last_page(const std::string& ogg) {
  const std::string mark("OggS\0", 5);
  return ogg.rfind(mark, ogg.rfind(mark) - 1);
}

class OggTest : public CutTest, public ::testing::WithParamInterface<Format> {};

TEST_P(OggTest, BetweenTwoPages) {
  SOTTO_NEEDS_FFMPEG();
  const auto& [name, arguments] = GetParam();
  if (!make(name, arguments)) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  const std::string whole = read_bytes(path_);
  EXPECT_FALSE(decode(whole).warning);
  const Audio audio = decode(whole.substr(0, second_last_page(whole)));
  EXPECT_LT(audio.seconds(), 3.95);
  expect_warning_of_cut(audio, path_);
}

TEST_P(OggTest, RecordedFromTheMiddleOfALiveStreamMayStopAnywhere) {
  SOTTO_NEEDS_FFMPEG();
  const auto& [name, arguments] = GetParam();
  if (name == std::string("a.oga")) GTEST_SKIP() << "FFmpeg does not tell when its sound begins";
  if (!make(name, concat(arguments, " -output_ts_offset 100"))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  }
  const std::string whole = read_bytes(path_);
  const Audio audio = decode(whole.substr(0, second_last_page(whole)));
  EXPECT_GT(audio.seconds(), 1.0);
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

INSTANTIATE_TEST_SUITE_P(Formats, OggTest,
                         ::testing::Values(Format{"a.ogg", "-c:a libvorbis"},
                                           Format{"a.opus", "-c:a libopus"},
                                           Format{"a.oga", "-c:a flac"}),
                         testing::test_name);

TEST_F(CutTest, WholeOggWithAVideoBesideTheSound) {
  SOTTO_NEEDS_FFMPEG();
  if (!make("a.ogv", "-f lavfi -i testsrc=d=6:s=64x48:r=10 -c:v libtheora -c:a libvorbis")) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write Theora";
  }
  const Audio audio = decode(read_bytes(path_));
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_F(CutTest, DataOfAStatedSizeBetweenTwoSamples) {
  SOTTO_NEEDS_FFMPEG();
  constexpr std::size_t kSecond = 48000 * 2 * 2;
  for (const std::string name : {"a.caf", "a.w64"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(make(name, "-c:a pcm_s16le"));
    const std::string whole = read_bytes(path_);
    const Audio audio = decode(whole.substr(0, whole.size() - kSecond));
    EXPECT_NEAR(audio.seconds(), 3.0, 0.01);
    expect_warning_of_cut(audio, path_);
  }
}

TEST_F(CutTest, DataOfAnOpenSizeMayEndAnywhere) {
  SOTTO_NEEDS_FFMPEG();
  // A pipe cannot be written twice, so the header says nothing of the size.
  ASSERT_TRUE(make("a.caf", "-c:a pcm_s16le -f caf - | cat >"));
  const Audio audio = decode(read_bytes(path_));
  EXPECT_NEAR(audio.seconds(), 4.0, 0.01);
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_F(CutTest, FlashVideoOfWhichTheHeaderPromisesMore) {
  SOTTO_NEEDS_FFMPEG();
  if (!make("a.flv", "-c:a aac")) GTEST_SKIP() << "skipped: this ffmpeg cannot write FLV with AAC";
  const std::string whole = read_bytes(path_);
  std::size_t end = 9 + 4;  // behind a tag in the middle
  while (end < whole.size() / 2) {
    std::size_t bytes = 0;
    for (std::size_t i = 1; i <= 3; ++i)
      bytes = bytes << 8 | static_cast<std::uint8_t>(whole[end + i]);
    end += 11 + bytes + 4;
  }
  const Audio audio = decode(whole.substr(0, end));
  EXPECT_LT(audio.seconds(), 2.5);
  expect_warning_of_cut(audio, path_);
  EXPECT_THAT(*audio.warning, HasSubstr(" of 4.0"));
}

/// Containers that state no length of the sound, or of all that they hold only.
class ManyPartsTest : public CutTest, public ::testing::WithParamInterface<Format> {};

TEST_P(ManyPartsTest, CutAnywhere) {
  SOTTO_NEEDS_FFMPEG();
  const auto& [name, arguments] = GetParam();
  if (!make(name, arguments)) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  const std::string whole = read_bytes(path_);
  const Audio audio = decode(whole);
  EXPECT_FALSE(audio.warning) << *audio.warning;
  for (std::size_t percent = 35; percent < 95; percent += 7) {
    SCOPED_TRACE(percent);
    expect_warning_of_cut(decode(whole.substr(0, whole.size() * percent / 100)), path_);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, ManyPartsTest,
    ::testing::Values(Format{"sound.flv", "-c:a libmp3lame"},
                      Format{"picture.flv", "-f lavfi -i testsrc=d=5:s=64x48:r=10 -c:a aac"},
                      Format{"sound.nut", "-c:a mp2"}, Format{"pcm.nut", "-c:a pcm_s16le"},
                      Format{"a.mlp", "-c:a mlp -strict -2"},
                      Format{"a.thd", "-c:a truehd -strict -2"}, Format{"a.mpg", "-c:a mp2"},
                      Format{"a.vob", "-c:a ac3"}),
    testing::test_name);

/// Healthy files that hold less sound than they last.
class QuietPartsTest : public CutTest, public ::testing::WithParamInterface<Format> {};

TEST_P(QuietPartsTest, AreNoCuts) {
  SOTTO_NEEDS_FFMPEG();
  const auto& [name, arguments] = GetParam();
  const std::string longer_picture = "-f lavfi -i testsrc=d=7:s=64x48:r=10 ";
  const std::string later_sound =
      concat("-itsoffset 2 -i ", folder_ / "source.wav", " -map 1:v -map 2:a ");
  const std::string pause = "-af aselect='not(between(t\\,1\\,2.5))' ";
  for (const std::string& what : {longer_picture, longer_picture + later_sound, pause}) {
    SCOPED_TRACE(what);
    const bool has_picture = what != pause;
    if (!has_picture && name == std::string("a.mpg")) continue;  // FFmpeg's muxer refuses pauses
    if (!make(name, concat(what, arguments, has_picture ? " -c:v mpeg4" : ""))) {
      GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
    }
    const Audio audio = decode(read_bytes(path_));
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, QuietPartsTest,
                         ::testing::Values(Format{"a.mp4", "-c:a aac"}, Format{"a.mkv", "-c:a aac"},
                                           Format{"a.mov", "-c:a pcm_s16le"},
                                           Format{"a.avi", "-c:a pcm_s16le"},
                                           Format{"a.nut", "-c:a mp2"},
                                           Format{"a.asf", "-c:a wmav2"}),
                         testing::test_name);

class TransportStreamTest : public CutTest, public ::testing::WithParamInterface<Format> {};

TEST_P(TransportStreamTest, InsideAPacket) {
  SOTTO_NEEDS_FFMPEG();
  const auto& [name, arguments] = GetParam();
  if (!make(name, arguments)) GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  const std::string whole = read_bytes(path_);
  EXPECT_FALSE(decode(whole).warning);
  expect_warning_of_cut(decode(whole.substr(0, whole.size() / 2 / 188 / 192 * 188 * 192 + 100)),
                        path_);
}

INSTANTIATE_TEST_SUITE_P(Formats, TransportStreamTest,
                         ::testing::Values(Format{"a.ts", "-c:a mp2 -f mpegts"},
                                           Format{"a.m2ts", "-c:a aac -mpegts_m2ts_mode 1"}),
                         testing::test_name);

class Mp3WithoutAHeaderTest : public CutTest, public ::testing::WithParamInterface<Format> {};

TEST_P(Mp3WithoutAHeaderTest, InsideItsLastFrame) {
  SOTTO_NEEDS_FFMPEG();
  const auto& [name, arguments] = GetParam();
  const bool is_mp3 = std::filesystem::path(name).extension() == ".mp3";
  const std::string bare = is_mp3 ? " -write_xing 0 -id3v2_version 0" : "";
  if (!make(name, arguments + bare))
    GTEST_SKIP() << "skipped: this ffmpeg cannot write " << GetParam();
  const std::string whole = read_bytes(path_);
  EXPECT_FALSE(decode(whole).warning);
  EXPECT_FALSE(decode(whole + "TAG" + std::string(125, 'x')).warning);
  EXPECT_FALSE(decode(whole + "APETAGEX" + std::string(300, '\x01')).warning);
  for (const std::size_t missing : {1, 50}) {
    expect_warning_of_cut(decode(whole.substr(0, whole.size() - missing)), path_);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Mp3WithoutAHeaderTest,
                         ::testing::Values(Format{"a.mp3", "-c:a libmp3lame -b:a 128k"},
                                           Format{"a.mp3", "-c:a libmp3lame -ar 22050 -b:a 32k"},
                                           Format{"b.mp3", "-c:a libmp3lame -ar 11025 -b:a 16k"},
                                           Format{"a.mp2", "-c:a mp2 -f mp2"},
                                           Format{"a.mp2", "-c:a mp2 -f mp2 -ar 24000 -b:a 64k"}),
                         testing::test_name);

TEST_F(CutTest, WavThatPromisesMoreThanItHoldsIsDecodedWithAWarning) {
  const std::string whole = wav_bytes({.seconds = 2.0});
  const auto path = folder_ / "cut.wav";
  write_bytes(path, whole.substr(0, 44 + 2 * 16000));  // between two packets, too
  const Audio audio = decode_file(path);
  EXPECT_EQ(audio.samples.size(), 16000u);
  ASSERT_TRUE(audio.warning);
  EXPECT_THAT(*audio.warning,
              AllOf(HasSubstr(path.string()), HasSubstr("ends too early"), HasSubstr("1.00 s")));
}

TEST(MpegAudioFrame, IsAsLongAsItsHeaderSays) {
  const auto is_part = [](std::string header, std::size_t size) {
    header.resize(size, 'x');
    return is_part_of_mpeg_audio_frame(header);
  };
  struct Frame {
    const char* header;
    std::size_t bytes;
  };
  const Frame frames[] = {
      {"\xFF\xFB\x90\x64", 417},  // layer III, 128 kbit/s, 44.1 kHz: 144 · 128000 / 44100
      {"\xFF\xFB\x92\x64", 418},  // padded
      {"\xFF\xF3\x40\xC4", 104},  // MPEG-2: 72 · 32000 / 22050
      {"\xFF\xE3\x18\xC4", 72},   // MPEG-2.5: 72 · 8000 / 8000
      {"\xFF\xFD\xA4\x04", 576},  // layer II, 192 kbit/s, 48 kHz: 144 · 192000 / 48000
  };
  for (const Frame& frame : frames) {
    SCOPED_TRACE(frame.bytes);
    EXPECT_TRUE(is_part(frame.header, frame.bytes - 1));
    EXPECT_FALSE(is_part(frame.header, frame.bytes));
  }
  for (const char* other : {"TAGx", "\xFF\xFB\x04\x64", "\xFF\xFB\xF4\x64", "\xFF\xFB\x9C\x64",
                            "\xFF\xEB\x90\x64", "\xFF\xF9\x90\x64", "\xFF\xFF\x90\x64"}) {
    EXPECT_FALSE(is_part(other, 10));
  }
  EXPECT_FALSE(is_part_of_mpeg_audio_frame(std::string_view("\xFF\xFB\x90")));
}

}  // namespace
}  // namespace sotto::audio
