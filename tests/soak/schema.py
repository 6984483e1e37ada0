"""The messages of wire/*.proto as Python modules, made at run time."""

import importlib
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(folder):
    """The module of wire/sweepd.proto; its sources are written into `folder`."""
    subprocess.run(["protoc", f"--proto_path={ROOT}", f"--python_out={folder}",
                    "wire/sweepd.proto", "wire/spec.proto"], check=True)
    sys.path.insert(0, str(folder))
    return importlib.import_module("wire.sweepd_pb2")


def protocol_version():
    text = (ROOT / "wire" / "protocol.h").read_text(encoding="utf-8")
    return int(re.search(r"kProtocolVersion = (\d+)", text)[1])
