#include "audio/libav_functions.h"

#include <dlfcn.h>

#include <string>

#include "base/error.h"

namespace sotto::audio {
namespace {

/// A shared library that stays loaded until the program ends.
class Library {
 public:
  Library(const char* name, int version) : file_(concat("lib", name, ".so.", version)) {
    handle_ = ::dlopen(file_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) refuse();
  }

  template <typename Function>
  void find(const char* name, Function& function) const {
    function = reinterpret_cast<Function>(::dlsym(handle_, name));
    if (function == nullptr) refuse();
  }

 private:
  [[noreturn]] void refuse() const {
    const char* const reason = ::dlerror();
    fail(ErrorKind::audio, "recordings cannot be decoded: FFmpeg's ", file_,
         ", which Sotto was built with, cannot be loaded (", reason != nullptr ? reason : "", ")",
         "; install it, or build Sotto anew with the FFmpeg of this machine");
  }

  std::string file_;
  void* handle_ = nullptr;
};

LibavFunctions load() {
  LibavFunctions functions{};
  const Library avutil("avutil", LIBAVUTIL_VERSION_MAJOR);
  const Library swresample("swresample", LIBSWRESAMPLE_VERSION_MAJOR);
  const Library avcodec("avcodec", LIBAVCODEC_VERSION_MAJOR);
  const Library avformat("avformat", LIBAVFORMAT_VERSION_MAJOR);
#define SOTTO_FIND(library, function) library.find(#function, functions.function);
  SOTTO_LIBAV_FUNCTIONS(SOTTO_FIND)
#undef SOTTO_FIND
  return functions;
}

}  // namespace

const LibavFunctions& libav() {
  static const LibavFunctions functions = load();
  return functions;
}

}  // namespace sotto::audio
