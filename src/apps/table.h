// Tables of text for terminals.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace sotto::apps {

/// Rows of cells; the first row is the heading.
class Table {
 public:
  /// Of each column, '<' or '>': where its cells stand.
  explicit Table(std::string sides) : sides_(std::move(sides)) {}
  void add(std::vector<std::string> row) {
    SOTTO_CHECK(row.size() == sides_.size());
    rows_.push_back(std::move(row));
  }

  std::string text() const {
    std::vector<std::size_t> widths(sides_.size());
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string all;
    for (const auto& row : rows_) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string blanks(widths[i] - row[i].size(), ' ');
        line += (i == 0 ? "" : "  ") + (sides_[i] == '<' ? row[i] + blanks : blanks + row[i]);
      }
      all += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return all;
  }

 private:
  std::string sides_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sotto::apps
