#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make an update file of a built image: what `postern system update FILE` installs. Its form: image/system/update_head.h.

usage: update.py --version TEXT --key FILE [--image FOLDER] [--out FILE]
  --key    Ed25519 private key (PEM) that signs it: the one whose public half the running appliances' image was built with
  --image  where build.py left boot.img and root.img (default: BUILD/image)
  --out    the update file (default: BUILD/image/postern.update)
"""
import argparse
import hashlib
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", "build")).resolve()
MAGIC, CHUNK_BYTES, BLOCK_BYTES, VERSION_BYTES, FIXED_BYTES, SIGNATURE_BYTES = b"POSTUPD1", 1 << 20, 4096, 64, 96, 64
PARTITION_MAX_BYTES = 128 << 20


def public_key(path):
    """The raw public key of a PEM file, which may hold the private or the public one; or of a file that is such a raw key."""
    raw = pathlib.Path(path).read_bytes()
    if len(raw) == 32:
        return raw
    for kind in ((), ("-pubin",)):
        made = subprocess.run(["openssl", "pkey", *kind, "-in", path, "-pubout", "-outform", "DER"], capture_output=True)
        # SubjectPublicKeyInfo of RFC 8410: the key is its last 32 bytes.
        if made.returncode == 0 and len(made.stdout) == 44:
            return made.stdout[-32:]
    raise SystemExit(f"update: {path} is no Ed25519 key")


def sign(key, content):
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", file.name], check=True,
                                   capture_output=True).stdout
    assert len(signature) == SIGNATURE_BYTES
    return signature


def used(content):
    """Without the zeros at its end, in whole blocks."""
    count = max(1, (len(content.rstrip(b"\0")) + BLOCK_BYTES - 1) // BLOCK_BYTES) * BLOCK_BYTES
    return content[:count].ljust(count, b"\0")


def make(version, key, boot, root):
    """The bytes of an update file."""
    if not re.fullmatch(r"[A-Za-z0-9.+~-]{1,63}", version):
        raise SystemExit(f"update: {version!r} is no version")
    parts = [used(boot), used(root)]
    if max(map(len, parts)) > PARTITION_MAX_BYTES:
        raise SystemExit("update: larger than appliances take")
    chunks = [part[at:at + CHUNK_BYTES] for part in parts for at in range(0, len(part), CHUNK_BYTES)]
    head = struct.pack("<8sIIQQ64s", MAGIC, FIXED_BYTES + 32 * len(chunks) + SIGNATURE_BYTES, CHUNK_BYTES, len(parts[0]), len(parts[1]),
                       version.encode())
    head += b"".join(hashlib.sha256(chunk).digest() for chunk in chunks)
    return head + sign(key, head) + b"".join(chunks)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", required=True)
    parser.add_argument("--key", type=pathlib.Path, required=True)
    parser.add_argument("--image", type=pathlib.Path, default=BUILD / "image")
    parser.add_argument("--out", type=pathlib.Path, default=BUILD / "image/postern.update")
    options = parser.parse_args()
    try:
        content = make(options.version, options.key, (options.image / "boot.img").read_bytes(), (options.image / "root.img").read_bytes())
        options.out.write_bytes(content)
    except OSError as error:
        print(f"update: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"update: {' '.join(map(str, error.cmd))}: {error.stderr.decode(errors='replace')}", file=sys.stderr)
        return 1
    print(f"update_bytes {len(content)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
