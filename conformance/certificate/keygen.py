"""`mailflow-conformance keygen`: a pair of keys, to sign certificates and to verify them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.certificate.keys import generate, public_key
from conformance.certificate.refusal import Refused


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Write a pair of keys and return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Writes NAME.key, to be kept, and NAME.pub, to be published: Ed25519, PEM."
    )
    parser.add_argument("name", type=Path, metavar="NAME", help="the files without their endings")
    options = parser.parse_args(arguments)
    try:
        private, public = generate(options.name)
        identity = public_key(public).keyid
    except Refused as refused:
        print(f"{parser.prog}: {refused}", file=sys.stderr)
        return 1
    print(f"{private}: keep it secret; who has it certifies in your name")
    print(f"{public}: publish it where your customers trust you, with its id {identity}")
    return 0
