#include "apps/transcribe.h"

#include <chrono>
#include <new>

#include "apps/outputs.h"
#include "apps/progress.h"
#include "apps/shipped_model.h"
#include "audio/decode.h"
#include "audio/mel.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/isa.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/text.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// What all files are transcribed with.
struct Job {
  const Options& options;
  engine::Engine& engine;
  Console& console;
  bool text_lost = false;  ///< standard output took no more; files are still written
};

/// Refuses what this machine or this build cannot do before any work.
void check_machine(const Options& options, Console& console) {
  engine::check_device(options.device);
  engine::compute_types(options.device, options.compute_type, active_isa());
  const int n_cpus = ThreadPool::default_size();
  if (options.threads > n_cpus) {
    console.message(concat("warning: --threads ", options.threads, " is slower than ", n_cpus,
                           ", a thread for each CPU that may be used"));
  }
}

/// True when not one of the files can be read, after saying why: then no model needs loading.
bool nothing_to_read(const std::vector<fs::path>& files, Console& console) {
  std::vector<std::string> reasons;
  for (const fs::path& file : files) {
    try {
      audio::check_readable(file);
      return false;
    } catch (const Error& error) {
      reasons.push_back(error.what());
    }
  }
  for (const std::string& reason : reasons) console.message(reason);
  return true;
}

fs::path model_path(const Options& options, Console& console) {
  if (!options.model) {
    const fs::path shipped = shipped_model();
    console.message(concat("no --model given: using ", shipped.string(),
                           ", which knows spoken English digits only"));
    return shipped;
  }
  std::error_code error;
  if (!fs::exists(*options.model, error)) {
    fail(ErrorKind::model, "there is no model at ", options.model->string(),
         ": --model takes the path of a Hugging Face folder or a ggml .bin file (models are not "
         "downloaded)");
  }
  return *options.model;
}

/// What the model computes in: "int8 with avx512_vnni".
std::string arithmetic(const engine::Engine& engine) {
  const auto [encoder, decoder] = engine.compute_types();
  const std::string types = encoder == decoder
                                ? std::string(name_of(encoder))
                                : concat(name_of(encoder), ", the decoder in ", name_of(decoder));
  return concat(types, " with ", name_of(engine.isa()));
}

/// Says which of the options an English-only model does not heed.
void warn_english_only(const Options& options, const model::Model& model, Console& console) {
  constexpr int kEnglish = 0;
  if (model.tokenizer.multilingual()) return;
  const int language = options.transcription.language.value_or(kEnglish);
  if (language != kEnglish) {
    console.message(concat("warning: ", model.name,
                           " is an English-only model; using English instead of ",
                           model::languages()[static_cast<std::size_t>(language)].second));
  }
  if (options.transcription.task == engine::Task::translate) {
    console.message(concat("warning: ", model.name,
                           " is an English-only model and does not translate; transcribing"));
  }
}

/// A closed standard output ends everything only when the text goes nowhere else.
void show_text(const std::string& line, Job& job) {
  if (job.text_lost) return;
  try {
    job.console.text(line);
  } catch (const OutputClosed& error) {
    if (job.options.output_formats.empty()) throw;
    job.text_lost = true;
    if (!error.reader_left()) job.console.message(error.what());
  }
}

engine::TranscribeEvents show_events(Job& job, const Stopwatch& stopwatch) {
  Console& console = job.console;
  engine::TranscribeEvents events;
  events.on_language = [&console](const engine::DetectedLanguage& detected) {
    console.message(concat("detected language: ",
                           model::languages()[static_cast<std::size_t>(detected.index)].second));
  };
  if (job.options.verbose) {
    events.on_segment = [&job](const engine::Segment& segment) {
      if (engine::strip(segment.text).empty()) return;
      show_text(concat("[", engine::format_timestamp(segment.start), " --> ",
                       engine::format_timestamp(segment.end), "] ", segment.text),
                job);
    };
  }
  events.on_progress = [&console, &stopwatch](int done, int all) {
    constexpr double kSecondsPerFrame = static_cast<double>(audio::kHopLength) / audio::kSampleRate;
    console.progress(
        progress_line(done * kSecondsPerFrame, all * kSecondsPerFrame, stopwatch.seconds()));
  };
  return events;
}

void transcribe_file(const fs::path& file, Job& job) {
  const Options& options = job.options;
  Console& console = job.console;
  const Stopwatch stopwatch;
  console.progress("decoding the audio");
  const audio::Audio audio = audio::decode_file(file, {.stream = options.audio_stream});
  if (audio.warning) console.message(concat("warning: ", *audio.warning));
  if (audio.samples.size() < audio::kHopLength) {
    console.message(concat("warning: ", file.string(), " holds only ", audio.samples.size(),
                           " samples of sound, less than the 10 ms that a model hears; the text "
                           "is empty"));
  }
  console.progress(progress_line(0, audio.seconds(), 0));
  const engine::Result result =
      job.engine.transcribe(audio.samples, options.transcription, show_events(job, stopwatch));
  write_outputs(options, file, result);
  console.progress("");
  console.note(summary_line(file.filename().string(), audio.seconds(), stopwatch.seconds(),
                            arithmetic(job.engine)));
}

/// False when it failed, after saying why.
bool try_file(const fs::path& file, Job& job) {
  std::string reason;
  try {
    transcribe_file(file, job);
    return true;
  } catch (const Error& error) {
    const bool concerns_all =
        error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::usage;
    if (concerns_all) throw;
    reason = error.what();
  } catch (const std::bad_alloc&) {
    reason = concat(file.string(), ": not enough memory");
  }
  job.console.progress("");
  job.console.message(reason);
  return false;
}

}  // namespace

int transcribe(const Options& options, Console& console) {
  check_output_paths(options);
  check_machine(options, console);
  if (nothing_to_read(options.files, console)) return 1;
  const fs::path model = model_path(options, console);
  prepare_output_folder(options);
  catch_interrupts();
  console.progress("loading the model");
  engine::Engine engine(model, options.device, options.threads, options.compute_type);
  console.progress("");
  warn_english_only(options, engine.model(), console);

  Job job{.options = options, .engine = engine, .console = console};
  bool all_done = true;
  for (std::size_t i = 0; i < options.files.size(); ++i) {
    check_interrupted();
    const fs::path& file = options.files[i];
    if (options.files.size() > 1) {
      console.note(concat("[", i + 1, "/", options.files.size(), "] ", file.string()));
    }
    all_done = try_file(file, job) && all_done;
  }
  return all_done && !job.text_lost ? 0 : 1;
}

}  // namespace sotto::apps
