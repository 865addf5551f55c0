// Calls what a core has beside its vectors: registers, locks, streams, cascade; each form once.
#include <aie_api/aie.hpp>

namespace {

template <typename... Values>
void use(const Values&...) {}

void registers() {
  const aie::rounding_mode rounding = aie::swap_rounding(aie::rounding_mode::conv_even);
  const aie::saturation_mode saturation = aie::swap_saturation(aie::saturation_mode::saturate);
  aie::set_rounding(aie::get_rounding());
  aie::set_saturation(aie::get_saturation());
  const aie::tile tile = aie::tile::current();
  tile.set_rounding(tile.get_rounding());
  tile.set_saturation(tile.get_saturation());
  const aie::tile_id id = tile.global_id();
  use(tile.id().row, id.row, id.col, tile.cycles(), get_cycles(), get_coreid());
  set_rnd(get_rnd());
  set_rnd(rnd_conv_even);
  set_satmode(get_satmode());
  set_sat();
  set_symsat();
  clr_sat();
  use(get_sat());
  aie::set_rounding(rounding);
  aie::set_saturation(saturation);
}

void locks() {
  acquire_greater_equal(1, 1);
  acquire_greater_equal(1, 1, 1u);
  acquire_equal(1, 1);
  acquire_equal(1, 1, 1);
  release(1, 1);
  release(1, 1, 1);
  event0();
  event1();
  event2();
  event3();
}

void streams() {
  bool ok = false;
  bool last = false;
  put_ms(1);
  put_ms(1.0f, 1);
  put_ms(1, 1, 1);
  put_ms_nb(1u, 0, ok);
  put_ms_nb(1, ok);
  put_ms(aie::zeros<int32, 16>(), 1);
  use(get_ss(), get_ss(last), get_ss_nb(ok), get_ss_nb(ok, last));
  use(get_ss_int(), get_ss_int(last), get_ss_uint(), get_ss_uint(last));
  use(get_ss_float(), get_ss_float(last));
  put_mcd(aie::zeros<int32, 16>());
  put_mcd(aie::zeros<acc32, 16>());
  put_mcd(aie::zeros<acc64, 16>(), 1);
}

#define CASCADE(name) use(get_scd_##name(), get_scd_##name(1))
#define BOTH(name) use(get_ss_##name(), get_scd_##name(), get_scd_##name(0))

void registers_of_streams() {
  BOTH(v64int8);
  BOTH(v64uint8);
  BOTH(v32int16);
  BOTH(v32uint16);
  BOTH(v16int32);
  BOTH(v16uint32);
  BOTH(v32bfloat16);
  BOTH(v16float);
  BOTH(v128int8);
  BOTH(v128uint8);
  BOTH(v64int16);
  BOTH(v64uint16);
  BOTH(v32int32);
  BOTH(v32uint32);
  CASCADE(v16acc32);
  CASCADE(v32acc32);
  CASCADE(v8acc64);
  CASCADE(v16acc64);
  CASCADE(v16accfloat);
  CASCADE(v32accfloat);
}

}  // namespace

extern "C" void operations_core() {
  registers();
  locks();
  streams();
  registers_of_streams();
}
