#include "npu/sim/machine.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace sotto::npu::sim {
namespace {

/// With data and without time: memory answers at once; kernels still take their cycles' place.
Costs costs_of(const Options& options) {
  Costs costs = options.costs;
  if (options.mode == Mode::functional) {
    costs.request = costs.write_request = costs.request_byte = costs.new_page = 0;
    costs.read_latency = costs.write_latency = costs.cold_read = costs.cold_write = 0;
    costs.operation = costs.push = 1000;
  }
  return costs;
}

const std::vector<std::span<std::byte>>& hosts_of(const design::ArrayProgram& program,
                                                  const Options& options) {
  if (options.mode == Mode::timing) return options.hosts;
  if (options.hosts.size() != program.host_buffers.size()) {
    fail(ErrorKind::usage, "simulator: '", program.name, "' has ", program.host_buffers.size(),
         " host buffers; ", options.hosts.size(), " were passed");
  }
  for (std::size_t i = 0; i < options.hosts.size(); ++i) {
    if (options.hosts[i].size() < program.host_buffers[i].bytes) {
      fail(ErrorKind::usage, "simulator: host buffer '", program.host_buffers[i].name, "' has ",
           program.host_buffers[i].bytes, " bytes; ", options.hosts[i].size(), " were passed");
    }
  }
  return options.hosts;
}

}  // namespace

Machine::Machine(const design::ArrayProgram& program, const KernelLibrary& library,
                 const Options& given, Report& result)
    : options(given),
      costs(costs_of(given)),
      clock(given.mhz),
      with_data(given.mode != Mode::timing),
      report(result),
      array(program, costs, hosts_of(program, given)),
      recorder(array, report, given.trace, with_data),
      controller(array, costs, clock, recorder),
      ddr(costs, clock, array.channels().size(), given.delay_seed) {
  for (const design::ProgramCore& core : program.cores) {
    cores.push_back(std::make_unique<CoreRun>(array, core, library, costs, with_data));
  }
}

Cycle Machine::latency_of(const Flow& flow) const {
  const Channel& source = array.channels()[static_cast<std::size_t>(flow.source)];
  return source.kind() == TileKind::shim ? 1 : costs.memory_latency;
}

int Machine::acquired_lock(int channel) const {
  const design::DescriptorFields& f = fields(channel);
  if (!f.acquires) return -1;
  const Channel& c = array.channels()[static_cast<std::size_t>(channel)];
  const int lock = array.dma_lock(c.tile, f.acquire.id);
  if (lock < 0)
    fail(ErrorKind::usage, "simulator: ", to_string(c), " reaches no lock ", f.acquire.id);
  return lock;
}

int Machine::released_lock(int channel, const design::DescriptorFields& f) const {
  if (!f.acquires || f.release.value == 0) return -1;
  const Channel& c = array.channels()[static_cast<std::size_t>(channel)];
  const int lock = array.dma_lock(c.tile, f.release.id);
  if (lock < 0)
    fail(ErrorKind::usage, "simulator: ", to_string(c), " reaches no lock ", f.release.id);
  return lock;
}

std::uint32_t Machine::fetch(int channel, const design::DescriptorFields& f,
                             const AddressWalk& walk) {
  if (!with_data || walk.is_zero()) return 0;
  const Channel& c = array.channels()[static_cast<std::size_t>(channel)];
  const std::uint64_t base = f.address;
  if (c.kind() != TileKind::shim) {
    return array.load(
        array.dma_place(c.tile, (static_cast<std::int64_t>(base) + walk.offset()) * kWordBytes));
  }
  std::uint32_t word = 0;
  std::memcpy(&word, array.host_at(base + static_cast<std::uint64_t>(walk.offset() * kWordBytes)),
              sizeof(word));
  return word;
}

void Machine::put(int channel, const design::DescriptorFields& f, const AddressWalk& walk,
                  std::uint32_t word) {
  if (!with_data) return;
  const Channel& c = array.channels()[static_cast<std::size_t>(channel)];
  const std::uint64_t base = f.address;
  if (c.kind() != TileKind::shim) {
    array.store(
        array.dma_place(c.tile, (static_cast<std::int64_t>(base) + walk.offset()) * kWordBytes),
        word);
    return;
  }
  std::memcpy(array.host_at(base + static_cast<std::uint64_t>(walk.offset() * kWordBytes)), &word,
              sizeof(word));
}

// --- at rest

void RestCheck::before(const Situation& situation) {
  rest_ = situation;
  locks_.clear();
  for (const Lock& lock : machine_.array.locks()) locks_.push_back(lock.value);
}

void RestCheck::after(const Situation& now) {
  const auto left_over = [&](const auto&... what) {
    machine_.recorder.find(Finding::Kind::not_at_rest, concat(what...));
  };
  const auto& locks = machine_.array.locks();
  for (std::size_t i = 0; i < locks.size(); ++i) {
    if (locks[i].value == locks_[i]) continue;
    left_over(to_string(locks[i].where), ": lock '", locks[i].name, "' of ",
              to_string(locks[i].tile), " is ", locks[i].value, ", was ", locks_[i]);
  }
  for (std::size_t i = 0; i < now.cores.size(); ++i) {
    if (now.cores[i].position == rest_.cores[i].position) continue;
    left_over("the program of ", to_string(machine_.cores[i]->program().tile),
              " stands elsewhere than before");
  }
  for (std::size_t i = 0; i < now.channels.size(); ++i) {
    const Channel& channel = machine_.array.channels()[i];
    const std::int64_t length = machine_.fields(static_cast<int>(i)).length;
    const bool moves = now.channels[i].state == Situation::Channel::State::moves;
    if (moves && now.channels[i].left != length) {
      left_over(to_string(channel.where), ": ", to_string(channel), " still has ",
                now.channels[i].left, " of ", length, " words to move");
    } else if (now.channels[i].state != rest_.channels[i].state) {
      left_over(to_string(channel.where), ": ", to_string(channel), " is not at rest as before");
    }
  }
  for (std::size_t i = 0; i < now.flows.size(); ++i) {
    const Flow& flow = machine_.array.flows()[i];
    if (now.flows[i].read != rest_.flows[i].read || now.flows[i].ahead != rest_.flows[i].ahead) {
      left_over(to_string(flow.where), ": words are left on stream '", flow.name, "'");
    }
  }
}

}  // namespace sotto::npu::sim
