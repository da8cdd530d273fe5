# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of materials, CycloneDX 1.4 JSON: which Debian packages the image's files are from, in which versions, under which
licences as far as Debian's copyright files name them, and the SHA-256 of every file. No times: the same image, the same bytes.
"""
import hashlib
import json
import pathlib
import re
import subprocess
import uuid

COPYRIGHT = pathlib.Path("/usr/share/doc")


def owners(paths):
    """{path: name of the installed package that it is from}. Debian's tables name a merged /usr both ways."""
    asked = {}
    for path in map(str, paths):
        real = str(pathlib.Path(path).resolve())
        for name in {path, real, real.removeprefix("/usr"), "/usr" + path}:
            asked.setdefault(name, path)
    done = subprocess.run(["dpkg-query", "-S", *asked], capture_output=True, text=True)
    found = {}
    for package, path in re.findall(r"^([^\s:,]+)(?::\w+)?: (/.+)$", done.stdout, re.M):
        if path in asked:
            found[asked[path]] = package
    return found


def installed(names):
    """{name: (version, source)} of installed packages."""
    if not names:
        return {}
    form = "${Package}\t${Version}\t${source:Package} ${source:Version}\n"
    out = subprocess.run(["dpkg-query", "-W", "-f", form, *sorted(names)], check=True, capture_output=True, text=True).stdout
    return {row.split("\t")[0]: tuple(row.split("\t")[1:]) for row in out.splitlines()}


def licences(name, folder=COPYRIGHT):
    """The short names in a machine-readable copyright file; [] where Debian has none."""
    try:
        text = (folder / name / "copyright").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return sorted(set(re.findall(r"^License:[ \t]*(\S[^\n]*?)[ \t]*$", text, re.M)))


def component(name, version, licence_names, **more):
    made = {"type": "library", "name": name, "version": version} | more
    if licence_names:
        made["licenses"] = [{"license": {"name": text}} for text in licence_names]
    return made


def debian(name, version, source, licence_names):
    purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch=amd64"
    return component(name, version, licence_names, purl=purl, properties=[{"name": "debian:source", "value": source}])


def bill(version, packages, others, files):
    """The document, as text. `packages`: {name: (version, source, licences)}, `others`: components, `files`: {path: bytes}."""
    components = [debian(name, *packages[name]) for name in sorted(packages)] + others
    components += [{"type": "file", "name": "/" + path, "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]}
                   for path, content in sorted(files.items())]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.4", "version": 1,
                "metadata": {"component": component("postern", version, ["GPL-3.0-or-later"], type="operating-system")},
                "components": components}
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}"
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
