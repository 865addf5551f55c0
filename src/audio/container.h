// What the structure of a recording says about its own size.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace sotto::audio {

/// Whether the file ends inside something that its container announced as longer: the data of a
/// WAV, RF64, Wave64 or CAF file, an AVI file, a box of an MP4 or QuickTime file, the segment of a
/// Matroska or WebM file, a tag of an FLV file, the last page of an Ogg file, the last packet of an
/// MPEG program or transport stream. False for other containers, for sizes that a recorder has left
/// open (as programs that write into a pipe do), and for a file that cannot be read.
bool ends_inside_its_container(const std::filesystem::path& path);

/// Says which mark of the end is missing, or nothing: the last page of an Ogg file that is marked
/// as the last one of its stream, the index behind a NUT file. Such a file was cut between two
/// parts, or its recorder stopped without an end, as one of a live stream does.
std::string_view missing_end_mark(const std::filesystem::path& path);

/// How many bytes of sound the header of a WAV file states, of which this is the beginning; absent
/// when it leaves that open, and for anything else.
std::optional<std::uint64_t> stated_wav_bytes(std::string_view begin);

/// Whether `bytes` begin as an MPEG audio frame (MP3, or layer II) that is longer than they are.
bool is_part_of_mpeg_audio_frame(std::string_view bytes);

}  // namespace sotto::audio
