// Each tile is a cell: its switch box to the lower left, its memory and what works there to the
// upper right. Up a column run six wires and down it four, above the switch boxes; between columns
// four each way, beside them. A list of the streams stands above, or beside an array that leaves
// room for it.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <variant>

#include "npu/draw/palette.h"
#include "npu/draw/pictures.h"
#include "npu/sim/array.h"

namespace sotto::npu::draw {
namespace {

using namespace design;

constexpr double kMargin = 24, kCell = 250, kBoxLeft = 10, kBox = 96, kContentLeft = 122;
constexpr double kContent = 66, kSideZone = 60, kLegend = 16;
/// As wide as the picture of the time, under which it mostly stands.
constexpr double kWidth = 1204;

/// Of a switch box, its upper part, where DMA channels come in.
double dma_zone(TileKind kind) {
  return kind == TileKind::memory ? 56 : 28;
}
double cell_height(TileKind kind) {
  return 8 + kContent + 8 + dma_zone(kind) + kSideZone + 10;
}

class ArrayDrawing {
 public:
  ArrayDrawing(std::string name, const ArrayProgram& program, const sim::Report* report)
      : name_(std::move(name)), program_(program), palette_(program) {
    if (report != nullptr) deadlock_ = report->deadlock;
    list_streams();
    top_ = 66 + (deadlock_.empty() ? 0 : 34 + 14.0 * static_cast<double>(deadlock_.size()));
    if (!beside()) top_ += 8 + kLegend * place_names({});
    for (const ProgramConnection& made : program.connections) used_.insert(made.tile);
    for (const ProgramCore& core : program.cores) used_.insert(core.tile);
    int rows = 0;  // those above are empty
    for (const TileId tile : used_) rows = std::max(rows, tile.row + 1);
    for (int row = rows - 1; row >= 0; --row) {
      row_tops_[row] = height_;
      height_ += cell_height(kind_of({0, row}));
    }
  }

  double width() const { return kWidth; }
  double height() const {
    const double list = beside() ? kLegend * static_cast<double>(streams_.size()) + 30 : 0;
    return top_ + std::max(height_, list) + kMargin;
  }

  void draw(Canvas& canvas) const {
    draw_head(canvas);
    if (beside()) draw_list(canvas);
    for (int column = 0; column < program_.device.columns; ++column) {
      for (const auto& [row, top] : row_tops_) draw_tile(canvas, {column, row});
    }
    for (const ProgramConnection& made : program_.connections) draw_connection(canvas, made);
    for (const ProgramConnection& made : program_.connections) draw_ends(canvas, made);
  }

 private:
  Point origin(TileId tile) const {
    return {kMargin + kCell * tile.column, top_ + row_tops_.at(tile.row)};
  }
  Box content(TileId tile) const {
    const Point at = origin(tile);
    return {at.x + kContentLeft, at.y + 8, kCell - kContentLeft - 10, kContent};
  }
  Box box(TileId tile) const {
    const Point at = origin(tile);
    return {at.x + kBoxLeft, at.y + 8 + kContent + 8, kBox, dma_zone(kind_of(tile)) + kSideZone};
  }

  void draw_head(Canvas& canvas) const {
    canvas.text({kMargin, 32}, name_ + ": the array", 18, kInk, Side::left, true);
    canvas.text(
        {kMargin, 50},
        "Each line is a stream, over the wires and switch boxes that it takes; a triangle is "
        "where a DMA channel receives it.",
        11, kFaint);
    double y = 72;
    if (!beside()) {
      y += kLegend * place_names([&](Point at, const std::string& name) {
             canvas.fill({at.x, at.y - 9, 12, 10}, palette_.of(name), 2);
             canvas.text({at.x + 16, at.y}, name, 11, kInk);
           });
    }
    if (deadlock_.empty()) return;
    canvas.fill(
        {kMargin, y, width() - 2 * kMargin, 24 + 14.0 * static_cast<double>(deadlock_.size())},
        rgb(0xC62828, 0.08), 4);
    canvas.text({kMargin + 8, y + 15}, "It stands still (simulated). Who waits for whom:", 11,
                kAlarm, Side::left, true);
    for (const std::string& line : deadlock_) {
      y += 14;
      canvas.text({kMargin + 8, y + 15}, line, 10, kAlarm);
    }
  }

  /// Whether there is room for the list of streams, with whence and where to.
  bool beside() const { return program_.device.columns <= 2; }

