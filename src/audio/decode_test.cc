// What is decoded, against the ffmpeg program, and what is warned of.
#include "audio/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>
#include <utility>

#include "audio/audio_testing.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/testing.h"

namespace sotto::audio {
namespace {

using sotto::testing::TemporaryFolder;
using ::testing::AllOf;
using testing::error_of;
using testing::expect_same;
using testing::ffmpeg_decodes;
using testing::ffmpeg_makes;
using ::testing::HasSubstr;
using testing::read_bytes;
using testing::Wav;
using testing::wav_bytes;
using testing::WavKind;
using testing::write_bytes;

using DecodeTest = testing::FolderTest;

TEST_F(DecodeTest, SixteenBitMonoAt16kHzIsTakenAsItIs) {
  const Audio audio = decode_file(wav({.seconds = 0.5}));
  ASSERT_EQ(audio.samples.size(), 8000u);
  for (std::size_t i = 0; i < audio.samples.size(); ++i) {
    const double exact = std::rint(testing::sound(0, static_cast<double>(i) / 16000) * 32768.0f);
    ASSERT_EQ(audio.samples[i], static_cast<float>(exact) / 32768.0f) << i;
  }
  EXPECT_EQ(audio.seconds(), 0.5);
  EXPECT_FALSE(audio.warning);
}

TEST_F(DecodeTest, WavOfEveryKindAsFfmpegDecodesIt) {
  SOTTO_NEEDS_FFMPEG();
  constexpr std::uint32_t k51 = 0x3F, kQuad = 0x33, kLeftOnly = 0x1;
  const Wav kinds[] = {
      {WavKind::u8, 8000, 1, 0, 1.0},           {WavKind::u8, 11025, 2, 0, 1.0},
      {WavKind::s16, 8000, 2, 0, 1.1},          {WavKind::s16, 44100, 2, 0, 1.0},
      {WavKind::s16, 16000, 2, 0, 0.0101},      {WavKind::s16, 16001, 1, 0, 1.0},
      {WavKind::s16, 16000, 1, kLeftOnly, 1.0}, {WavKind::s24, 48000, 1, 0, 0.9},
      {WavKind::s24, 48000, 6, k51, 0.7},       {WavKind::s32, 11025, 1, 0, 1.3},
      {WavKind::s32, 96000, 4, kQuad, 0.5},     {WavKind::f32, 44100, 1, 0, 0.8},
      {WavKind::f32, 16000, 1, 0, 1.0},         {WavKind::f32, 48000, 6, 0, 0.5},
      {WavKind::s16, 384000, 1, 0, 0.1},        {WavKind::s16, 44100, 1, 0, 0.0001},
      {WavKind::s16, 22050, 3, 0, 0.6},         {WavKind::s16, 192000, 2, 0, 0.2}};
  for (const Wav& kind : kinds) {
    SCOPED_TRACE(concat("kind ", static_cast<int>(kind.kind), ", ", kind.rate, " Hz, ",
                        kind.channels, " channels"));
    const auto path = wav(kind);
    const Audio audio = decode_file(path);
    expect_same(audio.samples, ffmpeg_decodes(path));
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

TEST_F(DecodeTest, TakesTheStreamThatFfmpegTakesOrTheOneAskedFor) {
  SOTTO_NEEDS_FFMPEG();
  const auto mono = wav({.rate = 16000, .channels = 1, .seconds = 1.0}, "mono.wav");
  const auto stereo = wav({.rate = 48000, .channels = 2, .seconds = 2.0}, "stereo.wav");
  const std::string inputs =
      concat("-f lavfi -i testsrc=d=3:s=64x48:r=10 -i ", mono, " -i ", stereo, " -i ", mono);
  for (const std::string map :
       {"-map 0 -map 1 -map 2", "-map 2 -map 0 -map 1", "-map 1 -map 3 -map 0 -map 2",
        "-map 0 -map 1 -map 2 -disposition:a:0 0 -disposition:a:1 default",
        "-map 0 -map 1 -map 2 -disposition:a:0 0 -disposition:a:1 0"}) {
    for (const std::string name : {"two.mkv", "two.mp4"}) {
      SCOPED_TRACE(map + " " + name);
      const auto path = folder_ / name;
      if (!ffmpeg_makes(concat(inputs, " ", map, " -c:v mpeg4 -c:a aac ", path))) {
        GTEST_SKIP() << "skipped: this ffmpeg cannot write " << name;
      }
      const Audio audio = decode_file(path);
      expect_same(audio.samples, ffmpeg_decodes(path));
      EXPECT_FALSE(audio.warning) << *audio.warning;
      for (const int n : {0, 1}) {
        expect_same(decode_file(path, {.stream = n}).samples,
                    ffmpeg_decodes(path, concat("-map 0:a:", n)));
      }
    }
  }
  EXPECT_THAT(error_of(folder_ / "two.mkv", ErrorKind::audio, {.stream = 2}),
              AllOf(HasSubstr("audio stream 2 of"), HasSubstr("it has 2 audio streams"),
                    HasSubstr("the first is 0")));
}

TEST_F(DecodeTest, OneStreamIsSaidInTheSingular) {
  EXPECT_THAT(error_of(wav({}), ErrorKind::audio, {.stream = 1}),
              HasSubstr("it has 1 audio stream, and"));
  EXPECT_THAT(error_of(wav({}), ErrorKind::audio, {.stream = -1}), HasSubstr("1 audio stream,"));
}

TEST_F(DecodeTest, RateThatChangesInTheMiddle) {
  SOTTO_NEEDS_FFMPEG();
  const auto joined = folder_ / "joined.mp3";
  std::string bytes;
  for (const int rate : {44100, 22050, 48000}) {
    const auto source = wav({.rate = rate, .channels = rate == 22050 ? 1 : 2, .seconds = 1.3});
    const auto part = folder_ / "part.mp3";
    if (!ffmpeg_makes(
            concat("-i ", source, " -c:a libmp3lame -write_xing 0 -id3v2_version 0 ", part))) {
      GTEST_SKIP() << "skipped: this ffmpeg cannot write mp3";
    }
    bytes += read_bytes(part);
  }
  write_bytes(joined, bytes);
  expect_same(decode_file(joined).samples, ffmpeg_decodes(joined));
}

TEST_F(DecodeTest, JointsGiveNoWarning) {
  SOTTO_NEEDS_FFMPEG();
  const auto source = wav({.rate = 44100, .channels = 2, .seconds = 1.3});
  const auto path = folder_ / "a";
  for (const std::string arguments :
       {"-c:a libmp3lame -f mp3", "-c:a mp2 -f mp2", "-c:a aac -f adts", "-c:a ac3 -f ac3"}) {
    SCOPED_TRACE(arguments);
    if (!ffmpeg_makes(concat("-i ", source, " -metadata title=t ", arguments, " ", path))) {
      GTEST_SKIP() << "skipped: this ffmpeg cannot write " << arguments;
    }
    const std::string part = read_bytes(path);
    for (const std::string& tag : {"TAG" + std::string(125, 'x'), std::string(50'000, '\0')}) {
      write_bytes(path, part + tag + part + tag + part);
      const Audio audio = decode_file(path);
      expect_same(audio.samples, ffmpeg_decodes(path));
      EXPECT_FALSE(audio.warning) << *audio.warning;
    }
  }
}

TEST_F(DecodeTest, HealthyOddFilesGiveNoWarning) {
  const std::string good = wav_bytes({.rate = 44100, .channels = 2, .seconds = 0.7});
  const std::size_t data = good.find("data") + 4;
  const auto with_sizes = [&](const std::string& riff, const std::string& size) {
    std::string bytes = good;
    return bytes.replace(4, 4, riff).replace(data, 4, size);
  };
  const auto path = folder_ / "odd.wav";
  const std::string open = "\xFF\xFF\xFF\xFF", zero(4, '\0'), sox("\x00\xF0\xFF\x7F", 4);
  for (const std::string& bytes :
       {with_sizes(open, open), with_sizes(zero, zero), with_sizes(sox, sox), good + "abc",
        with_sizes(open, open) + "a"}) {
    write_bytes(path, bytes);
    const Audio audio = decode_file(path);
    EXPECT_FALSE(audio.warning) << *audio.warning;
    EXPECT_NEAR(audio.seconds(), 0.7, 0.001);
  }
}

TEST_F(DecodeTest, TagsAndPaddingBehindTheSoundGiveNoWarning) {
  SOTTO_NEEDS_FFMPEG();
  const auto path = folder_ / "tagged.mp3";
  if (!ffmpeg_makes(concat("-i ", wav({.rate = 44100}), " -c:a libmp3lame ", path))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write mp3";
  }
  const std::string mp3 = read_bytes(path);
  const std::string id3v1 = "TAG" + std::string(125, 'x');
  for (const std::string& tail : {id3v1, std::string(4096, '\0'),
                                  "LYRICSBEGINLYR00010la la la \r\n000030LYRICS200" + id3v1}) {
    write_bytes(path, mp3 + tail);
    const Audio audio = decode_file(path);
    expect_same(audio.samples, ffmpeg_decodes(path));
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

TEST_F(DecodeTest, ChainedOpusFilesGiveNoWarning) {
  SOTTO_NEEDS_FFMPEG();
  const auto path = folder_ / "chained.opus";
  if (!ffmpeg_makes(concat("-i ", wav({.rate = 48000}), " -c:a libopus ", path))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write opus";
  }
  write_bytes(path, read_bytes(path) + read_bytes(path));
  const Audio audio = decode_file(path);
  expect_same(audio.samples, ffmpeg_decodes(path));
  EXPECT_NEAR(audio.seconds(), 2.0, 0.1);
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_F(DecodeTest, NamesThatLookLikeAddressesOrOptionsAreFiles) {
  const std::string bytes = wav_bytes({.seconds = 0.1});
  const auto here = std::filesystem::current_path();
  const TemporaryFolder folder;
  std::filesystem::current_path(folder / ".");
  for (const std::string name : {"-x.wav", "http:foo.wav", "concat:a", "pipe:0", "file:b.wav",
                                 "data:,x", "a b'c%d.wav", "-"}) {
    write_bytes(name, bytes);
    EXPECT_EQ(decode_file(name).samples.size(), 1600u) << name;
  }
  std::filesystem::current_path(here);
}

TEST_F(DecodeTest, FilesAreDecodedInSeveralThreadsAtOnce) {
  const auto good = wav({.seconds = 0.3});
  write_bytes(folder_ / "bad.wav", "RIFFxxxxWAVE");
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) {
        if (i % 2 == 0) {
          right += decode_file(good).samples.size() == 4800;
        } else {
          right +=
              error_of(folder_ / "bad.wav", ErrorKind::audio).find("bad.wav") != std::string::npos;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
}

TEST_F(DecodeTest, StopsAtCtrlC) {
  const auto path = wav({});
  // The flag stays up, so in a process of its own.
  EXPECT_EXIT(
      {
        catch_interrupts();
        std::raise(SIGINT);
        try {
          decode_file(path);
        } catch (const Error& error) {
          std::exit(error.kind() == ErrorKind::interrupted ? 7 : 8);
        }
        std::exit(9);
      },
      ::testing::ExitedWithCode(7), "");
}

TEST_F(DecodeTest, MemoryIsReservedOnceByTheHeader) {
  const Audio audio = decode_file(wav({.rate = 8000, .seconds = 10.0}));
  EXPECT_EQ(audio.samples.size(), 160000u);
  EXPECT_EQ(audio.samples.capacity(), 176000u);  // and a second to spare
}

TEST(DecodeSamples, TheRecordingsOfTheRepositoryAsFfmpegDecodesThem) {
  SOTTO_NEEDS_FFMPEG();
  const auto folder = sotto::testing::source_path("samples");
  SOTTO_NEEDS_FILE(folder);
  const std::set<std::string> kNotes = {".json", ".md", ".txt"};
  const TemporaryFolder copies;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file() || kNotes.contains(entry.path().extension())) {
      continue;
    }
    SCOPED_TRACE(entry.path());
    const auto copy = copies / entry.path().filename().string();
    std::filesystem::copy_file(entry.path(), copy);
    const Audio audio = decode_file(copy);
    expect_same(audio.samples, ffmpeg_decodes(copy));
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

}  // namespace
}  // namespace sotto::audio
