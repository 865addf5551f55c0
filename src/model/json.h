// The JSON files of a model, read with errors that name the file and the key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::model {

using Json = nlohmann::json;

/// An array or object that has too many elements for a tree of them: each is taken as it is read,
/// in the order of the file, and the container stays empty.
struct JsonElements {
  std::vector<std::string> path;  ///< names from the root on, which has none
  bool is_array = false;          ///< a container of the other kind is kept as it is
  /// `name` is empty in an array. Both hold until it returns.
  std::function<void(const std::string& name, const Json& element)> take;
};

/// Parses one JSON object, without the elements of `apart`. `source` names the file in errors.
/// Throws Error{model} when the text is not JSON, nests deeper than 32 levels, or is not an object,
/// and what `apart` throws, which may have taken elements before.
Json parse_json_object(std::string_view text, const std::string& source,
                       const std::vector<JsonElements>& apart = {});

/// The same for a file of at most 64 MiB. Throws Error{io} too.
Json read_json_object(const std::filesystem::path& path,
                      const std::vector<JsonElements>& apart = {});

/// The member `key` of an object, or null when it is absent or JSON's null.
const Json* find_member(const Json& object, std::string_view key);

/// As find_member(); throws Error{model} when it is absent or null.
const Json& member(const Json& object, std::string_view key, const std::string& source);

/// The value of `json` as a type, or Error{model} that says what `source` has at `what` instead.
/// An integer must lie in [min, max].
std::int64_t as_integer(const Json& json, std::int64_t min, std::int64_t max, std::string_view what,
                        const std::string& source);
bool as_bool(const Json& json, std::string_view what, const std::string& source);
const std::string& as_string(const Json& json, std::string_view what, const std::string& source);
const Json& as_array(const Json& json, std::string_view what, const std::string& source);
const Json& as_object(const Json& json, std::string_view what, const std::string& source);

}  // namespace sotto::model
