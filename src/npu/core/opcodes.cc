#include "npu/core/opcodes.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "npu/core/opcode_rows.h"

namespace sotto::npu::core {
namespace {

using Index = std::array<const OpcodeInfo*, kOpcodes>;

Index index_rows() {
  Index index{};
  for (const auto rows : {rows::memory_rows(), rows::vector_rows(), rows::scalar_rows()}) {
    for (const OpcodeInfo& row : rows) index[static_cast<size_t>(row.opcode)] = &row;
  }
  return index;
}

struct Family {
  Opcode opcode;
  FixedList<Opcode, 4> members;
};

using O = Opcode;
constexpr Family kFamilies[] = {
    {O::vld, {O::vldb, O::vlda}},
    {O::padd, {O::paddb, O::padds, O::padda}},
    {O::padd_sp, {O::paddb_sp, O::padda_sp}},
    {O::set, {O::mova, O::movx, O::mov_imm, O::movxm}},
    {O::set_p, {O::mova_p, O::mov_imm_p, O::movxm_p}},
    {O::set_m, {O::mova_m, O::mov_imm_m, O::movxm_m}},
    {O::set_dn, {O::mova_dn, O::mov_imm_dn, O::movxm_dn}},
    {O::set_dj, {O::mova_dj, O::mov_imm_dj, O::movxm_dj}},
    {O::set_dc, {O::mova_dc, O::mov_imm_dc, O::movxm_dc}},
    {O::set_s, {O::mov_imm_s, O::movxm_s}},
};

}  // namespace

const OpcodeInfo& info(Opcode opcode) {
  static const Index index = index_rows();
  const OpcodeInfo* const row = index[static_cast<size_t>(opcode)];
  SOTTO_CHECK(row != nullptr);
  return *row;
}

std::span<const Opcode> choices(Opcode opcode) {
  for (const Family& family : kFamilies) {
    if (family.opcode == opcode) return {family.members.begin(), family.members.size()};
  }
  static const auto kSelves = [] {
    std::array<Opcode, kOpcodes> all{};
    for (int i = 0; i < kOpcodes; ++i) all[static_cast<size_t>(i)] = static_cast<Opcode>(i);
    return all;
  }();
  return {&kSelves[static_cast<size_t>(opcode)], 1};
}

std::span<const Opcode> interchangeable(Opcode opcode) {
  for (const Family& family : kFamilies) {
    const FixedList<Opcode, 4>& members = family.members;
    if (std::find(members.begin(), members.end(), opcode) != members.end()) {
      return {members.begin(), members.size()};
    }
  }
  return choices(opcode);
}

Signature signature(Opcode opcode, AddressMode mode) {
  const OpcodeInfo& row = info(choices(opcode)[0]);
  Signature all;
  for (const Timing& def : row.defs) all.defs.push_back(def);
  for (const Timing& use : row.uses) all.uses.push_back(use);
  const auto reads = [&](RegisterClass cls) { all.uses.push_back({cls}); };
  const auto updates = [&](RegisterClass cls) {
    all.uses.push_back({cls});
    all.defs.push_back({cls});
  };
  const auto counts = [&] { all.defs.push_back({RegisterClass::dc}); };
  switch (mode) {
    case AddressMode::none:
      break;
    case AddressMode::offset:
      reads(RegisterClass::p);
      break;
    case AddressMode::index:
      reads(RegisterClass::p);
      reads(RegisterClass::dj);
      break;
    case AddressMode::increment:
      updates(RegisterClass::p);
      break;
    case AddressMode::increment_m:
      updates(RegisterClass::p);
      reads(RegisterClass::m);
      break;
    case AddressMode::increment_2d:
      updates(RegisterClass::p);
      reads(RegisterClass::d);
      counts();
      break;
    case AddressMode::increment_3d:
      updates(RegisterClass::p);
      reads(RegisterClass::d3);
      counts();
      counts();
      break;
    case AddressMode::stack:
      reads(RegisterClass::sp);
      break;
  }
  return all;
}

bool encodable(Opcode opcode, AddressMode mode, int64_t immediate) {
  const OpcodeInfo& row = info(opcode);
  if ((row.modes & (1u << static_cast<int>(mode))) == 0) return false;
  switch (mode) {
    case AddressMode::increment:
      return row.increment.holds(immediate);
    case AddressMode::stack:
      return ImmediateRange{12, row.immediate.scale}.holds(immediate) && immediate < 0;
    case AddressMode::none:
    case AddressMode::offset:
      return row.immediate.holds(immediate);
    default:
      return immediate == 0;
  }
}

}  // namespace sotto::npu::core
