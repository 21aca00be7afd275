"""bc260y-platform --store: what was acknowledged is there after kill -9, a full disk, a restart.

What goes into which row is tested in tests/platform/test_store.c; here are the real program, the
real file and devices that repeat what was not acknowledged, as devices do.
"""

import os
import random
import resource
import select
import shutil
import socket
import stat
import tempfile
import threading
import time
import unittest

from support import LIMIT_S, Failure, Platform, build_dir, run
from test_platform import Device, option

KILLS = 12
CUTS = (3, 5, 8, 12, 17, 23, 30, 38, 47, 57, 68, 80)  # in which write
DEVICES = 8
REPEAT_S = 0.25
LIMITED_BYTES = 16384  # of a file; the log is longer before the first report


class Reporter(Device):
    """A device that reports one value after the other, each until it is acknowledged."""

    def __init__(self, platform, name):
        super().__init__(platform)
        self.name = name
        self.sequence = 5
        self.count = 0
        self.acknowledged = []
        self.waiting = None  # a report: its datagram and its payload
        self.registration = self.token = None
        self.repeat_at = 0.0

    def begin(self):
        """Registers, and is observed."""
        self.registration = self.register(self.name.encode(), b"</3/0>,</19/0>", b"86400")
        request = self.take_request()
        self.token = request[1]
        self.answer(request, 0x45, b"\x61\x05\x61\x2a\xfffirst")

    def next_report(self):
        self.count += 1
        self.sequence += 1
        self.message_id = (self.message_id + 1) & 0xFFFF
        payload = f"{self.name}-{self.count}".encode()
        number = self.message_id.to_bytes(2, "big")
        if self.count % 4 == 0:
            query = option(4, b"ep=" + self.name.encode())
            data = b"\x40\x02" + number + b"\xb2dp" + query + b"\xff" + payload
        else:
            observe = b"\x63" + self.sequence.to_bytes(3, "big")
            data = b"\x44\x45" + number + self.token + observe + b"\x61\x2a\xff" + payload
        self.waiting = (data, payload)

    def step(self):
        """Sends what is due; a new report when the one before is acknowledged."""
        if self.waiting is None:
            self.next_report()
        elif time.monotonic() < self.repeat_at:
            return
        self.repeat_at = time.monotonic() + REPEAT_S
        try:
            self.send(self.waiting[0])
        except ConnectionRefusedError:
            pass  # the server is gone for the moment

    def take(self):
        """Something has arrived."""
        try:
            data = self.receive()
        except ConnectionRefusedError:
            return
        if self.waiting and data[0] == 0x60 and data[2:4] == self.waiting[0][2:4]:
            if data[1] not in (0, 0x44):
                raise AssertionError(f"{self.name}: refused with {data.hex()}")
            self.acknowledged.append(self.waiting[1])
            self.waiting = None
            self.repeat_at = 0.0


class Load(threading.Thread):
    """All devices at once, until told to stop; `error` is what went wrong."""

    def __init__(self, devices):
        super().__init__(daemon=True)
        self.devices = {device.socket: device for device in devices}
        self.ended = threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.ended.is_set():
                for device in self.devices.values():
                    device.step()
                for ready in select.select(self.devices, [], [], 0.02)[0]:
                    self.devices[ready].take()
        except AssertionError as error:
            self.error = error

    def stop(self):
        self.ended.set()
        self.join(LIMIT_S)


class Stored(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-store-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "store")

    def start(self, *args, **options):
        platform = Platform("--open", "iot", "--store", self.path, *args, **options)
        platform.__enter__()
        self.addCleanup(platform.stop)
        return platform

    def ask(self, platform, line):
        """The answer to a command on standard input."""
        platform.write_line(line)
        while True:
            event = platform.read_event()
            if "ok" in event:
                return event

    def rows(self, platform, endpoint):
        """All rows of a device; they are numbered from 1 without gaps."""
        rows = []
        answer = {"next": 1}
        while "next" in answer:
            answer = self.ask(platform, f"data {endpoint} {answer['next']} 1000")
            self.assertTrue(answer["ok"], answer)
            rows += answer["rows"]
        self.assertEqual([row["number"] for row in rows], list(range(1, len(rows) + 1)))
        return rows


