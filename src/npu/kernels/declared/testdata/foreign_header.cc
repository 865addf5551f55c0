// Includes a part of the AIE API that AMD's does not have.
#include <aie_api/core.hpp>

extern "C" void foreign_header() {
  event0();
}