  /// Names of streams above the array, a kind behind the other; says how many lines they take.
  int place_names(const std::function<void(Point, const std::string&)>& place) const {
    int line = 0;
    double x = kMargin;
    for (const Palette::Kind& kind : palette_.kinds()) {
      if (x > kMargin && kind.size() > 1) {
        ++line;
        x = kMargin;
      }
      for (const std::string& name : kind) {
        const double width = 30 + text_width(name, 11);
        if (x + width > kWidth - kMargin) {
          ++line;
          x = kMargin;
        }
        if (place) place({x, 72 + kLegend * line}, name);
        x += width;
      }
    }
    return line + 1;
  }

  struct Stream {
    TileId from;
    std::vector<TileId> to;
  };
  void list_streams() {
    for (const ProgramConnection& made : program_.connections) {
      Stream& stream = streams_[made.stream];
      const TileKind kind = kind_of(made.tile);
      if (channel(kind, Direction::mm2s, made.input) >= 0) stream.from = made.tile;
      if (channel(kind, Direction::s2mm, made.output) >= 0) stream.to.push_back(made.tile);
    }
  }
  void draw_list(Canvas& canvas) const {
    const double left = 2 * kMargin + kCell * program_.device.columns;
    double y = top_ + 22;
    canvas.text({left, y}, "Streams", 11, kInk, Side::left, true);
    for (const Palette::Kind& kind : palette_.kinds()) {
      for (const std::string& name : kind) {
        y += kLegend;
        const Stream& stream = streams_.at(name);
        std::string way = sim::to_string(stream.from) + " to ";
        for (const TileId to : stream.to) {
          way += (to == stream.to.front() ? "" : ", ") + sim::to_string(to);
        }
        canvas.fill({left, y - 9, 22, 10}, palette_.of(name), 2);
        canvas.text({left + 30, y}, name, 11, kInk);
        canvas.text({left + 190, y}, way, 11, kFaint);
      }
    }
  }

  bool stands(TileId tile) const {
    const std::string name = sim::to_string(tile);
    return std::any_of(deadlock_.begin(), deadlock_.end(),
                       [&](const std::string& line) { return line.find(name) != line.npos; });
  }

  void draw_tile(Canvas& canvas, TileId tile) const {
    const Point at = origin(tile);
    const bool used = used_.contains(tile);
    const Box cell{at.x + 3, at.y + 3, kCell - 6, cell_height(kind_of(tile)) - 6};
    canvas.fill(cell, used ? kPaper : rgb(0xFBFCFD), 8);
    canvas.frame(cell, stands(tile) ? kAlarm : kLine, stands(tile) ? 2.5 : 1, 8);
    const Box here = content(tile);
    if (used) {
      canvas.fill(box(tile), rgb(0xE4E9EE), 4);
      canvas.fill(here, rgb(0xFFFFFF), 4);
      canvas.frame(here, kLine, 1, 4);
    }
    canvas.text({here.x + 8, here.y + 16}, sim::to_string(tile), 11, used ? kInk : kFaint,
                Side::left, used);
    if (!used) return;
    if (kind_of(tile) == TileKind::shim) {
      canvas.text({here.x + 8, here.y + 31}, "host memory", 9.5, kInk);
    } else {
      draw_memory(canvas, tile, here);
    }
  }

  void draw_memory(Canvas& canvas, TileId tile, const Box& here) const {
    const MemoryFacts& facts = memory_of(kind_of(tile));
    std::string kernels = kind_of(tile) == TileKind::memory ? "" : "no program";
    std::int64_t used_bytes = 0;
    for (const ProgramCore& core : program_.cores) {
      if (core.tile != tile) continue;
      used_bytes += core.stack_bytes;
      kernels = kernels_of(core);
    }
    if (kernels.size() > 20) kernels = kernels.substr(0, 19) + "…";
    canvas.text({here.x + 8, here.y + 29}, kernels, 9, kInk);
    const Box strip{here.x + 8, here.y + 35, here.width - 16, 11};
    canvas.fill(strip, rgb(0xEEF1F4));
    const double scale = strip.width / static_cast<double>(facts.bytes);
    for (const ProgramBuffer& buffer : program_.buffers) {
      if (buffer.tile != tile) continue;
      used_bytes += buffer.bytes;
      canvas.fill({strip.x + buffer.address * scale, strip.y,
                   std::max(0.6, buffer.bytes * scale - 0.6), strip.height},
                  palette_.of(buffer.name));
    }
    for (int bank = 0; bank <= facts.banks; ++bank) {
      const double x = strip.x + strip.width * bank / facts.banks;
      canvas.line({{x, strip.y}, {x, strip.y + strip.height + 2}}, kFaint, 0.6);
    }
    canvas.text({here.x + 8, here.y + 59},
                std::to_string((used_bytes + 1023) / 1024) + " of " +
                    std::to_string(facts.bytes / 1024) + " KB",
                9, kFaint);
  }

