// Designs that only move data: host memory, memory tiles, one core.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::calibrate {

/// Shims read into memory tiles that keep nothing: each of the first so many channels of each of
/// the first so many columns, `words` in so many tasks.
design::Design reads(int columns, int channels, int words, int tasks);

/// The same in one task of so many rows of `row` words, whose beginnings are `pitch` words apart.
design::Design reads_rows(int columns, int channels, int rows, int row, int pitch);

/// Through memory tiles and out again, a channel each way in each of so many columns: objects of
/// 2,048 words. With `hops` of 2, through the memory tile of the next column, too.
design::Design there_and_back(int columns, int objects, int hops = 1);

/// In each of so many columns, a shim channel reads so many words and another one writes.
design::Design reads_and_writes(int columns, int words_read, int words_written);

/// 65,536 words of a memory tile, four times, to a core: the chains "sends" and "receives".
design::Design stream_to_core();

/// So many buffers of 1,024 words from the host to a core whose kernel is "work", and back.
design::Design buffers_through_core(int buffers);

/// A sequence that writes so many words of a core's parameters and moves one word.
design::Design operations(int count);

}  // namespace sotto::npu::calibrate
