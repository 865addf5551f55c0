// A fingerprint of a design: SHA-256 (FIPS 180-4) of its canonical text. Two designs that mean the
// same to the array have the same one, whatever line or machine wrote them; names count, source
// locations do not.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "npu/design/design.h"

namespace sotto::npu::design {

using ContentHash = std::array<std::uint8_t, 32>;

/// Every field of the design in a fixed order, one value a line.
std::string canonical_text(const Design& design);

ContentHash content_hash(const Design& design);
std::string to_hex(const ContentHash& hash);

ContentHash sha256(std::string_view bytes);

}  // namespace sotto::npu::design
