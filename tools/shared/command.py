"""What rnet's scripts share as commands: how they end with an error, ask for a package, call rnet, write a file."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile


class Failure(Exception):
    """What went wrong, for the user: a sentence or more."""


def run_main(main):
    """Ends the process as `main()` says: its status; 1 and one message after a Failure; 130 after Ctrl-C."""
    try:
        sys.exit(main())
    except (Failure, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(130)


def need_module(module, package):
    """The Python module of a Debian package that only some commands need."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise Failure(f"this needs the Debian package {package}: apt-get install {package}") from None


def need_program(program, package):
    if not shutil.which(program):
        raise Failure(f"this needs the Debian package {package}: apt-get install {package}")
    return program


def split_arguments(arguments):
    """What stands before a `--`, and what follows it."""
    place = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:place], arguments[place + 1 :]


def rnet_path():
    """The rnet that started this script."""
    return os.environ.get("RNET") or str(pathlib.Path(__file__).resolve().parents[2] / "build/bin/rnet")


def call_rnet(*arguments):
    """What `rnet ARGUMENTS` prints; a Failure with what it complains of where it fails."""
    done = subprocess.run([rnet_path(), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"rnet {arguments[0]} failed:\n{done.stderr.rstrip()}")
    return done.stdout


def write_text(path, text):
    """Writes a file whole or not at all."""
    path = pathlib.Path(path)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=path.name + ".", delete=False, encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(file.fileno(), 0o666 & ~mask)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
