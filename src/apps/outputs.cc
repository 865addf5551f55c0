#include "apps/outputs.h"

#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "base/error.h"
#include "base/file.h"

namespace sotto::apps {
namespace {

namespace fs = std::filesystem;

/// Python's os.path.splitext: dots at the beginning of a name begin no extension.
std::string stem(const fs::path& input) {
  const std::string name = input.filename().string();
  const std::size_t first = name.find_first_not_of('.');
  const std::size_t dot = name.find_last_of('.');
  return first == name.npos || dot == name.npos || dot < first ? name : name.substr(0, dot);
}

/// Without links and dots, as far as the path exists.
fs::path resolved(const fs::path& path) {
  std::error_code error;
  const fs::path canonical = fs::weakly_canonical(path, error);
  return error ? path : canonical;
}

}  // namespace

fs::path output_path(const fs::path& folder, const fs::path& input, engine::OutputFormat format) {
  return folder / concat(stem(input), ".", engine::name_of(format));
}

void check_output_paths(const Options& options) {
  std::map<fs::path, fs::path> input_of;  // by the file that the output makes or replaces
  std::set<fs::path> inputs;
  for (const fs::path& input : options.files) inputs.insert(resolved(input));
  for (const fs::path& input : options.files) {
    for (const engine::OutputFormat format : options.output_formats) {
      const fs::path output = output_path(options.output_dir, input, format);
      if (output.filename().native().size() > NAME_MAX) {
        fail(ErrorKind::usage, "the output ", output.string(),
             " would have too long a name: a file's may have ", NAME_MAX,
             " bytes; rename the input");
      }
      const fs::path file = resolved(output);
      if (inputs.contains(file)) {
        fail(ErrorKind::usage, "the text of ", input.string(), " would overwrite the input ",
             output.string(), ": choose another folder (--output-dir)");
      }
      const auto [other, is_new] = input_of.emplace(file, input);
      if (!is_new) {
        fail(ErrorKind::usage, "both ", other->second.string(), " and ", input.string(),
             " would write ", output.string(),
             ": transcribe them into different folders (--output-dir)");
      }
      std::error_code error;
      if (fs::is_directory(output, error)) {
        fail(ErrorKind::io, "cannot write ", output.string(), ": there is a folder of that name");
      }
    }
  }
}

void prepare_output_folder(const Options& options) {
  if (options.output_formats.empty()) return;
  const std::string folder = options.output_dir.string();
  std::error_code error;
  fs::create_directories(options.output_dir, error);
  if (error || !fs::is_directory(options.output_dir, error)) {
    fail(ErrorKind::io, "cannot make the output folder ", folder, ": ",
         error ? error.message() : "there is something else of that name");
  }
  std::string probe = (options.output_dir / "sotto.XXXXXX").string();
  const int file = ::mkstemp(probe.data());
  if (file < 0) {
    fail(ErrorKind::io, "cannot write into the output folder ", folder, ": ", std::strerror(errno));
  }
  ::close(file);
  ::unlink(probe.c_str());
}

void write_outputs(const Options& options, const fs::path& input, const engine::Result& result) {
  for (const engine::OutputFormat format : options.output_formats) {
    write_file_atomically(output_path(options.output_dir, input, format),
                          engine::write(result, format));
  }
}

}  // namespace sotto::apps
