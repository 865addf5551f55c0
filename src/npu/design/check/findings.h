// What a check has to say: a category for programs, a line for people.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sotto::npu::design {

/// One rule each; name() is how messages and tests call it. The rule is said in category_rule().
enum class Category : unsigned char {
  device,
  tile,
  reference,
  duplicate,
  no_producer,
  no_consumer,
  link,
  type_mismatch,
  depth,
  core_program,
  held_objects,
  reach,
  program_bytes,
  stack_bytes,
  memory_bytes,
  bank_bytes,
  dma_channels,
  dma_descriptors,
  word_rule,
  dimensions,
  wrap,
  step,
  length,
  padding,
  layout,
  locks,
  lock_value,
  stream_ports,
  unroutable,
  balance,
  host_buffers,
  host_bounds,
  sequence,
  runs,
  burst,
  queue_depth,
  waits,
  shim_descriptors,
  deadlock,
};
inline constexpr int kCategories = static_cast<int>(Category::deadlock) + 1;

std::string_view name(Category category);
/// The rule in one line.
std::string_view rule(Category category);
/// What helps, in one line.
std::string_view advice(Category category);

struct Finding {
  Category category;
  std::string message;
  std::source_location where;
};
/// "gemm.cc:52: no_producer: fifo 'q': …"
std::string to_string(const Finding& finding);

/// A design is wrong: everything that was found.
class DesignError : public std::runtime_error {
 public:
  DesignError(const std::string& design, std::vector<Finding> findings);
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  std::vector<Finding> findings_;
};

class Findings {
 public:
  template <typename... Args>
  void add(Category category, const std::source_location& where, const Args&... args) {
    list_.push_back({category, concat(args...), where});
  }
  const std::vector<Finding>& list() const { return list_; }
  bool empty() const { return list_.empty(); }
  /// For a step that must not go on when it found something itself.
  std::size_t count() const { return list_.size(); }

 private:
  std::vector<Finding> list_;
};

}  // namespace sotto::npu::design
