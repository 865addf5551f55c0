// The pictures that commands write.
#pragma once

#include <filesystem>
#include <optional>

#include "picture/picture.h"

namespace sotto::apps {

struct PictureFiles {
  std::optional<std::filesystem::path> svg, png;
  bool any() const { return svg || png; }
};

/// Throws Error{io} when a file's folder is not there: before what is drawn is computed.
void check_picture_folders(const PictureFiles& files);

/// Throws Error when a file cannot be written.
void write_picture(const PictureFiles& files, const picture::Picture& picture);

}  // namespace sotto::apps
