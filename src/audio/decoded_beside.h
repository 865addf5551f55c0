// A recording that is decoded while something else is done: the first one, while the model loads.
#pragma once

#include <filesystem>
#include <future>
#include <stop_token>
#include <thread>

#include "audio/decode.h"

namespace sotto::audio {

class DecodedBeside {
 public:
  /// Begins to decode the file in a thread of its own, by loading FFmpeg's libraries. What is no
  /// regular file, as a pipe, is opened by get() only: it may keep whoever opens it waiting. Where
  /// the system starts no more threads, get() does all.
  explicit DecodedBeside(std::filesystem::path path, DecodeOptions options = {});
  /// Ends the decoding at its next packet when nobody has asked for the result.
  ~DecodedBeside() = default;
  DecodedBeside(const DecodedBeside&) = delete;
  DecodedBeside& operator=(const DecodedBeside&) = delete;

  /// What decode_file() gives or throws, when it is there. Called once.
  Audio get();

 private:
  void decode(const std::stop_token& stop);

  std::filesystem::path path_;
  DecodeOptions options_;
  bool is_decoded_beside_;
  std::promise<Audio> result_;
  std::jthread thread_;  // ends before the others go
};

}  // namespace sotto::audio
