# Tests of the trainer. They see its private headers: a run's parts are tested one by one.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
rnet_add_runtime_test(train-test train_augmentation_test.cpp train_batch_test.cpp train_kernels_test.cpp train_network_test.cpp train_optimizer_test.cpp
  train_expected_test.cpp train_failout_test.cpp train_hardening_test.cpp train_parts_test.cpp train_recipe_test.cpp train_run_test.cpp train_scales_test.cpp train_schedule_test.cpp train_checkpoint_test.cpp train_thread_pool_test.cpp
  LIBRARIES rnet::train nlohmann_json::nlohmann_json)
if(NOT RNET_FUZZ)
  target_include_directories(train-test PRIVATE ${PROJECT_SOURCE_DIR}/runtime/lib/train)
endif()
