#include "audio/decoded_beside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "audio/audio_testing.h"
#include "base/error.h"

namespace sotto::audio {
namespace {

using testing::error_of;
using testing::expect_same;
using ::testing::HasSubstr;
using testing::wav_bytes;
using testing::write_bytes;

using DecodedBesideTest = testing::FolderTest;

std::string error_beside(const std::filesystem::path& path, ErrorKind kind,
                         const DecodeOptions& options = {}) {
  DecodedBeside decoded(path, options);
  return sotto::testing::message_of(kind, [&] { decoded.get(); });
}

TEST_F(DecodedBesideTest, GivesWhatDecodingGives) {
  const std::filesystem::path whole = wav({.rate = 8000, .seconds = 1.5});
  DecodedBeside decoded(whole);
  const Audio audio = decoded.get();
  expect_same(audio.samples, decode_file(whole).samples);
  EXPECT_FALSE(audio.warning);

  const std::string bytes = wav_bytes({.rate = 8000, .seconds = 1.5});
  write_bytes(folder_ / "cut.wav", bytes.substr(0, bytes.size() / 2));
  DecodedBeside cut(folder_ / "cut.wav");
  EXPECT_EQ(cut.get().warning, decode_file(folder_ / "cut.wav").warning);
}

TEST_F(DecodedBesideTest, ThrowsWhatDecodingThrows) {
  const std::filesystem::path text = folder_ / "text.wav", none = folder_ / "none.wav",
                              folder = folder_.path();
  write_bytes(text, "no recording");
  EXPECT_EQ(error_beside(text, ErrorKind::audio), error_of(text, ErrorKind::audio));
  EXPECT_EQ(error_beside(none, ErrorKind::io), error_of(none, ErrorKind::io));
  EXPECT_EQ(error_beside(folder, ErrorKind::io), error_of(folder, ErrorKind::io));
  const DecodeOptions second = {.stream = 1};
  const std::filesystem::path one = wav({.seconds = 0.1});
  EXPECT_EQ(error_beside(one, ErrorKind::audio, second), error_of(one, ErrorKind::audio, second));
}

/// Begins to decode four hours and does not ask for them; exits with 7 when less than a fourth of
/// their samples was ever in memory.
[[noreturn]] void leave_unasked(const std::filesystem::path& path) {
  constexpr std::uint32_t kBytes = 4 * 3600 * 16000 * 2;
  std::string header = wav_bytes({.seconds = 0.0});
  const std::uint32_t riff_bytes = kBytes + 36;
  std::memcpy(header.data() + 4, &riff_bytes, sizeof riff_bytes);
  std::memcpy(header.data() + header.find("data") + 4, &kBytes, sizeof kBytes);
  write_bytes(path, header);
  std::filesystem::resize_file(path, header.size() + kBytes);
  { const DecodedBeside unasked(path); }
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::exit(usage.ru_maxrss < kBytes / 2 / 1024 ? 7 : 8);
}

TEST_F(DecodedBesideTest, EndsWhenNobodyAsks) {
  EXPECT_EXIT(leave_unasked(folder_ / "long.wav"), ::testing::ExitedWithCode(7), "");
  const DecodedBeside missing(folder_ / "none.wav");
}

TEST_F(DecodedBesideTest, StopsAtTheNextPacket) {
  std::stop_source source;
  source.request_stop();
  const std::filesystem::path file = wav({.seconds = 1.0});
  EXPECT_THAT(error_of(file, ErrorKind::interrupted, {.stop = source.get_token()}),
              HasSubstr("a.wav"));
}

TEST_F(DecodedBesideTest, APipeIsOpenedByWhoAsks) {
  const std::filesystem::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  { const DecodedBeside unused(pipe); }  // would wait for a writer for ever
  DecodedBeside decoded(pipe);
  std::jthread writer(
      [&] { std::ofstream(pipe, std::ios::binary) << wav_bytes({.seconds = 0.5}); });
  EXPECT_EQ(decoded.get().samples.size(), 8000u);
}

}  // namespace
}  // namespace sotto::audio
