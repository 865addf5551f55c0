#include "audio/decode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>

#include "audio/container.h"
#include "audio/libav.h"
#include "audio/resampler.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/text.h"

namespace sotto::audio {
namespace {

/// What could not be decoded: a run of packets without a good one between them.
struct Loss {
  double second;   ///< where in the decoded sound
  double seconds;  ///< how long the packets claim to be
  std::string reason;
};

/// A shorter loss is not told: joints of concatenated files leave one or two such packets.
constexpr double kNoticeableSeconds = 0.08;

/// A timestamp that is not there: compares false with everything.
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// Paths are not shortened in messages.
constexpr std::size_t kWhole = std::numeric_limits<std::size_t>::max();

std::string_view bytes_of(const AVPacket& packet) {
  return {reinterpret_cast<const char*>(packet.data), static_cast<std::size_t>(packet.size)};
}

/// One file on its way to 16 kHz mono. Does, step by step, what the ffmpeg program does.
class Decoding {
 public:
  Decoding(const std::filesystem::path& path, const DecodeOptions& options);

  Audio run();

 private:
  void open();
  [[noreturn]] void refuse_to_open(int status) const;
  AVStream* stream_of_ffmpeg() const;
  AVStream* audio_stream(int wanted) const;
  void open_decoder();
  int read_packets();
  bool decode(const AVPacket* packet);
  void note_skipped(double seconds);
  void note_failure(double seconds, int status);
  void reserve();
  bool ends_short_of_header() const;
  bool joined_later() const;
  std::optional<std::string> warning(int read_status, bool last_packet_failed) const;
  double seconds_of(std::int64_t stream_ticks) const {
    return static_cast<double>(stream_ticks) * av_q2d(stream_->time_base);
  }

  std::filesystem::path path_;
  std::string name_;  // path_ for messages
  LibavLog log_;
  Libav<AVFormatContext> format_;
  AVStream* stream_ = nullptr;
  Libav<AVCodecContext> decoder_;
  Libav<AVFrame> frame_{av_frame_alloc()};
  Resampler resampler_;
  Audio audio_;
  double next_begin_ = kUnknown;     // timestamp in seconds at which the next packet should begin
  bool last_frame_is_part_ = false;  // of an MP3 file
  std::string complaint_;            // what FFmpeg said when it read the last packet
  std::optional<Loss> run_;          // the packets since the last good one
  std::optional<Loss> damage_;       // the first noticeable loss
};

Decoding::Decoding(const std::filesystem::path& path, const DecodeOptions& options)
    : path_(path), name_(printable(path.string(), kWhole)), resampler_(name_) {
  check_readable(path_);
  open();
  stream_ = options.stream ? audio_stream(*options.stream) : stream_of_ffmpeg();
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* stream = format_->streams[i];
    stream->discard = stream == stream_ ? AVDISCARD_NONE : AVDISCARD_ALL;
  }
  open_decoder();
  log_.clear();
}

void Decoding::open() {
  AVDictionary* settings = nullptr;
  // Also holds for what a playlist names. Named pipes are files.
  av_dict_set(&settings, "protocol_whitelist", "file", 0);
  av_dict_set(&settings, "scan_all_pmts", "1", 0);  // as the ffmpeg program does
  AVFormatContext* format = avformat_alloc_context();
  if (format == nullptr) throw std::bad_alloc();
  format->interrupt_callback.callback = [](void*) { return static_cast<int>(interrupted()); };
  // "file:" keeps a name like "http:talk.wav" or "concat:a" a name.
  const int status =
      avformat_open_input(&format, ("file:" + path_.string()).c_str(), nullptr, &settings);
  av_dict_free(&settings);
  format_.reset(format);
  check_interrupted();
  if (status < 0) refuse_to_open(status);
  const int found = avformat_find_stream_info(format, nullptr);
  check_interrupted();
  if (found < 0 && format->nb_streams == 0) refuse_to_open(found);
}

/// Whether FFmpeg takes a file for one that names others, where the sound is.
bool is_playlist(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 4> kPlaylists = {"hls", "dash", "concat", "sdp"};
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  AVIOContext* file = nullptr;
  const std::string url = "file:" + path.string();
  if (avio_open(&file, url.c_str(), AVIO_FLAG_READ) < 0) return false;
  const AVInputFormat* format = nullptr;
  av_probe_input_buffer2(file, &format, url.c_str(), nullptr, 0, 0);
  avio_close(file);
  return format != nullptr &&
         std::find(kPlaylists.begin(), kPlaylists.end(), format->name) != kPlaylists.end();
}

void Decoding::refuse_to_open(int status) const {
  const std::string reason = log_.last_error().empty() ? libav_error(status) : log_.last_error();
  if (is_playlist(path_)) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": it points to other addresses (", reason,
         "), which Sotto does not open unless they are local files; save the recording as a file");
  }
  if (ends_inside_its_container(path_)) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": it ends too early (", reason,
         "); is it an unfinished copy or download?");
  }
  if (status == AVERROR_INVALIDDATA || status == AVERROR(EINVAL)) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": FFmpeg finds no recording in it (", reason,
         "); is it an audio or video file?");
  }
  fail(ErrorKind::audio, "cannot decode ", name_, ": ", libav_error(status), log_.in_brackets());
}

