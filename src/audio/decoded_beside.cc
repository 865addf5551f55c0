#include "audio/decoded_beside.h"

#include <exception>
#include <system_error>
#include <utility>

#include "audio/libav_functions.h"

namespace sotto::audio {

DecodedBeside::DecodedBeside(std::filesystem::path path, DecodeOptions options)
    : path_(std::move(path)), options_(std::move(options)) {
  std::error_code error;
  is_decoded_beside_ = std::filesystem::is_regular_file(path_, error);
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { decode(stop); });
  } catch (const std::system_error&) {  // the system starts no more threads
    is_decoded_beside_ = false;
  }
}

void DecodedBeside::decode(const std::stop_token& stop) {
  try {
    libav();
    if (!is_decoded_beside_) return;
    DecodeOptions stoppable = options_;
    stoppable.stop = stop;
    result_.set_value(decode_file(path_, stoppable));
  } catch (...) {
    result_.set_exception(std::current_exception());
  }
}

Audio DecodedBeside::get() {
  return is_decoded_beside_ ? result_.get_future().get() : decode_file(path_, options_);
}

}  // namespace sotto::audio
