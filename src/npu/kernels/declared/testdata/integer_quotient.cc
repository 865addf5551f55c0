// Divides two integers.
extern "C" int integer_quotient(int a, int b) {
  return a / b;
}
