#include "engine/known_models.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "cpu/packed.h"

namespace sotto::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxRecordBytes = 64 << 10;

std::string hash_of(std::string_view text) {
  return to_hex(hash_bytes(std::as_bytes(std::span(text))));
}

/// "1:4096": the number of the file that a tensor lies in, and its first byte there; empty when it
/// lies in none.
std::string place_of(const model::Tensor& tensor, const model::Weights::Files& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::span<const std::byte> bytes = files[i]->bytes();
    const bool is_inside = std::greater_equal<>()(tensor.data, bytes.data()) &&
                           std::less_equal<>()(tensor.data, bytes.data() + bytes.size());
    if (is_inside) return concat(i, ":", tensor.data - bytes.data());
  }
  return {};
}

fs::path path_of(const fs::path& folder, const std::string& identity) {
  return folder / concat(hash_of(identity), known_ending());
}

std::string record_of(const std::string& identity, const std::string& hash) {
  const std::string text = concat(identity, hash, "\n");
  return concat(text, hash_of(text), "\n");
}

bool is_settled(const MappedFile& file, std::chrono::seconds settled) {
  const FileIdentity& identity = file.identity();
  const std::chrono::nanoseconds last(std::max(identity.modified_ns, identity.changed_ns));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return now - last >= settled && file_identity(file.path()) == identity &&
         keeps_times_of_change(file.path());
}

}  // namespace

std::string known_ending() {
  return concat("-v", cpu::kPackedFormat, ".known");
}

std::optional<std::string> identity_of(const model::Weights& weights) {
  std::string text, tensors;
  for (const auto& file : weights.files()) {
    const FileIdentity& identity = file->identity();
    text += concat("file ", identity.device, " ", identity.inode, " ", identity.size_bytes, " ",
                   identity.modified_ns, " ", identity.changed_ns, "\n");
  }
  for (const auto& [name, tensor] : weights.tensors()) {
    const std::string place = place_of(tensor, weights.files());
    if (place.empty()) return std::nullopt;
    tensors.append(name).append(" ").append(name_of(tensor.type)).append(" ");
    tensors.append(model::to_string(tensor.shape)).append(" ").append(place).append("\n");
  }
  return concat(text, "tensors ", hash_of(tensors), "\n");
}

std::optional<std::string> find_known_hash(const fs::path& folder, const std::string& identity) {
  const fs::path path = path_of(folder, identity);
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  try {
    const std::string record = read_text_file(path, kMaxRecordBytes);
    constexpr std::size_t kHashCharacters = 16;
    if (!record.starts_with(identity) || record.size() < identity.size() + kHashCharacters) {
      return std::nullopt;
    }
    const std::string hash = record.substr(identity.size(), kHashCharacters);
    return record == record_of(identity, hash) ? std::optional(hash) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void keep_known_hash(const fs::path& folder, const model::Weights& weights, const std::string& hash,
                     std::chrono::seconds settled) {
  const std::optional<std::string> identity = identity_of(weights);
  if (!identity) return;
  for (const auto& file : weights.files()) {
    if (!is_settled(*file, settled)) return;
  }
  write_file_atomically(path_of(folder, *identity), record_of(*identity, hash));
}

}  // namespace sotto::engine
