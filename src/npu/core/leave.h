// A jump out of the call before its end, for what data decide. Where it leads to stands behind the
// call's return: registers as the caller wants them, and a return of its own.
//
// Loads and sums that come behind the jump may be under way when it is taken, and none of what they
// write matters; stores wait for the decision (past.h).
#pragma once

#include <string>
#include <vector>

#include "npu/core/image.h"

namespace sotto::npu::core {

/// Adds the bundles that run behind the delay slots of the image's jnz_leave: `code`, each
/// instruction as early as what is under way allows, and a return. The first instruction takes what
/// the call returns from where the jump says. Throws Error when the image has no such jump or
/// several.
void add_leave(Image& image, const std::vector<Instruction>& code);

/// What is wrong with the jump and what runs behind it, in one line.
std::string problem_of_leave(const Image& image);

}  // namespace sotto::npu::core