bool is_audio(const AVStream& stream) {
  return stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
}

/// The ffmpeg program's choice: streams with packets before those without, then the default one,
/// then the one with most channels, then the first.
AVStream* Decoding::stream_of_ffmpeg() const {
  AVStream* best = nullptr;
  int best_score = 0;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    AVStream* stream = format_->streams[i];
    if (!is_audio(*stream)) continue;
    const bool has_packets = (stream->event_flags & AVSTREAM_EVENT_FLAG_NEW_PACKETS) != 0;
    const bool is_default = (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
    const int score = stream->codecpar->ch_layout.nb_channels + 100'000'000 * has_packets +
                      5'000'000 * is_default;
    if (score > best_score) {
      best_score = score;
      best = stream;
    }
  }
  if (best == nullptr) {
    fail(ErrorKind::audio, "cannot decode ", name_,
         ": it holds no audio stream (FFmpeg takes it for ", format_->iformat->name, ")");
  }
  return best;
}

AVStream* Decoding::audio_stream(int wanted) const {
  int n = 0;
  for (unsigned i = 0; i < format_->nb_streams; ++i) {
    if (is_audio(*format_->streams[i]) && n++ == wanted) return format_->streams[i];
  }
  fail(ErrorKind::audio, "cannot decode audio stream ", wanted, " of ", name_, ": it has ", n,
       " audio stream", n == 1 ? "" : "s", ", and the first is 0");
}

void Decoding::open_decoder() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  if (parameters.sample_rate != 0 && parameters.ch_layout.nb_channels != 0) {
    check_audio_format(name_, parameters.sample_rate, parameters.ch_layout.nb_channels);
  }
  const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": this FFmpeg has no decoder for its codec, ",
         avcodec_get_name(parameters.codec_id));
  }
  decoder_.reset(avcodec_alloc_context3(codec));
  if (decoder_ == nullptr) throw std::bad_alloc();
  int status = avcodec_parameters_to_context(decoder_.get(), &parameters);
  decoder_->pkt_timebase = stream_->time_base;  // by which encoder delay and padding are cut
  // As many as the ffmpeg program takes: it changes what is decoded of a damaged FLAC file.
  decoder_->thread_count = 0;
  if (status >= 0) status = avcodec_open2(decoder_.get(), codec, nullptr);
  if (status < 0) {
    fail(ErrorKind::audio, "cannot decode ", name_, " (", codec->name, "): ", libav_error(status),
         log_.in_brackets());
  }
}

