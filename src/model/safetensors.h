// The safetensors format of Hugging Face:
//   u64 n, little-endian        length of the header
//   n bytes                     JSON: {"name": {"dtype": "F16", "shape": [2, 3], "data_offsets":
//   [begin, end]}, …}
//                               and optionally "__metadata__": {…}; may end in spaces
//   the rest                    the tensors' data, without gaps; offsets count from here
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "model/weights.h"

namespace sotto::model {

struct Safetensors {
  std::shared_ptr<const MappedFile> file;  ///< what the tensors point into
  std::vector<std::pair<std::string, Tensor>> tensors;
};

/// Maps a file and checks its header: lengths and offsets inside the file, data without gap or
/// overlap, each tensor of a type that is read (F32, F16, BF16) and of the size its shape gives.
/// Throws Error{model} or Error{io}.
Safetensors read_safetensors(const std::filesystem::path& path);

}  // namespace sotto::model
