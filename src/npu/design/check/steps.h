// The steps of a check, in order. Each reports what breaks its rules and fills in its part of the
// plan; each can run when those before it found something, unless it says otherwise.
#pragma once

#include "npu/design/check/plan.h"

namespace sotto::npu::design {

/// Every Ref names something. The other steps rely on it.
void check_references(const Design& design, Findings& findings);

/// Device and tiles. The other steps rely on them.
void check_tiles(Checking& c);
/// Names; FIFOs and links have their ends. plan.network is empty yet.
void check_structure(Checking& c);
/// Programs of cores: arguments fit kernels, objects are held when used.
void check_cores(Checking& c);

/// Chains and flows of the network: descriptors, locks that the DMA can reach, patterns.
void check_chains(Checking& c);
/// A DMA channel for each chain, and descriptors for static ones.
void place_channels(Checking& c);
void place_locks(Checking& c);
void place_buffers(Checking& c);
/// Needs the channels of flows; flows without are left out.
void place_routes(Checking& c);

/// Tasks, waits, parameters: bounds, queues, descriptors.
void check_sequence(Checking& c);
/// Objects produced and consumed in a dispatch. Needs a design that is right so far.
void check_balance(Checking& c);
/// Plays two dispatches. Needs a design that is right so far.
void check_progress(Checking& c);

/// The statements of a core's round, loops unrolled into totals: objects released into or from each
/// end.
std::map<EndRef, std::int64_t> objects_per_round(const Core& core);

}  // namespace sotto::npu::design