class Killed(Stored):
    def check(self, platform, device):
        """Each acknowledged report is there once, in order; at most one other is."""
        seen = [bytes.fromhex(row["hex"]) for row in self.rows(platform, device.name)]
        self.assertEqual(seen[0], b"first")
        waiting = [device.waiting[1]] if device.waiting else []
        self.assertIn(seen[1:], (device.acknowledged, device.acknowledged + waiting))

    def begin(self):
        """A platform and the devices that are registered with it."""
        platform = self.start("--quiet")
        devices = [Reporter(platform, f"dev{i}") for i in range(DEVICES)]
        for device in devices:
            self.addCleanup(device.socket.close)
            device.begin()
        return platform, devices

    def load(self, devices, until):
        """All devices report until `until` has returned."""
        load = Load(devices)
        load.start()
        until()
        load.stop()
        self.assertIsNone(load.error)

    def restart(self, platform, devices):
        """Another one in its place; it knows what was acknowledged."""
        platform.stop()
        platform = self.start("--quiet", coap=platform.coap)
        for device in devices:
            self.check(platform, device)
        return platform

    def test_kill_9_under_load_loses_nothing_that_was_acknowledged(self):
        generator = random.Random(1)
        platform, devices = self.begin()
        for _ in range(KILLS):
            def until(victim=platform):
                time.sleep(generator.uniform(0.1, 0.35))
                victim.kill()
            self.load(devices, until)
            platform = self.restart(platform, devices)
        self.finish(platform, devices)

    def test_cut_in_any_write_loses_nothing_that_was_acknowledged(self):
        platform, devices = self.begin()
        shim = os.path.join(build_dir(), "tests", "libcut_shim.so")
        for at in CUTS:
            env = {"LD_PRELOAD": shim, "CUT_AT": str(at),
                   "ASAN_OPTIONS": "verify_asan_link_order=0"}
            platform.stop()
            try:
                platform = self.start("--quiet", coap=platform.coap, env=env)
                self.load(devices, platform.wait)
                self.assertEqual(platform.wait(), -9)
            except Failure as failure:
                self.assertIn("output ended", str(failure))  # in a write at its start
            platform = self.restart(platform, devices)
        self.finish(platform, devices)

    def finish(self, platform, devices):
        """Nobody has registered again, and everybody still can do everything."""
        self.assertGreater(min(len(device.acknowledged) for device in devices), KILLS)
        for device in devices:
            while select.select([device.socket], [], [], 0.01)[0]:
                device.take()
            device.message_id = 0xF000
            path = b"\xb2rd" + option(0, device.registration)
            self.assertEqual(device.ask(2, path), (0x44, b""))
            answer = self.ask(platform, f"device {device.name}")
            self.assertEqual((answer["id"], answer["observations"]),
                             (device.registration.decode(), 1))


class Restarted(Stored):
    def test_device_goes_on_and_is_asked_at_its_newest_address(self):
        platform = self.start()
        with Reporter(platform, "dev1") as device:
            device.begin()
            platform.wait_for_event("observe")
            device.next_report()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as moved:
                moved.connect((platform.host, platform.udp_port))
                moved.settimeout(LIMIT_S)
                moved.send(device.waiting[0])
                self.assertEqual(moved.recv(100)[0], 0x60)
                platform.stop()
                again = self.start(coap=platform.coap)
                self.assertIn('"restored":1', again.lines[0])
                again.write_line("read dev1 /3/0/0")
                self.assertEqual(moved.recv(100)[:2], b"\x44\x01")

    def test_orderly_end_leaves_the_file_alone(self):
        platform = self.start()
        platform.signal(15)
        self.assertEqual(platform.wait(), 0)
        self.assertEqual(os.listdir(self.folder), ["store"])  # and no log is left


