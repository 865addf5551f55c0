// The log-mel kernel for AVX2 and FMA.
#define SOTTO_LANES 4
#define SOTTO_LOG_MEL log_mel_avx2
#include "audio/mel_kernel.inc"
