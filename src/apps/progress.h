// How far a transcription is, in one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sotto::apps {

/// " 42% [########............]"
std::string progress_bar(double fraction);

/// " 42% [########............] 38.8 of 92.3 s, 77× realtime, 0:01 left". Times in seconds.
std::string progress_line(double done, double all, double elapsed);

/// The first `columns` characters of a line of UTF-8.
std::string cut_to_width(std::string_view line, std::size_t columns);

/// "sample.wav: 92.3 s of audio in 1.2 s (77× realtime, int8 with avx2)"
std::string summary_line(const std::string& name, double audio, double elapsed,
                         std::string_view arithmetic);

}  // namespace sotto::apps
