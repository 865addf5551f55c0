# Run at each build: writes commit.h, which says what is built, when that has changed.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND git describe --always --abbrev=8 --dirty=+ --exclude=*
  WORKING_DIRECTORY ${SOURCE_DIR} OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET RESULT_VARIABLE failed)
if(failed)
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define SOTTO_COMMIT \"@commit@\"\n" @ONLY)
