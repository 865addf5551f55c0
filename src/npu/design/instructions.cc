#include "npu/design/instructions.h"

#include "base/error.h"

namespace sotto::npu::design {
namespace {

enum Code : std::uint32_t {
  kWrite = 0,
  kBlockWrite = 1,
  kMaskWrite = 3,
  kSync = 0x80,
  kPatch = 0x81
};
constexpr std::size_t kHeaderWords = 4;
constexpr std::uint32_t kVersion = 0 | 1 << 8;  // major, minor
constexpr std::uint32_t kMemoryRows = 1;

std::uint32_t unsigned_of(int value) {
  return static_cast<std::uint32_t>(value);
}

class Encoder {
 public:
  explicit Encoder(std::vector<std::uint32_t>& words) : words_(words) {}
  void operator()(const Write& i) { put({kWrite, 0, i.address, 0, i.value, 24}); }
  void operator()(const BlockWrite& i) {
    const std::uint32_t column = i.address >> kColumnShift & 0x7F;
    const std::uint32_t row = i.address >> kRowShift & 0x1F;
    const std::uint32_t bytes = static_cast<std::uint32_t>(4 * (4 + i.words.size()));
    put({kBlockWrite, column | row << 8, i.address, bytes});
    words_.insert(words_.end(), i.words.begin(), i.words.end());
  }
  void operator()(const MaskWrite& i) { put({kMaskWrite, 0, i.address, 0, i.value, i.mask, 28}); }
  void operator()(const Sync& i) {
    const std::uint32_t direction = i.direction == Direction::mm2s ? 1 : 0;
    put({kSync, 16, direction | unsigned_of(i.tile.row) << 8 | unsigned_of(i.tile.column) << 16,
         1u << 8 | 1u << 16 | unsigned_of(i.channel) << 24});
  }
  void operator()(const AddressPatch& i) {
    put({kPatch, 48, 0, 0, 0, 0, i.address, 0, i.argument, 0, i.offset_bytes, 0});
  }

 private:
  void put(std::initializer_list<std::uint32_t> words) { words_.insert(words_.end(), words); }
  std::vector<std::uint32_t>& words_;
};

class Decoder {
 public:
  explicit Decoder(std::span<const std::uint32_t> words) : words_(words) {}

  InstructionStream run() {
    InstructionStream stream;
    const auto head = take(kHeaderWords);
    const std::uint32_t generation = head[0] >> 16 & 0xFF;
    if ((head[0] & 0xFFFF) != kVersion || (generation != 3 && generation != 4) ||
        head[1] >> 8 != kMemoryRows) {
      damaged("a header of this version");
    }
    stream.device = {static_cast<Device::Generation>(generation), static_cast<int>(head[1] & 0xFF),
                     static_cast<int>(head[0] >> 24)};
    if (head[3] != 4 * words_.size()) damaged("the length that its header states");
    for (std::uint32_t i = 0; i < head[2]; ++i) stream.instructions.push_back(next());
    if (at_ != words_.size()) damaged("the end");
    return stream;
  }

 private:
  [[noreturn]] void damaged(const char* expected) const {
    fail(ErrorKind::io, "instruction stream: word ", at_, " of ", words_.size(), " is not ",
         expected);
  }
  std::span<const std::uint32_t> take(std::size_t count) {
    if (words_.size() - at_ < count) damaged("followed by a whole operation");
    at_ += count;
    return words_.subspan(at_ - count, count);
  }

  Instruction next() {
    if (at_ == words_.size()) damaged("an operation, though the header counts more");
    switch (words_[at_]) {
      case kWrite: {
        const auto w = take(6);
        return Write{w[2], w[4]};
      }
      case kBlockWrite: {
        const auto w = take(4);
        if (w[3] < 16 || w[3] % 4 != 0) damaged("after a block write of whole words");
        const auto data = take(w[3] / 4 - 4);
        return BlockWrite{w[2], {data.begin(), data.end()}};
      }
      case kMaskWrite: {
        const auto w = take(7);
        return MaskWrite{w[2], w[4], w[5]};
      }
      case kSync: {
        const auto w = take(4);
        if ((w[3] & 0xFFFFFF) != (1u << 8 | 1u << 16)) damaged("after a sync of one tile");
        return Sync{{static_cast<int>(w[2] >> 16 & 0xFF), static_cast<int>(w[2] >> 8 & 0xFF)},
                    (w[2] & 0xFF) != 0 ? Direction::mm2s : Direction::s2mm,
                    static_cast<int>(w[3] >> 24)};
      }
      case kPatch: {
        const auto w = take(12);
        return AddressPatch{w[6], w[8], w[10]};
      }
      default:
        damaged("an operation that is known here");
    }
  }

  std::span<const std::uint32_t> words_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<std::uint32_t> encode(const InstructionStream& stream) {
  std::vector<std::uint32_t> words = {
      unsigned_of(stream.device.rows) << 24 |
          static_cast<std::uint32_t>(stream.device.generation) << 16 | kVersion,
      kMemoryRows << 8 | unsigned_of(stream.device.columns),
      static_cast<std::uint32_t>(stream.instructions.size()), 0};
  for (const Instruction& instruction : stream.instructions) {
    std::visit(Encoder(words), instruction);
  }
  words[3] = static_cast<std::uint32_t>(4 * words.size());
  return words;
}

InstructionStream decode(std::span<const std::uint32_t> words) {
  return Decoder(words).run();
}

}  // namespace sotto::npu::design
