#!/bin/sh
# vectors.sh OBJECT...: which vectors the code of each one uses: xmm as of SSE, avx (three operands), ymm, zmm.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
for file; do
  objdump -d --no-show-raw-insn "$file" | awk -v name="$(basename "$file")" '
    / <.*>:$/ || !/%[xyz]mm/ { next }
    { found[$2 ~ /^v/ ? "avx" : "xmm"] = 1 }
    /%ymm/ { found["ymm"] = 1 }
    /%zmm/ { found["zmm"] = 1 }
    END {
      line = name ":"
      split("xmm avx ymm zmm", kinds)
      for (k = 1; k <= 4; ++k)
        if (found[kinds[k]]) line = line " " kinds[k]
      print line
    }'
done
