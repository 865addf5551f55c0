// Packed weights of earlier runs in a folder: a model that is loaded again is mapped, not packed.
// It is never needed: where it cannot be read or written, models are packed as without it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/isa.h"
#include "base/thread_pool.h"
#include "model/compute_type.h"
#include "model/weights.h"

namespace sotto::cpu {
class PackedWeights;
}

namespace sotto::engine {

struct CacheSettings {
  std::filesystem::path folder;  ///< made when it is missing
  /// Told in a line why something could not be kept or used; may be empty.
  std::function<void(const std::string&)> on_problem{};
  /// Models with fewer bytes of weights are packed sooner than files are looked for.
  std::size_t smallest_model_bytes = std::size_t{16} << 20;
  /// What the folder may hold; those entries go first that were used the longest ago.
  std::uint64_t most_bytes = std::uint64_t{8} << 30;
  /// A model whose files were changed later is read anew each time. A change may leave the times of
  /// the one before when the clock has not ticked between, or through shared memory, whose pages
  /// the kernel looks at when it writes them, usually within half a minute.
  std::chrono::seconds settled{60};
};

/// The entries of one model.
class PackedCache {
 public:
  /// Reads all weights once, to know which model it is, unless their files have not changed since
  /// (known_models.h). Without settings nothing is kept.
  PackedCache(std::optional<CacheSettings> settings, const model::Weights& weights,
              ThreadPool& pool);

  /// What `make` makes of packed weights (std::shared_ptr<cpu::PackedWeights>): of those that were
  /// kept for this part of the model, else of new ones, which are then kept. Throws what `make`
  /// throws.
  template <typename Make>
  auto make(model::Part part, model::ComputeType type, Isa isa, const Make& make) const {
    if (!settings_) return make(not_packed());
    const std::string key = key_of(part, type, isa);
    if (const auto packed = find(key)) {
      try {
        return make(packed);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::io) throw;
        report(error.what());
      }
    }
    const auto packed = not_packed();
    auto made = make(packed);
    keep(key, *packed);
    return made;
  }

 private:
  std::string hash_or_known(const model::Weights& weights) const;
  static std::shared_ptr<cpu::PackedWeights> not_packed();
  std::string key_of(model::Part part, model::ComputeType type, Isa isa) const;
  std::filesystem::path path_of(const std::string& key) const;
  std::shared_ptr<cpu::PackedWeights> find(const std::string& key) const;
  void keep(const std::string& key, const cpu::PackedWeights& packed) const;
  void make_folder() const;
  void report(const std::string& problem) const;

  std::optional<CacheSettings> settings_;
  std::string model_;  ///< its hash
  ThreadPool& pool_;
};

}  // namespace sotto::engine
