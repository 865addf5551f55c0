#include "engine/packed_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/file.h"
#include "base/testing.h"
#include "cpu/decoder.h"
#include "engine/known_models.h"
#include "engine/packed_file.h"
#include "model/seeded.h"
#include "model/testing.h"

namespace sotto::engine {
namespace {

namespace fs = std::filesystem;
using model::ComputeType;
using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PackedCacheTest : public ::testing::Test {
 protected:
  CacheSettings settings() {
    return {.folder = folder_ / "cache",
            .on_problem = [this](const std::string& problem) { problems_.push_back(problem); },
            .smallest_model_bytes = 0};
  }

  struct Made {
    bool packed_before = false;
    std::vector<float> logits;
  };

  /// A decoder by way of the cache, and what it makes of a window.
  Made make(const CacheSettings& settings, const model::Weights& weights,
            ComputeType type = ComputeType::int8) {
    const PackedCache cache(settings, weights, pool_);
    Made made;
    const auto decoder = cache.make(model::Part::decoder, type, Isa::portable, [&](auto packed) {
      made.packed_before = packed->packed_before();
      return cpu::make_decoder(dims_, weights, Isa::portable, type, pool_, std::move(packed));
    });
    decoder->start(std::vector<float>(
        static_cast<std::size_t>(dims_.n_audio_ctx * dims_.n_audio_state), 0.5f));
    const int token = 7;
    const auto logits = decoder->append({&token, 1}, 1);
    made.logits.assign(logits.begin(), logits.end());
    return made;
  }
  Made make() { return make(settings(), weights_); }

  std::vector<fs::path> entries() const {
    std::vector<fs::path> paths;
    if (!fs::exists(folder_ / "cache")) return paths;
    for (const auto& file : fs::directory_iterator(folder_ / "cache")) paths.push_back(file);
    return paths;
  }

  const TemporaryFolder folder_;
  ThreadPool pool_{2};
  const model::Dims dims_ = model::testing::micro_test_dims();
  const model::Weights weights_ = model::seeded_weights(dims_, 1);
  std::vector<std::string> problems_;
};

TEST_F(PackedCacheTest, TheSecondTimeNothingIsPacked) {
  const Made first = make();
  EXPECT_FALSE(first.packed_before);
  const Made second = make();
  EXPECT_TRUE(second.packed_before);
  EXPECT_EQ(first.logits, second.logits);
  EXPECT_THAT(problems_, IsEmpty());
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_THAT(entries()[0].filename().string(),
              ::testing::MatchesRegex(
                  concat("[0-9a-f]{16}-decoder-int8-portable-v", cpu::kPackedFormat, "\\.packed")));
  EXPECT_EQ(fs::status(folder_ / "cache").permissions(), fs::perms::owner_all);
}

TEST_F(PackedCacheTest, AnotherModelOrTypeIsAnotherEntry) {
  make();
  EXPECT_FALSE(make(settings(), weights_, ComputeType::float32).packed_before);
  EXPECT_FALSE(make(settings(), model::seeded_weights(dims_, 2)).packed_before);
  EXPECT_THAT(entries(), SizeIs(3));
  EXPECT_TRUE(make().packed_before);
}

TEST_F(PackedCacheTest, OneChangedNumberIsAnotherModel) {
  make();
  model::Weights changed;
  const std::string name = "decoder.ln.bias";
  std::vector<float> numbers(static_cast<std::size_t>(dims_.n_text_state), 0.25f);
  for (auto [tensor_name, tensor] : weights_.tensors()) {
    if (tensor_name == name) tensor.data = reinterpret_cast<const std::byte*>(numbers.data());
    changed.add(tensor_name, tensor);
  }
  EXPECT_FALSE(make(settings(), changed).packed_before);
}

TEST_F(PackedCacheTest, WithoutSettingsAndForSmallModelsNothingIsKept) {
  CacheSettings large = settings();
  large.smallest_model_bytes = 100 << 20;
  make(large, weights_);
  EXPECT_FALSE(make(large, weights_).packed_before);
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
  const PackedCache none(std::nullopt, weights_, pool_);
  EXPECT_EQ(none.make(model::Part::decoder, ComputeType::int8, Isa::portable,
                      [](auto packed) { return packed->packed_before(); }),
            false);
}

// Whatever is wrong with a file, the model is packed anew and the file replaced.
TEST_F(PackedCacheTest, DamagedFilesAreReplaced) {
  const Made good = make();
  const fs::path path = entries().at(0);
  const std::string whole = read_text_file(path);
  std::vector<std::string> damaged = {"",
                                      "x",
                                      whole.substr(0, 39),
                                      whole.substr(0, 4096),
                                      whole.substr(0, whole.size() - 64),
                                      whole + "x"};
  for (const std::size_t at : {0u, 8u, 12u, 16u, 24u, 32u, 41u, 100u, 121u, 4096u, 20000u}) {
    std::string text = whole;
    text.at(at) = static_cast<char>(text.at(at) ^ 4);
    damaged.push_back(text);
  }
  for (std::size_t i = 0; i < damaged.size(); ++i) {
    problems_.clear();
    write_file_atomically(path, damaged[i]);
    const Made made = make();
    EXPECT_FALSE(made.packed_before) << i;
    EXPECT_EQ(made.logits, good.logits) << i;
    EXPECT_THAT(problems_, ElementsAre(::testing::AllOf(HasSubstr(path.string()),
                                                        HasSubstr("packing the model anew"))))
        << i;
    EXPECT_TRUE(read_text_file(path) == whole) << i;
  }
}

// A size that a file states is held against the file's own before memory is taken for it.
TEST_F(PackedCacheTest, SizesThatCannotBeAreRefused) {
  make();
  const fs::path path = entries().at(0);
  const std::string whole = read_text_file(path);
  const std::string key = path.stem();
  const std::size_t sizes_at = 40 + (key.size() + 7) / 8 * 8;
  for (const std::size_t at : {std::size_t{16}, sizes_at}) {
    std::string text = whole;
    text.replace(at, 8, std::string(8, '\xFF'));
    write_file_atomically(path, text);
    EXPECT_THAT(message_of(ErrorKind::io, [&] { read_packed_file(path, key, pool_); }),
                HasSubstr("it is damaged"));
  }
  write_file_atomically(path, whole);
  EXPECT_THAT(message_of(ErrorKind::io, [&] { read_packed_file(path, key + "x", pool_); }),
              HasSubstr("it is that of another model"));
}

TEST_F(PackedCacheTest, AWholeFileOfOtherArraysIsReplaced) {
  const Made good = make();
  const fs::path path = entries().at(0);
  cpu::PackedWeights other;
  other.make<float>(5, [](std::span<float>) {});
  write_packed_file(path, path.stem(), other, pool_);
  EXPECT_EQ(make().logits, good.logits);
  EXPECT_THAT(problems_, ElementsAre("the packed weights are those of another model"));
  EXPECT_TRUE(make().packed_before);
}

TEST_F(PackedCacheTest, AFolderThatCannotBeMadeIsAProblemAndNoMore) {
  write_file_atomically(folder_ / "cache", "a file");
  const Made made = make();
  EXPECT_FALSE(made.logits.empty());
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("cannot keep packed weights in")));
  EXPECT_EQ(read_text_file(folder_ / "cache"), "a file");
}

