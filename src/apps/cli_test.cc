// The program as a user meets it: exit codes, messages, what is left on the disk. The model has
// random weights, so that its text is nonsense; what it says is tested elsewhere.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/process.h"
#include "audio/libav_functions.h"
#include "base/error.h"
#include "base/file.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;

/// 16 kHz mono, 16 bits: a soft sawtooth.
std::string wav_bytes(std::size_t n_samples) {
  const auto number = [](std::uint32_t value, int n_bytes) {
    std::string bytes;
    for (int i = 0; i < n_bytes; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
    return bytes;
  };
  const auto size = static_cast<std::uint32_t>(2 * n_samples);
  std::string wav = "RIFF" + number(36 + size, 4) + "WAVEfmt " + number(16, 4) + number(1, 2) +
                    number(1, 2) + number(16000, 4) + number(32000, 4) + number(2, 2) +
                    number(16, 2) + "data" + number(size, 4);
  for (std::size_t i = 0; i < n_samples; ++i) wav += number(static_cast<std::uint32_t>(i % 400), 2);
  return wav;
}

class CliTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_folder_ = std::make_unique<sotto::testing::TemporaryFolder>();
    model::testing::write_hf_folder(model_path(), model::testing::tiny_test_dims(), 1);
  }
  static void TearDownTestSuite() { model_folder_.reset(); }
  static fs::path model_path() { return *model_folder_ / "made-up"; }

  void SetUp() override { write("a.wav", wav_bytes(16000)); }

  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  /// sotto transcribe --model MODEL …
  std::vector<std::string> transcription(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"transcribe", "--model", model_path().string()});
    return arguments;
  }
  Outcome transcribe(
      const std::vector<std::string>& arguments, const std::function<void()>& before_exec = [] {}) {
    return testing::run(folder_.path(), transcription(arguments), before_exec);
  }

  std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / folder)) {
      names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
  }

  /// The program fails on `name` with one line that says so, and leaves no output.
  void expect_bad_file(const std::string& name, const std::string& reason) {
    const Outcome outcome = transcribe({name, "-o", "out"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: "), HasSubstr(name), HasSubstr(reason)));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_THAT(names_in("out"), IsEmpty());
  }

  inline static std::unique_ptr<sotto::testing::TemporaryFolder> model_folder_;
  sotto::testing::TemporaryFolder folder_;
};

TEST_F(CliTest, WritesTextToStandardOutputAndSpeedToStandardError) {
  const Outcome outcome = transcribe({"a.wav"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, StartsWith("[00:0"));
  EXPECT_THAT(outcome.out, ContainsRegex("^.[0-9:.]+ --> [0-9:.]+. "));
  EXPECT_THAT(outcome.err, ContainsRegex("^a.wav: 1.0 s of audio in [0-9.]+ s \\([0-9.]+× "
                                         "realtime, [a-z0-9_, ]+\\)\n$"));
  EXPECT_THAT(names_in("."), ElementsAre(".err", ".out", "a.wav"));
}

TEST_F(CliTest, FfmpegIsNotLinked) {
  const Outcome outcome = testing::run(
      folder_.path(), {}, [] { ::setenv("LD_TRACE_LOADED_OBJECTS", "1", /*overwrite=*/1); });
  EXPECT_THAT(outcome.out, HasSubstr("libc.so"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("libav")));
}

TEST_F(CliTest, FfmpegThatCannotBeLoadedIsSaid) {
  const std::string library = concat("libavcodec.so.", LIBAVCODEC_VERSION_MAJOR);
  write(library, "no library");
  const Outcome outcome = transcribe(
      {"a.wav"}, [&] { ::setenv("LD_LIBRARY_PATH", folder_.path().c_str(), /*overwrite=*/1); });
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: "), HasSubstr(concat("FFmpeg's ", library)),
                                 HasSubstr("install it")));
}

