#include "npu/design/content_hash.h"

namespace sotto::npu::design {
namespace {

/// One visit per type; a field that a struct gains belongs in its visit.
class Writer {
 public:
  std::string run(const Design& design) {
    put("sotto design 1");
    put(design.name);
    put(static_cast<int>(design.device.generation), design.device.columns, design.device.rows);
    list(design.tiles);
    list(design.fifos);
    list(design.links);
    list(design.buffers);
    list(design.locks);
    list(design.chains);
    list(design.flows);
    list(design.kernels);
    list(design.cores);
    list(design.hosts);
    list(design.tasks);
    list(design.sequence);
    return std::move(text_);
  }

 private:
  void put(const std::string& text) {
    put(static_cast<std::int64_t>(text.size()));
    text_ += text;
    text_ += '\n';
  }
  void put(const char* text) { put(std::string(text)); }
  void put(std::int64_t value) {
    text_ += std::to_string(value);
    text_ += '\n';
  }
  void put(int value) { put(std::int64_t{value}); }
  void put(bool value) { put(std::int64_t{value}); }
  template <typename Kind>
  void put(Ref<Kind> ref) {
    put(ref.index);
  }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void put(Enum value) {
    put(static_cast<std::int64_t>(value));
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <typename... T>
  void put(const std::variant<T...>& value) {
    put(static_cast<std::int64_t>(value.index()));
    std::visit([&](const auto& held) { put(held); }, value);
  }
  template <typename T>
  void list(const std::vector<T>& values) {
    put(static_cast<std::int64_t>(values.size()));
    for (const T& value : values) put(value);
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    list(values);
  }
  template <typename First, typename Second, typename... More>
  void put(const First& first, const Second& second, const More&... more) {
    put(first);
    put(second);
    (put(more), ...);
  }

  void put(const Object& o) { put(o.element, o.count); }
  void put(const Tile& t) { put(t.id.column, t.id.row); }
  void put(const Dim& d) { put(d.size, d.stride); }
  void put(const Pad& p) { put(p.before, p.after); }
  void put(const FifoEnd& e) { put(e.tile, e.depth, e.layout, e.bank, e.channel, e.room); }
  void put(const Fifo& f) {
    put(f.name, f.object, f.producer, f.consumers, f.repeat, f.padding, f.shared);
  }
  void put(const EndRef& e) { put(e.fifo, e.side); }
  void put(const Link::Piece& p) { put(p.fifo, p.offset); }
  void put(const Link& l) { put(l.tile, l.object, l.inputs, l.outputs, l.depth, l.bank); }
  void put(const Buffer& b) {
    put(b.name, b.tile, b.object, b.bank, b.parameters);
    put(std::string(b.initial.begin(), b.initial.end()));
  }
  void put(const Lock& l) { put(l.name, l.tile, l.initial); }
  void put(const Bd::Use& u) { put(u.lock, u.value); }
  void put(const Bd& b) {
    put(b.buffer, b.offset, b.count, b.layout, b.padding, b.acquire, b.release, b.run_stride,
        b.run_wrap);
  }
  void put(const Chain& c) { put(c.name, c.tile, c.direction, c.bds, c.cyclic, c.runs, c.channel); }
  void put(const Flow& f) { put(f.name, f.from, f.to); }
  void put(const Parameter& p) { put(p.access, p.element, p.count); }
  void put(const Kernel& k) {
    put(k.symbol, k.parameters, k.program_bytes, k.stack_bytes, k.static_bytes);
  }
  void put(const HeldObject& a) { put(a.end, a.which); }
  void put(const RingBuffer& a) { put(a.end, a.index); }
  void put(const RingLock& a) { put(a.end, a.which); }
  void put(const ParameterWord& a) { put(a.buffer, a.index); }
  void put(const Acquire& a) { put(a.end, a.count); }
  void put(const Release& a) { put(a.end, a.count); }
  void put(const Call& a) { put(a.kernel, a.arguments); }
  void put(const Loop& a) { put(a.times, a.body); }
  void put(const Statement& s) { put(s.action); }
  void put(const Core::Share& s) { put(s.end, s.objects); }
  void put(const Core& c) { put(c.tile, c.body, c.stack_bytes, c.shares, c.owns_locks); }
  void put(const HostBuffer& h) { put(h.name, h.object); }
  void put(const Transfer& t) { put(t.host, t.offset, t.layout, t.run_stride, t.run_wrap); }
  void put(const Task& t) { put(t.through, t.transfers, t.runs, t.burst_bytes); }
  void put(const Wait& w) { put(w.task); }
  void put(const WriteParameter& w) { put(w.buffer, w.index, w.value); }
  void put(const Step& s) { put(s.action); }

  std::string text_;
};

}  // namespace

std::string canonical_text(const Design& design) {
  return Writer().run(design);
}

ContentHash content_hash(const Design& design) {
  return sha256(canonical_text(design));
}

std::string to_hex(const ContentHash& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : hash) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace sotto::npu::design
