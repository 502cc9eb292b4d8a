// Conversions out of the dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_CONVERSION_PASSES_TD
#define RNET_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertRNetToEmitC : Pass<"convert-rnet-to-emitc", "::mlir::ModuleOp"> {
  let summary = "Turn each planned node program into a C++ class, as an emitc.file";
  let description = [{
    Programs become classes of the network's namespace, one file each: `infer` for inference, `forward` and `backward`
    for training. Kernels become calls, tensors views of the arena at their planned places, parameters members. Names
    are the user's, in NameLocs; `rnet.comment` on an op is text for the end of its line. The network
    stays.

    ```mlir
    %y = rnet.dense %x where %p units 250 ... then relu {rnet.place = array<i64: 256>} : ...
    // becomes
    %y = emitc.call_opaque "arena.rows"() {template_args = [250], args = [256]} ...
    emitc.call_opaque "rnet::dense<rnet::Relu>"(%p, %x, %dense1_, %y)
    ```
  }];
  let dependentDialects = ["::mlir::emitc::EmitCDialect"];
}

#endif // RNET_CONVERSION_PASSES_TD
