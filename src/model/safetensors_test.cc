#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "base/testing.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// The 8 bytes of the header's length, the header, and `data_bytes` zeros.
std::string file_with(const std::string& header, std::size_t data_bytes = 0) {
  const std::uint64_t size = header.size();
  std::string content(sizeof size, '\0');
  std::memcpy(content.data(), &size, sizeof size);
  return content + header + std::string(data_bytes, '\0');
}

class SafetensorsTest : public ::testing::Test {
 protected:
  Safetensors read(const std::string& content) {
    write_file_atomically(folder_ / "m.safetensors", content);
    return read_safetensors(folder_ / "m.safetensors");
  }
  /// The error without the folder, which must begin it.
  std::string refusal(const std::string& content) {
    const std::string message = message_of(ErrorKind::model, [&] { read(content); });
    if (message == "no error") return message;
    const std::string path = (folder_ / "m.safetensors").string();
    EXPECT_THAT(message, StartsWith(path));
    EXPECT_EQ(message.find('\n'), std::string::npos);
    return message.substr(path.size());
  }
  TemporaryFolder folder_;
};

TEST_F(SafetensorsTest, ReadsWhatWasWritten) {
  const Dims dims = testing::tiny_test_dims();
  for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
    const auto tensors = testing::raw_tensors(testing::seeded_weights(dims, 3), type);
    const Safetensors file = read(testing::safetensors_bytes(tensors));
    ASSERT_EQ(file.tensors.size(), tensors.size());
    for (std::size_t i = 0; i < tensors.size(); ++i) {  // both in the order of names
      const auto& [name, tensor] = file.tensors[i];
      EXPECT_EQ(name, tensors[i].name);
      EXPECT_EQ(tensor.type, type);
      EXPECT_EQ(tensor.shape, tensors[i].shape);
      EXPECT_EQ(std::memcmp(tensor.data, tensors[i].data.data(), tensors[i].data.size()), 0);
    }
  }
}

TEST_F(SafetensorsTest, AcceptsEmptyTensorsScalarsAndPadding) {
  const Safetensors file = read(file_with(
      R"({"a":{"dtype":"F16","shape":[0,3],"data_offsets":[0,0]},)"
      R"("b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"__metadata__":{"x":"y"}}     )",
      4));
  ASSERT_EQ(file.tensors.size(), 2u);
  EXPECT_EQ(file.tensors[0].second.size(), 0);
  EXPECT_EQ(file.tensors[1].second.size(), 1);
}

TEST_F(SafetensorsTest, RefusesLengthsThatDoNotFit) {
  EXPECT_EQ(refusal(""), ": it has 0 bytes, too few for safetensors; it is cut off");
  EXPECT_EQ(refusal("1234567"), ": it has 7 bytes, too few for safetensors; it is cut off");
  EXPECT_THAT(refusal(std::string(8, '\xFF')),
              HasSubstr("its header should have 18446744073709551615 bytes, and the file has 8"));
  EXPECT_THAT(refusal(file_with("{}").substr(0, 9)),
              HasSubstr("its header should have 2 bytes, and the file has 9"));
  EXPECT_THAT(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 5\n"),
              HasSubstr("it is a Git LFS pointer, not the weights; run 'git lfs pull'"));
}

TEST_F(SafetensorsTest, RefusesHeadersThatAreNoJsonObject) {
  EXPECT_THAT(refusal(file_with("")), HasSubstr("it is not valid JSON at byte"));
  EXPECT_THAT(refusal(file_with("{\"a\":")), HasSubstr("it is not valid JSON at byte 6 of 5"));
  EXPECT_THAT(refusal(file_with("{\"\xFF\":1}")), HasSubstr("it is not valid JSON at byte"));
  EXPECT_THAT(refusal(file_with("[1,2]")),
              EndsWith(": its content is a JSON array, and must be an object"));
  EXPECT_THAT(refusal(file_with(std::string(100000, '['))),
              EndsWith("its JSON nests deeper than 32 levels"));
}

