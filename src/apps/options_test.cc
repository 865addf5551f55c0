#include "apps/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "apps/option_values.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::apps {
namespace {

using engine::OutputFormat;
using sotto::testing::message_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Options parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "transcribe");
  return std::get<Options>(parse_command_line(arguments));
}

std::string error_of(const std::vector<std::string>& arguments) {
  return message_of(ErrorKind::usage, [&] { parse(arguments); });
}

std::string help_of(const std::vector<std::string>& arguments) {
  return std::get<std::string>(parse_command_line(arguments));
}

TEST(Options, DefaultsAreOpenais) {
  const Options options = parse({"a.wav"});
  EXPECT_EQ(options.command, Command::transcribe);
  EXPECT_THAT(options.files, ElementsAre("a.wav"));
  EXPECT_EQ(options.model, std::nullopt);
  EXPECT_EQ(options.threads, 0);
  EXPECT_TRUE(options.verbose);
  EXPECT_THAT(options.output_formats, IsEmpty());
  EXPECT_EQ(options.transcription.task, engine::Task::transcribe);
  EXPECT_EQ(options.transcription.language, std::nullopt);
  EXPECT_EQ(options.transcription.initial_prompt, std::nullopt);
  EXPECT_TRUE(options.transcription.condition_on_previous_text);
  EXPECT_EQ(options.transcription.no_speech_threshold, 0.6);
  EXPECT_EQ(options.transcription.logprob_threshold, -1.0);
  EXPECT_EQ(options.transcription.rules.suppress_tokens, std::nullopt);
  EXPECT_FALSE(options.transcription.rules.without_timestamps);
}

TEST(Options, EveryOptionArrives) {
  const Options options = parse({"a.wav",       "--model",
                                 "m",           "b.mp3",
                                 "--device",    "cpu",
                                 "--threads=3", "--audio-stream",
                                 "1",           "--language",
                                 "German",      "--task",
                                 "translate",   "--initial-prompt",
                                 "Sotto voce",  "--condition-on-previous-text",
                                 "False",       "--no-speech-threshold",
                                 "0.5",         "--logprob-threshold",
                                 "-2.5",        "--suppress-tokens",
                                 "-1,7",        "--verbose",
                                 "False",       "--without-timestamps",
                                 "-o",          "out",
                                 "-f",          "srt"});
  EXPECT_THAT(options.files, ElementsAre("a.wav", "b.mp3"));
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.threads, 3);
  EXPECT_EQ(options.audio_stream, 1);
  EXPECT_EQ(options.transcription.language, 2);
  EXPECT_EQ(options.transcription.task, engine::Task::translate);
  EXPECT_EQ(options.transcription.initial_prompt, "Sotto voce");
  EXPECT_FALSE(options.transcription.condition_on_previous_text);
  EXPECT_EQ(options.transcription.no_speech_threshold, 0.5);
  EXPECT_EQ(options.transcription.logprob_threshold, -2.5);
  EXPECT_EQ(options.transcription.rules.suppress_tokens, (std::vector{-1, 7}));
  EXPECT_TRUE(options.transcription.rules.without_timestamps);
  EXPECT_FALSE(options.verbose);
  EXPECT_EQ(options.output_dir, "out");
  EXPECT_THAT(options.output_formats, ElementsAre(OutputFormat::srt));
}

TEST(Options, UnderscoresAreHyphens) {
  const Options options = parse({"--output_format", "tsv", "--no_speech_threshold=None",
                                 "--initial_prompt=a_b", "--condition_on_previous_text", "False",
                                 "a_b.wav", "--", "--c_d.wav", "--", "e_f.wav"});
  EXPECT_THAT(options.output_formats, ElementsAre(OutputFormat::tsv));
  EXPECT_EQ(options.transcription.no_speech_threshold, std::nullopt);
  EXPECT_EQ(options.transcription.initial_prompt, "a_b");
  EXPECT_FALSE(options.transcription.condition_on_previous_text);
  EXPECT_THAT(options.files, ElementsAre("a_b.wav", "./--c_d.wav", "./--", "e_f.wav"));
}

