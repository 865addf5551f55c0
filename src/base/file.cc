#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
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
  /// Closes now and reports what close() says: on some file systems a full disk shows only here.
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

/// Opens a regular file and gives its size.
Descriptor open_for_reading(const std::filesystem::path& path, std::size_t& size_bytes) {
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
  size_bytes = static_cast<std::size_t>(status.st_size);
  return file;
}

void write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(ErrorKind::io, "cannot write ", path.string(), ": ", reason());
    content.remove_prefix(static_cast<std::size_t>(written));
  }
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

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const Descriptor file = open_for_reading(path, size_);
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
  return *this;
}

std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const MappedFile file(path);
  const auto bytes = file.bytes();
  if (bytes.size() > max_bytes) {
    fail(ErrorKind::io, "cannot read ", path.string(), ": it has ", bytes.size(),
         " bytes, and at most ", max_bytes, " are expected of such a file");
  }
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  const std::filesystem::path target = file_to_replace(path);
  // Of its own, not the file's name and more: that can be as long as a name may be.
  std::string temporary = target.parent_path() / ".sotto-XXXXXX";
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) fail(ErrorKind::io, "cannot write ", path.string(), ": ", reason());
  try {
    write_all(file.get(), content, path);
    // mkostemp makes private files; a result is an ordinary one.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(file.get(), 0666 & ~mask) != 0 || !file.close() ||
        ::rename(temporary.c_str(), target.c_str()) != 0) {
      fail(ErrorKind::io, "cannot write ", path.string(), ": ", reason());
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace sotto
