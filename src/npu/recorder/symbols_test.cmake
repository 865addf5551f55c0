# Run by ctest: a library of recorded kernels (OBJECTS, separated by |) has no symbol of the plain
# kernels or of the host's API under its own name, which the linker could take for the other's.
string(REPLACE "|" ";" objects "${OBJECTS}")
foreach(object ${objects})
  execute_process(COMMAND ${NM} --defined-only ${object} OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* (_Z[^\n]*(3npu7kernels|[NKV]3aie|N3aie)[^\n]*)" shared "${symbols}")
  if(shared)
    message(SEND_ERROR "${object} defines symbols of the plain kernels:\n${shared}")
  endif()
  if(NOT symbols MATCHES "recorded_")
    message(SEND_ERROR "${object} defines no recorded kernel")
  endif()
endforeach()
