// Ctrl-C: noticed by long work at its next step, so that what is finished stays.
#pragma once

namespace sotto {

/// From now on SIGINT and SIGTERM only raise a flag, and end system calls that wait; a second one
/// ends the process at once.
void catch_interrupts();

/// Whether the flag is up.
bool interrupted() noexcept;

/// Throws Error{interrupted} when the flag is up. Cheap; long work calls it between its steps.
void check_interrupted();

}  // namespace sotto
