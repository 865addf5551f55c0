#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/testing.h"
#include "model/describe.h"
#include "model/testing.h"

namespace sotto::model {
namespace {

namespace fs = std::filesystem;

using sotto::testing::message_of;
using sotto::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using testing::micro_test_dims;
using ::testing::StartsWith;

std::string refusal_of_file(const std::string& name, const std::string& content) {
  const TemporaryFolder folder;
  write_file_atomically(folder / name, content);
  return message_of(ErrorKind::model, [&] { load(folder / name); });
}

TEST(Load, SaysWhatAnotherFileIs) {
  EXPECT_THAT(refusal_of_file("m.bin", ""),
              HasSubstr("m.bin: the file is empty; what is read is a Hugging Face folder "
                        "(config.json, model.safetensors, tokenizer.json) or a ggml .bin file"));
  EXPECT_THAT(refusal_of_file("m.gguf", "GGUF\3\0\0\0"), HasSubstr("it is a GGUF file"));
  EXPECT_THAT(refusal_of_file("tiny.pt", "PK\x03\x04rest"), HasSubstr("PyTorch checkpoint (.pt)"));
  EXPECT_THAT(refusal_of_file("tiny.pt", "\x80\x02rest"), HasSubstr("PyTorch checkpoint (.pt)"));
  EXPECT_THAT(refusal_of_file("m.onnx", "\x08\x07"), HasSubstr("it is an ONNX model"));
  EXPECT_THAT(refusal_of_file("m.bin", "tjgg1234"), HasSubstr("ggml file for language models"));
  EXPECT_THAT(refusal_of_file("m.bin", "version https://git-lfs.github.com/spec/v1\n"),
              HasSubstr("it is a Git LFS pointer, not the model; run 'git lfs pull'"));
  EXPECT_THAT(refusal_of_file("m.safetensors", testing::safetensors_bytes({})),
              HasSubstr("lone safetensors file; name the folder that holds it"));
  EXPECT_THAT(refusal_of_file("notes.txt", "hello"), HasSubstr("not a model file that is known"));
}

TEST(Load, SaysWhatAnotherFolderIs) {
  const TemporaryFolder folder;
  const auto message = [&] { return message_of(ErrorKind::model, [&] { load(folder.path()); }); };
  EXPECT_THAT(message(),
              HasSubstr(folder.path().string() + ": it has no config.json; what is read"));
  write_file_atomically(folder / "encoder.onnx", "x");
  EXPECT_THAT(message(), HasSubstr("it looks like an ONNX model"));
  write_file_atomically(folder / "model.bin", "x");
  write_file_atomically(folder / "config.json", "{}");
  EXPECT_THAT(message(), HasSubstr("it looks like a CTranslate2 model"));
}

TEST(Load, ReportsPathsThatCannotBeRead) {
  EXPECT_EQ(message_of(ErrorKind::io, [] { load("/no/such/model"); }),
            "cannot read /no/such/model: No such file or directory");
  EXPECT_THAT(message_of(ErrorKind::io, [] { load(std::string(5000, 'x')); }),
              HasSubstr("File name too long"));
  EXPECT_THAT(message_of(ErrorKind::io, [] { load("/dev/null"); }),
              HasSubstr("not a regular file"));
}

TEST(Load, ReportsFoldersThatAreClosed) {
  if (::geteuid() == 0) GTEST_SKIP() << "skipped: root may read every folder";
  const TemporaryFolder folder;
  fs::create_directory(folder / "closed");
  fs::permissions(folder / "closed", fs::perms::none);
  EXPECT_THAT(message_of(ErrorKind::io, [&] { load(folder / "closed"); }),
              HasSubstr("Permission denied"));
}

TEST(Load, NamesTheModelAfterItsFolder) {
  const TemporaryFolder folder;
  testing::write_hf_folder(folder / "whisper-toy", testing::tiny_test_dims(), 1);
  EXPECT_EQ(load(folder / "whisper-toy").name, "whisper-toy");
  EXPECT_EQ(load((folder / "whisper-toy").string() + "/").name, "whisper-toy");
  EXPECT_EQ(load(folder / "whisper-toy" / "." / "").name, "whisper-toy");
}

TEST(Load, WeightsOutliveTheFiles) {
  TemporaryFolder folder;
  testing::write_ggml(folder / "m.bin", testing::tiny_test_dims(), 1);
  const Model model = load(folder / "m.bin");
  fs::remove(folder / "m.bin");
  std::vector<float> values(64);
  EXPECT_NO_THROW(model.weights.read("decoder.ln.weight", {64}, values));
}

TEST(Describe, SaysWhatThereIs) {
  const TemporaryFolder folder;
  testing::write_hf_folder(folder / "toy", testing::tiny_test_dims(), 1,
                           {.type = DType::f16, .generation = {.suppress_tokens = {{1, 2, 3}}}});
  EXPECT_EQ(describe(load(folder / "toy")),
            "name                toy\n"
            "format              Hugging Face safetensors\n"
            "size                not a released one\n"
            "input               80 mel bands x 3000 frames\n"
            "encoder             layers 1, width 64, heads 1, feed-forward 256, positions 1500\n"
            "decoder             layers 1, width 64, heads 1, feed-forward 256, positions 448\n"
            "parameters          397,248\n"
            "weights             50 tensors, 794,496 bytes\n"
            "  f16               50 tensors, 794,496 bytes\n"
            "languages           one (English in released models); no translation\n"
            "tokens              2000, of which 392 text\n"
            "  endoftext         392\n"
            "  sot               393\n"
            "  languages         394 to 492\n"
            "  translate         493\n"
            "  transcribe        494\n"
            "  startoflm         495\n"
            "  startofprev       496\n"
            "  nospeech          497\n"
            "  notimestamps      498\n"
            "  timestamps        499 to 1999\n"
            "suppressed          3 tokens, from generation_config.json\n"
            "  at the beginning  openai/whisper's rule\n"
            "  first timestamp   openai/whisper's rule\n");
}

TEST(Describe, ListsLanguagesTypesAndPadding) {
  const TemporaryFolder folder;
  testing::write_hf_folder(folder / "padded", testing::tiny_test_dims(), 1, {.padding = 48});
  EXPECT_THAT(
      describe(load(folder / "padded")),
      AllOf(HasSubstr("tokens              2000, of which 392 text\n"),
            HasSubstr("  timestamps        499 to 1999\n  padding           2000 to 2047\n")));
  testing::write_hf_folder(folder / "toy", testing::tiny_test_dims(), 1, {.multilingual = true});
  EXPECT_THAT(describe(load(folder / "toy")), HasSubstr("languages           99: en zh de "));
  testing::write_ggml(folder / "toy.bin", testing::tiny_test_dims(), 1);
  const std::string text = describe(load(folder / "toy.bin"));
  EXPECT_THAT(text, StartsWith("name                toy.bin\nformat              ggml\n"));
  EXPECT_THAT(text, HasSubstr("\n  f32 "));
  EXPECT_THAT(text, HasSubstr("\n  f16 "));
}

/// Changes some bytes of a file, some thousand times: whatever comes of it is a model or an Error.
class Mutations {
 public:
  explicit Mutations(std::string content) : content_(std::move(content)) {}

