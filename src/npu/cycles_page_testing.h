// Tables of docs/npu/cycles.md, for tests. What its table of kernels says is what npu/cycles
// computes: apps/npu_kernel_page_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"

namespace sotto::npu::testing {

/// Its lines below a heading such as "| kernel |", as they stand there.
inline std::vector<std::string> page_rows(std::string_view heading) {
  std::istringstream page(read_text_file(sotto::testing::source_path("docs/npu/cycles.md")));
  std::string line;
  while (std::getline(page, line) && !line.starts_with(heading)) continue;
  std::getline(page, line);  // |---|
  std::vector<std::string> rows;
  while (std::getline(page, line) && line.starts_with("|")) rows.push_back(line);
  SOTTO_CHECK(!rows.empty());
  return rows;
}

/// "| `name` | 1,234 |" has the cells "`name`" and "1,234".
inline std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream left(row.substr(1));
  for (std::string cell; std::getline(left, cell, '|');) {
    const std::size_t first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
    cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return cells;
}

/// "1,234" is 1234.
inline std::int64_t number_of(std::string cell) {
  std::erase(cell, ',');
  return std::stoll(cell);
}

/// Scheduled cycles of a call.
inline std::int64_t page_cycles(std::string_view kernel) {
  for (const std::string& row : page_rows("| kernel |")) {
    const std::vector<std::string> cells = cells_of(row);
    if (cells.at(0) != concat("`", kernel, "`")) continue;
    return number_of(cells.at(1));
  }
  fail(ErrorKind::unsupported, "docs/npu/cycles.md has no row of ", kernel);
}

}  // namespace sotto::npu::testing
