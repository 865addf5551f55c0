#include "apps/model_command.h"

#include "apps/options.h"
#include "audio/mel.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/numbers.h"
#include "model/describe.h"
#include "model/ggml_writer.h"

namespace sotto::apps {
namespace {

/// What the file lacks that the model had, or what another program makes of it.
void say_what_is_lost(const model::Model& model, Console& console) {
  const model::GenerationConfig& said = model.generation;
  if (said.suppress_tokens || said.begin_suppress_tokens || said.max_initial_timestamp_index) {
    console.message(
        "note: the format has no place for what generation_config.json says; "
        "openai/whisper's own rules hold for the new file");
  }
  if (model.tokenizer.special().n_tokens() < model::kEnglishVocab) {
    console.message(
        concat("warning: whisper.cpp expects the vocabulary of a released model, of at least ",
               model::kEnglishVocab, " tokens, and this one has ",
               model.tokenizer.special().n_tokens(), "; Sotto reads it"));
  }
}

}  // namespace

int model_info(const Options& options, Console& console) {
  const model::Model model = model::load(*options.model);
  model.weights.check_finite();
  console.lines(model::describe(model));
  return 0;
}

int model_convert(const Options& options, Console& console) {
  const ConvertOptions& convert = options.convert;
  std::error_code unknown;  // then writing says what is wrong
  if (!convert.force && std::filesystem::exists(convert.output, unknown)) {
    fail(ErrorKind::io, convert.output.string(), " is there already: --force replaces it");
  }
  catch_interrupts();
  console.progress("loading the model");
  const model::Model model = model::load(*options.model);
  console.progress("writing " + convert.output.string());
  const std::uint64_t bytes =
      model::write_ggml(convert.output, model, convert.type, audio::mel_filters(model.dims.n_mels));
  console.progress("");
  say_what_is_lost(model, console);
  console.note(concat(convert.output.string(), ": ", grouped(static_cast<std::int64_t>(bytes)),
                      " bytes, matrices in ", name_of(convert.type)));
  return 0;
}

}  // namespace sotto::apps