/// Room for what the header promises, as growing step by step needs up to three times the memory.
/// The header may be wrong: it is no limit, and promises are believed up to a limit only.
void Decoding::reserve() {
  constexpr double kMaxSeconds = 4 * 3600.0;
  constexpr double kMarginSeconds = 1.0;
  if (format_->duration <= 0) return;  // unknown, too
  const double seconds = static_cast<double>(format_->duration) / AV_TIME_BASE + kMarginSeconds;
  audio_.samples.reserve(static_cast<std::size_t>(std::min(seconds, kMaxSeconds) * kSampleRate));
}

Audio Decoding::run() {
  reserve();
  const int read_status = read_packets();
  const bool last_packet_failed = run_.has_value();
  while (decode(nullptr)) {
  }
  resampler_.finish(audio_.samples);
  if (audio_.samples.empty() && damage_) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": nothing in it can be decoded (",
         damage_->reason, ")");
  }
  audio_.warning = warning(read_status, last_packet_failed);
  return std::move(audio_);
}

/// Decodes all packets of the stream; returns what ended the reading.
int Decoding::read_packets() {
  const Libav<AVPacket> packet(av_packet_alloc());
  if (packet == nullptr || frame_ == nullptr) throw std::bad_alloc();
  for (;;) {
    const int status = av_read_frame(format_.get(), packet.get());
    check_interrupted();
    if (status == AVERROR(EAGAIN)) continue;
    if (status < 0) {
      note_skipped(0.0);
      return status;
    }
    if (packet->stream_index == stream_->index && packet->size > 0) {
      const bool timed = packet->pts != AV_NOPTS_VALUE;
      const double begin = timed ? seconds_of(packet->pts) : kUnknown;
      if (begin - next_begin_ >= kNoticeableSeconds) note_skipped(begin - next_begin_);
      next_begin_ = begin + seconds_of(packet->duration);
      complaint_ = log_.last_error();
      decode(packet.get());
      last_frame_is_part_ = is_part_of_mpeg_audio_frame(bytes_of(*packet));
      log_.clear();
    }
    av_packet_unref(packet.get());
  }
}

/// Demuxers skip what they cannot read. A hole in the timestamps, or the end, is a loss when FFmpeg
/// complained there, or one packet before, as some read ahead; else it is a pause, or the true end.
void Decoding::note_skipped(double seconds) {
  const std::string& complaint = log_.last_error().empty() ? complaint_ : log_.last_error();
  if (!damage_ && !complaint.empty()) damage_ = Loss{audio_.seconds(), seconds, complaint};
}

/// Whether what cannot be decoded of a packet is no sound at all: the headers inside chained Opus
/// files, or odd bytes after the last sample of PCM.
bool is_no_sound(const AVPacket& packet, AVCodecID codec) {
  if (codec == AV_CODEC_ID_OPUS) return bytes_of(packet).starts_with("Opus");
  return av_get_exact_bits_per_sample(codec) > 0;
}

/// Decodes one packet, or what is left inside (null). As in the ffmpeg program, what cannot be
/// decoded is left out. False at the end.
bool Decoding::decode(const AVPacket* packet) {
  const auto failed = [&](int status) {
    if (packet == nullptr || !is_no_sound(*packet, decoder_->codec_id)) {
      note_failure(packet != nullptr ? seconds_of(packet->duration) : 0.0, status);
    }
  };
  int status = avcodec_send_packet(decoder_.get(), packet);
  if (status < 0 && status != AVERROR_EOF) {
    failed(status);
    if (packet != nullptr) return true;
  }
  for (;;) {
    status = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (status == AVERROR(EAGAIN)) return true;
    if (status == AVERROR_EOF) return false;
    if (status < 0) {
      failed(status);
      continue;
    }
    if (frame_->decode_error_flags != 0 || (frame_->flags & AV_FRAME_FLAG_CORRUPT) != 0) {
      failed(AVERROR_INVALIDDATA);
    } else {
      run_.reset();
    }
    resampler_.add(*frame_, audio_.samples);
  }
}

