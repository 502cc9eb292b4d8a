# rnet_add_fuzz_target: one libFuzzer program. Does nothing unless RNET_FUZZ is on.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
#   rnet_add_fuzz_target(NAME source... [LIBRARIES library...] [SEEDS folder...] [DICTIONARY file])
#
# The program is part of the target `fuzz-targets` and of the ctest label `fuzz`, where it runs for
# RNET_FUZZ_SECONDS. What it finds worth keeping goes to a corpus in the build tree; SEEDS are folders
# of inputs to start from, which are only read; DICTIONARY holds the words of the format.
set(RNET_FUZZ_SECONDS 60 CACHE STRING "How long ctest runs each fuzz target")
if(RNET_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "RNET_FUZZ needs clang: use the preset `fuzz`")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_custom_target(fuzz-targets)
endif()

function(rnet_add_fuzz_target name)
  if(NOT RNET_FUZZ)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DICTIONARY" "LIBRARIES;SEEDS")
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz-targets ${name})

  set(corpus ${CMAKE_BINARY_DIR}/corpus/${name})
  file(MAKE_DIRECTORY ${corpus})
  add_test(NAME fuzz.${name}
    COMMAND ${name} -max_total_time=${RNET_FUZZ_SECONDS} -timeout=10 -rss_limit_mb=2048
            -print_final_stats=1 -artifact_prefix=${CMAKE_BINARY_DIR}/${name}-
            $<$<BOOL:${arg_DICTIONARY}>:-dict=${arg_DICTIONARY}> ${corpus} ${arg_SEEDS}
    COMMAND_EXPAND_LISTS)
  math(EXPR limit "${RNET_FUZZ_SECONDS} + 60")
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()
