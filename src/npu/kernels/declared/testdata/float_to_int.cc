// Converts a float to an integer.
extern "C" void float_to_int(int* out, const float* in) {
  *out = static_cast<int>(*in);
}