TEST_F(CliTest, WritesFilesWhenAFolderOrAFormatIsGiven) {
  EXPECT_EQ(transcribe({"a.wav", "--output_dir", "x/y"}).exit_code, 0);
  EXPECT_THAT(names_in("x/y"), ElementsAre("a.json", "a.srt", "a.tsv", "a.txt", "a.vtt"));
  EXPECT_EQ(transcribe({"a.wav", "--output-format", "srt"}).exit_code, 0);
  EXPECT_THAT(names_in("."), ElementsAre(".err", ".out", "a.srt", "a.wav", "x"));
  EXPECT_EQ(read_text_file(folder_ / "a.srt"), read_text_file(folder_ / "x/y/a.srt"));
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "x/y/a.json"));
  EXPECT_EQ(json.at("language"), "en");
}

TEST_F(CliTest, WithoutVerboseTheTextIsInTheFilesOnly) {
  const Outcome outcome = transcribe({"a.wav", "--verbose", "False", "-f", "txt"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(fs::exists(folder_ / "a.txt"));
}

TEST_F(CliTest, OneBadFileDoesNotKeepTheOthers) {
  const Outcome outcome = transcribe({"missing.wav", "a.wav", "-f", "txt"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("[1/2] missing.wav\n"), HasSubstr("[2/2] a.wav\n"),
                                 HasSubstr("sotto: cannot read missing.wav: ")));
  EXPECT_THAT(names_in("."), ElementsAre(".err", ".out", "a.txt", "a.wav"));
}

TEST_F(CliTest, FilesTranscribedTogetherAreWrittenOfInTheirOrder) {
  write("long.wav", wav_bytes(40 * 16000));
  std::string out;
  for (const char* file : {"long.wav", "a.wav"}) {
    const Outcome alone = transcribe({file});
    EXPECT_EQ(alone.exit_code, 0);
    out += alone.out;
  }
  const Outcome together = transcribe({"long.wav", "missing.wav", "a.wav"});
  EXPECT_EQ(together.exit_code, 1);
  EXPECT_EQ(together.out, out);
  EXPECT_THAT(together.err,
              ContainsRegex("^.1/3. long.wav\nlong.wav: 40.0 s [^\n]*\n"
                            ".2/3. missing.wav\nsotto: cannot read missing.wav: [^\n]*\n"
                            ".3/3. a.wav\na.wav: 1.0 s [^\n]*\n$"));
}

TEST_F(CliTest, BatchSizeSaysThatRecordingsAreCut) {
  write("long.wav", wav_bytes(70 * 16000));
  const Outcome one = transcribe({"long.wav", "--batch-size", "1"});
  const Outcome three = transcribe({"long.wav", "--batch-size", "3"});
  EXPECT_EQ(one.exit_code, 0);
  EXPECT_EQ(one.out, three.out);
  EXPECT_THAT(three.err, StartsWith("--batch-size: recordings are cut at pauses beforehand into "
                                    "pieces of at most 30 s, 3 at a time; a piece does not see the "
                                    "text before it\n"));
}

TEST_F(CliTest, FilesThatCannotBeReadAreFoundBeforeTheModelIsLoaded) {
  fs::create_directory(folder_ / "folder");
  write("empty.wav", "");
  std::vector<std::string> arguments = {"transcribe", "--model", "none",   "-o",
                                        "out",        "x.wav",   "folder", "empty.wav"};
  Outcome outcome = testing::run(folder_.path(), arguments);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err,
            "sotto: cannot read x.wav: No such file or directory\n"
            "sotto: cannot read folder: it is a folder, and a file is needed\n"
            "sotto: cannot decode empty.wav: the file is empty\n");
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  // One file that can be read is worth a model.
  arguments.push_back("a.wav");
  outcome = testing::run(folder_.path(), arguments);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: there is no model at none: "));
}

TEST_F(CliTest, ARefusedCommandMakesNoFolder) {
  EXPECT_EQ(transcribe({"a.wav", "-o", "out", "--device", "npu"}).exit_code, 2);
  EXPECT_EQ(transcribe({"a.wav", "-o", "out"}, [] { ::setenv("SOTTO_ISA", "mmx", 1); }).exit_code,
            2);
  EXPECT_EQ(testing::run(folder_.path(), {"transcribe", "a.wav", "-o", "out", "--model", "none"})
                .exit_code,
            1);
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(CliTest, ControlCharactersInNamesDoNotReachTheTerminal) {
  const Outcome outcome = transcribe({"a\033[2J\n.wav"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.err, "sotto: cannot read a?[2J?.wav: No such file or directory\n");
}

TEST_F(CliTest, FilesThatHoldNoSoundAreRefused) {
  write("text.txt", "This is a text.\n");
  expect_bad_file("text.txt", "cannot decode");
}

TEST_F(CliTest, ACutOffFileIsTranscribedWithAWarning) {
  write("cut.wav", wav_bytes(48000).substr(0, 44 + 2 * 24000));
  const Outcome outcome = transcribe({"cut.wav"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("sotto: warning: "), HasSubstr("1.5"),
                                 HasSubstr("cut.wav: 1.5 s of audio")));
}

TEST_F(CliTest, LessThanAFrameGivesEmptyFiles) {
  write("short.wav", wav_bytes(159));
  const Outcome outcome = transcribe({"short.wav", "-f", "all"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("sotto: warning: short.wav holds only 159 samples"));
  EXPECT_EQ(read_text_file(folder_ / "short.txt"), "");
  EXPECT_EQ(read_text_file(folder_ / "short.vtt"), "WEBVTT\n\n");
  EXPECT_EQ(read_text_file(folder_ / "short.json"),
            "{\"text\": \"\", \"segments\": [], \"language\": \"en\"}");
}

TEST_F(CliTest, WrongUsageExitsWith2) {
  const auto expect_usage = [&](const std::vector<std::string>& arguments,
                                const std::string& message) {
    const Outcome outcome = testing::run(folder_.path(), arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    const bool has_command = !arguments.empty() && arguments.front() == "transcribe";
    EXPECT_THAT(outcome.err,
                AllOf(StartsWith("sotto: "), HasSubstr(message),
                      HasSubstr(has_command ? "\nsotto transcribe --help says what"
                                            : "\nsotto --help says what can be asked for.\n")));
  };
  expect_usage({}, "no command is given");
  expect_usage({"sing"}, "there is no command 'sing'");
  expect_usage({"transcribe"}, "FILE is required");
  expect_usage(transcription({"a.wav", "--frobnicate"}), "--frobnicate");
  expect_usage(transcription({"a.wav", "--language", "klingon"}), "unknown language 'klingon'");
  expect_usage(transcription({"a.wav", "--beam_size", "5"}),
               "--beam-size: '5' asks for what is not built yet");
}

TEST_F(CliTest, DevicesThatAreNotBuiltYetAreRefused) {
  for (const char* device : {"npu", "npu-sim"}) {
    const Outcome outcome = transcribe({"a.wav", "--device", device});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                HasSubstr(concat("device ", device, " cannot be used: Sotto has neither")));
  }
}

TEST_F(CliTest, InputsThatWouldWriteTheSameFileAreRefusedBeforeTheWork) {
  write("a.mp3", wav_bytes(16000));
  const Outcome outcome = transcribe({"a.wav", "a.mp3", "-o", "out"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("both a.wav and a.mp3 would write out/a.txt"));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_EQ(transcribe({"a.wav", "a.mp3"}).exit_code, 0);
}

TEST_F(CliTest, AnOutputFolderThatCannotBeUsedIsFoundBeforeTheWork) {
  const Outcome outcome = transcribe({"a.wav", "-o", "a.wav/below"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("sotto: cannot make the output folder a.wav/below: "));
}

TEST_F(CliTest, AModelThatCannotBeUsedExitsWith1) {
  Outcome outcome = testing::run(folder_.path(), {"transcribe", "a.wav", "--model", "turbo"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: there is no model at turbo: --model takes the path"));
  outcome = testing::run(folder_.path(), {"transcribe", "a.wav", "--model", "a.wav"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("a.wav"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
}

TEST_F(CliTest, AnEnglishOnlyModelSaysThatItWritesEnglish) {
  const Outcome outcome =
      transcribe({"a.wav", "--language", "de", "--task", "translate", "-f", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("sotto: warning: made-up is an English-only model; using English "
                              "instead of German"),
                    HasSubstr("does not translate")));
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "a.json"));
  EXPECT_EQ(json.at("language"), "en");
}

TEST_F(CliTest, ALanguageThatTheModelDoesNotKnowExitsWith2) {
  model::testing::FolderOptions multilingual;
  multilingual.multilingual = true;
  model::testing::write_hf_folder(folder_ / "m", model::testing::tiny_test_dims(), 1, multilingual);
  const Outcome outcome = testing::run(
      folder_.path(), {"transcribe", "a.wav", "--model", "m", "--language", "Cantonese"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("sotto: the model does not know the language Cantonese"));
}

TEST_F(CliTest, TheDetectedLanguageIsSaid) {
  model::testing::FolderOptions multilingual;
  multilingual.multilingual = true;
  model::testing::write_hf_folder(folder_ / "m", model::testing::tiny_test_dims(), 1, multilingual);
  const Outcome outcome =
      testing::run(folder_.path(), {"transcribe", "a.wav", "--model", "m", "-f", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, ContainsRegex("sotto: detected language: [A-Z]"));
  const auto json = nlohmann::json::parse(read_text_file(folder_ / "a.json"));
  EXPECT_NE(json.at("language"), "");
}

TEST_F(CliTest, WithoutAModelTheOneThatShipsIsUsed) {
  SOTTO_NEEDS_FILE(sotto::testing::source_path("models/digits/config.json"));
  const Outcome outcome = testing::run(folder_.path(), {"transcribe", "a.wav"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("models/digits, which knows spoken English digits only"));
}

TEST_F(CliTest, AModelWithANumberThatIsNoneIsRefused) {
  const fs::path damaged = folder_ / "damaged";
  model::testing::write_hf_folder(damaged, model::testing::tiny_test_dims(), 1);
  std::string weights = read_text_file(damaged / "model.safetensors");
  weights.replace(weights.size() - 4, 4, std::string("\x00\x00\xC0\x7F", 4));  // NaN in f32
  write_file_atomically(damaged / "model.safetensors", weights);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"model", "info", "damaged"},
        std::vector<std::string>{"transcribe", "a.wav", "--model", "damaged"}}) {
    const Outcome outcome = testing::run(folder_.path(), arguments);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("tensor"), HasSubstr("holds nan at index"), HasSubstr("damaged")));
  }
}

TEST_F(CliTest, ModelInfoDescribesAModel) {
  const Outcome outcome = testing::run(folder_.path(), {"model", "info", model_path().string()});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("made-up"), EndsWith("\n"), Not(EndsWith("\n\n"))));
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(testing::run(folder_.path(), {"model", "info", "none"}).exit_code, 1);
  EXPECT_EQ(testing::run(folder_.path(), {"model", "info", "a", "b"}).exit_code, 2);
}

TEST_F(CliTest, HelpAndVersionGoToStandardOutput) {
  Outcome outcome = testing::run(folder_.path(), {"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("sotto [0-9.]+\n"));
  outcome = testing::run(folder_.path(), {"transcribe", "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("--output-format"));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(CliTest, AFullDiskLeavesNothingHalfWritten) {
  const auto limit_file_size = [] {
    const rlimit limit{.rlim_cur = 200, .rlim_max = 200};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  };
  // The messages go to files too: standard output must stay empty and standard error short.
  const Outcome outcome =
      transcribe({"a.wav", "--verbose", "False", "-o", "out", "-f", "json"}, limit_file_size);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("sotto: cannot write out/a.json: "));
  EXPECT_THAT(names_in("out"), IsEmpty());
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