class DiskFull(Stored):
    def limit(self, platform, size):
        hard = resource.prlimit(platform.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(platform.pid, resource.RLIMIT_FSIZE, (size, hard))

    def silent(self, device):
        return not select.select([device.socket], [], [], 0.3)[0]

    def test_full_disk_acknowledges_nothing_and_passes_without_a_restart(self):
        platform = self.start()
        with Reporter(platform, "dev1") as device:
            device.begin()
            platform.wait_for_event("observe")
            self.limit(platform, LIMITED_BYTES)
            device.next_report()
            for _ in range(2):  # the first fails, the second is not let in
                device.send(device.waiting[0])
                self.assertTrue(self.silent(device))
            event = platform.wait_for_event("store-failed")
            self.assertTrue(event["reason"])
            device.send(b"\x40\x00\x77\x77")
            self.assertEqual(device.receive(), b"\x70\x00\x77\x77")
            self.limit(platform, resource.RLIM_INFINITY)
            platform.wait_for_event("store-recovered")
            device.send(device.waiting[0])
            self.assertEqual(device.receive(), b"\x60\x00" + device.waiting[0][2:4])
            self.assertEqual(len(self.rows(platform, "dev1")), 2)
        names = [event.get("event") for event in platform.events]
        self.assertEqual(names.count("notify"), 1)
        self.assertEqual(names.count("store-failed"), 1)
        self.assertEqual(len(platform.stderr_text().splitlines()), 2)

    def test_registration_on_a_full_disk_is_repeated_until_it_is_stored(self):
        platform = self.start()
        self.limit(platform, LIMITED_BYTES)
        with Reporter(platform, "dev1") as device, Reporter(platform, "dev2") as other:
            options = b"\xb2rd\x11\x28" + option(3, b"lwm2m=1.0") + option(0, b"ep=dev1")
            device.send(b"\x40\x02\x12\x34" + options)
            self.assertTrue(self.silent(device))
            self.limit(platform, resource.RLIM_INFINITY)
            platform.wait_for_event("store-recovered")
            device.begin()
            other.begin()
            platform.wait_for_event("observe", endpoint="dev2")
            platform.kill()
            platform.stop()
            self.assertEqual(self.ask(self.start(), "devices")["count"], 2)


class Files(Stored):
    def refused(self, *args):
        """The line that it says, and that it is one."""
        result = run("bc260y-platform", "--coap", "127.0.0.1:0", *args)
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        return result.returncode, result.stderr

    def test_file_is_only_for_its_owner(self):
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        platform = self.start()
        with Device(platform) as device:
            device.register()
        for name in ("store", "store-wal"):
            mode = os.stat(os.path.join(self.folder, name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        platform.stop()
        os.chmod(self.path, 0o640)
        status, line = self.refused("--store", self.path)
        self.assertEqual(status, 1)
        self.assertIn("chmod 600", line)

    def test_second_process_is_refused(self):
        self.start()
        status, line = self.refused("--store", self.path)
        self.assertEqual(status, 1)
        self.assertIn("another process has it open", line)

    def test_foreign_and_damaged_files_are_refused_and_left_alone(self):
        for content in (b"not a store\n", b"SQLite format 3\0" + b"\xff" * 5000):
            with open(self.path, "wb") as file:
                file.write(content)
            os.chmod(self.path, 0o600)
            status, line = self.refused("--store", self.path)
            self.assertEqual(status, 1)
            self.assertIn(self.path, line)
            with open(self.path, "rb") as file:
                self.assertEqual(file.read(), content)

    def test_path_that_cannot_be_written_is_refused(self):
        for path in (self.folder, os.path.join(self.folder, "no", "store")):
            self.assertEqual(self.refused("--store", path)[0], 1)

    def test_wrong_usage(self):
        for args in (("--store", ""), ("--store-keep", "0"), ("--store-keep", "many"),
                     ("--store",)):
            self.assertEqual(self.refused(*args)[0], 2, args)

    def test_without_a_store_there_is_no_data(self):
        with Platform("--store", "none") as platform:
            answer = self.ask(platform, "data dev1")
            self.assertIn("--store", answer["error"])
            self.assertEqual(os.listdir(platform.folder), ["stderr"])


class Data(Stored):
    def test_rows_are_shown_in_pages_and_the_oldest_go(self):
        platform = self.start("--store-keep", "150")
        with Reporter(platform, "dev1") as device:
            device.begin()
            platform.wait_for_event("observe")
            while device.count < 199:
                device.step()
                device.take()
        newest = self.ask(platform, "data dev1")
        self.assertEqual((newest["first"], newest["last"], len(newest["rows"])), (51, 200, 100))
        self.assertEqual(newest["rows"][-1]["number"], 200)
        self.assertNotIn("next", newest)
        page = self.ask(platform, "data dev1 60 10")
        self.assertEqual([row["number"] for row in page["rows"]], list(range(60, 70)))
        self.assertEqual(page["next"], 70)
        row = page["rows"][0]
        self.assertEqual((row["kind"], row["path"], row["text"], row["confirmable"]),
                         ("notify", "/19/0/0", "dev1-59", True))
        self.assertEqual(page["rows"][1]["kind"], "dp")
        for line, error in (("data nobody", "no such device"), ("data dev1 0", "FROM"),
                            ("data dev1 1 0", "COUNT"), ("data dev1 1 1001", "COUNT"),
                            ("data", "usage"), ("data '; 1", "no such device")):
            self.assertIn(error, self.ask(platform, line)["error"])


if __name__ == "__main__":
    unittest.main()
