#include "base/file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/error.h"

namespace sotto {
namespace {

std::string reason() {
  return std::strerror(errno);
}

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileIdentity identity_in(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size_bytes = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

/// Opens a regular file and tells which it is.
Descriptor open_for_reading(const std::filesystem::path& path, FileIdentity& identity) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
    fail(ErrorKind::io, "cannot read ", path.string(), ": ", reason());
  }
  if (S_ISDIR(status.st_mode)) {
    fail(ErrorKind::io, "cannot read ", path.string(), ": it is a folder, and a file is needed");
  }
  if (!S_ISREG(status.st_mode)) {
    fail(ErrorKind::io, "cannot read ", path.string(), ": it is not a regular file");
  }
  identity = identity_in(status);
  return file;
}

/// The file that `path` names, which need not exist: links are followed, and nothing but a regular
/// file may be there, for it will be replaced.
std::filesystem::path file_to_replace(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  constexpr int kMaxLinks = 40;  // Linux's own limit
  const auto refuse = [&](const std::string& why) {
    fail(ErrorKind::io, "cannot write ", path.string(), ": ", why);
  };
  fs::path file = path;
  std::error_code error;
  fs::file_status status = fs::symlink_status(file, error);
  for (int links = 1; fs::is_symlink(status); ++links) {
    if (links > kMaxLinks) refuse("it is a symbolic link that leads to no end");
    const fs::path next = fs::read_symlink(file, error);
    if (error) refuse(error.message());
    file = file.parent_path() / next;
    status = fs::symlink_status(file, error);
  }
  if (fs::is_directory(status)) refuse("there is a folder of that name");
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    refuse("what has that name is not a regular file");
  }
  return file;
}

}  // namespace

std::optional<FileIdentity> file_identity(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return identity_in(status);
}

bool keeps_times_of_change(const std::filesystem::path& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return false;
  constexpr std::uint32_t kZfs = 0x2FC12FC1;  // OpenZFS, which Linux's header does not list
  constexpr std::uint32_t kKnown[] = {EXT4_SUPER_MAGIC,
                                      XFS_SUPER_MAGIC,
                                      BTRFS_SUPER_MAGIC,
                                      F2FS_SUPER_MAGIC,
                                      TMPFS_MAGIC,
                                      OVERLAYFS_SUPER_MAGIC,
                                      kZfs};
  return std::ranges::find(kKnown, static_cast<std::uint32_t>(status.f_type)) != std::end(kKnown);
}

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const Descriptor file = open_for_reading(path, identity_);
  size_ = static_cast<std::size_t>(identity_.size_bytes);
  if (size_ == 0) return;
  void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (map == MAP_FAILED) fail(ErrorKind::io, "cannot map ", path.string(), ": ", reason());
  data_ = static_cast<const std::byte*>(map);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept {
  *this = std::move(other);
}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(identity_, other.identity_);
  return *this;
}

MappedFile map_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  MappedFile file(path);
  if (file.bytes().size() > max_bytes) {
    fail(ErrorKind::io, "cannot read ", path.string(), ": it has ", file.bytes().size(),
         " bytes, and at most ", max_bytes, " are expected of such a file");
  }
  return file;
}

std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  return std::string(map_text_file(path, max_bytes).text());
}

NewFile::NewFile(const std::filesystem::path& path) : path_(path), target_(file_to_replace(path)) {
  // Of its own, not the file's name and more: that can be as long as a name may be.
  std::string temporary = target_.parent_path() / ".sotto-XXXXXX";
  file_ = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file_ < 0) refuse();
  temporary_ = std::move(temporary);
}

NewFile::~NewFile() {
  close();
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::refuse() const {
  fail(ErrorKind::io, "cannot write ", path_.string(), ": ", reason());
}

/// What close() says: on some file systems a full disk shows only there.
bool NewFile::close() {
  return file_ < 0 || ::close(std::exchange(file_, -1)) == 0;
}

void NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::commit() {
  // mkostemp makes private files; a result is an ordinary one.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(file_, 0666 & ~mask) != 0 || !close() ||
      ::rename(temporary_.c_str(), target_.c_str()) != 0) {
    refuse();
  }
  temporary_.clear();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  NewFile file(path);
  file.write(content);
  file.commit();
}

}  // namespace sotto
