// Named pipes: what they give, what their headers state, and Ctrl-C.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "audio/audio_testing.h"
#include "audio/decode.h"
#include "base/error.h"
#include "base/interrupt.h"

namespace sotto::audio {
namespace {

using testing::expect_warning_of_cut;
using ::testing::HasSubstr;
using testing::wav_bytes;

class PipeTest : public testing::FolderTest {
 protected:
  PipeTest() {
    if (::mkfifo(pipe_.c_str(), 0600) != 0) std::abort();
  }

  /// What is decoded of these bytes, which come in two parts.
  Audio decode(const std::string& bytes, std::size_t first = 0) const {
    std::thread writer([&] {
      std::ofstream out(pipe_, std::ios::binary);
      out << bytes.substr(0, first) << std::flush << bytes.substr(first);
    });
    Audio audio = decode_file(pipe_);
    writer.join();
    return audio;
  }

  std::filesystem::path pipe_ = folder_ / "pipe";
};

TEST_F(PipeTest, NamedPipeIsRead) {
  const Audio audio = decode(wav_bytes({.rate = 8000, .seconds = 1.0}), 10);
  EXPECT_EQ(audio.samples.size(), 16000u);
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

TEST_F(PipeTest, WavOfWhichLessComesThanItsHeaderStates) {
  for (const testing::WavKind kind : {testing::WavKind::u8, testing::WavKind::s16}) {
    const std::string whole = wav_bytes({.kind = kind, .rate = 8000, .seconds = 3.0});
    const Audio audio = decode(whole.substr(0, 44 + (whole.size() - 44) / 3));
    EXPECT_EQ(audio.samples.size(), 16000u);
    expect_warning_of_cut(audio, pipe_);
    EXPECT_THAT(*audio.warning, HasSubstr("1.00 s of 3.00 s could be decoded"));
  }
}

TEST_F(PipeTest, WavOfAnOpenSizeMayEndAnywhere) {
  std::string bytes = wav_bytes({.rate = 8000, .seconds = 1.0});
  for (const std::string size : {"\xFF\xFF\xFF\xFF", "", "\x01\xF0\xFF\x7F"}) {  // "": zero
    for (const std::size_t at : {std::size_t{4}, bytes.find("data") + 4}) {
      bytes.replace(at, 4, size.empty() ? std::string(4, '\0') : size);
    }
    const Audio audio = decode(bytes);
    EXPECT_EQ(audio.samples.size(), 16000u);
    EXPECT_FALSE(audio.warning) << *audio.warning;
  }
}

/// Decodes a pipe from which nothing comes and interrupts it; exits with 7 when that ends it. The
/// writer is there but silent, or has not come yet.
[[noreturn]] void interrupt_waiting(const std::filesystem::path& pipe, bool has_writer) {
  catch_interrupts();
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &nothing, nullptr);
  const pthread_t main = ::pthread_self();
  std::atomic<bool> done = false;
  std::thread other([&] {
    const int writer = has_writer ? ::open(pipe.c_str(), O_WRONLY) : -1;
    ::pthread_kill(main, SIGINT);
    while (!done) {  // whenever it begins to wait: a signal ends that
      ::pthread_kill(main, SIGUSR1);
      std::this_thread::yield();
    }
    if (has_writer) ::close(writer);
  });
  int code = 9;
  try {
    decode_file(pipe);
  } catch (const Error& error) {
    code = error.kind() == ErrorKind::interrupted ? 7 : 8;
  }
  done = true;
  other.join();
  std::exit(code);
}

TEST_F(PipeTest, StopsWaitingForAPipeAtCtrlC) {
  for (const bool has_writer : {false, true}) {
    EXPECT_EXIT(interrupt_waiting(pipe_, has_writer), ::testing::ExitedWithCode(7), "");
  }
}

}  // namespace
}  // namespace sotto::audio
