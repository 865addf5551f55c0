// "sotto bench" as a user meets it, on a tiny model: what it says, not how fast it is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "apps/process.h"
#include "base/error.h"
#include "base/isa.h"
#include "base/testing.h"
#include "base/thread_pool.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::Outcome;
using ::testing::StartsWith;
using Json = nlohmann::json;

class BenchTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    model_folder_ = std::make_unique<sotto::testing::TemporaryFolder>();
    model::testing::write_hf_folder(model_path(), model::testing::tiny_test_dims(), 1);
  }
  static void TearDownTestSuite() { model_folder_.reset(); }
  static std::string model_path() { return (*model_folder_ / "made-up").string(); }

  Outcome bench(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bench");
    return testing::run(folder_.path(), arguments,
                        [this] { ::setenv("XDG_CACHE_HOME", (folder_ / "caches").c_str(), 1); });
  }
  /// Of the tiny model, as short as can be.
  std::string text(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--model", model_path(), "--seconds", "0.01"});
    const Outcome outcome = bench(arguments);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");  // no progress where there is no terminal
    return outcome.out;
  }
  void expect_usage(const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = bench(arguments);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err,
                AllOf(StartsWith("sotto: "), HasSubstr(message),
                      HasSubstr("\nsotto bench --help says what can be asked for.\n")));
  }

  /// --compare with a "Python" that plays this engine, whatever script it is given: `answer` is
  /// what the shell does with each $task.
  std::string played(const std::string& engine, const std::string& answer) {
    const fs::path program = folder_ / concat(engine, "-python");
    std::ofstream(program) << "#!/bin/sh\necho \"ready: played $3 $4\"\nwhile read task; do "
                           << answer << "; done\n";
    fs::permissions(program, fs::perms::owner_all);
    return concat(engine, "=", program.string(), ",", model_path());
  }

  inline static std::unique_ptr<sotto::testing::TemporaryFolder> model_folder_;
  sotto::testing::TemporaryFolder folder_;
};

std::vector<std::string> names(const Json& entries) {
  std::vector<std::string> names;
  for (const Json& entry : entries) names.push_back(entry.at("name"));
  return names;
}

void expect_spread(const Json& spread) {
  EXPECT_GT(spread.at("q1").get<double>(), 0);
  EXPECT_LE(spread.at("q1"), spread.at("median"));
  EXPECT_LE(spread.at("median"), spread.at("q3"));
}

/// "goal" says whether what it reached meets it.
void expect_goal(const Json& json, const std::string& quantity, double reached) {
  const Json& goal = json.at("goal");
  EXPECT_EQ(goal.at("quantity"), quantity);
  EXPECT_NEAR(goal.at("reached"), reached, 1e-9 * std::abs(reached));
  const bool met = goal.contains("at_most") ? goal.at("reached") <= goal.at("at_most")
                                            : goal.at("reached") >= goal.at("at_least");
  EXPECT_EQ(goal.at("met"), met);
}

void expect_goals(const Json& json) {
  std::map<std::string, Json> parts;
  for (const Json& part : json.at("parts")) parts[part.at("name")] = part;
  const auto seconds = [&](const std::string& name) {
    return parts[name].at("seconds").at("median").get<double>();
  };
  expect_goal(parts["log_mel"], "x_realtime", parts["log_mel"].at("x_realtime"));
  expect_goal(parts["cross_kv"], "of_peak", parts["cross_kv"].at("of_peak").at("median"));
  expect_goal(parts["end_to_end.process"], "extra_seconds",
              seconds("end_to_end.process") - seconds("load") - seconds("end_to_end.clip"));
  expect_goal(json.at("encoder_scaling"), "speedup",
              json.at("encoder_scaling").at("ratio").at("median"));
  EXPECT_FALSE(parts["end_to_end.windows_8"].contains("goal"));  // that of base only
}

