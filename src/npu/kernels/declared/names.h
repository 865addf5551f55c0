// The public names of a C++ header, read from its preprocessed text: enough of the grammar for the
// two headers of the AIE API, and no more.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace sotto::npu::declared {

/// How often a name is declared: not at all as a function if it is a type or a constant.
struct Name {
  int forms = 0;    ///< functions
  int foreign = 0;  ///< those without a body, which others must define
};

/// By names such as aie::add, aie::vector::push, get_ss (global). aie::intrinsics counts as global;
/// what lies in aie::detail, std or sotto is left out. All conversions to a type are `conversion`.
using Names = std::map<std::string, Name>;

/// Of the lines that come from files whose path contains `folder`, by the line markers of -E.
Names names_of_header(const std::string& preprocessed, const std::string& folder);

/// Of the undefined symbols that `nm -P` lists: how many distinct ones have the name.
Names names_of_symbols(const std::string& listing);

/// What the header of declarations lacks of the host's, names and forms, and which of its forms are
/// not called: one line each.
std::vector<std::string> faults(const Names& host, const Names& declared, const Names& called);

}  // namespace sotto::npu::declared
