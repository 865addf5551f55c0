// Copies a struct that no register holds.
struct Table {
  int entries[256];
};

extern "C" void struct_copy(Table* out, const Table* in) {
  *out = *in;
}
