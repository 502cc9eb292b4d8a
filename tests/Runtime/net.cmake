# Tests of the node process.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
if(RNET_FUZZ)
  find_package(Protobuf REQUIRED)
  # The seeds are packets, written as text for people to read.
  set(schema ${PROJECT_SOURCE_DIR}/runtime/lib/net)
  set(seeds ${CMAKE_CURRENT_BINARY_DIR}/wire)
  file(MAKE_DIRECTORY ${seeds})
  file(GLOB texts CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/Inputs/wire/*.txtpb)
  foreach(text ${texts})
    get_filename_component(seed ${text} NAME_WE)
    add_custom_command(OUTPUT ${seeds}/${seed}
      COMMAND protobuf::protoc -I${schema} --encode=rnet.net.proto.Packet node.proto < ${text} > ${seeds}/${seed}
      DEPENDS ${text} ${schema}/node.proto)
    list(APPEND packets ${seeds}/${seed})
  endforeach()
endif()
rnet_add_fuzz_target(wire-fuzz wire_fuzz.cpp ${packets} LIBRARIES rnet::net protobuf::libprotobuf SEEDS ${seeds})
rnet_add_fuzz_target(open-inference-fuzz open_inference_fuzz.cpp LIBRARIES rnet::net
  SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/Inputs/open_inference)
# Some tests look inside: they see the library's own headers, and gRPC's.
function(rnet_look_inside target)
  target_include_directories(${target} SYSTEM PRIVATE $<TARGET_PROPERTY:rnet-net,INCLUDE_DIRECTORIES>)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/runtime/lib/net)
endfunction()
if(RNET_FUZZ)
  rnet_look_inside(wire-fuzz)
  rnet_look_inside(open-inference-fuzz)
else()
  find_package(gRPC CONFIG REQUIRED)
  rnet_add_runtime_test(net-inside-test net_gateway_test.cpp net_generations_test.cpp net_http_server_test.cpp net_identity_test.cpp
    net_levels_test.cpp net_listener_test.cpp net_log_test.cpp net_open_inference_test.cpp net_service_test.cpp net_standby_test.cpp net_traffic_test.cpp
    LIBRARIES rnet::net gRPC::grpc++ protobuf::libprotobuf nlohmann_json::nlohmann_json)
  rnet_look_inside(net-inside-test)
endif()
rnet_add_runtime_test(net-test net_client_test.cpp net_failure_detector_test.cpp net_engine_test.cpp
  LIBRARIES rnet::net)
if(NOT RNET_SANITIZE) # sanitizers have allocators, and allocations, of their own
  rnet_add_runtime_test(net-allocations-test net_allocations_test.cpp allocations.cpp
    LIBRARIES rnet::net)
endif()
