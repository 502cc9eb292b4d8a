// What a node is told of its neighbours. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"
#include "rnet/net/failure_detector.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace rnet::net {

/// NODE=VALUE, as often as it was said.
Expected<std::map<std::string, std::string>>
by_node(const std::string &option, const std::string &value, const std::vector<std::string> &all);

/// NODE=MS, of neighbours in one direction.
Expected<std::map<std::string, Duration>> times(const std::string &option,
                                                const std::vector<std::string> &all,
                                                const std::set<std::string> &neighbours);

} // namespace rnet::net
