// What the structure of a recording says about its own size.
#pragma once

#include <filesystem>

namespace sotto::audio {

/// Whether the file ends inside something that its container announced as longer: the data of a WAV
/// or RF64 file, an AVI file, a box of an MP4 or QuickTime file, the segment of a Matroska or WebM
/// file, the last page of an Ogg file. False for other containers, for sizes that a recorder has
/// left open (as programs that write into a pipe do), and for a file that cannot be read.
bool ends_inside_its_container(const std::filesystem::path& path);

}  // namespace sotto::audio
