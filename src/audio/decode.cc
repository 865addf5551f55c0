#include "audio/decode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <string_view>

#include "audio/container.h"
#include "audio/libav.h"
#include "audio/resampler.h"
#include "audio/source.h"
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

/// What is left of a packet without zeros before and behind, which are padding.
std::string_view unpadded(const AVPacket& packet) {
  std::string_view bytes = bytes_of(packet);
  bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
  return bytes.substr(0, bytes.find_last_not_of('\0') + 1);
}

/// One file on its way to 16 kHz mono. Does, step by step, what the ffmpeg program does.
class Decoding {
 public:
  Decoding(const std::filesystem::path& path, const DecodeOptions& options);

  Audio run();

 private:
  void open_decoder();
  int read_packets();
  bool decode(const AVPacket* packet);
  double hole_before(const AVPacket& packet);
  void note_hole(double second, double seconds);
  void note_failure(double seconds, int status);
  void reserve();
  void check_that_it_is_a_recording(int read_status) const;
  std::optional<double> more_seconds_stated() const;
  bool ends_inside_a_frame(bool last_packet_failed) const;
  bool joined_later() const;
  std::optional<std::string> warning(int read_status, bool last_packet_failed) const;

  std::filesystem::path path_;
  std::string name_;  // path_ for messages
  std::stop_token stop_;
  LibavLog log_;
  Source source_;
  AVFormatContext* format_ = source_.format();  // of source_
  AVStream* stream_ = source_.stream();         // of source_
  Libav<AVCodecContext> decoder_;
  Libav<AVFrame> frame_{libav().av_frame_alloc()};
  Resampler resampler_;
  Audio audio_;
  double next_begin_ = kUnknown;     // timestamp in seconds at which the next packet should begin
  double end_ = 0.0;                 // the last such timestamp
  std::int64_t end_bytes_ = 0;       // where the last packet ends in the file
  int last_bytes_ = 0;               // of the last packet
  int most_bytes_ = 0;               // of a good packet before that
  bool last_frame_is_part_ = false;  // of an MP3 file
  std::string opening_complaint_;    // what FFmpeg said last before the first packet
  std::string reading_complaint_;    // what FFmpeg said when it read the last packet
  Loss last_complaint_{};            // of a packet, at its end
  long n_packets_ = 0;
  long n_failures_ = 0;
  std::optional<Loss> run_;     // the packets since the last good one
  std::optional<Loss> damage_;  // the first noticeable loss
};

Decoding::Decoding(const std::filesystem::path& path, const DecodeOptions& options)
    : path_(path),
      name_(printable(path.string(), kWhole)),
      stop_(options.stop),
      source_(path, name_, options.stream, log_),
      resampler_(name_) {
  open_decoder();
  // Sound that is lost before the first packet is no pause when the header has a fault.
  if (!source_.complaint().empty()) next_begin_ = 0.0;
  opening_complaint_ = log_.last_error();
  log_.clear();
}

void Decoding::open_decoder() {
  const AVCodecParameters& parameters = *stream_->codecpar;
  if (parameters.sample_rate != 0 && parameters.ch_layout.nb_channels != 0) {
    check_audio_format(name_, parameters.sample_rate, parameters.ch_layout.nb_channels);
  }
  const AVCodec* codec = libav().avcodec_find_decoder(parameters.codec_id);
  if (codec == nullptr) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": this FFmpeg has no decoder for its codec, ",
         libav().avcodec_get_name(parameters.codec_id));
  }
  decoder_.reset(libav().avcodec_alloc_context3(codec));
  if (decoder_ == nullptr) throw std::bad_alloc();
  int status = libav().avcodec_parameters_to_context(decoder_.get(), &parameters);
  decoder_->pkt_timebase = stream_->time_base;  // by which encoder delay and padding are cut
  // As many as the ffmpeg program takes: it changes what is decoded of a damaged FLAC file.
  decoder_->thread_count = 0;
  if (status >= 0) status = libav().avcodec_open2(decoder_.get(), codec, nullptr);
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
  check_that_it_is_a_recording(read_status);
  audio_.warning = warning(read_status, last_packet_failed);
  return std::move(audio_);
}

