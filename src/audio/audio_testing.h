// What the audio tests share: a folder of recordings, and the ffmpeg program as the reference.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "audio/decode.h"
#include "audio/wav_testing.h"
#include "base/testing.h"

namespace sotto::audio::testing {

/// Runs a shell command; true when it succeeds.
inline bool shell(const std::string& command) {
  return std::system(command.c_str()) == 0;
}

inline bool has_ffmpeg() {
  static const bool found = shell("ffmpeg -version > /dev/null 2>&1");
  return found;
}

/// Has ffmpeg write files with these arguments. False when it has not got that encoder.
inline bool ffmpeg_makes(const std::string& arguments) {
  return shell("ffmpeg -nostdin -v quiet -y " + arguments);
}

/// A container or codec: the name of the file, and what ffmpeg is told to write it.
struct Format {
  const char* name;
  const char* arguments;
};

inline std::ostream& operator<<(std::ostream& out, const Format& format) {
  return out << format.name << " (" << format.arguments << ")";
}

/// The name of a test with a Format: that of its file, and its number, as names may be the same.
inline std::string test_name(const ::testing::TestParamInfo<Format>& info) {
  std::string name = info.param.name;
  for (char& c : name) c = c == '.' ? '_' : c;
  return name + "_" + std::to_string(info.index);
}

/// What decode_file() must give.
inline std::vector<float> ffmpeg_decodes(const std::filesystem::path& path,
                                         const std::string& map = "") {
  const std::string pcm = path.string() + ".s16";
  shell("ffmpeg -nostdin -v quiet -y -i '" + path.string() + "' " + map +
        " -f s16le -ac 1 -ar 16000 '" + pcm + "'");
  const std::string bytes = read_bytes(pcm);
  std::vector<float> samples(bytes.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto low = static_cast<std::uint8_t>(bytes[2 * i]);
    const auto high = static_cast<std::int8_t>(bytes[2 * i + 1]);
    samples[i] = static_cast<float>(high * 256 + low) / 32768.0f;
  }
  return samples;
}

/// A test with a folder of its own.
class FolderTest : public ::testing::Test {
 protected:
  /// A WAV file in it.
  std::filesystem::path wav(const Wav& what, const std::string& name = "a.wav") const {
    write_bytes(folder_ / name, wav_bytes(what));
    return folder_ / name;
  }

  sotto::testing::TemporaryFolder folder_;
};

/// The message of the Error of this kind that decoding throws.
inline std::string error_of(const std::filesystem::path& path, ErrorKind kind,
                            const DecodeOptions& options = {}) {
  return sotto::testing::message_of(kind, [&] { decode_file(path, options); });
}

/// EXPECT_EQ of two long vectors prints them whole.
inline void expect_same(const std::vector<float>& ours, const std::vector<float>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    ASSERT_EQ(ours[i], theirs[i]) << "sample " << i << " of " << ours.size();
  }
}

/// Expects a warning that names the file and the second at which its sound ends.
inline void expect_warning_of_cut(const Audio& audio, const std::filesystem::path& path) {
  ASSERT_TRUE(audio.warning);
  std::array<char, 32> end{};
  std::snprintf(end.data(), end.size(), "%.2f s", audio.seconds());
  EXPECT_THAT(*audio.warning, ::testing::AllOf(::testing::HasSubstr(path.string()),
                                               ::testing::HasSubstr(end.data())));
}

/// Overwrites the bytes between two fractions of a file.
inline std::string with_noise(std::string bytes, double from, double to) {
  const auto size = static_cast<double>(bytes.size());
  std::uint32_t noise = 1;
  for (auto i = static_cast<std::size_t>(size * from); static_cast<double>(i) < size * to; ++i) {
    noise = noise * 1664525 + 1013904223;
    bytes[i] = static_cast<char>(noise >> 24);
  }
  return bytes;
}

}  // namespace sotto::audio::testing

#define SOTTO_NEEDS_FFMPEG()                             \
  if (!::sotto::audio::testing::has_ffmpeg()) {          \
    GTEST_SKIP() << "skipped: needs the ffmpeg program"; \
  }                                                      \
  static_assert(true)
