#include "apps/options.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <sstream>

#include "apps/npu_options.h"
#include "apps/option_group.h"
#include "apps/option_values.h"
#include "apps/version.h"
#include "base/error.h"

namespace sotto::apps {
namespace {

constexpr const char* kDescription =
    "Sotto transcribes speech with Whisper models. Nothing leaves this machine.";

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0    done\n"
    "  1    a file failed (the others are still done), or the model or a folder cannot be used;\n"
    "       a design for the NPU is wrong\n"
    "  2    the command line asks for something that does not exist or is not built yet\n"
    "  130  interrupted by Ctrl-C; finished files stay\n";

constexpr const char* kExamples =
    "Text with times goes to standard output, everything else to standard error. Files are\n"
    "written only with --output-format or --output-dir.\n"
    "\n"
    "Examples:\n"
    "  sotto transcribe --model whisper-base talk.mp3\n"
    "  sotto transcribe --model whisper-base --language de -f srt -o subtitles *.mkv\n"
    "  sotto transcribe digits.wav > digits.txt\n"
    "\n";

/// An option of openai/whisper whose feature is not built yet.
struct UnbuiltOption {
  std::string_view name;
  const char* feature;
  /// Values that ask for what Sotto does without the feature; the first one is the default.
  std::vector<std::string> accepted;
};

const std::vector<UnbuiltOption>& unbuilt_options() {
  static const std::vector<UnbuiltOption> options = {
      {"--temperature", "sampling at a temperature", {"0"}},
      {"--temperature-increment-on-fallback", "falling back to higher temperatures", {"None"}},
      {"--compression-ratio-threshold", "falling back to higher temperatures", {"None"}},
      {"--best-of", "sampling several candidates", {"None", "1"}},
      {"--beam-size", "beam search", {"None", "1"}},
      {"--patience", "beam search", {"None"}},
      {"--length-penalty", "ranking of several candidates", {"None"}},
      {"--carry-initial-prompt", "the initial prompt before every window", {"False"}},
      {"--word-timestamps", "times of single words", {"False"}},
      {"--prepend-punctuations", "times of single words", {"\"'\u201c\u00bf([{-"}},
      {"--append-punctuations",
       "times of single words",
       {"\"'.\u3002,\uff0c!\uff01?\uff1f:\uff1a\u201d)]}\u3001"}},
      {"--highlight-words", "times of single words", {"False"}},
      {"--max-line-width", "breaking lines by times of single words", {"None"}},
      {"--max-line-count", "breaking lines by times of single words", {"None"}},
      {"--max-words-per-line", "breaking lines by times of single words", {"None"}},
      {"--hallucination-silence-threshold", "times of single words", {"None"}},
      {"--clip-timestamps", "transcribing parts of a file", {"0"}},
      {"--fp16", "computing in 16-bit floats on the CPU", {"False"}},
      {"--model-dir", "downloading models", {"None"}},
  };
  return options;
}

bool is_bool(const UnbuiltOption& option) {
  return option.accepted.front() == "False";
}

/// "None or 1"
std::string accepted_values(const UnbuiltOption& option) {
  std::string values = option.accepted.front();
  for (std::size_t i = 1; i < option.accepted.size(); ++i) values += " or " + option.accepted[i];
  return values;
}

void add_input_options(CLI::App& app, Options& options) {
  app.add_option("FILE", options.files, "Recordings or videos: whatever FFmpeg can read")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->option_text("...")
      ->group("Input");
  OptionGroup group(app, "Input");
  group.add("--audio-stream", "N",
            "The N-th audio stream of each file, from 0 [the one ffmpeg takes]",
            [&](const std::string& value) { options.audio_stream = parse_int(value, 0, 1000); });
}

/// What every command that computes with a model takes.
void add_compute_options(CLI::App& app, Options& options) {
  OptionGroup group(app, "Model");
  group.add("--model", "PATH",
            "A Hugging Face folder or a ggml .bin file [the model that ships: English digits only]",
            [&](const std::string& value) { options.model = value; });
  group.add(
      "--compute-type", "NAME",
      "auto, float32, bfloat16, int8, int8_float32: only the linear layers in int8, or "
      "int8_two_bytes: the same with two bytes for a number, which int8 is in narrow models [auto]",
      [&](const std::string& value) { options.compute_type = model::parse_compute_type(value); });
  group.add("--threads", "N", "Threads of the CPU; 0: as many as cores may be used [0]",
            [&](const std::string& value) { options.threads = parse_int(value, 0, 1024); });
  app.add_flag_callback(
         "--pin-threads", [&options] { options.pinning = Pinning::one_cpu_each; },
         "Keep each thread on a CPU of its own, one of each core first, of those that taskset "
         "leaves "
         "[the system moves them]")
      ->group("Model");
  app.add_flag_callback(
         "--no-cache", [&options] { options.cache = false; },
         "Pack the weights anew, and do not keep them in ~/.cache/sotto or $XDG_CACHE_HOME/sotto")
      ->group("Model");
}

void add_model_options(CLI::App& app, Options& options) {
  add_compute_options(app, options);
  OptionGroup(app, "Model")
      .add("--device", "NAME",
           "Where the encoder runs: cpu; npu and npu-sim are not built yet [cpu]",
           [&](const std::string& value) { options.device = engine::parse_device(value); });
}

void add_decoding_options(CLI::App& app, Options& all) {
  engine::TranscribeOptions& options = all.transcription;
  OptionGroup group(app, "Transcription");
  group.add("--language", "NAME", "Language of the speech: de, German, … [detected]",
            [&](const std::string& value) { options.language = parse_language(value); });
  group.add("--task", "NAME", "transcribe, or translate into English [transcribe]",
            [&](const std::string& value) {
              if (value != "transcribe" && value != "translate") {
                fail(ErrorKind::usage, "'", value, "' is neither transcribe nor translate");
              }
              options.task =
                  value == "translate" ? engine::Task::translate : engine::Task::transcribe;
            });
  group.add(
      "--batch-size", "N",
      "Cut recordings at pauses beforehand and decode N pieces at a time: faster; a piece does "
      "not see the text before it [not cut: each window begins where the text of the last one "
      "ends]",
      [&all](const std::string& value) { all.batch_size = parse_int(value, 1, 64); });
  group.add("--initial-prompt", "TEXT",
            "Text that the first window follows: names, spelling, style",
            [&](const std::string& value) { options.initial_prompt = value; });
  group.add(
      "--condition-on-previous-text", "BOOL",
      "Each window sees the text before it: more consistent, but errors can spread [True]",
      [&](const std::string& value) { options.condition_on_previous_text = parse_bool(value); });
  group.add(
      "--without-timestamps", "BOOL", "Ask the model for plain text, a segment per window [False]",
      [&](const std::string& value) { options.rules.without_timestamps = parse_bool(value); });
  group.add(
      "--suppress-tokens", "IDS",
      "Tokens that are never written; -1: brackets, notes and other marks of what is not "
      "speech [the model's own list, else -1]",
      [&](const std::string& value) { options.rules.suppress_tokens = parse_token_list(value); });
  group.add("--no-speech-threshold", "P",
            "Skip a window as silence when its no-speech probability is above P; None: never [0.6]",
            [&](const std::string& value) {
              options.no_speech_threshold = parse_optional_number(value);
            });
  group.add(
      "--logprob-threshold", "X",
      "… unless the average log-probability of its tokens is above X [-1.0]",
      [&](const std::string& value) { options.logprob_threshold = parse_optional_number(value); });
}

void add_output_options(CLI::App& app, Options& options) {
  const auto all = [] {
    return std::vector(engine::kOutputFormats.begin(), engine::kOutputFormats.end());
  };
  OptionGroup group(app, "Output");
  group.add("--output-dir,-o", "DIR", "Folder for the files; made when it is missing [.]",
            [&options, all](const std::string& value) {
              options.output_dir = value;
              if (options.output_formats.empty()) options.output_formats = all();
            });
  group.add("--output-format,-f", "NAME", "txt, vtt, srt, tsv, json or all [all]",
            [&options, all](const std::string& value) {
              options.output_formats =
                  value == "all" ? all() : std::vector{engine::parse_output_format(value)};
            });
  group.add("--verbose", "BOOL", "Write the text to standard output as it comes [True]",
            [&](const std::string& value) { options.verbose = parse_bool(value); });
}

void add_unbuilt_options(CLI::App& app) {
  OptionGroup group(app, "Of openai/whisper, not built yet (accepted with the value in brackets)");
  for (const UnbuiltOption& option : unbuilt_options()) {
    group.add(std::string(option.name), is_bool(option) ? "BOOL" : "VALUE",
              concat(option.feature, " [", accepted_values(option), "]"),
              [&option](const std::string& value) {
                for (const std::string& accepted : option.accepted) {
                  if (same_value(value, accepted)) return;
                }
                fail(ErrorKind::usage, "'", value, "' asks for what is not built yet (",
                     option.feature, "): only ", accepted_values(option), " can be given");
              });
  }
}

void add_transcribe(CLI::App& parent, Options& options) {
  CLI::App* app = parent.add_subcommand("transcribe", "Write down what is said in recordings");
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app->footer(std::string(kExamples) + kExitCodes);
  app->callback([&options] { options.command = Command::transcribe; });
  add_input_options(*app, options);
  add_model_options(*app, options);
  add_decoding_options(*app, options);
  add_output_options(*app, options);
  add_unbuilt_options(*app);
}

void add_model_convert(CLI::App& model, Options& options) {
  CLI::App* convert =
      model.add_subcommand("convert", "Write a model as a ggml file, as whisper.cpp reads it");
  convert->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  convert->callback([&options] { options.command = Command::model_convert; });
  convert->add_option("PATH", options.model, "A Hugging Face folder or a ggml .bin file")
      ->required();
  convert->add_option("OUTPUT", options.convert.output, "The file to write: ggml-….bin")
      ->required();
  OptionGroup(*convert, "Output")
      .add("--type", "NAME",
           "Of the matrices: f16, rounded to the nearest, or f32; all else is f32 [f16]",
           [&options](const std::string& value) { options.convert.type = parse_ggml_type(value); });
  convert->add_flag("--force", options.convert.force, "Replace a file of that name")
      ->group("Output");
}

void add_model(CLI::App& parent, Options& options) {
  CLI::App* model = parent.add_subcommand("model", "Look at models, and convert them");
  model->require_subcommand(1);
  CLI::App* info = model->add_subcommand("info", "Say what a model is, after checking all of it");
  info->add_option("PATH", options.model, "A Hugging Face folder or a ggml .bin file")->required();
  info->callback([&options] { options.command = Command::model_info; });
  add_model_convert(*model, options);
}

void add_bench(CLI::App& parent, Options& options) {
  CLI::App* app = parent.add_subcommand(
      "bench", "Measure this machine's peaks, and how near each part of a model comes to them");
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app->callback([&options] { options.command = Command::bench; });
  add_compute_options(*app, options);
  OptionGroup group(*app, "Measuring");
  group.add("--size", "NAME",
            "Made-up weights in the sizes of this model instead of one from a file: tiny, base, "
            "small, …",
            [&](const std::string& value) { options.bench.size = parse_size(value); });
  group.add(
      "--only", "PARTS",
      "Measure these parts only: log_mel, encoder, encoder.scaling (one thread and all of them), "
      "cross_kv, decoder, end_to_end, load, "
      "process, compare.encoder, compare.token_1, … (of 1, 8, 16), compare.windows_1, …, "
      "compare.windows_8_of_many, "
      "separated by commas [all]",
      [&](const std::string& value) { options.bench.only = parse_groups(value); });
  group.add("--seconds", "X", "How long each part is measured at least [1.5]",
            [&](const std::string& value) { options.bench.seconds = parse_seconds(value); });
  app->add_option_function<std::vector<std::string>>(
         "--compare",
         [&](const std::vector<std::string>& values) {
           for (const std::string& value : values) {
             options.bench.compare.push_back(parse_compared_engine(value));
           }
         },
         "Run this engine in turn with Sotto: whisper.cpp=WHISPER_BENCH,FILE, "
         "ctranslate2=PYTHON,FOLDER or openvino=PYTHON,FOLDER; may be given several times")
      ->type_name("NAME=PROGRAM,MODEL")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group("Measuring");
  app->add_flag("--json", options.bench.json, "Say it as JSON")->group("Measuring");
  group.add("--plot", "FILE", "Draw how near each part comes to the peak: FILE.svg or FILE.png",
            [&](const std::string& value) { options.bench.plot = parse_plot_file(value); });
  group.add(
      "--clip", "FILE",
      "Measure nothing: load the model, hear FILE, write 30 tokens of each window and end, as "
      "the part end_to_end.process does with 11 s",
      [&](const std::string& value) { options.bench.clip = value; });
}

/// CLI11 says of a wrong command no more than that one is missing.
void check_command(const std::vector<std::string>& arguments) {
  constexpr const char* kCommands = ": the commands are transcribe, model, npu and bench";
  if (arguments.empty()) fail(ErrorKind::usage, "no command is given", kCommands);
  const std::string& command = arguments.front();
  if (command == "transcribe" || command == "bench" || asks_for_text(command)) return;
  if (command == "npu") return check_npu_command(arguments);
  if (command != "model") fail(ErrorKind::usage, "there is no command '", command, "'", kCommands);
  if (arguments.size() > 1 &&
      (arguments[1] == "info" || arguments[1] == "convert" || asks_for_text(arguments[1]))) {
    return;
  }
  fail(ErrorKind::usage,
       "what to do with the model is missing: sotto model info PATH, or sotto model convert PATH "
       "OUTPUT");
}

/// Says in our words what CLI11 found wrong. An option that does not exist comes first, because it
/// can be the reason for the rest.
[[noreturn]] void refuse(const CLI::App& app, const CLI::ParseError& error) {
  for (const std::string& word : app.remaining(true)) {
    if (!word.starts_with("-")) continue;
    std::error_code ignored;
    const bool may_be_a_file = !word.starts_with("--") || std::filesystem::exists(word, ignored);
    fail(ErrorKind::usage, "there is no option '", word.substr(0, word.find('=')), "'",
         may_be_a_file ? concat("; a file of that name is given as ./", word) : "");
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    fail(ErrorKind::usage, "'", app.remaining(true).front(), "' is one argument too many: ",
         app.got_subcommand("bench") ? "sotto bench takes options only"
         : app.got_subcommand("npu") ? "sotto npu takes one DESIGN, or none to list them"
         : app.get_subcommand("model")->got_subcommand("convert")
             ? "sotto model convert takes one PATH and one OUTPUT"
             : "sotto model info takes one PATH");
  }
  const std::string reason = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    fail(ErrorKind::usage, reason.substr(0, reason.find(':')), " needs a value");
  }
  fail(ErrorKind::usage, reason);
}

void check_names(const Options& options) {
  for (const std::filesystem::path& file : options.files) {
    if (file.empty()) fail(ErrorKind::usage, "the name of a FILE is empty");
    if (file == "-") {
      fail(ErrorKind::usage, "'-' is not a file: standard input is called /dev/stdin");
    }
  }
  if (options.model && options.model->empty()) {
    fail(ErrorKind::usage, "the path of the model is empty");
  }
  if (options.command == Command::model_convert && options.convert.output.empty()) {
    fail(ErrorKind::usage, "the name of OUTPUT is empty");
  }
  for (const auto& [option, path] : {std::pair{"--trace", options.npu.trace},
                                     {"--svg", options.npu.pictures.svg},
                                     {"--png", options.npu.pictures.png}}) {
    if (path && path->empty()) fail(ErrorKind::usage, option, ": the name of the file is empty");
  }
  if (options.npu.explain && options.npu.assembly) {
    fail(ErrorKind::usage, "--explain and --asm: one of them at a time");
  }
  const bool shows_code = options.npu.explain || options.npu.assembly;
  if (shows_code && (options.npu.json || !options.npu.kernels.empty())) {
    fail(ErrorKind::usage, options.npu.explain ? "--explain" : "--asm",
         " shows one kernel and no costs: ", options.npu.json ? "--json" : "KERNEL",
         " does not go with it");
  }
  if (options.output_dir.empty()) {
    fail(ErrorKind::usage, "--output-dir: the name of the folder is empty; this one is .");
  }
}

std::vector<std::string_view> bool_names() {
  std::vector<std::string_view> names = {"--condition-on-previous-text", "--without-timestamps",
                                         "--verbose"};
  for (const UnbuiltOption& option : unbuilt_options()) {
    if (is_bool(option)) names.push_back(option.name);
  }
  return names;
}

}  // namespace

ParsedCommandLine parse_command_line(const std::vector<std::string>& arguments) {
  check_command(arguments);
  Options options;
  CLI::App app(kDescription, "sotto");
  app.set_version_flag("--version", concat("sotto ", version()));
  app.require_subcommand(1);
  app.footer(kExitCodes);
  app.get_formatter()->column_width(40);
  add_transcribe(app, options);
  add_model(app, options);
  add_npu(app, options);
  add_bench(app, options);

  std::vector<std::string> reversed = normalize_arguments(arguments, bool_names());
  std::reverse(reversed.begin(), reversed.end());  // as CLI11 takes them
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    if (app.exit(error, out, err) == 0) return out.str();
    refuse(app, error);
  }
  check_names(options);
  return options;
}

}  // namespace sotto::apps
