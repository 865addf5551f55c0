#include "audio/container.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace sotto::audio {
namespace {

using Bytes = std::string;

/// A regular file, read at given places.
class File {
 public:
  explicit File(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return;
    size_ = std::filesystem::file_size(path, error);
    if (error) size_ = 0;
    stream_.open(path, std::ios::binary);
  }

  std::uint64_t size() const { return size_; }

  /// Up to `n` bytes from `offset`; fewer at the end of the file.
  Bytes read(std::uint64_t offset, std::size_t n) {
    if (offset >= size_) return {};
    Bytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(n, size_ - offset)), '\0');
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, stream_.gcount())));
    return bytes;
  }

 private:
  std::ifstream stream_;
  std::uint64_t size_ = 0;
};

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
  return value;
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

/// Programs that write RIFF into a pipe leave 0 or a size near 2^31 or 2^32 in its headers.
constexpr std::uint64_t kOpenSize = 0x7FFF0000;

/// RIFF: "RIFF" size "WAVE", then chunks of id (4), size (4, little-endian), data, padded to even.
/// RF64 states the size of "data" in a chunk "ds64", at byte 8 of it.
bool wav_ends_early(File& file) {
  std::uint64_t long_size = 0;
  for (std::uint64_t offset = 12;;) {
    const Bytes head = file.read(offset, 24);
    if (head.size() < 8) return false;
    const std::string_view id = std::string_view(head).substr(0, 4);
    std::uint64_t size = little_endian(std::string_view(head).substr(4, 4));
    offset += 8;
    if (id == "data") {
      if (size == 0xFFFFFFFF && long_size != 0) return long_size > file.size() - offset;
      return size < kOpenSize && size > file.size() - offset;
    }
    if (id == "ds64" && head.size() == 24) {
      long_size = little_endian(std::string_view(head).substr(16, 8));
    }
    offset += size + size % 2;
  }
}

/// An AVI file is a RIFF file, too; one beyond 1 GB has further ones behind the first.
bool avi_ends_early(File& file) {
  const std::uint64_t size = little_endian(file.read(4, 4));
  return size < kOpenSize && size > file.size() - 8;
}

/// ISO base media: boxes of size (4, big-endian), type (4); size 1: 8 more bytes hold it; size 0:
/// to the end of the file. Anything of another type ends the walk: it was appended by something
/// else.
bool mp4_ends_early(File& file) {
  constexpr std::array<std::string_view, 14> kBoxes = {"ftyp", "moov", "mdat", "moof", "mfra",
                                                       "free", "skip", "wide", "uuid", "sidx",
                                                       "styp", "meta", "pnot", "emsg"};
  for (std::uint64_t offset = 0;;) {
    const Bytes head = file.read(offset, 16);
    if (head.size() < 8) return false;
    const std::string_view type = std::string_view(head).substr(4, 4);
    if (std::find(kBoxes.begin(), kBoxes.end(), type) == kBoxes.end()) return false;
    std::uint64_t size = big_endian(std::string_view(head).substr(0, 4));
    if (size == 1 && head.size() == 16) size = big_endian(std::string_view(head).substr(8, 8));
    if (size < 8) return false;
    if (size > file.size() - offset) return true;
    offset += size;
  }
}

/// EBML: an element is an id, a size of 1 … 8 bytes whose leading zero bits give their number, and
/// data. A size of all ones is unknown. A file is an EBML header, then one Segment.
bool matroska_ends_early(File& file) {
  constexpr std::string_view kSegment = "\x18\x53\x80\x67";
  std::uint64_t offset = 0;
  for (const bool is_segment : {false, true}) {
    const Bytes head = file.read(offset, 12);
    if (head.size() < 5 || (is_segment && !head.starts_with(kSegment))) return false;
    std::size_t length = 1;
    for (auto first = static_cast<std::uint8_t>(head[4]); length <= 8 && first < 0x80; ++length) {
      first = static_cast<std::uint8_t>(first << 1);
    }
    if (length > 8 || head.size() < 4 + length) return false;
    const std::uint64_t unknown = (std::uint64_t{1} << (7 * length)) - 1;
    const std::uint64_t size = big_endian(std::string_view(head).substr(4, length)) & unknown;
    offset += 4 + length;
    if (size == unknown) return false;
    if (is_segment) return size > file.size() - offset;
    offset += size;
  }
  return false;
}

/// Ogg: pages of "OggS", 22 bytes, the number of segments, their lengths, the segments.
bool ogg_ends_early(File& file) {
  constexpr std::size_t kHeaderBytes = 27;
  constexpr std::size_t kMaxPageBytes = kHeaderBytes + 255 + 255 * 255;
  const std::uint64_t start = file.size() - std::min<std::uint64_t>(file.size(), kMaxPageBytes);
  const Bytes tail = file.read(start, kMaxPageBytes);
  const std::size_t page = tail.rfind(std::string_view("OggS\0", 5));
  if (page == Bytes::npos) return false;
  if (tail.size() < page + kHeaderBytes) return true;
  const std::size_t segments = static_cast<std::uint8_t>(tail[page + kHeaderBytes - 1]);
  std::size_t end = page + kHeaderBytes + segments;
  if (end > tail.size()) return true;
  for (std::size_t i = 0; i < segments; ++i) {
    end += static_cast<std::uint8_t>(tail[page + kHeaderBytes + i]);
  }
  return end > tail.size();
}

}  // namespace

bool ends_inside_its_container(const std::filesystem::path& path) {
  File file(path);
  const Bytes head = file.read(0, 12);
  if (head.size() < 12) return false;
  const std::string_view kind = std::string_view(head).substr(8, 4);
  if ((head.starts_with("RIFF") || head.starts_with("RF64")) && kind == "WAVE") {
    return wav_ends_early(file);
  }
  if (head.starts_with("RIFF") && kind == "AVI ") return avi_ends_early(file);
  if (head.starts_with("\x1A\x45\xDF\xA3")) return matroska_ends_early(file);
  if (head.starts_with("OggS")) return ogg_ends_early(file);
  return mp4_ends_early(file);
}

}  // namespace sotto::audio
