// The core's streams and its cascade, by the names that Peano's headers give them (llvm-aie:
// aiev2_streams.h).
#pragma once

#include <bit>
#include <cstring>

#include "accum.hpp"
#include "npu/kernels/host/core_ports.h"

// --- streams: 32 bits a word; wider values go lowest word first

namespace sotto::npu::host {

/// The lanes' bits as words, lowest first.
template <typename Register>
std::array<std::uint32_t, sizeof(Register) / 4> words_of(const Register& value) {
  std::array<std::uint32_t, sizeof(Register) / 4> words;
  std::memcpy(words.data(), &value, sizeof(words));
  return words;
}
template <typename Register>
Register from_words(const std::array<std::uint32_t, sizeof(Register) / 4>& words) {
  Register value;
  std::memcpy(static_cast<void*>(&value), words.data(), sizeof(words));
  return value;
}

template <typename T>
concept StreamScalar = sizeof(T) == 4 && std::is_trivially_copyable_v<T>;

/// The word that stands for a scalar. Of a float Peano sends the integer that it converts to, and
/// converts what it receives as one (aiev2_streams.h casts): send the bits of a float as int.
template <StreamScalar T>
std::uint32_t stream_word(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<std::uint32_t>(static_cast<std::int32_t>(value));
  } else {
    return std::bit_cast<std::uint32_t>(value);
  }
}

}  // namespace sotto::npu::host

template <sotto::npu::host::StreamScalar T>
void put_ms(T value, int last = 0) {
  sotto::npu::host::ports("put_ms").write_stream(
      {sotto::npu::host::stream_word(value), (last & 1) != 0});
}
/// `enable` is not looked at, on the core neither.
template <typename T>
void put_ms(const T& value, int /*enable*/, int last) {
  put_ms(value, last);
}
template <sotto::npu::host::StreamScalar T>
void put_ms_nb(T value, int last, bool& success) {
  success = sotto::npu::host::ports("put_ms_nb")
                .try_write_stream({sotto::npu::host::stream_word(value), (last & 1) != 0});
}
template <sotto::npu::host::StreamScalar T>
void put_ms_nb(T value, bool& success) {
  put_ms_nb(value, 0, success);
}
template <typename T, unsigned Elems>
  requires(sizeof(aie::vector<T, Elems>) > 4)
void put_ms(const aie::vector<T, Elems>& value, int last = 0) {
  const auto words = sotto::npu::host::words_of(value);
  for (unsigned i = 0; i < words.size(); ++i) {
    put_ms(words[i], i + 1 == words.size() ? last : 0);
  }
}

inline int get_ss(bool& last) {
  const sotto::npu::host::StreamWord word = sotto::npu::host::ports("get_ss").read_stream();
  last = word.last;
  return static_cast<int>(word.value);
}
inline int get_ss() {
  bool last = false;
  return get_ss(last);
}
inline int get_ss_nb(bool& success, bool& last) {
  sotto::npu::host::StreamWord word;
  success = sotto::npu::host::ports("get_ss_nb").try_read_stream(word);
  last = word.last;
  return static_cast<int>(word.value);
}
inline int get_ss_nb(bool& success) {
  bool last = false;
  return get_ss_nb(success, last);
}
inline int get_ss_int() {
  return get_ss();
}
inline int get_ss_int(bool& last) {
  return get_ss(last);
}
inline unsigned get_ss_uint() {
  return static_cast<unsigned>(get_ss());
}
inline unsigned get_ss_uint(bool& last) {
  return static_cast<unsigned>(get_ss(last));
}
inline float get_ss_float() {
  return static_cast<float>(get_ss());
}
inline float get_ss_float(bool& last) {
  return static_cast<float>(get_ss(last));
}

