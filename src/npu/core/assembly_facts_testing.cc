#include "npu/core/assembly_facts_testing.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "npu/core/formats.h"
#include "npu/core/slots.h"

namespace sotto::npu::core::testing {
namespace {

constexpr Slot lda = Slot::lda, ldb = Slot::ldb, st = Slot::st, alu = Slot::alu, mv = Slot::mv,
               vec = Slot::vec, lng = Slot::lng;

/// {a,b} in a mnemonic stands for one of these. Operands: classes of registers (kClasses), one of
/// several with |; #6x32 is a constant of 6 bits, signed, times 32, #n12x32 a negative one, #u5 one
/// without sign; @6x32+7x32 is memory at [p, #6x32], [p, dj], [p], #7x32, [p], m and, with .2d and
/// .3d behind the mnemonic's first word, [p], d; then what [sp, #] takes. @- has no constants,
/// @+10x4 only moves the pointer.
struct Row {
  Slot slot;
  std::string_view mnemonics, operands;
};

constexpr Row kRows[] = {
    {lda, "vlda", "w|am @6x32+7x32+n12x32"},
    {lda, "vlda.ups.{s32.d16,s32.s16,s64.d32,s64.s32}", "bm s @3x32+4x32"},
    {lda, "vlda.ups.{s32.d8,s32.s8,s64.d16,s64.s16}", "cm s @3x32+4x32"},
    {lda, "vlda.conv.fp32.bf16", "bm @3x32+4x32"},
    {lda, "vlda.128", "w [p]"},
    {lda, "lda", "r|p|m|dn|dj|dc|lr @6x4+7x4+n12x4"},
    {lda, "lda", "q @6x16+7x16+n12x16"},
    {lda, "lda.{s8,u8,s16,u16}", "r @3x1+4x1"},
    {lda, "lda.tm", "r [p]"},
    {lda, "st.{s8,s16}", "r @3x1+4x1"},
    {lda, "mova", "r|p|m|dn|dj|dc|lc #11x1"},
    {lda, "mov", "r SS"},
    {lda, "padda", "@+10x4"},
    {lda, "padda", "[sp] #13x32"},
    {lda, "vmov", "x|bm SCD"},

    {ldb, "vldb", "w @3x32+4x32"},
    {ldb, "vldb.128", "w @-"},
    {ldb, "vldb.unpack.{d8.d4,d16.d8,s8.s4,s16.s8}", "x @-"},
    {ldb, "vldb.{4x16,4x32,4x64}.{lo,hi}", "w w"},
    {ldb, "vunpack.{d8.d4,d16.d8,s8.s4,s16.s8}", "x w"},
    {ldb, "paddb", "@+9x4"},
    {ldb, "paddb", "[sp] #12x32"},

    {st, "vst", "w|am @6x32+7x32+n12x32"},
    {st, "vst.128", "w @6x32+7x32+n12x32"},
    {st, "vst.srs.{d16.s32,s16.s32,d32.s64,s32.s64}", "bm s @3x32+4x32"},
    {st, "vst.srs.{d8.s32,s8.s32,d16.s64,s16.s64}", "cm s @3x32+4x32"},
    {st, "vst.conv.bf16.fp32", "bm @3x32+4x32"},
    {st, "vst.pack.{d4.d8,d8.d16,s4.s8,s8.s16}", "x @3x32+4x32"},
    {st, "st", "r|p|m|dn|dj|dc|lr @6x4+7x4+n12x4"},
    {st, "st", "q @6x16+7x16+n12x16"},
    {st, "st.tm", "r|p|m|dn|dj|dc|lr [p]"},
    {st, "mov", "ms r|p|m|dn|dj|dc"},
    {st, "vmov", "MCD x|bm"},
    {st, "padds", "@+10x4"},
    {st, "vsrs.{d16.s32,s16.s32,d32.s64,s32.s64}", "w bm s"},
    {st, "vsrs.{d16.s32,s16.s32,d32.s64,s32.s64}", "x cm s"},
    {st, "vsrs.{d8.s32,s8.s32,d16.s64,s16.s64}", "w cm s"},
    {st, "vconv.bf16.fp32", "w bm"},
    {st, "vfloor.s32.bf16", "x w|am s"},
    {st, "vpack.{d4.d8,d8.d16,s4.s8,s8.s16}", "w x"},

    {alu, "{add,sub,adc,sbc,mul,and,or,xor,lshl,ashl,lt,ltu,ge,geu,eq,ne}", "r r r"},
    {alu, "add", "r r #7x1"},
    {alu, "{eqz,nez,abs,clz,clb,extend.s8,extend.s16,extend.u8,extend.u16}", "r r"},
    {alu, "sel.{eqz,nez}", "r r r r27"},
    {alu, "divs", "r r31 r r"},
    {alu, "movx", "r|lc #11x1"},
    {alu, "movx", "cr r"},
    {alu, "{j,jl}", "p"},
    {alu, "jnzd", "r r p"},
    {alu, "ret", "lr"},
    {alu, "{acq,rel}", "r|#u6 r"},
    {alu, "{acq,rel}.cond", "r|#u6 r r26"},
    {alu, "done", ""},

    {mv, "mov", "r|p|m|dn|dj|dc|s|cr|lc|ls|le|sp|lr r|p|m|dn|dj|dc|s|cr|lc|ls|le|sp|lr|#10x1"},
    {mv, "add.nc", "r|p|m|dn|dj|dc|s|cr|lc|ls|le|sp|lr r #6x1"},
    {mv, "{vadd,vsub}.{8,16,32}", "x x x"},
    {mv, "{vband,vbor}", "x x x"},
    {mv, "{vsel,vaddsub}.8", "x x x l"},
    {mv, "{vsel,vaddsub}.{16,32}", "x x x r16-23"},
    {mv, "{vmax_lt,vmin_ge,vsub_lt,vsub_ge,vmaxdiff_lt}.{d8,s8}", "x l x x"},
    {mv, "{vmax_lt,vmin_ge,vsub_lt,vsub_ge,vmaxdiff_lt}.{d16,d32,s16,s32}", "x r16-23 x x"},
    {mv, "{vmax_lt,vmin_ge}.bf16", "x r16-23 x x"},
    {mv, "vabs_gtz.{d8,s8}", "x l x"},
    {mv, "vabs_gtz.{d16,d32,s16,s32}", "x r16-23 x"},
    {mv, "vneg_gtz8", "x l x"},
    {mv, "vneg_gtz{16,32}", "x r16-23 x"},
    {mv, "vbneg_ltz.s8", "x l x"},
    {mv, "vbneg_ltz.{s16,s32}", "x r16-23 x"},
    {mv, "{vlt,vge}.{d8,s8}", "l x x"},
    {mv, "{vlt,vge}.{d16,d32,s16,s32,bf16}", "r16-23 x x"},
    {mv, "veqz.8", "l x"},
    {mv, "veqz.{16,32}", "r16-23 x"},
    {mv, "vshuffle", "x|bm0-7 x x r"},
    {mv, "vshift", "x x x r"},
    {mv, "vshift.align", "x x s x r"},
    {mv, "vbcst.{8,16,32}", "x r"},
    {mv, "vbcst.64", "x l"},
    {mv, "vextbcst.{8,16,32,64}", "x x r|#u5"},
    {mv, "vbcstshfl.{8,16,32}", "x|bm0-7 r r29"},
    {mv, "vbcstshfl.64", "x|bm0-7 l r29"},
    {mv, "vextract.{d8,d16,d32,s8,s16,s32}", "r|p|m|dn|dj|dc|s|cr|lc|ls|le|sp|lr x r16-19"},
    {mv, "vextract.{d64,s64}", "l x r16-19"},
    {mv, "vinsert.{8,16,32}", "x x r29 r"},
    {mv, "vinsert.64", "x x r29 l"},
    {mv, "vpush.lo.{8,16,32}", "x r x"},
    {mv, "vpush.lo.64", "x l x"},
    {mv, "vpush.hi.{8,16,32}", "x x r"},
    {mv, "vpush.hi.64", "x x l"},
    {mv, "vmov", "w|am|q w|am|q"},
    {mv, "vmov", "x|bm x|bm"},
    {mv, "vmov", "cm cm"},
    {mv, "vups.{s32.d16,s32.s16,s64.d32,s64.s32}", "bm w s"},
    {mv, "vups.{s32.d8,s32.s8,s64.d16,s64.s16}", "cm w s"},
    {mv, "vups.{s32.d16,s32.s16,s64.d32,s64.s32}", "cm x s"},
    {mv, "vsrsm.{d16.s32,s16.s32,d32.s64,s32.s64}", "w bm s"},
    {mv, "vconv.fp32.bf16", "bm w"},

    {vec, "{vmac,vmsc,vnegmac,vnegmsc}", "cm cm x x r"},
    {vec, "{vmul,vnegmul}", "cm x x r"},
    {vec, "{vmac,vmsc}.f", "bm bm x x r"},
    {vec, "{vmul,vnegmul}.f", "bm x x r"},
    {vec, "{vadd,vsub,vnegadd,vnegsub}", "cm cm cm r"},
    {vec, "{vadd,vsub,vnegadd,vnegsub}.f", "bm bm bm r"},
    {vec, "vneg", "cm cm r"},
    {vec, "vneg.f", "bm bm r"},
    {vec, "vclr", "cm|bm"},
    {vec, "vmov.d", "cm cm"},

    {lng, "{j,jl}", "label"},
    {lng, "{jnz,jz}", "r label"},
    {lng, "movxm", "r|p|m|dn|dj|dc|s|cr|lc|ls|le|sp|lr #32x1|label"},

    {lda, "nopa", ""},
    {ldb, "nopb", ""},
    {st, "nops", ""},
    {alu, "nopx", ""},
    {mv, "nopm", ""},
    {vec, "nopv", ""},
    {lng, "nopxm", ""},
};

/// Registers that are numbered: beginnings of their names, and the last number.
struct Class {
  std::string_view name;
  std::vector<std::string_view> beginnings;
  int first, last;
};
const Class kClasses[] = {
    {"r", {"r"}, 0, 31},          {"r16-19", {"r"}, 16, 19},
    {"r16-23", {"r"}, 16, 23},    {"r26", {"r"}, 26, 26},
    {"r27", {"r"}, 27, 27},       {"r29", {"r"}, 29, 29},
    {"r31", {"r"}, 31, 31},       {"p", {"p"}, 0, 7},
    {"m", {"m"}, 0, 7},           {"dn", {"dn"}, 0, 7},
    {"dj", {"dj"}, 0, 7},         {"dc", {"dc"}, 0, 7},
    {"d", {"d"}, 0, 7},           {"d3", {"d"}, 0, 3},
    {"s", {"s"}, 0, 3},           {"w", {"wl", "wh"}, 0, 11},
    {"x", {"x"}, 0, 11},          {"am", {"amll", "amlh", "amhl", "amhh"}, 0, 8},
    {"bm", {"bml", "bmh"}, 0, 8}, {"bm0-7", {"bml", "bmh"}, 0, 7},
    {"cm", {"cm"}, 0, 8},         {"q", {"q"}, 0, 3},
};
constexpr std::string_view kControls[] = {"crSat",        "crRnd",      "crFPMask",  "crF2IMask",
                                          "crF2FMask",    "crSRSSign",  "crUPSSign", "crPackSign",
                                          "crUnpackSign", "crVaddSign", "crSCDEn",   "crMCDEn"};
constexpr std::string_view kPairs[] = {"r17:r16", "r19:r18", "r21:r20", "r23:r22",
                                       "r25:r24", "r27:r26", "r29:r28", "r31:r30"};

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

/// "a.{b,c}" is a.b and a.c.
std::vector<std::string> expanded(const std::string& text) {
  const std::size_t open = text.find('{');
  if (open == std::string::npos) return {text};
  const std::size_t close = text.find('}');
  std::vector<std::string> all;
  for (const std::string& one : split(text.substr(open + 1, close - open - 1), ',')) {
    for (std::string& name : expanded(text.substr(0, open) + one + text.substr(close + 1))) {
      all.push_back(std::move(name));
    }
  }
  return all;
}

struct Fact {
  Slot slot{};
  std::vector<std::string> operands;
};
using Facts = std::multimap<std::string, Fact, std::less<>>;  // by mnemonic

/// What follows "@" as forms of an address: what goes behind the mnemonic's first word, and
/// operands.
std::vector<std::pair<std::string, std::vector<std::string>>> addresses(const std::string& spec) {
  std::vector<std::pair<std::string, std::vector<std::string>>> all = {
      {"", {"[p]", "m"}}, {".2d", {"[p]", "d"}}, {".3d", {"[p]", "d3"}}};
  if (spec.starts_with('+')) {
    all.push_back({"", {"[p]", "#" + spec.substr(1)}});
    return all;
  }
  all.push_back({"", {"[p, dj]"}});
  if (spec == "-") return all;
  const std::vector<std::string> constants = split(spec, '+');
  all.push_back({"", {"[p, #" + constants.at(0) + "]"}});
  all.push_back({"", {"[p]", "#" + constants.at(1)}});
  if (constants.size() > 2) all.push_back({"", {"[sp, #" + constants.at(2) + "]"}});
  return all;
}

Facts all_facts() {
  Facts facts;
  for (const Row& row : kRows) {
    for (const std::string& mnemonic : expanded(std::string(row.mnemonics))) {
      std::vector<std::string> operands = split(row.operands, ' ');
      if (operands.empty() || !operands.back().starts_with('@')) {
        facts.insert({mnemonic, {row.slot, operands}});
        continue;
      }
      const std::string spec = operands.back().substr(1);
      operands.pop_back();
      for (const auto& [dimensions, address] : addresses(spec)) {
        std::string name = mnemonic;
        name.insert(std::min(name.find('.'), name.size()), dimensions);
        Fact fact = {row.slot, operands};
        fact.operands.insert(fact.operands.end(), address.begin(), address.end());
        facts.insert({name, std::move(fact)});
      }
    }
  }
  return facts;
}

const Facts& facts() {
  static const Facts all = all_facts();
  return all;
}

bool is_number(std::string_view text, int64_t& value) {
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && rest == text.data() + text.size();
}

/// "6x32", "n12x32", "u5".
bool holds(std::string_view range, std::string_view text) {
  int64_t value = 0, bits = 0, scale = 1;
  if (!is_number(text, value)) return false;
  const bool is_negative = range.starts_with('n'), is_unsigned = range.starts_with('u');
  if (is_negative || is_unsigned) range.remove_prefix(1);
  const std::size_t times = std::min(range.find('x'), range.size());
  SOTTO_CHECK(is_number(range.substr(0, times), bits));
  SOTTO_CHECK(times == range.size() || is_number(range.substr(times + 1), scale));
  if (value % scale != 0) return false;
  value /= scale;
  const int64_t all = int64_t{1} << bits;
  if (is_negative) return value >= -all && value < 0;
  return is_unsigned ? value >= 0 && value < all : value >= -all / 2 && value < all / 2;
}

bool is_label(std::string_view text) {
  return text.size() > 1 && text[0] == '#' && (text[1] == '.' || std::isalpha(text[1]) != 0);
}

/// Whether an operand is what one word of a fact says.
bool is(std::string_view operand, std::string_view word) {
  if (operand == word || (word == "label" && is_label(operand))) return true;
  if (word.starts_with('#'))
    return operand.starts_with('#') && holds(word.substr(1), operand.substr(1));
  if (word == "cr") return std::ranges::find(kControls, operand) != std::end(kControls);
  if (word == "l") return std::ranges::find(kPairs, operand) != std::end(kPairs);
  const auto cls = std::ranges::find(kClasses, word, &Class::name);
  if (cls == std::end(kClasses)) return false;
  return std::ranges::any_of(cls->beginnings, [&](std::string_view beginning) {
    int64_t number = -1;
    return operand.starts_with(beginning) && is_number(operand.substr(beginning.size()), number) &&
           number >= cls->first && number <= cls->last;
  });
}

bool is_one_of(std::string_view operand, std::string_view words) {
  if (words.starts_with('[')) {
    if (!operand.starts_with('[') || !operand.ends_with(']')) return false;
    const auto inner = [](std::string_view text) {
      return split(text.substr(1, text.size() - 2), ',');
    };
    const std::vector<std::string> said = inner(operand), wanted = inner(words);
    if (said.size() != wanted.size() || !is(said[0], wanted[0])) return false;
    return said.size() == 1 ||
           (said[1].starts_with(' ') && is(said[1].substr(1), wanted[1].substr(1)));
  }
  for (const std::string& word : split(words, '|')) {
    if (is(operand, word)) return true;
  }
  return false;
}

/// "w0, [p0, #32]" are "w0" and "[p0, #32]".
std::vector<std::string> operands_of(std::string_view text) {
  std::vector<std::string> operands;
  std::string operand;
  bool in_brackets = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    in_brackets = text[i] == '[' || (in_brackets && text[i] != ']');
    if (!in_brackets && text.substr(i).starts_with(", ")) {
      operands.push_back(std::exchange(operand, ""));
      ++i;
    } else {
      operand += text[i];
    }
  }
  if (!operand.empty()) operands.push_back(operand);
  return operands;
}

const Fact* fact_of(std::string_view instruction) {
  const std::size_t space = std::min(instruction.find(' '), instruction.size());
  const std::vector<std::string> operands =
      operands_of(instruction.substr(std::min(space + 1, instruction.size())));
  const auto [begin, end] = facts().equal_range(instruction.substr(0, space));
  for (auto at = begin; at != end; ++at) {
    if (std::ranges::equal(operands, at->second.operands, is_one_of)) return &at->second;
  }
  return nullptr;
}

bool is_directive(const std::string& line) {
  constexpr std::string_view kDirectives[] = {".text", ".globl ", ".p2align 4", ".type ", ".size "};
  return std::ranges::any_of(kDirectives,
                             [&](std::string_view one) { return line.starts_with(one); });
}

}  // namespace

