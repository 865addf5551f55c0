#include "engine/known_models.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/file.h"
#include "base/testing.h"
#include "cpu/decoder.h"
#include "cpu/packed.h"
#include "engine/packed_cache.h"
#include "model/huggingface.h"
#include "model/testing.h"

namespace sotto::engine {
namespace {

namespace fs = std::filesystem;
using sotto::testing::TemporaryFolder;
using std::chrono::seconds;

constexpr const char* kHash = "0123456789abcdef";

class KnownModelsTest : public ::testing::Test {
 protected:
  KnownModelsTest() {
    if (!keeps_times_of_change(folder_.path())) supported_ = false;
    fs::create_directory(cache());
    model::testing::write_hf_folder(folder_ / "model", dims_, 1);
    model::testing::write_hf_folder(folder_ / "shards", dims_, 1, {.shards = 2});
    tick();
  }
  void SetUp() override {
    if (!supported_) GTEST_SKIP() << "skipped: this file system keeps no times of changes";
  }

  /// Lets the kernel's clock of file times go on.
  static void tick() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

  fs::path cache() const { return folder_ / "cache"; }
  fs::path file() const { return folder_ / "model/model.safetensors"; }
  model::Weights weights() const {
    return model::read_hugging_face_weights({file()}, file().string());
  }
  model::Weights sharded() const {
    return model::read_hugging_face_weights(
        {folder_ / "shards/model-1-of-2.safetensors", folder_ / "shards/model-2-of-2.safetensors"},
        "shards");
  }

  std::optional<std::string> find(const model::Weights& weights) const {
    return find_known_hash(cache(), identity_of(weights).value());
  }
  std::optional<std::string> find() const { return find(weights()); }

  /// Changes one bit of a file, whose time of modification stays.
  static void change(const fs::path& path) {
    struct stat before {};
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    const int file = ::open(path.c_str(), O_RDWR);
    char byte = 0;
    ASSERT_EQ(::pread(file, &byte, 1, before.st_size - 3), 1);
    byte ^= 1;
    ASSERT_EQ(::pwrite(file, &byte, 1, before.st_size - 3), 1);
    const std::array<timespec, 2> times = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::futimens(file, times.data()), 0);
    ::close(file);
    struct stat after {};
    ASSERT_EQ(::stat(path.c_str(), &after), 0);
    ASSERT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
    ASSERT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    ASSERT_EQ(after.st_size, before.st_size);
    ASSERT_EQ(after.st_ino, before.st_ino);
  }

  fs::path record() const {
    for (const auto& entry : fs::directory_iterator(cache())) return entry.path();
    return {};
  }

