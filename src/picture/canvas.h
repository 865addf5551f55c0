// What pictures are drawn on. Lengths are those of the picture's units, y grows downwards.
#pragma once

#include <string>
#include <vector>

namespace sotto::picture {

struct Colour {
  double red = 0, green = 0, blue = 0, alpha = 1;
};
/// 0xRRGGBB.
constexpr Colour rgb(unsigned value, double alpha = 1) {
  return {(value >> 16 & 0xFF) / 255.0, (value >> 8 & 0xFF) / 255.0, (value & 0xFF) / 255.0, alpha};
}

struct Point {
  double x = 0, y = 0;
};
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};
enum class Side { left, middle, right };

class Canvas {
 public:
  virtual ~Canvas() = default;
  /// `radius`: of its corners.
  virtual void fill(const Box& box, Colour colour, double radius = 0) = 0;
  virtual void frame(const Box& box, Colour colour, double width, double radius = 0) = 0;
  /// Through all points, with round corners.
  virtual void line(const std::vector<Point>& points, Colour colour, double width) = 0;
  virtual void area(const std::vector<Point>& points, Colour colour) = 0;
  /// `at`: of the base line, at that side of the text.
  virtual void text(Point at, const std::string& text, double size, Colour colour,
                    Side side = Side::left, bool bold = false) = 0;
};

/// About as wide as the text is: fonts differ.
inline double text_width(const std::string& text, double size) {
  return 0.6 * size * static_cast<double>(text.size());
}

}  // namespace sotto::picture
