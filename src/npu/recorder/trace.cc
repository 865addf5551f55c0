#include "npu/recorder/trace.h"

#include <utility>

#include "base/error.h"
#include "npu/core/banks.h"
#include "npu/recorder/fold.h"

namespace sotto::npu::recorder {
namespace {

constinit thread_local Recorder* current_recorder = nullptr;

constexpr int64_t kAlignment = 64;

}  // namespace

Recorder::Recorder() : before_(std::exchange(current_recorder, this)) {}
Recorder::~Recorder() {
  current_recorder = before_;
}

Recorder& Recorder::current() {
  if (current_recorder == nullptr) {
    fail(ErrorKind::unsupported, "a recorded kernel runs where nothing records");
  }
  return *current_recorder;
}

Recorder* Recorder::active() {
  return current_recorder;
}

void Recorder::mark_loop() {
  if (current_recorder != nullptr) current_recorder->is_marked_ = true;
}

void Recorder::enter_loop(const char* where) {
  loops_.push_back(std::exchange(is_marked_, false) ? nullptr : where);
}

void Recorder::add_object(std::string name, void* data, int64_t bytes, int bank) {
  int64_t used = 0;
  for (const Object& object : trace_.objects) {
    if (object.bank == bank) used = object.address + object.bytes - bank * core::kBankBytes;
  }
  used = (used + kAlignment - 1) / kAlignment * kAlignment;
  if (bank < 0 || bank >= core::kBanks || used + bytes > core::kBankBytes) {
    fail(ErrorKind::unsupported, name, " of ", bytes, " bytes does not fit into bank ", bank,
         ", of which ", used, " of ", core::kBankBytes, " bytes are taken");
  }
  auto* const start = static_cast<std::byte*>(data);
  trace_.objects.push_back({std::move(name),
                            start,
                            bytes,
                            bank,
                            bank * core::kBankBytes + used,
                            std::vector<std::byte>(start, start + bytes),
                            {}});
}

int64_t Recorder::address_of(const void* data, int64_t bytes) const {
  const auto* at = static_cast<const std::byte*>(data);
  for (const Object& object : trace_.objects) {
    if (at >= object.data && at + bytes <= object.data + object.bytes) {
      return object.address + (at - object.data);
    }
  }
  fail(ErrorKind::unsupported, "a recorded kernel touches ", bytes,
       " bytes that lie in none of its buffers");
}

int Recorder::new_value(RegisterClass cls) {
  trace_.values.push_back(cls);
  return static_cast<int>(trace_.values.size()) - 1;
}

Items& Recorder::place() {
  if (open_.empty()) return trace_.items;
  OpenLoop& loop = open_.back();
  if (loop.iterations.empty()) {
    fail(ErrorKind::unsupported, loop.name, ": an operation before the first iteration");
  }
  return loop.iterations.back();
}

void Recorder::add(Step step) {
  for (const char* const where : loops_) {
    if (where == nullptr) continue;
    fail(ErrorKind::unsupported, where,
         ": a loop around operations of the core has no mark, such as "
         "SOTTO_LOOP or SOTTO_UNROLL");
  }
  place().push_back({std::move(step), nullptr});
}

void Recorder::keep_in_turn() {
  place().back().step.in_turn = true;
}

void Recorder::begin_loop(std::string name, int64_t min_trips) {
  open_.push_back({std::move(name), min_trips, {}});
}

void Recorder::begin_iteration() {
  open_.back().iterations.emplace_back();
}

void Recorder::end_loop() {
  OpenLoop loop = std::move(open_.back());
  open_.pop_back();
  const auto trips = static_cast<int64_t>(loop.iterations.size());
  if (trips < loop.min_trips) {
    fail(ErrorKind::unsupported, loop.name, " says that it runs ", loop.min_trips,
         " times or more, but runs ", trips);
  }
  if (trips == 0) return;
  if (loop.min_trips == kConstantTrips) loop.min_trips = trips;
  auto node = std::make_unique<LoopNode>(
      fold(std::move(loop.name), loop.min_trips, std::move(loop.iterations), trace_.values));
  place().push_back({{}, std::move(node)});
}

Trace Recorder::finish() {
  if (!open_.empty()) fail(ErrorKind::unsupported, open_.back().name, " has not ended");
  for (Object& object : trace_.objects) {
    object.after.assign(object.data, object.data + object.bytes);
  }
  return std::move(trace_);
}

}  // namespace sotto::npu::recorder
