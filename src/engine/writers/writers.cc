#include "engine/writers/writers.h"

#include "base/error.h"

namespace sotto::engine {
namespace {

struct Writer {
  std::string_view name;
  std::string (*write)(const Result&);
};

Writer writer_of(OutputFormat format) {
  switch (format) {
    case OutputFormat::txt:
      return {"txt", write_txt};
    case OutputFormat::vtt:
      return {"vtt", write_vtt};
    case OutputFormat::srt:
      return {"srt", write_srt};
    case OutputFormat::tsv:
      return {"tsv", write_tsv};
    case OutputFormat::json:
      return {"json", write_json};
  }
  SOTTO_CHECK(false);
}

}  // namespace

std::string_view name_of(OutputFormat format) {
  return writer_of(format).name;
}

OutputFormat parse_output_format(std::string_view name) {
  for (const OutputFormat format : kOutputFormats) {
    if (name_of(format) == name) return format;
  }
  fail(ErrorKind::usage, "'", name, "' is none of txt, vtt, srt, tsv, json and all");
}

std::string write(const Result& result, OutputFormat format) {
  return writer_of(format).write(result);
}

}  // namespace sotto::engine
