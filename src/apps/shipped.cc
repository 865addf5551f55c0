#include "apps/shipped.h"

#include "base/error.h"

namespace sotto::apps {

namespace fs = std::filesystem;

namespace {

/// The folder `name` that holds `file`; the build folder has links to the repository's folders.
fs::path find_folder(const char* name, const char* file, ErrorKind kind, const char* what,
                     const char* instead) {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path installed = (program / SOTTO_DATA_FROM_PROGRAM / name).lexically_normal();
  const fs::path built = (program / "../.." / name).lexically_normal();
  for (const fs::path& path : {installed, built}) {
    std::error_code error;
    if (fs::exists(path / file, error)) return path;
  }
  fail(kind, what, " neither in ", installed.string(), " nor in ", built.string(),
       ": reinstall Sotto", instead);
}

}  // namespace

fs::path shipped_model() {
  return find_folder("models/digits", "config.json", ErrorKind::model,
                     "the model that ships with Sotto is", ", or name a model with --model");
}

fs::path shipped_comparison() {
  return find_folder("compare", "peer.py", ErrorKind::io, "the scripts that run other engines are",
                     "");
}

}  // namespace sotto::apps
