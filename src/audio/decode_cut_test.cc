// Recordings that lack their end in ways that only their structure shows, and healthy ones that
// look alike.
#include <gtest/gtest.h>

#include "audio/audio_testing.h"
#include "audio/container.h"
#include "audio/decode.h"

namespace sotto::audio {
namespace {

using sotto::testing::TemporaryFolder;
using testing::expect_same;
using testing::expect_warning_of_cut;
using testing::ffmpeg_decodes;
using testing::ffmpeg_makes;
using testing::read_bytes;
using testing::wav_bytes;
using testing::write_bytes;

class CutTest : public ::testing::Test {
 protected:
  /// Has ffmpeg write `name` from 4 s of stereo sound at 48 kHz; false when it cannot.
  bool make(const std::string& name, const std::string& arguments) {
    write_bytes(folder_ / "source.wav", wav_bytes({.rate = 48000, .channels = 2, .seconds = 4.0}));
    path_ = folder_ / name;
    return ffmpeg_makes(concat("-i ", folder_ / "source.wav", " ", arguments, " ", path_));
  }

  /// Writes `bytes` in place of the file and decodes it, as ffmpeg does.
  Audio decode(const std::string& bytes) const {
    write_bytes(path_, bytes);
    Audio audio = decode_file(path_);
    expect_same(audio.samples, ffmpeg_decodes(path_));
    return audio;
  }

  TemporaryFolder folder_;
  std::filesystem::path path_;
};

/// Where the second last page of an Ogg file begins.
std::size_t second_last_page(const std::string& ogg) {
  const std::string mark("OggS\0", 5);
  return ogg.rfind(mark, ogg.rfind(mark) - 1);
}

const std::pair<const char*, const char*> kOggs[] = {
    {"a.ogg", "-c:a libvorbis"}, {"a.opus", "-c:a libopus"}, {"a.oga", "-c:a flac"}};

TEST_F(CutTest, OggBetweenTwoPages) {
  SOTTO_NEEDS_FFMPEG();
  for (const auto& [name, arguments] : kOggs) {
    SCOPED_TRACE(name);
    if (!make(name, arguments)) continue;
    const std::string whole = read_bytes(path_);
    EXPECT_FALSE(decode(whole).warning);
    const Audio audio = decode(whole.substr(0, second_last_page(whole)));
    EXPECT_LT(audio.seconds(), 3.95);
    expect_warning_of_cut(audio, path_);
  }
}

TEST_F(CutTest, OggRecordedFromTheMiddleOfALiveStreamMayStopAnywhere) {
  SOTTO_NEEDS_FFMPEG();
  for (const auto& [name, arguments] : kOggs) {
    if (name == std::string("a.oga")) continue;  // FFmpeg does not tell when its sound begins
    SCOPED_TRACE(name);
    if (!make(name, concat(arguments, " -output_ts_offset 100"))) continue;
    const std::string whole = read_bytes(path_);
    const Audio audio = decode(whole.substr(0, second_last_page(whole)));
    EXPECT_GT(audio.seconds(), 1.0);
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

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

TEST_F(CutTest, TransportStreamInsideAPacket) {
  SOTTO_NEEDS_FFMPEG();
  for (const std::string arguments : {"-c:a mp2 -f mpegts", "-c:a aac -mpegts_m2ts_mode 1"}) {
    SCOPED_TRACE(arguments);
    if (!make("a.m2ts", arguments)) continue;
    const std::string whole = read_bytes(path_);
    EXPECT_FALSE(decode(whole).warning);
    expect_warning_of_cut(decode(whole.substr(0, whole.size() / 2 / 188 / 192 * 188 * 192 + 100)),
                          path_);
  }
}

TEST_F(CutTest, Mp3WithoutAHeaderInsideItsLastFrame) {
  SOTTO_NEEDS_FFMPEG();
  const std::string bare = " -write_xing 0 -id3v2_version 0";
  for (const std::string arguments :
       {"-c:a libmp3lame -b:a 128k", "-c:a libmp3lame -ar 22050 -b:a 32k", "-c:a mp2 -f mp2",
        "-c:a libmp3lame -ar 11025 -ac 1 -b:a 16k", "-c:a mp2 -f mp2 -ar 24000 -b:a 64k"}) {
    SCOPED_TRACE(arguments);
    const bool is_mp3 = arguments.find("mp3") != std::string::npos;
    if (!make("a.mp3", is_mp3 ? arguments + bare : arguments)) continue;
    const std::string whole = read_bytes(path_);
    EXPECT_FALSE(decode(whole).warning);
    EXPECT_FALSE(decode(whole + "TAG" + std::string(125, 'x')).warning);
    EXPECT_FALSE(decode(whole + "APETAGEX" + std::string(300, '\x01')).warning);
    for (const std::size_t missing : {1, 50}) {
      expect_warning_of_cut(decode(whole.substr(0, whole.size() - missing)), path_);
    }
  }
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
