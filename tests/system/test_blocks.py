"""bc260y-platform and values in blocks (RFC 7959), against devices that are played here over UDP.

Every block, error and limit is tested on a virtual clock in tests/platform/test_blocks.c; here is
the way from the command line to the wire and back.
"""

import json
import os
import subprocess
import unittest

from support import LIMIT_S, Platform, program, run
from test_platform import Device, option

BLOCK2, BLOCK1 = 23, 27
VALUE = bytes(i % 251 for i in range(1024))


def options_of(data):
    """Number to value of the options in front of a payload, and the payload."""
    found, number, at = {}, 0, 0
    while at < len(data) and data[at] != 0xFF:
        nibbles = [data[at] >> 4, data[at] & 15]
        at += 1
        for i in range(2):
            if nibbles[i] == 13:
                nibbles[i] = 13 + data[at]
                at += 1
        number += nibbles[0]
        found[number] = data[at:at + nibbles[1]]
        at += nibbles[1]
    return found, data[at + 1:]


def block_of(options, number):
    """Block number, flag and size in bytes; None when it is not there."""
    if number not in options:
        return None
    value = int.from_bytes(options[number], "big")
    return value >> 4, bool(value & 8), 16 << (value & 7)


def block_value(number, more, size):
    value = number << 4 | more << 3 | size.bit_length() - 5
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def content(number, size, value):
    """Content-Format 42, Block2 and that part of the value."""
    more = (number + 1) * size < len(value)
    return (b"\xc1\x2a" + option(11, block_value(number, more, size)) + b"\xff" +
            value[number * size:(number + 1) * size])


