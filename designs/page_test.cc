// docs/writing-a-design.md: what it lists is what is compiled, and what it shows is what the
// programs say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/testing.h"

namespace sotto {
namespace {

using ::testing::HasSubstr;

/// A block of the page between fences, with the language that follows the first.
struct Block {
  std::string language, text;
};
std::vector<Block> blocks_of(const std::string& page) {
  std::vector<Block> blocks;
  std::istringstream in(page);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.push_back({line.substr(3), ""});
    } else if (inside) {
      blocks.back().text += line + "\n";
    }
  }
  return blocks;
}
std::vector<Block> page() {
  return blocks_of(read_text_file(testing::source_path("docs/writing-a-design.md")));
}

/// What a command writes, standard error included, and its exit code.
struct Outcome {
  std::string out;
  int exit_code = -1;
};
Outcome run(const std::string& command) {
  Outcome outcome;
  const std::string line = std::string(SOTTO_DESIGNS) + "/" + command + " 2>&1";
  std::FILE* const pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::string line_of_output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    line_of_output += static_cast<char>(c);
    if (c != '\n') continue;
    // AddressSanitizer has a word to say about every program with fibers.
    if (line_of_output.find("WARNING: ASan") == line_of_output.npos) outcome.out += line_of_output;
    line_of_output.clear();
  }
  outcome.out += line_of_output;
  outcome.exit_code = WEXITSTATUS(::pclose(pipe));
  return outcome;
}

TEST(WritingADesign, ListsTheFirstDesignWhole) {
  // Blank lines part what the page tells apart.
  const auto without_blank_lines = [](const std::string& text) {
    std::istringstream in(text);
    std::string kept;
    for (std::string line; std::getline(in, line);) {
      if (!line.empty()) kept += line + "\n";
    }
    return kept;
  };
  std::string listed;
  for (const Block& block : page()) {
    if (block.language == "cpp") listed += block.text;
    if (block.text.starts_with("$ ")) break;
  }
  EXPECT_EQ(without_blank_lines(listed),
            without_blank_lines(read_text_file(testing::source_path("designs/first.cc"))));
}

TEST(WritingADesign, ListsWhatIsCompiled) {
  const std::string first = read_text_file(testing::source_path("designs/first.cc"));
  const std::string locks = read_text_file(testing::source_path("designs/locks.cc"));
  int listings = 0;
  for (const Block& block : page()) {
    if (block.language != "cpp") continue;
    ++listings;
    EXPECT_THAT(first + locks, HasSubstr(block.text));
  }
  EXPECT_EQ(listings, 9);
}

TEST(WritingADesign, ShowsWhatTheProgramsSay) {
  int commands = 0;
  for (const Block& block : page()) {
    if (!block.text.starts_with("$ ")) continue;
    ++commands;
    const std::size_t end = block.text.find('\n');
    const std::string command = block.text.substr(2, end - 2);
    EXPECT_EQ(block.text.substr(end + 1), run(command).out) << command;
  }
  EXPECT_EQ(commands, 6);
}

TEST(WritingADesign, ProgramsSayHowItWent) {
  for (const char* command : {"first check", "first plan", "first simulate", "locks simulate",
                              "locks_greedy check", "first simulate --json --clock 800"}) {
    EXPECT_EQ(run(command).exit_code, 0) << command;
  }
  for (const char* command :
       {"first_unreleased check", "first_uneven plan", "locks_greedy simulate"}) {
    EXPECT_EQ(run(command).exit_code, 1) << command;
  }
  for (const char* command : {"first", "first list", "first check --shape 1x1", "first check -x"}) {
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.exit_code, 2) << command;
    EXPECT_THAT(outcome.out, ::testing::StartsWith("sotto: ")) << command;
  }
}

}  // namespace
}  // namespace sotto
