// Files that name others: no address is opened.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "audio/audio_testing.h"
#include "audio/decode.h"
#include "base/error.h"

namespace sotto::audio {
namespace {

using ::testing::AllOf;
using testing::error_of;
using testing::expect_same;
using testing::ffmpeg_decodes;
using testing::ffmpeg_makes;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::write_bytes;

using PlaylistTest = testing::FolderTest;

/// A server that only counts who calls.
class Listener {
 public:
  Listener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, 8) != 0 ||
        ::getsockname(socket_, any, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { ::close(socket_); }

  int port() const { return port_; }
  bool was_called() const {
    const int call = ::accept(socket_, nullptr, nullptr);
    if (call >= 0) ::close(call);
    return call >= 0;
  }

 private:
  int socket_;
  int port_ = 0;
};

TEST_F(PlaylistTest, PlaylistsOpenNoOtherAddress) {
  const Listener listener;
  const auto hls = [](const std::string& target) {
    return "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n" + target + "\n#EXT-X-ENDLIST\n";
  };
  const std::string host = concat("127.0.0.1:", listener.port());
  const std::string dash =
      "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" "
      "profiles=\"urn:mpeg:dash:profile:isoff-on-demand:2011\" "
      "mediaPresentationDuration=\"PT2S\"><Period><AdaptationSet mimeType=\"audio/mp4\">"
      "<Representation id=\"1\" bandwidth=\"9\"><BaseURL>http://" +
      host + "/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>";
  const std::pair<const char*, std::string> lists[] = {
      {"http.m3u8", hls("http://" + host + "/a.ts")},
      {"tcp.m3u8", hls("tcp://" + host)},
      {"pipe.m3u8", hls("pipe:0")},
      {"concat.m3u8", hls("concat:http://" + host + "/a.ts")},
      {"http.ffconcat", "ffconcat version 1.0\nfile http://" + host + "/a.ts\n"},
      {"pipe.ffconcat", "ffconcat version 1.0\nfile pipe:0\n"},
      {"radio.sdp",
       "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
       "m=audio 5004 RTP/AVP 0\n"},
      {"list.mpd", dash},
  };
  for (const auto& [name, content] : lists) {
    write_bytes(folder_ / name, content);
    EXPECT_THAT(
        error_of(folder_ / name, ErrorKind::audio),
        AllOf(HasSubstr("cannot decode"), HasSubstr("it is a playlist ("),
              HasSubstr("Sotto opens no address"), HasSubstr("save the recording as a file")))
        << name;
    EXPECT_FALSE(listener.was_called()) << name;
  }
}

TEST_F(PlaylistTest, LocalFilesThatFfmpegDoesNotOpenAreNotCalledAddresses) {
  wav({.seconds = 0.1});
  const std::pair<std::string, const char*> names[] = {
      {(folder_ / "a.wav").string(), "playlist (concat), and what it names is not opened (Unsafe"},
      {"none.wav", "is not opened (Impossible to open "}};
  for (const auto& [name, reason] : names) {
    write_bytes(folder_ / "list", "ffconcat version 1.0\nfile '" + name + "'\n");
    EXPECT_THAT(error_of(folder_ / "list", ErrorKind::audio),
                AllOf(HasSubstr(reason), HasSubstr("FFmpeg only files that it takes for safe"),
                      HasSubstr("transcribe those files themselves"), Not(HasSubstr("points to"))));
  }
}

TEST_F(PlaylistTest, PlaylistOfLocalFilesIsDecoded) {
  SOTTO_NEEDS_FFMPEG();
  const auto list = folder_ / "list.m3u8";
  if (!ffmpeg_makes(concat("-i ", wav({.rate = 44100, .channels = 2, .seconds = 3.0}),
                           " -c:a aac -f hls -hls_time 1 -hls_list_size 0 ", list))) {
    GTEST_SKIP() << "skipped: this ffmpeg cannot write hls";
  }
  const Audio audio = decode_file(list);
  expect_same(audio.samples, ffmpeg_decodes(list));
  EXPECT_FALSE(audio.warning) << *audio.warning;
}

}  // namespace
}  // namespace sotto::audio
