#include "bench/whole_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "audio/mel.h"
#include "base/error.h"
#include "bench/clip.h"
#include "bench/pipeline.h"
#include "bench/sound.h"
#include "engine/engine.h"
#include "model/model.h"

extern char** environ;

namespace sotto::bench {
namespace {

/// The most memory that this process held, in bytes. Not from getrusage(), which begins with what
/// the process held that started this one.
long long resident_bytes() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    long long kilobytes = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %lld kB", &kilobytes) == 1) return kilobytes * 1024;
  }
  return 0;
}

std::string read_all(int file) {
  std::string text;
  std::array<char, 4096> bytes;
  for (;;) {
    const ssize_t n = ::read(file, bytes.data(), bytes.size());
    if (n > 0) text.append(bytes.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EINTR)) return text;
  }
}

/// Runs a program to its end and returns its standard output.
std::string run_process(const std::filesystem::path& program,
                        const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) fail(ErrorKind::io, "cannot make a pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  const std::string output = error == 0 ? read_all(pipe[0]) : "";
  ::close(pipe[0]);
  if (error != 0) {
    fail(ErrorKind::io, "cannot start ", program.string(), ": ", std::strerror(error));
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) fail(ErrorKind::io, "cannot wait for ", program.string());
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fail(ErrorKind::io, program.string(), " failed: its messages are above");
  }
  return output;
}

/// The number in the last line.
double last_number(const std::string& output) {
  const std::string text = output.substr(0, output.find_last_not_of('\n') + 1);
  const std::string line = text.substr(text.find_last_of('\n') + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
  SOTTO_CHECK(error == std::errc() && end == line.data() + line.size());
  return number;
}

}  // namespace

std::string hear_clip(const std::filesystem::path& path, std::optional<model::ComputeType> wanted,
                      int threads) {
  const model::Model model = model::load(path);
  ThreadPool pool(threads);
  const Isa isa = active_isa();
  Subject subject = make_subject(model, wanted, isa, pool);
  const std::vector<float> samples = made_up_sound(kClipSeconds);
  Pipeline(subject, isa, pool, 1).run(samples, audio::kWindowSamples, kClipTokens);
  const std::vector<int> tokens(kClipTokens, kForcedToken);
  return concat(model.tokenizer.decode(tokens), "\n", resident_bytes());
}

double measure_process(Session& session, const std::filesystem::path& program,
                       const std::vector<std::string>& arguments) {
  double most = 0;
  session.measure({.name = "end_to_end.process", .unit = "process", .audio_seconds = kClipSeconds},
                  [&] { most = std::max(most, last_number(run_process(program, arguments))); });
  return most;
}

void measure_load(Session& session, std::optional<model::ComputeType> wanted, int threads) {
  const std::filesystem::path path = *session.subject.path;
  session.measure({.name = "load", .unit = "model"},
                  [&] { const engine::Engine engine(path, engine::Device::cpu, threads, wanted); });
}

}  // namespace sotto::bench
