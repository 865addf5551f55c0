// A layout as the registers of a DMA take it: words, innermost dimension first. The rules that it
// must keep are checked where it is made.
#pragma once

#include "npu/design/check/findings.h"
#include "npu/design/values.h"
#include "npu/device.h"

namespace sotto::npu::design {

/// Sizes, steps and pads in words of 32 bits.
struct Pattern {
  std::int64_t offset = 0;  ///< of the first word in its buffer
  std::int64_t length = 0;  ///< moved through the stream, zeros included
  std::vector<Dim> dims;    ///< innermost first; empty: `length` words in a row
  std::vector<Pad> pads;    ///< innermost first; empty: none
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

/// What to make a pattern of. `what` names it in messages: "fifo 'a' at core (0,2)".
struct PatternRequest {
  std::string what = {};
  TileKind kind = TileKind::core;
  Direction direction = Direction::s2mm;
  Element element = Element::i32;
  std::int64_t offset = 0;  ///< elements
  std::int64_t count = 0;   ///< elements in memory; 0: as many as the layout has
  Layout layout = {};
  std::vector<Pad> padding = {};
  std::source_location where = {};
};

/// Reports what the DMA of that tile cannot do. What is returned then is of no use.
Pattern make_pattern(const PatternRequest& request, Findings& findings);

/// Of a descriptor that starts `stride` elements further every time, `wrap` times: whether the DMA
/// can.
void check_iteration(const PatternRequest& request, std::int64_t stride, int wrap,
                     Findings& findings);

/// The last element that the layout touches, counted from its first.
std::int64_t reach_of(const Layout& layout);

}  // namespace sotto::npu::design
