// Exports the name of another kernel.
extern "C" void passthrough(int* out) {
  *out = 0;
}
