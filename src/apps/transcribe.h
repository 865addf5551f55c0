// The command "sotto transcribe".
#pragma once

#include "apps/console.h"
#include "apps/options.h"

namespace sotto::apps {

/// Transcribes all files and returns the exit code: 0, or 1 when one of them failed. Throws Error
/// for what concerns all of them, Error{interrupted}, and OutputClosed when no files are asked for.
int transcribe(const Options& options, Console& console);

}  // namespace sotto::apps
