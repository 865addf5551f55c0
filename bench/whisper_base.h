// What the benchmarks of the CPU engine measure on: Whisper-base's sizes and all threads.
#pragma once

#include "base/thread_pool.h"
#include "model/config.h"

namespace sotto::bench {

inline constexpr model::Dims kBase = {.n_mels = 80,
                                      .n_audio_ctx = 1500,
                                      .n_audio_state = 512,
                                      .n_audio_head = 8,
                                      .n_audio_layer = 6,
                                      .n_audio_ffn = 2048,
                                      .n_vocab = 51865,
                                      .n_text_ctx = 448,
                                      .n_text_state = 512,
                                      .n_text_head = 8,
                                      .n_text_layer = 6,
                                      .n_text_ffn = 2048};

inline ThreadPool& pool() {
  static ThreadPool instance;
  return instance;
}

}  // namespace sotto::bench