std::string problem_of_bundle(std::string_view line) {
  if (line == "nop") return "";
  SlotSet slots;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find("; ", at), line.size());
    const std::string_view instruction = line.substr(at, end - at);
    const Fact* const fact = fact_of(instruction);
    if (fact == nullptr) return concat("no such instruction: ", instruction);
    if (!fit_together(slots, fact->slot)) return concat("no slot for ", instruction, " in ", line);
    slots = slots | fact->slot;
    at = std::min(end + 2, line.size());
  }
  return slots.empty() ? "no instruction" : "";
}

std::string problem_of_assembly(const std::string& text) {
  std::string problems;
  std::set<std::string> labels, named;
  for (const std::string& line : split(text, '\n')) {
    if (line.empty() || line.starts_with("//")) continue;
    if (line[0] != ' ') {
      if (!line.ends_with(':') || !labels.insert(line.substr(0, line.size() - 1)).second) {
        problems += "no label, or one that stands there twice: " + line + "\n";
      }
      continue;
    }
    const std::string code = line.substr(std::min(line.find_first_not_of(' '), line.size()));
    if (is_directive(code)) continue;
    const std::string problem = problem_of_bundle(code);
    if (!problem.empty()) problems += problem + "\n";
    for (std::size_t at = code.find("#."); at != std::string::npos; at = code.find("#.", at + 1)) {
      named.insert(code.substr(at + 1, code.find_first_of(";, ", at) - at - 1));
    }
  }
  for (const std::string& label : named) {
    if (!labels.contains(label)) problems += "no label " + label + "\n";
  }
  return problems;
}

std::vector<std::string> mnemonics(std::string_view beginning) {
  std::vector<std::string> names;
  for (auto at = facts().lower_bound(beginning);
       at != facts().end() && at->first.starts_with(beginning);
       at = facts().upper_bound(at->first)) {
    names.push_back(at->first);
  }
  return names;
}

}  // namespace sotto::npu::core::testing
