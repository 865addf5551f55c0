// SOTTO_ASAN and SOTTO_TSAN are defined where this is compiled with AddressSanitizer or
// ThreadSanitizer, which GCC and clang 16 say in different ways.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define SOTTO_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SOTTO_ASAN
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define SOTTO_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SOTTO_TSAN
#endif
#endif
