#include "apps/npu_pictures.h"

#include "base/file.h"

namespace sotto::apps {

void write_picture(const NpuPictureFiles& files, const npu::draw::Picture& picture) {
  if (files.svg) write_file_atomically(*files.svg, npu::draw::to_svg(picture));
  if (files.png) write_file_atomically(*files.png, npu::draw::to_png(picture));
}

}  // namespace sotto::apps
