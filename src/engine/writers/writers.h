// The formats of a result, byte for byte as openai/whisper writes them (utils.py), with one
// exception: the cleared segments before the first text, for which upstream writes empty lines
// (txt) or stops with a KeyError (srt, vtt), are left out of these three.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "engine/result.h"

namespace sotto::engine {

enum class OutputFormat { txt, vtt, srt, tsv, json };

inline constexpr std::array kOutputFormats = {
    OutputFormat::txt, OutputFormat::vtt, OutputFormat::srt, OutputFormat::tsv, OutputFormat::json};

/// "txt": the name and the file name extension.
std::string_view name_of(OutputFormat format);

/// The format of that name. Throws Error{usage}.
OutputFormat parse_output_format(std::string_view name);

/// The content of a file in `format`.
std::string write(const Result& result, OutputFormat format);

/// One line for each segment: its text without white space around it.
std::string write_txt(const Result& result);
/// WebVTT subtitles.
std::string write_vtt(const Result& result);
/// SubRip subtitles.
std::string write_srt(const Result& result);
/// start and end in milliseconds, text; separated by tabs, with a line of headings.
std::string write_tsv(const Result& result);
/// The whole result as Python's json.dump(result, file) writes it.
std::string write_json(const Result& result);

}  // namespace sotto::engine
