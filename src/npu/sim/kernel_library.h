// What the cores of a program can call: by symbol, the function that the host runs for it and what
// a call costs. Passed in; the simulator knows no kernel itself.
//
//   KernelLibrary library;
//   library.add("gemm_bf16", host_function(gemm_bf16), [](const CallArguments&) { return
//   Cost{5407}; }); library.add_program("encoder_core", host_function(encoder_core));
//
// A kernel runs to its end; a program takes and gives locks itself, waits, and spends cycles
// with spend_cycles(). Kernels write through pointers to what is not const, and only there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "npu/sim/costs.h"

namespace sotto::npu::sim {

/// An argument of a call: a number, or what lies behind a pointer. In a simulation without data
/// `memory` is null; `address` is as the core sees it.
struct CallArgument {
  bool is_pointer = false;
  std::int32_t number = 0;
  std::uint32_t address = 0;
  std::byte* memory = nullptr;
};
using CallArguments = std::vector<CallArgument>;

struct Cost {
  Cycle cycles = 0;
  /// For each argument that is a pointer, in how many of these cycles the core uses the bank where
  /// it lies; may be shorter than the arguments. Only these cycles compete with the DMA.
  std::vector<Cycle> bank_cycles = {};
};
using CostFunction = std::function<Cost(const CallArguments&)>;

/// How the host calls a kernel.
struct HostFunction {
  std::function<void(const CallArguments&)> run;
  std::vector<bool> writes;  ///< by parameter: a pointer to what is not const
};

struct KernelEntry {
  HostFunction host;  ///< `run` may be empty: timing only
  CostFunction cost;
  bool owns_locks = false;
};

class KernelLibrary {
 public:
  void add(std::string symbol, HostFunction host, CostFunction cost) {
    entries_[std::move(symbol)] = {std::move(host), std::move(cost), false};
  }
  void add(std::string symbol, HostFunction host, Cycle cycles) {
    add(std::move(symbol), std::move(host),
        [cycles](const CallArguments&) { return Cost{cycles}; });
  }
  /// Runs as a coroutine (kernels/host/fiber.h) with its locks behind host::CorePorts.
  void add_program(std::string symbol, HostFunction host) {
    entries_[std::move(symbol)] = {std::move(host), {}, true};
  }
  /// Throws Error{usage} if there is none.
  const KernelEntry& at(const std::string& symbol) const {
    const auto found = entries_.find(symbol);
    if (found == entries_.end()) {
      fail(ErrorKind::usage, "simulator: the kernel library has no '", symbol,
           "', which a core calls");
    }
    return found->second;
  }

 private:
  std::map<std::string, KernelEntry> entries_;
};

namespace detail {
template <typename T>
T converted(const CallArgument& argument) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(argument.memory);
  } else {
    return static_cast<T>(argument.number);
  }
}
}  // namespace detail

/// Of a plain function: pointers and integers.
template <typename... P>
HostFunction host_function(void (*function)(P...)) {
  const auto run = [function]<std::size_t... I>(const CallArguments& call,
                                                std::index_sequence<I...>) {
    function(detail::converted<P>(call[I])...);
  };
  return {[run](const CallArguments& call) {
            if (call.size() != sizeof...(P)) {
              fail(ErrorKind::usage, "simulator: a kernel with ", sizeof...(P),
                   " parameters is called with ", call.size(), " arguments");
            }
            run(call, std::index_sequence_for<P...>());
          },
          {(std::is_pointer_v<P> && !std::is_const_v<std::remove_pointer_t<P>>)...}};
}

/// For programs that own their locks: the running core is busy for so long. Does nothing outside
/// of a simulated core.
void spend_cycles(Cycle cycles);
/// The same for a kernel that the program calls: as long as the core's library says.
void spend_cycles_of(const std::string& symbol, const CallArguments& arguments);

/// Calls a kernel from a program, at its cost: charged("gemm_bf16", gemm_bf16, c, a, b, 8).
template <typename R, typename... P, typename... A>
R charged(const char* symbol, R (*kernel)(P...), A... arguments) {
  const auto described = [](auto argument) {
    CallArgument result;
    if constexpr (std::is_pointer_v<decltype(argument)>) {
      result.is_pointer = true;
    } else {
      result.number = static_cast<std::int32_t>(argument);
    }
    return result;
  };
  spend_cycles_of(symbol, {described(arguments)...});
  return kernel(arguments...);
}

}  // namespace sotto::npu::sim
