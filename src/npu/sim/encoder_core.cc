#include "npu/sim/encoder_core.h"

#include "npu/kernels/kernels.h"
#include "npu/kernels/phase.h"

// The program is compiled a second time with its calls replaced; what they call stays the same.
#define SOTTO_CHARGED(kernel, ...) ::sotto::npu::sim::charged(#kernel, ::kernel, __VA_ARGS__)
#define passthrough(...) SOTTO_CHARGED(passthrough, __VA_ARGS__)
#define zero_blocks(...) SOTTO_CHARGED(zero_blocks, __VA_ARGS__)
#define gemm_bf16_tile(...) SOTTO_CHARGED(gemm_bf16_tile, __VA_ARGS__)
#define row_statistics(...) SOTTO_CHARGED(row_statistics, __VA_ARGS__)
#define finish_statistics(...) SOTTO_CHARGED(finish_statistics, __VA_ARGS__)
#define bias_sums(...) SOTTO_CHARGED(bias_sums, __VA_ARGS__)
#define normalise_sums(...) SOTTO_CHARGED(normalise_sums, __VA_ARGS__)
#define clear_sums(...) SOTTO_CHARGED(clear_sums, __VA_ARGS__)
#define round_strip_a(...) SOTTO_CHARGED(round_strip_a, __VA_ARGS__)
#define round_strip_k(...) SOTTO_CHARGED(round_strip_k, __VA_ARGS__)
#define round_strip_v(...) SOTTO_CHARGED(round_strip_v, __VA_ARGS__)
#define round_parts(...) SOTTO_CHARGED(round_parts, __VA_ARGS__)
#define invert_sums(...) SOTTO_CHARGED(invert_sums, __VA_ARGS__)
#define add_plane(...) SOTTO_CHARGED(add_plane, __VA_ARGS__)
#define gelu_sums(...) SOTTO_CHARGED(gelu_sums, __VA_ARGS__)
#define attention_reference(...) SOTTO_CHARGED(attention_reference, __VA_ARGS__)
#define attention_weights(...) SOTTO_CHARGED(attention_weights, __VA_ARGS__)
#define attention_again(...) SOTTO_CHARGED(attention_again, __VA_ARGS__)
#define encoder_core charged_encoder_core
#include "npu/kernels/encoder_core.cc"
#undef encoder_core

void sotto::npu::sim::add_encoder_core(KernelLibrary& library) {
  library.add_program("encoder_core", host_function(charged_encoder_core));
}
