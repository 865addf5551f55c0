#include "apps/picture_files.h"

#include "base/error.h"
#include "base/file.h"

namespace sotto::apps {

void check_picture_folders(const PictureFiles& files) {
  for (const auto& file : {files.svg, files.png}) {
    if (!file || !file->has_parent_path()) continue;
    std::error_code ignored;
    if (!std::filesystem::is_directory(file->parent_path(), ignored)) {
      fail(ErrorKind::io, "cannot write ", file->string(), ": there is no folder ",
           file->parent_path().string());
    }
  }
}

void write_picture(const PictureFiles& files, const picture::Picture& picture) {
  if (files.svg) write_file_atomically(*files.svg, picture::to_svg(picture));
  if (files.png) write_file_atomically(*files.png, picture::to_png(picture));
}

}  // namespace sotto::apps
