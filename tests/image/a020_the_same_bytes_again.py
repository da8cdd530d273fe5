# SPDX-License-Identifier: GPL-3.0-or-later
"""The image is reproducible: the same sources, built in another folder, give the same disk."""
import hashlib
import os
import pathlib
import subprocess
import sys

import pytest

from conftest import BUILD, OUT

ROOT = pathlib.Path(__file__).resolve().parents[2]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if sys.version_info >= (3, 11) else hashlib.sha256(file.read()).hexdigest()


@pytest.mark.full
@pytest.mark.long
def test_in_a_folder_of_another_name(tmp_path):
    again = tmp_path / "somewhere/else"
    again.mkdir(parents=True)
    (again / "guest").symlink_to(BUILD / "guest")
    wolfssl = os.environ.get("WOLFSSL", str(ROOT / "build/wolfssl"))
    subprocess.run(["make", "-s", "-j2", f"B={again}", f"WOLFSSL={wolfssl}", "all", "image-programs"], cwd=ROOT, check=True, capture_output=True)
    version = (OUT / "root/usr/share/postern/version").read_text().strip()
    subprocess.run([sys.executable, ROOT / "image/build.py", "--raw", "--version", version, "--update-key",
                    OUT / "root/usr/share/postern/update.key"], check=True, capture_output=True,
                   env=os.environ | {"POSTERN_BUILD": str(again), "WOLFSSL": wolfssl})
    assert sha256(again / "image/postern.raw") == sha256(OUT / "postern.raw")