TEST_F(PackedCacheTest, AFullDiskLeavesNothing) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = 8192, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Made made = make();
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(made.logits.empty());
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("the model will be packed again next time")));
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(PackedCacheTest, EntriesOfOtherVersionsGo) {
  fs::create_directories(folder_ / "cache");
  const auto put = [&](const std::string& name) {
    write_file_atomically(folder_ / "cache" / name, "x");
  };
  const std::string ours = concat("-v", cpu::kPackedFormat, ".packed");
  put("0123456789abcdef-decoder-int8-portable-v0.packed");
  put("0123456789abcdef-decoder-int8-portable" + ours);
  put(".sotto-unfinished");
  put(".sotto-left-behind");
  put("notes.txt");
  put("0123456789abcdef-v0.known");
  put(concat("0123456789abcdef", known_ending()));
  put(concat("fedcba9876543210", known_ending()));
  fs::last_write_time(folder_ / "cache" / ".sotto-left-behind",
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  fs::last_write_time(folder_ / "cache" / concat("fedcba9876543210", known_ending()),
                      fs::file_time_type::clock::now() - std::chrono::hours(24 * 91));
  make();
  std::vector<std::string> names;
  for (const fs::path& path : entries()) names.push_back(path.filename());
  EXPECT_THAT(names, ::testing::UnorderedElementsAre(HasSubstr(ours), HasSubstr(ours),
                                                     ".sotto-unfinished", "notes.txt",
                                                     concat("0123456789abcdef", known_ending())));
}

TEST_F(PackedCacheTest, WhatWasUsedTheLongestAgoMakesRoom) {
  make();
  const std::uintmax_t bytes = fs::file_size(entries().at(0));
  CacheSettings two = settings();
  two.most_bytes = 2 * bytes + 100;
  const model::Weights second = model::seeded_weights(dims_, 2),
                       third = model::seeded_weights(dims_, 3);
  make(two, second);
  const auto age = [&](int hours) {
    for (const fs::path& path : entries()) {
      fs::last_write_time(path, fs::last_write_time(path) - std::chrono::hours(hours));
    }
  };
  age(1);
  EXPECT_TRUE(make().packed_before);  // used now, so that the second one is older
  make(two, third);
  EXPECT_THAT(entries(), SizeIs(2));
  EXPECT_TRUE(make().packed_before);
  EXPECT_TRUE(make(two, third).packed_before);
  EXPECT_FALSE(make(two, second).packed_before);
  CacheSettings none = settings();
  none.most_bytes = 10;
  make(none, model::seeded_weights(dims_, 4));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("not keeping the packed weights")));
  EXPECT_THAT(entries(), SizeIs(2));
}

TEST_F(PackedCacheTest, ManyAtOnceDoNotDisturbEachOther) {
  const Made good = make();
  fs::remove_all(folder_ / "cache");
  std::vector<std::thread> threads;
  std::array<std::vector<float>, 4> logits;
  for (auto& mine : logits) {
    threads.emplace_back([&] {
      ThreadPool pool(1);
      for (int i = 0; i < 5; ++i) {
        CacheSettings quiet = settings();
        quiet.on_problem = {};
        const PackedCache cache(quiet, weights_, pool);
        const auto decoder =
            cache.make(model::Part::decoder, ComputeType::int8, Isa::portable, [&](auto packed) {
              return cpu::make_decoder(dims_, weights_, Isa::portable, ComputeType::int8, pool,
                                       std::move(packed));
            });
        decoder->start(std::vector<float>(
            static_cast<std::size_t>(dims_.n_audio_ctx * dims_.n_audio_state), 0.5f));
        const int token = 7;
        const auto row = decoder->append({&token, 1}, 1);
        mine.assign(row.begin(), row.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : logits) EXPECT_EQ(mine, good.logits);
  EXPECT_THAT(entries(), SizeIs(1));
}

}  // namespace
}  // namespace sotto::engine
