#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/testing.h"

namespace sotto {
namespace {

namespace fs = std::filesystem;
using testing::message_of;

class FileTest : public ::testing::Test {
 protected:
  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

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
  EXPECT_THAT(message_of(ErrorKind::io, [&] { MappedFile file(folder_ / "none"); }),
              AllOf(HasSubstr((folder_ / "none").string()), HasSubstr("No such file")));
  EXPECT_THAT(message_of(ErrorKind::io, [&] { MappedFile file(folder_); }),
              HasSubstr("is a folder"));
  EXPECT_THAT(message_of(ErrorKind::io, [&] { MappedFile file("/dev/null"); }),
              HasSubstr("not a regular file"));
  write_file_atomically(folder_ / "big", "12345");
  EXPECT_THAT(message_of(ErrorKind::io, [&] { read_text_file(folder_ / "big", 4); }),
              HasSubstr("5 bytes"));
}

TEST_F(FileTest, WritesThroughLinks) {
  fs::create_directories(folder_ / "there");
  write_file_atomically(folder_ / "there/a.txt", "old");
  fs::create_symlink("there/a.txt", folder_ / "relative");
  fs::create_symlink(folder_ / "relative", folder_ / "absolute");
  fs::create_symlink("there/new.txt", folder_ / "dangling");
  for (const std::string name : {"relative", "absolute"}) {
    write_file_atomically(folder_ / name, name);
    EXPECT_EQ(read_text_file(folder_ / "there/a.txt"), name);
  }
  write_file_atomically(folder_ / "dangling", "new");
  EXPECT_EQ(read_text_file(folder_ / "there/new.txt"), "new");
  for (const std::string name : {"relative", "absolute", "dangling"}) {
    EXPECT_TRUE(fs::is_symlink(folder_ / name)) << name;
  }
}

TEST_F(FileTest, RefusesLinksThatLeadToNoFile) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  EXPECT_EQ(
      message_of(ErrorKind::io, [&] { write_file_atomically(folder_ / "a", "x"); }),
      "cannot write " + (folder_ / "a").string() + ": it is a symbolic link that leads to no end");
  fs::create_symlink("no/such/folder", folder_ / "nowhere");
  EXPECT_EQ(message_of(ErrorKind::io, [&] { write_file_atomically(folder_ / "nowhere", "x"); }),
            "cannot write " + (folder_ / "nowhere").string() + ": No such file or directory");
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  fs::create_symlink("pipe", folder_ / "to_pipe");
  EXPECT_EQ(message_of(ErrorKind::io, [&] { write_file_atomically(folder_ / "to_pipe", "x"); }),
            "cannot write " + (folder_ / "to_pipe").string() +
                ": what has that name is not a regular file");
  EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
}

TEST_F(FileTest, NamesMayBeAsLongAsTheFileSystemAllows) {
  const fs::path longest = folder_ / std::string(255, 'n');
  write_file_atomically(longest, "x");
  EXPECT_EQ(read_text_file(longest), "x");
  EXPECT_THAT(message_of(ErrorKind::io,
                         [&] { write_file_atomically(folder_ / std::string(256, 'n'), "x"); }),
              ::testing::HasSubstr("File name too long"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(FileTest, FailedWriteLeavesNothingBehind) {
  EXPECT_THAT(
      message_of(ErrorKind::io, [&] { write_file_atomically(folder_ / "no/such/folder", "x"); }),
      ::testing::HasSubstr("cannot write"));
  fs::create_directories(folder_ / "taken/inside");
  EXPECT_THAT(message_of(ErrorKind::io, [&] { write_file_atomically(folder_ / "taken", "x"); }),
              ::testing::HasSubstr("taken: there is a folder of that name"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace sotto
