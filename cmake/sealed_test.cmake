# Run by ctest (sotto_sealed_test): NM, FILES and OBJECTS separated by |.
string(REPLACE "|" ";" files "${FILES}")
string(REPLACE "|" ";" objects "${OBJECTS}")
foreach(file ${files})
  set(object ${objects})
  list(FILTER object INCLUDE REGEX "/${file}\\.o$")
  execute_process(COMMAND ${NM} --extern-only --defined-only ${object}
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  # AddressSanitizer marks each global variable with one more symbol.
  string(REGEX REPLACE "[^\n]*__odr_asan[^\n]*\n" "" symbols "${symbols}")
  string(REGEX MATCHALL "\n" lines "${symbols}")
  list(LENGTH lines count)
  if(NOT count EQUAL 1 OR symbols MATCHES " [VvWwu] ")
    message(SEND_ERROR "${object} must define one symbol, and no weak one, but defines:\n${symbols}")
  endif()
  message("${file}: ${symbols}")
endforeach()