TEST(Options, BatchSize) {
  EXPECT_EQ(parse({"a.wav"}).batch_size, std::nullopt);
  EXPECT_EQ(parse({"a.wav", "--batch-size", "8"}).batch_size, 8);
  for (const char* wrong : {"0", "65", "-1", "many"}) {
    EXPECT_THAT(error_of({"a.wav", "--batch-size", wrong}), HasSubstr("--batch-size: ")) << wrong;
  }
}

TEST(Options, SwitchesStandAloneOrTakeTrueOrFalse) {
  EXPECT_TRUE(parse({"--without-timestamps", "a.wav"}).transcription.rules.without_timestamps);
  EXPECT_TRUE(parse({"a.wav", "--verbose"}).verbose);
  EXPECT_FALSE(parse({"--verbose=False", "a.wav"}).verbose);
  EXPECT_THAT(error_of({"--verbose=no", "a.wav"}),
              HasSubstr("--verbose: 'no' is neither True nor False"));
}

TEST(Options, OtherSpellingsOfTrueAndFalseAreNotFiles) {
  for (const char* spelling : {"true", "FALSE", "0", "1", "yes", "No", "on", "off"}) {
    EXPECT_EQ(error_of({"--verbose", spelling, "a.wav"}),
              concat("--verbose: '", spelling, "' is neither True nor False"));
  }
  EXPECT_THAT(error_of({"--fp16", "false", "a.wav"}), HasSubstr("--fp16: 'false' asks for"));
  EXPECT_THAT(parse({"--verbose", "none.wav"}).files, ElementsAre("none.wav"));
}

TEST(Options, AFileMayBeCalledLikeASwitchsValue) {
  const sotto::testing::TemporaryFolder folder;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  std::ofstream("no") << "x";
  const Options options = parse({"--verbose", "no"});
  std::filesystem::current_path(before);
  EXPECT_TRUE(options.verbose);
  EXPECT_THAT(options.files, ElementsAre("no"));
}

TEST(Options, TheFolderAloneWritesAllFormats) {
  EXPECT_THAT(parse({"a.wav", "-o", "out"}).output_formats,
              ElementsAre(OutputFormat::txt, OutputFormat::vtt, OutputFormat::srt,
                          OutputFormat::tsv, OutputFormat::json));
  EXPECT_THAT(parse({"a.wav", "-f", "json", "-o", "out"}).output_formats,
              ElementsAre(OutputFormat::json));
  EXPECT_EQ(parse({"a.wav", "-f", "all"}).output_formats.size(), 5u);
  EXPECT_EQ(parse({"a.wav", "-f", "all"}).output_dir, ".");
}

TEST(Options, TheLastOfTheSameOptionCounts) {
  EXPECT_EQ(parse({"a.wav", "--threads", "1", "--threads", "2"}).threads, 2);
}

TEST(Options, ValuesMayBeEmpty) {
  EXPECT_EQ(parse({"a.wav", "--initial-prompt", ""}).transcription.initial_prompt, "");
  EXPECT_EQ(parse({"a.wav", "--suppress-tokens="}).transcription.rules.suppress_tokens,
            std::vector<int>{});
}

TEST(Options, WrongValuesAreRefusedByName) {
  EXPECT_THAT(error_of({"a.wav", "--language", "klingon"}),
              HasSubstr("--language: unknown language 'klingon': give a code such as de"));
  EXPECT_THAT(error_of({"a.wav", "--task", "sing"}),
              HasSubstr("--task: 'sing' is neither transcribe nor translate"));
  EXPECT_THAT(error_of({"a.wav", "-f", "doc"}),
              HasSubstr("--output-format: 'doc' is none of txt, vtt, srt, tsv, json and all"));
  EXPECT_THAT(error_of({"a.wav", "--threads", "-1"}),
              HasSubstr("--threads: '-1' is not a whole number from 0 to 1024"));
  EXPECT_THAT(error_of({"a.wav", "--threads", "2x"}), HasSubstr("--threads: '2x' is not"));
  EXPECT_THAT(error_of({"a.wav", "--audio-stream", "-1"}), HasSubstr("--audio-stream: '-1'"));
  EXPECT_THAT(error_of({"a.wav", "--no-speech-threshold", "nan"}),
              HasSubstr("--no-speech-threshold: 'nan' is neither a number nor None"));
  EXPECT_THAT(error_of({"a.wav", "--suppress-tokens", "1,x"}),
              HasSubstr("--suppress-tokens: '1,x' is not a list of token ids"));
  EXPECT_THAT(error_of({"a.wav", "--compute-type", "float16"}),
              HasSubstr("--compute-type: Sotto does not compute in float16: the nearest is "
                        "float32, or bfloat16"));
  EXPECT_THAT(error_of({"a.wav", "--device", "cuda"}),
              HasSubstr("--device: there is no device 'cuda'"));
}

