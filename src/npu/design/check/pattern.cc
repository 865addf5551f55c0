#include "npu/design/check/pattern.h"

#include <algorithm>

namespace sotto::npu::design {
namespace {

/// A divisor of size, at most limit, whose quotient is at most limit too; 0 if there is none.
std::int64_t fitting_divisor(std::int64_t size, std::int64_t limit) {
  for (std::int64_t divisor = std::min(size - 1, limit); divisor > 1; --divisor) {
    if (size % divisor == 0 && size / divisor <= limit) return divisor;
  }
  return 0;
}

class Maker {
 public:
  Maker(const PatternRequest& request, Findings& findings)
      : in_(request), dma_(dma_of(request.kind)), findings_(findings) {}

  Pattern run() {
    for (const Dim& dim : in_.layout) {
      if (dim.size < 1) {
        add(Category::layout, "dimension of size ", dim.size);
        return {};
      }
    }
    check_count();
    if (!to_words()) return {};
    check_padding();
    if (out_.pads.empty()) drop_ones();
    check_dimensions();
    if (out_.pads.empty() && is_linear()) out_.dims.clear();
    finish_length();
    return std::move(out_);
  }

 private:
  template <typename... Args>
  void add(Category category, const Args&... args) {
    findings_.add(category, in_.where, in_.what, ": ", args...);
  }

  void check_count() {
    std::int64_t count = 1;
    for (const Dim& dim : in_.layout) count = product(count, dim.size);
    if (!in_.layout.empty() && in_.count != 0 && count != in_.count) {
      add(Category::layout, "its layout moves ", count, " elements of ", in_.count);
    }
  }

  /// Elements to words. The innermost run must be whole words, everything else a multiple.
  bool to_words() {
    const int bytes = bytes_of(in_.element);
    const auto words = [&](const char* what, std::int64_t elements) {
      if (elements % kWordBytes * bytes % kWordBytes != 0) {
        add(Category::word_rule, what, " of ", elements, " elements is ", product(elements, bytes),
            " bytes, not a multiple of 4");
        return std::int64_t{-1};
      }
      return product(elements, bytes) / kWordBytes;
    };
    out_.offset = words("an offset", in_.offset);
    Layout layout = in_.layout;
    if (layout.empty()) layout = {{in_.count, 1}};
    if (bytes < kWordBytes && layout.back().stride != 1) {
      add(Category::word_rule, "the innermost stride is ", layout.back().stride, "; elements of ",
          bytes, " bytes need 1");
      return false;
    }
    for (auto dim = layout.rbegin(); dim != layout.rend(); ++dim) {
      const bool innermost = dim == layout.rbegin();
      // The stride of a single step does not matter.
      const bool no_stride = (innermost && bytes < kWordBytes) || dim->size == 1;
      const Dim converted = {innermost ? words("a run", dim->size) : dim->size,
                             no_stride ? 1 : words("a stride", dim->stride)};
      if (converted.size < 0 || (converted.stride < 0 && dim->stride >= 0)) return false;
      out_.dims.push_back(converted);
    }
    for (auto pad = in_.padding.rbegin(); pad != in_.padding.rend(); ++pad) {
      const bool innermost = pad == in_.padding.rbegin();
      const std::int64_t before = innermost ? words("a pad", pad->before) : pad->before;
      const std::int64_t after = innermost ? words("a pad", pad->after) : pad->after;
      if (before < 0 || after < 0) return false;
      out_.pads.push_back({static_cast<int>(before), static_cast<int>(after)});
    }
    return out_.offset >= 0;
  }

  void check_padding() {
    if (out_.pads.empty()) return;
    if (in_.kind != TileKind::memory || in_.direction != Direction::mm2s) {
      add(Category::padding, "only a memory tile that sends can add zeros");
    }
    if (out_.pads.size() != out_.dims.size()) {
      add(Category::padding, out_.pads.size(), " pads for ", out_.dims.size(), " dimensions");
      out_.pads.resize(out_.dims.size());
    }
    for (std::size_t i = 0; i < out_.pads.size(); ++i) {
      const int limit = i < kMemoryDma.pad_max.size() ? kMemoryDma.pad_max[i] : 0;
      const int most = std::max(out_.pads[i].before, out_.pads[i].after);
      if (most > limit) {
        add(Category::padding, most, i == 0 ? " words" : " rows", " of zeros in dimension ", i,
            " (0 is the innermost); the limit is ", limit);
      }
    }
  }

