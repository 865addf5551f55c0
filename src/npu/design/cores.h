// What cores run: kernels, and the statements that take objects, call kernels and pass objects on.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "npu/design/values.h"

namespace sotto::npu::design {
// --- cores

/// What a kernel's parameter is to the kernel.
enum class Access : std::uint8_t { in, out, in_out, number, lock };
struct Parameter {
  Access access = Access::number;
  Element element = Element::i32;
  int count = 0;  ///< elements behind the pointer; 0: as many as there are
};

struct Kernel {
  std::string symbol;
  std::vector<Parameter> parameters;
  int program_bytes = 0;
  int stack_bytes = 0;
  int static_bytes = 0;  ///< constants and tables in data memory
  Where where;
};

/// The n-th of the acquired objects of an end.
struct HeldObject {
  EndRef end;
  int which = 0;
};
/// For cores that own their locks: a fixed buffer of an end, and the number of its lock as the core
/// sees it.
struct RingBuffer {
  EndRef end;
  int index = 0;
};
struct RingLock {
  EndRef end;
  enum class Which : std::uint8_t { empty, full } which = Which::empty;
};
/// A word that the sequence wrote, read at each call.
struct ParameterWord {
  BufferRef buffer;
  int index = 0;
};
using Argument =
    std::variant<std::int32_t, HeldObject, RingBuffer, RingLock, BufferRef, LockRef, ParameterWord>;

struct Acquire {
  EndRef end;
  int count = 1;
};
struct Release {
  EndRef end;
  int count = 1;
};
struct Call {
  KernelRef kernel;
  std::vector<Argument> arguments;
};
struct Statement;
struct Loop {
  int times = 1;
  std::vector<Statement> body;
};
struct Statement {
  std::variant<Acquire, Release, Call, Loop> action;
  Where where;
};

/// The program of a core tile: its statements, over and over. One that owns its locks is a single
/// call that never returns; then `shares` says what a dispatch makes it take and give.
struct Core {
  struct Share {
    EndRef end;
    int objects = 0;
  };
  TileRef tile;
  std::vector<Statement> body;
  int stack_bytes = 1024;
  std::vector<Share> shares = {};
  bool owns_locks = false;
  Where where;
};

}  // namespace sotto::npu::design