void expect_rates(const Json& json) {
  for (const Json& part : json.at("parts")) {
    SCOPED_TRACE(part.at("name"));
    expect_spread(part.at("seconds"));
    EXPECT_GE(part.at("runs"), 5);
    EXPECT_LE(part.at("best_seconds"), part.at("seconds").at("q1"));
    const double seconds = part.at("seconds").at("median");
    for (const auto& [amount, rate] : {std::pair{"gmac", "gmac_per_s"}, {"gb", "gb_per_s"}}) {
      EXPECT_EQ(part.contains(amount), part.contains(rate));
      if (!part.contains(amount)) continue;
      EXPECT_NEAR(part.at(rate), part.at(amount).get<double>() / seconds,
                  1e-9 * part.at(rate).get<double>());
    }
    EXPECT_EQ(part.contains("of_peak"), part.contains("bound"));
    EXPECT_EQ(part.contains("of_peak"), part.contains("gmac"));
    if (part.contains("of_peak")) expect_spread(part.at("of_peak"));
  }
  const auto windows = *std::ranges::find_if(
      json.at("parts"), [](const Json& part) { return part.at("name") == "end_to_end.windows_8"; });
  EXPECT_NEAR(windows.at("x_realtime").get<double>(),
              240 / windows.at("seconds").at("median").get<double>(), 1e-6);
  for (const Json& peak : json.at("peaks").at("multiply")) expect_spread(peak.at("mac_per_s"));
}

TEST_F(BenchTest, JsonHoldsEveryPartAndItsRatesFollowFromItsTimes) {
  const Json json = Json::parse(text({"--json", "--threads", "2", "--compute-type", "int8"}));
  expect_rates(json);
  expect_goals(json);
  EXPECT_THAT(json.at("date"), ContainsRegex("^[0-9-]{10}T[0-9:]{8}Z$"));
  EXPECT_THAT(json.at("commit"), ContainsRegex("^([0-9a-f]{8,}[+]?|unknown)$"));
  EXPECT_EQ(json.at("isa"), name_of(active_isa()));
  EXPECT_EQ(json.at("threads"), 2);
  EXPECT_EQ(json.at("threads_pinned"), false);
  const Json& scaling = json.at("encoder_scaling");
  EXPECT_EQ(scaling.at("threads"), 2);
  EXPECT_GE(scaling.at("rounds"), 5);
  for (const char* spread : {"one_thread_seconds", "seconds", "ratio"}) {
    expect_spread(scaling.at(spread));
  }
  EXPECT_FALSE(json.at("machine").at("cpu").get<std::string>().empty());
  EXPECT_EQ(json.at("model").at("weights"), "file");
  EXPECT_EQ(json.at("model").at("encoder_type"), "int8_two_bytes");  // it is narrow
  EXPECT_EQ(json.at("model").at("width"), 64);
  EXPECT_THAT(
      names(json.at("parts")),
      ElementsAre("log_mel", "encoder", "encoder.convolutions", "encoder.layer_norms",
                  "encoder.linear_layers", "encoder.attention", "cross_kv", "decoder.batch_1",
                  "decoder.batch_5", "decoder.batch_8", "decoder.batch_16", "decoder.beams_5",
                  "end_to_end.windows_1", "end_to_end.windows_8", "end_to_end.windows_8_of_many",
                  "end_to_end.clip", "load", "load.uncached", "end_to_end.process"));
  EXPECT_THAT(names(json.at("peaks").at("read")), ElementsAre("decoder", "dram"));
  EXPECT_GT(json.at("process_resident_bytes"), 1e6);
  EXPECT_FALSE(json.contains("missing"));
}

TEST_F(BenchTest, TheTableSaysTheSameToPeople) {
  const std::string table = text({"--compute-type", "float32", "--only", "encoder,process"});
  EXPECT_THAT(table, ContainsRegex("^Sotto [0-9.]+ \\([^)]+\\) on .*, 2 threads\n"
                                   "Model: made-up, in float32\n"));
  EXPECT_THAT(table, ContainsRegex("\nencoder.attention +window +[0-9.]+ \\([0-9.]+-[0-9.]+\\) +"
                                   "[0-9.]+ +[0-9.]+ +[0-9]+% +float32 +70%: (met|missed)\n"));
  EXPECT_THAT(table, ContainsRegex("\nThe whole process held at most [0-9]+ MB.\n$"));
}

