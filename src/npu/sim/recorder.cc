#include "npu/sim/recorder.h"

#include <algorithm>

#include "base/error.h"

namespace sotto::npu::sim {
namespace {

/// So many uses of a memory are kept to compare later ones with.
constexpr std::size_t kRecentUses = 24;

}  // namespace

Recorder::Recorder(const Array& array, Report& report, Trace* trace, bool watch_words)
    : array_(array), report_(report), trace_(trace), lock_roles_(array.locks().size(), 0) {
  recent_.resize(
      static_cast<std::size_t>(array.program().device.columns * array.program().device.rows));
  for (const design::ProgramCore& core : array.program().cores) {
    report_.cores.push_back({.tile = core.tile});
  }
  if (watch_words) watch_all();
  if (trace_ != nullptr) {
    trace_->locks.clear();
    for (const Lock& lock : array.locks()) {
      trace_->locks.push_back(lock.name.empty() ? lock.name
                                                : concat(lock.name, " of ", to_string(lock.tile)));
    }
  }
  for (const Channel& channel : array.channels()) {
    report_.channels.push_back({.name = channel.name,
                                .tile = channel.tile,
                                .direction = channel.direction,
                                .number = channel.number});
    note_roles(channel);
  }
}

/// Which locks the descriptors of the channel's task give.
void Recorder::note_roles(const Channel& channel) {
  if (channel.queue.empty()) return;
  std::set<std::uint32_t> seen;
  Channel walker = channel;
  walker.descriptor = channel.queue.front().descriptor;
  while (seen.insert(walker.descriptor).second) {
    const design::DescriptorFields& fields = array_.descriptor(walker);
    const int lock = fields.acquires ? array_.dma_lock(channel.tile, fields.release.id) : -1;
    if (lock >= 0) {
      lock_roles_[static_cast<std::size_t>(lock)] =
          channel.direction == Direction::s2mm ? 'i' : 'o';
    }
    if (!fields.has_next) return;
    walker.descriptor = fields.next;
  }
}

void Recorder::begin_dispatch(Cycle now) {
  dispatch_ = now;
  report_.dispatches.push_back({.begin = now, .end = now});
}

void Recorder::end_dispatch(Cycle now, std::int64_t operations) {
  last_ = std::max(last_, now);
  report_.dispatches.back().end = now;
  report_.dispatches.back().operations = operations;
}

void Recorder::sync(int channel, Cycle from, Cycle to) {
  report_.dispatches.back().waiting += to - from;
  if (trace_ == nullptr) return;
  const Channel& awaited = array_.channels()[static_cast<std::size_t>(channel)];
  span({Trace::Span::Track::controller, 0, "waits for " + to_string(awaited), from, to});
}

void Recorder::dropped(int channel, const Where& where) {
  const Channel& full = array_.channels()[static_cast<std::size_t>(channel)];
  find(Finding::Kind::dropped_task,
       concat(to_string(where), ": the queue of ", to_string(full), " holds ", kTaskQueueDepth,
              " tasks; this one is dropped"));
}

void Recorder::span(Trace::Span span) {
  if (trace_ != nullptr && span.end > span.begin) trace_->spans.push_back(std::move(span));
}

void Recorder::waited(int core, int lock, Cycle from, Cycle to) {
  const Cycle begin = std::max(from, dispatch_);
  if (begin >= to) return;
  CoreReport& report = report_.cores[static_cast<std::size_t>(core)];
  const char role = lock_roles_[static_cast<std::size_t>(lock)];
  (role == 'i'   ? report.wait_input
   : role == 'o' ? report.wait_output
                 : report.wait_lock) += to - begin;
  if (trace_ == nullptr) return;
  span({Trace::Span::Track::core, core,
        "waits for " + array_.locks()[static_cast<std::size_t>(lock)].name, begin, to,
        kind_of_wait(lock)});
}

Trace::Span::Kind Recorder::kind_of_wait(int lock) const {
  const char role = lock_roles_[static_cast<std::size_t>(lock)];
  return role == 'i'   ? Trace::Span::Kind::input
         : role == 'o' ? Trace::Span::Kind::output
                       : Trace::Span::Kind::lock;
}

void Recorder::sequence_stands(int channel, Cycle since) {
  last_ = std::max(last_, since + 1);
  if (trace_ == nullptr || channel < 0) return;
  const Channel& awaited = array_.channels()[static_cast<std::size_t>(channel)];
  span({Trace::Span::Track::controller, 0, "waits for " + to_string(awaited), since, last_,
        Trace::Span::Kind::input, 0, true});
}

void Recorder::core_stands(int core, int lock, Cycle since) {
  if (trace_ == nullptr || lock < 0) return;
  const std::string& name = array_.locks()[static_cast<std::size_t>(lock)].name;
  span({Trace::Span::Track::core, core, "waits for " + name, std::max(since, dispatch_), last_,
        kind_of_wait(lock), 0, true});
}

void Recorder::channel_stands(int channel, int lock, Cycle since) {
  if (trace_ == nullptr) return;
  const std::string what = lock < 0
                               ? array_.channels()[static_cast<std::size_t>(channel)].name
                               : "waits for " + array_.locks()[static_cast<std::size_t>(lock)].name;
  const Cycle begin = std::max(since, dispatch_);
  span({Trace::Span::Track::channel, channel, what, begin, last_,
        lock < 0 ? Trace::Span::Kind::works : Trace::Span::Kind::lock, lock < 0 ? last_ - begin : 0,
        true});
}

void Recorder::spent(int core, Spent on, Cycle from, Cycle cycles) {
  last_ = std::max(last_, from + cycles);
  CoreReport& report = report_.cores[static_cast<std::size_t>(core)];
  (on == Spent::locks     ? report.locks
   : on == Spent::control ? report.control
                          : report.kernels) += cycles;
  constexpr const char* kNames[] = {"locks", "control", "computes"};
  span({Trace::Span::Track::core, core, kNames[static_cast<std::size_t>(on)], from, from + cycles});
}

void Recorder::called(int core, const CoreRun& run, Cycle from, Cycle to, Cycle stalls) {
  last_ = std::max(last_, to);
  CoreReport& report = report_.cores[static_cast<std::size_t>(core)];
  report.kernels += to - from - stalls;
  report.bank_stalls += stalls;
  ++report.calls;
  if (run.stray()) {
    find(
        Finding::Kind::stray_write,
        concat(to_string(run.program().where), ": '", run.symbol(), "' of ", to_string(report.tile),
               " wrote beyond what it was given: into ", array_.buffer_at(*run.stray())));
  }
  for (const CallUse& used : run.uses()) {
    use(used.place.memory, {.from = from,
                            .to = to,
                            .first = used.place.byte,
                            .end = used.place.byte + used.bytes,
                            .writes = used.writes,
                            .core = core,
                            .fields = {}});
  }
  if (!words_.empty()) {
    for (const CallUse& used : run.uses()) watch(core, used);
  }
  if (trace_ != nullptr) {
    span(
        {Trace::Span::Track::core, core, run.symbol(), from, to, Trace::Span::Kind::works, stalls});
  }
}

void Recorder::ended(int core, const CoreRun& run) {
  report_.cores[static_cast<std::size_t>(core)].ended = true;
  find(Finding::Kind::program_ended,
       concat("'", run.symbol(), "' at ", to_string(run.program().tile), " returned"));
}

void Recorder::executed(int channel, const Execution& execution) {
  last_ = std::max(last_, execution.end);
  ChannelReport& report = report_.channels[static_cast<std::size_t>(channel)];
  const Channel& here = array_.channels()[static_cast<std::size_t>(channel)];
  ++report.descriptors;
  report.words += execution.fields.length;
  report.active += execution.end - execution.begin;
  // The cycle of taking it is not a wait.
  const Cycle asked = std::max(execution.asked, dispatch_);
  report.wait_lock += std::max<Cycle>(0, execution.begin - 1 - asked);
  if (trace_ != nullptr) {
    if (const int lock = array_.dma_lock(here.tile, execution.fields.acquire.id);
        execution.fields.acquires && lock >= 0) {
      span({Trace::Span::Track::channel, channel,
            "waits for " + array_.locks()[static_cast<std::size_t>(lock)].name, asked,
            execution.begin - 1, Trace::Span::Kind::lock});
    }
    span({Trace::Span::Track::channel, channel, here.name, execution.begin, execution.end,
          Trace::Span::Kind::works, execution.end - execution.begin - execution.fields.length});
  }
  if (here.kind() == TileKind::shim) return;
  if (!words_.empty()) watch(here, execution.fields);
  const Extent extent = extent_of(execution.fields);
  const std::int64_t base = static_cast<std::int64_t>(execution.fields.address) * kWordBytes;
  const Place place = array_.dma_place(here.tile, base + extent.first);
  use(place.memory, {.from = execution.begin,
                     .to = execution.end,
                     .first = place.byte,
                     .end = place.byte + static_cast<std::uint32_t>(extent.last - extent.first + 1),
                     .writes = here.direction == Direction::s2mm,
                     .channel = channel,
                     .fields = execution.fields});
}

void Recorder::requested(Direction direction, std::int64_t bytes) {
  (direction == Direction::mm2s ? report_.read_bytes : report_.written_bytes) += bytes;
  ++report_.requests;
}

void Recorder::lock_changed(int lock, Cycle now) {
  last_ = std::max(last_, now);
  const Lock& changed = array_.locks()[static_cast<std::size_t>(lock)];
  if (changed.value > kLockMax) {
    find(Finding::Kind::lock_overflow,
         concat(to_string(changed.where), ": lock '", changed.name, "' of ",
                to_string(changed.tile), " is above ", kLockMax));
  }
  if (trace_ != nullptr) trace_->levels.push_back({lock, now, changed.value});
}

void Recorder::find(Finding::Kind kind, std::string text) {
  Finding finding{kind, std::move(text)};
  auto& all = report_.findings;
  if (std::find(all.begin(), all.end(), finding) == all.end()) all.push_back(std::move(finding));
}

// --- words: written before they are read, and read before they are written over

void Recorder::watch_all() {
  const Device& device = array_.program().device;
  for (int column = 0; column < device.columns; ++column) {
    for (int row = 0; row < device.rows; ++row) {
      const std::int64_t bytes = memory_of(kind_of({column, row})).bytes;
      words_.emplace_back(static_cast<std::size_t>(bytes / kWordBytes), Word::unwritten);
    }
  }
  for (const design::ProgramBuffer& buffer : array_.program().buffers) {
    auto& words = words_[static_cast<std::size_t>(array_.tile_index(buffer.tile))];
    const auto first = words.begin() + buffer.address / kWordBytes;
    std::fill_n(first, (buffer.initial.size() + kWordBytes - 1) / kWordBytes, Word::seen);
  }
  // What a program that owns its locks does with its pointers, nobody sees.
  for (const design::ProgramCore& core : array_.program().cores) {
    const auto is_call = [](const design::CoreOperation& operation) {
      return std::holds_alternative<design::KernelCall>(operation);
    };
    if (core.operations.size() != 1 || !is_call(core.operations[0])) continue;
    for (const auto& argument : std::get<design::KernelCall>(core.operations[0]).arguments) {
      const auto* pointer = std::get_if<design::Address>(&argument);
      if (pointer == nullptr) continue;
      const Place place = array_.core_place(core.tile, pointer->address);
      const auto first =
          words_[static_cast<std::size_t>(place.memory)].begin() + place.byte / kWordBytes;
      std::fill_n(first, array_.bytes_from(place) / kWordBytes, Word::unwatched);
    }
  }
}

void Recorder::wrote(Place place) {
  if (words_.empty()) return;
  words_[static_cast<std::size_t>(place.memory)][place.byte / kWordBytes] = Word::seen;
}

void Recorder::watch(const Channel& channel, const design::DescriptorFields& fields) {
  AddressWalk walk(fields);
  for (std::uint32_t i = 0; i < fields.length; ++i, walk.next()) {
    if (walk.is_zero()) continue;
    const Place place = array_.dma_place(
        channel.tile, (static_cast<std::int64_t>(fields.address) + walk.offset()) * kWordBytes);
    Word& word = words_[static_cast<std::size_t>(place.memory)][place.byte / kWordBytes];
    if (word == Word::unwatched) continue;
    const bool receives = channel.direction == Direction::s2mm;
    if (receives && word == Word::fresh) {
      find(Finding::Kind::overwritten,
           concat(to_string(channel), " writes over what nobody has read of ",
                  array_.buffer_at(place)));
    }
    if (!receives && word == Word::unwritten) {
      find(Finding::Kind::unwritten,
           concat(to_string(channel), " sends what nobody has written of ",
                  array_.buffer_at(place)));
    }
    word = receives ? Word::fresh : Word::seen;
  }
}

void Recorder::watch(int core, const CallUse& use) {
  auto& words = words_[static_cast<std::size_t>(use.place.memory)];
  const std::size_t first = use.place.byte / kWordBytes;
  if (!use.writes && use.bytes > 0 && words[first] == Word::unwritten) {
    find(Finding::Kind::unwritten,
         concat(to_string(array_.program().cores[static_cast<std::size_t>(core)].tile),
                " reads what nobody has written of ", array_.buffer_at(use.place)));
  }
  for (std::size_t i = first; i < first + use.bytes / kWordBytes; ++i) {
    if (words[i] != Word::unwatched) words[i] = use.writes ? Word::fresh : Word::seen;
  }
}

// --- races

std::string Recorder::describe(const Use& use) const {
  if (use.channel >= 0) return to_string(array_.channels()[static_cast<std::size_t>(use.channel)]);
  return to_string(array_.program().cores[static_cast<std::size_t>(use.core)].tile);
}

/// Whether both touch a same word: boxes overlap, but strides may pass each other by.
bool Recorder::same_words(const Use& a, const Use& b) const {
  const std::uint32_t first = std::max(a.first, b.first), end = std::min(a.end, b.end);
  if (first >= end) return false;
  std::vector<bool> touched((end - first + kWordBytes - 1) / kWordBytes, true);
  for (const Use* use : {&a, &b}) {
    if (use->channel < 0) continue;
    std::vector<bool> own(touched.size(), false);
    AddressWalk walk(use->fields);
    const std::int64_t base = std::int64_t{use->first} - extent_of(use->fields).first;
    for (std::uint32_t i = 0; i < use->fields.length; ++i, walk.next()) {
      if (walk.is_zero()) continue;
      const std::int64_t byte = base + walk.offset() * kWordBytes;
      if (byte >= first && byte < end)
        own[static_cast<std::size_t>(byte - first) / kWordBytes] = true;
    }
    for (std::size_t i = 0; i < own.size(); ++i) touched[i] = touched[i] && own[i];
  }
  return std::find(touched.begin(), touched.end(), true) != touched.end();
}

void Recorder::use(int memory, const Use& added) {
  auto& recent = recent_[static_cast<std::size_t>(memory)];
  for (const Use& other : recent) {
    if (other.to <= added.from || other.from >= added.to) continue;
    if (!other.writes && !added.writes) continue;
    if (added.core >= 0 && other.core == added.core) continue;
    if (!same_words(added, other)) continue;
    std::string a = describe(added), b = describe(other);
    if (b < a) std::swap(a, b);
    const std::string where = array_.buffer_at({memory, std::max(added.first, other.first)});
    const std::string pair = a + b + where;
    if (!raced_.insert(pair).second) continue;
    find(Finding::Kind::race, concat(a, " and ", b, " use ", where, " at the same time"));
  }
  recent.push_back(added);
  if (recent.size() > kRecentUses) recent.pop_front();
}

}  // namespace sotto::npu::sim
