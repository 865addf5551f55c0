#include "engine/packed_cache.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/hash.h"
#include "cpu/encoder.h"
#include "cpu/packed.h"
#include "engine/known_models.h"
#include "engine/packed_file.h"

namespace sotto::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".packed";
constexpr std::string_view kRecord = ".known";
/// As NewFile names files that are not whole yet.
constexpr std::string_view kUnfinished = ".sotto-";

std::span<const std::byte> bytes_of(const model::Tensor& tensor) {
  return {tensor.data, static_cast<std::size_t>(tensor.size()) * model::bytes_of(tensor.type)};
}

std::size_t bytes_of(const model::Weights& weights) {
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : weights.tensors()) bytes += bytes_of(tensor).size();
  return bytes;
}

/// A hash of all that distinguishes models: names, types, shapes and numbers of their tensors.
std::string hash_of(const model::Weights& weights, ThreadPool& pool) {
  std::string all;
  std::vector<std::span<const std::byte>> parts;
  for (const auto& [name, tensor] : weights.tensors()) {
    all += concat(name, " ", name_of(tensor.type), " ", model::to_string(tensor.shape), "\n");
    parts.push_back(bytes_of(tensor));
  }
  const std::vector<std::uint64_t> hashes = hash_pieces(parts, pool);
  all.append(reinterpret_cast<const char*>(hashes.data()), hashes.size() * sizeof(std::uint64_t));
  return to_hex(hash_bytes(std::as_bytes(std::span(all))));
}

/// "-v2.packed", of the files that this version of Sotto reads.
std::string ending() {
  return concat("-v", cpu::kPackedFormat, kExtension);
}

struct Entry {
  fs::path path;
  fs::file_time_type used;
  std::uint64_t bytes;
};

/// The entries of `folder` that this version of Sotto reads. Those of others are removed, what a
/// run left that was killed as it wrote, and records that are old: of models that are there no
/// more, or made anew by reading a model once.
std::vector<Entry> tidy(const fs::path& folder) {
  constexpr auto kLongestWrite = std::chrono::hours(1);
  constexpr auto kOldRecord = std::chrono::hours(24 * 90);
  const auto now = fs::file_time_type::clock::now();
  std::vector<Entry> entries;
  for (const auto& file : fs::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    std::error_code gone;  // another process may tidy as well
    const Entry entry{file.path(), file.last_write_time(gone), file.file_size(gone)};
    if (gone) continue;
    const bool unfinished = name.starts_with(kUnfinished);
    if (name.ends_with(ending())) {
      entries.push_back(entry);
    } else if (name.ends_with(kExtension) || (unfinished && entry.used < now - kLongestWrite) ||
               (name.ends_with(kRecord) &&
                (!name.ends_with(known_ending()) || entry.used < now - kOldRecord))) {
      fs::remove(entry.path, gone);
    }
  }
  return entries;
}

/// Removes the entries that were used the longest ago until all take at most `most_bytes`, but not
/// the one that is used now.
void make_room(const fs::path& folder, const fs::path& used_now, std::uint64_t most_bytes) {
  std::vector<Entry> entries = tidy(folder);
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.bytes;
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (bytes <= most_bytes) break;
    if (entry.path == used_now) continue;
    std::error_code gone;
    fs::remove(entry.path, gone);
    bytes -= entry.bytes;
  }
}

}  // namespace

PackedCache::PackedCache(std::optional<CacheSettings> settings, const model::Weights& weights,
                         ThreadPool& pool)
    : settings_(std::move(settings)), pool_(pool) {
  if (settings_ && bytes_of(weights) < settings_->smallest_model_bytes) settings_.reset();
  if (settings_) model_ = hash_or_known(weights);
}

std::string PackedCache::hash_or_known(const model::Weights& weights) const {
  const std::optional<std::string> identity = identity_of(weights);
  if (!identity) return hash_of(weights, pool_);
  if (const auto known = find_known_hash(settings_->folder, *identity)) return *known;
  std::string hash = hash_of(weights, pool_);
  try {
    make_folder();
    keep_known_hash(settings_->folder, weights, hash, settings_->settled);
  } catch (const Error&) {  // packed weights, which say why, cannot be kept there either
  } catch (const fs::filesystem_error&) {
  }
  return hash;
}

/// The user's alone, as the XDG Base Directory Specification asks for; an umask does not.
void PackedCache::make_folder() const {
  fs::create_directories(settings_->folder.parent_path());
  if (fs::create_directory(settings_->folder)) {
    fs::permissions(settings_->folder, fs::perms::owner_all);
  }
}

std::shared_ptr<cpu::PackedWeights> PackedCache::not_packed() {
  return std::make_shared<cpu::PackedWeights>();
}

std::string PackedCache::key_of(model::Part part, model::ComputeType type, Isa isa) const {
  // The type of the convolutions as well: where another is chosen for `isa`, the arrays are others.
  const std::string which = part == model::Part::encoder
                                ? concat("encoder-", name_of(cpu::convolution_type(type, isa)), "-")
                                : "decoder-";
  return concat(model_, "-", which, name_of(type), "-", name_of(isa), "-v", cpu::kPackedFormat);
}

fs::path PackedCache::path_of(const std::string& key) const {
  return settings_->folder / concat(key, kExtension);
}

std::shared_ptr<cpu::PackedWeights> PackedCache::find(const std::string& key) const {
  const fs::path path = path_of(key);
  std::error_code error;
  if (!fs::exists(path, error)) return nullptr;
  try {
    auto packed = read_packed_file(path, key, pool_);
    fs::last_write_time(path, fs::file_time_type::clock::now(), error);  // it is used
    return packed;
  } catch (const Error& problem) {
    report(concat(problem.what(), "; packing the model anew"));
    return nullptr;
  }
}

void PackedCache::keep(const std::string& key, const cpu::PackedWeights& packed) const {
  const fs::path path = path_of(key);
  try {
    make_folder();
    const std::size_t bytes = packed_file_bytes(key, packed);
    const std::uintmax_t available = fs::space(settings_->folder).available;
    if (bytes > settings_->most_bytes || bytes > available / 2) {
      report(concat("not keeping the packed weights, which take ", bytes >> 20, " MiB, in ",
                    settings_->folder.string(), ", where ", available >> 20, " MiB are free"));
      return;
    }
    write_packed_file(path, key, packed, pool_);
    make_room(settings_->folder, path, settings_->most_bytes);
  } catch (const Error& problem) {
    report(concat(problem.what(), "; the model will be packed again next time"));
  } catch (const fs::filesystem_error& problem) {
    report(concat("cannot keep packed weights in ", settings_->folder.string(), ": ",
                  problem.code().message(), "; the model will be packed again next time"));
  }
}

void PackedCache::report(const std::string& problem) const {
  if (settings_->on_problem) settings_->on_problem(problem);
}

}  // namespace sotto::engine
