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
  uint64 cycles() const;
};

namespace intrinsics {

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

// --- Streams: one 32-bit word

void put_ms(int value, int last = 0);
void put_ms(unsigned value, int last = 0);
void put_ms(float value, int last = 0);
void put_ms_nb(int value, int last, bool& success);
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

// --- Cascade: a register of 512 bits

template <typename T, unsigned Elems>
void put_mcd(const vector<T, Elems>& value);
template <typename Tag, unsigned Elems>
void put_mcd(const accum<Tag, Elems>& value);
vector<int8, 64> get_scd_v64int8();
vector<int16, 32> get_scd_v32int16();
vector<int32, 16> get_scd_v16int32();
vector<bfloat16, 32> get_scd_v32bfloat16();
vector<float, 16> get_scd_v16float();
accum<acc32, 16> get_scd_v16acc32();
accum<acc64, 8> get_scd_v8acc64();
accum<accfloat, 16> get_scd_v16accfloat();

}  // namespace intrinsics
}  // namespace aie

using namespace aie::intrinsics;
