"""How does the generated code come to be? `python contracts/generate.py [--check]`.

Runs protoc (grpcio-tools) with the mypy-protobuf plugin over every .proto file below `contracts/`,
and writes the modules beside them with a banner. With `--check` nothing is written: the exit code
is 1, and the files are named, if what is committed is not what the .proto files say.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import resources
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
BANNER = "# Generated from the .proto file beside it by `make contracts`. Do not edit.\n"


def generate(target: Path) -> dict[Path, str]:
    """Generated text by path relative to `contracts/`; `target` is an empty folder to work in."""
    protos = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.proto"))
    well_known = resources.files("grpc_tools") / "_proto"
    plugin = Path(sys.executable).parent / "protoc-gen-mypy"
    arguments = [
        "protoc",
        f"--plugin=protoc-gen-mypy={plugin}",
        f"--proto_path={ROOT}",
        f"--proto_path={well_known}",
        f"--python_out={target}",
        f"--mypy_out=quiet:{target}",
        *protos,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("contracts: protoc refused the .proto files; its message is above")
    return {
        path.relative_to(target): BANNER + path.read_text()
        for path in sorted(target.rglob("*.py*"))
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate Python code from the contracts.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        wanted = generate(Path(folder))
    committed = {path.relative_to(ROOT) for path in (ROOT / "enchanted").rglob("*_pb2.py*")}
    drifted = [
        path
        for path in sorted(committed | wanted.keys())
        if path not in wanted
        or not (ROOT / path).exists()
        or (ROOT / path).read_text() != wanted[path]
    ]
    if check:
        for path in drifted:
            print(f"contracts: {path} is not what the .proto files say; run `make contracts`")
        return 1 if drifted else 0
    for path in drifted:
        if path in wanted:
            (ROOT / path).write_text(wanted[path])
        else:
            (ROOT / path).unlink()
    print(f"contracts: {len(wanted)} generated files, {len(drifted)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
