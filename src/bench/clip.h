// The short recording of an end-to-end measurement.
#pragma once

namespace sotto::bench {

inline constexpr double kClipSeconds = 11;
inline constexpr int kClipTokens = 30;

}  // namespace sotto::bench
