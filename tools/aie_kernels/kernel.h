// One of AMD's kernels as a shared object, and what the checks of its results share.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <random>
#include <string>

#include "npu/kernels/host/bf16.h"
#include "npu/kernels/host/core_ports.h"

namespace sotto::aie_kernels {

/// A loaded kernel. Its functions run on a core of its own, fresh from reset. It stays loaded until
/// the program ends: an error that it throws is caught later, and its code lies there.
class Kernel {
 public:
  explicit Kernel(const std::string& path);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// The function (or table) of that name; throws if there is none.
  template <typename Symbol>
  Symbol* get(const std::string& name) const {
    return reinterpret_cast<Symbol*>(find(name));
  }
  bool has(const std::string& name) const;
  npu::host::CoreState& core() { return core_; }

 private:
  void* find(const std::string& name) const;
  void* handle_;
  npu::host::CoreState core_;
};

/// `size` elements at a multiple of 64 bytes, with as many spare ones behind: some kernels read on.
template <typename T>
class Buffer {
 public:
  explicit Buffer(std::size_t size)
      : size_(size), data_(new(std::align_val_t(64)) T[2 * size + 64]()) {}
  Buffer(std::size_t size, const std::function<T(std::size_t)>& value) : Buffer(size) {
    for (std::size_t i = 0; i < size; ++i) data_.get()[i] = value(i);
  }
  T* data() { return data_.get(); }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }
  std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, std::align_val_t(64)); }
  };
  std::size_t size_;
  std::unique_ptr<T[], Free> data_;
};

/// Random integers in [low, high].
template <typename T>
Buffer<T> random_integers(std::size_t size, int low, int high, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_int_distribution<int> distribution(low, high);
  return Buffer<T>(size, [&](std::size_t) { return static_cast<T>(distribution(engine)); });
}
/// Random numbers in [low, high).
template <typename T>
Buffer<T> random_numbers(std::size_t size, float low, float high, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> distribution(low, high);
  return Buffer<T>(size, [&](std::size_t) { return static_cast<T>(distribution(engine)); });
}

/// What a check found: the largest error (in units of what is allowed) and where.
class Result {
 public:
  /// `got` must be within `allowed` of `expected`; allowed 0 means equal.
  void compare(double got, double expected, double allowed, const std::string& where);
  bool passed() const { return compared_ > 0 && failures_ == 0; }
  std::string summary() const;

 private:
  std::size_t compared_ = 0;
  std::size_t failures_ = 0;
  double worst_ = 0;  ///< largest |got - expected|
  std::string first_failure_;
};

using Check = std::function<void(Kernel&, Result&)>;
using Checks = std::map<std::string, Check>;  ///< by configuration

void add_convolutions(Checks& checks);
void add_floats(Checks& checks);
void add_images(Checks& checks);
void add_matrices(Checks& checks);

}  // namespace sotto::aie_kernels
