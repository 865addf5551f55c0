// Any file with sound → 16 kHz mono, by FFmpeg's libraries.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sotto::audio {

inline constexpr int kSampleRate = 16000;  ///< Hz

struct Audio {
  std::vector<float> samples;  ///< 16 kHz mono in [-1, 1): s16 / 32768
  /// Set when the file ends too early or is damaged somewhere: one line for the user that names the
  /// second; the samples up to there are good.
  std::optional<std::string> warning;

  double seconds() const { return static_cast<double>(samples.size()) / kSampleRate; }
};

struct DecodeOptions {
  /// The n-th audio stream of the file, from 0; absent: the one that ffmpeg takes.
  std::optional<int> stream = std::nullopt;
  /// Ends the decoding at its next packet with Error{interrupted}.
  std::stop_token stop{};
};

/// Decodes a whole file, sample for sample as `ffmpeg -i PATH -f s16le -ac 1 -ar 16000 -` would,
/// divided by 32768. Only local files and named pipes are opened: a playlist may name other files
/// of this machine, which are read as ffmpeg reads them, but no address of a network. Throws
/// Error{io} when the file cannot be read and Error{audio} when it holds no audio.
Audio decode_file(const std::filesystem::path& path, const DecodeOptions& options = {});

/// Throws what decode_file() throws before it opens a file: Error{io} when there is none, it is a
/// folder or must not be read, and Error{audio} when it is empty.
void check_readable(const std::filesystem::path& path);

}  // namespace sotto::audio
