#include "model/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace sotto::model {
namespace {

constexpr std::size_t kMaxDepth = 32;

[[noreturn]] void wrong_type(const Json& json, std::string_view wanted, std::string_view what,
                             const std::string& source) {
  fail(ErrorKind::model, source, ": ", printable(what), " is a JSON ", json.type_name(),
       ", and must be ", wanted);
}

/// Builds a tree of all that nobody takes apart.
class TreeBuilder final : public nlohmann::json_sax<Json> {
 public:
  TreeBuilder(const std::string& source, std::size_t text_bytes,
              const std::vector<JsonElements>& apart)
      : source_(source), text_bytes_(text_bytes), apart_(apart) {}

  Json root;

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(Json::number_integer_t value) override { return add(value); }
  bool number_unsigned(Json::number_unsigned_t value) override { return add(value); }
  bool number_float(Json::number_float_t value, const std::string&) override { return add(value); }
  bool binary(Json::binary_t&) override { SOTTO_CHECK(false); }
  bool string(std::string& value) override {
    if (open_.empty() || open_.back().apart == nullptr) return add(std::move(value));
    text_.get_ref<std::string&>().swap(value);  // which spares fifty thousand allocations
    open_.back().apart->take(name_, text_);
    return true;
  }
  bool key(std::string& name) override {
    name_.swap(name);
    return true;
  }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool parse_error(std::size_t byte, const std::string&, const Json::exception& error) override {
    if (dynamic_cast<const Json::parse_error*>(&error) == nullptr) {
      fail(ErrorKind::model, source_, ": its JSON cannot be read: ", printable(error.what()));
    }
    fail(ErrorKind::model, source_, ": it is not valid JSON at byte ", byte, " of ", text_bytes_,
         "; the file is damaged or cut off");
  }

 private:
  /// A container whose end has not been read.
  struct Open {
    std::string name;           ///< of it in the one around it
    Json json;                  ///< with the elements that were not taken
    const JsonElements* apart;  ///< who takes its elements; or null
  };

  /// Puts an element into the innermost open container.
  bool add(Json&& element) {
    if (open_.empty()) {
      root = std::move(element);
      return true;
    }
    Open& around = open_.back();
    if (around.apart != nullptr) {
      around.apart->take(name_, element);
    } else if (around.json.is_array()) {
      around.json.push_back(std::move(element));
    } else {
      around.json[name_] = std::move(element);
    }
    return true;
  }

  bool open(Json&& container) {
    if (open_.size() == kMaxDepth) {
      fail(ErrorKind::model, source_, ": its JSON nests deeper than ", kMaxDepth, " levels");
    }
    open_.push_back({.name = std::move(name_), .json = std::move(container), .apart = nullptr});
    name_.clear();
    for (const JsonElements& elements : apart_) {
      if (is_innermost(elements)) open_.back().apart = &elements;
    }
    return true;
  }

  bool close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    name_ = std::move(closed.name);
    add(std::move(closed.json));
    // The next element of an array has none.
    name_.clear();
    return true;
  }

  bool is_innermost(const JsonElements& elements) const {
    const std::vector<std::string>& path = elements.path;
    return elements.is_array == open_.back().json.is_array() && path.size() + 1 == open_.size() &&
           std::equal(path.begin(), path.end(), open_.begin() + 1,
                      [](const std::string& name, const Open& open) { return open.name == name; });
  }

  const std::string& source_;
  std::size_t text_bytes_;
  const std::vector<JsonElements>& apart_;
  std::vector<Open> open_;  ///< the root first
  std::string name_;        ///< of the element that is read; empty in an array
  Json text_ = "";
};

}  // namespace

Json parse_json_object(std::string_view text, const std::string& source,
                       const std::vector<JsonElements>& apart) {
  TreeBuilder builder(source, text.size(), apart);
  Json::sax_parse(text.begin(), text.end(), &builder);
  as_object(builder.root, "its content", source);
  return std::move(builder.root);
}

Json read_json_object(const std::filesystem::path& path, const std::vector<JsonElements>& apart) {
  return parse_json_object(map_text_file(path).text(), path.string(), apart);
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