  const TemporaryFolder folder_;
  const model::Dims dims_ = model::testing::micro_test_dims();
  bool supported_ = true;
};

TEST_F(KnownModelsTest, UnchangedFilesAreKnown) {
  EXPECT_EQ(find(), std::nullopt);
  keep_known_hash(cache(), weights(), kHash, seconds(0));
  EXPECT_EQ(find(), kHash);
  EXPECT_EQ(find(sharded()), std::nullopt);
  keep_known_hash(cache(), sharded(), "fedcba9876543210", seconds(0));
  EXPECT_EQ(find(sharded()), "fedcba9876543210");
  EXPECT_EQ(find(), kHash);
}

TEST_F(KnownModelsTest, AChangeIsNoticedThoughSizeAndTimeOfModificationStay) {
  keep_known_hash(cache(), weights(), kHash, seconds(0));
  change(file());
  EXPECT_EQ(find(), std::nullopt);

  keep_known_hash(cache(), sharded(), kHash, seconds(0));
  EXPECT_EQ(find(sharded()), kHash);
  change(folder_ / "shards/model-2-of-2.safetensors");
  EXPECT_EQ(find(sharded()), std::nullopt);
}

// As "cp -p" and "mv" do it.
TEST_F(KnownModelsTest, AnotherFileOfTheSameNameAndTimesIsAnotherModel) {
  keep_known_hash(cache(), weights(), kHash, seconds(0));
  fs::copy_file(file(), folder_ / "other");
  change(folder_ / "other");
  fs::last_write_time(folder_ / "other", fs::last_write_time(file()));
  fs::rename(folder_ / "other", file());
  EXPECT_EQ(find(), std::nullopt);
}

TEST_F(KnownModelsTest, OtherTensorsInTheSameFileAreAnotherModel) {
  model::Weights renamed, reshaped;
  const model::Weights read = weights();
  keep_known_hash(cache(), read, kHash, seconds(0));
  for (const auto& file : read.files()) {
    renamed.keep(file);
    reshaped.keep(file);
  }
  for (auto [name, tensor] : read.tensors()) {
    const bool is_changed = name == "decoder.ln.bias";
    renamed.add(is_changed ? name + "x" : name, tensor);
    if (is_changed) tensor.shape.push_back(1);
    reshaped.add(name, tensor);
  }
  EXPECT_EQ(find(renamed), std::nullopt);
  EXPECT_EQ(find(reshaped), std::nullopt);
  EXPECT_EQ(find(read), kHash);
}

TEST_F(KnownModelsTest, FilesThatHaveJustChangedAreNotKept) {
  keep_known_hash(cache(), weights(), kHash, CacheSettings{}.settled);
  EXPECT_EQ(find(), std::nullopt);
  fs::last_write_time(file(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  keep_known_hash(cache(), weights(), kHash, CacheSettings{}.settled);
  EXPECT_EQ(find(), std::nullopt);  // the time of the change is what counts
  fs::last_write_time(file(), fs::file_time_type::clock::now() + std::chrono::hours(1));
  tick();
  keep_known_hash(cache(), weights(), kHash, seconds(0));
  EXPECT_EQ(find(), std::nullopt);  // nor is a clock trusted that went back
}

TEST_F(KnownModelsTest, FilesThatChangeWhileTheyAreReadAreNotKept) {
  const model::Weights read = weights();
  change(file());
  tick();
  keep_known_hash(cache(), read, kHash, seconds(0));
  EXPECT_TRUE(fs::is_empty(cache()));
  fs::remove(file());
  keep_known_hash(cache(), read, kHash, seconds(0));
  EXPECT_TRUE(fs::is_empty(cache()));
}

TEST_F(KnownModelsTest, WeightsThatLieInNoFileHaveNoIdentity) {
  const model::Weights seeded = model::seeded_weights(dims_, 1);
  EXPECT_EQ(identity_of(seeded), std::nullopt);
  keep_known_hash(cache(), seeded, kHash, seconds(0));
  EXPECT_TRUE(fs::is_empty(cache()));
}

TEST_F(KnownModelsTest, DamagedRecordsAreNoneAndNoError) {
  keep_known_hash(cache(), weights(), kHash, seconds(0));
  const fs::path path = record();
  const std::string whole = read_text_file(path);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    write_file_atomically(path, damaged);
    EXPECT_EQ(find(), std::nullopt) << i;
    write_file_atomically(path, whole.substr(0, i));
    EXPECT_EQ(find(), std::nullopt) << i;
  }
  write_file_atomically(path, whole + "x");
  EXPECT_EQ(find(), std::nullopt);
  write_file_atomically(path, std::string(1 << 20, 'x'));
  EXPECT_EQ(find(), std::nullopt);
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_EQ(find(), std::nullopt);
  fs::remove_all(cache());
  EXPECT_EQ(find(), std::nullopt);
}

/// Whether a decoder of the weights was packed before, by way of the cache.
bool packed_before(const fs::path& folder, const model::Weights& weights, const model::Dims& dims) {
  ThreadPool pool(1);
  const PackedCache cache({{.folder = folder, .smallest_model_bytes = 0, .settled = seconds(0)}},
                          weights, pool);
  bool before = false;
  cache.make(model::Part::decoder, model::ComputeType::int8, Isa::portable, [&](auto packed) {
    before = packed->packed_before();
    return cpu::make_decoder(dims, weights, Isa::portable, model::ComputeType::int8, pool,
                             std::move(packed));
  });
  return before;
}

TEST_F(KnownModelsTest, TheCacheReadsAModelThatHasChanged) {
  EXPECT_FALSE(packed_before(cache(), weights(), dims_));
  EXPECT_TRUE(packed_before(cache(), weights(), dims_));
  change(file());
  EXPECT_FALSE(packed_before(cache(), weights(), dims_));
  change(file());  // back to what it was
  EXPECT_TRUE(packed_before(cache(), weights(), dims_));
}

// Told by a hash that the model does not have: the record was believed.
TEST_F(KnownModelsTest, TheCacheDoesNotReadAModelThatIsKnown) {
  keep_known_hash(cache(), weights(), kHash, seconds(0));
  EXPECT_FALSE(packed_before(cache(), weights(), dims_));
  EXPECT_TRUE(fs::exists(cache() /
                         concat(kHash, "-decoder-int8-portable-v", cpu::kPackedFormat, ".packed")));
}

}  // namespace
}  // namespace sotto::engine