/// Throws when it is none, or when nothing of it could be decoded. A recording of no length that is
/// in order is one.
void Decoding::check_that_it_is_a_recording(int read_status) const {
  const bool is_empty = audio_.samples.empty();
  std::string reason;
  for (const std::string& said : {run_ ? run_->reason : "", damage_ ? damage_->reason : "",
                                  source_.complaint(), opening_complaint_}) {
    if (reason.empty()) reason = said;
  }
  const std::string in_brackets = reason.empty() ? "" : " (" + reason + ")";
  if (source_.is_recording_by_name_only() && (is_empty || 2 * n_failures_ > n_packets_)) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": FFmpeg finds no recording in it",
         in_brackets, "; is it an audio or video file?");
  }
  if (!is_empty) return;
  const AVCodecParameters& format = *stream_->codecpar;
  const bool is_known =
      format.sample_rate > 0 && format.ch_layout.nb_channels > 0 && format.format >= 0;
  if (run_ || damage_ || !source_.complaint().empty() || !is_known || more_seconds_stated() ||
      read_status != AVERROR_EOF || ends_inside_its_container(path_)) {
    fail(ErrorKind::audio, "cannot decode ", name_, ": nothing in it can be decoded", in_brackets,
         "; is it damaged, or an unfinished copy or download?");
  }
}

/// Decodes all packets of the stream; returns what ended the reading.
int Decoding::read_packets() {
  const Libav<AVPacket> packet(libav().av_packet_alloc());
  if (packet == nullptr || frame_ == nullptr) throw std::bad_alloc();
  for (;;) {
    const int status = libav().av_read_frame(format_, packet.get());
    check_interrupted();
    if (stop_.stop_requested()) fail(ErrorKind::interrupted, "nobody waits for ", name_);
    if (status == AVERROR(EAGAIN)) continue;
    if (status < 0) {
      const std::string& said = log_.last_error();
      const std::string& reason = said.empty() ? reading_complaint_ : said;
      if (!damage_ && !reason.empty()) damage_ = Loss{audio_.seconds(), 0.0, reason};
      return status;
    }
    if (packet->stream_index == stream_->index && packet->size > 0) {
      const double second = audio_.seconds();
      const double hole = hole_before(*packet);
      reading_complaint_ = log_.last_error();
      ++n_packets_;
      decode(packet.get());
      note_hole(second, hole);
      last_frame_is_part_ = is_part_of_mpeg_audio_frame(bytes_of(*packet));
      log_.clear();
    }
    libav().av_packet_unref(packet.get());
  }
}

/// How many seconds are missing between the last packet and this one by their timestamps. In
/// streams without a container, by what was skipped in the file or came as part of one large bad
/// packet.
double Decoding::hole_before(const AVPacket& packet) {
  constexpr std::array<std::string_view, 8> kBare = {"aac",  "ac3", "dts", "dtshd",
                                                     "eac3", "mlp", "mp3", "truehd"};
  const bool timed = packet.pts != AV_NOPTS_VALUE;
  const double begin = timed ? source_.seconds_of(packet.pts) : kUnknown;
  const double seconds = source_.seconds_of(packet.duration);
  double hole = begin - next_begin_;
  if (std::find(kBare.begin(), kBare.end(), source_.container()) != kBare.end() && n_packets_ > 0) {
    const std::int64_t skipped = std::max<std::int64_t>(0, packet.pos - end_bytes_);
    const std::int64_t bad = run_ ? std::max(0, last_bytes_ - most_bytes_) : 0;
    hole = seconds * static_cast<double>(skipped + bad) * static_cast<double>(n_packets_) /
           static_cast<double>(end_bytes_);
  }
  if (!run_) most_bytes_ = std::max(most_bytes_, last_bytes_);
  last_bytes_ = static_cast<int>(unpadded(packet).size());
  next_begin_ = begin + seconds;
  if (next_begin_ > end_) end_ = next_begin_;
  end_bytes_ = packet.pos + packet.size;
  return hole;
}

/// Demuxers skip what they cannot read. A hole is a loss when FFmpeg complained of the packet
/// behind it or shortly before it, or of the container; else it is a pause.
void Decoding::note_hole(double second, double seconds) {
  const std::string& said = log_.last_error();
  const std::string complaint = !said.empty() || !run_ ? said : run_->reason;
  const bool is_near = second - last_complaint_.second < kNoticeableSeconds;
  const std::string before = is_near ? last_complaint_.reason : "";
  if (!damage_ && seconds >= kNoticeableSeconds) {
    for (const std::string& reason : {complaint, before, source_.complaint()}) {
      if (!damage_ && !reason.empty()) damage_ = Loss{second, seconds, reason};
    }
  }
  if (!complaint.empty()) last_complaint_ = Loss{audio_.seconds(), 0.0, complaint};
}

