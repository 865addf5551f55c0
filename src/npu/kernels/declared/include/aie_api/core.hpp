// The core around the vector unit, by the names of AMD's API and of Peano's headers: control
// registers, locks, events, streams, cascade. Intrinsics, which are global there, live in a
// namespace of aie, so that their symbols are recognised.
#pragma once

#include "registers.hpp"

namespace aie {

// --- Control registers

enum class rounding_mode : unsigned {
  floor = 0,
  ceil = 1,
  symmetric_floor = 2,
  symmetric_ceil = 3,
  negative_inf = 8,
  positive_inf = 9,
  symmetric_zero = 10,
  symmetric_inf = 11,
  conv_even = 12,
  conv_odd = 13,
};
enum class saturation_mode : unsigned { none = 0, saturate = 1, symmetric = 3 };

void set_rounding(rounding_mode mode);
rounding_mode get_rounding();
rounding_mode swap_rounding(rounding_mode mode);
void set_saturation(saturation_mode mode);
saturation_mode get_saturation();
saturation_mode swap_saturation(saturation_mode mode);

struct tile_id {
  uint16 row, col;
};
class tile {
 public:
  static tile current();
  tile_id global_id() const;
  tile_id id() const;
  uint64 cycles() const;
  void set_saturation(saturation_mode mode) const;
  saturation_mode get_saturation() const;
  void set_rounding(rounding_mode mode) const;
  rounding_mode get_rounding() const;
};

namespace intrinsics {

void set_rnd(unsigned mode);
unsigned get_rnd();
void set_satmode(unsigned mode);
unsigned get_satmode();
void set_sat();
void set_symsat();
void clr_sat();
unsigned get_sat();

inline constexpr unsigned rnd_floor = 0;
inline constexpr unsigned rnd_ceil = 1;
inline constexpr unsigned rnd_sym_floor = 2;
inline constexpr unsigned rnd_sym_ceil = 3;
inline constexpr unsigned rnd_neg_inf = 8;
inline constexpr unsigned rnd_pos_inf = 9;
inline constexpr unsigned rnd_sym_zero = 10;
inline constexpr unsigned rnd_sym_inf = 11;
inline constexpr unsigned rnd_conv_even = 12;
inline constexpr unsigned rnd_conv_odd = 13;

// --- Locks

void acquire_greater_equal(unsigned id, unsigned value);
void acquire_greater_equal(unsigned id, unsigned value, unsigned condition);
void acquire_equal(unsigned id, unsigned value);
void acquire_equal(unsigned id, unsigned value, int condition);
void release(unsigned id, int value);
void release(unsigned id, int value, int condition);

// --- Events, identity, time

void event0();
void event1();
void event2();
void event3();
int get_coreid();
uint64 get_cycles();

// --- Streams: one 32-bit word, and registers word by word

template <typename T>
concept StreamScalar = sizeof(T) == 4 && detail::Element<T>;
template <StreamScalar T>
void put_ms(T value, int last = 0);
template <typename T>
void put_ms(const T& value, int enable, int last);
template <StreamScalar T>
void put_ms_nb(T value, int last, bool& success);
template <StreamScalar T>
void put_ms_nb(T value, bool& success);
template <typename T, unsigned Elems>
void put_ms(const vector<T, Elems>& value, int last = 0);
int get_ss();
int get_ss(bool& last);
int get_ss_nb(bool& success);
int get_ss_nb(bool& success, bool& last);
int get_ss_int();
int get_ss_int(bool& last);
unsigned get_ss_uint();
unsigned get_ss_uint(bool& last);
float get_ss_float();
float get_ss_float(bool& last);

// --- Cascade: registers of 512 and 1024 bits

template <typename T, unsigned Elems>
void put_mcd(const vector<T, Elems>& value);
template <typename Tag, unsigned Elems>
void put_mcd(const accum<Tag, Elems>& value);
template <typename Register>
void put_mcd(const Register& value, int enable);

#define SOTTO_READ(name, ...)   \
  __VA_ARGS__ get_scd_##name(); \
  __VA_ARGS__ get_scd_##name(int enable);
#define SOTTO_READ_VECTOR(name, ...) \
  SOTTO_READ(name, __VA_ARGS__)      \
  __VA_ARGS__ get_ss_##name();
SOTTO_READ_VECTOR(v64int8, vector<int8, 64>)
SOTTO_READ_VECTOR(v64uint8, vector<uint8, 64>)
SOTTO_READ_VECTOR(v32int16, vector<int16, 32>)
SOTTO_READ_VECTOR(v32uint16, vector<uint16, 32>)
SOTTO_READ_VECTOR(v16int32, vector<int32, 16>)
SOTTO_READ_VECTOR(v16uint32, vector<uint32, 16>)
SOTTO_READ_VECTOR(v32bfloat16, vector<bfloat16, 32>)
SOTTO_READ_VECTOR(v16float, vector<float, 16>)
SOTTO_READ_VECTOR(v128int8, vector<int8, 128>)
SOTTO_READ_VECTOR(v128uint8, vector<uint8, 128>)
SOTTO_READ_VECTOR(v64int16, vector<int16, 64>)
SOTTO_READ_VECTOR(v64uint16, vector<uint16, 64>)
SOTTO_READ_VECTOR(v32int32, vector<int32, 32>)
SOTTO_READ_VECTOR(v32uint32, vector<uint32, 32>)
SOTTO_READ(v16acc32, accum<acc32, 16>)
SOTTO_READ(v32acc32, accum<acc32, 32>)
SOTTO_READ(v8acc64, accum<acc64, 8>)
SOTTO_READ(v16acc64, accum<acc64, 16>)
SOTTO_READ(v16accfloat, accum<accfloat, 16>)
SOTTO_READ(v32accfloat, accum<accfloat, 32>)
#undef SOTTO_READ_VECTOR
#undef SOTTO_READ

}  // namespace intrinsics
}  // namespace aie

using namespace aie::intrinsics;
