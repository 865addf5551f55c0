#include "cpu/convolutions.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/half.h"
#include "cpu/bf16.h"
#include "cpu/int16.h"

namespace sotto::cpu {
namespace {

// In this file B is the lanes of a block, D the width.

std::size_t area(std::int64_t a, std::int64_t b) {
  return static_cast<std::size_t>(a * b);
}

/// Outputs of one task of the second convolution: their weights stay in the second-level cache from
/// one block to the next.
constexpr int kOutputs = 128;

/// Frames of d inputs (FrameLayout); those before the first and after the last are zeros.
template <typename Number>
class Frames {
 public:
  /// Inputs that share a lane, and so a row.
  static constexpr int kInLane = sizeof(float) / sizeof(Number);

  Frames(int n_frames, int d, int block)
      : layout_(n_frames, blocks_of(d, kInLane), block),
        block_(block),
        numbers_(area(layout_.size(), kInLane)) {}

  const FrameLayout& layout() const { return layout_; }
  const Number* block(std::int64_t block) const {
    return numbers_.data() + kInLane * layout_.at(0, block);
  }
  Number* at(int odd, std::int64_t block) {
    return numbers_.data() + kInLane * layout_.at(odd, block);
  }

  /// Once frames of a block are there: those that the block beside needs go there, too.
  void share(int odd, std::int64_t block) {
    const std::int64_t beside = odd == 1 ? block + 1 : block - 1;
    if (beside < 0 || beside == layout_.n_blocks()) return;
    const Number* from = at(odd, block) + kInLane * (odd == 1 ? block_ - 1 : 0);
    Number* to = at(odd, beside) + kInLane * (odd == 1 ? -1 : block_);
    for (int row = 0; row < layout_.n_rows(); ++row) {
      std::copy_n(from, kInLane, to);
      from += kInLane * layout_.row();
      to += kInLane * layout_.row();
    }
  }

 private:
  FrameLayout layout_;
  int block_;
  Buffer<Number> numbers_;
};

/// As a model has them: weight is n_out × n_in × kTaps.
struct ConvolutionParameters {
  ConvolutionParameters(const Parameters& p, int outputs, int inputs)
      : n_out(outputs),
        n_in(inputs),
        weight(p.read("weight", {n_out, n_in, kTaps})),
        bias(p.read("bias", {n_out})) {}

  int n_out;
  int n_in;
  std::vector<float> weight;
  std::vector<float> bias;
};

/// What the convolutions of all numbers have in common.
template <typename Number>
class PackedConvolution {
 public:
  static constexpr int kInLane = Frames<Number>::kInLane;

  int n_panels() const { return blocks_of(n_out_, panel_rows_); }
  /// Panels that a task of the second convolution takes.
  int task_panels() const { return std::max(1, kOutputs / panel_rows_); }

  /// A block of all outputs of a tap's frames; where it goes is left to be said.
  ConvolutionTask<Number> task(const Frames<Number>& x, int odd, std::int64_t block) const {
    const FrameLayout& at = x.layout();
    return {.y = nullptr,
            .y_row = 0,
            .residual = nullptr,
            .x = x.block(block),
            .x_row = at.row(),
            .taps = {at.tap(odd, 0), at.tap(odd, 1), at.tap(odd, 2)},
            .panels = panels_.data(),
            .bias = bias_.data(),
            .n_out = n_out_,
            .n_in = n_in_,
            .panel_begin = 0,
            .panel_end = n_panels()};
  }

 protected:
  /// Panels of `panel_rows` outputs hold number(output, weight). The taps of `group` rows of inputs
  /// stand together, row by row.
  template <typename F>
  PackedConvolution(const Runtime& runtime, const ConvolutionParameters& p, int panel_rows,
                    int group, const F& number)
      : n_out_(p.n_out), n_in_(p.n_in), panel_rows_(panel_rows) {
    const std::ptrdiff_t n_rows = blocks_of(n_in_, kInLane), R = panel_rows;
    const std::size_t size = area(n_panels() * R * kInLane, n_rows * kTaps);
    panels_ = runtime.weights.make<Number>(size, [&](std::span<Number> panels) {
      const float* weight = p.weight.data();
      for (std::ptrdiff_t n = 0; n < n_out_; ++n) {
        for (std::ptrdiff_t c = 0; c < n_in_; ++c) {
          const std::ptrdiff_t row = c / kInLane, begin = row / group * group;
          const std::ptrdiff_t group_rows = std::min<std::ptrdiff_t>(group, n_rows - begin);
          for (std::ptrdiff_t tap = 0; tap < kTaps; ++tap) {
            const std::ptrdiff_t step =
                (n / R * n_rows + begin) * kTaps + tap * group_rows + row - begin;
            panels.data()[(step * R + n % R) * kInLane + c % kInLane] = number(n, *weight++);
          }
        }
      }
    });
    bias_ = runtime.weights.copy(std::span(p.bias), static_cast<std::size_t>(n_out_));
  }

