#include "engine/segments.h"

#include <algorithm>

#include "audio/decode.h"
#include "audio/mel.h"
#include "engine/text.h"

namespace sotto::engine {
namespace {

constexpr int kFramesPerTimestamp = 2;

// The products below are taken before the quotients, as upstream does: the same doubles come out.
constexpr double seconds_of_frames(int frames) {
  return static_cast<double>(static_cast<long long>(frames) * audio::kHopLength) /
         audio::kSampleRate;
}

constexpr double kSecondsPerTimestamp = seconds_of_frames(kFramesPerTimestamp);  // 0.02

/// One window being cut.
class Cutter {
 public:
  Cutter(const Window& window, const DecodingResult& decoded, const model::Tokenizer& tokenizer)
      : window_(window),
        decoded_(decoded),
        tokenizer_(tokenizer),
        offset_(seconds_of_frames(window.seek)) {}

  WindowSegments cut() const {
    const std::vector<std::size_t> joints = find_joints();
    return joints.empty() ? one_segment() : segments_between(joints);
  }

 private:
  bool is_timestamp(std::size_t i) const {
    return decoded_.tokens[i] >= tokenizer_.special().timestamp_begin;
  }

  /// Units of 0.02 s from the beginning of the window to a timestamp. A model that is asked for no
  /// timestamps may write some all the same, behind text that has none: that begins with the
  /// window.
  int position(int token) const {
    return std::max(token - tokenizer_.special().timestamp_begin, 0);
  }

  /// Where the second of two neighbouring timestamps stands.
  std::vector<std::size_t> find_joints() const {
    std::vector<std::size_t> joints;
    for (std::size_t i = 1; i < decoded_.tokens.size(); ++i) {
      if (is_timestamp(i - 1) && is_timestamp(i)) joints.push_back(i);
    }
    return joints;
  }

  bool ends_with_single_timestamp() const {
    const std::size_t n = decoded_.tokens.size();
    return n >= 2 && !is_timestamp(n - 2) && is_timestamp(n - 1);
  }

  Segment segment(double start, double end, std::span<const int> tokens) const {
    Segment segment;
    segment.seek = window_.seek;
    segment.start = start;
    segment.end = end;
    segment.tokens.assign(tokens.begin(), tokens.end());
    segment.text = tokenizer_.decode(tokens);
    segment.temperature = decoded_.temperature;
    segment.avg_logprob = decoded_.avg_logprob;
    segment.compression_ratio = decoded_.compression_ratio;
    segment.no_speech_prob = decoded_.no_speech_prob;
    return segment;
  }

  WindowSegments segments_between(std::vector<std::size_t> cuts) const {
    const bool complete = ends_with_single_timestamp();
    if (complete) cuts.push_back(decoded_.tokens.size());
    WindowSegments result;
    std::size_t begin = 0;
    for (const std::size_t end : cuts) {
      const auto tokens = std::span(decoded_.tokens).subspan(begin, end - begin);
      result.segments.push_back(segment(offset_ + position(tokens.front()) * kSecondsPerTimestamp,
                                        offset_ + position(tokens.back()) * kSecondsPerTimestamp,
                                        tokens));
      begin = end;
    }
    const int last_position = position(decoded_.tokens[begin - 1]);
    result.next_seek =
        window_.seek + (complete ? window_.frames : last_position * kFramesPerTimestamp);
    return result;
  }

  WindowSegments one_segment() const {
    const int first_timestamp = tokenizer_.special().timestamp_begin;
    const auto last = std::find_if(decoded_.tokens.rbegin(), decoded_.tokens.rend(),
                                   [&](int token) { return token >= first_timestamp; });
    double duration = seconds_of_frames(window_.frames);
    if (last != decoded_.tokens.rend() && *last != first_timestamp) {
      duration = position(*last) * kSecondsPerTimestamp;
    }
    return {.segments = {segment(offset_, offset_ + duration, decoded_.tokens)},
            .next_seek = window_.seek + window_.frames};
  }

  const Window& window_;
  const DecodingResult& decoded_;
  const model::Tokenizer& tokenizer_;
  double offset_;  // seconds
};

}  // namespace

WindowSegments cut_into_segments(const Window& window, const DecodingResult& decoded,
                                 const model::Tokenizer& tokenizer) {
  WindowSegments result = Cutter(window, decoded, tokenizer).cut();
  if (result.next_seek <= window.seek) result.next_seek = window.seek + window.frames;
  return result;
}

void clear_if_blank(Segment& segment) {
  if (segment.start != segment.end && !strip(segment.text).empty()) return;
  segment.text.clear();
  segment.tokens.clear();
}

}  // namespace sotto::engine
