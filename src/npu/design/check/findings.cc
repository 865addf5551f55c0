#include "npu/design/check/findings.h"

#include <array>

namespace sotto::npu::design {
namespace {

struct Text {
  Category category;
  std::string_view name, rule, advice;
};
constexpr std::array<Text, kCategories> kTexts = {{
    {Category::device, "device", "npu1 has 1 to 4 columns, npu2 1 to 8",
     "the device that Builder is given: npu1(4)"},
    {Category::tile, "tile", "a tile stands in the array, once, in the row of its kind",
     "another column or row, or the device with more columns; handles of a tile can be copied"},
    {Category::reference, "reference", "a reference names something of the design",
     "handles of this design; a FIFO has consumer(0), consumer(1), … as it was drawn"},
    {Category::duplicate, "duplicate", "a name is given once", "another name"},
    {Category::no_producer, "no_producer", "every FIFO has someone who fills it",
     "a core that acquires, writes and releases producer(), a link, or fill() at a shim"},
    {Category::no_consumer, "no_consumer", "every FIFO has someone who empties it",
     "a core that acquires, reads and releases consumer(), a link, or drain() at a shim"},
    {Category::link, "link", "FIFOs in a memory tile meet in one link whose pieces tile its object",
     "via(), join() or distribute(), with sizes that add up"},
    {Category::type_mismatch, "type_mismatch", "both sides agree on element and size",
     "one of the two sizes or elements; both are named"},
    {Category::depth, "depth", "a FIFO end has 1 to 63 buffers, which a lock can count",
     "2, so that one object can be filled while the other is used"},
    {Category::core_program, "core_program", "a core has one program, of loops that run",
     "b.program() once for a core; a loop() of 1 or more"},
    {Category::held_objects, "held_objects",
     "a core uses what it holds and gives back what it took",
     "in each round as many release() as acquire(), and calls between them"},
    {Category::reach, "reach", "a core or DMA uses memory and locks that it can reach",
     "a tile beside it, or a FIFO"},
    {Category::program_bytes, "program_bytes", "the kernels of a core fit its 16 KB of program",
     "fewer or smaller kernels on the core, others on a core of their own"},
    {Category::stack_bytes, "stack_bytes", "the stack is as large as the kernels need",
     "the last argument of b.program()"},
    {Category::memory_bytes, "memory_bytes", "buffers and stack fit the tile's memory",
     "smaller objects, .depth = 1 at an end, or a memory tile for what waits"},
    {Category::bank_bytes, "bank_bytes", "buffers fit the banks that they wish for",
     "another bank, or no wish"},
    {Category::dma_channels, "dma_channels", "a tile's streams have a DMA channel each",
     "join or distribute in a memory tile, .shared = true between neighbours, or one object for "
     "both"},
    {Category::dma_descriptors, "dma_descriptors", "chains fit the descriptors of their channels",
     "less depth, or fewer FIFOs through the tile"},
    {Category::word_rule, "word_rule", "DMAs move words of 4 bytes",
     "elements that come to whole words: an even number of bf16, four bytes"},
    {Category::dimensions, "dimensions", "a layout has as many dimensions as the DMA",
     "two ends share the work: a part at the memory tile, a part at the core or in the task"},
    {Category::wrap, "wrap", "the size of a dimension fits its register",
     "the dimension as two of smaller size"},
    {Category::step, "step", "a stride is positive and fits its register",
     "another order, or .runs and .run_stride of a task; zero strides repeat nothing"},
    {Category::length, "length", "the length of a descriptor fits its register",
     "smaller objects, or several of them"},
    {Category::padding, "padding", "memory tiles add zeros when sending, within limits",
     "padding in the kernel, or zeros from the host"},
    {Category::layout, "layout", "a layout moves each object once and stays inside it",
     "sizes whose product is the object, strides that meet every element once"},
    {Category::locks, "locks", "a tile has 16 locks, a memory tile 64", "fewer FIFOs at the tile"},
    {Category::lock_value, "lock_value", "a lock counts from 0 to 63", "less depth or repeat"},
    {Category::stream_ports, "stream_ports", "no more streams cross a border than it has wires",
     "broadcast or join: one stream instead of several"},
    {Category::unroutable, "unroutable", "the switch boxes can carry all streams at once",
     "other columns for some of them, a join, or a broadcast"},
    {Category::balance, "balance", "a dispatch consumes what it produces, so it can run twice",
     "task sizes and loop counts, so that both numbers of objects are the same"},
    {Category::host_buffers, "host_buffers", "a kernel has at most 5 data arguments",
     "several arrays in one buffer, with offsets"},
    {Category::host_bounds, "host_bounds", "tasks stay inside their host buffers",
     "offset, layout or run_stride of the task, or a larger buffer"},
    {Category::sequence, "sequence", "a step of the sequence makes sense where it stands",
     "fill() of a FIFO that starts in a shim, drain() of one that ends there"},
    {Category::runs, "runs", "a task runs 1 to 256 times, with an iteration of at most 64",
     "several tasks, or larger ones"},
    {Category::burst, "burst", "a burst is one of the lengths of the device",
     ".burst_bytes = 0 is the longest"},
    {Category::queue_depth, "queue_depth", "at most 4 tasks of a channel are outstanding",
     "wait() for an earlier task of the channel, or one task with .runs"},
    {Category::waits, "waits", "tokens are awaited once, in order, and none is left over",
     "one wait() for the last task of each channel"},
    {Category::shim_descriptors, "shim_descriptors", "outstanding tasks fit 16 descriptors",
     "wait() for an earlier task of the column"},
    {Category::deadlock, "deadlock", "two dispatches in a row come to their end",
     "start every drain before the first wait(); more depth where a stream is held up"},
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
std::string_view advice(Category category) {
  return text(category).advice;
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
