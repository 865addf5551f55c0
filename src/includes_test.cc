// The arrows of docs/architecture.md, enforced: reads every #include under src/.
#include <fnmatch.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace sotto {
namespace {

namespace fs = std::filesystem;

/// Each folder of src/ and the folders it may include besides itself.
const std::map<std::string, std::set<std::string>> kArrows = {
    {"base", {}},
    {"model", {"base"}},
    {"audio", {"base"}},
    {"cpu", {"model", "base"}},
    {"picture", {"base"}},
    {"npu", {"picture", "base"}},
    {"engine", {"audio", "cpu", "model", "base"}},
    {"bench", {"engine", "audio", "cpu", "model", "base"}},
    {"apps", {"bench", "engine", "audio", "cpu", "npu", "picture", "model", "base"}},
};

/// Tests may feed a folder with what runs beside it in the program.
const std::map<std::string, std::set<std::string>> kTestArrows = {
    {"audio", {"model"}}, {"cpu", {"audio"}}, {"npu", {"audio", "cpu", "model"}}};

/// The parts of npu, and what each may include of the others. The simulator, and one day the
/// emitter and the runner on hardware, stand above design and do not see each other.
const std::map<std::string, std::set<std::string>> kNpuArrows = {
    {"npu", {}},  // facts of the array
    {"npu/kernels", {}},
    {"npu/core", {}},
    {"npu/recorder", {"npu/core", "npu/kernels"}},
    {"npu/cycles", {"npu/core", "npu/kernels", "npu/recorder"}},
    {"npu/design", {"npu"}},
    {"npu/sim", {"npu", "npu/design", "npu/kernels"}},
    {"npu/calibrate", {"npu", "npu/design", "npu/sim"}},
    {"npu/draw", {"npu", "npu/design", "npu/sim"}},
};

/// Headers that only some files may see, so that the rest does not depend on that library. In these
/// shell patterns * matches slashes too.
struct Confined {
  std::vector<const char*> headers;
  std::vector<const char*> homes;  ///< relative to src/
};
const std::vector<Confined> kConfined = {
    {{"libav*", "libsw*"}, {"audio/libav_functions.h"}},
    {{"*intrin.h"}, {"*avx2*", "*avx512*", "*avx_vnni*"}},
    {{"CLI/*"}, {"apps/option_group.h", "apps/options.cc"}},
    {{"nlohmann/*"},
     {"model/*", "engine/writers/json.cc", "apps/npu_json.cc", "apps/bench_json.cc"}},
    {{"pcre2.h"}, {"model/*.cc"}},
    {{"xxhash.h"}, {"base/hash.cc"}},
    {{"zlib.h"}, {"engine/text.cc"}},
    {{"cairo*"}, {"picture/png.cc"}},
    {{"aie_api/*"}, {"npu/kernels/*"}},
};

bool matches(const std::string& path, const std::vector<const char*>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const char* pattern) { return fnmatch(pattern, path.c_str(), 0) == 0; });
}

struct Include {
  std::string file;  ///< relative to src/
  std::string path;  ///< as written
  bool quoted;
};

bool is_source(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cc" || path.extension() == ".inc";
}

/// The path in a line `#include "path"` or `#include <path>`; nothing in another line.
std::optional<Include> parse_include(const std::string& line) {
  std::istringstream in(line);
  char hash = 0;
  std::string word;
  if (!(in >> hash >> word) || hash != '#' || !word.starts_with("include")) return std::nullopt;
  const size_t open = line.find_first_of("<\"");
  const size_t close = line.find_first_of(">\"", open + 1);
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  return Include{"", line.substr(open + 1, close - open - 1), line[open] == '"'};
}

std::vector<Include> read_includes(const fs::path& root) {
  std::vector<Include> includes;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || !is_source(entry.path())) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      std::optional<Include> include = parse_include(line);
      if (!include) continue;
      include->file = fs::relative(entry.path(), root);
      includes.push_back(*include);
    }
  }
  return includes;
}

bool is_test(const std::string& file) {
  return matches(file, {"*_test.*", "*testing.h", "*testing.cc", "*testing_*.cc"});
}

std::string folder_of(const std::string& path) {
  return path.substr(0, path.find('/'));
}

