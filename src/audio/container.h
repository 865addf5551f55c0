// What the structure of a recording says about its own size.
#pragma once

#include <filesystem>
#include <string_view>

namespace sotto::audio {

/// Whether the file ends inside something that its container announced as longer: the data of a
/// WAV, RF64, Wave64 or CAF file, an AVI file, a box of an MP4 or QuickTime file, the segment of a
/// Matroska or WebM file, the last page of an Ogg file, the last packet of an MPEG transport
/// stream. False for other containers, for sizes that a recorder has left open (as programs that
/// write into a pipe do), and for a file that cannot be read.
bool ends_inside_its_container(const std::filesystem::path& path);

/// Whether the last page of an Ogg file is not marked as the last one of its stream: the file was
/// cut between two pages, or its recorder stopped without an end, as one of a live stream does.
bool is_ogg_without_end(const std::filesystem::path& path);

/// Whether `bytes` begin as an MPEG audio frame (MP3, or layer II) that is longer than they are.
bool is_part_of_mpeg_audio_frame(std::string_view bytes);

}  // namespace sotto::audio
