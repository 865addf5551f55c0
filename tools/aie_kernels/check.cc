// Loads each compiled kernel and runs its check. Prints one line a configuration and the two
// counts. Usage: check_aie_kernels CONFIGURATIONS FOLDER
#include <dlfcn.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "kernel.h"

namespace sotto::aie_kernels {

Kernel::Kernel(const std::string& path) : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) fail(ErrorKind::io, path, ": ", dlerror());
  get<void(npu::host::CoreState*)>("sotto_set_core")(&core_);
}
bool Kernel::has(const std::string& name) const {
  return dlsym(handle_, name.c_str()) != nullptr;
}
void* Kernel::find(const std::string& name) const {
  void* found = dlsym(handle_, name.c_str());
  if (found == nullptr) fail(ErrorKind::io, "the kernel has no symbol ", name);
  return found;
}

void Result::compare(double got, double expected, double allowed, const std::string& where) {
  ++compared_;
  const double error = std::abs(got - expected);
  worst_ = std::max(worst_, error);
  if (!(error <= allowed)) {
    if (failures_++ == 0) {
      first_failure_ = concat(where, ": got ", got, ", expected ", expected, " within ", allowed);
    }
  }
}
std::string Result::summary() const {
  if (failures_ == 0) return concat(compared_, " values, largest error ", worst_);
  return concat(failures_, " of ", compared_, " values wrong; first ", first_failure_);
}

namespace {

struct Configuration {
  std::string name, source, macros;
  std::string bug;  ///< why it does not compile
  std::string gap;  ///< why there is nothing to check, or why it is refused
};

std::vector<Configuration> read_configurations(const std::string& path) {
  std::ifstream in(path);
  std::vector<Configuration> configurations;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    Configuration c;
    std::getline(fields, c.name, '|');
    std::getline(fields, c.source, '|');
    std::getline(fields, c.macros, '|');
    std::getline(fields, c.bug, '|');
    std::getline(fields, c.gap, '|');
    configurations.push_back(c);
  }
  return configurations;
}

int run(const std::string& list, const std::filesystem::path& folder) {
  Checks checks;
  add_convolutions(checks);
  add_floats(checks);
  add_images(checks);
  add_matrices(checks);
  int compiled = 0, kept = 0, correct = 0, gaps = 0, surprises = 0;
  const std::vector<Configuration> configurations = read_configurations(list);
  for (const Configuration& c : configurations) {
    const std::filesystem::path object = folder / (c.name + ".so");
    const auto say = [&](const char* verdict, const std::string& detail) {
      std::printf("%-28s %-12s %s\n", c.name.c_str(), verdict, detail.c_str());
    };
    if (!std::filesystem::exists(object)) {
      say(c.bug.empty() ? "NOT COMPILED" : "upstream bug", c.bug);
      (c.bug.empty() ? surprises : kept) += 1;
      continue;
    }
    ++compiled;
    if (!c.bug.empty()) ++surprises;
    const auto check = checks.find(c.name);
    if (check == checks.end()) {
      say(c.gap.empty() ? "NOT CHECKED" : "empty", c.gap);
      (c.gap.empty() ? surprises : gaps) += 1;
      continue;
    }
    Result result;
    try {
      Kernel kernel(object.string());
      check->second(kernel, result);
      say(result.passed() ? "correct" : "WRONG", result.summary());
      (result.passed() ? correct : surprises) += 1;
    } catch (const Error& error) {
      say(c.gap.empty() ? "REFUSED" : "refused", c.gap.empty() ? error.what() : c.gap);
      (c.gap.empty() ? surprises : gaps) += 1;
    }
  }
  std::printf("%zu configurations: %d compiled, %d kept from it by upstream mistakes\n",
              configurations.size(), compiled, kept);
  std::printf("of those compiled: %d correct, %d with a known gap; %d surprises\n", correct, gaps,
              surprises);
  return surprises == 0 ? 0 : 1;
}

}  // namespace
}  // namespace sotto::aie_kernels

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: check_aie_kernels CONFIGURATIONS FOLDER\n");
    return 2;
  }
  return sotto::aie_kernels::run(arguments[1], arguments[2]);
}