  void drop_ones() {
    std::erase_if(out_.dims, [](const Dim& dim) { return dim.size == 1; });
  }

  bool is_linear() const {
    std::int64_t expected = 1;
    for (const Dim& dim : out_.dims) {
      if (dim.stride != expected) return false;
      expected = product(expected, dim.size);
    }
    return true;
  }

  void check_dimensions() {
    if (out_.pads.empty() && is_linear()) return;
    const std::size_t most = static_cast<std::size_t>(dma_.dimensions);
    if (out_.dims.size() > most) {
      add(Category::dimensions, out_.dims.size(), " dimensions; the DMA has ", most);
      return;
    }
    // The outermost dimension ends with the length. A large one moves to the top, which has no wrap
    // register, behind dimensions of size 1.
    if (out_.pads.empty() && out_.dims.back().size > dma_.wrap_max) {
      while (out_.dims.size() < most) out_.dims.insert(out_.dims.end() - 1, Dim{1, 1});
    }
    for (std::size_t i = 0; i < out_.dims.size(); ++i) check_dimension(i, i + 1 < most);
  }

  void check_dimension(std::size_t i, bool has_wrap) {
    const Dim& dim = out_.dims[i];
    if (has_wrap && dim.size > dma_.wrap_max) {
      const std::int64_t divisor = fitting_divisor(dim.size, dma_.wrap_max);
      add(Category::wrap, "dimension ", i, " (0 is the innermost) has ", dim.size,
          i == 0 ? " words" : " steps", "; the limit is ", dma_.wrap_max,
          divisor == 0 ? std::string()
                       : concat(" (as two dimensions, ", dim.size / divisor, " x ", divisor,
                                ", each would fit)"));
    }
    if (dim.size > 1 && (dim.stride < 1 || dim.stride > dma_.step_max)) {
      add(Category::step, "dimension ", i, " (0 is the innermost) steps ", dim.stride,
          " words; 1 to ", dma_.step_max, " can be had", dim.stride == 0 ? " (no repeating)" : "");
    }
  }

  void finish_length() {
    out_.length = 1;
    if (out_.dims.empty()) {
      std::int64_t count = in_.layout.empty() ? in_.count : 1;
      for (const Dim& dim : in_.layout) count = product(count, dim.size);
      out_.length = product(count, bytes_of(in_.element)) / kWordBytes;
    }
    for (std::size_t i = 0; i < out_.dims.size(); ++i) {
      const Pad pad = out_.pads.empty() ? Pad{} : out_.pads[i];
      out_.length = product(out_.length, out_.dims[i].size + pad.before + pad.after);
    }
    if (out_.length < 1 || out_.length > dma_.length_max) {
      add(Category::length, out_.length, " words; a descriptor moves 1 to ", dma_.length_max);
    }
  }

  const PatternRequest& in_;
  const DmaFacts& dma_;
  Findings& findings_;
  Pattern out_;
};

}  // namespace

Pattern make_pattern(const PatternRequest& request, Findings& findings) {
  return Maker(request, findings).run();
}

void check_iteration(const PatternRequest& request, std::int64_t stride, int wrap,
                     Findings& findings) {
  const std::int64_t bytes = product(stride, bytes_of(request.element));
  const std::int64_t most = dma_of(request.kind).step_max;
  if (wrap < 1 || wrap > kIterationMax) {
    findings.add(Category::runs, request.where, request.what, ": starts ", wrap,
                 " times further on; 1 to ", kIterationMax, " can be had");
  }
  if (wrap <= 1) return;
  if (bytes % kWordBytes != 0) {
    findings.add(Category::word_rule, request.where, request.what, ": runs start ", bytes,
                 " bytes apart, not a multiple of 4");
  } else if (bytes < kWordBytes || bytes / kWordBytes > most) {
    findings.add(Category::step, request.where, request.what, ": runs start ", bytes / kWordBytes,
                 " words apart; 1 to ", most, " can be had");
  }
}

std::int64_t reach_of(const Layout& layout) {
  std::int64_t last = 0;
  for (const Dim& dim : layout) last += product(dim.size - 1, dim.stride);
  return last;
}

}  // namespace sotto::npu::design
