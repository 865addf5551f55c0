#include "bench/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/testing.h"

namespace sotto::bench {
namespace {

using sotto::testing::message_of;
using ::testing::HasSubstr;

/// An engine that is a line of shell.
std::vector<std::string> shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

TEST(Peer, AnswersTasks) {
  Peer peer(
      shell("echo 'ready: shell 1'; while read task; do case $task in encoder) echo 0.25;; "
            "*) echo -;; esac; done"));
  EXPECT_EQ(peer.name(), "shell 1");
  EXPECT_EQ(peer.seconds("encoder"), 0.25);
  EXPECT_EQ(peer.seconds("token 8"), std::nullopt);
  EXPECT_EQ(peer.seconds("encoder"), 0.25);
}

TEST(Peer, ThatCannotBeUsedIsAnError) {
  EXPECT_THAT(message_of(ErrorKind::io, [] { Peer({"./no-such-program"}); }),
              HasSubstr("cannot start ./no-such-program: "));
  EXPECT_THAT(message_of(ErrorKind::io, [] { Peer(shell("exit 1")); }), HasSubstr("has ended"));
  EXPECT_THAT(message_of(ErrorKind::io, [] { Peer(shell("echo hello")); }),
              HasSubstr("is not ready but says 'hello'"));
  EXPECT_THAT(
      message_of(ErrorKind::io,
                 [] { Peer(shell("echo 'ready: x'; read a; echo soon")).seconds("encoder"); }),
      HasSubstr("x answers 'soon' to 'encoder', which is no number of seconds"));
}

TEST(Child, GivesItsOutputOrFails) {
  EXPECT_EQ(Child(shell("echo a; echo b")).finish(), "a\nb\n");
  EXPECT_THAT(message_of(ErrorKind::io, [] { Child(shell("exit 3")).finish(); }),
              HasSubstr("/bin/sh failed"));
}

}  // namespace
}  // namespace sotto::bench
