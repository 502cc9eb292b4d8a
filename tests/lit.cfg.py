"""Configuration of the lit tests. Loaded by lit.site.cfg.py in the build tree, never on its own."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os
import shutil
import subprocess

import lit.formats

if not hasattr(config, "rnet_build"):
    lit_config.fatal("run lit on the build tree's tests folder, or simply: ctest -R lit")

config.name = "rnet"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".rnet", ".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.rnet_build, "tests")

binaries = os.path.join(config.rnet_build, "bin")
config.environment["PATH"] = os.pathsep.join(
    [binaries, config.rnet_llvm_tools, config.environment["PATH"]]
)
# Generated projects are compiled by tests: they may use ccache, which needs to know where it lives. The same project in
# the folders of two tests is compiled once.
for name in ("CI", "HOME", "CCACHE_DIR", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
config.environment["CCACHE_BASEDIR"] = config.test_exec_root
config.environment["CCACHE_NOHASHDIR"] = "1"

# Nodes that tests build are compiled for this machine alone, which takes half the time: `%rnet build`. Plain `rnet build` does as
# its users know it.
rnet = os.path.join(binaries, "rnet")
config.substitutions.append((r"%rnet build(?! .*--(march|transport))", f"{rnet} build --march=native"))
# Each name is matched as a whole: %rnet is no part of %rnet-opt.
for name, value in {
    "rnet-opt": os.path.join(binaries, "rnet-opt"),
    "rnet": rnet,
    "python": config.rnet_python,
    "examples": os.path.join(config.rnet_source, "examples"),
    "source": config.rnet_source,
    "build": config.rnet_build,
}.items():
    config.substitutions.append((rf"%{name}(?![\w-])", value))

if config.rnet_sanitize:
    config.available_features.add("sanitized")
    # What links with a sanitized runtime is sanitized too.
    flags = f"-fsanitize={config.rnet_sanitize} -fno-sanitize-recover=all"
    config.environment["CXXFLAGS"] = flags
    config.environment["LDFLAGS"] = flags
    config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"

# What Debian's python3-NAME offers is a feature NAME; CI has all of it.
for name in ("torch", "lark"):
    if subprocess.run(
        [config.rnet_python, "-c", f"import importlib.util as u; exit(not u.find_spec('{name}'))"]
    ).returncode:
        if os.environ.get("CI") == "true":
            lit_config.fatal(f"python3-{name} is missing, and CI must not skip what needs it")
        lit_config.warning(f"python3-{name} is missing: the tests that need it are skipped")
    else:
        config.available_features.add(name)

# Clients in Node come with npm, which is no Debian package of ours: cmake/setup --test installs them where npm is.
if shutil.which("node") and os.path.isdir(os.path.join(config.rnet_source, "build/clients/node_modules/@grpc/grpc-js")):
    config.available_features.add("npm")
else:
    lit_config.warning("build/clients holds no packages of npm: the tests of clients in Node are skipped")
