#include <cmath>
#include <cstdio>

#include "picture/picture.h"

namespace sotto::picture {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  std::string result = text;
  while (result.back() == '0') result.pop_back();
  if (result.back() == '.') result.pop_back();
  return result == "-0" ? "0" : result;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return result;
}

class SvgCanvas : public Canvas {
 public:
  explicit SvgCanvas(std::string& out) : out_(out) {}

  void fill(const Box& box, Colour colour, double radius) override {
    rectangle(box, radius);
    out_ += paint("fill", colour) + "/>\n";
  }
  void frame(const Box& box, Colour colour, double width, double radius) override {
    rectangle(box, radius);
    out_ += " fill=\"none\"" + paint("stroke", colour) + attribute("stroke-width", width) + "/>\n";
  }
  void line(const std::vector<Point>& points, Colour colour, double width) override {
    out_ += "<polyline points=\"" + list(points) + "\" fill=\"none\"" + paint("stroke", colour) +
            attribute("stroke-width", width) +
            " stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n";
  }
  void area(const std::vector<Point>& points, Colour colour) override {
    out_ += "<polygon points=\"" + list(points) + "\"" + paint("fill", colour) + "/>\n";
  }
  void text(Point at, const std::string& text, double size, Colour colour, Side side,
            bool bold) override {
    constexpr const char* kAnchors[] = {"start", "middle", "end"};
    out_ += "<text" + attribute("x", at.x) + attribute("y", at.y) + attribute("font-size", size) +
            paint("fill", colour);
    if (side != Side::left) {
      out_ += std::string(" text-anchor=\"") + kAnchors[static_cast<int>(side)] + "\"";
    }
    if (bold) out_ += " font-weight=\"bold\"";
    out_ += ">" + escaped(text) + "</text>\n";
  }

 private:
  static std::string attribute(const char* name, double value) {
    return std::string(" ") + name + "=\"" + number(value) + "\"";
  }
  static std::string paint(const char* name, Colour colour) {
    char text[64];
    std::snprintf(text, sizeof(text), " %s=\"#%02x%02x%02x\"", name,
                  static_cast<int>(std::lround(colour.red * 255)),
                  static_cast<int>(std::lround(colour.green * 255)),
                  static_cast<int>(std::lround(colour.blue * 255)));
    std::string result = text;
    if (colour.alpha < 1) {
      result += std::string(" ") + name + "-opacity=\"" + number(colour.alpha) + "\"";
    }
    return result;
  }
  static std::string list(const std::vector<Point>& points) {
    std::string result;
    for (const Point& point : points) {
      if (!result.empty()) result += ' ';
      result += number(point.x) + "," + number(point.y);
    }
    return result;
  }
  void rectangle(const Box& box, double radius) {
    out_ += "<rect" + attribute("x", box.x) + attribute("y", box.y) +
            attribute("width", box.width) + attribute("height", box.height);
    if (radius > 0) out_ += attribute("rx", radius);
  }

  std::string& out_;
};

}  // namespace

std::string to_svg(const Picture& picture) {
  const std::string width = number(picture.width), height = number(picture.height);
  std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" +
                    height + "\" viewBox=\"0 0 " + width + " " + height +
                    "\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n<title>" +
                    escaped(picture.title) + "</title>\n";
  SvgCanvas canvas(out);
  canvas.fill({0, 0, picture.width, picture.height}, rgb(0xFFFFFF), 0);
  picture.draw(canvas);
  return out + "</svg>\n";
}

}  // namespace sotto::picture