namespace sotto::npu::host {

/// A register read word by word from the stream.
template <typename Register>
Register read_stream_register() {
  std::array<std::uint32_t, sizeof(Register) / 4> words;
  for (std::uint32_t& word : words) word = get_ss_uint();
  return from_words<Register>(words);
}

// --- cascade: 512 bits a beat; a wider register is two, the lower half first

template <typename Register>
void put_cascade(const Register& value) {
  static_assert(sizeof(Register) % sizeof(CascadeWord) == 0);
  std::array<CascadeWord, sizeof(Register) / sizeof(CascadeWord)> beats;
  std::memcpy(beats.data(), &value, sizeof(beats));
  for (const CascadeWord& beat : beats) ports("put_mcd").write_cascade(beat);
}
template <typename Register>
Register get_cascade() {
  static_assert(sizeof(Register) % sizeof(CascadeWord) == 0);
  std::array<CascadeWord, sizeof(Register) / sizeof(CascadeWord)> beats;
  for (CascadeWord& beat : beats) beat = ports("get_scd").read_cascade();
  Register value;
  std::memcpy(static_cast<void*>(&value), beats.data(), sizeof(beats));
  return value;
}

}  // namespace sotto::npu::host

template <typename T, unsigned Elems>
void put_mcd(const aie::vector<T, Elems>& value) {
  sotto::npu::host::put_cascade(value);
}
template <typename Tag, unsigned Elems>
void put_mcd(const aie::accum<Tag, Elems>& value) {
  sotto::npu::host::put_cascade(value);
}
/// `enable` zero: nothing is sent.
template <typename Register>
void put_mcd(const Register& value, int enable) {
  if (enable != 0) put_mcd(value);
}

// get_ss_v16int32(), get_scd_v16int32() and so on, for the registers of 512 and 1024 bits.
#define SOTTO_AIE_READ(name, ...)                          \
  inline __VA_ARGS__ get_scd_##name() {                    \
    return sotto::npu::host::get_cascade<__VA_ARGS__>();   \
  }                                                        \
  inline __VA_ARGS__ get_scd_##name(int enable) {          \
    return enable != 0 ? get_scd_##name() : __VA_ARGS__(); \
  }
#define SOTTO_AIE_READ_VECTOR(name, ...)                          \
  SOTTO_AIE_READ(name, __VA_ARGS__)                               \
  inline __VA_ARGS__ get_ss_##name() {                            \
    return sotto::npu::host::read_stream_register<__VA_ARGS__>(); \
  }
SOTTO_AIE_READ_VECTOR(v64int8, aie::vector<int8, 64>)
SOTTO_AIE_READ_VECTOR(v64uint8, aie::vector<uint8, 64>)
SOTTO_AIE_READ_VECTOR(v32int16, aie::vector<int16, 32>)
SOTTO_AIE_READ_VECTOR(v32uint16, aie::vector<uint16, 32>)
SOTTO_AIE_READ_VECTOR(v16int32, aie::vector<int32, 16>)
SOTTO_AIE_READ_VECTOR(v16uint32, aie::vector<uint32, 16>)
SOTTO_AIE_READ_VECTOR(v32bfloat16, aie::vector<bfloat16, 32>)
SOTTO_AIE_READ_VECTOR(v16float, aie::vector<float, 16>)
SOTTO_AIE_READ_VECTOR(v128int8, aie::vector<int8, 128>)
SOTTO_AIE_READ_VECTOR(v128uint8, aie::vector<uint8, 128>)
SOTTO_AIE_READ_VECTOR(v64int16, aie::vector<int16, 64>)
SOTTO_AIE_READ_VECTOR(v64uint16, aie::vector<uint16, 64>)
SOTTO_AIE_READ_VECTOR(v32int32, aie::vector<int32, 32>)
SOTTO_AIE_READ_VECTOR(v32uint32, aie::vector<uint32, 32>)
SOTTO_AIE_READ(v16acc32, aie::accum<acc32, 16>)
SOTTO_AIE_READ(v32acc32, aie::accum<acc32, 32>)
SOTTO_AIE_READ(v8acc64, aie::accum<acc64, 8>)
SOTTO_AIE_READ(v16acc64, aie::accum<acc64, 16>)
SOTTO_AIE_READ(v16accfloat, aie::accum<accfloat, 16>)
SOTTO_AIE_READ(v32accfloat, aie::accum<accfloat, 32>)
#undef SOTTO_AIE_READ_VECTOR
#undef SOTTO_AIE_READ