void Decoding::note_failure(double seconds, int status) {
  if (!run_) {
    const std::string& reason = log_.last_error();
    run_ = Loss{audio_.seconds(), 0.0, reason.empty() ? libav_error(status) : reason};
  }
  run_->seconds += seconds;
  if (!damage_ && run_->seconds >= kNoticeableSeconds) damage_ = run_;
}

/// Whether less has come than the header states, in formats whose headers state it exactly.
bool Decoding::ends_short_of_header() const {
  constexpr std::array<std::string_view, 7> kExact = {"mp3", "flac", "aiff", "au",
                                                      "w64", "tta",  "wv"};
  constexpr double kToleranceSeconds = 0.5;  // delay and padding of an MP3 encoder at 8 kHz: 0.35 s
  return std::find(kExact.begin(), kExact.end(), format_->iformat->name) != kExact.end() &&
         format_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM &&
         stream_->duration != AV_NOPTS_VALUE &&
         seconds_of(stream_->duration) - audio_.seconds() > kToleranceSeconds;
}

/// Whether the recording began in the middle of a stream, as one of a radio does: then its end is
/// wherever it was stopped.
bool Decoding::joined_later() const {
  constexpr double kNoticeableStart = 1.0;
  return stream_->start_time != AV_NOPTS_VALUE &&
         seconds_of(stream_->start_time) > kNoticeableStart;
}

std::optional<std::string> Decoding::warning(int read_status, bool last_packet_failed) const {
  const auto clock = [](double seconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f s", seconds);
    return std::string(text.data());
  };
  const std::string end = clock(audio_.seconds());
  const std::string damage =
      damage_ ? concat(" at ", clock(damage_->second), " (", damage_->reason, ")") : "";
  // Tags and padding behind an MP3 file look like a frame that cannot be decoded.
  const bool is_mp3 = format_->iformat->name == std::string_view("mp3");
  const bool cut_packet = is_mp3 ? last_frame_is_part_ : last_packet_failed;
  if (read_status != AVERROR_EOF || cut_packet || ends_inside_its_container(path_)) {
    const bool also = damage_ && damage_->second + kNoticeableSeconds < audio_.seconds();
    return concat(name_, " ends too early: it was decoded up to ", end,
                  also ? ", and it is damaged" + damage : "");
  }
  if (ends_short_of_header()) {
    return concat(name_, " is cut off or damaged", damage, ": ", end, " of ",
                  clock(seconds_of(stream_->duration)), " could be decoded");
  }
  if (is_ogg_without_end(path_) && !joined_later()) {
    return concat(name_,
                  " may be cut off: its last page is not marked as the end; it was decoded up to ",
                  end, damage_ ? ", and it is damaged" + damage : "");
  }
  if (damage_) {
    return concat(name_, " is damaged", damage, ": what can be decoded was, up to ", end);
  }
  return std::nullopt;
}

}  // namespace

Audio decode_file(const std::filesystem::path& path, const DecodeOptions& options) {
  return Decoding(path, options).run();
}

// FFmpeg's own words name neither folders nor empty files.
void check_readable(const std::filesystem::path& path) {
  const std::string name = printable(path.string(), kWhole);
  const auto refuse = [&](const char* why) {
    fail(ErrorKind::io, "cannot read ", name, ": ", why);
  };
  if (path.empty()) {
    fail(ErrorKind::io, "cannot read a file: its path is empty; name an audio or video file");
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) refuse(std::strerror(errno));
  if (S_ISDIR(status.st_mode)) refuse("it is a folder, and a file is needed");
  if (::access(path.c_str(), R_OK) != 0) refuse(std::strerror(errno));
  if (S_ISREG(status.st_mode) && status.st_size == 0) {
    fail(ErrorKind::audio, "cannot decode ", name, ": the file is empty");
  }
}

}  // namespace sotto::audio
