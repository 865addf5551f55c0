// Programs with one thing wrong in them: nearly all are named, and both engines say the same.
// And right programs with random delays: what they compute does not change.
#include <map>

#include "npu/sim/random_designs_testing.h"

namespace sotto::npu::sim {
namespace {

using namespace testing;
using design::ArrayProgram;

constexpr int kMutants = 500;
constexpr std::uint32_t kDelays = 1000;

template <typename T>
T& pick(std::vector<T>& list, std::mt19937& random) {
  return list[random() % list.size()];
}

/// Each changes one number; false if the program has no such thing.
bool change_lock(ArrayProgram& program, std::mt19937& random) {
  const int by = random() % 2 == 0 ? 1 : -1;
  switch (random() % 3) {
    case 0: {
      auto& fields = pick(program.descriptors, random).fields;
      if (!fields.acquires) return false;
      (random() % 2 == 0 ? fields.acquire : fields.release).value += by;
      return true;
    }
    case 1: {
      design::CoreOperation& operation = pick(pick(program.cores, random).operations, random);
      if (auto* acquire = std::get_if<design::LockAcquire>(&operation)) acquire->value += by;
      if (auto* release = std::get_if<design::LockRelease>(&operation)) release->value += by;
      return !std::holds_alternative<design::KernelCall>(operation) &&
             (std::holds_alternative<design::LockAcquire>(operation) ||
              std::holds_alternative<design::LockRelease>(operation));
    }
    default:
      // One more than there is room for, or than there is.
      pick(program.locks, random).initial += 1;
      return true;
  }
}

bool swap_descriptors(ArrayProgram& program, std::mt19937& random) {
  auto& first = pick(program.descriptors, random);
  if (!first.fields.has_next) return false;
  for (auto& second : program.descriptors) {
    if (second.tile != first.tile || second.id != static_cast<int>(first.fields.next)) continue;
    if (second.fields.address == first.fields.address) return false;
    std::swap(first.fields.address, second.fields.address);
    return true;
  }
  return false;
}

bool shorten(ArrayProgram& program, std::mt19937& random) {
  if (random() % 2 == 0) {
    --pick(program.descriptors, random).fields.length;
    return true;
  }
  auto stream = design::decode(program.instructions);
  auto* block = std::get_if<design::BlockWrite>(&pick(stream.instructions, random));
  if (block == nullptr) return false;
  --block->words[0];
  program.instructions = design::encode(stream);
  return true;
}

bool lose_token(ArrayProgram& program, std::mt19937& random) {
  auto stream = design::decode(program.instructions);
  auto* write = std::get_if<design::Write>(&pick(stream.instructions, random));
  if (write == nullptr || (write->value & 0x80000000u) == 0) return false;
  write->value &= ~0x80000000u;
  program.instructions = design::encode(stream);
  return true;
}

/// More objects than buffers, so that every descriptor and lock matters.
constexpr int kObjects = 12;

/// What is said of a program, which may be all right; where results leave slowly, too: then
/// everything fills up.
std::string outcome(const ArrayProgram& program, std::uint32_t seed, EngineKind engine) {
  for (const Picoseconds write : {Picoseconds{18000}, Picoseconds{2000000}}) {
    Hosts hosts(program);
    Options options = quick(engine);
    options.costs.write_request = write;
    options.costs.requests_ahead = 1;
    options.hosts = hosts.spans();
    options.dispatches = 2;
    try {
      const Report report = simulate(program, random_design(seed, kObjects).library, options);
      if (!report.finished() || !report.findings.empty()) return to_string(report);
    } catch (const Error& error) {
      return error.what();
    }
  }
  return {};
}

TEST(Mutants, AreNamed) {
  using Mutation = bool (*)(ArrayProgram&, std::mt19937&);
  const std::pair<const char*, Mutation> mutations[] = {{"lock off by one", change_lock},
                                                        {"descriptors swapped", swap_descriptors},
                                                        {"one word short", shorten},
                                                        {"token lost", lose_token}};
  std::mt19937 random(11);
  std::map<std::string, std::pair<int, int>> named;  // of so many
  int all = 0, caught = 0;
  for (std::uint32_t seed = 0; all < kMutants; ++seed) {
    const design::Design design = random_design(seed % 1500, kObjects).design;
    if (!design::testing::findings_of(design).empty()) continue;
    // What a program that owns its locks does with its buffers, nobody sees: where they are
    // exchanged, only the result is wrong (docs/npu/simulator.md, limits).
    if (!design.cores[0].shares.empty()) continue;
    ArrayProgram program = design::lower(design::check(design));
    const auto& [name, mutate] = mutations[seed % std::size(mutations)];
    if (!mutate(program, random)) continue;
    ++all;
    const std::string said = outcome(program, seed % 1500, EngineKind::fast);
    EXPECT_EQ(said, outcome(program, seed % 1500, EngineKind::reference)) << seed << " " << name;
    caught += !said.empty();
    named[name].first += !said.empty();
    ++named[name].second;
  }
  std::string table;
  for (const auto& [name, counts] : named) {
    table +=
        name + ": " + std::to_string(counts.first) + " of " + std::to_string(counts.second) + "\n";
  }
  RecordProperty("named", table);
  EXPECT_GE(caught * 100, all * 95) << table;
}

TEST(Delays, DoNotChangeWhatIsComputed) {
  std::vector<std::vector<std::int32_t>> expected;
  ArrayProgram program;
  Cycle least = 0, most = 0;
  for (std::uint32_t seed = 0; seed < kDelays; ++seed) {
    const std::uint32_t shape = seed / 40;  // 40 delays of each of 25 designs
    RandomDesign made = random_design(shape, 4);
    std::mt19937 random(seed);
    for (const char* symbol : {"mix", "mix_two"}) {
      const HostFunction host = made.library.at(symbol).host;
      made.library.add(symbol, host, [&random](const CallArguments&) {
        return Cost{static_cast<Cycle>(random() % 3000)};
      });
    }
    if (seed % 40 == 0) program = design::lower(design::check(made.design));
    Hosts hosts(program);
    Options options = quick(EngineKind::fast);
    options.hosts = hosts.spans();
    options.delay_seed = seed + 1;
    options.mhz = kClocksMhz[seed % std::size(kClocksMhz)];
    const Report report = simulate(program, made.library, options);
    ASSERT_TRUE(report.finished() && report.findings.empty()) << to_string(report);
    if (seed % 40 == 0) {
      expected = hosts.words;
      least = most = report.cycles();
    }
    ASSERT_EQ(hosts.words, expected) << seed;
    least = std::min(least, report.cycles());
    most = std::max(most, report.cycles());
    const bool last = seed % 40 == 39;
    EXPECT_TRUE(!last || most > least + 500) << "delays that change nothing prove nothing";
  }
}

}  // namespace
}  // namespace sotto::npu::sim
