// How far a transcription is, in one line.
#pragma once

#include <string>

namespace sotto::apps {

/// " 42% [########............] 38.8 of 92.3 s, 77× realtime, 0:01 left". Times in seconds.
std::string progress_line(double done, double all, double elapsed);

/// "sample.wav: 92.3 s of audio in 1.2 s (77× realtime)"
std::string summary_line(const std::string& name, double audio, double elapsed);

}  // namespace sotto::apps
