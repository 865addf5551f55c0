#include "model/weights.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/half.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace sotto::model {
namespace {

/// The n-th number of a tensor of type Raw, wherever in memory it begins.
template <typename Raw>
Raw load(const std::byte* data, std::size_t n) {
  Raw value;
  std::memcpy(&value, data + n * sizeof(Raw), sizeof(Raw));
  return value;
}

void convert(const Tensor& tensor, std::span<float> out) {
  switch (tensor.type) {
    case DType::f32:
      std::memcpy(out.data(), tensor.data, out.size_bytes());
      break;
    case DType::f16:
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = f16_to_f32(load<std::uint16_t>(tensor.data, i));
      }
      break;
    case DType::bf16:
      for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = bf16_to_f32(load<std::uint16_t>(tensor.data, i));
      }
      break;
  }
}

using Tensors = std::vector<std::pair<std::string, Shape>>;

void add_layer_norm(Tensors& list, const std::string& name, int width) {
  list.emplace_back(name + ".weight", Shape{width});
  list.emplace_back(name + ".bias", Shape{width});
}

void add_linear(Tensors& list, const std::string& name, int outputs, int inputs) {
  list.emplace_back(name + ".weight", Shape{outputs, inputs});
  list.emplace_back(name + ".bias", Shape{outputs});
}

void add_convolution(Tensors& list, const std::string& name, int outputs, int inputs) {
  list.emplace_back(name + ".weight", Shape{outputs, inputs, 3});
  list.emplace_back(name + ".bias", Shape{outputs});
}

/// LayerNorm, then multi-head attention; the key projection has no bias.
void add_attention(Tensors& list, const std::string& name, int width) {
  add_layer_norm(list, name + "_ln", width);
  add_linear(list, name + ".query", width, width);
  list.emplace_back(name + ".key.weight", Shape{width, width});
  add_linear(list, name + ".value", width, width);
  add_linear(list, name + ".out", width, width);
}

void add_mlp(Tensors& list, const std::string& block, int width, int ffn) {
  add_layer_norm(list, block + ".mlp_ln", width);
  add_linear(list, block + ".mlp.0", ffn, width);
  add_linear(list, block + ".mlp.2", width, ffn);
}

Tensors encoder_tensors(const Dims& dims) {
  Tensors list;
  const int width = dims.n_audio_state;
  add_convolution(list, "encoder.conv1", width, dims.n_mels);
  add_convolution(list, "encoder.conv2", width, width);
  list.emplace_back("encoder.positional_embedding", Shape{dims.n_audio_ctx, width});
  for (int layer = 0; layer < dims.n_audio_layer; ++layer) {
    const std::string block = "encoder.blocks." + std::to_string(layer);
    add_attention(list, block + ".attn", width);
    add_mlp(list, block, width, dims.n_audio_ffn);
  }
  add_layer_norm(list, "encoder.ln_post", width);
  return list;
}

Tensors decoder_tensors(const Dims& dims) {
  Tensors list;
  const int width = dims.n_text_state;
  list.emplace_back("decoder.token_embedding.weight", Shape{dims.n_vocab, width});
  list.emplace_back("decoder.positional_embedding", Shape{dims.n_text_ctx, width});
  for (int layer = 0; layer < dims.n_text_layer; ++layer) {
    const std::string block = "decoder.blocks." + std::to_string(layer);
    add_attention(list, block + ".attn", width);
    add_attention(list, block + ".cross_attn", width);
    add_mlp(list, block, width, dims.n_text_ffn);
  }
  add_layer_norm(list, "decoder.ln", width);
  return list;
}

}  // namespace

std::string_view name_of(DType type) {
  switch (type) {
    case DType::f32:
      return "f32";
    case DType::f16:
      return "f16";
    case DType::bf16:
      return "bf16";
  }
  SOTTO_CHECK(!"a DType");
}

std::size_t bytes_of(DType type) {
  return type == DType::f32 ? 4 : 2;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(size);
  }
  return text + "]";
}

std::int64_t Tensor::size() const {
  std::int64_t product = 1;
  for (const std::int64_t n : shape) product *= n;
  return product;
}

void Weights::keep(std::shared_ptr<const void> owner) {
  owners_.push_back(std::move(owner));
}

void Weights::keep(std::shared_ptr<const MappedFile> file) {
  files_.push_back(std::move(file));
}

void Weights::add(std::string name, Tensor tensor) {
  const auto [place, added] = tensors_.try_emplace(std::move(name), std::move(tensor));
  if (!added) fail(ErrorKind::model, source, ": tensor ", shown(place->first), " is there twice");
}

bool Weights::contains(std::string_view name) const {
  return tensors_.find(name) != tensors_.end();
}

std::string Weights::shown(std::string_view name) const {
  return printable(name_in_file ? name_in_file(name) : std::string(name));
}

const Tensor& Weights::at(std::string_view name, const Shape& shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    fail(ErrorKind::model, source, ": tensor ", shown(name), " is missing; it should be ",
         to_string(shape));
  }
  const Tensor& tensor = found->second;
  if (tensor.shape != shape) {
    fail(ErrorKind::model, source, ": tensor ", shown(name), " is ", to_string(tensor.shape),
         ", and the model's sizes make it ", to_string(shape));
  }
  return tensor;
}

void Weights::read(std::string_view name, const Shape& shape, std::span<float> out) const {
  check_interrupted();
  const Tensor& tensor = at(name, shape);
  SOTTO_CHECK(static_cast<std::int64_t>(out.size()) == tensor.size());
  convert(tensor, out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!std::isfinite(out[i])) {
      fail(ErrorKind::model, source, ": tensor ", shown(name), " holds ", out[i], " at index ", i,
           "; weights must be finite, so the file is damaged or the model did not train well");
    }
  }
}

void Weights::check_finite() const {
  std::vector<float> numbers;
  for (const auto& [name, tensor] : tensors_) {
    numbers.resize(static_cast<std::size_t>(tensor.size()));
    read(name, tensor.shape, numbers);
  }
}

void Weights::check(const Dims& dims, Part part) const {
  for (const auto& [name, shape] : required_tensors(dims, part)) at(name, shape);
}

void Weights::check_complete(const Dims& dims) const {
  std::set<std::string_view> known;
  Tensors required = encoder_tensors(dims);
  std::ranges::move(decoder_tensors(dims), std::back_inserter(required));
  for (const auto& [name, shape] : required) {
    at(name, shape);
    known.insert(name);
  }
  for (const auto& [name, tensor] : tensors_) {
    if (known.contains(name)) continue;
    fail(ErrorKind::model, source, ": there is a tensor ", shown(name), " ",
         to_string(tensor.shape),
         ", which a Whisper model of these sizes does not have; adapters "
         "must be merged into the model, and quantized models are not read");
  }
}

std::vector<std::pair<std::string, Shape>> required_tensors(const Dims& dims, Part part) {
  return part == Part::encoder ? encoder_tensors(dims) : decoder_tensors(dims);
}

}  // namespace sotto::model
