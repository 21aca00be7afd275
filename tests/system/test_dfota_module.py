"""Firmware updates of bc260y (docs/DFOTA.md) on real files: a server played here has a package that
bc260y-delta has made; the program is killed, its disk is full, its files are damaged.

Every fault of the network and every operation of the flash is gone through on a virtual clock in
tests/module/test_dfota*.c.
"""

import os
import random
import re
import resource
import shutil
import socket
import tempfile
import threading
import time
import unittest

from support import AtPort, Failure, LIMIT_S, Module, run
from test_blocks import BLOCK2, block_of, block_value, options_of
from test_platform import option

OLD, NEW, NEWER = "BC260YCNAAR01A01", "BC260YCNAAR01A02", "BC260YCNAAR01A03_BETA0721"
ACK = 2
OBSERVE_STATE = b"\x60\x515\x010\x013"
URI_PATH = b"\xb15\x010\x011"
UPDATE_PATH = b"\xb15\x010\x012"
CONFIGURE = 'AT+QLACONFIG=0,"127.0.0.1",{port},"867724030023557",86400,3'


class Server:
    """An LwM2M server with a package: it registers whoever comes and serves /fw. A thread of its
    own answers; `notes` are the values of 5/0/3 that were notified."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.package = b""
        self.notes = []
        self.answers = {}
        self.device = None
        self.message_id = 0x100
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def close(self):
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()

    def run(self):
        while True:
            data, peer = self.socket.recvfrom(2048)
            if not data:
                return
            with self.changed:
                self.device = peer
                self.take(data)
                self.changed.notify_all()

    def take(self, data):
        kind, code, message_id = data[0] >> 4 & 3, data[1], data[2:4]
        token, rest = data[4:4 + (data[0] & 15)], data[4 + (data[0] & 15):]
        if kind == ACK:
            self.answers[message_id] = (code, rest)
        elif code == 0x45:  # a notification
            self.notes.append(rest[rest.index(b"\xff") + 1:].decode())
            self.send(bytes([0x60, 0]) + message_id)
        elif code == 1:
            self.serve(message_id, token, options_of(rest)[0])
        elif code == 2:
            answer = 0x41 if rest.startswith(b"\xb2rd\x11") else 0x44
            location = b"\x82rd\x01x" if answer == 0x41 else b""
            self.send(bytes([0x60 | len(token), answer]) + message_id + token + location)

    def serve(self, message_id, token, options):
        number, _, size = block_of(options, BLOCK2)
        more = (number + 1) * size < len(self.package)
        part = self.package[number * size:(number + 1) * size]
        block = block_value(number, more, size)
        self.send(bytes([0x60 | len(token), 0x45]) + message_id + token + option(4, b"tag") +
                  bytes([0xd0 | len(block), 19 - 13]) + block + b"\xff" + part)

    def send(self, data):
        self.socket.sendto(data, self.device)

    def ask(self, code, rest):
        """The code and the payload of the answer."""
        with self.changed:
            self.message_id += 1
            message_id = self.message_id.to_bytes(2, "big")
            self.send(bytes([0x42, code]) + message_id + b"TK" + rest)
            if not self.changed.wait_for(lambda: message_id in self.answers, LIMIT_S):
                raise Failure("the module does not answer")
            code, rest = self.answers[message_id]
            return code, rest[rest.index(b"\xff") + 1:] if b"\xff" in rest else b""

    def read(self, resource_id):
        return self.ask(1, b"\xb15\x010\x01%d" % resource_id)[1].decode()

    def wait_for_notes(self, *notes):
        with self.changed:
            if not self.changed.wait_for(lambda: self.notes[-len(notes):] == list(notes), LIMIT_S):
                raise Failure(f"notified {self.notes}, not {notes}")


class Updates(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-dfota-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = self.path("state")
        self.server = Server()
        self.addCleanup(self.server.close)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def make_images(self, size, seed=1):
        chance = random.Random(seed)
        words = [chance.randbytes(4) for _ in range(400)]
        old = b"".join(chance.choice(words) for _ in range(size // 4))
        new = bytearray(old)
        for _ in range(size // 500):
            new[chance.randrange(size)] ^= 1 << chance.randrange(8)
        self.write("old.bin", old)
        self.write("new.bin", bytes(new))

    def make_package(self, old="old.bin", new="new.bin", source=OLD, target=NEW, block=4096):
        made = run("bc260y-delta", "make", self.path(old), self.path(new), "-o",
                   self.path("package.bin"), "--from", source, "--to", target, "--block", block)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.server.package = self.read("package.bin")

    def module(self, *args, state=None):
        return Module("--set", "attach_ms=0", "--set", f"revision={OLD}", "--state",
                      state or self.state, "--firmware", self.path("old.bin"), *args)

    def register(self, at):
        at.send("ATE0")
        at.wait_for("^OK$")
        self.assertEqual(at.command("AT+QSCLK=0"), ["OK"])
        self.assertEqual(at.command(CONFIGURE.format(port=self.server.port)), ["OK"])
        self.assertEqual(at.command("AT+QLAREG"), ["OK"])
        at.wait_for(r"^\+QLAREG: 0$")

    def write_uri(self):
        self.assertEqual(self.server.ask(1, OBSERVE_STATE)[0], 0x45)
        uri = b"coap://127.0.0.1:%d/fw" % self.server.port
        self.assertEqual(self.server.ask(3, URI_PATH + b"\x10\xff" + uri)[0], 0x44)

    def download(self, at):
        """Until the package is there."""
        self.write_uri()
        at.expect('+QIND: "FOTA","COAPSTART"')
        at.expect('+QIND: "FOTA","COAPEND",0')
        at.wait_for(r'^\+QLAURC: "report",\d+$')
        self.server.wait_for_notes("1", "2")

    def execute(self, at):
        self.assertEqual(self.server.ask(2, UPDATE_PATH)[0], 0x44)
        at.wait_for(r'^\+QLAURC: "report",\d+$')
        at.expect('+QIND: "FOTA","START"')

    def wait_for_end(self, at, code=0):
        self.assertEqual(at.wait_for(r'^\+QIND: "FOTA","END",(\d+)$', 30.0).group(1), str(code))
        at.expect("+CPIN: READY")

    def reports(self, at, result, revision):
        """Registered again, the module tells the server how it went."""
        self.register(at)
        at.wait_for(r'^\+QLAURC: "report",\d+$')
        self.server.wait_for_notes("0")
        self.assertEqual((self.server.read(3), self.server.read(5)), ("0", result))
        self.assertEqual(at.command("AT+CGMR"), [f"Revision: {revision}", "OK"])

    def test_update_goes_as_in_the_guide(self):  # G 5.6.4
        self.make_images(60000)
        self.make_package()
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            self.execute(at)
            seen = [at.read_line()]
            while seen[-1] != "RDY":
                seen.append(at.read_line())
            percents = [int(re.fullmatch(r'\+QIND: "FOTA","UPDATING",(\d+)%,1,1', line)[1])
                        for line in seen[:-1]]
            self.assertEqual((percents[0], percents[-1]), (20, 100))
            self.assertEqual(percents, sorted(set(percents)))
            at.expect("+CFUN: 1")
            at.expect('+QIND: "FOTA","END",0')
            self.reports(at, "1", NEW)
        self.assertEqual(self.read("state/slot1"), self.read("new.bin"))
        self.assertEqual(self.read("state/slot0"), self.read("old.bin"))
        for name in os.listdir(self.state):
            self.assertEqual(os.stat(self.path(f"state/{name}")).st_mode & 0o777, 0o600, name)

    def test_updated_module_stays_so(self):
        self.make_images(60000)
        self.make_package()
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            self.execute(at)
            self.wait_for_end(at)
        with self.module() as module, AtPort(module.port) as at:
            self.reports(at, "1", NEW)
            self.make_package("new.bin", "old.bin", NEW, NEWER, 8192)  # and back to slot0
            self.download(at)
            self.execute(at)
            self.wait_for_end(at)
            self.reports(at, "1", NEWER)
        with self.module("--factory-reset") as module, AtPort(module.port) as at:
            self.assertIn(f"Revision: {OLD}", at.command("AT+CGMR"))
        self.assertEqual(set(os.listdir(self.state)), {"lock", "slot0"})

    def test_kill_at_any_moment_of_the_update(self):  # G 4.1.2.1
        self.make_images(300000)
        self.make_package()
        chance = random.Random(7)
        kills = 0
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            self.execute(at)
            at.wait_for("UPDATING")
            time.sleep(chance.uniform(0.0, 0.3))
            module.kill()
        first = None
        while True:
            with self.module() as module, AtPort(module.port) as at:
                line = at.read_line()
                found = re.search(r'"UPDATING",(\d+)', line)
                if found is None:  # RDY
                    break
                if first is not None:
                    self.assertGreaterEqual(int(found.group(1)), first)
                first = int(found.group(1))
                time.sleep(chance.uniform(0.05, 0.4))
                if kills < 6:
                    kills += 1
                    module.kill()
                    continue
                self.wait_for_end(at)
                self.reports(at, "1", NEW)
                break
        self.assertGreater(kills, 2)
        with self.module() as module, AtPort(module.port) as at:
            self.assertIn(f"Revision: {NEW}", at.command("AT+CGMR"))
        self.assertEqual(self.read("state/slot1"), self.read("new.bin"))

    def test_kill_during_the_download_is_forgotten(self):  # G 4.1.2.1
        self.make_images(60000)
        self.make_package()
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            module.kill()
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            self.assertEqual((self.server.read(3), self.server.read(5)), ("0", "0"))
            self.assertEqual(at.command("AT+CGMR"), [f"Revision: {OLD}", "OK"])
            self.download(at)

    def test_state_none_updates_in_memory(self):
        self.make_images(60000)
        self.make_package()
        with self.module("--set", "bare_percent=1", state="none") as module, \
                AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            self.execute(at)
            at.expect('+QIND: "FOTA","UPDATING",20')
            self.wait_for_end(at)
            self.reports(at, "1", NEW)
            self.assertEqual(os.listdir(module.folder), ["stderr"])

    def test_made_up_image_can_be_updated(self):
        with Module("--set", "attach_ms=0", "--state", self.state) as module:
            with open(module.folder + "/stderr", "rb") as file:
                self.assertEqual(file.read(), b"")
        old = self.read("state/slot0")
        self.assertEqual(len(old), 65536)
        self.write("old.bin", old)
        self.write("new.bin", old[:30000] + b"other bytes" + old[30000:])
        self.make_package(source="BC260YCNAAR01A02", target=NEWER)
        with Module("--set", "attach_ms=0", "--state", self.state) as module, \
                AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            self.execute(at)
            self.wait_for_end(at)
            self.reports(at, "1", NEWER)

    def test_full_disk_ends_the_download(self):  # COAPEND,100
        self.make_images(200000)
        self.make_package()
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            resource.prlimit(module.pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
            self.write_uri()
            at.expect('+QIND: "FOTA","COAPSTART"')
            at.expect('+QIND: "FOTA","COAPEND",100')
            self.server.wait_for_notes("1", "0")
            self.assertEqual(self.server.read(5), "3")
            resource.prlimit(module.pid, resource.RLIMIT_FSIZE,
                             (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            at.wait_for("report")
            self.download(at)
            self.assertRegex(module.stderr_text(), r'^bc260y: cannot write "package" in .*: ')

    def test_altered_source_keeps_the_old_image(self):  # END,255
        self.make_images(60000)
        self.make_package()
        with self.module() as module, AtPort(module.port) as at:
            self.register(at)
            self.download(at)
            with open(self.path("state/slot0"), "r+b") as file:
                file.seek(777)
                file.write(b"?")
            self.execute(at)
            self.wait_for_end(at, 255)
            self.reports(at, "8", OLD)

    def test_outcome_can_be_asked_for(self):
        self.make_images(60000)
        self.make_package()
        control = self.path("control")

        def ctl(*words):
            done = run("bc260y-ctl", "--socket", control, *words)
            self.assertEqual(done.returncode, 0, done.stderr)

        with self.module("--control", control) as module, AtPort(module.port) as at:
            self.register(at)
            for word, code, result in (("flash", 100, "3"), ("no-space", 101, "3"),
                                       ("no-network", 99, "4"), ("unknown", 1, "8")):
                ctl("fota-outcome", word)
                self.write_uri()
                at.expect('+QIND: "FOTA","COAPSTART"')
                at.expect(f'+QIND: "FOTA","COAPEND",{code}')
                at.wait_for("report")
                self.assertEqual(self.server.read(5), result)
            ctl("fota-outcome", "update-failed")
            self.download(at)
            self.execute(at)
            self.wait_for_end(at, 255)
            self.reports(at, "8", OLD)

    def test_plugin_is_loaded_for_a_package_only(self):
        self.make_images(60000)
        self.make_package()
        with self.module() as module, AtPort(module.port) as at:
            def libraries():
                with open(f"/proc/{module.pid}/maps", encoding="ascii") as file:
                    return set(re.findall(r"/(dfota\.so|libcrypto|libzstd)", file.read()))
            self.register(at)
            self.assertEqual(libraries(), set())
            self.download(at)
            self.assertEqual(libraries(), {"dfota.so", "libcrypto", "libzstd"})

    def test_bad_image_is_told(self):
        for path, why in ((self.path("none"), "cannot read --firmware .*: No such file"),
                          (self.folder, "must be a file of 1 to 4194304 bytes"),
                          (self.write("empty", b""), "must be a file of 1 to 4194304 bytes")):
            done = run("bc260y", "--stdio", "--state", "none", "--firmware", path)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, f"^bc260y: .*{why}.*\n$")


if __name__ == "__main__":
    unittest.main()
