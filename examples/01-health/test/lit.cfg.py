"""lit configuration for tests over .rnet specs: copy this folder beside a spec of your own.

Run with:  lit -v test     (needs rnet and LLVM's lit and FileCheck on PATH)
"""
import os
import shutil

import lit.formats

config.name = os.path.basename(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".test"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))

# What the tests write goes here, not beside the spec.
config.test_exec_root = os.environ.get("LIT_OUTPUT", os.path.join("/tmp", f"rnet-{config.name}-tests"))
config.environment["PATH"] = os.environ["PATH"]
config.substitutions.append(("%spec", os.path.dirname(config.test_source_root)))
for tool in ("rnet", "FileCheck"):
    if not shutil.which(tool):
        lit_config.fatal(f"{tool} is not on PATH")
