# Tests of the node process.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
if(RNET_FUZZ)
  find_package(Protobuf REQUIRED)
endif()
rnet_add_fuzz_target(wire-fuzz wire_fuzz.cpp LIBRARIES rnet::net protobuf::libprotobuf)
if(RNET_FUZZ)
  target_include_directories(wire-fuzz SYSTEM PRIVATE $<TARGET_PROPERTY:rnet-net,INCLUDE_DIRECTORIES>)
  target_include_directories(wire-fuzz PRIVATE ${PROJECT_SOURCE_DIR}/runtime/lib/net)
endif()
rnet_add_runtime_test(net-test net_failure_detector_test.cpp net_engine_test.cpp LIBRARIES rnet::net rnet::evaluate)
