// What instructions compute, apart from when. Registers hold one token per unit; what a token means
// is up to the semantics: by default a hash of where it comes from, so that two runs that compute
// the same things have the same tokens.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "npu/core/loop.h"

namespace sotto::npu::core {

using Token = uint64_t;
/// The units of one operand.
using Tokens = std::vector<Token>;

/// An instruction under way, with what it has read and will write.
struct Execution {
  Opcode opcode{};
  const std::string* suffix = nullptr;
  AddressMode mode = AddressMode::none;
  int64_t immediate = 0;
  const Access* access = nullptr;
  int64_t iteration = 0;
  int64_t cycle = 0;  ///< of its memory access
  std::vector<Tokens> uses, defs;
  int operation = -1, piece = 0;  ///< where it comes from (program.h)
};

class Semantics {
 public:
  virtual ~Semantics() = default;
  /// Called when the address operands are read: fills the defs that a post-increment updates, which
  /// are those from index `info(opcode).defs.size()` on.
  virtual void address(Execution& execution) = 0;
  /// Called when all operands are read and memory is accessed: fills the other defs.
  virtual void execute(Execution& execution) = 0;
  /// Whether a jump out of the call with this condition is taken.
  virtual bool is_taken(const Tokens& /*condition*/) const { return false; }
};

/// Tokens are hashes; memory is a token per byte of an object, of all that was ever stored there.
class HashSemantics : public Semantics {
 public:
  void address(Execution& execution) override;
  void execute(Execution& execution) override;

  struct Byte {
    Token token = 0;
    int64_t written = -1, read = -1;  ///< cycles
  };
  using Memory = std::map<std::pair<int, int64_t>, Byte>;
  const Memory& memory() const { return memory_; }
  /// Stores through pointers whose object is unknown, in order.
  Token unknown_memory() const { return unknown_; }

  /// A hash of a list of tokens.
  static Token hash(const Tokens& tokens);

 private:
  Byte& at(int object, int64_t byte);
  Token load(const Execution& execution);
  void store(const Execution& execution, Token token);

  Memory memory_;
  Token unknown_ = 1;
};

/// The same stores, whatever their cycles; those of spilled values do not count.
bool same_memory(const HashSemantics& a, const HashSemantics& b);

}  // namespace sotto::npu::core
