// The weights of a model, wherever they come from: names → checked views of mapped files.
//
// Every file format is one loader (safetensors.h, ggml.h, …) that fills a Weights with
// openai/whisper's tensor names, for example
//   encoder.conv1.weight [D, n_mels, 3]      decoder.token_embedding.weight [n_vocab, D]
//   encoder.blocks.0.attn.query.weight [D, D]  decoder.blocks.0.cross_attn.out.bias [D]
//   encoder.blocks.0.mlp.0.weight [F, D]     decoder.positional_embedding [n_text_ctx, D]
// (attn.key has no bias). Shapes are listed slowest dimension first, data is row-major, so a linear
// layer's weight is [outputs, inputs].
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "model/config.h"

namespace sotto::model {

enum class DType { f32, f16, bf16 };

std::string_view name_of(DType type);
std::size_t bytes_of(DType type);

using Shape = std::vector<std::int64_t>;

/// "[512, 80, 3]"
std::string to_string(const Shape& shape);

/// One tensor inside a mapped file. `data` need not be aligned.
struct Tensor {
  DType type = DType::f32;
  Shape shape;
  const std::byte* data = nullptr;

  std::int64_t size() const;  ///< number of elements
};

/// The parts of a model that can be asked for.
enum class Part { encoder, decoder };

class Weights {
 public:
  /// Keeps what tensors point into (a mapped file, a buffer) for as long as this object lives.
  void keep(std::shared_ptr<const void> owner);
  void keep(std::shared_ptr<const MappedFile> file);
  /// Adds a tensor under openai's name. Throws Error{model} when the name is there already.
  void add(std::string name, Tensor tensor);
  bool contains(std::string_view name) const;

  /// The tensor `name`, which must have `shape`. Throws Error{model}.
  const Tensor& at(std::string_view name, const Shape& shape) const;

  /// The tensor as f32 numbers, `out.size()` of them: f16 and bf16 convert exactly.
  /// Throws Error{model} naming tensor and index when one is NaN or infinite, or as at() does;
  /// Error{interrupted} after Ctrl-C.
  void read(std::string_view name, const Shape& shape, std::span<float> out) const;

  /// Throws Error{model} naming tensor and index when any number is NaN or infinite.
  void check_finite() const;

  /// Throws Error{model} unless every tensor of `part` is there with the shape `dims` gives it.
  void check(const Dims& dims, Part part) const;

  /// Throws Error{model} unless the tensors are those of both parts, and no other. A tensor that
  /// Whisper does not have belongs to a changed model (an adapter, a quantization), which would
  /// give other results without it.
  void check_complete(const Dims& dims) const;

  const std::map<std::string, Tensor, std::less<>>& tensors() const { return tensors_; }
  using Files = std::vector<std::shared_ptr<const MappedFile>>;
  /// Those that are kept, in the order in which they came.
  const Files& files() const { return files_; }
  /// Names the file or folder in errors.
  std::string source;
  /// From openai's name of a tensor to the file's own, for errors; empty where they are the same.
  std::function<std::string(std::string_view)> name_in_file;

 private:
  std::string shown(std::string_view name) const;

  std::map<std::string, Tensor, std::less<>> tensors_;
  std::vector<std::shared_ptr<const void>> owners_;
  Files files_;
};

/// Name and shape of every tensor of `part`, in the order of the layers.
std::vector<std::pair<std::string, Shape>> required_tensors(const Dims& dims, Part part);

}  // namespace sotto::model