TEST(Options, WhatIsNotThereIsRefused) {
  EXPECT_EQ(error_of({"a.wav", "--frobnicate=1"}), "there is no option '--frobnicate'");
  EXPECT_THAT(error_of({}), HasSubstr("FILE is required"));
  EXPECT_EQ(error_of({"a.wav", "--model"}), "--model needs a value");
  EXPECT_EQ(error_of({"a.wav", "-o"}), "--output-dir needs a value");
  EXPECT_THAT(message_of(ErrorKind::usage, [] { parse_command_line({}); }),
              HasSubstr("no command is given: the commands are transcribe, model, npu and bench"));
  EXPECT_THAT(message_of(ErrorKind::usage, [] { parse_command_line({"sing"}); }),
              HasSubstr("there is no command 'sing': the commands are"));
  EXPECT_THAT(message_of(ErrorKind::usage, [] { parse_command_line({"--frobnicate"}); }),
              HasSubstr("there is no command '--frobnicate'"));
  EXPECT_THAT(message_of(ErrorKind::usage,
                         [] {
                           parse_command_line({"model", "info"});
                         }),
              HasSubstr("PATH"));
  for (const auto& arguments : {std::vector<std::string>{"model"}, {"model", "describe"}}) {
    EXPECT_THAT(message_of(ErrorKind::usage, [&] { parse_command_line(arguments); }),
                HasSubstr("sotto model info PATH"));
  }
}

TEST(Options, AnUnknownOptionIsSaidBeforeAMissingFile) {
  EXPECT_EQ(error_of({"--mod"}), "there is no option '--mod'");
  EXPECT_EQ(error_of({"--version"}), "there is no option '--version'");
  EXPECT_EQ(error_of({"-dash.wav"}),
            "there is no option '-dash.wav'; a file of that name is given as ./-dash.wav");
}

TEST(Options, NamesAreNotEmptyAndNotAHyphen) {
  EXPECT_EQ(error_of({"a.wav", ""}), "the name of a FILE is empty");
  EXPECT_THAT(error_of({"-"}), HasSubstr("standard input is called /dev/stdin"));
  EXPECT_EQ(error_of({"a.wav", "--model="}), "the path of the model is empty");
  EXPECT_THAT(error_of({"a.wav", "-o", ""}), HasSubstr("--output-dir: the name of the folder is"));
  EXPECT_EQ(message_of(ErrorKind::usage,
                       [] {
                         parse_command_line({"model", "info", ""});
                       }),
            "the path of the model is empty");
}

TEST(Options, UnbuiltFeaturesAreRefusedUnlessTheValueAsksForNone) {
  struct Case {
    const char* option;
    std::vector<const char*> accepted;
    const char* refused;
  };
  const std::vector<Case> cases = {
      {"--temperature", {"0", "0.0"}, "0.2"},
      {"--temperature-increment-on-fallback", {"None"}, "0.2"},
      {"--compression-ratio-threshold", {"None"}, "2.4"},
      {"--best-of", {"None", "1"}, "5"},
      {"--beam-size", {"None", "1"}, "5"},
      {"--patience", {"None"}, "1"},
      {"--length-penalty", {"None"}, "1"},
      {"--carry-initial-prompt", {"False"}, "True"},
      {"--word-timestamps", {"False"}, "True"},
      {"--prepend-punctuations", {"\"'“¿([{-"}, "("},
      {"--append-punctuations", {"\"'.。,，!！?？:：”)]}、"}, "."},
      {"--highlight-words", {"False"}, "True"},
      {"--max-line-width", {"None"}, "40"},
      {"--max-line-count", {"None"}, "2"},
      {"--max-words-per-line", {"None"}, "3"},
      {"--hallucination-silence-threshold", {"None"}, "2"},
      {"--clip-timestamps", {"0"}, "0,10"},
      {"--fp16", {"False"}, "True"},
      {"--model-dir", {"None"}, "models"},
  };
  for (const Case& c : cases) {
    for (const char* accepted : c.accepted) {
      EXPECT_EQ(error_of({"a.wav", c.option, accepted}), "no error") << c.option;
    }
    EXPECT_THAT(
        error_of({"a.wav", c.option, c.refused}),
        ::testing::AllOf(HasSubstr(std::string(c.option) + ": "), HasSubstr("is not built yet")));
  }
  EXPECT_EQ(
      error_of({"--word_timestamps", "a.wav"}),
      "--word-timestamps: 'True' asks for what is not built yet (times of single words): only "
      "False can be given");
  EXPECT_THAT(error_of({"a.wav", "--beam-size", "5"}), HasSubstr("only None or 1 can be given"));
}

