#include <gmock/gmock.h>

#include <deque>
#include <map>

#include "base/testing.h"
#include "npu/kernels/host/host_testing.h"

namespace sotto::npu::host::testing {
namespace {

using ::sotto::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// One core talking to itself: streams and cascade are queues; what is done to locks is written
/// down.
class Loopback : public CorePorts {
 public:
  void acquire_greater_equal(unsigned id, int value) override { note("acquire >=", id, value); }
  void acquire_equal(unsigned id, int value) override { note("acquire ==", id, value); }
  void release(unsigned id, int value) override { note("release", id, value); }
  StreamWord read_stream() override {
    const StreamWord word = stream.front();
    stream.pop_front();
    return word;
  }
  void write_stream(StreamWord word) override { stream.push_back(word); }
  bool try_read_stream(StreamWord& word) override {
    if (stream.empty()) return false;
    word = read_stream();
    return true;
  }
  bool try_write_stream(StreamWord word) override {
    if (stream.size() >= 4) return false;
    write_stream(word);
    return true;
  }
  CascadeWord read_cascade() override {
    const CascadeWord word = cascade.front();
    cascade.pop_front();
    return word;
  }
  void write_cascade(const CascadeWord& word) override { cascade.push_back(word); }
  void event(unsigned n) override { events.push_back(n); }
  std::uint64_t cycles() override { return 4711; }
  std::uint32_t column() override { return 2; }
  std::uint32_t row() override { return 5; }

  std::vector<std::string> locks;
  std::deque<StreamWord> stream;
  std::deque<CascadeWord> cascade;
  std::vector<unsigned> events;

