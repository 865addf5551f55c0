#include "model/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "model/json.h"

namespace sotto::model {
namespace {

/// Whisper's headers have 30 to 200 KB.
constexpr std::uint64_t kMaxHeaderBytes = 16 << 20;

DType parse_dtype(const std::string& dtype, const std::string& name, const std::string& source) {
  if (dtype == "F32") return DType::f32;
  if (dtype == "F16") return DType::f16;
  if (dtype == "BF16") return DType::bf16;
  fail(ErrorKind::model, source, ": tensor ", printable(name), " is of type ", printable(dtype),
       ", and the types that are read are F32, F16 and BF16");
}

/// Where a tensor's data lies, counted from the end of the header.
struct Range {
  std::int64_t begin, end;
  std::string_view name;
};

/// Bytes of a tensor, at most `limit` + 1: sizes that multiply beyond it are not computed.
std::int64_t bytes_up_to(std::int64_t limit, const Tensor& tensor) {
  std::int64_t bytes = static_cast<std::int64_t>(bytes_of(tensor.type));
  for (const std::int64_t size : tensor.shape) {
    if (size == 0) return 0;
    if (bytes > limit / size) return limit + 1;
    bytes *= size;
  }
  return bytes;
}

/// Reads one entry of the header; `data` is what follows the header.
std::pair<Tensor, Range> parse_tensor(const std::string& name, const Json& entry,
                                      std::span<const std::byte> data, const std::string& source) {
  constexpr std::size_t kMaxDims = 8;
  const std::string what = "tensor " + printable(name);
  as_object(entry, what, source);
  const std::string in_tensor = source + ": " + what;
  Tensor tensor;
  tensor.type =
      parse_dtype(as_string(member(entry, "dtype", in_tensor), "dtype", in_tensor), name, source);
  const auto data_bytes = static_cast<std::int64_t>(data.size());
  const Json& shape = as_array(member(entry, "shape", in_tensor), "shape", in_tensor);
  if (shape.size() > kMaxDims) {
    fail(ErrorKind::model, in_tensor, " has ", shape.size(), " dimensions, and at most ", kMaxDims,
         " are read");
  }
  for (const Json& size : shape) {
    tensor.shape.push_back(as_integer(size, 0, data_bytes, "a size in shape", in_tensor));
  }
  const Json& offsets =
      as_array(member(entry, "data_offsets", in_tensor), "data_offsets", in_tensor);
  if (offsets.size() != 2) {
    fail(ErrorKind::model, in_tensor, ": data_offsets has ", offsets.size(), " numbers, not 2");
  }
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const std::int64_t begin =
      as_integer(offsets[0], 0, kMost, "the first of data_offsets", in_tensor);
  const std::int64_t end =
      as_integer(offsets[1], begin, kMost, "the second of data_offsets", in_tensor);
  if (end > data_bytes) {
    fail(ErrorKind::model, in_tensor, " ends at byte ", end, " of the data, and there are only ",
         data_bytes, ": the file is cut off; copy or download it again");
  }
  if (end - begin != bytes_up_to(data_bytes, tensor)) {
    fail(ErrorKind::model, in_tensor, " is ", to_string(tensor.shape), " in ", name_of(tensor.type),
         ", and ", end - begin, " bytes do not fit that");
  }
  tensor.data = data.data() + begin;
  return {std::move(tensor), Range{begin, end, name}};
}

/// The data of the tensors must cover `data_bytes` exactly: overlapping tensors, or bytes that
/// belong to none, show a damaged or cut-off file.
void check_coverage(std::vector<Range> ranges, std::size_t data_bytes, const std::string& source) {
  std::ranges::sort(ranges, {},
                    [](const Range& range) { return std::pair(range.begin, range.end); });
  std::int64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered) {
      fail(ErrorKind::model, source, ": the data of tensor ", printable(range.name),
           range.begin < covered ? " overlaps another's" : " does not follow the tensor before it",
           " (it begins at ", range.begin, ", and ", covered, " is due)");
    }
    covered = range.end;
  }
  if (static_cast<std::size_t>(covered) != data_bytes) {
    fail(ErrorKind::model, source, ": the tensors end at byte ", covered, " of ", data_bytes,
         " bytes of data");
  }
}

/// Tells what a file that cannot be safetensors is, if that is easily told.
void check_header_length(std::uint64_t header_bytes, std::span<const std::byte> bytes,
                         const std::string& source) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("version https://git-lfs")) {
    fail(ErrorKind::model, source,
         ": it is a Git LFS pointer, not the weights; run 'git lfs pull' in its folder");
  }
  if (header_bytes > bytes.size() - sizeof header_bytes || header_bytes > kMaxHeaderBytes) {
    fail(ErrorKind::model, source, ": its header should have ", header_bytes,
         " bytes, and the file has ", bytes.size(), " (a header at most ", kMaxHeaderBytes,
         "); it is cut off or not safetensors");
  }
}

}  // namespace

Safetensors read_safetensors(const std::filesystem::path& path) {
  Safetensors result{std::make_shared<const MappedFile>(path), {}};
  const std::string source = path.string();
  const std::span<const std::byte> bytes = result.file->bytes();
  std::uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) {
    fail(ErrorKind::model, source, ": it has ", bytes.size(),
         " bytes, too few for safetensors; it is cut off");
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  check_header_length(header_bytes, bytes, source);
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + sizeof header_bytes,
                                static_cast<std::size_t>(header_bytes));
  const std::span<const std::byte> data =
      bytes.subspan(sizeof header_bytes + static_cast<std::size_t>(header_bytes));

  const Json json = parse_json_object(header, source);
  std::vector<Range> ranges;
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") continue;
    auto [tensor, range] = parse_tensor(name, entry, data, source);
    ranges.push_back(range);
    result.tensors.emplace_back(name, std::move(tensor));
  }
  check_coverage(std::move(ranges), data.size(), source);
  return result;
}

}  // namespace sotto::model
