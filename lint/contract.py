"""What do the .proto files declare? Their descriptors, compiled from the files themselves."""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path
from typing import Final

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

ROOT: Final = Path(__file__).resolve().parents[1]
CONTRACTS: Final = ROOT / "contracts"


def files() -> list[FileDescriptorProto]:
    """One for each .proto file of ours, without those it imports from elsewhere.

    Raises SystemExit if a file cannot be compiled; the compiler has said why.
    """
    protos = sorted(str(path.relative_to(CONTRACTS)) for path in CONTRACTS.rglob("*.proto"))
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "contract.binpb"
        arguments = [
            "protoc",
            f"--proto_path={CONTRACTS}",
            f"--proto_path={resources.files('grpc_tools') / '_proto'}",
            f"--descriptor_set_out={compiled}",
            *protos,
        ]
        if protoc.main(arguments) != 0:
            raise SystemExit("contracts: protoc refused the .proto files; its message is above")
        return list(FileDescriptorSet.FromString(compiled.read_bytes()).file)
