// Packed weights (cpu/packed.h) as a file that is mapped, not read:
//   char[8] "sottopak"; u32 version, length of the key; u64 arrays, bytes of the file;
//   u64 hash of all before the data, with 0 in this place
//   the key, then zeros up to a multiple of 8
//   u64[arrays] their bytes; u64[] hashes of their content (base/hash.h)
//   zeros up to a multiple of 4096, then the arrays, each at a multiple of 64
// Little-endian. Such files are replaced as a whole, never changed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "cpu/packed.h"

namespace sotto::engine {

/// The weights of `key` in a file of write_packed_file(), all of whose content is checked. Throws
/// Error{io} that says what is wrong with it; before memory is taken for a size that it states.
std::shared_ptr<cpu::PackedWeights> read_packed_file(const std::filesystem::path& path,
                                                     const std::string& key, ThreadPool& pool);

/// Bytes of the file.
std::size_t packed_file_bytes(const std::string& key, const cpu::PackedWeights& packed);

/// Written beside `path` and renamed. Throws Error{io}.
void write_packed_file(const std::filesystem::path& path, const std::string& key,
                       const cpu::PackedWeights& packed, ThreadPool& pool);

}  // namespace sotto::engine