  static std::string kernels_of(const ProgramCore& core) {
    std::vector<std::string> names;
    for (const CoreOperation& operation : core.operations) {
      const auto* call = std::get_if<KernelCall>(&operation);
      if (call == nullptr) continue;
      if (std::find(names.begin(), names.end(), call->symbol) == names.end()) {
        names.push_back(call->symbol);
      }
    }
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    return all;
  }

  /// The channel behind a port of the switch box; -1: none.
  static int channel(TileKind kind, Direction direction, Port port) {
    for (int i = 0; i < dma_of(kind).channels; ++i) {
      if (dma_port(kind, direction, i) == port) return i;
    }
    return -1;
  }

  /// Where a port meets the edge of its switch box.
  Point edge(TileId tile, Port port, bool output) const {
    const TileKind kind = kind_of(tile);
    const Box here = box(tile);
    const Direction direction = output ? Direction::s2mm : Direction::mm2s;
    if (channel(kind, direction, port) >= 0) {
      return {here.x + here.width, dma_y(tile, direction, channel(kind, direction, port))};
    }
    const double side = here.y + dma_zone(kind) + 4;
    const double up = here.x + 6 + 8.0 * port.index, down = here.x + 58 + 9.0 * port.index;
    const double east = side + 6.0 * port.index, west = side + 30 + 6.0 * port.index;
    switch (port.bundle) {
      case Bundle::north:
        return {output ? up : down, here.y};
      case Bundle::south:
        return {output ? down : up, here.y + here.height};
      case Bundle::east:
        return {here.x + here.width, output ? east : west};
      case Bundle::west:
        return {here.x, output ? west : east};
      default:
        return {here.x + here.width / 2, here.y + here.height / 2};
    }
  }
  /// Channels stand beside each other under the memory, those that receive first.
  double dma_x(TileId tile, Direction direction, int number) const {
    const int channels = dma_of(kind_of(tile)).channels;
    return content(tile).x + 10 + 9.0 * (number + (direction == Direction::mm2s ? channels : 0));
  }
  double dma_y(TileId tile, Direction direction, int number) const {
    const int channels = dma_of(kind_of(tile)).channels;
    const int order = number + (direction == Direction::mm2s ? channels : 0);
    return box(tile).y + 3 + (kind_of(tile) == TileKind::memory ? 4.4 : 6.0) * order;
  }

  void draw_connection(Canvas& canvas, const ProgramConnection& made) const {
    const Colour colour = palette_.of(made.stream);
    const Point from = edge(made.tile, made.input, false), to = edge(made.tile, made.output, true);
    canvas.line({from, to}, colour, 1.6);
    const bool is_dma = channel(kind_of(made.tile), Direction::s2mm, made.output) >= 0;
    if (is_dma || !is_side(made.output.bundle)) return;
    const TileId next = beyond(made.tile, made.output.bundle);
    if (!program_.device.has(next)) return;
    const Port there{opposite(made.output.bundle), made.output.index};
    canvas.line({to, edge(next, there, false)}, colour, 1.6);
  }

  /// Between a switch box and the DMA channels of its tile.
  void draw_ends(Canvas& canvas, const ProgramConnection& made) const {
    const TileKind kind = kind_of(made.tile);
    const Colour colour = palette_.of(made.stream);
    const Box here = content(made.tile);
    const double bottom = here.y + here.height;
    if (const int n = channel(kind, Direction::s2mm, made.output); n >= 0) {
      const double x = dma_x(made.tile, Direction::s2mm, n);
      const Point at = edge(made.tile, made.output, true);
      canvas.line({at, {x, at.y}, {x, bottom + 4}}, colour, 1.6);
      canvas.area({{x - 4, bottom + 6}, {x + 4, bottom + 6}, {x, bottom - 1}}, colour);
    }
    if (const int n = channel(kind, Direction::mm2s, made.input); n >= 0) {
      const double x = dma_x(made.tile, Direction::mm2s, n);
      const Point at = edge(made.tile, made.input, false);
      canvas.line({at, {x, at.y}, {x, bottom}}, colour, 1.6);
      canvas.fill({x - 3, bottom - 3, 6, 6}, colour, 1);
    }
  }

  const std::string name_;
  const ArrayProgram& program_;
  const Palette palette_;
  std::vector<std::string> deadlock_;
  std::map<std::string, Stream> streams_;
  std::map<int, double> row_tops_;
  double top_ = 0, height_ = 0;
  std::set<TileId> used_;
};

}  // namespace

Picture array_picture(const std::string& name, const ArrayProgram& program,
                      const sim::Report* report) {
  const auto drawing = std::make_shared<ArrayDrawing>(name, program, report);
  return {name + ": the array", drawing->width(), drawing->height(),
          [drawing](Canvas& canvas) { drawing->draw(canvas); }};
}

}  // namespace sotto::npu::draw