TEST(Options, HelpSaysWhatThereIs) {
  EXPECT_THAT(help_of({"--help"}),
              ::testing::AllOf(HasSubstr("transcribe"), HasSubstr("model"), HasSubstr("130")));
  EXPECT_THAT(help_of({"transcribe", "--help"}),
              ::testing::AllOf(HasSubstr("--output-format"), HasSubstr("not built yet"),
                               HasSubstr("Exit codes"), HasSubstr("Examples"),
                               HasSubstr("--output-dir DIR "), HasSubstr("--best-of VALUE "),
                               HasSubstr("--fp16 BOOL "), HasSubstr("beam search [None or 1]")));
  EXPECT_THAT(help_of({"--version"}), ::testing::MatchesRegex("sotto [0-9.]+\n"));
}

TEST(Options, ModelInfoTakesOnePath) {
  const Options options = std::get<Options>(parse_command_line({"model", "info", "models/digits"}));
  EXPECT_EQ(options.command, Command::model_info);
  EXPECT_EQ(options.model, "models/digits");
  EXPECT_THAT(help_of({"model", "info", "--help"}), HasSubstr("model info [OPTIONS] PATH\n"));
  EXPECT_EQ(message_of(ErrorKind::usage,
                       [] {
                         parse_command_line({"model", "info", "one", "two"});
                       }),
            "'two' is one argument too many: sotto model info takes one PATH");
}

TEST(Options, TheCacheCanBeTurnedOff) {
  EXPECT_TRUE(std::get<Options>(parse_command_line({"transcribe", "a.wav"})).cache);
  EXPECT_FALSE(std::get<Options>(parse_command_line({"transcribe", "a.wav", "--no-cache"})).cache);
  EXPECT_FALSE(std::get<Options>(parse_command_line({"bench", "--no-cache"})).cache);
}

TEST(Options, ThreadsAreOnlyPinnedOnRequest) {
  for (const char* command : {"transcribe", "bench"}) {
    const auto pinning = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin(), command);
      if (command == std::string("transcribe")) arguments.push_back("a.wav");
      return std::get<Options>(parse_command_line(arguments)).pinning;
    };
    EXPECT_EQ(pinning({}), Pinning::none);
    EXPECT_EQ(pinning({"--pin-threads"}), Pinning::one_cpu_each);
    EXPECT_EQ(pinning({"--pin_threads"}), Pinning::one_cpu_each);
  }
}

TEST(Options, APlotIsAnSvgOrAPng) {
  EXPECT_EQ(std::get<Options>(parse_command_line({"bench", "--plot", "a.svg"})).bench.plot.svg,
            "a.svg");
  EXPECT_EQ(std::get<Options>(parse_command_line({"bench", "--plot", "a.png"})).bench.plot.png,
            "a.png");
  EXPECT_EQ(message_of(ErrorKind::usage,
                       [] {
                         parse_command_line({"bench", "--plot", "a.pdf"});
                       }),
            "--plot: 'a.pdf' ends neither in .svg nor in .png");
}

TEST(SameValue, ComparesNumbersAsNumbers) {
  EXPECT_TRUE(same_value("0", "0.0"));
  EXPECT_TRUE(same_value("None", "None"));
  EXPECT_FALSE(same_value("0", "0.1"));
  EXPECT_FALSE(same_value("none", "None"));
  EXPECT_FALSE(same_value("x", "0"));
}

}  // namespace
}  // namespace sotto::apps
