"""How does the generated code come to be? `python contracts/generate.py [--check]`.

Runs protoc (grpcio-tools) with the mypy-protobuf plugin over every .proto file below `contracts/`,
and writes the modules beside them with a banner; beside `swarm_event.proto` also `payload_type.py`,
the union of its payloads, and the golden bytes that are missing. With `--check` nothing is written:
the exit code is 1, and the files are named, if what is committed is not what the .proto files say.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import resources
from pathlib import Path

from golden_bytes import golden_bytes, problems, write_missing
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
BANNER = "# Generated from the .proto file beside it by `make contracts`. Do not edit.\n"
PAYLOAD_TYPE = Path("enchanted/events/v1/payload_type.py")


def generate(target: Path) -> tuple[dict[Path, str], Descriptor]:
    """Generated text by path relative to `contracts/`, and the envelope as it is declared now.
    `target` is an empty folder to work in.
    """
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
        "--include_imports",
        f"--descriptor_set_out={compiled}",
        *protos,
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("contracts: protoc refused the .proto files; its message is above")
    pool = DescriptorPool()
    for file in FileDescriptorSet.FromString(compiled.read_bytes()).file:
        pool.Add(file)
    envelope = pool.FindMessageTypeByName("enchanted.events.v1.SwarmEvent")
    (target / PAYLOAD_TYPE).write_text(payload_type(envelope))
    generated = {
        path.relative_to(target): BANNER + path.read_text()
        for path in sorted(target.rglob("*.py*"))
    }
    return generated, envelope


def payload_type(envelope: Descriptor) -> str:
    """A module whose `Payload` is any message that the envelope may hold: a type checker has to see
    it written down."""
    payloads = [field.message_type for field in envelope.oneofs_by_name["payload"].fields]
    imports = sorted(
        f"from {each.file.name.removesuffix('.proto').replace('/', '.')}_pb2 import {each.name}\n"
        for each in payloads
        if each is not None
    )
    names = "\n    | ".join(each.name for each in payloads if each is not None)
    return f"{''.join(imports)}\nPayload = (\n    {names}\n)\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Generate Python code from the contracts.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail on drift")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        wanted, envelope = generate(Path(folder))
    golden = golden_bytes(envelope)
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
        found = [
            f"{path} is not what the .proto files say; run `make contracts`" for path in drifted
        ]
        found += problems(envelope, golden)
        for each in found:
            print(f"contracts: {each}")
        return 1 if found else 0
    for path in drifted:
        if path in wanted:
            (ROOT / path).write_text(wanted[path])
        else:
            (ROOT / path).unlink()
    print(
        f"contracts: {len(wanted)} generated files, {len(drifted)} changed;"
        f" {write_missing(golden)} golden events are new"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
