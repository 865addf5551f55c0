#include "apps/transcribe.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "apps/cache_folder.h"
#include "apps/outputs.h"
#include "apps/progress.h"
#include "apps/shipped.h"
#include "apps/slow_choices.h"
#include "apps/turns.h"
#include "audio/decode.h"
#include "audio/decoded_beside.h"
#include "audio/mel.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/isa.h"
#include "base/stopwatch.h"
#include "base/thread_pool.h"
#include "engine/engine.h"
#include "engine/text.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;

/// What all files are transcribed with.
struct Job {
  const Options& options;
  engine::Engine& engine;
  audio::DecodedBeside& first;  ///< of the files
  Console& console;
  Turns turns{};
  bool text_lost = false;  ///< standard output took no more; files are still written
  bool all_done = true;    ///< no file failed
};

/// Refuses what this machine or this build cannot do before any work.
void check_machine(const Options& options, Console& console) {
  engine::check_device(options.device);
  engine::check_compute_type(options.device, options.compute_type, active_isa());
  if (options.pinning != Pinning::none) {
    cpus_to_pin(options.threads > 0 ? options.threads : ThreadPool::default_size());
  }
  for (const std::string& warning : slow_choices(options)) console.message(warning);
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

/// Problems with packed weights are a matter of time only, and told to those who want to know more.
std::function<void(const std::string&)> tell_if_verbose(const Options& options, Console& console) {
  if (!options.verbose) return {};
  return [&console](const std::string& problem) { console.message(problem); };
}

/// What the model computes in: "int8 with avx512_vnni".
std::string arithmetic(const engine::Engine& engine) {
  return concat(name_of(engine.compute_types()), " with ", name_of(engine.isa()));
}

/// Says so when a model computes in another type than was asked for: as narrow ones do.
void warn_other_type(const Options& options, const engine::Engine& engine, Console& console) {
  if (!options.compute_type) return;
  const std::string asked(name_of(*options.compute_type)), taken = name_of(engine.compute_types());
  if (taken == asked) return;
  console.message(
      concat("warning: this model is narrower than any released one, and --compute-type ", asked,
             " is ", taken, " for it"));
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

/// A file that is being transcribed.
struct FileJob {
  fs::path path;
  std::size_t index;
  double seconds = 0;  ///< of sound
  Stopwatch stopwatch{};
};

engine::TranscribeEvents show_events(Job& job, const std::shared_ptr<FileJob>& file) {
  engine::TranscribeEvents events;
  events.on_language = [&job, file](const engine::DetectedLanguage& detected) {
    job.turns.say(file->index, [&job, detected] {
      job.console.message(
          concat("detected language: ",
                 model::languages()[static_cast<std::size_t>(detected.index)].second));
    });
  };
  if (job.options.verbose) {
    events.on_segment = [&job, file](const engine::Segment& segment) {
      if (engine::strip(segment.text).empty()) return;
      job.turns.say(file->index,
                    [&job, line = concat("[", engine::format_timestamp(segment.start), " --> ",
                                         engine::format_timestamp(segment.end), "] ",
                                         segment.text)] { show_text(line, job); });
    };
  }
  events.on_progress = [&job, file](int done, int all) {
    constexpr double kSecondsPerFrame = static_cast<double>(audio::kHopLength) / audio::kSampleRate;
    if (!job.turns.is_turn_of(file->index)) return;
    job.console.progress(
        progress_line(done * kSecondsPerFrame, all * kSecondsPerFrame, file->stopwatch.seconds()));
  };
  return events;
}

/// Says why a file failed, from within a handler; what concerns all files is thrown on.
void refuse_file(Job& job, const FileJob& file) {
  std::string reason;
  try {
    throw;
  } catch (const Error& error) {
    const bool concerns_all =
        error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::usage;
    if (concerns_all) throw;
    reason = error.what();
  } catch (const std::bad_alloc&) {
    reason = concat(file.path.string(), ": not enough memory");
  }
  job.all_done = false;
  job.turns.say(file.index, [&job, reason] {
    job.console.progress("");
    job.console.message(reason);
  });
  job.turns.finish(file.index);
}

std::vector<float> read_samples(Job& job, FileJob& file) {
  if (job.options.files.size() > 1) {
    job.turns.say(file.index,
                  [&job, line = concat("[", file.index + 1, "/", job.options.files.size(), "] ",
                                       file.path.string())] { job.console.note(line); });
  }
  if (job.turns.is_turn_of(file.index)) job.console.progress("decoding the audio");
  const auto unpinned = job.engine.pool().unpin_caller();  // FFmpeg starts threads of its own
  audio::Audio audio = file.index == 0
                           ? job.first.get()
                           : audio::decode_file(file.path, {.stream = job.options.audio_stream});
  const auto warn = [&](const std::string& warning) {
    job.turns.say(file.index,
                  [&job, warning] { job.console.message(concat("warning: ", warning)); });
  };
  if (audio.warning) warn(*audio.warning);
  if (audio.samples.size() < audio::kHopLength) {
    warn(concat(file.path.string(), " holds only ", audio.samples.size(),
                " samples of sound, less than the 10 ms that a model hears; the text is empty"));
  }
  file.seconds = audio.seconds();
  if (job.turns.is_turn_of(file.index)) job.console.progress(progress_line(0, file.seconds, 0));
  return std::move(audio.samples);
}

void finish_file(Job& job, const FileJob& file, const engine::Result& result) {
  try {
    write_outputs(job.options, file.path, result);
  } catch (...) {
    refuse_file(job, file);
    return;
  }
  job.turns.say(file.index,
                [&job, line = summary_line(file.path.filename().string(), file.seconds,
                                           file.stopwatch.seconds(), arithmetic(job.engine))] {
                  job.console.progress("");
                  job.console.note(line);
                });
  job.turns.finish(file.index);
}

/// The next file that can be read, from `index` on.
std::optional<engine::Recording> next_recording(Job& job, std::size_t& index) {
  while (index < job.options.files.size()) {
    check_interrupted();
    const auto file = std::make_shared<FileJob>(FileJob{job.options.files[index], index});
    ++index;
    try {
      std::vector<float> samples = read_samples(job, *file);
      return engine::Recording{
          .samples = std::move(samples),
          .events = show_events(job, file),
          .on_result = [&job,
                        file](const engine::Result& result) { finish_file(job, *file, result); },
          .on_error =
              [&job, file](const std::exception_ptr& error) {
                try {
                  std::rethrow_exception(error);
                } catch (...) {
                  refuse_file(job, *file);
                }
              }};
    } catch (...) {
      refuse_file(job, *file);
    }
  }
  return std::nullopt;
}

/// Windows that are decoded together unless the user says so: more gain little, and each needs
/// memory for its keys and values.
constexpr int kWindowsTogether = 8;

void transcribe_files(Job& job) {
  engine::TranscribeOptions options = job.options.transcription;
  options.cut_at_pauses = job.options.batch_size.has_value();
  if (options.cut_at_pauses) {
    job.console.note(concat(
        "--batch-size: recordings are cut at pauses beforehand into pieces of at most 30 s, ",
        *job.options.batch_size, " at a time; a piece does not see the text before it"));
  }
  const int n_files = static_cast<int>(std::min<std::size_t>(job.options.files.size(), 1000));
  const int batch_size = job.options.batch_size.value_or(std::min(kWindowsTogether, n_files));
  std::size_t index = 0;
  job.engine.transcribe_together([&] { return next_recording(job, index); }, options, batch_size);
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
  audio::DecodedBeside first(options.files.front(), {.stream = options.audio_stream});
  engine::Engine engine(model, options.device, options.threads, options.compute_type,
                        cache_settings(options.cache, tell_if_verbose(options, console)),
                        options.pinning);
  console.progress("");
  warn_other_type(options, engine, console);
  warn_english_only(options, engine.model(), console);

  Job job{.options = options, .engine = engine, .first = first, .console = console};
  transcribe_files(job);
  return job.all_done && !job.text_lost ? 0 : 1;
}

}  // namespace sotto::apps
