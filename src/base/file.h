// Files: read as a memory map, written whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// What a file system says of a file. Another one, or one that has changed, has another identity:
/// nobody can set the time of a change, as the time of a modification can be set (cp -p).
/// Exceptions: keeps_times_of_change().
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size_bytes = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  ///< since 1970

  bool operator==(const FileIdentity&) const = default;
};

/// Nothing when there is no such file.
std::optional<FileIdentity> file_identity(const std::filesystem::path& path);

/// Whether the file system is known to keep the time of a file's last change. FAT and some that
/// programs or servers provide say the time of its modification for it.
bool keeps_times_of_change(const std::filesystem::path& path);

/// A whole file, read-only, mapped into memory. Moves, does not copy.
class MappedFile {
 public:
  /// Throws Error{io} naming the path when it is missing, a folder, or cannot be read.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  /// Empty for an empty file.
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  const std::filesystem::path& path() const noexcept { return path_; }
  /// As it was when it was opened.
  const FileIdentity& identity() const noexcept { return identity_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  FileIdentity identity_;
};

/// A file of at most `max_bytes` (a guard against reading a model as a text). Throws Error{io}.
MappedFile map_text_file(const std::filesystem::path& path, std::size_t max_bytes = 64 << 20);

/// Its content, when it may change while it is in use.
std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes = 64 << 20);

/// A file that is written beside `path` and renamed onto it when it is whole: readers see the old
/// one or the whole new one, and a full disk leaves nothing behind. When `path` is a symbolic link,
/// the file that it points to is the one that is made or replaced. All throw Error{io}.
class NewFile {
 public:
  /// Throws also when there is something else than a file of that name.
  explicit NewFile(const std::filesystem::path& path);
  /// Without commit(), nothing is left.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

 private:
  [[noreturn]] void refuse() const;
  bool close();

  std::filesystem::path path_;
  std::filesystem::path target_;
  std::string temporary_;  ///< empty once it has been renamed
  int file_ = -1;
};

/// A NewFile with this content.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace sotto
