// What the benchmarks of the CPU engine measure on: Whisper-base's sizes and all threads.
#pragma once

#include "base/thread_pool.h"
#include "model/config.h"

namespace sotto::bench {

inline const model::Dims kBase = *model::released_dims("base");

inline ThreadPool& pool() {
  static ThreadPool instance;
  return instance;
}

}  // namespace sotto::bench
