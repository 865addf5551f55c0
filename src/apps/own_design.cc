#include "apps/own_design.h"

#include <algorithm>

#include "apps/console.h"
#include "apps/npu_command.h"
#include "apps/options.h"
#include "base/error.h"

namespace sotto::apps {
namespace {

NpuOptions parse(const std::vector<std::string>& given, const OwnDesign& own) {
  constexpr const char* kActions[] = {"check", "plan", "simulate"};
  if (given.empty() || std::ranges::find(kActions, given[0]) == std::end(kActions)) {
    fail(ErrorKind::usage, "say what to do with the design ", own.name,
         ": check, plan or simulate");
  }
  std::vector<std::string> arguments = {"npu", given[0], own.name};
  arguments.insert(arguments.end(), given.begin() + 1, given.end());
  const ParsedCommandLine parsed = parse_command_line(arguments);
  if (const auto* text = std::get_if<std::string>(&parsed)) fail(ErrorKind::usage, *text);
  const NpuOptions& options = std::get<Options>(parsed).npu;
  if (!options.shape.empty() || options.type) {
    fail(ErrorKind::usage, "the design ", own.name, " has only one shape and type");
  }
  return options;
}

}  // namespace

int own_design_main(int argc, char** argv, const OwnDesign& own) {
  prepare_standard_streams();
  Console console;
  try {
    const NpuOptions options = parse({argv + 1, argv + argc}, own);
    return npu_command_on({own.name, own.draw()},
                          {own.kernels, "as its program says", own.fill, own.verdict}, options,
                          console);
  } catch (const Error& error) {
    console.message(error.what());
    return error.kind() == ErrorKind::usage ? 2 : 1;
  } catch (const std::exception& error) {
    console.message(error.what());
  }
  return 1;
}

}  // namespace sotto::apps
