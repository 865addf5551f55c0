#include "npu/design/registers.h"

#include "base/error.h"

namespace sotto::npu::design {
namespace {

/// A field of a descriptor: `width` bits of word `word` from bit `lsb` on hold value - bias.
struct Field {
  int word, lsb, width;
  std::int64_t bias = 0;
};

/// Calls visit(field, member) for every field that descriptors of this kind have.
template <typename Fields, typename Visit>
void visit_core(Fields& f, Visit visit) {
  visit(Field{0, 14, 14}, f.address);
  visit(Field{0, 0, 14}, f.length);
  visit(Field{2, 0, 13, 1}, f.dimensions[0].step);
  visit(Field{2, 13, 13, 1}, f.dimensions[1].step);
  visit(Field{3, 0, 13, 1}, f.dimensions[2].step);
  visit(Field{3, 13, 8}, f.dimensions[0].wrap);
  visit(Field{3, 21, 8}, f.dimensions[1].wrap);
  visit(Field{4, 0, 13, 1}, f.iteration_step);
  visit(Field{4, 13, 6, 1}, f.iteration_wrap);
  visit(Field{4, 19, 6}, f.iteration_current);
}

template <typename Fields, typename Visit>
void visit_memory(Fields& f, Visit visit) {
  visit(Field{0, 0, 17}, f.length);
  visit(Field{1, 0, 19}, f.address);
  visit(Field{1, 19, 1}, f.has_next);
  visit(Field{1, 20, 6}, f.next);
  visit(Field{1, 26, 6}, f.zeros[0].before);
  visit(Field{2, 0, 17, 1}, f.dimensions[0].step);
  visit(Field{2, 17, 10}, f.dimensions[0].wrap);
  visit(Field{3, 0, 17, 1}, f.dimensions[1].step);
  visit(Field{3, 17, 10}, f.dimensions[1].wrap);
  visit(Field{3, 27, 5}, f.zeros[1].before);
  visit(Field{4, 0, 17, 1}, f.dimensions[2].step);
  visit(Field{4, 17, 10}, f.dimensions[2].wrap);
  visit(Field{4, 27, 4}, f.zeros[2].before);
  visit(Field{5, 0, 17, 1}, f.dimensions[3].step);
  visit(Field{5, 17, 6}, f.zeros[0].after);
  visit(Field{5, 23, 5}, f.zeros[1].after);
  visit(Field{5, 28, 4}, f.zeros[2].after);
  visit(Field{6, 0, 17, 1}, f.iteration_step);
  visit(Field{6, 17, 6, 1}, f.iteration_wrap);
  visit(Field{6, 23, 6}, f.iteration_current);
  visit(Field{7, 0, 8}, f.acquire.id);
  visit(Field{7, 8, 7}, f.acquire.value);
  visit(Field{7, 15, 1}, f.acquires);
  visit(Field{7, 16, 8}, f.release.id);
  visit(Field{7, 24, 7}, f.release.value);
  visit(Field{7, 31, 1}, f.valid);
}

template <typename Fields, typename Visit>
void visit_shim(Fields& f, Visit visit) {
  visit(Field{0, 0, 32}, f.length);
  visit(Field{3, 0, 20, 1}, f.dimensions[0].step);
  visit(Field{3, 20, 10}, f.dimensions[0].wrap);
  visit(Field{4, 0, 20, 1}, f.dimensions[1].step);
  visit(Field{4, 20, 10}, f.dimensions[1].wrap);
  visit(Field{4, 30, 2}, f.burst);
  visit(Field{5, 0, 20, 1}, f.dimensions[2].step);
  visit(Field{5, 24, 4}, f.cache);
  visit(Field{6, 0, 20, 1}, f.iteration_step);
  visit(Field{6, 20, 6, 1}, f.iteration_wrap);
  visit(Field{6, 26, 6}, f.iteration_current);
}

/// Chaining and locks: the last word of core and shim descriptors.
template <typename Fields, typename Visit>
void visit_last_word(int word, Fields& f, Visit visit) {
  visit(Field{word, 0, 4}, f.acquire.id);
  visit(Field{word, 5, 7}, f.acquire.value);
  visit(Field{word, 12, 1}, f.acquires);
  visit(Field{word, 13, 4}, f.release.id);
  visit(Field{word, 18, 7}, f.release.value);
  visit(Field{word, 25, 1}, f.valid);
  visit(Field{word, 26, 1}, f.has_next);
  visit(Field{word, 27, 4}, f.next);
}

template <typename Fields, typename Visit>
void visit_fields(TileKind kind, Fields& f, Visit visit) {
  switch (kind) {
    case TileKind::memory:
      return visit_memory(f, visit);
    case TileKind::core:
      visit_core(f, visit);
      return visit_last_word(5, f, visit);
    case TileKind::shim:
      visit_shim(f, visit);
      return visit_last_word(7, f, visit);
  }
}

constexpr std::uint32_t mask(int width) {
  return width == 32 ? ~0u : (1u << width) - 1;
}

/// Address bits of a shim: 4-byte aligned low part, 16 bits above.
void pack_shim_address(std::uint64_t address, std::vector<std::uint32_t>& words) {
  SOTTO_CHECK(address % kWordBytes == 0 && address >> 48 == 0);
  words[1] = static_cast<std::uint32_t>(address);
  words[2] |= static_cast<std::uint32_t>(address >> 32);
}

}  // namespace

std::vector<std::uint32_t> pack(TileKind kind, const DescriptorFields& fields) {
  std::vector<std::uint32_t> words(static_cast<std::size_t>(dma_of(kind).bd_words), 0);
  visit_fields(kind, fields, [&](const Field& field, const auto& value) {
    const std::int64_t stored = static_cast<std::int64_t>(value) - field.bias;
    const std::uint32_t bits = static_cast<std::uint32_t>(stored) & mask(field.width);
    const bool fits = std::is_signed_v<std::remove_cvref_t<decltype(value)>>
                          ? stored >= -kLockMax - 1 && stored <= kLockMax
                          : stored == static_cast<std::int64_t>(bits);
    SOTTO_CHECK(fits);
    words[static_cast<std::size_t>(field.word)] |= bits << field.lsb;
  });
  if (kind == TileKind::shim) pack_shim_address(fields.address, words);
  return words;
}

DescriptorFields unpack(TileKind kind, std::span<const std::uint32_t> words) {
  SOTTO_CHECK(words.size() == static_cast<std::size_t>(dma_of(kind).bd_words));
  DescriptorFields fields;
  visit_fields(kind, fields, [&](const Field& field, auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    std::int64_t stored =
        words[static_cast<std::size_t>(field.word)] >> field.lsb & mask(field.width);
    if (std::is_signed_v<Value> && stored >> (field.width - 1) != 0) {
      stored -= std::int64_t{1} << field.width;
    }
    value = static_cast<Value>(stored + field.bias);
  });
  if (kind == TileKind::shim) {
    fields.address = (words[1] & ~3u) | std::uint64_t{words[2] & 0xFFFF} << 32;
  }
  return fields;
}

}  // namespace sotto::npu::design
