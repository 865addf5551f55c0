#include "npu/core/semantics.h"

#include "npu/core/spill.h"

namespace sotto::npu::core {
namespace {

Token mix(Token a, Token b) {
  Token x = a * 0x9E3779B97F4A7C15u + b;
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

/// Members of a family compute the same.
Token identity(const Execution& execution) {
  Opcode opcode = execution.opcode;
  switch (opcode) {
    case Opcode::vldb:
    case Opcode::vld:
      opcode = Opcode::vlda;
      break;
    case Opcode::padd:
    case Opcode::paddb:
    case Opcode::padds:
      opcode = Opcode::padda;
      break;
    case Opcode::padd_sp:
    case Opcode::paddb_sp:
      opcode = Opcode::padda_sp;
      break;
    default:
      // set, set_p, … and their members put a constant somewhere.
      if (info(choices(opcode)[0]).uses.empty() && info(choices(opcode)[0]).defs.size() == 1 &&
          info(choices(opcode)[0]).immediate.bits > 0 && execution.access == nullptr) {
        opcode = Opcode::movxm;
      }
  }
  // Where a spilled value is, code decides.
  const bool spilled = execution.access != nullptr && execution.access->object >= kFirstSpillObject;
  Token token =
      mix(static_cast<Token>(opcode), spilled ? 0 : static_cast<Token>(execution.immediate));
  for (const char letter : *execution.suffix) token = mix(token, static_cast<Token>(letter));
  return mix(token, static_cast<Token>(execution.mode));
}

Token hash_uses(const Execution& execution, size_t first, size_t end) {
  Token token = 0;
  for (size_t i = first; i < end; ++i) token = mix(token, HashSemantics::hash(execution.uses[i]));
  return token;
}

}  // namespace

Token HashSemantics::hash(const Tokens& tokens) {
  Token all = tokens.size();
  for (const Token token : tokens) all = mix(all, token);
  return all;
}

void HashSemantics::address(Execution& execution) {
  const size_t first = info(choices(execution.opcode)[0]).uses.size();
  const Token all = mix(identity(execution), hash_uses(execution, first, execution.uses.size()));
  for (size_t i = info(choices(execution.opcode)[0]).defs.size(); i < execution.defs.size(); ++i) {
    Token unit = 0;
    for (Token& token : execution.defs[i]) token = mix(all, i * 16 + unit++);
  }
}

HashSemantics::Byte& HashSemantics::at(int object, int64_t byte) {
  const auto [place, fresh] = memory_.try_emplace({object, byte});
  if (fresh) place->second.token = mix(static_cast<Token>(object), static_cast<Token>(byte));
  return place->second;
}

Token HashSemantics::load(const Execution& execution) {
  const Access& access = *execution.access;
  if (access.object == kAnyObject) return unknown_;
  Token all = 0;
  const int64_t first = access.offset + access.stride * execution.iteration;
  for (int64_t byte = first; byte < first + access.bytes; ++byte) {
    Byte& cell = at(access.object, byte);
    // A load in the very cycle of a store gets either: neither is right.
    const bool race = cell.written == execution.cycle;
    // A part-word store may read what it writes.
    if (info(choices(execution.opcode)[0]).memory == MemoryUse::load) cell.read = execution.cycle;
    all = mix(all, race ? ~Token{0} : cell.token);
  }
  return all;
}

void HashSemantics::store(const Execution& execution, Token token) {
  const Access& access = *execution.access;
  if (access.object == kAnyObject) {
    unknown_ = mix(unknown_, token);
    return;
  }
  const int64_t first = access.offset + access.stride * execution.iteration;
  for (int64_t byte = first; byte < first + access.bytes; ++byte) {
    Byte& cell = at(access.object, byte);
    const bool race = cell.written == execution.cycle || cell.read == execution.cycle;
    // A place of a spilled value has no past: where it is depends on the code.
    const Token past = access.object >= kFirstSpillObject ? 0 : cell.token;
    cell.token = mix(past, mix(token, race ? ~Token{0} : static_cast<Token>(byte - first)));
    cell.written = execution.cycle;
  }
}

void HashSemantics::execute(Execution& execution) {
  const OpcodeInfo& row = info(choices(execution.opcode)[0]);
  Token all = mix(identity(execution), hash_uses(execution, 0, execution.uses.size()));
  if (execution.access != nullptr && row.memory != MemoryUse::store) {
    all = mix(all, load(execution));
  }
  if (execution.access != nullptr && row.memory != MemoryUse::load) store(execution, all);
  for (size_t i = 0; i < row.defs.size(); ++i) {
    Token unit = 0;
    for (Token& token : execution.defs[i]) token = mix(all, i * 16 + unit++);
  }
}

bool same_memory(const HashSemantics& a, const HashSemantics& b) {
  const auto written = [](const HashSemantics& of) {
    std::map<std::pair<int, int64_t>, Token> tokens;
    for (const auto& [place, byte] : of.memory()) {
      if (byte.written >= 0 && place.first < kFirstSpillObject) tokens[place] = byte.token;
    }
    return tokens;
  };
  return written(a) == written(b) && a.unknown_memory() == b.unknown_memory();
}

}  // namespace sotto::npu::core
