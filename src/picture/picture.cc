#include "picture/picture.h"

#include <algorithm>
#include <utility>

namespace sotto::picture {
namespace {

/// Everything further down.
class Moved : public Canvas {
 public:
  Moved(Canvas& canvas, double down) : canvas_(canvas), down_(down) {}
  void fill(const Box& box, Colour colour, double radius) override {
    canvas_.fill(moved(box), colour, radius);
  }
  void frame(const Box& box, Colour colour, double width, double radius) override {
    canvas_.frame(moved(box), colour, width, radius);
  }
  void line(const std::vector<Point>& points, Colour colour, double width) override {
    canvas_.line(moved(points), colour, width);
  }
  void area(const std::vector<Point>& points, Colour colour) override {
    canvas_.area(moved(points), colour);
  }
  void text(Point at, const std::string& text, double size, Colour colour, Side side,
            bool bold) override {
    canvas_.text({at.x, at.y + down_}, text, size, colour, side, bold);
  }

 private:
  Box moved(const Box& box) const { return {box.x, box.y + down_, box.width, box.height}; }
  std::vector<Point> moved(std::vector<Point> points) const {
    for (Point& point : points) point.y += down_;
    return points;
  }

  Canvas& canvas_;
  const double down_;
};

}  // namespace

Picture above(Picture upper, Picture lower) {
  const double down = upper.height;
  Picture both{upper.title, std::max(upper.width, lower.width), down + lower.height, {}};
  both.draw = [upper = std::move(upper), lower = std::move(lower), down](Canvas& canvas) {
    upper.draw(canvas);
    Moved moved(canvas, down);
    lower.draw(moved);
  };
  return both;
}

}  // namespace sotto::picture
