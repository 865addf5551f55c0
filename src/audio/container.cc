#include "audio/container.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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

struct WavData {
  std::uint64_t offset;               // where the sound begins
  std::optional<std::uint64_t> size;  // absent when left open
};

/// RIFF: "RIFF" size "WAVE", then chunks of id (4), size (4, little-endian), data, padded to even.
/// RF64 states the size of "data" in a chunk "ds64", at byte 8 of it. `read` gives up to a number
/// of bytes from an offset.
template <typename Read>
std::optional<WavData> wav_data(const Read& read) {
  std::uint64_t long_size = 0;
  for (std::uint64_t offset = 12;;) {
    const Bytes head = read(offset, 24);
    if (head.size() < 8) return std::nullopt;
    const std::string_view id = std::string_view(head).substr(0, 4);
    std::uint64_t size = little_endian(std::string_view(head).substr(4, 4));
    offset += 8;
    if (id == "data") {
      if (size == 0xFFFFFFFF && long_size != 0) return WavData{offset, long_size};
      if (size == 0 || size >= kOpenSize) return WavData{offset, std::nullopt};
      return WavData{offset, size};
    }
    if (id == "ds64" && head.size() == 24) {
      long_size = little_endian(std::string_view(head).substr(16, 8));
    }
    offset += size + size % 2;
  }
}

bool is_wav(std::string_view head) {
  return head.size() >= 12 && (head.starts_with("RIFF") || head.starts_with("RF64")) &&
         head.substr(8, 4) == "WAVE";
}

