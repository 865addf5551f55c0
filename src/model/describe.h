// A model in words.
#pragma once

#include <string>

#include "model/model.h"

namespace sotto::model {

/// What there is to know of a model without running it: name, format, sizes, parameters, types and
/// bytes of the weights, languages, special tokens, where the suppress lists come from. Lines of
/// "label   value", the values aligned, each line ending in a newline.
std::string describe(const Model& model);

}  // namespace sotto::model
