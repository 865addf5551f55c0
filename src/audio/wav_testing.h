// Recordings made on the spot, for tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>

namespace sotto::audio::testing {

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// Something like speech for a codec: a gliding tone with overtones under a slow envelope, and
/// noise; another one in each channel. In [-0.9, 0.9].
inline float sound(int channel, double seconds) {
  const double turn = 2.0 * std::numbers::pi;
  const double pitch = 110.0 + 20.0 * channel + 30.0 * std::sin(turn * 0.7 * seconds);
  double x = 0.0;
  for (int k = 1; k <= 9; ++k) x += std::sin(turn * pitch * k * seconds + k * channel) / k;
  const double noise = std::fmod(std::abs(std::sin(seconds * 1234.5 + channel)) * 43758.5453, 1.0);
  return static_cast<float>(
      (0.35 * x * std::abs(std::sin(turn * 1.5 * seconds)) + 0.05 * (noise - 0.5)));
}

enum class WavKind { u8, s16, s24, s32, f32 };

struct Wav {
  WavKind kind = WavKind::s16;
  int rate = 16000;
  int channels = 1;
  std::uint32_t channel_mask = 0;  ///< 0: a plain header, which names no channels
  double seconds = 1.0;
};

/// The bytes of a WAV file of sound().
inline std::string wav_bytes(const Wav& wav) {
  std::string out;
  const auto put = [&out](std::uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  };
  const int kBytes[] = {1, 2, 3, 4, 4};
  const int bytes = kBytes[static_cast<int>(wav.kind)];
  const auto frames = static_cast<std::uint64_t>(wav.seconds * wav.rate);
  const auto block = static_cast<std::uint64_t>(bytes * wav.channels);
  const std::uint64_t format = wav.kind == WavKind::f32 ? 3 : 1;
  const std::uint64_t format_bytes = wav.channel_mask != 0 ? 40 : 16;
  out = "RIFF";
  put(20 + format_bytes + frames * block, 4);
  out += "WAVEfmt ";
  put(format_bytes, 4);
  put(wav.channel_mask != 0 ? 0xFFFE : format, 2);
  put(static_cast<std::uint64_t>(wav.channels), 2);
  put(static_cast<std::uint64_t>(wav.rate), 4);
  put(static_cast<std::uint64_t>(wav.rate) * block, 4);
  put(block, 2);
  put(static_cast<std::uint64_t>(8 * bytes), 2);
  if (wav.channel_mask != 0) {  // WAVEFORMATEXTENSIBLE
    put(22, 2);
    put(static_cast<std::uint64_t>(8 * bytes), 2);
    put(wav.channel_mask, 4);
    put(format, 2);
    out += std::string("\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71", 14);
  }
  out += "data";
  put(frames * block, 4);
  for (std::uint64_t t = 0; t < frames; ++t) {
    for (int c = 0; c < wav.channels; ++c) {
      const float x = sound(c, static_cast<double>(t) / wav.rate);
      switch (wav.kind) {
        case WavKind::u8:
          put(static_cast<std::uint64_t>(std::lrint(x * 127.0f) + 128), 1);
          break;
        case WavKind::f32:
          out.append(reinterpret_cast<const char*>(&x), sizeof x);
          break;
        default:
          put(static_cast<std::uint64_t>(std::llrint(std::ldexp(x, 8 * bytes - 1))), bytes);
      }
    }
  }
  return out;
}

}  // namespace sotto::audio::testing
