// sotto: speech to text on the command line.
#include <exception>
#include <new>

#include "apps/bench.h"
#include "apps/console.h"
#include "apps/model_command.h"
#include "apps/npu.h"
#include "apps/options.h"
#include "apps/transcribe.h"
#include "base/error.h"

namespace sotto::apps {
namespace {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kInterrupted = 130 };

int run(const std::vector<std::string>& arguments, Console& console) {
  const ParsedCommandLine parsed = parse_command_line(arguments);
  if (const auto* text = std::get_if<std::string>(&parsed)) {
    console.lines(*text);
    return kDone;
  }
  const Options& options = std::get<Options>(parsed);
  switch (options.command) {
    case Command::transcribe:
      return transcribe(options, console);
    case Command::bench:
      return bench_command(options, console);
    case Command::npu:
      return npu_command(options.npu, console);
    case Command::model_info:
      return model_info(options, console);
    case Command::model_convert:
      return model_convert(options, console);
  }
  SOTTO_CHECK(false);
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::unsupported:
      return kWrongUsage;
    case ErrorKind::interrupted:
      return kInterrupted;
    case ErrorKind::io:
    case ErrorKind::audio:
    case ErrorKind::model:
      return kFailed;
  }
  SOTTO_CHECK(false);
}

/// Where the user finds what the command at hand takes.
std::string help_hint(const std::vector<std::string>& arguments) {
  const bool has_command =
      !arguments.empty() && (arguments.front() == "transcribe" || arguments.front() == "model" ||
                             arguments.front() == "npu" || arguments.front() == "bench");
  return concat("sotto ", has_command ? arguments.front() + " " : "",
                "--help says what can be asked for.");
}

/// Every error ends here as one line on standard error.
int guarded_run(const std::vector<std::string>& arguments) {
  Console console;
  try {
    return run(arguments, console);
  } catch (const Error& error) {
    console.progress("");
    console.message(error.what());
    if (error.kind() == ErrorKind::usage) console.note(help_hint(arguments));
    return exit_code(error.kind());
  } catch (const OutputClosed& error) {
    console.progress("");
    if (!error.reader_left()) console.message(error.what());
  } catch (const std::bad_alloc&) {
    console.progress("");
    console.message("not enough memory");
  } catch (const std::exception& error) {
    console.progress("");
    console.message(error.what());
  }
  return kFailed;
}

}  // namespace
}  // namespace sotto::apps

int main(int argc, char** argv) {
  sotto::apps::prepare_standard_streams();
  return sotto::apps::guarded_run(std::vector<std::string>(argv + 1, argv + argc));
}
