# The process of a node, for several levels of instructions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#   rnet_add_node(NAME MAIN FILE PROGRAM FILE LIBRARIES LIBRARY...)
#
# PROGRAM defines rnet::make_program<rnet::kLevel> and is compiled for each level; the process takes the best that its
# processor has. All else runs on every processor of the architecture. An inline function, of the standard library even, may be
# in all of these objects, and a linker keeps any one of them: so each level is linked by itself, and shows the others nothing
# but its make_program.
set(RNET_MARCH "" CACHE STRING "Nodes for this target alone, as -march takes it; empty: for all levels")

function(rnet_add_node name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MAIN;PROGRAM" "LIBRARIES")
  add_executable(${name} ${arg_MAIN})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} rnet::net)
  if(RNET_MARCH)
    target_sources(${name} PRIVATE ${arg_PROGRAM})
    target_compile_options(${name} PRIVATE -march=${RNET_MARCH})
    return()
  elseif(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    target_sources(${name} PRIVATE ${arg_PROGRAM})
    return()
  endif()
  # GNU's, whatever the compiler: others do not take groups apart.
  find_program(RNET_LD NAMES x86_64-linux-gnu-ld.bfd ld.bfd REQUIRED)
  find_program(RNET_OBJCOPY NAMES x86_64-linux-gnu-objcopy objcopy REQUIRED)
  foreach(level x86-64 x86-64-v3 x86-64-v4)
    add_library(${name}-${level} STATIC ${arg_PROGRAM})
    target_link_libraries(${name}-${level} PRIVATE ${arg_LIBRARIES})
    # Unique symbols, which g++ makes of local constants of inline functions, cannot be hidden.
    target_compile_options(${name}-${level} PRIVATE -march=${level} $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    set(part ${CMAKE_CURRENT_BINARY_DIR}/${name}-${level}.o)
    add_custom_command(OUTPUT ${part}
      COMMAND ${RNET_LD} -r --force-group-allocation -o ${part} --whole-archive $<TARGET_FILE:${name}-${level}>
      COMMAND ${RNET_OBJCOPY} --wildcard --keep-global-symbol=_ZN4rnet12make_program* ${part}
      DEPENDS ${name}-${level} COMMENT "Closing ${name}-${level}.o" VERBATIM)
    target_sources(${name} PRIVATE ${part})
  endforeach()
endfunction()
