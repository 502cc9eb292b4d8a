# Tests of the readers of datasets and of splits.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
if(NOT RNET_FUZZ)
  find_package(PNG REQUIRED)
  pkg_check_modules(LIBJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
endif()
rnet_add_runtime_test(data-test data_arrays_test.cpp data_cifar_test.cpp data_images_test.cpp
  data_selection_test.cpp data_split_test.cpp LIBRARIES rnet::data PNG::PNG PkgConfig::LIBJPEG)
