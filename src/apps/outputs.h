// The files that a transcription writes: where they go, and that they can be written.
#pragma once

#include <filesystem>
#include <vector>

#include "apps/options.h"
#include "engine/result.h"

namespace sotto::apps {

/// DIR/STEM.EXTENSION as openai/whisper names it: "talks/a.b.mp3" → "DIR/a.b.srt".
std::filesystem::path output_path(const std::filesystem::path& folder,
                                  const std::filesystem::path& input, engine::OutputFormat format);

/// Throws Error{usage} when two of the inputs would write the same file, or one would overwrite an
/// input, and Error{io} when a folder is in the place of a file. With no output formats nothing is
/// checked.
void check_output_paths(const Options& options);

/// Makes the output folder if it is missing and tries whether files can be made there; nothing is
/// done with no output formats. Throws Error{io}.
void prepare_output_folder(const Options& options);

/// Writes the result of `input` in all formats asked for, each file whole or not at all.
/// Throws Error{io}.
void write_outputs(const Options& options, const std::filesystem::path& input,
                   const engine::Result& result);

}  // namespace sotto::apps
