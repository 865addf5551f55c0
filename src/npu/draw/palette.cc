#include "npu/draw/palette.h"

#include <algorithm>
#include <set>

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

/// As it is, darker, lighter, and so on.
Colour shade(Colour colour, std::size_t number) {
  constexpr double kTowards[] = {0, 0, 1, 0, 1}, kHow[] = {0, 0.3, 0.4, 0.5, 0.62};
  const double to = kTowards[number % 5], part = kHow[number % 5];
  const auto mix = [&](double value) { return value + part * (to - value); };
  return {mix(colour.red), mix(colour.green), mix(colour.blue), colour.alpha};
}

}  // namespace

Palette::Palette(const design::ArrayProgram& program) {
  std::set<std::string> names;
  for (const auto& made : program.connections) names.insert(made.stream);
  std::map<std::string, std::size_t> kinds;
  for (const std::string& name : names) {
    const auto [kind, is_new] = kinds.insert({stem_of(name), kinds_.size()});
    if (is_new) kinds_.emplace_back();
    kinds_[kind->second].push_back(name);
  }
  const bool few = names.size() <= std::size(kColours);
  std::size_t given = 0;
  for (const Kind& kind : kinds_) {
    for (std::size_t i = 0; i < kind.size(); ++i) {
      by_name_[kind[i]] = shade(rgb(kColours[given % std::size(kColours)]), few ? 0 : i);
      given += few || i + 1 == kind.size();
    }
  }
}

Colour Palette::of(const std::string& name) const {
  const auto found = by_name_.find(name.substr(0, name.find('.')));
  return found == by_name_.end() ? rgb(0x9AA5B1) : found->second;
}

}  // namespace sotto::npu::draw