/// The engine knows the encoder only.
TEST_F(BenchTest, ComparesWithOtherEngines) {
  const std::string engine =
      played("ctranslate2", "case $task in encoder) echo 0.5;; *) echo -;; esac");
  const Json json =
      Json::parse(text({"--json", "--threads", "1", "--only", "compare.encoder,compare.token_1",
                        "--compare", engine, "--compute-type", "int8"}));
  const Json& comparisons = json.at("comparisons");
  ASSERT_EQ(comparisons.size(), 2u);
  EXPECT_EQ(comparisons.at(0).at("task"), "encoder");
  const Json& peer = comparisons.at(0).at("peers").at(0);
  EXPECT_EQ(peer.at("name"), "played 1 int8");
  EXPECT_EQ(peer.at("seconds").at("median"), 0.5);
  expect_spread(peer.at("ratio"));
  EXPECT_EQ(comparisons.at(1).at("task"), "token 1");
  EXPECT_EQ(comparisons.at(1).at("peers").size(), 0u);
  EXPECT_THAT(text({"--only", "compare.encoder", "--compare", engine, "--compute-type", "int8"}),
              ContainsRegex("\nencoder +Sotto .*\n +played 2 int8 +500 \\(500-500\\) +[0-9.]+ "));
}

TEST_F(BenchTest, TheEncodersNextWindowsMayRunBesideTheTokens) {
  const std::string table =
      text({"--threads", "2", "--compute-type", "int8", "--only", "compare.windows_8_of_many",
            "--compare", played("ctranslate2", "[ \"$task\" = 'windows 8 of many' ]; echo $?.5")});
  EXPECT_THAT(table, ContainsRegex("\nwindows 8 of many +Sotto .*\n +played 2 int8 +500 "
                                   "\\(500-500\\) +[0-9.]+ \\([0-9.]+-[0-9.]+\\) +480\n$"));
}

TEST_F(BenchTest, AnEngineThatFailsLeavesWhatIsMeasured) {
  const std::string lasting = played("ctranslate2", "echo 0.5");
  const std::string failing = played("openvino", "[ \"$task\" = encoder ] && echo 0.25 || exit 1");
  const std::vector<std::string> arguments = {
      "--model",        model_path(),
      "--seconds",      "0.01",
      "--compute-type", "int8",
      "--only",         "log_mel,compare.encoder,compare.token_1,compare.token_8",
      "--compare",      failing};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return bench(more);
  };
  Outcome outcome = with({"--json", "--compare", lasting});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(
      outcome.err,
      ContainsRegex("^sotto: not measured: compare.token_1 and what follows it, with played "
                    "2 int8: .*openvino-python has ended: its messages are above\n"
                    "sotto: not all that was wanted could be measured\n$"));
  Json json = Json::parse(outcome.out);
  EXPECT_THAT(names(json.at("parts")), ElementsAre("log_mel"));
  ASSERT_EQ(json.at("comparisons").size(), 3u);
  EXPECT_EQ(json.at("comparisons").at(0).at("peers").size(), 2u);
  for (const int task : {1, 2}) {
    const Json& peers = json.at("comparisons").at(task).at("peers");
    ASSERT_EQ(peers.size(), 1u);
    EXPECT_EQ(peers.at(0).at("seconds").at("median"), 0.5);
  }
  ASSERT_EQ(json.at("missing").size(), 1u);
  EXPECT_THAT(json.at("missing").at(0).at("why"), HasSubstr("has ended"));
  // Nobody is left to run the other tasks with.
  outcome = with({});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, ContainsRegex("\nlog_mel .*\nencoder +Sotto .*\n +played 2 int8 +250 .*"
                                         "\nMissing:\n  compare.token_1 and what follows it, with "
                                         "played 2 int8: .*has ended: its messages are above\n$"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\ntoken 1 ")));
}

