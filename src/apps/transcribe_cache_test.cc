// Packed weights that "sotto transcribe" keeps, as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "apps/process.h"
#include "base/file.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using ::testing::SizeIs;

class TranscribeCacheTest : public ::testing::Test {
 protected:
  /// With more weights than the smallest model that is kept.
  static void SetUpTestSuite() {
    model_folder_ = std::make_unique<sotto::testing::TemporaryFolder>();
    model::Dims dims = model::testing::tiny_test_dims();
    dims.n_audio_ffn = dims.n_text_ffn = 20480;
    model::testing::write_hf_folder(*model_folder_ / "large", dims, 1);
    ASSERT_GT(fs::file_size(*model_folder_ / "large/model.safetensors"), 16u << 20);
  }
  static void TearDownTestSuite() { model_folder_.reset(); }

  void SetUp() override {
    const std::string silence(3200, '\0');  // 0.1 s of 16 bits at 16 kHz
    const std::string head(
        "RIFF\xa4\x0c\0\0WAVEfmt "
        "\x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\x80\x0c\0\0",
        44);
    std::ofstream(folder_ / "a.wav", std::ios::binary) << head << silence;
  }

  Outcome transcribe(const fs::path& caches, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"transcribe", "a.wav", "--model",
                                          (*model_folder_ / "large").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::run(folder_.path(), arguments,
                        [&] { ::setenv("XDG_CACHE_HOME", caches.c_str(), 1); });
  }

  std::vector<fs::path> entries() const {
    std::vector<fs::path> paths;
    if (!fs::exists(folder_ / "caches/sotto")) return paths;
    for (const auto& file : fs::directory_iterator(folder_ / "caches/sotto")) {
      if (file.path().extension() == ".packed") paths.push_back(file.path());
    }
    return paths;
  }

  inline static std::unique_ptr<sotto::testing::TemporaryFolder> model_folder_;
  const sotto::testing::TemporaryFolder folder_;
};

TEST_F(TranscribeCacheTest, KeepsBothHalvesAndUsesThemAgain) {
  const Outcome first = transcribe(folder_ / "caches");
  EXPECT_EQ(first.exit_code, 0) << first.err;
  ASSERT_THAT(entries(), SizeIs(2));
  const Outcome second = transcribe(folder_ / "caches");
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(entries(), SizeIs(2));
}

TEST_F(TranscribeCacheTest, NothingIsKeptWithoutTheCache) {
  const Outcome outcome = transcribe(folder_ / "caches", {"--no-cache"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_F(TranscribeCacheTest, AProblemWithTheCacheIsToldAndDoesNotFailTheRun) {
  write_file_atomically(folder_ / "file", "no folder");
  const Outcome told = transcribe(folder_ / "file");
  EXPECT_EQ(told.exit_code, 0);
  EXPECT_THAT(told.err, HasSubstr("sotto: cannot keep packed weights in"));
  const Outcome quiet = transcribe(folder_ / "file", {"--verbose", "False"});
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_THAT(quiet.err, Not(HasSubstr("packed weights")));
}

TEST_F(TranscribeCacheTest, ADamagedEntryIsReplaced) {
  const Outcome first = transcribe(folder_ / "caches");
  for (const fs::path& path : entries()) {
    std::string content = read_text_file(path, 256 << 20);
    content[content.size() / 2] ^= 1;
    write_file_atomically(path, content);
  }
  const Outcome second = transcribe(folder_ / "caches");
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(second.out, first.out);
  EXPECT_THAT(second.err, HasSubstr("it is damaged; packing the model anew"));
  EXPECT_THAT(transcribe(folder_ / "caches").err, Not(HasSubstr("damaged")));
}

}  // namespace
}  // namespace sotto::apps
