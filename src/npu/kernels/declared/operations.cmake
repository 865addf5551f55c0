# Run by ctest (see CMakeLists.txt): compiles the files that call every operation against the
# declarations, as check.cmake does with kernels and by its rules, then compares the names of both
# headers and of what those files call.
#   COMPARE  the program compare_names; the other variables are those of check.cmake
cmake_minimum_required(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/check.cmake)

# Line markers say which lines are the headers' own.
function(preprocess text_file)
  run(text ${CXX} ${ARGN} -E ${OUT}/header.cc)
  file(WRITE ${text_file} "${text}")
endfunction()
file(WRITE ${OUT}/header.cc "#include <aie_api/aie.hpp>\n")
preprocess(${OUT}/host.ii -std=c++20 -I ${kernel_dir}/host/include -I ${SOURCE_DIR})
preprocess(${OUT}/declared.ii ${declared_flags})

set(objects "")
foreach(kernel ${kernels})
  cmake_path(GET kernel FILENAME file)
  list(APPEND objects ${OUT}/${file}.o)
endforeach()
run(symbols ${NM} -P -u ${objects})
file(WRITE ${OUT}/called.txt "${symbols}")

execute_process(COMMAND ${COMPARE} ${OUT}/host.ii ${OUT}/declared.ii ${OUT}/called.txt
  OUTPUT_VARIABLE output ERROR_VARIABLE output RESULT_VARIABLE result)
message(NOTICE "${output}")
if(NOT result EQUAL 0)
  message(FATAL_ERROR "The declarations, the host API and the calls in operations/ differ, see above.")
endif()