TEST_F(SafetensorsTest, RefusesEntriesWithMissingOrWrongMembers) {
  const auto with = [&](const std::string& entry) {
    return refusal(file_with("{\"a\":" + entry + "}", 8));
  };
  EXPECT_EQ(with("1"), ": tensor a is a JSON number, and must be an object");
  EXPECT_EQ(with("{}"), ": tensor a: dtype is missing");
  EXPECT_EQ(with(R"({"dtype":null})"), ": tensor a: dtype is missing");
  EXPECT_EQ(with(R"({"dtype":3})"), ": tensor a: dtype is a JSON number, and must be a string");
  EXPECT_EQ(with(R"({"dtype":"F8_E4M3"})"),
            ": tensor a is of type F8_E4M3, and the types that are read are F32, F16 and BF16");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":4})"),
            ": tensor a: shape is a JSON number, and must be an array");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2.0]})"),
            ": tensor a: a size in shape is a JSON number, and must be an integer");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[-1]})"),
            ": tensor a: a size in shape is -1, and must be in 0 to 8");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[18446744073709551615]})"),
            ": tensor a: a size in shape is 18446744073709551615, and must be in 0 to 8");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1]})"),
            ": tensor a has 9 dimensions, and at most 8 are read");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2]})"), ": tensor a: data_offsets is missing");
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"),
            ": tensor a: data_offsets has 1 numbers, not 2");
}

TEST_F(SafetensorsTest, RefusesOffsetsThatDoNotFit) {
  const auto with = [&](const std::string& shape, const std::string& offsets) {
    return refusal(file_with(
        R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}", 8));
  };
  EXPECT_EQ(with("[2]", "[0,8]"), "no error");  // accepted: the twin of those below
  EXPECT_EQ(
      with("[2]", "[0,12]"),
      ": tensor a ends at byte 12 of the data, and there are only 8: the file is cut off; copy or "
      "download it again");
  EXPECT_EQ(with("[2]", "[9,8]"),
            ": tensor a: the second of data_offsets is 8, and must be in 9 to "
            "9223372036854775807");
  EXPECT_EQ(with("[1]", "[8,4]"),
            ": tensor a: the second of data_offsets is 4, and must be in 8 to "
            "9223372036854775807");
  EXPECT_EQ(with("[2]", "[-8,0]"),
            ": tensor a: the first of data_offsets is -8, and must be in 0 to "
            "9223372036854775807");
  EXPECT_EQ(with("[3]", "[0,8]"), ": tensor a is [3] in f32, and 8 bytes do not fit that");
  EXPECT_EQ(with("[8,8,8,8,8,8,8,8]", "[0,8]"),
            ": tensor a is [8, 8, 8, 8, 8, 8, 8, 8] in f32, and 8 bytes do not fit that");
  EXPECT_EQ(
      with("[1]", "[4,8]"),
      ": the data of tensor a does not follow the tensor before it (it begins at 4, and 0 is due)");
  EXPECT_EQ(with("[1]", "[0,4]"), ": the tensors end at byte 4 of 8 bytes of data");
}

TEST_F(SafetensorsTest, RefusesOverlappingTensors) {
  EXPECT_EQ(refusal(file_with(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                              R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                              8)),
            ": the data of tensor b overlaps another's (it begins at 4, and 8 is due)");
}

TEST_F(SafetensorsTest, NamesInErrorsAreShortAndPrintable) {
  const std::string message = refusal(file_with("{\"" + std::string(5000, 'x') + "\":1}"));
  EXPECT_LT(message.size(), 200u);
  EXPECT_THAT(refusal(file_with("{\"a\\nb\":1}")), HasSubstr("tensor a?b is a JSON number"));
}

TEST(RealSafetensors, WhisperBaseEncoder) {
  const auto path = sotto::testing::external_data("whisper-base-encoder-f16.safetensors");
  SOTTO_NEEDS_FILE(path);
  EXPECT_EQ(read_safetensors(path).tensors.size(), 97u);
}

}  // namespace
}  // namespace sotto::model
