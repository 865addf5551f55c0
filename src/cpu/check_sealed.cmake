# cmake -DNM=nm -DOBJECTS=a.o;b.o -P check_sealed.cmake: fails unless each object defines exactly one
# symbol that other files can see, its table. Any other one (a weak std:: function, say) could be the
# copy that the linker keeps for the whole program, compiled for instructions the machine may lack.
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} --defined-only --extern-only ${object}
                  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
  list(LENGTH lines count)
  if(NOT count EQUAL 1 OR NOT symbols MATCHES "kAvx(2|512)Kernels")
    message(FATAL_ERROR "${object} must define its table of kernels and nothing else, but has\n${symbols}")
  endif()
endforeach()
