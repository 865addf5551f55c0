#include "apps/progress.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/numbers.h"

namespace sotto::apps {
namespace {

/// "77×": whole above ten, where a digit more would only flicker.
std::string speed(double audio, double elapsed) {
  const double times = elapsed > 0 ? audio / elapsed : 0;
  return concat(decimals(times, times < 10 ? 1 : 0), "×");
}

/// "1:02:03", "2:03", "0:03"
std::string clock(double seconds) {
  const auto total = static_cast<long long>(std::ceil(seconds));
  std::array<char, 64> text;
  if (total >= 3600) {
    std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", total / 3600, total / 60 % 60,
                  total % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02lld", total / 60, total % 60);
  }
  return text.data();
}

}  // namespace

std::string progress_bar(double fraction) {
  constexpr int kWidth = 20;
  const int filled = static_cast<int>(fraction * kWidth);
  std::string line = decimals(std::floor(fraction * 100), 0) + "%";
  line.insert(0, 4 - line.size(), ' ');
  return concat(line, " [", std::string(static_cast<std::size_t>(filled), '#'),
                std::string(static_cast<std::size_t>(kWidth - filled), '.'), "]");
}

std::string progress_line(double done, double all, double elapsed) {
  const double fraction = all > 0 ? std::clamp(done / all, 0.0, 1.0) : 1;
  std::string line =
      concat(progress_bar(fraction), " ", decimals(done, 1), " of ", decimals(all, 1), " s");
  if (done > 0 && elapsed > 0) {
    line += concat(", ", speed(done, elapsed), " realtime, ", clock((all - done) * elapsed / done),
                   " left");
  }
  return line;
}

std::string cut_to_width(std::string_view line, std::size_t columns) {
  const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; };
  std::size_t end = 0;
  for (std::size_t width = 0; end < line.size(); ++end) {
    if (begins_character(line[end]) && width++ == columns) break;
  }
  return std::string(line.substr(0, end));
}

std::string summary_line(const std::string& name, double audio, double elapsed,
                         std::string_view arithmetic) {
  return concat(name, ": ", decimals(audio, 1), " s of audio in ",
                decimals(elapsed, elapsed < 1 ? 2 : 1), " s (", speed(audio, elapsed),
                " realtime, ", arithmetic, ")");
}

}  // namespace sotto::apps
