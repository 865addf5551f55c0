// Runs code before main, by a constructor that leaves no data.
[[gnu::constructor]] static void before_main() {
  asm volatile("");
}

extern "C" void static_constructor() {}
