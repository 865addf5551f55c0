#include "model/word_splitter.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <string>

#include "base/error.h"

namespace sotto::model {
namespace {

// White_Space of Unicode, which \s means to tiktoken. PCRE2's own \s adds U+180E.
#define WHITE R"(\t-\r \x85\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})"
constexpr std::string_view kPattern =
    "'s|'t|'re|'ve|'m|'ll|'d"
    "| ?\\p{L}+| ?\\p{N}+"
    "| ?[^" WHITE
    "\\p{L}\\p{N}]+"
    "|[" WHITE "]+(?![^" WHITE "])|[" WHITE "]+";
#undef WHITE

}  // namespace

struct WordSplitter::Impl {
  pcre2_code* pattern = nullptr;

  Impl() {
    int error = 0;
    PCRE2_SIZE offset = 0;
    pattern = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kPattern.data()), kPattern.size(),
                            PCRE2_UTF, &error, &offset, nullptr);
    SOTTO_CHECK(pattern != nullptr);
    // Where machine code may not be made at run time, PCRE2 interprets the pattern instead.
    pcre2_jit_compile(pattern, PCRE2_JIT_COMPLETE);
  }
  ~Impl() { pcre2_code_free(pattern); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
};

WordSplitter::WordSplitter() : impl_(std::make_unique<const Impl>()) {}
WordSplitter::~WordSplitter() = default;

std::vector<std::string_view> WordSplitter::split(std::string_view text) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create(1, nullptr), &pcre2_match_data_free);
  SOTTO_CHECK(match != nullptr);
  std::vector<std::string_view> pieces;
  for (std::size_t begin = 0; begin < text.size();) {
    const int groups = pcre2_match(impl_->pattern, reinterpret_cast<PCRE2_SPTR>(text.data()),
                                   text.size(), begin, PCRE2_NO_UTF_CHECK, match.get(), nullptr);
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(match.get());
    // Each character begins a piece of one of the four kinds, so no text is left between them.
    SOTTO_CHECK(groups == 1 && bounds[0] == begin && bounds[1] > begin);
    pieces.push_back(text.substr(begin, bounds[1] - begin));
    begin = bounds[1];
  }
  return pieces;
}

}  // namespace sotto::model
