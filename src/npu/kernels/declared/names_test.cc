#include "npu/kernels/declared/names.h"

#include <gmock/gmock.h>

namespace sotto::npu::declared {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A header that says most of what the real ones say.
constexpr const char* kHeader = R"(# 1 "/usr/include/other.h" 1 3
int not_ours(int);
# 1 "/x/aie_api/aie.hpp" 1
namespace sotto::npu { int hidden(int); }
namespace aie {
namespace detail { void inner(); }
template <typename T, unsigned Elems = (64 > sizeof(T))>
  requires(Elems < 9 && is<T>({1, 2}))
class [[gnu::may_alias]] alignas(size_v<T, Elems>) box {
  int secret(int);
 public:
  using value_type = T;
  static constexpr unsigned size() { return Elems; }
  explicit box(T a, const char* text = ")\"");
  box(const box&) = default;
  T get(unsigned) const requires(Elems > 1);
  template <typename U> box<U, Elems * 2> cast() const;
  operator box<float, 2>() const;
  box& operator<<(int);
  bool operator<(const box&) const;
  friend box operator+(box a, int n) { return a; }
 private:
  T lanes_[Elems] = {};
};
template <typename T>
auto add(const box<T>& a, T b) -> decltype(a) { return a; }
template <typename T> void add(T);
enum class mode : unsigned { off = (1 << 2), on };
inline constexpr int answer = 42;
void box<int>::elsewhere(int x) { use(x); }
namespace intrinsics { int get_ss(); }
}
int global(int x = answer);
template <>
struct std::traits<int> { static int max(); };
)";

/// "name forms foreign"
std::vector<std::string> listed(const Names& names) {
  std::vector<std::string> result;
  for (const auto& [name, how] : names) {
    result.push_back(name + " " + std::to_string(how.forms) + " " + std::to_string(how.foreign));
  }
  return result;
}

TEST(Names, OfAHeader) {
  EXPECT_THAT(
      listed(names_of_header(kHeader, "/aie_api/")),
      ElementsAre("aie::add 2 1", "aie::answer 0 0", "aie::box 0 0", "aie::box::box 2 1",
                  "aie::box::cast 1 1", "aie::box::conversion 1 1", "aie::box::get 1 1",
                  "aie::box::operator+ 1 0", "aie::box::operator< 1 1", "aie::box::operator<< 1 1",
                  "aie::box::size 1 0", "aie::box::value_type 0 0", "aie::mode 0 0",
                  "aie::mode::off 0 0", "aie::mode::on 0 0", "get_ss 1 1", "global 1 1"));
}

TEST(Names, OfSymbols) {
  EXPECT_THAT(
      listed(names_of_symbols("_ZNK3aie6vectorIsLj16EE3getEj U\n"
                              "_ZNK3aie6vectorIsLj32EE3getEj U         \n"
                              "_ZNK3aie6vectorIsLj32EE3getEj U\n"
                              "_ZN3aie4maskILj32EElsEj U\n"
                              "_ZN3aie5accumI5acc32Lj16EEaSIsEERS2_RKNS_6vectorIT_Lj16EEE U\n"
                              "_ZN3aie10intrinsics6get_ssEv U\n"
                              "_ZN3aie3addIsLj16EEENS_6vectorIT_XT0_EEERKS3_S2_ U\n"
                              "_ZNK3aie5accumI8accfloatLj16EEcvNS_6vectorIfLj16EEEEv U\n"
                              "_ZN3aie6vectorIsLj16EEC1Ev U\n"
                              "defined T 0 10\n"
                              "memcpy U\n")),
      ElementsAre("aie::accum::conversion 0 1", "aie::accum::operator= 0 1", "aie::add 0 1",
                  "aie::mask::operator<< 0 1", "aie::vector::get 0 2", "aie::vector::vector 0 1",
                  "get_ss 0 1"));
}

TEST(Names, FaultsAreWhatIsNotDeclaredAndWhatIsNotCalled) {
  const Names host{
      {"aie::add", {3, 0}}, {"aie::mul", {1, 0}}, {"aie::sum", {}}, {"aie::vector::data", {2, 0}}};
  const Names declared{{"aie::add", {2, 2}}, {"aie::size", {1, 0}}, {"get_ss", {1, 1}}};
  EXPECT_THAT(faults(host, declared, {{"aie::add", {0, 1}}}),
              ElementsAre("aie::add has 3 forms in the host API, 2 are declared",
                          "aie::mul is in the host API and not declared",
                          "aie::sum is in the host API and not declared",
                          "aie::add is declared in 2 forms, of which at most 1 are called",
                          "get_ss is declared in 1 forms, of which at most 0 are called"));
  EXPECT_THAT(faults({}, declared, {{"aie::add", {0, 3}}, {"get_ss", {0, 1}}}), IsEmpty());
}

}  // namespace
}  // namespace sotto::npu::declared
