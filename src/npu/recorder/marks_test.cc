// A kernel has no loops without marks: each `for` of its source is that of SOTTO_LOOP, or follows
// SOTTO_UNROLL. Recording refuses others too (loop_check_test.cc), but only those that a call gets
// to.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace sotto::npu::recorder {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string trimmed(const std::string& line) {
  const size_t first = line.find_first_not_of(' ');
  return first == std::string::npos ? "" : line.substr(first);
}

/// The lines with a loop that has no mark.
std::vector<std::string> unmarked_loops(std::istream& source) {
  std::vector<std::string> unmarked;
  std::string before;
  for (std::string line; std::getline(source, line);) {
    const std::string code = trimmed(line);
    const bool is_loop =
        code.starts_with("for (") || code.starts_with("while (") || code.starts_with("do {");
    if (is_loop && before != "SOTTO_UNROLL") unmarked.push_back(code);
    before = code;
  }
  return unmarked;
}

TEST(Marks, AreMissed) {
  std::istringstream source(
      "SOTTO_LOOP(4, int i = 0; i < 4; ++i) {\n  SOTTO_UNROLL\n  for (int j : steps) {\n"
      "  for (int k = 0; k < 3; ++k) {\n  while (more) {\n");
  EXPECT_THAT(unmarked_loops(source),
              ElementsAre("for (int k = 0; k < 3; ++k) {", "while (more) {"));
}

/// The program of a core and what runs on the host have loops of their own.
bool is_kernel(const std::string& name) {
  return (name.ends_with(".cc") || name.ends_with(".h")) && !name.starts_with("encoder_core") &&
         name != "phase.h" && name.find("test") == std::string::npos;
}

TEST(Marks, AreAtEveryLoopOfEveryKernel) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(SOTTO_SOURCE_DIR) / "src/npu/kernels")) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file() || !is_kernel(name)) continue;
    std::ifstream source(entry.path());
    EXPECT_THAT(unmarked_loops(source), IsEmpty()) << name;
    ++files;
  }
  EXPECT_GT(files, 15);
}

}  // namespace
}  // namespace sotto::npu::recorder
