#include "apps/npu_options.h"

#include "apps/option_group.h"
#include "apps/option_values.h"

namespace sotto::apps {
namespace {

/// Of the sub-commands of "sotto npu" that take a design.
CLI::App* add_npu_design_command(CLI::App& npu, const char* name, const char* about,
                                 NpuAction action, Options& options) {
  CLI::App* app = npu.add_subcommand(name, about);
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app->callback([&options, action] {
    options.command = Command::npu;
    options.npu.action = action;
  });
  app->add_option("DESIGN", options.npu.design, "One that sotto npu list names")->required();
  OptionGroup group(*app, "Design");
  group.add("--shape", "MxKxN", "Sizes, as sotto npu list says for the design",
            [&](const std::string& value) { options.npu.shape = parse_shape(value); });
  group.add("--type", "TYPE", "Of a product's operands: bf16 or int8 [bf16]",
            [&](const std::string& value) { options.npu.type = parse_gemm_type(value); });
  return app;
}

void add_npu_kernels(CLI::App& npu, Options& options) {
  CLI::App* kernels = npu.add_subcommand(
      "kernels", "Say what a call of each kernel costs on a core, computed from its code");
  kernels->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  kernels->callback([&options] {
    options.command = Command::npu;
    options.npu.action = NpuAction::kernels;
  });
  kernels
      ->add_option("KERNEL", options.npu.kernels,
                   "Only these, by the beginning of a name; all take a minute")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  OptionGroup group(*kernels, "Code");
  group.add("--explain", "KERNEL", "Draw its inner loop: a row per cycle, a column per slot",
            [&](const std::string& value) { options.npu.explain = value; });
  group.add("--asm", "KERNEL", "Print its code as assembly for Peano",
            [&](const std::string& value) { options.npu.assembly = value; });
  kernels->add_flag("--json", options.npu.json, "Say it as JSON")->group("Code");
}

void add_npu_pictures(CLI::App& app, const std::string& what, Options& options) {
  OptionGroup group(app, "Pictures");
  group.add("--svg", "FILE", "Draw " + what + ", as SVG",
            [&](const std::string& value) { options.npu.pictures.svg = value; });
  group.add("--png", "FILE", "The same as PNG",
            [&](const std::string& value) { options.npu.pictures.png = value; });
}

}  // namespace

void add_npu(CLI::App& parent, Options& options) {
  CLI::App* npu = parent.add_subcommand(
      "npu", "Check, place, simulate and cost programs for the NPU; needs no hardware");
  npu->require_subcommand(1);
  npu->add_subcommand("list", "Name the designs that come with Sotto")->callback([&options] {
    options.command = Command::npu;
  });
  add_npu_design_command(*npu, "check", "Say what is wrong with a design", NpuAction::check,
                         options);
  add_npu_pictures(
      *add_npu_design_command(*npu, "plan", "Say what each tile uses: memory, DMA, locks, streams",
                              NpuAction::plan, options),
      "the array and its streams", options);
  CLI::App* simulate = add_npu_design_command(*npu, "simulate",
                                              "Run a design on a simulated array, and say what "
                                              "takes its time",
                                              NpuAction::simulate, options);
  OptionGroup group(*simulate, "Simulation");
  group.add("--clock", "MHZ", "Of the array: 800, 1027, 1309, 1600 or 1800 [1800]",
            [&](const std::string& value) { options.npu.mhz = parse_clock(value); });
  group.add("--trace", "FILE", "Write what happened when, for https://ui.perfetto.dev",
            [&](const std::string& value) { options.npu.trace = value; });
  simulate->add_flag("--json", options.npu.json, "Say it as JSON")->group("Simulation");
  add_npu_kernels(*npu, options);
  add_npu_pictures(*simulate, "the array and what happened on it when", options);
  CLI::App* calibrate = npu->add_subcommand(
      "calibrate", "Compare the simulator with published measurements; fails when one got worse");
  calibrate->callback([&options] {
    options.command = Command::npu;
    options.npu.action = NpuAction::calibrate;
  });
  calibrate->add_flag("--json", options.npu.json, "Say it as JSON");
}

void check_npu_command(const std::vector<std::string>& arguments) {
  constexpr const char* kActions = ": list, check, plan, simulate, kernels or calibrate";
  if (arguments.size() < 2) {
    fail(ErrorKind::usage, "what to do with the NPU's designs and kernels is missing", kActions);
  }
  const std::string& action = arguments[1];
  for (const char* known : {"list", "check", "plan", "simulate", "kernels", "calibrate"}) {
    if (action == known) return;
  }
  if (asks_for_text(action)) return;
  fail(ErrorKind::usage, "there is no 'sotto npu ", action, "'", kActions);
}

}  // namespace sotto::apps
