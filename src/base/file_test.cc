#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"

namespace sotto {
namespace {

namespace fs = std::filesystem;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("sotto_file_test_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    return error.what();
  }
  return "no error";
}

TEST_F(FileTest, WritesThenReadsBack) {
  const fs::path path = folder_ / "a.txt";
  write_file_atomically(path, "one");
  write_file_atomically(path, std::string("two\0three", 9));
  EXPECT_EQ(read_text_file(path), std::string("two\0three", 9));
  EXPECT_EQ(MappedFile(path).bytes().size(), 9u);
}

TEST_F(FileTest, WritesOrdinaryPermissions) {
  const fs::path path = folder_ / "a.txt";
  const mode_t old = ::umask(022);
  write_file_atomically(path, "x");
  ::umask(old);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST_F(FileTest, EmptyFileIsEmpty) {
  write_file_atomically(folder_ / "empty", "");
  EXPECT_TRUE(MappedFile(folder_ / "empty").bytes().empty());
}

TEST_F(FileTest, ErrorsNameThePathAndTheReason) {
  using ::testing::AllOf;
  using ::testing::HasSubstr;
  EXPECT_THAT(message_of([&] { MappedFile file(folder_ / "none"); }),
              AllOf(HasSubstr((folder_ / "none").string()), HasSubstr("No such file")));
  EXPECT_THAT(message_of([&] { MappedFile file(folder_); }), HasSubstr("is a folder"));
  EXPECT_THAT(message_of([&] { MappedFile file("/dev/null"); }), HasSubstr("not a regular file"));
  write_file_atomically(folder_ / "big", "12345");
  EXPECT_THAT(message_of([&] { read_text_file(folder_ / "big", 4); }), HasSubstr("5 bytes"));
}

TEST_F(FileTest, FailedWriteLeavesNothingBehind) {
  EXPECT_THAT(message_of([&] { write_file_atomically(folder_ / "no/such/folder", "x"); }),
              ::testing::HasSubstr("cannot write"));
  fs::create_directories(folder_ / "taken/inside");
  EXPECT_THAT(message_of([&] { write_file_atomically(folder_ / "taken", "x"); }),
              ::testing::HasSubstr("cannot write"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace sotto
