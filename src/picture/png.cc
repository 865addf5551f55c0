// The only file that sees Cairo.
#include <cairo.h>

#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/sanitizers.h"
#include "picture/picture.h"

#ifdef SOTTO_ASAN
// Fontconfig, through which Cairo finds fonts, keeps what it has read to the end.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions() {
  return "leak:libfontconfig";
}
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_options() {
  return "print_suppressions=0";
}
#endif

namespace sotto::picture {
namespace {

class CairoCanvas : public Canvas {
 public:
  explicit CairoCanvas(cairo_t* cairo) : cairo_(cairo) {
    cairo_set_line_join(cairo_, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cairo_, CAIRO_LINE_CAP_ROUND);
  }

  void fill(const Box& box, Colour colour, double radius) override {
    rectangle(box, radius);
    use(colour);
    cairo_fill(cairo_);
  }
  void frame(const Box& box, Colour colour, double width, double radius) override {
    rectangle(box, radius);
    stroke(colour, width);
  }
  void line(const std::vector<Point>& points, Colour colour, double width) override {
    path(points);
    stroke(colour, width);
  }
  void area(const std::vector<Point>& points, Colour colour) override {
    path(points);
    cairo_close_path(cairo_);
    use(colour);
    cairo_fill(cairo_);
  }
  void text(Point at, const std::string& text, double size, Colour colour, Side side,
            bool bold) override {
    cairo_select_font_face(cairo_, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo_, size);
    cairo_text_extents_t extents;
    cairo_text_extents(cairo_, text.c_str(), &extents);
    const double part = side == Side::left ? 0 : side == Side::middle ? 0.5 : 1;
    cairo_move_to(cairo_, at.x - part * extents.x_advance, at.y);
    use(colour);
    cairo_show_text(cairo_, text.c_str());
    cairo_new_path(cairo_);
  }

 private:
  void use(Colour c) { cairo_set_source_rgba(cairo_, c.red, c.green, c.blue, c.alpha); }
  void stroke(Colour colour, double width) {
    use(colour);
    cairo_set_line_width(cairo_, width);
    cairo_stroke(cairo_);
  }
  void path(const std::vector<Point>& points) {
    for (const Point& point : points) cairo_line_to(cairo_, point.x, point.y);
  }
  void rectangle(const Box& box, double radius) {
    if (radius <= 0) return cairo_rectangle(cairo_, box.x, box.y, box.width, box.height);
    const double right = box.x + box.width - radius, left = box.x + radius;
    const double bottom = box.y + box.height - radius, top = box.y + radius;
    const double quarter = std::acos(0.0);
    cairo_new_sub_path(cairo_);
    cairo_arc(cairo_, right, top, radius, -quarter, 0);
    cairo_arc(cairo_, right, bottom, radius, 0, quarter);
    cairo_arc(cairo_, left, bottom, radius, quarter, 2 * quarter);
    cairo_arc(cairo_, left, top, radius, 2 * quarter, 3 * quarter);
    cairo_close_path(cairo_);
  }

  cairo_t* const cairo_;
};

cairo_status_t append(void* out, const unsigned char* bytes, unsigned count) {
  static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), count);
  return CAIRO_STATUS_SUCCESS;
}

}  // namespace

std::string to_png(const Picture& picture, double scale) {
  const std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                 static_cast<int>(std::ceil(picture.width * scale)),
                                 static_cast<int>(std::ceil(picture.height * scale))),
      cairo_surface_destroy);
  const std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo(cairo_create(surface.get()),
                                                           cairo_destroy);
  // All of it: the last row of pixels may be more than the picture is high.
  cairo_set_source_rgb(cairo.get(), 1, 1, 1);
  cairo_paint(cairo.get());
  cairo_scale(cairo.get(), scale, scale);
  CairoCanvas canvas(cairo.get());
  picture.draw(canvas);
  std::string out;
  cairo_status_t status = cairo_status(cairo.get());
  if (status == CAIRO_STATUS_SUCCESS) {
    status = cairo_surface_write_to_png_stream(surface.get(), append, &out);
  }
  if (status != CAIRO_STATUS_SUCCESS) {
    fail(ErrorKind::unsupported, "the picture '", picture.title, "' of ", picture.width, " x ",
         picture.height, " cannot be drawn: ", cairo_status_to_string(status));
  }
  return out;
}

}  // namespace sotto::picture
