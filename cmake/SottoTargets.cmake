# Helpers that keep every src/*/CMakeLists.txt a plain list of files.

# sotto_library(NAME SOURCES… [LINK targets…]): the static library sotto_NAME of src/NAME.
function(sotto_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(sotto_${name} STATIC ${arg_SOURCES})
  target_include_directories(sotto_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(sotto_${name} PUBLIC ${arg_LINK})
  if(SOTTO_PRECOMPILED)
    sotto_standard_headers()
    target_precompile_headers(sotto_${name} REUSE_FROM sotto_standard_headers)
  endif()
endfunction()

# The standard headers of which most sources take some, compiled once. A build without shows that each
# source includes what it uses.
function(sotto_standard_headers)
  if(TARGET sotto_standard_headers)
    return()
  endif()
  set(source ${PROJECT_BINARY_DIR}/standard_headers.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// sotto_standard_headers() in cmake/SottoTargets.cmake\n")
  add_library(sotto_standard_headers OBJECT ${source})
  target_precompile_headers(sotto_standard_headers PRIVATE <algorithm> <array> <cmath> <cstdint> <cstring>
    <filesystem> <functional> <map> <memory> <optional> <set> <span> <string> <string_view> <utility> <vector>)
endfunction()

# The headers that every test begins with, compiled once: a third of the time to compile a test.
function(sotto_test_headers)
  if(TARGET sotto_test_headers)
    return()
  endif()
  set(source ${PROJECT_BINARY_DIR}/test_headers.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// sotto_test_headers() in cmake/SottoTargets.cmake\n")
  add_library(sotto_test_headers OBJECT ${source})
  sotto_test_options(sotto_test_headers)
  target_precompile_headers(sotto_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <string> <vector>)
endfunction()

function(sotto_test_options target)
  target_link_libraries(${target} PRIVATE GTest::gmock GTest::gtest_main)
  target_compile_definitions(${target} PRIVATE SOTTO_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # Half the time to compile, a sixth with sanitizers: what a test runs long is in the libraries.
  if(CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_compile_options(${target} PRIVATE -O0)
  elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(${target} PRIVATE -O1)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Headers compiled beforehand are no system headers to these: false alarms on std::string.
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
endfunction()

# sotto_test(NAME SOURCES… [LINK targets…] [LONG]): the GoogleTest program NAME_test; each of its tests
# is a ctest of its own. Tests find the repository at SOTTO_SOURCE_DIR and may write to their working
# directory, which is private to the test program. LONG: some take a minute, and so all begin before
# those of other programs, lest one runs alone at the end.
function(sotto_test name)
  if(NOT SOTTO_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "LONG" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_LINK})
  sotto_test_options(${name}_test)
  sotto_test_headers()
  target_precompile_headers(${name}_test REUSE_FROM sotto_test_headers)
  set(cost 1)
  if(arg_LONG)
    set(cost 60)
  endif()
  gtest_discover_tests(${name}_test NO_PRETTY_VALUES DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 COST ${cost})
endfunction()

# sotto_sealed_test(NAME FILES…): the test NAME_sealed, that the objects which library sotto_NAME makes
# of FILES define exactly one symbol each that others can link to: their table. A weak one, compiled
# for wider vectors, could be the copy that the linker keeps for the whole program. Precompiled headers
# know nothing of wider vectors, and FILES do without.
function(sotto_sealed_test name)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  if(NOT SOTTO_TESTS)
    return()
  endif()
  list(JOIN ARGN "|" files)
  add_test(NAME ${name}_sealed
    COMMAND ${CMAKE_COMMAND} -D NM=${CMAKE_NM} -D "FILES=${files}"
      -D "OBJECTS=$<JOIN:$<TARGET_OBJECTS:sotto_${name}>,|>" -P ${PROJECT_SOURCE_DIR}/cmake/sealed_test.cmake)
endfunction()