 private:
  int n_out_;
  int n_in_;
  int panel_rows_;
  std::span<const Number> panels_;
  std::span<const float> bias_;
};

// Of each type: run() does a task, to_frames() makes frames of d × B numbers.

class FloatConvolution : public PackedConvolution<float> {
 public:
  using Input = Frames<float>;

  FloatConvolution(const Runtime& runtime, Isa, const ConvolutionParameters& p)
      : PackedConvolution(runtime, p, runtime.kernels.rows, kTapInputs,
                          [](std::ptrdiff_t, float w) { return w; }),
        kernels_(runtime.kernels) {}

  void run(const ConvolutionTask<float>& task) const { kernels_.convolve(task); }
  void to_frames(Input& y, int odd, std::int64_t block, const float* x, int d) const {
    float* to = y.at(odd, block);
    for (int i = 0; i < d; ++i, to += y.layout().row(), x += kernels_.block) {
      std::copy_n(x, kernels_.block, to);
    }
    y.share(odd, block);
  }

 private:
  const Kernels& kernels_;
};

class Bf16Convolution : public PackedConvolution<Bf16> {
 public:
  using Input = Frames<Bf16>;

  Bf16Convolution(const Runtime& runtime, Isa isa, const ConvolutionParameters& p)
      : PackedConvolution(runtime, p, bf16_kernels_for(isa)->rows, 1,
                          [](std::ptrdiff_t, float w) { return f32_to_bf16(w); }),
        kernels_(*bf16_kernels_for(isa)) {}

  void run(const ConvolutionTask<Bf16>& task) const { kernels_.convolve(task); }
  void to_frames(Input& y, int odd, std::int64_t block, const float* x, int d) const {
    kernels_.to_pairs(y.at(odd, block), y.layout().row(), x, d);
    y.share(odd, block);
  }

 private:
  const Bf16Kernels& kernels_;
};

/// Words and their scales.
class WordFrames : public Frames<Word> {
 public:
  WordFrames(int n_frames, int d, int block)
      : Frames(n_frames, d, block), scales(n_frames, blocks_of(d, kWordGroup), block) {}

  Frames<float> scales;
};

/// The scale of each output's weights.
std::span<const float> word_scales(const Runtime& runtime, const ConvolutionParameters& p) {
  const std::size_t size = area(p.n_in, kTaps);
  return runtime.weights.make<float>(area(p.n_out, 1), [&](std::span<float> scales) {
    for (std::size_t n = 0; n < scales.size(); ++n) {
      float top = 0;
      for (const float w : std::span(p.weight).subspan(n * size, size)) {
        top = std::max(top, std::abs(w));
      }
      scales[n] = top / kLargestWord;
    }
  });
}

class Int16Convolution : public PackedConvolution<Word> {
 public:
  using Input = WordFrames;

  Int16Convolution(const Runtime& runtime, Isa isa, const ConvolutionParameters& p)
      : Int16Convolution(runtime, isa, p, word_scales(runtime, p)) {}

  Int16ConvolutionTask task(const WordFrames& x, int odd, std::int64_t block) const {
    return {PackedConvolution::task(x, odd, block), x.scales.block(block), scales_.data()};
  }
  void run(const Int16ConvolutionTask& task) const { kernels_.convolve(task); }
  void to_frames(Input& y, int odd, std::int64_t block, const float* x, int d) const {
    kernels_.quantize({.words = y.at(odd, block),
                       .scales = y.scales.at(odd, block),
                       .row = y.layout().row(),
                       .x = x,
                       .d = d});
    y.share(odd, block);
    y.scales.share(odd, block);
  }

 private:
  Int16Convolution(const Runtime& runtime, Isa isa, const ConvolutionParameters& p,
                   std::span<const float> scales)
      : PackedConvolution(runtime, p, int16_kernels_for(isa).rows, kWordGroup / kInLane,
                          [&](std::ptrdiff_t n, float w) {
                            const float scale = scales[static_cast<std::size_t>(n)];
                            return static_cast<Word>(scale > 0 ? std::lrint(w / scale) : 0);
                          }),
        kernels_(int16_kernels_for(isa)),
        scales_(scales) {}

