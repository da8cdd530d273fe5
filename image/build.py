#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the appliance's disk: BUILD/image/postern.raw, postern.qcow2, and its bill of materials, postern.cdx.json.

usage: build.py [--version TEXT] [--settings FILE] [--update-key FILE] [--trial-seconds N] [--out FOLDER] [--raw] [--formats FORMAT...]
  --version   what the bill of materials says
  --settings  the image's own settings, which hold until it is given others (default: files/default.yaml)
  --update-key  Ed25519 key (PEM, private or public) whose updates the image takes; without one it takes none
  --trial-seconds  how long the first start of this image as an update may take (image/system/daemon.h; default: 120)
  --out       where to build (default: BUILD/image)
  --raw       the raw disk alone, not compressed into a qcow2
  --formats   nothing but these, of the disk that is there: vmdk, vhd

From BUILD (POSTERN_BUILD): the programs, image/stage1, image/init/init and modprobe. From this machine: the shared libraries that they name. From
Debian's packages, downloaded and unpacked but not installed: the kernel with its modules, chrony. Needs neither root nor loop devices.
The steps: a root file system (squashfs), its tree of hashes (dm-verity), an initramfs that leads to it, the disk (disk.py).
"""
import argparse
import email.utils
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))
import disk
import packages
import sbom
import update
from initramfs import SYSTEM, Initramfs

BUILD = pathlib.Path(os.environ.get("POSTERN_BUILD", "build")).resolve()
MADE = OUT = BUILD / "image"
PROGRAMS = ("posternd", "postern-gateway", "postern-control", "postern-settings")
# Programs of image/ that are in the image where they have been built.
OPTIONAL_PROGRAMS = ("configure", "syslog", "rotate", "system")

# On the way to the root: what is always needed, then drivers of disks, loaded where the machine has one.
BOOT_MODULES = ("dm_verity", "squashfs")
BOOT_DRIVERS = ("virtio_pci", "virtio_blk", "virtio_scsi", "sd_mod", "ata_piix", "vmw_pvscsi", "hv_vmbus", "hv_storvsc", "xen_blkfront")
# From the root, when the kernel asks: the filter and the links of endpoints, and what settings may be on.
NAMED_MODULES = ("sch_ingress", "cls_bpf", "veth", "macvlan", "ipvlan", "bridge", "inet_diag", "tcp_diag", "vfat", "nls_cp437", "nls_ascii",
                 "nls_utf8", "isofs")
# From the root, at the start: a watchdog, the power button, the hypervisor's clock; then drivers, where the machine has the device.
MODULES = ("softdog", "evdev", "ptp_kvm")
DRIVERS = ("virtio_net", "virtio_rng", "ena", "hv_netvsc", "hv_utils", "xen_netfront", "vmxnet3", "button", "qemu_fw_cfg", "wdat_wdt",
           "sr_mod", "virtio_balloon", "hv_balloon", "virtio_scsi", "sd_mod", "virtio_blk")
# Patterns of devices, as opposed to the other names that a module goes by (file systems, character devices, ciphers).
DEVICE = re.compile(r"^(pci|virtio|vmbus|xen|acpi\*?|scsi|platform):")

PASSWD = """root:x:0:0::/:/nonexistent
postern-gateway:x:101:101::/nonexistent:/nonexistent
postern-control:x:102:101::/nonexistent:/nonexistent
_chrony:x:103:103::/var/lib/chrony:/nonexistent
dhcpcd:x:104:104::/usr/lib/dhcpcd:/nonexistent
postern-configure:x:105:105::/nonexistent:/nonexistent
postern-system:x:107:107::/nonexistent:/nonexistent
postern-syslog:x:106:106::/nonexistent:/nonexistent
nobody:x:65534:65534::/nonexistent:/nonexistent
"""
GROUP = "root:x:0:\npostern:x:101:\n_chrony:x:103:\ndhcpcd:x:104:\npostern-configure:x:105:\npostern-system:x:107:\npostern-syslog:x:106:\nnogroup:x:65534:\n"
NETWORK_FILES = {"etc/hosts": "127.0.0.1 localhost\n::1 localhost\n", "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n"}
# The roots that Debian's package holds, not what else this machine trusts.
AUTHORITIES = pathlib.Path("/usr/share/ca-certificates/mozilla")
SALT = "705074e5" * 8


class Root:
    """The root file system: collects files, and which packages they are from."""

    def __init__(self):
        self.files, self.links, self.folders, self.modes = {}, {}, set(), {}
        self.sources, self.packages, self.others = [], {}, []

    def file(self, path, content, mode=0o644):
        self.files[path] = content.encode() if isinstance(content, str) else content
        self.modes[path] = mode

    def program(self, path, source):
        """A program or library without what only debuggers read, and the libraries that it names: the system's where they are, others
        beside it.

        Build ids go too: they differ by the folder that a program was built in."""
        self.file(path, stripped(source), 0o755)
        for library in re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", source], capture_output=True, text=True).stdout):
            is_system = library.startswith(SYSTEM)
            kept = library.strip("/") if is_system else f"{os.path.dirname(path)}/{os.path.basename(library)}"
            if kept.startswith("lib"):
                kept = "usr/" + kept
            if kept not in self.files:
                if is_system:
                    self.sources.append(library)
                self.file(kept, stripped(library), 0o755)

    def unpacked(self, folder, *paths):
        """Programs of a package that is not installed."""
        name, version = folder.name.split("_", 1)
        version = version.replace("%3a", ":")
        self.packages[name] = (version, f"{name} {version}", sbom.licences(name, folder / "usr/share/doc"))
        for path in paths:
            self.program(path, folder / path)

    def find_packages(self):
        """Who it is all from. Only known once everything has been collected."""
        known = sbom.owners(self.sources)
        unknown = [path for path in self.sources if path not in known]
        if unknown:
            raise SystemExit(f"image: no package owns {unknown}")
        names = set(known.values()) | {"ca-certificates", "grub-common", "grub-pc-bin", "grub-efi-amd64-bin"}
        for name, (package_version, source) in sbom.installed(names).items():
            self.packages[name] = (package_version, source, sbom.licences(name))

    def write(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in sorted(self.folders):
            (folder / path).mkdir(parents=True, exist_ok=True)
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(self.modes[path])
        for path, target in self.links.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).symlink_to(target)
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)


def stripped(source):
    copy = OUT / "stripped"
    subprocess.run(["strip", "--strip-unneeded", "-R", ".note.gnu.build-id", "-R", ".gnu_debuglink", "-o", copy, os.path.realpath(source)],
                   check=True)
    return copy.read_bytes()


def module_lines(kernel, folder, always, drivers):
    """(files in load order, lines of a list for image/init/modules.h). What a driver needs is of use where the driver is."""
    patterns, order = {}, []
    for names, is_driver in ((always, False), (drivers, True)):
        for name in names:
            files = kernel.modules(name)
            own = [text.decode() for text in re.findall(rb"\0alias=([^\0]+)", files[-1].read_bytes())] if files and is_driver else []
            own = [text for text in own if DEVICE.match(text) and " " not in text]
            for file in files:
                if file not in order:
                    order.append(file)
                known = patterns.setdefault(file, [])
                if not is_driver or not own:
                    patterns[file] = None
                elif known is not None:
                    known.extend(own)
    return order, "".join(" ".join([f"{folder}/{file.name}", *dict.fromkeys(patterns[file] or [])]) + "\n" for file in order)


def name_lines(kernel, folder):
    """(files, lines of the list for image/init/modprobe.c): every name that the kernel may ask for these modules by."""
    lines, files = {}, []
    for name in NAMED_MODULES:
        needed = kernel.modules(name)
        files += [file for file in needed if file not in files]
        aliases = [text.decode() for text in re.findall(rb"\0alias=([^\0]+)", needed[-1].read_bytes())] if needed else []
        for alias in [name, *aliases]:
            lines.setdefault(alias, " ".join([alias, *(f"{folder}/{file.name}" for file in needed)]) + "\n")
    return files, "".join(lines.values())


def built():
    """Seconds since 1970: before that no clock of an appliance can be. SOURCE_DATE_EPOCH, or the newest entry of the changelog."""
    newest = re.search(r"^ -- .+?>  (.+)$", (HERE / "debian/changelog").read_text(), re.M)[1]
    return int(os.environ.get("SOURCE_DATE_EPOCH") or email.utils.parsedate_to_datetime(newest).timestamp())


def make_root(kernel, settings, version, update_key):
    root = Root()
    root.folders |= {"dev", "proc", "sys", "run", "tmp", "var", "etc/postern"}
    for name in PROGRAMS:
        root.program(f"usr/lib/postern/{name}", BUILD / name)
    for name in OPTIONAL_PROGRAMS:
        if (MADE / name / name).exists():
            root.program(f"usr/lib/postern/{name}", MADE / name / name)
    for name in ("init", "modprobe"):
        root.program(f"usr/sbin/{name}", MADE / "init" / name)
    root.unpacked(packages.unpack(BUILD / "guest", "chrony"), "usr/sbin/chronyd")
    # Its folder is where the parts that meet the network are locked into: empty. Its script is `configure` by another name.
    root.unpacked(packages.unpack(BUILD / "guest", "dhcpcd-base"), "usr/sbin/dhcpcd")
    root.folders.add("usr/lib/dhcpcd")
    root.links |= {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64",
                   "etc/resolv.conf": "../run/resolver/resolv.conf", "usr/lib/postern/lease": "configure"}
    modules, lines = module_lines(kernel, "/usr/lib/modules", MODULES, DRIVERS)
    root.file("usr/share/postern/modules", lines)
    named, lines = name_lines(kernel, "/usr/lib/modules")
    root.file("usr/share/postern/module-names", lines)
    for module in {*modules, *named}:
        root.file(f"usr/lib/modules/{module.name}", module.read_bytes())
    root.file("etc/passwd", PASSWD)
    root.file("etc/group", GROUP)
    for path, content in NETWORK_FILES.items():
        root.file(path, content)
    root.file("etc/ssl/certs/ca-certificates.crt", b"".join(path.read_bytes() for path in sorted(AUTHORITIES.glob("*.crt"))))
    root.file("usr/share/postern/default.yaml", settings)
    root.file("usr/share/postern/version", version + "\n")
    root.file("usr/share/postern/built", f"{built()}\n")
    if update_key:
        root.file("usr/share/postern/update.key", update.public_key(update_key))
    # Statically linked, or part of the boot partition: no file of theirs is in the root.
    name = kernel.package.name.split("_", 1)
    root.packages[name[0]] = (name[1], f"linux {name[1]}", sbom.licences(name[0], kernel.package / "usr/share/doc"))
    wolfssl = (pathlib.Path(os.environ.get("WOLFSSL", ROOT / "build/wolfssl")) / "VERSION").read_text().split()[0]
    root.others.append(sbom.component("wolfssl", wolfssl, ["GPL-2.0-or-later"]))
    root.find_packages()
    root.file("usr/share/postern/packages", "".join(f"{name} {facts[0]}\n" for name, facts in sorted(root.packages.items())) + f"wolfssl {wolfssl}\n")
    bill = sbom.bill(version, root.packages, root.others, root.files)
    root.file("usr/share/postern/postern.cdx.json", bill)
    return root, bill


def make_initramfs(kernel):
    """stage1 and the modules that lead to the disk."""
    archive = Initramfs(OUT / "scratch")
    for folder in ("dev", "proc", "sys", "root"):
        archive.folder(folder)
    archive.file("init", stripped(MADE / "stage1"), 0o755)
    modules, lines = module_lines(kernel, "/lib", BOOT_MODULES, BOOT_DRIVERS)
    for module in modules:
        archive.file(f"lib/{module.name}", module.read_bytes())
    archive.file("modules", lines)
    archive.write(OUT / "initrd.gz")
    # Every KiB is read through the BIOS: three tenths less than gzip's best. From a file, whose size is known, so that the kernel needs no
    # larger window than that to unpack it.
    (OUT / "initrd").write_bytes(gzip.decompress((OUT / "initrd.gz").read_bytes()))
    disk.run("zstd", "-19", "--quiet", "--force", OUT / "initrd", "-o", OUT / "initrd.zst")
    return (OUT / "initrd.zst").read_bytes()


def make_verity(squashfs, out):
    """The root with its tree of hashes behind it; the kernel's `verity=` word."""
    tree = OUT / "root.hash"
    tree.unlink(missing_ok=True)
    text = disk.run("veritysetup", "format", squashfs, tree, "--no-superblock", f"--salt={SALT}", "--uuid=").decode()
    facts = dict(re.findall(r"^([\w ]+?):\s+(\S+)", text, re.M))
    out.write_bytes(squashfs.read_bytes() + tree.read_bytes())
    return f"{facts['Data blocks']}:{SALT}:{facts['Root hash']}"


