// "sotto model convert" as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "apps/process.h"
#include "base/file.h"
#include "base/testing.h"
#include "model/model.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::Outcome;
using ::testing::StartsWith;

class ModelConvertTest : public ::testing::Test {
 protected:
  ModelConvertTest() {
    model::testing::write_hf_folder(folder_ / "hf", model::testing::tiny_test_dims(), 1);
  }
  Outcome convert(
      std::vector<std::string> arguments, const std::function<void()>& before_exec = [] {}) {
    arguments.insert(arguments.begin(), {"model", "convert", "hf"});
    return testing::run(folder_.path(), arguments, before_exec);
  }
  const sotto::testing::TemporaryFolder folder_;
};

TEST_F(ModelConvertTest, WritesAFileThatIsAModel) {
  Outcome outcome = convert({"m.bin"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("m.bin: "), HasSubstr(" bytes, matrices in f16\n"),
                                 HasSubstr("whisper.cpp expects the vocabulary of a released")));
  EXPECT_EQ(model::load(folder_ / "m.bin").format, "ggml");
  outcome = convert({"--type", "f32", "wide.bin"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_GT(fs::file_size(folder_ / "wide.bin"), fs::file_size(folder_ / "m.bin"));
}

TEST_F(ModelConvertTest, ReplacesAFileOnlyWhenToldTo) {
  write_file_atomically(folder_ / "m.bin", "mine");
  const Outcome refused = convert({"m.bin"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.err, "sotto: m.bin is there already: --force replaces it\n");
  EXPECT_EQ(read_text_file(folder_ / "m.bin"), "mine");
  EXPECT_EQ(convert({"m.bin", "--force"}).exit_code, 0);
  EXPECT_EQ(model::load(folder_ / "m.bin").format, "ggml");
}

TEST_F(ModelConvertTest, AFullDiskLeavesWhatWasThere) {
  write_file_atomically(folder_ / "m.bin", "mine");
  const Outcome outcome = convert({"m.bin", "--force"}, [] {
    const rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  });
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: cannot write m.bin: "));
  EXPECT_EQ(read_text_file(folder_ / "m.bin"), "mine");
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::Not(StartsWith(".sotto-")));
  }
}

TEST_F(ModelConvertTest, WrongUsageIsSaid) {
  for (const auto& [arguments, message] :
       {std::pair<std::vector<std::string>, std::string>{{}, "OUTPUT is required"},
        {{"m.bin", "--type", "q8_0"}, "--type: 'q8_0' is neither f16 nor f32"},
        {{""}, "the name of OUTPUT is empty"},
        {{"m.bin", "more"}, "sotto model convert takes one PATH and one OUTPUT"}}) {
    const Outcome outcome = convert(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(message));
  }
}

}  // namespace
}  // namespace sotto::apps
