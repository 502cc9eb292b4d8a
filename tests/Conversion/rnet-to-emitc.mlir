// A planned program becomes a class: storage as members, tensors as views of the arena, kernels as calls.
// RUN: %rnet-opt %s -split-input-file -verify-diagnostics -convert-rnet-to-emitc | FileCheck %s
// Upstream's printer accepts the same IR and calls the same kernels in the same order.
// RUN: %rnet-opt %s -split-input-file -verify-diagnostics -convert-rnet-to-emitc | sed '/rnet.network/,/^  }/d' | mlir-translate --split-input-file --mlir-to-cpp --file-id=c/c.h | FileCheck %s --check-prefix=UPSTREAM

// UPSTREAM: class C
// UPSTREAM: rnet::failover
// UPSTREAM: rnet::dense(
// UPSTREAM: rnet::join(
// UPSTREAM: rnet::dense<rnet::Relu>(
// UPSTREAM: rnet::send(

rnet.network @n scheme resilinet {
  rnet.parameter @a_to_c.projection.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @a_to_c.projection.bias init zeros : tensor<4xf32>
  rnet.parameter @c.dense1.weight init glorot_uniform : tensor<3x4xf32>
  rnet.parameter @c.dense1.bias init zeros : tensor<3xf32>
}
// CHECK-LABEL: emitc.file "c/c.h"
// CHECK: verbatim "// Node `c` of network `n`, scheme resilinet.
// CHECK: include "rnet/core/inference.h"
// CHECK: class final @C attributes {rnet.base = "rnet::Program"}
// CHECK: emitc.func @load
// CHECK: loader.load(a_to_c_projection_, \22a_to_c.projection.weight\22, \22a_to_c.projection.bias\22);
// CHECK: emitc.func @arena_plan
// CHECK: literal "{32, 3}"
// CHECK: emitc.func @infer
// CHECK: %[[B:.*]] = call_opaque "inputs[0].rows"() {{.*}}template_args = [#emitc.opaque<"4">]
// CHECK: verbatim "static constexpr rnet::StandIn stand_ins[] = {{[{][{]}}0b1, 0b10, 1}};"
// CHECK: %[[T0:.*]] = call_opaque "arena.mask"() {args = [#emitc.opaque<"0">]}
// CHECK: %[[T1:.*]] = call_opaque "arena.mask"() {args = [#emitc.opaque<"1">]}
// CHECK: call_opaque "rnet::dense"(%[[T1]]
// CHECK: verbatim "rnet::join({}, {}, rnet::addend({}, {}), rnet::addend({}, {}));"
// CHECK: %[[OUT:.*]] = call_opaque "outputs[0].rows"()
// CHECK: call_opaque "rnet::dense<rnet::Relu>"({{.*}}, %[[OUT]])
// CHECK: emitc.field @a_to_c_projection_ : !emitc.opaque<"rnet::Dense<2, 4>">
// CHECK: emitc.field @dense1_ : !emitc.opaque<"rnet::Dense<4, 3>">
rnet.program @C infer "c" of @n in ["b_to_c", "a_to_c"] out [["c_to_d"]] arena <columns = 32, masks = 3> {
  rnet.parameter @a_to_c.projection.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @a_to_c.projection.bias init zeros : tensor<4xf32>
  rnet.parameter @c.dense1.weight init glorot_uniform : tensor<3x4xf32>
  rnet.parameter @c.dense1.bias init zeros : tensor<3xf32>
  %b, %pb = rnet.receive "b_to_c" at 0 : tensor<?x4xf32>
  %a, %pa = rnet.receive "a_to_c" at 1 : tensor<?x2xf32>
  %t:2 = rnet.failover(%pb, %pa) stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] {rnet.place = array<i64: 0, 1>} : tensor<?xi1>, tensor<?xi1>
  %p = rnet.dense %a where %t#1 units 4 weight @a_to_c.projection.weight bias @a_to_c.projection.bias {rnet.place = array<i64: 0>} : tensor<?x2xf32> -> tensor<?x4xf32>
  %j, %pj = rnet.join(%b, %p) where(%t#0, %t#1) {rnet.place = array<i64: 16, 2>} : tensor<?x4xf32>
  %d = rnet.dense %j where %pj units 3 weight @c.dense1.weight bias @c.dense1.bias then relu {rnet.place = array<i64: -1>, rnet.sent_at = 0 : i64} : tensor<?x4xf32> -> tensor<?x3xf32>
  rnet.send %d where %pj at 0 : tensor<?x3xf32>
}

// -----

// A training program turns: what backward reads of forward lies where it lay; received tensors are kept.
rnet.network @n scheme resilinet_plus {
  rnet.parameter @c.dense1.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @c.dense1.bias init zeros : tensor<4xf32>
}
// CHECK-LABEL: emitc.file "c/c_trainer.h"
// CHECK: verbatim "template <class T>"
// CHECK: emitc.func @forward
// CHECK: verbatim "b_to_c_ = inputs[0];"
// CHECK: call_opaque "rnet::intersect"
// CHECK: call_opaque "rnet::train::dense"
// CHECK: verbatim "outputs[0] = rnet::tensor<const T>({}, {});"
// CHECK: emitc.func @backward
// CHECK: call_opaque "output_gradients[0].template rows"()
// CHECK: call_opaque "b_to_c_.template rows"()
// CHECK: call_opaque "rnet::train::dense_adjoint_parameters"
// CHECK: emitc.field @parameters_ : !emitc.opaque<"rnet::train::ParameterStore<T>"> {rnet.initializer = "{network().parameters.subspan(0, 2)}"}
// CHECK: emitc.field @b_to_c_
rnet.program @CTrainer train "c" of @n in ["b_to_c"] out [["c_to_d"]] arena <columns = 32, masks = 1> {
  rnet.parameter @c.dense1.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @c.dense1.bias init zeros : tensor<4xf32>
  %b, %pb = rnet.receive "b_to_c" at 0 : tensor<?x2xf32> loc("b_to_c")
  %alive = rnet.alive
  %p = rnet.intersect %pb, %alive {rnet.place = array<i64: 0>}
  %d = rnet.dense %b where %p units 4 weight @c.dense1.weight bias @c.dense1.bias {rnet.place = array<i64: 0>} : tensor<?x2xf32> -> tensor<?x4xf32>
  rnet.send %d where %p at 0 : tensor<?x4xf32>
  rnet.reverse() : () -> ()
  %g, %pg = rnet.receive_gradient "c_to_d" at 0 : tensor<?x4xf32>
  rnet.dense_adjoint_parameters %b, %g where %pg weight @c.dense1.weight bias @c.dense1.bias : tensor<?x2xf32>, tensor<?x4xf32>
}

// -----

rnet.network @n scheme vanilla {
}
// expected-error @below {{must be planned before it is converted: run rnet-plan-buffers}}
rnet.program @C infer "c" of @n in ["b_to_c"] out [[]] {
  %b, %pb = rnet.receive "b_to_c" at 0 : tensor<?x4xf32>
}

// -----

// expected-error @below {{is of a network that is not here}}
rnet.program @C infer "c" of @n in ["b_to_c"] out [[]] {
  %b, %pb = rnet.receive "b_to_c" at 0 : tensor<?x4xf32>
}
