// The two pictures of a design: the array with its streams, and what happened on it when.
#pragma once

#include "npu/design/array_program.h"
#include "npu/sim/report.h"
#include "npu/sim/trace.h"
#include "picture/picture.h"

namespace sotto::npu::draw {

using picture::Picture;

/// Tiles with their memories, and every stream over the wires and switch boxes that it really
/// takes. After a deadlock, `report` marks who stands in it; may be null.
Picture array_picture(const std::string& name, const design::ArrayProgram& program,
                      const sim::Report* report);

/// A row for the controller, each core and each DMA channel, over cycles and time.
Picture timeline_picture(const std::string& name, const design::ArrayProgram& program,
                         const sim::Trace& trace, const sim::Report& report);

}  // namespace sotto::npu::draw
