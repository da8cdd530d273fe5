# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk: partitions, file systems and boot loader, put together as bytes, without root and without mounting anything.

The same content gives the same bytes: ids, labels and times are fixed. Layout and reasons: image/README.md.
"""
import os
import pathlib
import struct
import subprocess

MIB = 1 << 20
SECTOR = 512
# Times of files, 1980-01-01: the first that FAT can write.
EPOCH = 315532800
ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "E2FSPROGS_FAKE_TIME": str(EPOCH), "TZ": "UTC", "LC_ALL": "C.UTF-8",
               "MTOOLS_SKIP_CHECK": "1", "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}

BIOS, ESP, LINUX = ("21686148-6449-6E6F-744E-656564454649", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
                    "0FC63DAF-8483-4772-8E79-3D69D8477DE4")
# Name, type, MiB. The data partition is last: it grows with the disk.
PARTITIONS = (("bios", BIOS, 1), ("esp", ESP, 4), ("boot-a", LINUX, 24), ("root-a", LINUX, 32), ("boot-b", LINUX, 24),
              ("root-b", LINUX, 32), ("data", LINUX, 128))
DISK_ID = "705074e5-0000-4000-8000-000000000000"
DATA_ID = "705074e5-0000-4000-8000-0000000000da"

# GRUB's modules: what grub.cfg uses, and nothing else.
GRUB_MODULES = "normal part_gpt fat test loadenv linux echo regexp serial terminal reboot sleep configfile".split()
GRUB_FILES = pathlib.Path("/usr/lib/grub")
# Where boot.img and core.img keep the sectors that they go on with (GRUB's i386/pc/boot.S and diskboot.S).
BOOT_NEXT_SECTOR, BOOT_DRIVE_CHECK, CORE_BLOCK_LIST, CORE_SEGMENT = 0x5c, 0x66, 0x1f4, 0x820


def run(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, env=ENVIRONMENT, capture_output=True, **options).stdout


def places():
    """{partition: offset in bytes}."""
    found, at = {}, MIB
    for name, _, size_mib in PARTITIONS:
        found[name] = at
        at += size_mib * MIB
    return found


def size_of(partition):
    return next(size_mib for name, _, size_mib in PARTITIONS if name == partition) * MIB


def fat(path, partition, files):
    """A FAT file system for `partition` with {path in it: bytes}. Large clusters: boot loaders read them in one go."""
    path.unlink(missing_ok=True)
    with open(path, "wb") as image:
        image.truncate(size_of(partition))
    cluster_sectors = 4 if partition == "esp" else 32
    run("mkfs.vfat", "--invariant", "-s", cluster_sectors, "-i", "50537465", "-n", partition.upper(), path)
    made, scratch = set(), path.with_suffix(".file")
    for name, content in files.items():
        for depth in range(1, name.count("/") + 1):
            folder = "/".join(name.split("/")[:depth])
            if folder not in made:
                run("mmd", "-i", path, f"::/{folder}")
                made.add(folder)
        scratch.write_bytes(content)
        os.utime(scratch, (EPOCH, EPOCH))
        run("mcopy", "-m", "-i", path, scratch, f"::/{name}")
    scratch.unlink()
    return path.read_bytes()


def ext4(path, content=None):
    """A file system that can grow a thousandfold while it is mounted: empty, or with the files of a folder (whose times it keeps)."""
    path.unlink(missing_ok=True)
    with open(path, "wb") as image:
        image.truncate(size_of("data"))
    run("mke2fs", "-q", "-t", "ext4", "-b", 4096, "-m", 1, "-J", "size=4", "-L", "postern-data", "-U", DATA_ID, "-E",
        f"hash_seed={DATA_ID},nodiscard,lazy_itable_init=0,root_owner=0:0", *(["-d", content] if content else []), path)
    return path


def grub(scratch, firmware, *modules):
    """GRUB's own program for a firmware, with its modules and boot/embed.cfg built in.

    That file finds the disk that GRUB was started from, then reads what both firmwares have in common, boot/grub.cfg. It is
    read by GRUB's rescue parser, which knows no comments."""
    made = scratch / f"grub-{firmware}"
    prefix = "/EFI/BOOT" if firmware.endswith("efi") else "(,gpt2)/"
    run("grub-mkimage", "-O", firmware, "-o", made, "-p", prefix, "-c", pathlib.Path(__file__).parent / "boot/embed.cfg",
        *modules, *GRUB_MODULES)
    return made.read_bytes()


def environment(**words):
    """GRUB's environment block."""
    text = b"# GRUB Environment Block\n" + "".join(f"{name}={value}\n" for name, value in words.items()).encode()
    return text.ljust(1024, b"#")


def bios_boot(scratch):
    """(first sector's code, content of the BIOS boot partition): each says where on the disk the next piece is."""
    core = bytearray(grub(scratch, "i386-pc", "biosdisk"))
    first = places()["bios"] // SECTOR
    struct.pack_into("<QHH", core, CORE_BLOCK_LIST, first + 1, (len(core) + SECTOR - 1) // SECTOR - 1, CORE_SEGMENT)
    boot = bytearray((GRUB_FILES / "i386-pc/boot.img").read_bytes())
    struct.pack_into("<Q", boot, BOOT_NEXT_SECTOR, first)
    # The jump around the correction of a wrong drive number: some BIOSes hand over none for a hard disk.
    boot[BOOT_DRIVE_CHECK:BOOT_DRIVE_CHECK + 2] = b"\x90\x90"
    return bytes(boot[:440]), bytes(core)


def write_sparsely(disk, at, content):
    """Blocks of zeros stay holes."""
    step = 65536
    for begin in range(0, len(content), step):
        piece = content[begin:begin + step]
        if piece.strip(b"\0"):
            disk.seek(at + begin)
            disk.write(piece)


def write(path, scratch, slots, words):
    """The disk at `path`: {slot: (files of its boot partition, path of its root)}, and the words of the environment block."""
    path.unlink(missing_ok=True)
    at = places()
    with open(path, "wb") as disk:
        disk.truncate(at["data"] + size_of("data") + MIB)
    script = f"label: gpt\nlabel-id: {DISK_ID}\nfirst-lba: 2048\n" + "".join(
        f"start={at[name] // SECTOR}, size={size_mib * MIB // SECTOR}, type={kind}, name={name}, uuid={DISK_ID[:-1]}{number}\n"
        for number, (name, kind, size_mib) in enumerate(PARTITIONS, 1))
    run("sfdisk", "-q", path, input=script.encode())
    code, core = bios_boot(scratch)
    contents = {
        "bios": core,
        "esp": fat(scratch / "esp.fat", "esp", {
            "grubenv": environment(**words), "grub.cfg": (pathlib.Path(__file__).parent / "boot/grub.cfg").read_bytes(),
            "EFI/BOOT/BOOTX64.EFI": grub(scratch, "x86_64-efi", "chain")}),
        "data": ext4(scratch / "data.ext4").read_bytes()}
    for slot, (files, root) in slots.items():
        contents[f"boot-{slot}"] = fat(scratch / "boot.fat", f"boot-{slot}", files)
        contents[f"root-{slot}"] = pathlib.Path(root).read_bytes()
    with open(path, "r+b") as disk:
        disk.write(code)
        for name, content in contents.items():
            if len(content) > size_of(name):
                raise SystemExit(f"image: {name} needs {len(content)} bytes and has {size_of(name)}")
            write_sparsely(disk, at[name], content)
