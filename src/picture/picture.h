// A picture that can be drawn on any canvas, and its files.
#pragma once

#include <functional>
#include <string>

#include "picture/canvas.h"

namespace sotto::picture {

struct Picture {
  std::string title;
  double width = 0, height = 0;
  std::function<void(Canvas&)> draw;
};

/// The content of a file: texts are texts, and the same picture is the same bytes.
std::string to_svg(const Picture& picture);
/// By Cairo, with so many pixels for a unit. Throws Error if it cannot.
std::string to_png(const Picture& picture, double scale = 1.5);

/// One above the other.
Picture above(Picture upper, Picture lower);

}  // namespace sotto::picture
