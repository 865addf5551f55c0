// The commands "sotto model info" and "sotto model convert".
#pragma once

#include "apps/console.h"

namespace sotto::apps {

struct Options;

/// Says what a model is, after checking all of it. Throws Error.
int model_info(const Options& options, Console& console);

/// Writes a model as a ggml file. Throws Error.
int model_convert(const Options& options, Console& console);

}  // namespace sotto::apps
