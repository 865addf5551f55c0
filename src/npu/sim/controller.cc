#include "npu/sim/controller.h"

#include "base/error.h"

namespace sotto::npu::sim {

using namespace design;

Controller::Controller(Array& array, const Costs& costs, Clock clock, Recorder& recorder)
    : array_(array),
      costs_(costs),
      clock_(clock),
      recorder_(recorder),
      stream_(decode(array.program().instructions)),
      tokens_(array.channels().size(), 0),
      at_(stream_.instructions.size()) {}

void Controller::start(Cycle now) {
  recorder_.begin_dispatch(now);
  at_ = 0;
  waits_ = false;
  time_ = clock_.time(now);
  go_on();
}

/// To the operation at_, from time_ on.
void Controller::go_on() {
  if (done()) {
    recorder_.end_dispatch(clock_.cycle(time_), static_cast<std::int64_t>(at_));
    return;
  }
  time_ += cost();
  due_ = clock_.cycle(time_);
}

Picoseconds Controller::cost() const {
  const auto* write = std::get_if<Write>(&stream_.instructions[at_]);
  return costs_.operation + (write != nullptr && array_.is_queue(write->address) ? costs_.push : 0);
}

int Controller::channel_of(const Sync& sync) const {
  const auto& channels = array_.channels();
  for (std::size_t i = 0; i < channels.size(); ++i) {
    if (channels[i].tile == sync.tile && channels[i].direction == sync.direction &&
        channels[i].number == sync.channel) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

int Controller::awaited() const {
  const auto* sync = done() ? nullptr : std::get_if<Sync>(&stream_.instructions[at_]);
  return sync == nullptr ? -1 : channel_of(*sync);
}

Where Controller::where() const {
  const auto& lines = array_.program().instruction_lines;
  return at_ < lines.size() ? lines[at_] : Where{};
}

bool Controller::take_token(Cycle now) {
  const int channel = awaited();
  if (channel < 0 || tokens_[static_cast<std::size_t>(channel)] == 0) {
    waits_ = true;
    return false;
  }
  --tokens_[static_cast<std::size_t>(channel)];
  if (waits_) {
    recorder_.sync(channel, due_, now);
    time_ = clock_.time(now);
  }
  waits_ = false;
  return true;
}

Array::Written Controller::step(Cycle now) {
  Array::Written written;
  const Instruction& instruction = stream_.instructions[at_];
  if (const auto* write = std::get_if<Write>(&instruction)) {
    written = array_.write(write->address, write->value);
    if (written.dropped) recorder_.dropped(written.channel, where());
    if (written.place.memory >= 0) recorder_.wrote(written.place);
  } else if (const auto* block = std::get_if<BlockWrite>(&instruction)) {
    for (std::size_t i = 0; i < block->words.size(); ++i) {
      array_.write(block->address + static_cast<std::uint32_t>(kWordBytes * i), block->words[i]);
    }
  } else if (const auto* masked = std::get_if<MaskWrite>(&instruction)) {
    const std::uint32_t before = array_.read(masked->address);
    written =
        array_.write(masked->address, (before & ~masked->mask) | (masked->value & masked->mask));
  } else if (const auto* patch = std::get_if<AddressPatch>(&instruction)) {
    array_.patch(patch->address, patch->argument, patch->offset_bytes);
  } else if (!take_token(now)) {
    return {};
  }
  ++at_;
  go_on();
  return written;
}

}  // namespace sotto::npu::sim
