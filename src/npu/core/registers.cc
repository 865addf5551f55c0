#include "npu/core/registers.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/error.h"

namespace sotto::npu::core {
namespace {

// Units. The eight address modifiers stand in the order 0 4 1 5 2 6 3 7, which makes the 3-D ones
// runs.
constexpr int kR = 0, kP = 32, kD = 40, kS = 72, kW = 76, kAm = 100, kQ = 136, kCr = 140, kLc = 152,
              kUnitsEnd = 157;

constexpr RegisterFile kFiles[kRegisterClasses] = {
    {RegisterClass::r, "r", kR, 1, 1, 32},          {RegisterClass::r16_19, "r", kR + 16, 1, 1, 4},
    {RegisterClass::r16_23, "r", kR + 16, 1, 1, 8}, {RegisterClass::r26, "r", kR + 26, 1, 1, 1},
    {RegisterClass::r27, "r", kR + 27, 1, 1, 1},    {RegisterClass::r28, "r", kR + 28, 1, 1, 1},
    {RegisterClass::r29, "r", kR + 29, 1, 1, 1},    {RegisterClass::r31, "r", kR + 31, 1, 1, 1},
    {RegisterClass::l, "l", kR + 16, 2, 2, 8},      {RegisterClass::p, "p", kP, 1, 1, 8},
    {RegisterClass::m, "m", kD, 1, 4, 8},           {RegisterClass::dn, "dn", kD + 1, 1, 4, 8},
    {RegisterClass::dj, "dj", kD + 2, 1, 4, 8},     {RegisterClass::dc, "dc", kD + 3, 1, 4, 8},
    {RegisterClass::d, "d", kD, 4, 4, 8},           {RegisterClass::d3, "d", kD, 8, 8, 4},
    {RegisterClass::s, "s", kS, 1, 1, 4},           {RegisterClass::w, "w", kW, 1, 1, 24},
    {RegisterClass::x, "x", kW, 2, 2, 12},          {RegisterClass::y, "y", kW + 8, 4, 4, 4},
    {RegisterClass::am, "am", kAm, 1, 1, 36},       {RegisterClass::bm, "bm", kAm, 2, 2, 18},
    {RegisterClass::bm0_7, "bm", kAm, 2, 2, 16},    {RegisterClass::cm, "cm", kAm, 4, 4, 9},
    {RegisterClass::q, "q", kQ, 1, 1, 4},           {RegisterClass::cr, "cr", kCr, 1, 1, 12},
    {RegisterClass::lc, "lc", kLc, 1, 1, 1},        {RegisterClass::ls, "ls", kLc + 1, 1, 1, 1},
    {RegisterClass::le, "le", kLc + 2, 1, 1, 1},    {RegisterClass::sp, "sp", kLc + 3, 1, 1, 1},
    {RegisterClass::lr, "lr", kLc + 4, 1, 1, 1},    {RegisterClass::any_scalar, "", 0, 1, 1, 0},
    {RegisterClass::stored, "", 0, 1, 1, 0},
};

constexpr const char* kControlNames[12] = {"crVaddSign", "crF2FMask",  "crF2IMask", "crFPMask",
                                           "crMCDEn",    "crPackSign", "crRnd",     "crSCDEn",
                                           "crSRSSign",  "crSat",      "crUPSSign", "crUnpackSign"};

/// Those that a store takes come first.
constexpr RegisterClass kScalars[] = {
    RegisterClass::r,  RegisterClass::p,  RegisterClass::m, RegisterClass::dn, RegisterClass::dj,
    RegisterClass::dc, RegisterClass::lr, RegisterClass::s, RegisterClass::cr, RegisterClass::lc,
    RegisterClass::ls, RegisterClass::le, RegisterClass::sp};
constexpr std::ptrdiff_t kStored = 7;

/// The number in the name of modifier `index`: 0 4 1 5 2 6 3 7.
int modifier_number(int index) {
  return index / 2 + (index % 2) * 4;
}

int modifier_index(int number) {
  return number % 4 * 2 + number / 4;
}

bool is_modifier(RegisterClass cls) {
  return cls == RegisterClass::m || cls == RegisterClass::dn || cls == RegisterClass::dj ||
         cls == RegisterClass::dc || cls == RegisterClass::d;
}

struct Prefix {
  std::string_view text;
  RegisterClass cls;
  int scale, offset;  ///< index = number · scale + offset
};

constexpr Prefix kPrefixes[] = {
    {"amll", RegisterClass::am, 4, 0}, {"amlh", RegisterClass::am, 4, 1},
    {"amhl", RegisterClass::am, 4, 2}, {"amhh", RegisterClass::am, 4, 3},
    {"bml", RegisterClass::bm, 2, 0},  {"bmh", RegisterClass::bm, 2, 1},
    {"wl", RegisterClass::w, 2, 0},    {"wh", RegisterClass::w, 2, 1},
    {"cm", RegisterClass::cm, 1, 0},   {"dn", RegisterClass::dn, 1, 0},
    {"dj", RegisterClass::dj, 1, 0},   {"dc", RegisterClass::dc, 1, 0},
    {"r", RegisterClass::r, 1, 0},     {"l", RegisterClass::l, 1, 0},
    {"p", RegisterClass::p, 1, 0},     {"m", RegisterClass::m, 1, 0},
    {"d", RegisterClass::d, 1, 0},     {"s", RegisterClass::s, 1, 0},
    {"x", RegisterClass::x, 1, 0},     {"y", RegisterClass::y, 1, -2},
    {"q", RegisterClass::q, 1, 0},
};

std::optional<Register> parse_numbered(std::string_view name) {
  for (const Prefix& prefix : kPrefixes) {
    if (!name.starts_with(prefix.text)) continue;
    const char* const end = name.data() + name.size();
    int number = 0;
    const auto [rest, error] = std::from_chars(name.data() + prefix.text.size(), end, number);
    if (error != std::errc() || rest != end) continue;
    const int index =
        is_modifier(prefix.cls) ? modifier_index(number) : number * prefix.scale + prefix.offset;
    if (number < 0 || index < 0 || index >= register_file(prefix.cls).count) return std::nullopt;
    return Register{prefix.cls, static_cast<uint8_t>(index)};
  }
  return std::nullopt;
}

}  // namespace

const RegisterFile& register_file(RegisterClass cls) {
  return kFiles[static_cast<int>(cls)];
}

int register_units() {
  return kUnitsEnd;
}

int Register::first_unit() const {
  const RegisterFile& file = register_file(cls);
  return file.first + index * file.stride;
}

int Register::units() const {
  return register_file(cls).units;
}

bool Register::overlaps(Register other) const {
  return first_unit() < other.first_unit() + other.units() &&
         other.first_unit() < first_unit() + units();
}

bool accepts(RegisterClass cls, Register reg) {
  if (cls == RegisterClass::any_scalar || cls == RegisterClass::stored) {
    const auto end = cls == RegisterClass::stored ? kScalars + kStored : std::end(kScalars);
    return std::any_of(std::begin(kScalars), end,
                       [&](RegisterClass scalar) { return accepts(scalar, reg); });
  }
  const RegisterFile& file = register_file(cls);
  const int offset = reg.first_unit() - file.first;
  return reg.units() == file.units && offset >= 0 && offset % file.stride == 0 &&
         offset / file.stride < file.count;
}

bool accepts(RegisterClass wide, RegisterClass narrow) {
  for (int i = 0; i < register_file(narrow).count; ++i) {
    if (!accepts(wide, Register{narrow, static_cast<uint8_t>(i)})) return false;
  }
  return register_file(narrow).count > 0;
}

bool is_callee_saved(Register reg) {
  constexpr Register kSaved[] = {
      {RegisterClass::p, 6}, {RegisterClass::p, 7}, {RegisterClass::sp, 0}};
  for (int i = 0; i < register_file(RegisterClass::r16_23).count; ++i) {
    if (reg.overlaps({RegisterClass::r16_23, static_cast<uint8_t>(i)})) return true;
  }
  return std::any_of(std::begin(kSaved), std::end(kSaved),
                     [&](Register saved) { return reg.overlaps(saved); });
}

std::string register_name(Register reg) {
  const RegisterFile& file = register_file(reg.cls);
  switch (reg.cls) {
    case RegisterClass::w:
      return concat(reg.index % 2 ? "wh" : "wl", reg.index / 2);
    case RegisterClass::bm:
    case RegisterClass::bm0_7:
      return concat(reg.index % 2 ? "bmh" : "bml", reg.index / 2);
    case RegisterClass::am: {
      constexpr const char* kQuarters[] = {"amll", "amlh", "amhl", "amhh"};
      return concat(kQuarters[reg.index % 4], reg.index / 4);
    }
    case RegisterClass::y:
      return concat("y", reg.index + 2);
    case RegisterClass::l:
      return concat("r", 2 * reg.index + 17, ":r", 2 * reg.index + 16);
    case RegisterClass::cr:
      return kControlNames[reg.index];
    case RegisterClass::lc:
    case RegisterClass::ls:
    case RegisterClass::le:
    case RegisterClass::sp:
    case RegisterClass::lr:
      return file.name;
    default:
      break;
  }
  if (is_modifier(reg.cls)) return concat(file.name, modifier_number(reg.index));
  // The parts of r are named by their place in r.
  const int number = *file.name == 'r' ? file.first + reg.index : reg.index;
  return concat(file.name, number);
}

std::optional<Register> parse_register(std::string_view name) {
  for (int i = 0; i < 12; ++i) {
    if (name == kControlNames[i]) return Register{RegisterClass::cr, static_cast<uint8_t>(i)};
  }
  for (const RegisterClass cls : {RegisterClass::lc, RegisterClass::ls, RegisterClass::le,
                                  RegisterClass::sp, RegisterClass::lr}) {
    if (name == register_file(cls).name) return Register{cls, 0};
  }
  // A pair is named by its two registers: r17:r16.
  if (const size_t colon = name.find(':'); colon != std::string_view::npos) {
    const std::optional<Register> low = parse_numbered(name.substr(colon + 1));
    if (!low || low->index < 16 || low->index % 2 != 0) return std::nullopt;
    const Register pair{RegisterClass::l, static_cast<uint8_t>((low->index - 16) / 2)};
    return register_name(pair) == name ? std::optional(pair) : std::nullopt;
  }
  return parse_numbered(name);
}

}  // namespace sotto::npu::core
