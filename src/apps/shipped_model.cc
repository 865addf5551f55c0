#include "apps/shipped_model.h"

#include "base/error.h"

namespace sotto::apps {

namespace fs = std::filesystem;

fs::path shipped_model() {
  const fs::path folder = fs::read_symlink("/proc/self/exe").parent_path();
  const fs::path installed = (folder / SOTTO_MODELS_FROM_PROGRAM / "digits").lexically_normal();
  // The build folder holds a link to the repository's models.
  const fs::path built = (folder / "../../models/digits").lexically_normal();
  for (const fs::path& path : {installed, built}) {
    std::error_code error;
    if (fs::exists(path / "config.json", error)) return path;
  }
  fail(ErrorKind::model, "the model that ships with Sotto is neither in ", installed.string(),
       " nor in ", built.string(), ": reinstall Sotto, or name a model with --model");
}

}  // namespace sotto::apps
