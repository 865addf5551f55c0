#include "apps/version.h"

#include <commit.h>  // made by cmake/commit.cmake

namespace sotto::apps {

std::string_view version() {
  return SOTTO_VERSION;
}

std::string_view commit() {
  return SOTTO_COMMIT;
}

}  // namespace sotto::apps