/// "npu/design" of npu/design/check/check.h, "npu" of npu/device.h, nothing outside npu.
std::string npu_part_of(const std::string& path) {
  if (folder_of(path) != "npu") return {};
  const size_t second = path.find('/', 4);
  return second == std::string::npos ? "npu" : path.substr(0, second);
}

class Includes : public ::testing::Test {
 protected:
  const fs::path root_ = fs::path(SOTTO_SOURCE_DIR) / "src";
  const std::vector<Include> includes_ = read_includes(root_);
};

TEST_F(Includes, AreFound) {
  ASSERT_GT(includes_.size(), 50u);
}

TEST_F(Includes, EveryFolderHasItsArrows) {
  for (const auto& entry : fs::directory_iterator(root_)) {
    if (entry.is_directory()) {
      EXPECT_TRUE(kArrows.contains(entry.path().filename()))
          << entry.path() << " is a new folder: say in kArrows what it may include";
    }
  }
}

TEST_F(Includes, PointOneWay) {
  for (const Include& include : includes_) {
    if (!include.quoted || include.file.find('/') == std::string::npos) continue;
    ASSERT_TRUE(fs::exists(root_ / include.path))
        << include.file << " includes \"" << include.path
        << "\": quoted paths start at src/ and name a file there";
    const std::string from = folder_of(include.file);
    const std::string to = folder_of(include.path);
    const bool allowed =
        from == to || kArrows.at(from).contains(to) ||
        (is_test(include.file) && kTestArrows.contains(from) && kTestArrows.at(from).contains(to));
    EXPECT_TRUE(allowed) << include.file << " must not include " << include.path << ": " << from
                         << " lies below " << to << " (docs/architecture.md)";
  }
}

TEST_F(Includes, PartsOfTheNpuPointOneWay) {
  size_t seen = 0;
  for (const Include& include : includes_) {
    const std::string from = npu_part_of(include.file), to = npu_part_of(include.path);
    if (!include.quoted || from.empty() || to.empty() || from == to) continue;
    ASSERT_TRUE(kNpuArrows.contains(from))
        << from << " is new: say in kNpuArrows what it may include";
    EXPECT_TRUE(kNpuArrows.at(from).contains(to) || (is_test(include.file) && to == "npu"))
        << include.file << " must not include " << include.path;
    ++seen;
  }
  EXPECT_GT(seen, 3u);
}

TEST_F(Includes, OnlyTestsUseTestSupport) {
  for (const Include& include : includes_) {
    if (include.quoted && is_test(include.path)) {
      EXPECT_TRUE(is_test(include.file)) << include.file << " includes " << include.path;
    }
  }
}

TEST_F(Includes, LibrariesStayConfined) {
  for (const Confined& confined : kConfined) {
    for (const Include& include : includes_) {
      if (include.quoted || is_test(include.file)) continue;
      if (!matches(include.path, confined.headers)) continue;
      EXPECT_TRUE(matches(include.file, confined.homes))
          << include.file << " must not include <" << include.path << ">";
    }
  }
}

/// Depth-first search; fails with the path when it comes back to a file on it.
void expect_no_cycle(const std::string& file,
                     const std::map<std::string, std::set<std::string>>& graph,
                     std::vector<std::string>& path, std::set<std::string>& done) {
  if (done.contains(file)) return;
  const auto seen = std::find(path.begin(), path.end(), file);
  if (seen != path.end()) {
    std::string cycle;
    for (auto it = seen; it != path.end(); ++it) cycle += *it + " → ";
    ADD_FAILURE() << "files include each other: " << cycle << file;
    return;
  }
  path.push_back(file);
  if (const auto edges = graph.find(file); edges != graph.end()) {
    for (const std::string& next : edges->second) expect_no_cycle(next, graph, path, done);
  }
  path.pop_back();
  done.insert(file);
}

TEST_F(Includes, HaveNoCycles) {
  std::map<std::string, std::set<std::string>> graph;
  for (const Include& include : includes_) {
    if (include.quoted) graph[include.file].insert(include.path);
  }
  std::set<std::string> done;
  for (const auto& [file, edges] : graph) {
    std::vector<std::string> path;
    expect_no_cycle(file, graph, path, done);
  }
}

}  // namespace
}  // namespace sotto