  /// Flips bits, writes extreme numbers, cuts out, doubles: one to four times.
  std::string next() {
    std::string content = content_;
    for (std::uint64_t n = 1 + random(4); n > 0; --n) {
      const std::size_t at = random(content.size());
      switch (random(4)) {
        case 0:
          content[at] = static_cast<char>(content[at] ^ (1 << random(8)));
          break;
        case 1: {
          static constexpr unsigned char kExtremes[] = {0x00, 0x7F, 0x80, 0xFF};
          content.replace(at, 1 + random(8), 1 + random(8),
                          static_cast<char>(kExtremes[random(4)]));
          break;
        }
        case 2:
          content.erase(at, 1 + random(16));
          break;
        default:
          content.insert(at, content.substr(random(content.size()), random(64)));
      }
      if (content.empty()) break;
    }
    return content;
  }

 private:
  std::uint64_t random(std::uint64_t below) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % below;
  }
  std::string content_;
  std::uint64_t state_ = 20260101;
};

struct Outcomes {
  int loaded = 0;
  int refused = 0;
};

/// Loads `model` after each of `count` mutations of `file`, which may be refused with an Error of
/// `kinds`; anything else that is thrown escapes.
Outcomes load_mutated(const fs::path& model, const fs::path& file, int count,
                      const std::vector<ErrorKind>& kinds = {ErrorKind::model}) {
  const std::string whole = read_text_file(file);
  Mutations mutations(whole);
  Outcomes outcomes;
  for (int i = 0; i < count; ++i) {
    write_file_atomically(file, mutations.next());
    try {
      load(model);
      ++outcomes.loaded;
    } catch (const Error& error) {
      EXPECT_THAT(kinds, Contains(error.kind())) << error.what();
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      ++outcomes.refused;
    }
  }
  write_file_atomically(file, whole);
  return outcomes;
}

TEST(Mutation, GgmlFilesLoadOrAreRefused) {
  const TemporaryFolder folder;
  testing::write_ggml(folder / "m.bin", micro_test_dims(), 1);
  const Outcomes outcomes = load_mutated(folder / "m.bin", folder / "m.bin", 3000);
  EXPECT_GT(outcomes.loaded, 0);  // some only change weights
  EXPECT_GT(outcomes.refused, 0);
}

TEST(Mutation, HuggingFaceFilesLoadOrAreRefused) {
  const TemporaryFolder folder;
  testing::write_hf_folder(folder.path(), micro_test_dims(), 1, {.list_timestamps = false});
  for (const std::string name :
       {"model.safetensors", "config.json", "generation_config.json", "tokenizer.json"}) {
    const Outcomes outcomes = load_mutated(folder.path(), folder / name, 1000);
    EXPECT_GT(outcomes.refused, 0) << name;
  }
}

TEST(Mutation, ShardedFilesAndPlainVocabulariesLoadOrAreRefused) {
  const TemporaryFolder folder;
  testing::write_hf_folder(folder.path(), micro_test_dims(), 1,
                           {.shards = 2, .tokenizer_json = false, .list_timestamps = false});
  for (const std::string name : {"vocab.json", "merges.txt", "added_tokens.json"}) {
    const Outcomes outcomes = load_mutated(folder.path(), folder / name, 500);
    EXPECT_GT(outcomes.refused, 0) << name;
  }
  // The names of the shards are in it: one that changed may be that of no file.
  const Outcomes outcomes = load_mutated(folder.path(), folder / "model.safetensors.index.json",
                                         500, {ErrorKind::model, ErrorKind::io});
  EXPECT_GT(outcomes.refused, 0);
}

TEST(Mutation, SafetensorsHeadersAreReadOrRefused) {
  const TemporaryFolder folder;
  testing::write_hf_folder(folder.path(), micro_test_dims(), 1,
                           {.type = DType::f16, .list_timestamps = false});
  // The header alone: what follows it is hit by most of the mutations above.
  const std::string whole = read_text_file(folder / "model.safetensors");
  const std::size_t data = whole.rfind('}') + 1;
  Mutations mutations(whole.substr(0, data));
  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    write_file_atomically(folder / "model.safetensors", mutations.next() + whole.substr(data));
    refused += message_of(ErrorKind::model, [&] { load(folder.path()); }) != "no error";
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace sotto::model
