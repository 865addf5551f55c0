// Which Sotto this is.
#pragma once

#include <string_view>

namespace sotto::apps {

/// "0.1.0"
std::string_view version();

/// The commit that was built, "1a2b3c4d", with "+" when files were changed; "unknown" outside a git
/// repository.
std::string_view commit();

}  // namespace sotto::apps
