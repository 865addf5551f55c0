# Run by ctest (see CMakeLists.txt): compiles kernels for a processor without floating point and
# reads from the objects what they need, what they export and what memory they take.
#   KERNELS      the sources, separated by |, relative to KERNEL_DIR
#   SOURCE_DIR   src of the repository
#   OUT          a folder for objects
#   CXX, CXX_ID  the compiler, and GNU or Clang; NM, READELF the tools for its objects
#   PEANO        instead of CXX: the folder of llvm-aie; AIE_API the folder that holds AMD's aie_api
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" kernels "${KERNELS}")
list(TRANSFORM kernels PREPEND ${KERNEL_DIR}/)
file(MAKE_DIRECTORY ${OUT})
set(kernel_dir ${SOURCE_DIR}/npu/kernels)
set(rodata_limit 512)  # bytes, all kernels together (kConstantBytes in phase.h)
set_property(GLOBAL PROPERTY fault_count 0)

# A kernel breaks a rule. NOTICE, because other messages of CMake break their lines.
function(fault kernel what)
  cmake_path(GET kernel FILENAME file)
  message(NOTICE "${file}: ${what}")
  get_property(count GLOBAL PROPERTY fault_count)
  math(EXPR count "${count} + 1")
  set_property(GLOBAL PROPERTY fault_count ${count})
endfunction()

# execute_process that ends the test when the tool fails.
function(run output_variable)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE error RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(NOTICE "${output}${error}")
    message(FATAL_ERROR "This failed: ${command}")
  endif()
  set(${output_variable} "${output}" PARENT_SCOPE)
endfunction()

# Exceptions, run-time types and tables for unwinding are off as on the core; nothing is included
# but what -I names. -ffreestanding is not given, as Peano does not get it: loops that fill or copy
# memory may become calls, and are seen.
set(declared_flags -std=c++20 -O2 -Wall -Wextra -Werror -fno-exceptions -fno-rtti -nostdinc -fno-pic
  -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables
  -I ${kernel_dir}/declared/include -I ${SOURCE_DIR})
if(CXX_ID STREQUAL "GNU")
  # GCC for x86 has a 32-bit mode without floating point. It copies large structs by `rep movs`
  # unless told to call memcpy.
  list(APPEND declared_flags -nostdinc++ -m32 -msoft-float -mno-sse -mno-mmx
    -mstringop-strategy=libcall)
  set(target -m32)
else()
  # Clang for x86 keeps to the x87, so a RISC-V with integers and their products.
  set(target --target=riscv32-unknown-none-elf -march=rv32im -mabi=ilp32)
  list(APPEND declared_flags ${target})
endif()

# As mlir-aie compiles its own kernels (programming_examples/makefile-common). The macro keeps out
# aie_adf.hpp, which needs <adf.h> of AMD's other compiler (as in mlir-aie's tests with aie_api).
set(peano_flags -std=c++20 -O2 --target=aie2-none-unknown-elf -Wno-parentheses -Wno-attributes
  -Wno-macro-redefined -Wno-empty-body -Wno-missing-template-arg-list-after-template-kw -DNDEBUG
  -D__AIE_API_AIE_ADF_HPP__
  -I ${AIE_API} -I ${SOURCE_DIR})

# Instructions that the core does not have and both of our targets do: division, and products of 64
# bits, which also stand for division by a constant. Peano calls a function for them (llvm-aie,
# AIE2LegalizerInfo.cpp: G_SDIV, G_UDIV, G_SREM, G_UREM and 64-bit G_MUL are libcalls).
function(check_instructions kernel assembly)
  file(READ ${assembly} text)
  if(text MATCHES "\n\t(i?div[bwlu]?|remu?)[ \t]")
    fault(${kernel} "divides integers (${CMAKE_MATCH_1}), which the core would do in software")
  endif()
  foreach(product "(mull|mulhs?u?)[ \t]" "(imull)[ \t][^,\n]*\n")
    if(text MATCHES "\n\t${product}")
      fault(${kernel} "multiplies to 64 bits or divides by a constant (${CMAKE_MATCH_1}), which \
the core would do in software")
    endif()
  endforeach()
endfunction()

# Leaves an object and a list of the files that it was made from.
function(compile kernel object)
  if(PEANO)
    run(ignored ${PEANO}/bin/clang++ ${peano_flags} -MD -MF ${object}.d -c ${kernel} -o ${object})
  else()
    run(ignored ${CXX} ${declared_flags} -MD -MF ${object}.d -S ${kernel} -o ${object}.s)
    check_instructions(${kernel} ${object}.s)
    run(ignored ${CXX} ${target} -c ${object}.s -o ${object})
  endif()
endfunction()

# What only Peano compiles: its pragmas, each of which must stand before a loop.
function(check_pragmas kernel)
  if(PEANO)
    return()
  endif()
  run(text ${CXX} ${declared_flags} -D__PEANO__ -E -P ${kernel})
  string(REGEX REPLACE "#pragma clang loop (min_iteration_count\\([^\n]+\\)|unroll\\(full\\))[ \n]*for *\\(" "" text "${text}")
  if(text MATCHES "(#pragma clang[^\n]*)")
    fault(${kernel} "says `${CMAKE_MATCH_1}` to Peano, and not before a loop")
  endif()
endfunction()