def build(version, settings, raw_only, update_key, trial_seconds):
    OUT.mkdir(parents=True, exist_ok=True)
    scratch = OUT / "scratch"
    scratch.mkdir(exist_ok=True)
    kernel = packages.Kernel(BUILD / "guest")
    kernel.package = next(parent for parent in kernel.image.parents if parent.name.startswith("linux-image"))
    root, bill = make_root(kernel, settings, version, update_key)
    root.write(OUT / "root")
    squashfs = OUT / "root.squashfs"
    squashfs.unlink(missing_ok=True)
    disk.run("mksquashfs", OUT / "root", squashfs, "-comp", "zstd", "-Xcompression-level", 15, "-b", "128K", "-all-root", "-no-xattrs", "-processors", 2,
             "-no-progress", "-quiet")
    verity = make_verity(squashfs, OUT / "root.img")
    options = f"console=tty0 console=ttyS0 quiet panic=5 oops=panic verity={verity}" + (f" trial={trial_seconds}" if trial_seconds else "")
    files = {"vmlinuz": kernel.image.read_bytes(), "initrd": make_initramfs(kernel), "slot.cfg": f'set options="{options}"\n'.encode()}
    raw = OUT / "postern.raw"
    disk.write(raw, scratch, {slot: (files, OUT / "root.img") for slot in "ab"}, {"slot": "a", "tries": "3"})
    (OUT / "boot.img").write_bytes(disk.fat(scratch / "boot.fat", "boot-a", files))
    (OUT / "postern.cdx.json").write_text(bill)
    if not raw_only:
        print(f"image_bytes {os.stat(convert('qcow2', '-c')).st_size}", flush=True)


def convert(form, *options):
    target = OUT / f"postern.{form}"
    target.unlink(missing_ok=True)
    disk.run("qemu-img", "convert", *options, "-O", {"vhd": "vpc"}.get(form, form), OUT / "postern.raw", target)
    return target


def main():
    global OUT
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", default="0")
    parser.add_argument("--settings", type=pathlib.Path, default=HERE / "files/default.yaml")
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    parser.add_argument("--update-key", type=pathlib.Path)
    parser.add_argument("--trial-seconds", type=int)
    parser.add_argument("--raw", action="store_true")
    parser.add_argument("--formats", nargs="*", default=[], choices=("vmdk", "vhd"))
    options = parser.parse_args()
    OUT = options.out.resolve()
    try:
        if not options.formats:
            build(options.version, options.settings.read_bytes(), options.raw, options.update_key, options.trial_seconds)
        for form in options.formats:
            more = {"vmdk": ("-o", "subformat=streamOptimized"), "vhd": ("-o", "subformat=fixed,force_size=on")}[form]
            print(convert(form, *more))
    except (packages.Unavailable, OSError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"image: {' '.join(error.cmd)}: {(error.stderr or b'').decode(errors='replace')}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