TEST_F(BenchTest, AnEngineThatAnswersNonsenseIsEndedAndLeavesWhatIsMeasured) {
  for (const std::string answer : {"junk", "inf", "-1"}) {
    const Outcome outcome =
        bench({"--model", model_path(), "--seconds", "0.01", "--compute-type", "int8", "--only",
               "log_mel,compare.encoder", "--json", "--compare",
               played("openvino", concat("echo ", answer, "; exec sleep 1000"))});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(concat("answers '", answer, "' to 'encoder'")));
    EXPECT_THAT(names(Json::parse(outcome.out).at("parts")), ElementsAre("log_mel"));
  }
}

TEST_F(BenchTest, APictureWithoutAFolderIsRefusedBeforeAnythingIsMeasured) {
  const Outcome outcome = bench({"--model", model_path(), "--plot", "nowhere/x.svg"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "sotto: cannot write nowhere/x.svg: there is no folder nowhere\n");
}

TEST_F(BenchTest, CtrlCLeavesWhatIsMeasured) {
  const std::string engine = played(
      "openvino", "[ \"$task\" = encoder ] && echo 0.25 || { echo 'at work' >&2; read never; }");
  testing::Process process(
      folder_.path(),
      {"bench", "--model", model_path(), "--seconds", "0.01", "--compute-type", "int8", "--only",
       "log_mel,compare.encoder,compare.token_1,compare.token_8", "--compare", engine, "--json"});
  ASSERT_TRUE(process.wait_for_message("at work"));
  process.send(SIGINT);
  const Outcome outcome = process.wait();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(outcome.err,
            "at work\nsotto: not measured: compare.token_1: interrupted\n"
            "sotto: not measured: compare.token_8: interrupted\nsotto: interrupted\n");
  const Json json = Json::parse(outcome.out);
  EXPECT_THAT(names(json.at("parts")), ElementsAre("log_mel"));
  ASSERT_EQ(json.at("comparisons").size(), 1u);
  EXPECT_EQ(json.at("comparisons").at(0).at("task"), "encoder");
  EXPECT_EQ(json.at("missing").size(), 2u);
}

TEST_F(BenchTest, APartThatFailsLeavesTheOthers) {
  const fs::path model = folder_ / "vanishing";
  fs::copy(model_path(), model, fs::copy_options::recursive);
  // The engine starts after the model is loaded; "load" loads it again.
  const std::string engine = played("openvino", "echo 0.25");
  std::ofstream(folder_ / "openvino-python")
      << "#!/bin/sh\nrm -r " << model << "\necho 'ready: gone'\nwhile read task; do echo 1; done\n";
  const Outcome outcome =
      bench({"--model", model.string(), "--seconds", "0.01", "--compute-type", "int8", "--no-cache",
             "--only", "log_mel,load,compare.encoder", "--compare", engine});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\nlog_mel "), HasSubstr("\nencoder "),
                                 HasSubstr("\nMissing:\n  load: "), HasSubstr("vanishing")));
}

TEST_F(BenchTest, SaysWhatMoreThreadsAreWorth) {
  EXPECT_THAT(text({"--threads", "2", "--only", "encoder.scaling"}),
              ContainsRegex("\nEncoder, ms: [0-9.]+ \\([0-9.]+-[0-9.]+\\) with one thread, [0-9.]+ "
                            "\\([0-9.]+-[0-9.]+\\) with 2 in turn: [0-9.]+ \\([0-9.]+-[0-9.]+\\) "
                            "times as fast, goal 1.85: (met|missed).\n$"));
  expect_usage({"--threads", "1", "--only", "encoder.scaling"},
               "--only encoder.scaling compares one thread with several: there is one");
}

TEST_F(BenchTest, MoreThreadsThanCpusAreUsedWithAWarning) {
  const int n_cpus = ThreadPool::usable_cpus();
  const Outcome outcome = bench({"--model", model_path(), "--seconds", "0.01", "--only", "log_mel",
                                 "--threads", std::to_string(n_cpus + 1)});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, StartsWith(concat("sotto: warning: --threads ", n_cpus + 1,
                                             " is slower than ", n_cpus, ", a thread for each")));
}