 private:
  void note(const std::string& what, unsigned id, int value) {
    locks.push_back(what + " " + std::to_string(id) + " " + std::to_string(value));
  }
};

class CoreOperationsTest : public CoreTest {
 protected:
  CoreOperationsTest() { state_.ports = &ports_; }
  Loopback ports_;
};

TEST_F(CoreOperationsTest, LocksReachThePorts) {
  acquire_greater_equal(48, 2);
  release(49, 3);
  release(49, -1);
  release(49, 1, 0);  // condition false
  release(49, 4, 1);
  acquire_equal(50, 2);
  acquire_equal(50, 2, 0);
  acquire_greater_equal(51, 1, 0);
  EXPECT_THAT(ports_.locks, ElementsAre("acquire >= 48 2", "release 49 3", "release 49 -1",
                                        "release 49 4", "acquire == 50 2"));
}

TEST_F(CoreOperationsTest, StreamsCarryWordsAndWiderValues) {
  put_ms(-7);
  put_ms(-2.5f, 1);  // sent as an integer
  EXPECT_EQ(ports_.stream[1].value, 0xFFFFFFFEu);
  EXPECT_EQ(get_ss(), -7);
  bool last = false;
  EXPECT_EQ(get_ss_float(last), -2.0f);
  EXPECT_TRUE(last);
  put_ms(0x80000000u, 0, 2);  // enable says no, and only the lowest bit of last counts
  EXPECT_EQ(get_ss_uint(last), 0x80000000u);
  EXPECT_FALSE(last);
  put_ms(ramp<int16, 32>(), 1);
  EXPECT_EQ(ports_.stream.size(), 16u);
  EXPECT_FALSE(ports_.stream[14].last);
  EXPECT_TRUE(ports_.stream[15].last);
  EXPECT_EQ(lanes(get_ss_v32int16()), lanes(ramp<int16, 32>()));
  bool success = true;
  get_ss_nb(success);
  EXPECT_FALSE(success);
  for (int i = 0; i < 5; ++i) put_ms_nb(i, i, success);
  EXPECT_FALSE(success);
  EXPECT_TRUE(ports_.stream[1].last);
  EXPECT_FALSE(ports_.stream[2].last);  // only the lowest bit counts
  EXPECT_EQ(get_ss_nb(success), 0);
  EXPECT_TRUE(success);
}

TEST_F(CoreOperationsTest, CascadeCarriesRegisters) {
  put_mcd(ramp<int32, 16>());
  put_mcd(aie::accum<accfloat, 32>(random_vector<float, 32>(51)));
  put_mcd(ramp<int32, 16>(), 0);  // disabled
  EXPECT_EQ(ports_.cascade.size(), 3u);
  EXPECT_EQ(ports_.cascade[1][0], std::bit_cast<uint32>(random_vector<float, 32>(51)[0]));
  EXPECT_EQ(get_scd_v16int32(0)[5], -1);  // disabled: undefined, and nothing is taken
  EXPECT_EQ(lanes(get_scd_v16int32()), lanes(ramp<int32, 16>()));
  EXPECT_EQ(lanes(get_scd_v32accfloat()), lanes(random_vector<float, 32>(51)));
}

TEST_F(CoreOperationsTest, EventsAndIdentity) {
  event0();
  event1();
  event2();
  event3();
  EXPECT_THAT(ports_.events, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(aie::tile::current().global_id().row, 5);
  EXPECT_EQ(aie::tile::current().id().row, 2);
  EXPECT_EQ(get_cycles(), 4711u);
  EXPECT_EQ(get_coreid(), 5 | 2 << 16);
  EXPECT_EQ(aie::tile::current().global_id().col, 2);
  aie::tile::current().set_rounding(aie::rounding_mode::conv_even);
  EXPECT_EQ(get_rnd(), rnd_conv_even);
  set_sat();
  EXPECT_EQ(aie::get_saturation(), aie::saturation_mode::saturate);
  set_symsat();
  EXPECT_EQ(get_satmode(), 3u);
  clr_sat();
  EXPECT_EQ(get_sat(), 0u);
}

TEST(CoreOperations, FailWithoutAnArray) {
  CoreState alone;
  const CoreScope scope(alone);
  event0();  // marks a trace that nobody keeps
  for (const auto& [name, operation] : std::map<std::string, std::function<void()>>{
           {"acquire_greater_equal", [] { acquire_greater_equal(0, 1); }},
           {"acquire_equal", [] { acquire_equal(0, 1); }},
           {"release", [] { release(0, 1); }},
           {"put_ms", [] { put_ms(1); }},
           {"get_ss", [] { get_ss(); }},
           {"put_mcd", [] { put_mcd(aie::zeros<int32, 16>()); }},
           {"get_scd", [] { get_scd_v16int32(); }},
           {"get_cycles", [] { get_cycles(); }},
           {"get_coreid", [] { get_coreid(); }}}) {
    EXPECT_THAT(message_of(ErrorKind::unsupported, operation),
                AllOf(HasSubstr(name + ": this core is not part of an array"),
                      HasSubstr("set CoreState::ports")));
  }
}

TEST(Intrinsics, LanesAndParts) {
  v16int32 v = broadcast_to_v16int32(3);
  v = upd_elem(v, 2, 9);
  EXPECT_EQ(ext_elem(v, 2u), 9);
  EXPECT_EQ(extract_elem(v, 3u), 3);
  const v32bfloat16 wide = insert(broadcast_zero_to_v32bfloat16(), 1,
                                  extract_v16bfloat16(broadcast_one_to_v32bfloat16(), 0));
  EXPECT_EQ(static_cast<float>(wide[15]), 0.0f);
  EXPECT_EQ(static_cast<float>(wide[16]), 1.0f);
  EXPECT_EQ(set_v32int16(1, ramp<int16, 16>())[16], 0);
  EXPECT_EQ(bor(v, broadcast_to_v16int32(4))[0], 7);
  EXPECT_EQ(band(v, broadcast_to_v16int32(1))[2], 1);
}

TEST(Intrinsics, TwoProductsInOneInstruction) {
  const auto a = random_vector<bfloat16, 32>(52);
  const auto b = random_vector<bfloat16, 32>(53);
  const v16accfloat once = mul_elem_16_2(a, b);
  const v16accfloat none = msc_elem_16_2(a, b, once);
  for (unsigned i = 0; i < 16; ++i) {
    const double exact =
        static_cast<double>(a[i]) * b[i] + static_cast<double>(a[i + 16]) * b[i + 16];
    EXPECT_NEAR(once.data()[i], exact, 1e-5);
    EXPECT_EQ(none.data()[i], 0.0f);
    EXPECT_EQ(negmul_elem_16_2(a, b).data()[i], -once.data()[i]);
  }
}

TEST(Intrinsics, ConversionsObeyTheRegisters) {
  CoreState state;
  const CoreScope scope(state);
  const v16acc32 acc = ups_to_v16acc32(ramp<int16, 16>(-3), 4);
  EXPECT_EQ(srs_to_v16int16(acc, 5)[0], -2);
  set_rnd(rnd_pos_inf);
  EXPECT_EQ(srs_to_v16int16(acc, 5)[0], -1);
  EXPECT_EQ(bfloat16_to_int(aie::broadcast<bfloat16, 16>(-0.5f), 0)[0], -1);  // always floor
}

}  // namespace
}  // namespace sotto::npu::host::testing
