#include "model/json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace sotto::model {
namespace {

constexpr int kMaxDepth = 32;

[[noreturn]] void wrong_type(const Json& json, std::string_view wanted, std::string_view what,
                             const std::string& source) {
  fail(ErrorKind::model, source, ": ", printable(what), " is a JSON ", json.type_name(),
       ", and must be ", wanted);
}

}  // namespace

Json parse_json_object(std::string_view text, const std::string& source) {
  const auto limit_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) {
      fail(ErrorKind::model, source, ": its JSON nests deeper than ", kMaxDepth, " levels");
    }
    return true;
  };
  try {
    Json json = Json::parse(text, limit_depth);
    as_object(json, "its content", source);
    return json;
  } catch (const Json::parse_error& error) {
    fail(ErrorKind::model, source, ": it is not valid JSON at byte ", error.byte, " of ",
         text.size(), "; the file is damaged or cut off");
  } catch (const Json::exception& error) {
    fail(ErrorKind::model, source, ": its JSON cannot be read: ", printable(error.what()));
  }
}

const Json* find_member(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json& member(const Json& object, std::string_view key, const std::string& source) {
  const Json* found = find_member(object, key);
  if (found == nullptr) fail(ErrorKind::model, source, ": ", key, " is missing");
  return *found;
}

std::int64_t as_integer(const Json& json, std::int64_t min, std::int64_t max, std::string_view what,
                        const std::string& source) {
  if (!json.is_number_integer()) wrong_type(json, "an integer", what, source);
  // An unsigned number beyond int64 would turn negative on the way.
  const bool huge = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
  const std::int64_t value = huge ? INT64_MAX : json.get<std::int64_t>();
  if (huge || value < min || value > max) {
    fail(ErrorKind::model, source, ": ", printable(what), " is ", json.dump(), ", and must be in ",
         min, " to ", max);
  }
  return value;
}

bool as_bool(const Json& json, std::string_view what, const std::string& source) {
  if (!json.is_boolean()) wrong_type(json, "true or false", what, source);
  return json.get<bool>();
}

const std::string& as_string(const Json& json, std::string_view what, const std::string& source) {
  if (!json.is_string()) wrong_type(json, "a string", what, source);
  return json.get_ref<const std::string&>();
}

const Json& as_array(const Json& json, std::string_view what, const std::string& source) {
  if (!json.is_array()) wrong_type(json, "an array", what, source);
  return json;
}

const Json& as_object(const Json& json, std::string_view what, const std::string& source) {
  if (!json.is_object()) wrong_type(json, "an object", what, source);
  return json;
}

}  // namespace sotto::model
