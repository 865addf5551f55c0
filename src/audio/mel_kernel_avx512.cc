// The log-mel kernel for AVX-512 F and DQ.
#define SOTTO_LANES 8
#define SOTTO_LOG_MEL log_mel_avx512
#include "audio/mel_kernel.inc"
