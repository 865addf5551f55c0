#include "npu/sim/address_walk.h"

#include <algorithm>

#include "npu/device.h"

namespace sotto::npu::sim {

using design::DescriptorFields;

AddressWalk::AddressWalk(const DescriptorFields& fields) {
  for (std::size_t i = 0; i < dimensions_.size(); ++i) {
    Dimension& dim = dimensions_[i];
    dim.size = fields.dimensions[i].wrap;
    dim.step = fields.dimensions[i].step;
    if (i < fields.zeros.size()) {
      dim.before = fields.zeros[i].before;
      dim.after = fields.zeros[i].after;
    }
  }
  base_ = std::int64_t{fields.iteration_current} * fields.iteration_step;
}

bool AddressWalk::is_zero() const {
  return std::any_of(dimensions_.begin(), dimensions_.end(), [](const Dimension& dim) {
    return dim.at < dim.before || (dim.size != 0 && dim.at >= dim.before + dim.size);
  });
}

std::int64_t AddressWalk::offset() const {
  std::int64_t sum = base_;
  for (const Dimension& dim : dimensions_) sum += (dim.at - dim.before) * dim.step;
  return sum;
}

void AddressWalk::next() {
  for (Dimension& dim : dimensions_) {
    ++dim.at;
    if (dim.size == 0 || dim.at < dim.before + dim.size + dim.after) return;
    dim.at = 0;
  }
}

LineUses lines_of(const DescriptorFields& fields, std::uint32_t base) {
  LineUses lines;
  AddressWalk walk(fields);
  std::int64_t last = -1;
  for (std::uint32_t i = 0; i < fields.length; ++i, walk.next()) {
    if (walk.is_zero()) continue;
    const std::int64_t byte = base + walk.offset() * kWordBytes;
    if (byte / kLineBytes == last) continue;
    last = byte / kLineBytes;
    if (!lines.uses.empty()) lines.regular &= i - lines.uses.back().word >= kLineBytes / kWordBytes;
    lines.uses.push_back({i, static_cast<std::uint32_t>(byte)});
  }
  return lines;
}

Extent extent_of(const DescriptorFields& fields) {
  Extent extent;
  const std::int64_t base = std::int64_t{fields.iteration_current} * fields.iteration_step;
  std::int64_t left = fields.length, last = 0;
  for (std::size_t i = 0; i < fields.dimensions.size(); ++i) {
    const auto& dim = fields.dimensions[i];
    const std::int64_t pads =
        i < fields.zeros.size() ? std::int64_t{fields.zeros[i].before} + fields.zeros[i].after : 0;
    const std::int64_t size = dim.wrap == 0 ? left : std::min<std::int64_t>(dim.wrap, left);
    last += (size - 1) * dim.step;
    left = dim.wrap == 0 ? 1 : std::max<std::int64_t>(1, left / (dim.wrap + pads));
  }
  extent.first = base * kWordBytes;
  extent.last = (base + last) * kWordBytes + kWordBytes - 1;
  return extent;
}

BurstCutter::BurstCutter(const DescriptorFields& fields)
    : address_(fields.address),
      left_(fields.length),
      burst_((std::int64_t{64} << fields.burst) / kWordBytes) {
  run_ = 1;
  std::size_t inner = 0;  // dimensions within a run
  for (const auto& dim : fields.dimensions) {
    if (dim.step != run_ && dim.wrap != 1) break;
    ++inner;
    if (dim.wrap == 0) {
      run_ = left_;
      break;
    }
    run_ *= dim.wrap;
  }
  run_ = std::min(run_, left_);
  run_left_ = run_;
  DescriptorFields outer = fields;
  std::rotate(outer.dimensions.begin(), outer.dimensions.begin() + static_cast<int>(inner),
              outer.dimensions.end());
  for (std::size_t i = outer.dimensions.size() - inner; i < outer.dimensions.size(); ++i) {
    outer.dimensions[i] = {};
  }
  runs_ = AddressWalk(outer);
}

Burst BurstCutter::next() {
  const std::int64_t words = std::min({burst_, run_left_, left_});
  const std::int64_t byte =
      static_cast<std::int64_t>(address_) + (runs_.offset() + run_ - run_left_) * kWordBytes;
  const bool new_page = page_ != byte / kPageBytes;
  page_ = byte / kPageBytes;
  left_ -= words;
  run_left_ -= words;
  if (run_left_ == 0) {
    run_left_ = run_;
    runs_.next();
  }
  return {words, new_page};
}

}  // namespace sotto::npu::sim
