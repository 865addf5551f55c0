#include "apps/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace sotto::apps::testing {
namespace {

void redirect(int stream, const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
  if (file < 0 || ::dup2(file, stream) < 0) ::_exit(126);
  ::close(file);
}

[[noreturn]] void become_program(const std::filesystem::path& folder,
                                 const std::vector<std::string>& arguments,
                                 const std::function<void()>& before_exec) {
  if (::chdir(folder.c_str()) != 0) ::_exit(126);
  redirect(STDOUT_FILENO, folder / ".out");
  redirect(STDERR_FILENO, folder / ".err");
  before_exec();
  std::vector<char*> argv = {const_cast<char*>(SOTTO_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execv(SOTTO_PROGRAM, argv.data());
  ::_exit(126);
}

}  // namespace

Process::Process(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                 const std::function<void()>& before_exec)
    : folder_(folder) {
  std::filesystem::remove(folder / ".err");
  pid_ = ::fork();
  SOTTO_CHECK(pid_ >= 0);
  if (pid_ == 0) become_program(folder, arguments, before_exec);
}

Process::~Process() {
  if (pid_ <= 0) return;
  send(SIGKILL);
  wait();
}

std::string Process::err() const {
  const auto path = folder_ / ".err";
  return std::filesystem::exists(path) ? read_text_file(path) : "";
}

bool Process::wait_for_message(const std::string& text) {
  for (;;) {
    if (err().find(text) != std::string::npos) return true;
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == pid_) return err().find(text) != std::string::npos;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void Process::send(int signal) const {
  ::kill(pid_, signal);
}

Outcome Process::wait() {
  int status = 0;
  SOTTO_CHECK(::waitpid(pid_, &status, 0) == pid_);
  pid_ = 0;
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
          .out = read_text_file(folder_ / ".out"),
          .err = err()};
}

Outcome run(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
            const std::function<void()>& before_exec) {
  return Process(folder, arguments, before_exec).wait();
}

}  // namespace sotto::apps::testing
