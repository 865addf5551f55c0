#include "npu/design/check/findings.h"

#include <array>

namespace sotto::npu::design {
namespace {

struct Text {
  Category category;
  std::string_view name, rule;
};
constexpr std::array<Text, kCategories> kTexts = {{
    {Category::device, "device", "npu1 has 1 to 4 columns, npu2 1 to 8"},
    {Category::tile, "tile", "a tile stands in the array, once, in the row of its kind"},
    {Category::reference, "reference", "a reference names something of the design"},
    {Category::duplicate, "duplicate", "a name is given once"},
    {Category::no_producer, "no_producer", "every FIFO has someone who fills it"},
    {Category::no_consumer, "no_consumer", "every FIFO has someone who empties it"},
    {Category::link, "link",
     "FIFOs in a memory tile meet in one link whose pieces tile its object"},
    {Category::type_mismatch, "type_mismatch", "both sides agree on element and size"},
    {Category::depth, "depth", "a FIFO end has 1 to 63 buffers, which a lock can count"},
    {Category::core_program, "core_program", "a core has one program, of loops that run"},
    {Category::held_objects, "held_objects",
     "a core uses what it holds and gives back what it took"},
    {Category::reach, "reach", "a core or DMA uses memory and locks that it can reach"},
    {Category::program_bytes, "program_bytes", "the kernels of a core fit its 16 KB of program"},
    {Category::stack_bytes, "stack_bytes", "the stack is as large as the kernels need"},
    {Category::memory_bytes, "memory_bytes", "buffers and stack fit the tile's memory"},
    {Category::bank_bytes, "bank_bytes", "buffers fit the banks that they wish for"},
    {Category::dma_channels, "dma_channels", "a tile's streams have a DMA channel each"},
    {Category::dma_descriptors, "dma_descriptors", "chains fit the descriptors of their channels"},
    {Category::word_rule, "word_rule", "DMAs move words of 4 bytes"},
    {Category::dimensions, "dimensions", "a layout has as many dimensions as the DMA"},
    {Category::wrap, "wrap", "the size of a dimension fits its register"},
    {Category::step, "step", "a stride is positive and fits its register"},
    {Category::length, "length", "the length of a descriptor fits its register"},
    {Category::padding, "padding", "memory tiles add zeros when sending, within limits"},
    {Category::layout, "layout", "a layout moves each object once and stays inside it"},
    {Category::locks, "locks", "a tile has 16 locks, a memory tile 64"},
    {Category::lock_value, "lock_value", "a lock counts from 0 to 63"},
    {Category::stream_ports, "stream_ports", "no more streams cross a border than it has wires"},
    {Category::unroutable, "unroutable", "the switch boxes can carry all streams at once"},
    {Category::balance, "balance", "a dispatch consumes what it produces, so it can run twice"},
    {Category::host_buffers, "host_buffers", "a kernel has at most 5 data arguments"},
    {Category::host_bounds, "host_bounds", "tasks stay inside their host buffers"},
    {Category::sequence, "sequence", "a step of the sequence makes sense where it stands"},
    {Category::runs, "runs", "a task runs 1 to 256 times, with an iteration of at most 64"},
    {Category::burst, "burst", "a burst is one of the lengths of the device"},
    {Category::queue_depth, "queue_depth", "at most 4 tasks of a channel are outstanding"},
    {Category::waits, "waits", "tokens are awaited once, in order, and none is left over"},
    {Category::shim_descriptors, "shim_descriptors", "outstanding tasks fit 16 descriptors"},
    {Category::deadlock, "deadlock", "two dispatches in a row come to their end"},
}};

const Text& text(Category category) {
  const Text& entry = kTexts[static_cast<std::size_t>(category)];
  SOTTO_CHECK(entry.category == category);
  return entry;
}

std::string summary(const std::string& design, const std::vector<Finding>& findings) {
  std::string all = concat("design '", design, "': ", findings.size(),
                           findings.size() == 1 ? " error" : " errors");
  for (const Finding& finding : findings) all += "\n" + to_string(finding);
  return all;
}

}  // namespace

std::string_view name(Category category) {
  return text(category).name;
}
std::string_view rule(Category category) {
  return text(category).rule;
}

std::string to_string(const Finding& finding) {
  std::string_view file = finding.where.file_name();
  file = file.substr(file.find_last_of('/') + 1);
  return concat(file, ":", finding.where.line(), ": ", name(finding.category), ": ",
                finding.message);
}

DesignError::DesignError(const std::string& design, std::vector<Finding> findings)
    : std::runtime_error(summary(design, findings)), findings_(std::move(findings)) {}

}  // namespace sotto::npu::design
