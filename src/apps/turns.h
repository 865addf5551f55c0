// Keeps what is said of several files in their order while they are worked on together.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace sotto::apps {

class Turns {
 public:
  /// Does `what` at once when it is this file's turn, else when its turn comes. Files are numbered
  /// from 0 as they begin.
  void say(std::size_t file, std::function<void()> what) {
    if (is_turn_of(file)) {
      what();
    } else {
      of(file).waiting.push_back(std::move(what));
    }
  }

  bool is_turn_of(std::size_t file) const { return file == current_; }

  /// Nothing more is said of this file.
  void finish(std::size_t file) {
    of(file).finished = true;
    while (current_ < files_.size() && files_[current_].finished) {
      ++current_;
      if (current_ == files_.size()) break;
      for (const auto& what : std::exchange(files_[current_].waiting, {})) what();
    }
  }

 private:
  struct File {
    std::vector<std::function<void()>> waiting;
    bool finished = false;
  };

  File& of(std::size_t file) {
    if (file >= files_.size()) files_.resize(file + 1);
    return files_[file];
  }

  std::size_t current_ = 0;
  std::vector<File> files_;
};

}  // namespace sotto::apps
