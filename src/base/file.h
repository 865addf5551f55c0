// Files: read as a memory map, written whole or not at all.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace sotto {

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
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// The content of a file of at most `max_bytes` (a guard against reading a model as a text).
/// Throws Error{io}.
std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes = 64 << 20);

/// Writes `content` to a new file beside `path`, then renames it onto `path`: readers see the old
/// file or the whole new one, and a full disk leaves nothing behind. When `path` is a symbolic
/// link, the file that it points to is the one that is made or replaced. Throws Error{io}, also
/// when there is something else than a file of that name.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

}  // namespace sotto
