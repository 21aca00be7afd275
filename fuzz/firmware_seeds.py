"""Seeds of the fuzz targets that read firmware: make_seeds.py writes them."""

import base64
import hashlib
import io
import struct
import zipfile

# Delta packages: fuzz_delta.c -------------------------------------------------------------------

def delta_package(block, source, target, body, revisions=(b"A", b"B")):
    """As it is, with good hashes."""
    head = b"BCDELTA\x1a" + struct.pack(">HHIIII", 2, 192, block, source, target, len(body))
    head += b"".join(text.ljust(32, b"\0") for text in revisions)
    head += bytes(64) + hashlib.sha256(body).digest()
    return b"\0\0" + head + hashlib.sha256(head).digest()[:4] + body


def delta_edits(*edits, cut=255):
    """A good package with other bytes in these places."""
    return bytes([1, cut]) + b"".join(struct.pack(">HB", *edit) for edit in edits)


# A raw block with its content size, without magic; its head says how long it is.
RAW_FRAME = b"\x20\x03" + struct.pack("<I", 3 << 3 | 1)[:3] + b"abc"
DELTA = {
    "good": delta_edits(),
    "power-cut": delta_edits(cut=14),
    "power-cut-early": delta_edits(cut=1),
    "head": delta_edits((192, 0xFF), cut=9),
    "head-not-minimal": delta_edits((192, 0x80)),
    "copy": delta_edits((192, 0)),
    "too-long": delta_edits((5000, 0)),
    "frame-flags": delta_edits((194, 0x64)),
    "frame-size": delta_edits((195, 0xFF), (196, 0xFF)),
    "frame-block": delta_edits((197, 0x55), (198, 0xFF)),
    "block-bytes": delta_edits((14, 0x20)),
    "target-bytes": delta_edits((21, 1)),
    "target-huge": delta_edits((20, 1)),
    "source-bytes": delta_edits((19, 1)),
    "revision": delta_edits((28, 0)),
    "version": delta_edits((9, 1)),
    "empty": b"\0\0",
    "header-only": delta_package(4096, 20000, 3, b""),
    "raw-frame": delta_package(4096, 20000, 3, bytes([len(RAW_FRAME) << 1 | 1]) + RAW_FRAME),
    "two-copies": delta_package(4096, 20000, 5000, b"\x04\0"),
    "copy-outside": delta_package(4096, 20000, 5000, b"\0\xff\x7c"),
}

# Uploaded firmware: fuzz_package.c ---------------------------------------------------------------

PACKAGE = delta_package(4096, 20000, 5000, b"\x04\0")[2:]  # two copies


def zipped(*entries, method=zipfile.ZIP_DEFLATED, comment=b""):
    """As Python writes it; an entry is (name, bytes)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.comment = comment
        for name, data in entries:
            file.writestr(zipfile.ZipInfo(name), data, method)
    return b"\0" + out.getvalue()


def zip_changed(offset, data, **options):
    """A good zip file with other bytes at an offset, from the end when it is negative."""
    out = bytearray(zipped(("a.bin", PACKAGE), **options))
    offset = offset + 1 if offset >= 0 else len(out) + offset
    out[offset:offset + len(data)] = data
    return bytes(out)


# On secp256k1: the point with private key 1, and the curve's name.
PUBLIC_KEY = base64.encodebytes(bytes.fromhex(
    "3056301006072a8648ce3d020106052b8104000a03420004"
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"))
PACKAGES = {
    "deflated": zipped(("firmware.bin", PACKAGE)),
    "stored": zipped(("firmware.bin", PACKAGE), method=zipfile.ZIP_STORED),
    "bzip2": zipped(("firmware.bin", PACKAGE), method=zipfile.ZIP_BZIP2),
    "with-a-note": zipped(("note.txt", b"for A01"), ("folder/", b""), ("folder/a.bin", PACKAGE)),
    "two-packages": zipped(("a.bin", PACKAGE), ("b.bin", PACKAGE)),
    "the-same-name-twice": zipped(("a.bin", PACKAGE), ("b.bin", b"")).replace(b"b.bin", b"a.bin"),
    "no-package": zipped(("a.txt", PACKAGE)),
    "not-a-package": zipped(("a.bin", bytes(300))),
    "traversal": zipped(("../../a.bin", PACKAGE)),
    "empty": zipped(("a.bin", b"")),
    "no-entries": zipped(),
    "many": zipped(*((f"{i}.bin", b"") for i in range(17))),
    "comment": zipped(("a.bin", PACKAGE), comment=b"bc260y-sign 1 RSA2048+SHA256 AAAA\n"),
    "bomb": zipped(("a.bin", bytes(2_000_000))),
    "encrypted": zip_changed(6, b"\1"),
    "wrong-crc": zip_changed(14, b"\0\0\0\0"),
    "wrong-size": zip_changed(22, b"\xff\xff\xff\xff"),
    "wrong-directory": zip_changed(-6, b"\xff\xff\xff\xff"),
    "wrong-count": zip_changed(-14, b"\xff\xff\xff\xff"),
    "long-comment": zip_changed(-2, b"\xff\xff"),
    "cut": zipped(("a.bin", PACKAGE))[:-1],
    "nothing": b"\0",
    "package": b"\1" + PACKAGE,
    "package-cut": b"\1" + PACKAGE[:-1],
    "package-of-before": b"\1" + PACKAGE[:9] + b"\1" + PACKAGE[10:],
    "key": b"\2-----BEGIN PUBLIC KEY-----\n" + PUBLIC_KEY + b"-----END PUBLIC KEY-----\n",
    "key-cut": b"\2-----BEGIN PUBLIC KEY-----\n" + PUBLIC_KEY[:60],
    "key-private": b"\2-----BEGIN PRIVATE KEY-----\n" + PUBLIC_KEY + b"-----END PRIVATE KEY-----\n",
    "signed": b"\3",
    "signed-altered": b"\3" + struct.pack(">HB", 50, 0),
    "signed-longer": b"\3" + struct.pack(">HB", 1000, 10),
    "signed-otherwise": b"\3" + struct.pack(">HB", 140, 49),
}
