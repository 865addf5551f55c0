// The hashes of models that were read before: a model whose files have not changed since is known
// without reading it. Any doubt, and any damage here, means that it is read.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "model/weights.h"

namespace sotto::engine {

/// A text that is another one when the weights may be others: the identity of their files
/// (base/file.h), and where in them each tensor lies under which name, type and shape. Nothing for
/// weights that do not lie in files.
std::optional<std::string> identity_of(const model::Weights& weights);

/// The hash that `folder` has for an identity. Never throws an Error.
std::optional<std::string> find_known_hash(const std::filesystem::path& folder,
                                           const std::string& identity);

/// Keeps it, unless a later change of the files could leave no trace in their identity: they have
/// changed within the last `settled` or while they were read, or their file system does not keep
/// times of changes. Throws Error{io}.
void keep_known_hash(const std::filesystem::path& folder, const model::Weights& weights,
                     const std::string& hash, std::chrono::seconds settled);

/// "-v2.known", as the names of such records end; for packed weights of this version.
std::string known_ending();

}  // namespace sotto::engine
