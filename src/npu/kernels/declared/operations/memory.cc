// Calls loads, stores and iterators, each form once. `memory` holds 512 elements.
#include <aie_api/aie.hpp>

namespace {

template <typename... Values>
void use(const Values&...) {}

void loads(int16* memory) {
  aie::store_v(memory, aie::load_v<16>(memory + 16));
  aie::store_unaligned_v(memory + 1, aie::load_unaligned_v<16>(memory + 3, 1));
  use(aie::load_v(memory), aie::load_unaligned_v(memory + 1));
  use(aie::load_floor_v<16>(memory + 5), aie::load_floor_bytes_v<16>(memory + 5, 32));
}

void iterators(int16* memory) {
  auto out = aie::begin_restrict_vector<16>(memory + 256);
  auto in = aie::cbegin_restrict_vector<16>(memory);
  *out++ = *in++;
  *++out = in[1];
  aie::vector_iterator<int16, 16> at;
  at = aie::begin_vector<16>(memory);
  at += 4;
  at -= 1;
  --at;
  at--;
  const auto copy = at;
  use(at == copy, at < copy, at - copy, *(at + 1), *(at - 1), at->size());
  use(aie::vector_iterator<int16, 16>(memory), *aie::cbegin_vector<16>(memory));

  auto anywhere = aie::begin_unaligned_vector<16>(memory + 1);
  aie::unaligned_vector_ref<int16, 16> ref = *anywhere++;
  const aie::vector<int16, 16> v = ref;
  ref = v;
  *++anywhere = v;
  anywhere += 1;
  const auto same = anywhere;
  use(same == aie::unaligned_vector_iterator<int16, 16>(memory));
  use(aie::unaligned_vector_ref<int16, 16>(memory), *aie::cbegin_unaligned_vector<16>(memory + 1));
}

#define RINGS(name) use(aie::name<16>(ring, 48), aie::name<16, 48>(ring), aie::name<16>(array))
#define SCALAR_RINGS(name) use(aie::name(ring, 5), aie::name<5>(ring), aie::name(array))

void scalar_rings(int16* ring) {
  int16(&array)[64] = *reinterpret_cast<int16(*)[64]>(ring);
  SCALAR_RINGS(begin_circular);
  SCALAR_RINGS(cbegin_circular);
  SCALAR_RINGS(begin_random_circular);
  SCALAR_RINGS(cbegin_random_circular);
  aie::circular_iterator<int16> at(ring, 5);
  auto copy = at;
  copy = at;
  *at++ = *++copy;
  at--;
  --at;
  at += 3;
  at -= 2;
  use(*(at + 1), *(at - 1), at == copy, at.operator->());
}

void rings(int16* ring) {
  int16(&array)[64] = *reinterpret_cast<int16(*)[64]>(ring);
  RINGS(begin_vector_circular);
  RINGS(cbegin_vector_circular);
  RINGS(begin_vector_random_circular);
  RINGS(cbegin_vector_random_circular);
  aie::vector_circular_iterator<int16, 16> at(ring, 64);
  auto copy = at;
  copy = at;
  *at++ = *++copy;
  at--;
  --at;
  at += 3;
  at -= 2;
  use(*(at + 1), *(at - 1), at == copy);
}

}  // namespace

extern "C" void operations_memory(int16* memory) {
  loads(memory);
  iterators(memory);
  scalar_rings(memory);
  rings(memory);
}
