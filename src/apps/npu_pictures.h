// The pictures that "sotto npu" writes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "npu/draw/pictures.h"

namespace sotto::apps {

struct NpuPictureFiles {
  std::optional<std::filesystem::path> svg, png;
  bool any() const { return svg || png; }
};

/// Throws Error when a file cannot be written.
void write_picture(const NpuPictureFiles& files, const npu::draw::Picture& picture);

}  // namespace sotto::apps
