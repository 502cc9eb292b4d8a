// One program a node, with its own parameters and the names of what reaches and leaves it.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet-partition-by-node{role=infer})' | FileCheck %s --check-prefixes=CHECK,INFER
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet-partition-by-node{role=train})' | FileCheck %s --check-prefixes=CHECK,TRAIN

// CHECK: rnet.network @n
rnet.network @n {
  rnet.parameter @gate_way.dense1.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @gate_way.dense1.bias init zeros : tensor<4xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %0 = rnet.hyperconnection "a_to_gate_way" simple %a to "gate_way" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "gate_way"(%0) {
  ^bb0(%in: tensor<?x2xf32>):
    %d = rnet.dense %in units 4 weight @gate_way.dense1.weight bias @gate_way.dense1.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    rnet.yield %d : tensor<?x4xf32>
  } : (tensor<?x2xf32>) -> tensor<?x4xf32>
  rnet.output "y" %b : tensor<?x4xf32>
}
// INFER: rnet.program @A infer "a" of @n in ["x"] out {{\[\[}}"a_to_gate_way"]] {
// TRAIN: rnet.program @ATrainer train "a" of @n
// CHECK-NOT: rnet.parameter
// INFER: rnet.program @GateWay infer "gate_way" of @n in ["a_to_gate_way"] out {{\[\[\]\]}} {
// TRAIN: rnet.program @GateWayTrainer train "gate_way"
// CHECK-NEXT: ^bb0(%[[IN:.*]]: tensor<?x2xf32>):
// CHECK-NEXT: rnet.parameter @gate_way.dense1.weight
// CHECK-NEXT: rnet.parameter @gate_way.dense1.bias
// CHECK-NEXT: rnet.dense %[[IN]]
// CHECK-NEXT: rnet.yield
