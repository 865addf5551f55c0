// The log-mel kernel with the 128-bit vectors that every x86-64 and ARMv8 processor has.
#define SOTTO_LANES 2
#define SOTTO_LOG_MEL log_mel_portable
#include "audio/mel_kernel.inc"
