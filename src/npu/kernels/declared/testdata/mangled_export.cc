// Exports a function under its C++ name. Inline functions and those of no other file may have one.
inline int twice(int x) {
  return 2 * x;
}

static int thrice(int x) {
  return 3 * x;
}

void twice_and_thrice(int* x) {
  *x = twice(*x) + thrice(*x);
}
