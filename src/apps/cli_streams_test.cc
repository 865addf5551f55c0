// What "sotto transcribe" writes to standard output and error, and what becomes of it when they
// end.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "apps/cli_testing.h"
#include "base/error.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

TEST_F(CliTest, WritesTextToStandardOutputAndSpeedToStandardError) {
  const Outcome outcome = transcribe({"a.wav"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, StartsWith("[00:0"));
  EXPECT_THAT(outcome.out, ContainsRegex("^.[0-9:.]+ --> [0-9:.]+. "));
  EXPECT_THAT(outcome.err, ContainsRegex("^a.wav: 1.0 s of audio in [0-9.]+ s \\([0-9.]+× "
                                         "realtime, [a-z0-9_, ]+\\)\n$"));
  EXPECT_THAT(names_in("."), ElementsAre(".err", ".out", "a.wav"));
}

/// As when `sotto … | head` has seen enough.
void close_reader_of_standard_output() {
  int ends[2];
  if (::pipe(ends) != 0 || ::dup2(ends[1], STDOUT_FILENO) < 0) ::_exit(126);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(CliTest, AClosedPipeEndsItQuietly) {
  const Outcome outcome = transcribe({"a.wav"}, close_reader_of_standard_output);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(CliTest, AClosedPipeDoesNotKeepTheFiles) {
  write("b.wav", wav_bytes(16000));
  const Outcome outcome =
      transcribe({"a.wav", "b.wav", "-f", "srt", "-o", "out"}, close_reader_of_standard_output);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, Not(HasSubstr("standard output")));
  EXPECT_THAT(names_in("out"), ElementsAre("a.srt", "b.srt"));
}

TEST_F(CliTest, AStandardOutputThatTakesNothingIsAnError) {
  Outcome outcome =
      transcribe({"a.wav"}, [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); });
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sotto: cannot write to standard output: No space left on device\n");
  outcome = transcribe({"a.wav"}, [] { ::close(STDOUT_FILENO); });
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: cannot write to standard output: "));
  outcome = transcribe({"a.wav", "-f", "srt"},
                       [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); });
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(
      outcome.err,
      StartsWith("sotto: cannot write to standard output: No space left on device\na.wav:"));
  EXPECT_TRUE(fs::exists(folder_ / "a.srt"));
}

TEST_F(CliTest, CtrlCKeepsFinishedFilesAndLeavesNothingHalfWritten) {
  write("long.wav", wav_bytes(16000 * 900));
  testing::Process process(folder_.path(), transcription({"a.wav", "long.wav", "-o", "out"}));
  ASSERT_TRUE(process.wait_for_message("[2/2] long.wav"));
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_THAT(outcome.err, EndsWith("sotto: interrupted\n"));
  EXPECT_THAT(names_in("out"), ElementsAre("a.json", "a.srt", "a.tsv", "a.txt", "a.vtt"));
}

/// Standard error as a terminal shows it.
class Terminal {
 public:
  /// Not in a container without /dev/pts.
  static bool available() {
    const int screen = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (screen >= 0) ::close(screen);
    return screen >= 0;
  }

  explicit Terminal(unsigned short columns) : screen_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    SOTTO_CHECK(screen_ >= 0 && ::grantpt(screen_) == 0 && ::unlockpt(screen_) == 0);
    line_ = ::open(::ptsname(screen_), O_RDWR | O_NOCTTY);
    const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    SOTTO_CHECK(line_ >= 0 && ::ioctl(line_, TIOCSWINSZ, &size) == 0);
  }
  ~Terminal() {
    ::close(line_);
    ::close(screen_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void become_standard_error() const { ::dup2(line_, STDERR_FILENO); }
  /// The kernel hands it over in pieces, the last ones a moment after the writer has ended.
  std::string shown() const {
    constexpr int kPatienceMs = 300;
    std::string text;
    for (pollfd input{.fd = screen_, .events = POLLIN, .revents = 0};
         ::poll(&input, 1, kPatienceMs) == 1;) {
      char piece[4096];
      const ssize_t n = ::read(screen_, piece, sizeof piece);
      if (n <= 0) break;
      text.append(piece, static_cast<std::size_t>(n));
    }
    return text;
  }

 private:
  int screen_;
  int line_;
};

TEST_F(CliTest, OnlyATerminalSeesProgress) {
  if (!Terminal::available()) GTEST_SKIP() << "skipped: no pseudo-terminals, /dev/pts is missing";
  EXPECT_THAT(transcribe({"a.wav"}).err, AllOf(Not(HasSubstr("\r")), Not(HasSubstr("\033"))));

  const Terminal terminal(80);
  EXPECT_EQ(transcribe({"a.wav"}, [&] { terminal.become_standard_error(); }).exit_code, 0);
  EXPECT_THAT(terminal.shown(), AllOf(HasSubstr("100% [####################] 1.0 of 1.0 s"),
                                      HasSubstr("\r\033[K"), EndsWith(")\r\n")));
}

TEST_F(CliTest, ProgressStaysInOneLineOfANarrowTerminal) {
  if (!Terminal::available()) GTEST_SKIP() << "skipped: no pseudo-terminals, /dev/pts is missing";
  const Terminal terminal(11);
  EXPECT_EQ(transcribe({"a.wav"}, [&] { terminal.become_standard_error(); }).exit_code, 0);
  EXPECT_THAT(terminal.shown(),
              AllOf(HasSubstr("decoding t\r\033[K"), HasSubstr("100% [####\r\033[K")));
}

}  // namespace
}  // namespace sotto::apps
