// Keeps a number from call to call.
static int calls = 0;

extern "C" int global_data() {
  return ++calls;
}
