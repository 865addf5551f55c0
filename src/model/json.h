// The JSON files of a model, read with errors that name the file and the key.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sotto::model {

using Json = nlohmann::json;

/// Parses one JSON object. `source` names the file in errors. Throws Error{model} when the text is
/// not JSON, nests deeper than 32 levels, or is not an object.
Json parse_json_object(std::string_view text, const std::string& source);

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
