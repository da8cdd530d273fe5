# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's own certificate authority, made with openssl, as a company has one."""
import pathlib

from .network import run


class Authority:
    def __init__(self, folder, name="Pets Incorporated Root"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = self.folder / "root.key", self.folder / "root.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key,
            "-out", self.certificate, "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")

    def issue(self, *names, key_type=("ec", "-pkeyopt", "ec_paramgen_curve:P-256"), days=30):
        """(certificate file, key file) of a server certificate for `names`."""
        stem = self.folder / names[0].replace("*", "wildcard")
        certificate, key, request = stem.with_suffix(".crt"), stem.with_suffix(".key"), stem.with_suffix(".csr")
        extensions = stem.with_suffix(".ext")
        extensions.write_text("basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=" +
                              ",".join(f"DNS:{name}" for name in names) + "\n")
        run("openssl", "req", "-new", "-newkey", *key_type, "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={names[0]}")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-out",
            certificate, "-days", str(days), "-extfile", extensions)
        return certificate, key
