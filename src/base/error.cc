#include "base/error.h"

#include <cstdio>
#include <cstdlib>

namespace sotto {

void check_failed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\nThis is a defect in Sotto: please report it.\n",
               file, line, condition);
  std::abort();
}

}  // namespace sotto
