"""How does the generated code come to be? `python contracts/generate.py [--check]`.

Runs protoc (grpcio-tools) with the mypy-protobuf plugin over every .proto file below `contracts/`,
and writes the modules beside them with a banner; beside `swarm_event.proto` also `payload_type.py`,
the union of its payloads. With `--check` nothing is written: the exit code is 1, and the files are
named, if what is committed is not what the .proto files say.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import resources
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
BANNER = "# Generated from the .proto file beside it by `make contracts`. Do not edit.\n"
ENVELOPE = "enchanted/events/v1/swarm_event.proto"
PAYLOAD_TYPE = Path(ENVELOPE).with_name("payload_type.py")


def generate(target: Path) -> dict[Path, str]:
    """Generated text by path relative to `contracts/`; `target` is an empty folder to work in."""
    protos = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.proto"))
    well_known = resources.files("grpc_tools") / "_proto"
    plugin = Path(sys.executable).parent / "protoc-gen-mypy"
    compiled = target / "contract.binpb"
    arguments = [
        "protoc",
        f"--plugin=protoc-gen-mypy={plugin}",
        f"--proto_path={ROOT}",
        f"--proto_path={well_known}",
        f"--python_out={target}",
        f"--mypy_out=quiet:{target}",
        f"--descriptor_set_out={compiled}",
        *protos,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("contracts: protoc refused the .proto files; its message is above")
    (target / PAYLOAD_TYPE).write_text(
        payload_type(FileDescriptorSet.FromString(compiled.read_bytes()))
    )
    return {
        path.relative_to(target): BANNER + path.read_text()
        for path in sorted(target.rglob("*.py*"))
    }


def payload_type(contract: FileDescriptorSet) -> str:
    """A module whose `Payload` is any message that `SwarmEvent.payload` may be: a type checker has
    to see it written down."""
    modules = {
        f".{file.package}.{message.name}": file.name.removesuffix(".proto").replace("/", ".")
        for file in contract.file
        for message in file.message_type
    }
    (envelope,) = (file.message_type[0] for file in contract.file if file.name == ENVELOPE)
    types = [
        field.type_name
        for field in envelope.field
        if field.HasField("oneof_index") and not field.proto3_optional
    ]
    names = [each.rpartition(".")[2] for each in types]
    imports = sorted(
        f"from {modules[each]}_pb2 import {name}\n" for each, name in zip(types, names, strict=True)
    )
    return f"{''.join(imports)}\nPayload = (\n    {f'{chr(10)}    | '.join(names)}\n)\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate Python code from the contracts.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        wanted = generate(Path(folder))
    committed = {
        path.relative_to(ROOT)
        for path in (ROOT / "enchanted").rglob("*.py*")
        if path.suffix in (".py", ".pyi")
    }
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
