// compare_names HOST DECLARED CALLED: the preprocessed headers of both APIs and what `nm -P` lists
// of the objects that call the operations. Prints what is missing; fails if something is.
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/error.h"
#include "npu/kernels/declared/names.h"

namespace {

std::string text_of(const char* path) {
  std::ifstream file(path);
  if (!file) sotto::fail(sotto::ErrorKind::io, "cannot read ", path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace sotto::npu::declared;
  if (argc != 4) {
    std::cerr << "usage: compare_names HOST DECLARED CALLED\n";
    return 2;
  }
  const Names host = names_of_header(text_of(argv[1]), "/host/include/aie_api/");
  const Names declared = names_of_header(text_of(argv[2]), "/declared/include/aie_api/");
  const Names called = names_of_symbols(text_of(argv[3]));
  int operations = 0;
  int forms = 0;
  for (const auto& [name, how] : declared) {
    operations += how.foreign > 0 ? 1 : 0;
    forms += how.foreign;
  }
  std::cout << host.size() << " names in the host API; declared: " << operations
            << " operations in " << forms << " forms\n";
  const auto found = faults(host, declared, called);
  for (const std::string& fault : found) std::cout << fault << "\n";
  return found.empty() && operations > 0 && !host.empty() ? 0 : 1;
}