TEST_F(BenchTest, ThreadsCanBePinned) {
  EXPECT_THAT(text({"--threads", "1", "--pin-threads", "--only", "load,process"}),
              AllOf(HasSubstr(", 1 thread, pinned\n"), HasSubstr("\nend_to_end.process ")));
  const Outcome outcome = bench({"--pin-threads", "--threads", "1024", "--model", model_path()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("1024 threads cannot be pinned to a CPU each: CPUs that may be used: "));
}

TEST_F(BenchTest, SaysWhenOtherEnginesComputeInAnotherType) {
  const std::string engine = played("openvino", "echo 1");
  const auto compared = [&](const std::vector<std::string>& type) {
    std::vector<std::string> arguments = {
        "--only", "compare.encoder", "--model", model_path(), "--seconds",
        "0.01",   "--compare",       engine};
    arguments.insert(arguments.end(), type.begin(), type.end());
    return bench(arguments);
  };
  // The model is narrow: without a type it computes in float32.
  EXPECT_THAT(compared({}).err,
              HasSubstr("warning: Sotto computed in float32, openvino in int8: --compute-type"));
  const Outcome two_bytes = compared({"--compute-type", "int8_two_bytes"});
  EXPECT_EQ(two_bytes.err, "");
  EXPECT_THAT(two_bytes.out, AllOf(HasSubstr("in int8_two_bytes"), HasSubstr("played 2 int8 ")));
}

TEST_F(BenchTest, MeasuresOnlyWhatIsWanted) {
  const Json json = Json::parse(text({"--json", "--only", "log_mel,cross_kv"}));
  EXPECT_THAT(names(json.at("parts")), ElementsAre("log_mel", "cross_kv"));
}

// Each digit is a token of the model that ships; it would end after those that are spoken.
TEST_F(BenchTest, AClipIsHeardByForce) {
  const fs::path sample = sotto::testing::source_path("samples/phone.wav");
  SOTTO_NEEDS_FILE(sample);
  const Outcome outcome = bench({"--clip", sample.string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, MatchesRegex("( [a-z]+){30}\n[0-9]+\n"));
  const Outcome missing = bench({"--model", model_path(), "--clip", "b.wav"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.err, "sotto: cannot read b.wav: No such file or directory\n");
}

TEST_F(BenchTest, RefusesWhatCannotBe) {
  for (const char* part : {"load", "process"}) {
    expect_usage({"--size", "tiny", "--only", part}, "needs a model from a file");
  }
  expect_usage({"--size", "huge"}, "there is no size 'huge': the sizes are tiny.en, tiny, base.en");
  expect_usage({"--size", "tiny", "--model", model_path()}, "exclude each other");
  expect_usage({"--size", "tiny", "--clip", "a.wav"}, "--size cannot be given");
  expect_usage({"--json", "--clip", "a.wav"}, "--clip measures nothing: --json");
  expect_usage({"--only", "encoder", "--clip", "a.wav"}, "--clip measures nothing");
  expect_usage({"--seconds", "0"}, "'0' is not a number of seconds from 0.01 to 600");
  expect_usage({"--compute-type", "float16"}, "the nearest is float32, or bfloat16");
  expect_usage({"--only", "encoder,beer"},
               "there is no part 'beer': the parts are log_mel, encoder, encoder.scaling,");
  expect_usage({"--compare", "vosk=a,b"}, "the engines are whisper.cpp, ctranslate2 and openvino");
  expect_usage({"--compare", "openvino=python"}, "must be openvino=PROGRAM,MODEL");
  expect_usage({"--compare", "openvino=no/python,nowhere"},
               "there is no no/python to run openvino");
  expect_usage({"--only", "compare.encoder"}, "and --compare names none");
  expect_usage({"--compare", "openvino=python,nowhere"}, "there is no nowhere: the scripts in");
  expect_usage({"talk.mp3"}, "sotto bench takes options only");
  const Outcome outcome = bench({"--model", "missing"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(StartsWith("sotto: "), HasSubstr("missing")));
}

}  // namespace
}  // namespace sotto::apps
