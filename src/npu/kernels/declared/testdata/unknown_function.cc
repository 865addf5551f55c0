// Calls a function that no kernel defines.
int unknown(int x);

extern "C" int unknown_function(int x) {
  return unknown(x) + 1;
}