/// Whether what cannot be decoded of a packet is no sound at all: the headers inside chained Opus
/// files, odd bytes after the last sample of PCM, tags and padding between or behind the frames of
/// a file without a container.
bool is_no_sound(const AVPacket& packet, AVCodecID codec) {
  const std::string_view bytes = unpadded(packet);
  if (codec == AV_CODEC_ID_OPUS) return bytes.starts_with("Opus");
  if (libav().av_get_exact_bits_per_sample(codec) > 0) return true;
  return bytes.empty() || bytes.starts_with("TAG") || bytes.starts_with("APETAGEX") ||
         bytes.starts_with("LYRICSBEGIN") || bytes.starts_with("ID3");
}

/// Decodes one packet, or what is left inside (null). As in the ffmpeg program, what cannot be
/// decoded is left out. False at the end.
bool Decoding::decode(const AVPacket* packet) {
  const auto failed = [&](int status) {
    if (packet == nullptr || !is_no_sound(*packet, decoder_->codec_id)) {
      note_failure(packet != nullptr ? source_.seconds_of(packet->duration) : 0.0, status);
    }
  };
  int status = libav().avcodec_send_packet(decoder_.get(), packet);
  if (status < 0 && status != AVERROR_EOF) {
    failed(status);
    if (packet != nullptr) return true;
  }
  for (;;) {
    status = libav().avcodec_receive_frame(decoder_.get(), frame_.get());
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
  ++n_failures_;
  if (!run_) {
    const std::string& reason = log_.last_error();
    run_ = Loss{audio_.seconds(), 0.0, reason.empty() ? libav_error(status) : reason};
  }
  run_->seconds += seconds;
  if (!damage_ && run_->seconds >= kNoticeableSeconds) damage_ = run_;
}

/// What the container states, where noticeably less has come.
std::optional<double> Decoding::more_seconds_stated() const {
  // Without pauses between packets, so that all of a stated length is sound.
  constexpr std::array<std::string_view, 7> kGapless = {"mp3", "flac", "aiff", "au",
                                                        "w64", "tta",  "wv"};
  // An MP3 encoder's delay and padding at 8 kHz are 0.35 s.
  const double tolerance = libav().av_get_exact_bits_per_sample(decoder_->codec_id) > 0 ? 0.1 : 0.5;
  const bool is_gapless =
      std::find(kGapless.begin(), kGapless.end(), source_.container()) != kGapless.end();
  // A header with a fault in it may say of packets that they last longer than they do.
  const bool may_pause = !is_gapless && source_.complaint().empty();
  const double seconds = may_pause ? std::max(audio_.seconds(), end_) : audio_.seconds();
  const std::optional<double> stated = source_.stated_seconds();
  return stated && *stated - seconds > tolerance ? stated : std::nullopt;
}

bool Decoding::ends_inside_a_frame(bool last_packet_failed) const {
  // Tags and padding behind an MP3 file look like a frame that cannot be decoded.
  if (source_.container() == "mp3") return last_frame_is_part_;
  // FFmpeg drops a part of a frame in these; the decoder gets it, and fails, in others.
  if (source_.container() == "mlp" || source_.container() == "truehd") {
    return end_bytes_ < libav().avio_seek(format_->pb, 0, SEEK_CUR);
  }
  return last_packet_failed;
}

/// Whether the recording began in the middle of a stream, as one of a radio does: then its end is
/// wherever it was stopped.
bool Decoding::joined_later() const {
  constexpr double kNoticeableStart = 1.0;
  return stream_->start_time != AV_NOPTS_VALUE &&
         source_.seconds_of(stream_->start_time) > kNoticeableStart;
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
  if (read_status != AVERROR_EOF || ends_inside_a_frame(last_packet_failed) ||
      ends_inside_its_container(path_)) {
    const bool also = damage_ && damage_->second + kNoticeableSeconds < audio_.seconds();
    return concat(name_, " ends too early: it was decoded up to ", end,
                  also ? ", and it is damaged" + damage : "");
  }
  if (const auto stated = more_seconds_stated()) {
    const std::string& complaint = source_.complaint();
    const std::string why = damage_ || complaint.empty() ? damage : " (" + complaint + ")";
    return concat(name_, " is cut off or damaged", why, ": ", end, " of ", clock(*stated),
                  " could be decoded");
  }
  if (const std::string_view mark = missing_end_mark(path_); !mark.empty() && !joined_later()) {
    return concat(name_, " may be cut off: ", mark, "; it was decoded up to ", end,
                  damage_ ? ", and it is damaged" + damage : "");
  }
  if (damage_) {
    return concat(name_, " is damaged", damage, ": what can be decoded was, up to ", end);
  }
  return std::nullopt;
}

}  // namespace

Audio decode_file(const std::filesystem::path& path, const DecodeOptions& options) {
  check_readable(path);
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