class Blocks(unittest.TestCase):
    def start(self, *args):
        platform = Platform("--open", "iot", "--control", "control", *args)
        platform.__enter__()
        self.addCleanup(platform.stop)
        device = Device(platform)
        self.addCleanup(device.socket.close)
        return platform, device

    def ctl(self, platform, *command):
        """A command that runs while the test plays the device."""
        process = subprocess.Popen(
            [program("bc260y-platform"), "ctl", os.path.join(platform.folder, "control"), *command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        out, _ = process.communicate(timeout=LIMIT_S)
        return process.returncode, json.loads(out)

    def serve(self, device, value, size):
        """Answer reads until the last block has gone; the blocks that were asked for."""
        asked = []
        while True:
            request = device.take_request()
            block = block_of(options_of(request[2])[0], BLOCK2)
            asked.append(block)
            number, _, wanted = block or (0, False, size)
            device.answer(request, 0x45, content(number, min(size, wanted), value))
            if (number + 1) * size >= len(value):
                return asked

    def test_read_asks_for_blocks_and_answers_with_the_whole_value(self):
        for size in (16, 128, 1024):
            platform, device = self.start("--block", str(size))
            device.register()
            process = self.ctl(platform, "read", "dev1", "/3/0/0")
            asked = self.serve(device, VALUE, size)
            self.assertEqual(asked, [(i, False, size) for i in range(1024 // size)])
            status, answer = self.finish(process)
            self.assertEqual((status, answer["ok"], answer["hex"]), (0, True, VALUE.hex().upper()))
            platform.wait_for_event("response", path="/3/0/0", hex=VALUE.hex().upper())

    def test_read_takes_the_blocks_that_the_device_chooses(self):
        platform, device = self.start()
        device.register()
        process = self.ctl(platform, "read", "dev1", "/3/0/0")
        self.assertEqual(self.serve(device, VALUE, 512), [None, (1, False, 512)])
        self.assertEqual(self.finish(process)[1]["hex"], VALUE.hex().upper())

    def test_lost_block_is_asked_for_again(self):
        platform, device = self.start()
        device.register()
        process = self.ctl(platform, "read", "dev1", "/3/0/0")
        device.answer(device.take_request(), 0x45, content(0, 512, VALUE))
        lost = device.take_request()
        repeated = device.take_request()  # two seconds later
        self.assertEqual(lost, repeated)
        device.answer(repeated, 0x45, content(1, 512, VALUE))
        self.assertEqual(self.finish(process)[1]["hex"], VALUE.hex().upper())

    def test_value_that_never_ends_fails_the_command(self):
        platform, device = self.start()
        device.register()
        process = self.ctl(platform, "read", "dev1", "/3/0/0")
        for _ in range(4):  # the first block, nonsense, once more, nonsense
            device.answer(device.take_request(), 0x45,
                          b"\xc1\x2a" + option(11, b"\x08") + b"\xff" + VALUE[:16])
        status, answer = self.finish(process)
        self.assertEqual((status, answer["ok"], answer["more"]), (1, False, True))
        self.assertIn("broke off", answer["error"])
        self.assertEqual(answer["hex"], VALUE[:16].hex().upper())

    def test_confirmable_notification_is_told_once_and_whole(self):
        platform, device = self.start()
        device.register(links=b"</19/0>")
        request = device.take_request()
        device.answer(request, 0x45, b"\x60\x61\x2a\xff\x00")
        platform.wait_for_event("observe", path="/19/0/0")
        device.send(b"\x44\x45\x00\x07" + request[1] + b"\x61\x05\x61\x2a" +
                    option(11, block_value(0, True, 256)) + b"\xff" + VALUE[:256])
        self.assertEqual(device.receive(), b"\x60\x00\x00\x07")
        asked = self.serve(device, VALUE, 256)
        self.assertEqual(asked, [(i, False, 256) for i in range(1, 4)])
        event = platform.wait_for_event("notify")
        self.assertEqual((event["hex"], event["observe"], event["confirmable"], event["format"]),
                         (VALUE.hex().upper(), 5, True, 42))
        self.assertNotIn("more", event)

    def take_write(self, device, size):
        """What is written until the last block has come."""
        value = b""
        while True:
            request = device.take_request()
            options, payload = options_of(request[2])
            number, more, wanted = block_of(options, BLOCK1)
            self.assertEqual((number * wanted, wanted), (len(value), size))
            value += payload
            block = block_value(number, more, size)
            device.answer(request, 0x5F if more else 0x44,
                          bytes([0xD0 | len(block), BLOCK1 - 13]) + block)
            if not more:
                return value

    def test_write_goes_out_in_blocks(self):
        for args, size, value in ((("--block", "32"), 32, VALUE), ((), 1024, VALUE * 4)):
            platform, device = self.start(*args)
            device.register()
            process = self.ctl(platform, "write", "dev1", "/19/1/0", value.hex())
            self.assertEqual(self.take_write(device, size), value)
            status, answer = self.finish(process)
            self.assertEqual((status, answer["code"]), (0, "2.04"))

    def test_write_of_more_than_4096_bytes_is_refused(self):
        platform, device = self.start()
        device.register()
        status, answer = self.finish(self.ctl(platform, "write", "dev1", "/19/1/0", "00" * 4097))
        self.assertEqual((status, answer["error"]), (1, "a value has at most 4096 bytes"))

    def test_device_registers_in_blocks(self):
        links = b",".join(b"</%d/0>" % i for i in range(1000, 1200))
        platform, device = self.start()
        head = b"\xb2rd\x11\x28" + option(3, b"lwm2m=1.0") + option(0, b"ep=dev1")
        count = -(-len(links) // 512)
        for i in range(count):
            block = option(12, block_value(i, i + 1 < count, 512))
            code, _ = device.ask(2, head + block, links[i * 512:(i + 1) * 512])
            self.assertEqual(code, 0x5F if i + 1 < count else 0x41)
        event = platform.wait_for_event("registered", endpoint="dev1")
        self.assertEqual(event["objects"], [f"/{i}/0" for i in range(1000, 1200)])

    def test_block_takes_the_sizes_of_blocks_only(self):
        for size in ("0", "8", "48", "2048", "x", "-16", ""):
            result = run("bc260y-platform", "--block", size)
            self.assertEqual(result.returncode, 2, size)
            self.assertRegex(result.stderr, r"\Abc260y-platform: --block takes 16, [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
