"""bc260y-delta from its command line. Judges that share no code with it: the zstd program decodes
the frames, hashlib and struct read the header, xdelta3 sets the size."""

import hashlib
import json
import os
import pty
import random
import re
import select
import shutil
import stat
import struct
import subprocess
import tempfile
import unittest

from support import program, run, source_dir

REVISIONS = ("--from", "BC260YCNAAR01A02", "--to", "BC260YCNAAR01A03")


def linked(functions):
    """An image of functions: bytes, and calls (None, index) as relative addresses, as a linker
    puts them."""
    places, at = [], 0
    for parts in functions:
        places.append(at)
        at += sum(4 if isinstance(part, int) else len(part) for part in parts)
    image = b""
    for parts in functions:
        for part in parts:
            image += struct.pack("<i", places[part] - len(image)) if isinstance(part, int) else part
    return image


def images():
    """Two builds of one program: between them two functions have grown, so that code moves and
    calls follow it."""
    draw = random.Random(260)
    functions = [[draw.randrange(900) if draw.random() < 0.2 else
                  bytes(draw.choices(range(256), [256 - i for i in range(256)],
                                     k=draw.randrange(2, 24)))
                  for _ in range(draw.randrange(3, 16))] for _ in range(900)]
    old = linked(functions)
    functions[300].append(draw.randbytes(20))
    functions[601].append(draw.randbytes(36))
    return old, linked(functions)


class DeltaTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.old, self.new = images()
        self.write("old", self.old)
        self.write("new", self.new)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def delta(self, *args, **options):
        return run("bc260y-delta", *args, cwd=self.folder, **options)

    def make(self, *more):
        result = self.delta("make", "old", "new", "-o", "package", *REVISIONS, *more)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))
        return self.read("package")

    def assert_fails(self, result, text, status=1):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertRegex(result.stderr, rf"\Abc260y-delta: .*{text}.*\n\Z")
        self.assertEqual(result.stdout, "")


