#include "engine/packed_file.h"

#include <cstring>
#include <type_traits>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"

namespace sotto::engine {
namespace {

using Bytes = std::span<const std::byte>;

constexpr char kMagic[8] = {'s', 'o', 't', 't', 'o', 'p', 'a', 'k'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::uint64_t kMaxArrays = 1 << 16;  // large-v3 has about 1500
constexpr std::size_t kDataAlignment = 4096;

struct Start {
  char magic[8];
  std::uint32_t version;
  std::uint32_t key_bytes;
  std::uint64_t n_arrays;
  std::uint64_t file_bytes;
  std::uint64_t hash;
};
static_assert(sizeof(Start) == 40 && std::is_trivially_copyable_v<Start>);

constexpr std::size_t round_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Where things are in a file.
struct Layout {
  std::size_t sizes;
  std::size_t hashes;
  std::size_t data;
  std::size_t end;
};

Layout layout_of(std::size_t key_bytes, std::span<const std::uint64_t> sizes) {
  Layout layout{};
  layout.sizes = sizeof(Start) + round_up(key_bytes, sizeof(std::uint64_t));
  layout.hashes = layout.sizes + sizes.size_bytes();
  std::size_t n_hashes = 0, data_bytes = 0;
  for (const std::uint64_t size : sizes) {
    n_hashes += hash_pieces_of(size);
    data_bytes += round_up(size, kCacheLineBytes);
  }
  layout.data = round_up(layout.hashes + n_hashes * sizeof(std::uint64_t), kDataAlignment);
  layout.end = layout.data + data_bytes;
  return layout;
}

std::vector<std::uint64_t> sizes_of(const cpu::PackedWeights& packed) {
  std::vector<std::uint64_t> sizes;
  for (const Bytes& array : packed.arrays()) sizes.push_back(array.size());
  return sizes;
}

template <typename T>
void put(std::vector<std::byte>& to, std::size_t at, std::span<const T> from) {
  if (!from.empty()) std::memcpy(to.data() + at, from.data(), from.size_bytes());
}

/// All before the data.
std::vector<std::byte> head_of(const std::string& key, const cpu::PackedWeights& packed,
                               ThreadPool& pool) {
  const std::vector<std::uint64_t> sizes = sizes_of(packed);
  const Layout layout = layout_of(key.size(), sizes);
  SOTTO_CHECK(key.size() <= kMaxKeyBytes && sizes.size() <= kMaxArrays);
  Start start{.magic = {},
              .version = kVersion,
              .key_bytes = static_cast<std::uint32_t>(key.size()),
              .n_arrays = sizes.size(),
              .file_bytes = layout.end,
              .hash = 0};
  std::memcpy(start.magic, kMagic, sizeof kMagic);
  std::vector<std::byte> head(layout.data);
  put(head, 0, std::span<const Start>(&start, 1));
  put(head, sizeof start, std::span<const char>(key));
  put(head, layout.sizes, std::span<const std::uint64_t>(sizes));
  put(head, layout.hashes, std::span<const std::uint64_t>(hash_pieces(packed.arrays(), pool)));
  start.hash = hash_bytes(head);
  put(head, 0, std::span<const Start>(&start, 1));
  return head;
}

/// Reads a file whose start says what it is.
class Reader {
 public:
  explicit Reader(const std::filesystem::path& path)
      : file_(std::make_shared<const MappedFile>(path)), bytes_(file_->bytes()) {
    if (bytes_.size() < sizeof start_) refuse("it is cut off");
    std::memcpy(&start_, bytes_.data(), sizeof start_);
    if (std::memcmp(start_.magic, kMagic, sizeof kMagic) != 0) {
      refuse("it does not begin as such a file does");
    }
    if (start_.version != kVersion) refuse("it is of another version of Sotto");
    if (start_.file_bytes != bytes_.size()) refuse("it is cut off, or longer than it says");
    if (start_.key_bytes > kMaxKeyBytes || start_.n_arrays > kMaxArrays) refuse("it is damaged");
  }

  /// Throws unless what comes before the data is whole and names `key`.
  void check_head(const std::string& key) {
    const std::size_t sizes_at = sizeof start_ + round_up(start_.key_bytes, sizeof(std::uint64_t));
    if (sizes_at + start_.n_arrays * sizeof(std::uint64_t) > bytes_.size()) refuse("it is damaged");
    sizes_.resize(start_.n_arrays);
    std::memcpy(sizes_.data(), bytes_.data() + sizes_at, sizes_.size() * sizeof(std::uint64_t));
    std::size_t left = bytes_.size();
    for (const std::uint64_t size : sizes_) {
      if (size > left) refuse("it is damaged");
      left -= size;
    }
    layout_ = layout_of(start_.key_bytes, sizes_);
    if (layout_.end != bytes_.size()) refuse("it is damaged");
    std::vector<std::byte> head(bytes_.begin(),
                                bytes_.begin() + static_cast<std::ptrdiff_t>(layout_.data));
    Start start = start_;
    start.hash = 0;
    put(head, 0, std::span<const Start>(&start, 1));
    if (hash_bytes(head) != start_.hash) refuse("it is damaged");
    const char* const name = reinterpret_cast<const char*>(bytes_.data() + sizeof start_);
    if (std::string_view(name, start_.key_bytes) != key) refuse("it is that of another model");
  }

  std::shared_ptr<cpu::PackedWeights> arrays(ThreadPool& pool) {
    cpu::PackedWeights::Arrays arrays;
    std::size_t at = layout_.data;
    for (const std::uint64_t size : sizes_) {
      arrays.push_back(bytes_.subspan(at, size));
      at += round_up(size, kCacheLineBytes);
    }
    const std::vector<std::uint64_t> hashes = hash_pieces(arrays, pool);
    const std::byte* const expected = bytes_.data() + layout_.hashes;
    if (!hashes.empty() &&
        std::memcmp(hashes.data(), expected, hashes.size() * sizeof(std::uint64_t)) != 0) {
      refuse("it is damaged");
    }
    return std::make_shared<cpu::PackedWeights>(std::move(arrays), file_);
  }

 private:
  [[noreturn]] void refuse(const char* why) const {
    fail(ErrorKind::io, "cannot use ", file_->path().string(), ": ", why);
  }

  std::shared_ptr<const MappedFile> file_;
  Bytes bytes_;
  Start start_{};
  std::vector<std::uint64_t> sizes_;
  Layout layout_{};
};

}  // namespace

std::shared_ptr<cpu::PackedWeights> read_packed_file(const std::filesystem::path& path,
                                                     const std::string& key, ThreadPool& pool) {
  Reader reader(path);
  reader.check_head(key);
  return reader.arrays(pool);
}

std::size_t packed_file_bytes(const std::string& key, const cpu::PackedWeights& packed) {
  return layout_of(key.size(), sizes_of(packed)).end;
}

void write_packed_file(const std::filesystem::path& path, const std::string& key,
                       const cpu::PackedWeights& packed, ThreadPool& pool) {
  constexpr std::byte kZeros[kCacheLineBytes] = {};
  NewFile file(path);
  file.write(head_of(key, packed, pool));
  for (const Bytes& array : packed.arrays()) {
    file.write(array);
    const std::size_t padding = round_up(array.size(), kCacheLineBytes) - array.size();
    file.write(Bytes(kZeros).first(padding));
  }
  file.commit();
}

}  // namespace sotto::engine