# The kernel and every header of this folder that it reaches include nothing else.
function(check_includes kernel object)
  file(READ ${object}.d files)
  string(REGEX MATCHALL "[^ \n]+/npu/kernels/[A-Za-z0-9_]+\\.h" files "${files}")
  list(REMOVE_DUPLICATES files)
  foreach(file ${kernel} ${files})
    file(STRINGS ${file} lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line ${lines})
      if(NOT line MATCHES "include (<aie_api/aie\\.hpp>|\"npu/kernels/[A-Za-z0-9_]+\\.h\")")
        cmake_path(GET file FILENAME name)
        fault(${kernel} "${name} says `${line}`; a kernel includes <aie_api/aie.hpp> and \
\"npu/kernels/NAME.h\" only")
      endif()
    endforeach()
  endforeach()
endfunction()

# Memory: nothing that is written before the kernel is called. Sets text and rodata, in bytes.
function(check_sections kernel object)
  run(sections ${READELF} -S -W ${object})
  set(text 0)
  set(rodata 0)
  # number (whose brackets would confuse lists), name, type, address, offset, size, entry size, flags
  string(REGEX REPLACE "\\[ *[0-9]+\\]" "section" sections "${sections}")
  set(row "section +([^ ]+) +[A-Z_0-9]+ +[0-9a-f]+ +[0-9a-f]+ +([0-9a-f]+) +[0-9a-f]+ +([A-Za-z]*)")
  string(REGEX MATCHALL "${row}" rows "${sections}")
  foreach(section ${rows})
    string(REGEX MATCH "${row}" ignored "${section}")
    set(name ${CMAKE_MATCH_1})
    set(flags "${CMAKE_MATCH_3}")
    math(EXPR size "0x${CMAKE_MATCH_2}")
    if(size EQUAL 0 OR NOT flags MATCHES "A")
      continue()
    elseif(flags MATCHES "W")
      fault(${kernel} "has ${size} bytes in ${name}: a kernel has no writable global data and no \
static constructors")
    elseif(flags MATCHES "X")
      math(EXPR text "${text} + ${size}")
    elseif(NOT name MATCHES "^\\.(eh_frame|note)")
      math(EXPR rodata "${rodata} + ${size}")
    endif()
  endforeach()
  set(text ${text} PARENT_SCOPE)
  set(rodata ${rodata} PARENT_SCOPE)
endfunction()

# Sets undefined and exported: symbols that others must define, and those that they can link to.
# Weak ones are inline functions, of which the linker keeps one.
function(read_symbols object)
  set(undefined "")
  set(exported "")
  run(symbols ${NM} -P ${object})
  string(REPLACE "\n" ";" symbols "${symbols}")
  foreach(symbol ${symbols})
    if(symbol MATCHES "^([^ ]+) U")
      list(APPEND undefined ${CMAKE_MATCH_1})
    elseif(symbol MATCHES "^([^ ]+) [A-T]")
      list(APPEND exported ${CMAKE_MATCH_1})
    endif()
  endforeach()
  set(undefined "${undefined}" PARENT_SCOPE)
  set(exported "${exported}" PARENT_SCOPE)
endfunction()

# What each kernel is alone.
set(all_exported "")
set(all_rodata 0)
foreach(kernel ${kernels})
  cmake_path(GET kernel FILENAME file)
  set(object ${OUT}/${file}.o)
  compile(${kernel} ${object})
  check_includes(${kernel} ${object})
  check_pragmas(${kernel})
  check_sections(${kernel} ${object})
  math(EXPR all_rodata "${all_rodata} + ${rodata}")
  if(all_rodata GREATER rodata_limit)
    fault(${kernel} "brings the constants of all kernels to ${all_rodata} bytes, of which a core \
has ${rodata_limit} to spare")
  endif()
  read_symbols(${object})
  if(NOT exported)
    fault(${kernel} "exports no function")
  endif()
  foreach(symbol ${exported})
    if(symbol MATCHES "^_Z")
      fault(${kernel} "exports ${symbol}, which is not extern \"C\"")
    elseif(symbol IN_LIST all_exported)
      fault(${kernel} "exports ${symbol}, as does ${owner_of_${symbol}}")
    endif()
    set(owner_of_${symbol} ${file})
  endforeach()
  list(APPEND all_exported ${exported})
  set(operations ${undefined})
  list(FILTER operations INCLUDE REGEX "^_ZNK?3aie")
  list(FILTER undefined EXCLUDE REGEX "^_ZNK?3aie")
  set(undefined_in_${file} ${undefined})
  list(LENGTH operations operations)
  list(JOIN exported " " exported)
  message("${file}: text ${text}, rodata ${rodata} bytes, ${operations} aie operations: ${exported}")
endforeach()

# What they are together. A kernel may call another one; nothing else, no function of the compiler
# or of C included: not one of the kernels needs memcpy, memset or memmove.
foreach(kernel ${kernels})
  cmake_path(GET kernel FILENAME file)
  foreach(symbol ${undefined_in_${file}})
    if(symbol IN_LIST all_exported)
      continue()
    elseif(symbol MATCHES "^__[a-z]+([shdbt]f|[ds]i)")
      fault(${kernel} "needs ${symbol}: scalar arithmetic that the core would do in software")
    elseif(symbol MATCHES "^mem(cpy|set|move)$")
      fault(${kernel} "needs ${symbol}: it copies or fills memory other than by vectors")
    else()
      fault(${kernel} "needs ${symbol}: neither an aie operation nor a kernel")
    endif()
  endforeach()
endforeach()

get_property(count GLOBAL PROPERTY fault_count)
if(NOT count EQUAL 0)
  message(FATAL_ERROR "The kernels break ${count} rules, see above.")
endif()
