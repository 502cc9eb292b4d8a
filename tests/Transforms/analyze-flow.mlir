// What failures do, as attributes. a feeds b and c, b feeds c: c is reached as long as a is up; b only matters where the skip is not there.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-analyze-flow))' | FileCheck %s
// RUN: %rnet emit %examples/01-health/health.rnet --as=mlir --scheme=resilinet+ | %rnet-opt --rnet-analyze-flow | FileCheck %s --check-prefix=HEALTH

// CHECK: rnet.network @n attributes {rnet.flow = {bad = 5.000000e-01 : f64}}
rnet.network @n {
  rnet.reliability "bad" {a = 0.5, b = 0.25}
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // CHECK: rnet.node "a"(%{{.*}}) attributes {rnet.flow_lost = {bad = 5.000000e-01 : f64}, rnet.single_point} {
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: rnet.hyperconnection "a_to_b" {{.*}} {rnet.flow_lost = {bad = 0.000000e+00 : f64}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "b"(%{{.*}}) attributes {rnet.flow_lost = {bad = 0.000000e+00 : f64}} {
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x2xf32> -> tensor<?x2xf32>
  // Without the skip, b must be up too: 0.5 - 0.5 * 0.25.
  // CHECK: rnet.hyperconnection "a_to_c" {{.*}} {rnet.flow_lost = {bad = 3.750000e-01 : f64}}
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" : tensor<?x2xf32> -> tensor<?x2xf32>
  // c is always up.
  // CHECK: rnet.node "c"(%{{.*}}) {
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<?x2xf32>, %1: tensor<?x2xf32>):
    %m = rnet.mux(%0, %1) by sum : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    rnet.yield %m : tensor<?x2xf32>
  } : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %c : tensor<?x2xf32>
}

// HEALTH: rnet.network @health
// HEALTH-SAME: rnet.flow = {hazardous = 0.9326{{[0-9]*}} : f64, normal = 0.9964
