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

engine::TranscribeEvents show_events(const Options& options, const Stopwatch& stopwatch,
                                     Console& console) {
  engine::TranscribeEvents events;
  events.on_language = [&console](const engine::DetectedLanguage& detected) {
    console.message(concat("detected language: ",
                           model::languages()[static_cast<std::size_t>(detected.index)].second));
  };
  if (options.verbose) {
    events.on_segment = [&console](const engine::Segment& segment) {
      if (engine::strip(segment.text).empty()) return;
      console.text(concat("[", engine::format_timestamp(segment.start), " --> ",
                          engine::format_timestamp(segment.end), "] ", segment.text));
    };
  }
  events.on_progress = [&console, &stopwatch](int done, int all) {
    constexpr double kSecondsPerFrame = static_cast<double>(audio::kHopLength) / audio::kSampleRate;
    console.progress(
        progress_line(done * kSecondsPerFrame, all * kSecondsPerFrame, stopwatch.seconds()));
  };
  return events;
}

void transcribe_file(const fs::path& file, const Options& options, engine::Engine& engine,
                     Console& console) {
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
  const engine::Result result = engine.transcribe(audio.samples, options.transcription,
                                                  show_events(options, stopwatch, console));
  write_outputs(options, file, result);
  console.progress("");
  console.note(summary_line(file.filename().string(), audio.seconds(), stopwatch.seconds()));
}

/// False when it failed, after saying why.
bool try_file(const fs::path& file, const Options& options, engine::Engine& engine,
              Console& console) {
  std::string reason;
  try {
    transcribe_file(file, options, engine, console);
    return true;
  } catch (const Error& error) {
    const bool concerns_all =
        error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::usage;
    if (concerns_all) throw;
    reason = error.what();
  } catch (const std::bad_alloc&) {
    reason = concat(file.string(), ": not enough memory");
  }
  console.progress("");
  console.message(reason);
  return false;
}

}  // namespace

int transcribe(const Options& options, Console& console) {
  check_output_paths(options);
  prepare_output_folder(options);
  catch_interrupts();
  engine::Engine engine(model_path(options, console), options.device, options.threads);
  warn_english_only(options, engine.model(), console);

  bool all_done = true;
  for (std::size_t i = 0; i < options.files.size(); ++i) {
    check_interrupted();
    const fs::path& file = options.files[i];
    if (options.files.size() > 1) {
      console.note(concat("[", i + 1, "/", options.files.size(), "] ", file.string()));
    }
    all_done = try_file(file, options, engine, console) && all_done;
  }
  return all_done ? 0 : 1;
}

}  // namespace sotto::apps
