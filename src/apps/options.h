// The command line: one struct, one parser.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "apps/bench.h"
#include "apps/npu.h"
#include "engine/encoders.h"
#include "engine/transcriber.h"
#include "engine/writers/writers.h"
#include "model/weights.h"

namespace sotto::apps {

enum class Command { transcribe, model_info, model_convert, npu, bench };

struct ConvertOptions {
  std::filesystem::path output;
  model::DType type = model::DType::f16;  ///< of matrices: f16 or f32
  bool force = false;                     ///< a file of that name is replaced
};

/// What the command line asks for.
struct Options {
  Command command = Command::transcribe;

  std::vector<std::filesystem::path> files;    ///< to transcribe, at least one
  std::optional<std::filesystem::path> model;  ///< absent: the model that ships with Sotto
  engine::Device device = engine::Device::cpu;
  std::optional<model::ComputeType> compute_type;  ///< absent: the fastest that is exact enough
  bool cache = true;                               ///< packed weights are kept
  int threads = 0;                                 ///< 0: as many as there are CPUs
  Pinning pinning = Pinning::none;                 ///< of the threads
  std::optional<int> audio_stream;                 ///< from 0; absent: the one ffmpeg takes
  std::optional<int>
      batch_size;       ///< pieces cut beforehand that are decoded together; absent: openai's loop
  bool verbose = true;  ///< text goes to standard output
  std::filesystem::path output_dir = ".";
  std::vector<engine::OutputFormat> output_formats;  ///< empty: no files are written
  engine::TranscribeOptions transcription;
  ConvertOptions convert;
  NpuOptions npu;
  BenchOptions bench;
};

/// Either what to do, or a text that was asked for instead (--help, --version).
using ParsedCommandLine = std::variant<Options, std::string>;

/// `arguments`: without the program's name. Option names may be written with underscores for
/// hyphens, as openai/whisper has them, and its options for features that are not built yet are
/// accepted with a value that asks for what Sotto does. Throws Error{usage}.
ParsedCommandLine parse_command_line(const std::vector<std::string>& arguments);

}  // namespace sotto::apps
