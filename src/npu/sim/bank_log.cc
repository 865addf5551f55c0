#include "npu/sim/bank_log.h"

#include <algorithm>

namespace sotto::npu::sim {

void BankLog::add(const BankRun& run) {
  // Most go on where one of the last ended.
  for (std::size_t i = runs_.size(), tries = 4; i > 0 && tries > 0; --i, --tries) {
    BankRun& last = runs_[i - 1];
    if (last.channel != run.channel || last.lines != run.lines ||
        last.word + last.count != run.word || last.at + last.count != run.at) {
      continue;
    }
    last.count += run.count;
    return;
  }
  runs_.push_back(run);
}

void BankLog::collect(int bank, Cycle from, Cycle to, std::vector<Cycle>& cycles) const {
  for (const BankRun& run : runs_) {
    const Cycle first = std::max(from, run.at), end = std::min(to, run.at + run.count);
    if (first >= end) continue;
    const auto word = [&](Cycle at) { return run.word + static_cast<std::uint32_t>(at - run.at); };
    const auto& uses = run.lines->uses;
    auto line = std::lower_bound(uses.begin(), uses.end(), word(first),
                                 [](const LineUse& use, std::uint32_t w) { return use.word < w; });
    for (; line != uses.end() && line->word < word(end); ++line) {
      if (static_cast<int>(line->byte / kCoreMemory.bank_bytes()) != bank) continue;
      cycles.push_back(run.at + (line->word - run.word));
    }
  }
}

int BankLog::channels(Cycle from, Cycle to) const {
  std::vector<int> found;
  for (const BankRun& run : runs_) {
    if (run.at >= to || run.at + run.count <= from) continue;
    if (!run.lines->regular) return -1;
    if (std::find(found.begin(), found.end(), run.channel) == found.end())
      found.push_back(run.channel);
  }
  return static_cast<int>(found.size());
}

void BankedCall::begin(Cycle now, Cycle cycles, std::vector<BankUse> banks, int slack,
                       bool spaced) {
  spaced_ = spaced;
  position_ = now;
  cycles_ = cycles;
  slack_ = slack * cycles;
  progress_ = stalls_ = 0;
  banks_ = std::move(banks);
  credits_.assign(banks_.size(), slack_);
}

/// One cycle, after its uses were taken off the credits. False if the kernel stood.
bool BankedCall::pass_cycle() {
  const bool stands =
      std::any_of(credits_.begin(), credits_.end(), [](Cycle credit) { return credit < 0; });
  for (std::size_t b = 0; b < credits_.size(); ++b) {
    credits_[b] += stands ? cycles_ : cycles_ - banks_[b].cycles;
    credits_[b] = std::min(credits_[b], slack_);
  }
  ++(stands ? stalls_ : progress_);
  ++position_;
  return !stands;
}

/// So many cycles without uses.
void BankedCall::pass(Cycle count) {
  while (count > 0) {
    --count;
    if (pass_cycle()) break;
  }
  if (count <= 0) return;
  for (std::size_t b = 0; b < credits_.size(); ++b) {
    credits_[b] = std::min(credits_[b] + count * (cycles_ - banks_[b].cycles), slack_);
  }
  progress_ += count;
  position_ += count;
}

/// k channels that use a line every four cycles at most take k (T / 4 + 1) of the T + slack cycles
/// that a bank has for them, less what the core uses: enough if k <= slack and k / 4 <= 1 - use.
bool BankedCall::cannot_stand(Cycle now, const std::vector<BankLog>& logs) const {
  if (!spaced_ || position_ + cycles_ != now) return false;
  for (const BankUse& bank : banks_) {
    const int channels = logs[static_cast<std::size_t>(bank.memory)].channels(position_, now);
    if (channels < 0 || channels * cycles_ > slack_) return false;
    if (channels * cycles_ > 4 * (cycles_ - bank.cycles)) return false;
  }
  return true;
}

void BankedCall::run(Cycle now, const std::vector<BankLog>& logs) {
  if (cannot_stand(now, logs)) {
    position_ = now;
    progress_ = cycles_;
    return;
  }
  uses_.clear();
  for (std::size_t b = 0; b < banks_.size(); ++b) {
    found_.clear();
    logs[static_cast<std::size_t>(banks_[b].memory)].collect(banks_[b].bank, position_, now,
                                                             found_);
    for (const Cycle at : found_) uses_.push_back({at, b});
  }
  std::sort(uses_.begin(), uses_.end(), [](const Use& a, const Use& b) { return a.at < b.at; });
  for (std::size_t i = 0; i < uses_.size();) {
    const Cycle at = uses_[i].at;
    pass(at - position_);
    for (; i < uses_.size() && uses_[i].at == at; ++i) credits_[uses_[i].bank] -= cycles_;
    pass_cycle();
  }
  pass(now - position_);
}

}  // namespace sotto::npu::sim
