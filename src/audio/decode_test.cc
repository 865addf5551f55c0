#include "audio/decode.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>

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
using testing::with_noise;
using testing::write_bytes;

class DecodeTest : public ::testing::Test {
 protected:
  /// A WAV file in the test's folder.
  std::filesystem::path wav(const Wav& what, const std::string& name = "a.wav") {
    write_bytes(folder_ / name, wav_bytes(what));
    return folder_ / name;
  }

  TemporaryFolder folder_;
};

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

TEST_F(DecodeTest, WhatADemuxerSkipsIsToldWithItsSecond) {
  SOTTO_NEEDS_FFMPEG();
  const auto source = wav({.rate = 48000, .channels = 1, .seconds = 12.0});
  const std::pair<const char*, const char*> formats[] = {
      {"a.ogg", "libvorbis"}, {"a.opus", "libopus"}, {"a.webm", "libopus"}, {"a.mka", "aac"}};
  for (const auto& [name, codec] : formats) {
    SCOPED_TRACE(name);
    const auto path = folder_ / name;
    if (!ffmpeg_makes(concat("-i ", source, " -c:a ", codec, " ", path))) continue;
    write_bytes(path, with_noise(read_bytes(path), 0.5, 0.65));
    const Audio audio = decode_file(path);
    expect_same(audio.samples, ffmpeg_decodes(path));
    ASSERT_TRUE(audio.warning);
    const std::size_t at = audio.warning->find("is damaged at ");
    ASSERT_NE(at, std::string::npos) << *audio.warning;
    EXPECT_NEAR(std::atof(audio.warning->c_str() + at + 14), 6.0, 1.5) << *audio.warning;
  }
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

TEST_F(DecodeTest, WavThatPromisesMoreThanItHoldsIsDecodedWithAWarning) {
  const std::string whole = wav_bytes({.seconds = 2.0});
  const auto path = folder_ / "cut.wav";
  write_bytes(path, whole.substr(0, 44 + 2 * 16000));  // between two packets, too
  const Audio audio = decode_file(path);
  EXPECT_EQ(audio.samples.size(), 16000u);
  ASSERT_TRUE(audio.warning);
  EXPECT_THAT(*audio.warning,
              AllOf(HasSubstr(path.string()), HasSubstr("ends too early"), HasSubstr("1.00 s")));
}

TEST_F(DecodeTest, NoSamplesIsNoError) {
  SOTTO_NEEDS_FFMPEG();
  const auto path = folder_ / "nothing.wav";
  ASSERT_TRUE(ffmpeg_makes(concat("-f lavfi -i anullsrc -t 0 -c:a pcm_s16le ", path)));
  const Audio audio = decode_file(path);
  EXPECT_TRUE(audio.samples.empty());
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_F(DecodeTest, FilesWithoutSoundAreRefusedWithTheReason) {
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

TEST_F(DecodeTest, ControlCharactersReachNoMessage) {
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

TEST_F(DecodeTest, UnreadableFileIsRefused) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may read everything";
  const auto path = wav({});
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  EXPECT_THAT(error_of(path, ErrorKind::io), HasSubstr("Permission denied"));
}

TEST_F(DecodeTest, VideoWithoutSoundIsRefused) {
  SOTTO_NEEDS_FFMPEG();
  const auto path = folder_ / "silent.mkv";
  ASSERT_TRUE(ffmpeg_makes(concat("-f lavfi -i testsrc=d=1:s=64x48 -c:v mpeg4 ", path)));
  EXPECT_THAT(error_of(path, ErrorKind::audio), HasSubstr("holds no audio stream"));
  EXPECT_THAT(error_of(path, ErrorKind::audio, {.stream = 0}), HasSubstr("it has 0 audio streams"));
}

TEST_F(DecodeTest, ImpossibleFormatsAreRefused) {
  std::string bytes = wav_bytes({});
  bytes.replace(24, 4, std::string("\x00\x00\x00\x70", 4));  // 1.9 GHz
  write_bytes(folder_ / "fast.wav", bytes);
  EXPECT_THAT(error_of(folder_ / "fast.wav", ErrorKind::audio),
              AllOf(HasSubstr("1879048192 Hz"), HasSubstr("768000")));
  EXPECT_THAT(error_of(wav({.channels = 65, .seconds = 0.01}), ErrorKind::audio),
              HasSubstr("65 channels"));
  // Nine channels have no usual places, so nothing says how they are to be mixed.
  EXPECT_THAT(error_of(wav({.channels = 9, .seconds = 0.1}), ErrorKind::audio),
              HasSubstr("9 channels at 16000 Hz cannot be mixed"));
}

TEST_F(DecodeTest, UnknownCodecIsNamedOrRefused) {
  std::string bytes = wav_bytes({});
  bytes.replace(20, 2, "\x34\x12");  // a format tag that nothing has
  write_bytes(folder_ / "codec.wav", bytes);
  EXPECT_THAT(error_of(folder_ / "codec.wav", ErrorKind::audio),
              AllOf(HasSubstr("no decoder for its codec"), HasSubstr("codec.wav")));
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

TEST_F(DecodeTest, NamedPipeIsRead) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { write_bytes(pipe, wav_bytes({.rate = 8000, .seconds = 1.0})); });
  const Audio audio = decode_file(pipe);
  writer.join();
  EXPECT_EQ(audio.samples.size(), 16000u);
}

/// A server that only counts who calls.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, any, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }

  int port() const { return port_; }
  bool was_called() const {
    const int call = ::accept(socket_, nullptr, nullptr);
    if (call >= 0) ::close(call);
    return call >= 0;
  }

 private:
  int socket_;
  int port_ = 0;
};

TEST_F(DecodeTest, PlaylistsOpenNoOtherAddress) {
  const Listener listener;
  const auto hls = [](const std::string& target) {
    return "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + target + "\n#EXT-X-ENDLIST\n";
  };
  const std::string host = concat("127.0.0.1:", listener.port());
  const std::string dash =
      "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" "
      "profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\" "
      "mediaPresentationDuration=\"PT2S\"><Period><AdaptationSet mimeType=\"audio/mp4\">"
      "<Representation id=\"1\" bandwidth=\"9\"><BaseURL>http://" +
      host + "/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>";
  const std::pair<const char*, std::string> lists[] = {
      {"http.m3u8", hls("http://" + host + "/a.ts")},
      {"tcp.m3u8", hls("tcp://" + host)},
      {"pipe.m3u8", hls("pipe:0")},
      {"concat.m3u8", hls("concat:http://" + host + "/a.ts")},
      {"http.ffconcat", "ffconcat version 1.0\nfile http://" + host + "/a.ts\n"},
      {"pipe.ffconcat", "ffconcat version 1.0\nfile pipe:0\n"},
      {"radio.sdp",
       "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
       "m=audio 5004 RTP/AVP 0\n"},
      {"list.mpd", dash},
  };
  for (const auto& [name, content] : lists) {
    write_bytes(folder_ / name, content);
    EXPECT_THAT(error_of(folder_ / name, ErrorKind::audio),
                AllOf(HasSubstr("cannot decode"), HasSubstr("it points to other addresses ("),
                      HasSubstr("save the recording as a file")))
        << name;
    EXPECT_FALSE(listener.was_called()) << name;
  }
}

TEST_F(DecodeTest, PlaylistOfLocalFilesIsDecoded) {
  SOTTO_NEEDS_FFMPEG();
  const auto list = folder_ / "list.m3u8";
  if (!ffmpeg_makes(concat("-i ", wav({.rate = 44100, .channels = 2, .seconds = 3.0}),
                           " -c:a aac -f hls -hls_time 1 -hls_list_size 0 ", list))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write hls";
  }
  const Audio audio = decode_file(list);
  expect_same(audio.samples, ffmpeg_decodes(list));
  EXPECT_FALSE(audio.warning) << *audio.warning;
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

/// Decodes a pipe from which nothing comes and interrupts it; exits with 7 when that ends it. The
/// writer is there but silent, or has not come yet.
[[noreturn]] void interrupt_waiting(const std::filesystem::path& pipe, bool has_writer) {
  catch_interrupts();
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &nothing, nullptr);
  const pthread_t main = ::pthread_self();
  std::atomic<bool> done = false;
  std::thread other([&] {
    const int writer = has_writer ? ::open(pipe.c_str(), O_WRONLY) : -1;
    ::pthread_kill(main, SIGINT);
    while (!done) {  // whenever it begins to wait: a signal ends that
      ::pthread_kill(main, SIGUSR1);
      std::this_thread::yield();
    }
    if (has_writer) ::close(writer);
  });
  int code = 9;
  try {
    decode_file(pipe);
  } catch (const Error& error) {
    code = error.kind() == ErrorKind::interrupted ? 7 : 8;
  }
  done = true;
  other.join();
  std::exit(code);
}

TEST_F(DecodeTest, StopsWaitingForAPipeAtCtrlC) {
  const auto pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const bool has_writer : {false, true}) {
    EXPECT_EXIT(interrupt_waiting(pipe, has_writer), ::testing::ExitedWithCode(7), "");
  }
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