  const Int16Kernels& kernels_;
  std::span<const float> scales_;
};

/// B frames of a window, even or odd ones, zeros after the last.
void take_frames(float* out, const model::MelWindow& mel, int odd, std::int64_t block, int width) {
  const std::int64_t begin = 2 * block * width + odd;
  const auto n =
      static_cast<int>(std::clamp<std::int64_t>((mel.n_frames + 1 - begin) / 2, 0, width));
  for (int band = 0; band < mel.n_mels; ++band, out += width) {
    const float* const from = mel.data + band * mel.stride + begin;
    for (int lane = 0; lane < n; ++lane) out[lane] = from[2 * lane];
    std::fill(out + n, out + width, 0.0f);
  }
}

template <typename Convolution>
class TypedConvolutions final : public Convolutions {
 public:
  TypedConvolutions(const Runtime& runtime, Isa isa, const Parameters& p, const model::Dims& dims)
      : runtime_(runtime),
        dims_(dims),
        conv1_(runtime, isa, {p / "conv1", dims.n_audio_state, dims.n_mels}),
        conv2_(runtime, isa, {p / "conv2", dims.n_audio_state, dims.n_audio_state}),
        mel_(dims.n_mel_frames(), dims.n_mels, runtime.kernels.block),
        convolved_(dims.n_mel_frames(), dims.n_audio_state, runtime.kernels.block),
        scratch_(static_cast<std::size_t>(runtime.pool.size()) * scratch_size()) {}

  void operator()(float* y, const model::MelWindow& mel, const float* positions) override {
    SOTTO_CHECK(mel.n_mels == dims_.n_mels && mel.n_frames == dims_.n_mel_frames());
    const int width = runtime_.kernels.block, n_blocks = mel_.layout().n_blocks();
    runtime_.parallel_for(2 * n_blocks, [&](std::int64_t i, int thread) {
      const int odd = static_cast<int>(i % 2);
      take_frames(scratch(thread), mel, odd, i / 2, width);
      conv1_.to_frames(mel_, odd, i / 2, scratch(thread), dims_.n_mels);
    });
    runtime_.parallel_for(2 * n_blocks, [&](std::int64_t i, int thread) {
      const int odd = static_cast<int>(i % 2);
      auto task = conv1_.task(mel_, odd, i / 2);
      task.y = scratch(thread);
      task.y_row = width;
      conv1_.run(task);
      conv2_.to_frames(convolved_, odd, i / 2, scratch(thread), dims_.n_audio_state);
    });
    const int n_runs = blocks_of(conv2_.n_panels(), conv2_.task_panels());
    runtime_.parallel_for(std::int64_t{n_runs} * n_blocks, [&](std::int64_t i, int) {
      const std::int64_t block = i % n_blocks;
      const std::ptrdiff_t at = block * dims_.n_audio_state * width;
      auto task = conv2_.task(convolved_, 0, block);
      task.y = y + at;
      task.y_row = width;
      task.residual = positions + at;
      task.panel_begin = static_cast<int>(i / n_blocks) * conv2_.task_panels();
      task.panel_end = std::min(task.panel_begin + conv2_.task_panels(), conv2_.n_panels());
      conv2_.run(task);
    });
  }

 private:
  std::size_t scratch_size() const {
    return area(std::max(dims_.n_mels, dims_.n_audio_state), runtime_.kernels.block);
  }
  float* scratch(int thread) {
    return scratch_.data() + static_cast<std::size_t>(thread) * scratch_size();
  }

  const Runtime& runtime_;
  model::Dims dims_;
  Convolution conv1_;
  Convolution conv2_;
  typename Convolution::Input mel_;
  typename Convolution::Input convolved_;
  Buffer<float> scratch_;  // B frames, by thread
};

}  // namespace

std::string_view name_of(ConvolutionType type) {
  switch (type) {
    case ConvolutionType::float32:
      return "float32";
    case ConvolutionType::bfloat16:
      return "bfloat16";
    case ConvolutionType::int16:
      return "int16";
  }
  SOTTO_CHECK(false);
}

std::unique_ptr<Convolutions> make_convolutions(const Runtime& runtime, Isa isa,
                                                ConvolutionType type, const Parameters& p,
                                                const model::Dims& dims) {
  switch (type) {
    case ConvolutionType::float32:
      return std::make_unique<TypedConvolutions<FloatConvolution>>(runtime, isa, p, dims);
    case ConvolutionType::bfloat16:
      SOTTO_CHECK(bf16_kernels_for(isa) != nullptr);
      return std::make_unique<TypedConvolutions<Bf16Convolution>>(runtime, isa, p, dims);
    case ConvolutionType::int16:
      return std::make_unique<TypedConvolutions<Int16Convolution>>(runtime, isa, p, dims);
  }
  SOTTO_CHECK(false);
}

}  // namespace sotto::cpu
