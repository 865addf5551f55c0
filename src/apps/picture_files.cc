#include "apps/picture_files.h"

#include "base/file.h"

namespace sotto::apps {

void write_picture(const PictureFiles& files, const picture::Picture& picture) {
  if (files.svg) write_file_atomically(*files.svg, picture::to_svg(picture));
  if (files.png) write_file_atomically(*files.png, picture::to_png(picture));
}

}  // namespace sotto::apps
