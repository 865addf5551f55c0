#include "model/index_table.h"

#include <gtest/gtest.h>

namespace sotto::model {
namespace {

TEST(IndexTable, FindsWhatWasPut) {
  for (const std::uint64_t step : {0u, 1u, 64u, 0x10000u}) {  // 0: all of one hash
    constexpr int kCount = 200;
    IndexTable table(kCount);
    const auto hash = [&](int key) { return static_cast<std::uint64_t>(key) * step; };
    const auto is = [](int key) { return [key](int index) { return index == key; }; };
    for (int key = 0; key < kCount; key += 2) {
      EXPECT_EQ(table.find(hash(key), is(key)), IndexTable::kNone);
      EXPECT_EQ(table.put(hash(key), key, is(key)), IndexTable::kNone);
      EXPECT_EQ(table.put(hash(key), key + 1, is(key)), key);
    }
    for (int key = 0; key < kCount; ++key) {
      EXPECT_EQ(table.find(hash(key), is(key)), key % 2 == 0 ? key : IndexTable::kNone);
    }
  }
}

TEST(IndexTable, MayBeEmpty) {
  const IndexTable table(0);
  EXPECT_EQ(table.find(7, [](int) { return true; }), IndexTable::kNone);
}

}  // namespace
}  // namespace sotto::model
