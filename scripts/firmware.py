#!/usr/bin/env python3
"""Firmware images for the tests and the demonstration of DFOTA.

    firmware.py FOLDER REVISION...     makes REVISION.bin for each of them

They are made up: the same for each revision in every run, and related as two builds of one program
are. In the tests make() makes the package between two of them too, in its zip file.
"""

import hashlib
import os
import subprocess
import sys
import zipfile

IMAGE_BYTES = 262144
SPAN_BYTES = 4096
CHANGED_SPANS = 10  # so the package has some 40 KiB


def noise(text, size):
    """Bytes that do not compress, the same for the same text."""
    return hashlib.shake_128(text.encode()).digest(size)


def image(revision, changed):
    """A pseudo image: code that all revisions share, and so many spans that are this one's."""
    spans = [noise(f"span {i}", SPAN_BYTES) for i in range(IMAGE_BYTES // SPAN_BYTES)]
    for i in range(changed):
        spans[1 + i] = noise(f"{revision} {i}", SPAN_BYTES)
    body = b"".join(spans)
    name = revision.encode() + b"\0"
    return name + body[len(name):]


def write_images(folder, revisions, changed=CHANGED_SPANS):
    """Writes REVISION.bin of each; the paths by revision."""
    paths = {revision: os.path.join(folder, revision + ".bin") for revision in revisions}
    for revision, path in paths.items():
        with open(path, "wb") as file:
            file.write(image(revision, changed))
    return paths


def make(delta, folder, source, target, changed=CHANGED_SPANS):
    """Writes SOURCE.bin and TARGET.zip; their paths, and the package's bytes."""
    paths = write_images(folder, (source, target), changed)
    package = os.path.join(folder, "package")
    subprocess.run([delta, "make", paths[source], paths[target], "-o", package, "--from", source,
                    "--to", target], check=True, stdout=subprocess.DEVNULL)
    with open(package, "rb") as file:
        data = file.read()
    archive = os.path.join(folder, target + ".zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(zipfile.ZipInfo(target + ".bin"), data)
    return paths[source], archive, data


if __name__ == "__main__":
    if len(sys.argv) < 3:
        print("usage: firmware.py FOLDER REVISION...", file=sys.stderr)
        sys.exit(2)
    write_images(sys.argv[1], sys.argv[2:])
