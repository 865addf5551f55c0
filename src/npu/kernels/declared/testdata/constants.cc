// Brings more constants than a core has room for.
static const int kTable[512] = {1, 2, 3};

extern "C" int constants(int i) {
  return kTable[i];
}
