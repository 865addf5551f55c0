// Which colour a FIFO has. Where there are few, each has its own; of many, those of one kind, whose
// names differ in their digits only, have shades of one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "npu/design/array_program.h"
#include "picture/canvas.h"

namespace sotto::npu::draw {

using namespace picture;

class Palette {
 public:
  explicit Palette(const design::ArrayProgram& program);

  /// FIFOs of one kind, by name: "a_row0", "a_row1" …
  using Kind = std::vector<std::string>;
  const std::vector<Kind>& kinds() const { return kinds_; }
  /// Of a stream, or of a buffer or lock of its FIFO ("a_row0.in0[1]").
  Colour of(const std::string& name) const;

 private:
  std::vector<Kind> kinds_;
  std::map<std::string, Colour> by_name_;
};

inline constexpr Colour kInk = rgb(0x1F2933), kFaint = rgb(0x8A949E), kLine = rgb(0xC9D1D9),
                        kPaper = rgb(0xF6F8FA), kAlarm = rgb(0xC62828);

}  // namespace sotto::npu::draw
