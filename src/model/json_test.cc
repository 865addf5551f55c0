#include "model/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// What is taken of `text` at `path`, each as "name=element", and what is left.
struct Parsed {
  Json rest;
  std::vector<std::string> taken;
};

Parsed parse(std::string_view text, std::vector<std::string> path, bool is_array) {
  Parsed parsed;
  const JsonElements elements = {
      .path = std::move(path), .is_array = is_array, .take = [&](const auto& name, const Json& it) {
        parsed.taken.push_back(name + "=" + it.dump());
      }};
  parsed.rest = parse_json_object(text, "f.json", {elements});
  return parsed;
}

std::string refusal(std::string_view text) {
  return message_of(ErrorKind::model, [&] { parse_json_object(text, "f.json"); });
}

TEST(Json, IsATree) {
  const std::string text =
      R"({"a":{"b":[1,-2,2.5,"x",true,null,[],{}],"c":{"d":"e"}},"f":"g","":[[1],[2,[3]]]})";
  EXPECT_EQ(parse_json_object(text, "f.json"), Json::parse(text));
  EXPECT_EQ(parse_json_object(R"({"a":1,"b":2,"a":[3]})", "f.json"),
            Json::parse(R"({"a":[3],"b":2})"));
}

TEST(Json, ElementsAreTakenApart) {
  const Parsed members =
      parse(R"({"m":{"v":{"x":1,"y":"s","z":[1,{"v":2}],"":null},"w":3},"v":{"x":4}})", {"m", "v"},
            false);
  EXPECT_THAT(members.taken, ElementsAre("x=1", "y=\"s\"", "z=[1,{\"v\":2}]", "=null"));
  EXPECT_EQ(members.rest, Json::parse(R"({"m":{"v":{},"w":3},"v":{"x":4}})"));

  const Parsed elements = parse(R"({"b":[1],"a":["s","t",["u"],{"a":[2]}],"c":"d"})", {"a"}, true);
  EXPECT_THAT(elements.taken, ElementsAre("=\"s\"", "=\"t\"", "=[\"u\"]", "={\"a\":[2]}"));
  EXPECT_EQ(elements.rest, Json::parse(R"({"a":[],"b":[1],"c":"d"})"));

  EXPECT_THAT(parse(R"({"a":1,"b":2})", {}, false).taken, ElementsAre("a=1", "b=2"));
}

TEST(Json, ContainersOfTheOtherKindAreKept) {
  const std::string text = R"({"a":{"b":1}})";
  const Parsed parsed = parse(text, {"a"}, true);
  EXPECT_THAT(parsed.taken, IsEmpty());
  EXPECT_EQ(parsed.rest, Json::parse(text));
  EXPECT_EQ(message_of(ErrorKind::model, [] { parse("[1]", {}, false); }),
            "f.json: its content is a JSON array, and must be an object");
}

TEST(Json, WhatIsNotJsonIsRefused) {
  EXPECT_EQ(refusal("{\"a\": 4"),
            "f.json: it is not valid JSON at byte 8 of 7; the file is damaged or cut off");
  EXPECT_EQ(refusal("{} {}"),
            "f.json: it is not valid JSON at byte 4 of 5; the file is damaged or cut off");
  EXPECT_EQ(refusal(""),
            "f.json: it is not valid JSON at byte 1 of 0; the file is damaged or cut off");
  EXPECT_EQ(refusal("\"a\""), "f.json: its content is a JSON string, and must be an object");
  EXPECT_THAT(refusal(R"({"a": 1e999})"),
              ::testing::StartsWith("f.json: its JSON cannot be read: "));
  const auto nested = [](int levels) {
    return "{\"a\":" + std::string(static_cast<std::size_t>(levels) - 1, '[') +
           std::string(static_cast<std::size_t>(levels) - 1, ']') + "}";
  };
  EXPECT_EQ(refusal(nested(32)), "no error");
  EXPECT_EQ(refusal(nested(33)), "f.json: its JSON nests deeper than 32 levels");
  EXPECT_EQ(refusal(nested(100'000)), "f.json: its JSON nests deeper than 32 levels");
}

TEST(Json, FilesAreRead) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "f.json", R"({"a":1})");
  EXPECT_EQ(read_json_object(folder / "f.json"), Json::parse(R"({"a":1})"));
  EXPECT_EQ(message_of(ErrorKind::io, [&] { read_json_object(folder / "g.json"); }),
            "cannot read " + (folder / "g.json").string() + ": No such file or directory");
}

}  // namespace
}  // namespace sotto::model