class Make(DeltaTest):
    def test_there_and_back(self):
        for block in (4096, 16384, 65536):
            self.make("--block", str(block))
            result = self.delta("apply", "old", "package", "-o", "result")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(self.read("result"), self.new)

    def test_the_header_is_as_specified(self):
        data = self.make()
        magic, version, header, block, source, target, body = struct.unpack(">8sHHIIII", data[:28])
        self.assertEqual((magic, version, header, block), (b"BCDELTA\x1a", 2, 192, 16384))
        self.assertEqual((source, target, body), (len(self.old), len(self.new), len(data) - 192))
        self.assertEqual(data[28:60], b"BC260YCNAAR01A02".ljust(32, b"\0"))
        self.assertEqual(data[60:92], b"BC260YCNAAR01A03".ljust(32, b"\0"))
        for at, what in ((92, self.old), (124, self.new), (156, data[192:])):
            self.assertEqual(data[at:at + 32], hashlib.sha256(what).digest())
        self.assertEqual(data[188:192], hashlib.sha256(data[:188]).digest()[:4])

    def records(self, data):
        """Of each block: its frame, or None and the distance of its copy."""
        body, distance = iter(data[192:]), 0
        for byte in body:
            head = byte & 127
            while byte & 128:
                byte = next(body)
                head = head << 7 | byte & 127
            if head & 1:
                yield bytes(next(body) for _ in range(head >> 1)), None
                continue
            distance += -(head >> 2) if head & 2 else head >> 2
            yield None, distance

    def test_each_block_is_a_copy_or_a_frame_that_the_zstd_program_decodes(self):
        self.new = self.old[:40000] + b"put in" + self.new[40000:]
        self.write("new", self.new)
        records = list(self.records(self.make()))
        self.assertEqual(len(records), -(-len(self.new) // 16384))
        self.assertEqual({frame is None for frame, _ in records}, {True, False})
        for index, (frame, distance) in reversed(list(enumerate(records))):  # in any order
            at = index * 16384
            wanted = self.new[at:at + 16384]
            if frame is None:
                self.assertEqual(self.old[at + distance:at + distance + len(wanted)], wanted)
                continue
            self.write("frame.zst", b"\x28\xb5\x2f\xfd" + frame)
            block = subprocess.run(["zstd", "-q", "-d", "-c", "--patch-from=old", "frame.zst"],
                                   cwd=self.folder, capture_output=True, check=True).stdout
            self.assertEqual(block, wanted)

    def test_what_has_not_changed_takes_a_byte_a_block(self):
        old = random.Random(7).randbytes(1_000_000)
        self.write("old", old)
        for new in (old, old[:333_333] + b"put in" + old[333_333:], old[5000:],
                    old[:500_000] + bytes(100) + old[500_100:]):
            self.write("new", new)
            data = self.make()
            subprocess.run(["xdelta3", "-9", "-f", "-e", "-s", "old", "new", "xdelta"],
                           cwd=self.folder, check=True)
            blocks = -(-len(new) // 16384)
            self.assertLessEqual(len(data), 192 + blocks + 1.1 * len(self.read("xdelta")))

    def test_the_size_is_at_most_that_of_xdelta3_and_a_tenth(self):
        data = self.make()
        subprocess.run(["xdelta3", "-9", "-e", "-s", "old", "new", "xdelta"], cwd=self.folder,
                       check=True)
        self.assertLessEqual(len(data), 1.1 * len(self.read("xdelta")))

    def test_the_same_input_gives_the_same_package(self):
        self.assertEqual(self.make(), self.make())

    def test_levels_trade_time_for_size(self):
        self.assertLess(len(self.make("--level", "22")), len(self.make("--level", "1")))

    def test_what_cannot_be_read_or_written_is_told(self):
        self.write("empty", b"")
        for files, text in ((("none", "new"), "none: No such file"), (("old", "empty"), "0 bytes"),
                            (("old", "."), "no regular file")):
            result = self.delta("make", *files, "-o", "package", *REVISIONS)
            self.assert_fails(result, text)
            self.assertFalse(os.path.exists(self.path("package")))
        result = self.delta("make", "old", "new", "-o", "no/package", *REVISIONS)
        self.assert_fails(result, "no/package: No such file")
        with open(self.path("huge"), "wb") as file:
            file.truncate((32 << 20) + 1)
        self.assert_fails(self.delta("make", "old", "huge", "-o", "p", *REVISIONS), "33554432")
        self.assertEqual(sorted(os.listdir(self.folder)), ["empty", "huge", "new", "old"])

    def test_what_is_read_is_not_written(self):
        self.make()
        os.link(self.path("old"), self.path("same"))
        for args, files in (
                (("make", "old", "new", *REVISIONS), ("old", "./new", "same")),
                (("apply", "old", "package"), ("package", "./package"))):
            for name in files:
                result = self.delta(*args, "-o", name)
                self.assert_fails(result, f"{name}: it would be overwritten", status=2)
        self.assertEqual((self.read("old"), self.read("new")), (self.old, self.new))

    def test_only_a_regular_file_is_replaced(self):
        os.mkfifo(self.path("pipe"))
        os.symlink("new", self.path("link"))
        for name in ("pipe", "link", "."):
            result = self.delta("make", "old", "new", "-o", name, *REVISIONS)
            self.assert_fails(result, f"cannot write {name}: it is no regular file")
        self.assertTrue(stat.S_ISFIFO(os.stat(self.path("pipe")).st_mode))
        self.assertTrue(os.path.islink(self.path("link")))
        self.write("package", b"of before")
        self.make()


class Inspect(DeltaTest):
    def test_json_has_all_of_it(self):
        data = self.make()
        told = json.loads(self.delta("inspect", "package", "--json").stdout)
        self.assertEqual(told["source"], {"revision": "BC260YCNAAR01A02", "bytes": len(self.old),
                                          "sha256": hashlib.sha256(self.old).hexdigest()})
        self.assertEqual(told["target"], {"revision": "BC260YCNAAR01A03", "bytes": len(self.new),
                                          "sha256": hashlib.sha256(self.new).hexdigest()})
        self.assertEqual((told["format"], told["bytes"], told["block_bytes"]),
                         (2, len(data), 16384))
        self.assertEqual(told["blocks"], -(-len(self.new) // 16384))
        self.assertEqual(told["body_sha256"], hashlib.sha256(data[192:]).hexdigest())
        self.assertLess(told["apply_memory_bytes"], 200000)

    def test_text_has_what_people_ask_for(self):
        self.make()
        text = self.delta("inspect", "package").stdout
        for part in ("BC260YCNAAR01A02", "BC260YCNAAR01A03", hashlib.sha256(self.new).hexdigest(),
                     f"{len(self.new)} bytes", " of 16384 bytes", "memory"):
            self.assertIn(part, text)

    def test_damage_is_told(self):
        data = self.make()
        for change, text in ((data[:100], "cut short"), (data[:5], "no delta package"),
                             (data[:-1], "cut short"), (data[:50] + b"x" + data[51:], "altered"),
                             (data + b"x", "too long"), (data[:-1] + b"x", "damaged"),
                             (b"PK" + data[2:], "no delta package"), (b"\n", "no delta package"),
                             (data[:9] + b"\1" + data[10:], "another format version")):
            self.write("bad", change)
            self.assert_fails(self.delta("inspect", "bad"), f"bad: .*{text}")
            self.assert_fails(self.delta("inspect", "--json", "bad"), f"bad: .*{text}")

    def test_output_that_is_full_is_an_error(self):
        self.make()
        with open("/dev/full", "wb") as full:
            for more in ([], ["--json"]):
                result = subprocess.run([program("bc260y-delta"), "inspect", *more,
                                         self.path("package")], stdout=full,
                                        stderr=subprocess.PIPE, check=False)
                self.assertEqual(result.returncode, 1)
                self.assertIn(b"cannot write", result.stderr)


class Apply(DeltaTest):
    def refuse(self, text, old="old", package="package"):
        self.write("result", b"what was here before")
        before = sorted(os.listdir(self.folder))
        self.assert_fails(self.delta("apply", old, package, "-o", "result"), text)
        self.assertEqual(self.read("result"), b"what was here before")
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_a_wrong_source_changes_nothing(self):
        self.make()
        self.refuse("another source: BC260YCNAAR01A02", old="new")
        self.write("other", self.old[:-1] + b"\xff")
        self.refuse("another source", old="other")
        self.write("other", self.old + b"\0")
        self.refuse("another source", old="other")

    def test_a_damaged_package_changes_nothing(self):
        data = self.make()
        step = max(1, len(data) // 25)
        for at in range(0, len(data), step):
            self.write("bad", data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1:])
            self.refuse("bad: ", package="bad")
            self.write("bad", data[:at + 1])
            if at + 1 < len(data):
                self.refuse("bad: ", package="bad")

    def test_the_old_file_can_become_the_new_one(self):
        self.make()
        result = self.delta("apply", "old", "package", "-o", "old")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read("old"), self.new)

    def test_the_new_file_has_the_usual_mode(self):
        self.make()
        before = os.umask(0o027)
        try:
            self.delta("apply", "old", "package", "-o", "result")
        finally:
            os.umask(before)
        self.assertEqual(os.stat(self.path("result")).st_mode & 0o777, 0o640)

    def test_a_terminal_sees_progress_and_a_pipe_does_not(self):
        self.make()
        master, slave = pty.openpty()
        try:
            result = subprocess.run([program("bc260y-delta"), "apply", "old", "package", "-o", "r"],
                                    cwd=self.folder, stderr=slave, check=False, timeout=30)
            self.assertEqual(result.returncode, 0)
            self.assertTrue(select.select([master], [], [], 5)[0])
            self.assertRegex(os.read(master, 4096), rb"\rblock 1 of \d+")
        finally:
            os.close(master)
            os.close(slave)


class Documents(DeltaTest):
    def test_the_example_of_the_specification_applies(self):
        with open(os.path.join(source_dir(), "docs", "DELTA.md"), encoding="utf-8") as file:
            page = file.read()
        dump = re.search(r"^```hex\n(.*?)^```", page, re.S | re.M).group(1)
        data = b""
        for line in dump.splitlines():
            offset, rest = line.split(maxsplit=1)
            self.assertEqual(int(offset, 16), len(data), line)
            digits = re.match(r"((?:[0-9A-F]{2}(?:  | |$))+)", rest).group(1)
            data += bytes.fromhex(digits)
        self.write("ex-old", b"One module, one server: registered, observed, updated.\n")
        self.write("ex", data)
        result = self.delta("apply", "ex-old", "ex", "-o", "ex-new")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read("ex-new"),
                         b"One module, two servers: registered, observed, updated.\n")

    def test_help_and_manual_know_every_option(self):
        text = self.delta("--help").stdout
        with open(os.path.join(source_dir(), "man", "bc260y-delta.1"), encoding="utf-8") as file:
            manual = file.read()
        for option in ("output", "from", "to", "block", "level", "json", "help", "version"):
            self.assertIn(f"--{option}", text)
            self.assertIn(f"Fl Fl {option}", manual)
        self.assertRegex(self.delta("--version").stdout, r"\Abc260y-delta \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage(self):
        for args in ([], ["unpack"], ["make", "old", "new"], ["make", "old", *REVISIONS, "-o", "x"],
                     ["make", "old", "new", "-o", "x", "--from", "A B", "--to", "C"],
                     ["make", "old", "new", "-o", "x", "--from", "A" * 32, "--to", "C"],
                     ["make", "old", "new", "-o", "x", "--from", "", "--to", "C"],
                     ["make", "old", "new", "-o", "x", *REVISIONS, "--block", "5000"],
                     ["make", "old", "new", "-o", "x", *REVISIONS, "--block", "131072"],
                     ["make", "old", "new", "-o", "x", *REVISIONS, "--level", "23"],
                     ["make", "old", "new", "-o", "x", *REVISIONS, "--level", "-1"],
                     ["apply", "old", "new"], ["inspect"], ["inspect", "a", "b"],
                     ["inspect", "a", "--colour"], ["apply", "old", "package", "-o"]):
            with self.subTest(args=args):
                self.assert_fails(self.delta(*args), "see --help", status=2)


if __name__ == "__main__":
    unittest.main()
