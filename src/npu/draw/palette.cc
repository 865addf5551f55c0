#include "npu/draw/palette.h"

#include <algorithm>

namespace sotto::npu::draw {
namespace {

// Distinct for most eyes, in the order in which they are given.
constexpr unsigned kColours[] = {0x0072B2, 0xE69F00, 0x009E73, 0xCC79A7, 0x56B4E9, 0xD55E00,
                                 0x7B5EA7, 0x8C6D31, 0x3B3B98, 0x5D8C00, 0xA23B72, 0x607D8B};

std::string stem_of(const std::string& name) {
  std::string stem = name;
  for (char& c : stem) {
    if (c >= '0' && c <= '9') c = '#';
  }
  return stem;
}

}  // namespace

Palette::Palette(const design::ArrayProgram& program) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const auto& made : program.connections) add(made.stream);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string stem = stem_of(name);
    auto kind = std::find_if(kinds_.begin(), kinds_.end(),
                             [&](const Kind& known) { return known.stem == stem; });
    if (kind == kinds_.end()) {
      kinds_.push_back({stem, {}, rgb(kColours[kinds_.size() % std::size(kColours)])});
      kind = kinds_.end() - 1;
    }
    kind->names.push_back(name);
    by_name_[name] = static_cast<std::size_t>(kind - kinds_.begin());
  }
}

Colour Palette::of(const std::string& name) const {
  const auto found = by_name_.find(name.substr(0, name.find('.')));
  return found == by_name_.end() ? rgb(0x9AA5B1) : kinds_[found->second].colour;
}

}  // namespace sotto::npu::draw