bool wav_ends_early(File& file) {
  const auto data = wav_data([&](std::uint64_t at, std::size_t n) { return file.read(at, n); });
  return data && data->size && *data->size > file.size() - data->offset;
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

/// Sony Wave64: 16 bytes "riff…", then the size of the file (8, little-endian). Chunks begin at
/// multiples of 8 bytes; some programs count the padding behind the last one, which is not there.
bool w64_ends_early(File& file) {
  constexpr std::uint64_t kUnknown = ~std::uint64_t{0};
  constexpr std::uint64_t kMaxPadding = 7;
  const Bytes head = file.read(16, 8);
  const std::uint64_t size = little_endian(head);
  return head.size() < 8 || (size != kUnknown && size > file.size() + kMaxPadding);
}

/// Core Audio: 8 bytes "caff…", then chunks of type (4), size (8, big-endian), data. A data chunk
/// of size -1 lasts to the end of the file.
bool caf_ends_early(File& file) {
  for (std::uint64_t offset = 8;;) {
    const Bytes head = file.read(offset, 12);
    if (head.size() < 12) return false;
    const std::uint64_t size = big_endian(std::string_view(head).substr(4, 8));
    offset += 12;
    if (size > std::numeric_limits<std::int64_t>::max()) return false;
    if (size > file.size() - offset) return true;
    offset += size;
  }
}

constexpr char kTransportSync = 0x47;

/// The size of an MPEG transport stream's packets: 188 bytes, or 192 with a time code in front, or
/// 204 with a checksum behind; 0 when the file does not begin as one.
std::size_t transport_packet_bytes(File& file) {
  constexpr std::size_t kPackets = 5;
  for (const auto& [bytes, sync] : {std::pair{188U, 0U}, {192U, 4U}, {204U, 0U}}) {
    const Bytes begin = file.read(0, kPackets * bytes);
    bool fits = begin.size() == kPackets * bytes;
    for (std::size_t i = 0; fits && i < kPackets; ++i) {
      fits = begin[i * bytes + sync] == kTransportSync;
    }
    if (fits) return bytes;
  }
  return 0;
}

/// MPEG program stream (ISO/IEC 13818-1, 2.5.3): packs of a header "\0\0\1\xBA", then packets of
/// "\0\0\1", id (1), size (2, big-endian), data. Those of the last pack are walked through.
bool program_stream_ends_early(File& file) {
  constexpr std::uint64_t kTailBytes = 1 << 18;  // a packet has up to 64 KiB
  constexpr std::string_view kPrefix("\0\0\1", 3), kPack("\0\0\1\xBA", 4);
  const std::uint64_t start = file.size() - std::min(file.size(), kTailBytes);
  const Bytes tail = file.read(start, kTailBytes);
  for (std::size_t at = tail.rfind(kPack); at < tail.size();) {
    const std::string_view head = std::string_view(tail).substr(at, 14);
    if (!kPrefix.starts_with(head.substr(0, 3))) return false;  // something behind the end
    if (head.size() < 6) return true;
    if (head.starts_with(kPack)) {
      const bool mpeg2 = (head[4] & 0xC0) == 0x40;
      const std::size_t stuffing = mpeg2 && head.size() == 14 ? head[13] & 7 : 0;
      at += (mpeg2 ? 14 : 12) + stuffing;
    } else if (head[3] == '\xB9') {  // the end, of four bytes
      return false;
    } else {
      at += 6 + static_cast<std::size_t>(big_endian(head.substr(4, 2)));
    }
    if (at > tail.size()) return true;
  }
  return false;
}

/// Flash video: "FLV", version (1), flags (1), the header's size (4, big-endian), 4 bytes, then
/// tags of type (1), size (3, big-endian), 7 bytes, data, and the size of all that (4).
bool flv_ends_early(File& file) {
  constexpr std::uint64_t kTagBytes = 11, kBehind = 4;
  const std::uint64_t header = big_endian(file.read(5, 4));
  for (std::uint64_t offset = header + kBehind; offset < file.size();) {
    const Bytes head = file.read(offset, 4);
    const int type = head[0] & 0x1F;
    if (type != 8 && type != 9 && type != 18) return false;  // sound, picture, data
    if (head.size() < 4) return true;
    offset += kTagBytes + big_endian(std::string_view(head).substr(1)) + kBehind;
    if (offset > file.size()) return true;
  }
  return false;
}

/// NUT: the last packet may be an index of "NX…" (8 bytes), …, its own size (8, big-endian) and a
/// checksum (4). FFmpeg writes one even into a pipe.
bool is_nut_without_index(File& file) {
  constexpr std::string_view kIndex = "NX\xDD\x67\x2F\x23\xE6\x4E";
  const std::uint64_t size =
      big_endian(file.read(file.size() - std::min<std::uint64_t>(file.size(), 12), 8));
  return size > file.size() || file.read(file.size() - size, kIndex.size()) != kIndex;
}

/// Ogg: pages of "OggS", version (1), type (1), 20 bytes, the number of segments (1), their
/// lengths, the segments. This is what is there of the last one; empty when there is none.
constexpr std::size_t kOggHeaderBytes = 27;

Bytes last_ogg_page(File& file) {
  constexpr std::size_t kMaxPageBytes = kOggHeaderBytes + 255 + 255 * 255;
  const std::uint64_t start = file.size() - std::min<std::uint64_t>(file.size(), kMaxPageBytes);
  const Bytes tail = file.read(start, kMaxPageBytes);
  const std::size_t page = tail.rfind(std::string_view("OggS\0", 5));
  return page == Bytes::npos ? Bytes() : tail.substr(page);
}

bool ogg_ends_early(File& file) {
  const Bytes page = last_ogg_page(file);
  if (page.empty()) return false;
  if (page.size() < kOggHeaderBytes) return true;
  const std::size_t segments = static_cast<std::uint8_t>(page[kOggHeaderBytes - 1]);
  std::size_t end = kOggHeaderBytes + segments;
  if (end > page.size()) return true;
  for (std::size_t i = 0; i < segments; ++i) {
    end += static_cast<std::uint8_t>(page[kOggHeaderBytes + i]);
  }
  return end > page.size();
}

/// Bytes of an MPEG audio frame of layer II or III by its header (ISO/IEC 11172-3, 2.4.1.3, and
/// 13818-3 for lower rates): 11 bits of sync, version (2), layer (2), protection (1), bit rate (4),
/// sample rate (2), padding (1), … 0 for anything else, and for a bit rate that it does not state.
std::size_t mpeg_audio_frame_bytes(std::string_view header) {
  // kbit/s, by the header's index: layer II and III of MPEG-1, and either of MPEG-2 and 2.5.
  constexpr std::array<std::array<std::uint16_t, 16>, 3> kBitRates = {{
      {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0},
      {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
      {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
  }};
  constexpr std::array<std::uint32_t, 4> kSampleRates = {44100, 48000, 32000, 0};
  if (header.size() < 4) return 0;
  const auto bits = static_cast<std::uint32_t>(big_endian(header.substr(0, 4)));
  const std::uint32_t version = bits >> 19 & 3;  // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const std::uint32_t layer = bits >> 17 & 3;    // 2: II, 1: III
  const std::uint32_t sample_rate = kSampleRates[bits >> 10 & 3];
  if (bits >> 21 != 0x7FF || version == 1 || layer == 0 || layer == 3 || sample_rate == 0) return 0;
  const bool mpeg1 = version == 3;
  const std::size_t table = !mpeg1 ? 2 : layer == 1 ? 1 : 0;
  const std::uint32_t bit_rate = 1000U * kBitRates[table][bits >> 12 & 15];
  const std::uint32_t halvings = mpeg1 ? 0 : version == 2 ? 1 : 2;
  const std::uint32_t samples = layer == 1 && !mpeg1 ? 576 : 1152;
  const std::uint32_t padding = bits >> 9 & 1;
  return bit_rate == 0 ? 0 : samples / 8 * bit_rate / (sample_rate >> halvings) + padding;
}

}  // namespace

bool ends_inside_its_container(const std::filesystem::path& path) {
  File file(path);
  const Bytes head = file.read(0, 12);
  if (head.size() < 12) return false;
  if (is_wav(head)) return wav_ends_early(file);
  if (head.starts_with("RIFF") && head.ends_with("AVI ")) return avi_ends_early(file);
  if (head.starts_with("\x1A\x45\xDF\xA3")) return matroska_ends_early(file);
  if (head.starts_with("OggS")) return ogg_ends_early(file);
  if (head.starts_with("riff\x2E\x91\xCF\x11")) return w64_ends_early(file);
  if (head.starts_with("caff")) return caf_ends_early(file);
  if (head.starts_with("FLV")) return flv_ends_early(file);
  if (head.starts_with(std::string_view("\0\0\1\xBA", 4))) return program_stream_ends_early(file);
  if (const std::size_t packet = transport_packet_bytes(file); packet != 0) {
    return file.size() % packet != 0;
  }
  return mp4_ends_early(file);
}

std::optional<std::uint64_t> stated_wav_bytes(std::string_view begin) {
  if (!is_wav(begin)) return std::nullopt;
  const auto data = wav_data([&](std::uint64_t at, std::size_t n) {
    return at < begin.size() ? Bytes(begin.substr(static_cast<std::size_t>(at), n)) : Bytes();
  });
  return data ? data->size : std::nullopt;
}

std::string_view missing_end_mark(const std::filesystem::path& path) {
  constexpr std::size_t kType = 5;
  constexpr char kEndOfStream = 4;
  File file(path);
  const Bytes head = file.read(0, 25);
  if (head.starts_with(std::string_view("nut/multimedia container\0", 25))) {
    return is_nut_without_index(file) ? "it has no index at its end" : "";
  }
  if (!head.starts_with("OggS")) return "";
  const Bytes page = last_ogg_page(file);
  const bool is_open = page.size() > kType && (page[kType] & kEndOfStream) == 0;
  return is_open ? "its last page is not marked as the end" : "";
}

bool is_part_of_mpeg_audio_frame(std::string_view bytes) {
  return mpeg_audio_frame_bytes(bytes) > bytes.size();
}

}  // namespace sotto::audio
