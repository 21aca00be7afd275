"""A module under fire: datagrams of all kinds at the real program, from its server and from others.

Valid requests, their mutations and noise, 0 to 1,500 bytes, blocks out of turn among them. Whatever
comes, the module answers with well-formed CoAP or not at all, strangers get nothing, the host's
commands go on, and the requests that wait for the host can still be answered. One seed, printed by
a failure, repeats the datagrams.
"""

import json
import os
import random
import socket
import sys
import time
import unittest

from support import AtPort, Module

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from coap import (ACCEPT, ACK, BLOCK1, BLOCK2, CHANGED, CON, CONTENT, CREATED, DELETE, FORMAT, GET,
                  LOCATION, NON, OBSERVE, POST, PUT, QUERY, message, path)

DATAGRAMS = 6000
BURST = 20  # then what has come back is read
SEED = int(os.environ.get("BC_BARRAGE_SEED", "1"))

PATHS = ("3", "3/0", "3/0/0", "3/0/6", "3/0/13", "3/0/15", "1/0/2", "1/0/7", "1/0/8", "4/0/2",
         "5", "5/0/2", "5/0/3", "19", "19/0", "19/1/0", "0", "0/0/0", "", "bs", "rd", "99/9/9",
         "a" * 200)
FORMATS = (0, 40, 42, 50, 11542, 11543, 65535, 1 << 30)


def parse(datagram):
    """Type, code, message ID, token and payload; asserts that it is well formed."""
    assert len(datagram) >= 4 and datagram[0] >> 6 == 1 and datagram[0] & 15 <= 8, datagram
    at = 4 + (datagram[0] & 15)
    assert at <= len(datagram), datagram
    token = datagram[4:at]
    while at < len(datagram) and datagram[at] != 0xFF:
        sizes = []
        for nibble in (datagram[at] >> 4, datagram[at] & 15):
            assert nibble != 15, datagram
            sizes.append(nibble)
        at += 1
        for i, nibble in enumerate(sizes):
            extra = max(0, nibble - 12)
            if extra:
                sizes[i] = (13 if nibble == 13 else 269) + int.from_bytes(
                    datagram[at:at + extra], "big")
                at += extra
        at += sizes[1]
        assert at <= len(datagram), datagram
    assert at != len(datagram) - 1, datagram
    return (datagram[0] >> 4 & 3, datagram[1], int.from_bytes(datagram[2:4], "big"), token,
            datagram[at + 1:])


def tlv(chance):
    """An entry that is well formed, whatever it may mean."""
    number = chance.choice((0, 1, 2, 7, 15, 300))
    value = chance.randbytes(chance.choice((0, 1, 2, 4, 8, 9, 200, 300)))
    size = len(value)
    size_bytes = 0 if size < 8 else 1 if size < 256 else 2
    head = chance.randrange(4) << 6 | (0x20 if number > 255 else 0) | size_bytes << 3
    return (bytes([head | (0 if size_bytes else size)]) +
            number.to_bytes(2 if number > 255 else 1, "big") +
            (size.to_bytes(size_bytes, "big") if size_bytes else b"") + value)


def payload(chance):
    kind = chance.randrange(5)
    if kind == 0:
        return b""
    if kind == 1:
        return chance.randbytes(chance.choice((1, 2, 5, 20, 100, 600, 1100)))
    if kind == 2:
        return b"".join(tlv(chance) for _ in range(chance.randrange(1, 5)))
    if kind == 3:
        value = chance.choice((1, -1.5, "x\\", True, [1]))
        entry = {"n": chance.choice(("0", "1", "19/0/0", "13", "")),
                 chance.choice(("v", "sv", "bv", "ov", "t")): value}
        return json.dumps({"bn": chance.choice(("/", "/19/0/", "/3/0/", "")),
                           "e": [entry] * chance.randrange(3)}).encode()
    return chance.choice((b"0", b"-1.5e3", b"U", b"UQ", b"20", b"99999999999999999999"))


def request(chance):
    target = chance.choice(PATHS)
    method = chance.choice((GET, GET, GET, PUT, PUT, POST, DELETE, 5, 31))
    if target == "5/0/2":
        method = GET
    options = path(target)
    for option, values in ((OBSERVE, (b"", b"\1", b"\2", bytes(5))),
                           (FORMAT, FORMATS), (ACCEPT, FORMATS),
                           (QUERY, (b"pmin=1", b"pmax=3", b"gt=1", b"st", b"=", b"x" * 255))):
        if chance.random() < 0.3:
            options.append((option, chance.choice(values)))
    for option in (BLOCK1, BLOCK2):
        if chance.random() < 0.25:
            options.append((option, chance.choice((0, 0, 1, 2, 63, 0xFFFFF)) << 4 |
                            chance.randrange(16)))
    if chance.random() < 0.05:
        options.append((chance.choice((1, 3, 5, 9, 14, 35, 39, 60, 258, 65535)),
                        chance.randbytes(chance.choice((0, 1, 5, 13, 270)))))
    return message(chance.choice((CON, CON, CON, NON)), method, chance.randrange(65536), *options,
                   token=chance.randbytes(chance.choice((0, 1, 4, 4, 8))), payload=payload(chance))


def mutated(chance, datagram):
    out = bytearray(datagram)
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(out) + 1)
        kind = chance.randrange(4)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del out[at:]
        elif kind == 2:
            out[at:at] = chance.randbytes(chance.choice((1, 2, 20)))
        else:
            out[at:at] = out[at:at + 30]
    return bytes(out[:1500])


def datagram_of(chance):
    kind = chance.random()
    if kind < 0.15:
        return chance.randbytes(chance.choice((0, 1, 2, 3, 4, 5, 8, 12, 50, 300, 1280, 1281, 1500)))
    out = request(chance)
    return mutated(chance, out) if kind < 0.6 else out[:1500]


def reboots_or_ends(datagram):
    """True for what a server may well say, and what would end the session the test is about."""
    return b"\x014" in datagram or datagram[1:2] == bytes([POST]) and b"\x012" in datagram


class Server:
    """The module's server; `module` is where it has registered from."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.module = None

    def receive(self, limit_s):
        """The next message, parsed; None when there is none."""
        self.socket.settimeout(limit_s)
        try:
            datagram, self.module = self.socket.recvfrom(2048)
        except (socket.timeout, BlockingIOError):
            return None
        return parse(datagram)

    def send(self, datagram):
        self.socket.sendto(datagram, self.module)

    def read_all(self):
        """All that has come; confirmable responses are acknowledged, as a server does."""
        while True:
            seen = self.receive(0)
            if seen is None:
                return
            kind, code, message_id, token, _ = seen
            if kind == CON and code >= CREATED:
                self.send(message(ACK, 0, message_id, token=b""))
            elif kind == CON:
                self.send(message(ACK, CHANGED, message_id, token=token))


class Barrage(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.socket.close)
        self.stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.stranger.bind(("127.0.0.1", 0))
        self.stranger.setblocking(False)
        self.addCleanup(self.stranger.close)

    def register(self, at):
        at.wait_for(r"^\+IP: ")
        for line in ("ATE0", "AT+QSCLK=0", "AT+QLAADDOBJ=19,0,4,0,1,2,3", "AT+QLAADDOBJ=19,1,1,0",
                     f'AT+QLACONFIG=0,"127.0.0.1",{self.server.port},"ep",86400,3', "AT+QLAREG"):
            self.assertEqual(at.command(line)[-1], "OK", line)
        _, code, message_id, token, _ = self.server.receive(5)
        self.assertEqual(code, POST)
        self.server.send(message(ACK, CREATED, message_id, *path("rd/1", LOCATION),
                                 token=token))
        at.wait_for(r"^\+QLAREG: 0$")

    def wait_for_host(self, at):
        """Four reads that the host does not answer yet."""
        for resource in range(4):
            self.server.send(message(CON, GET, 0x7000 + resource, *path(f"19/0/{resource}"),
                                     token=bytes([0xA0 + resource])))
            at.wait_for(rf'^\+QLAURC: "read",{0x7000 + resource},19,0,{resource}$')

    def answer_others(self, at):
        """A command in between; whatever the server has asked meanwhile is refused."""
        at.send("AT")
        asked = []
        while (line := at.read_line()) != "OK":
            if line.startswith(('+QLAURC: "read"', '+QLAURC: "write"', '+QLAURC: "execute"')):
                asked.append(line.split('"', 2)[1:])
        for kind, rest in asked:
            name = {"read": "RD", "write": "WR", "execute": "EXE"}[kind]
            value = ',19,0,0,1,0,"",0' if kind == "read" else ""
            at.send(f"AT+QLA{name}RSP={rest.split(',')[1]},13{value}")
            at.wait_for("^(OK|ERROR)$")

    def fire(self, at):
        chance = random.Random(SEED)
        sent = 0
        while sent < DATAGRAMS:
            datagram = datagram_of(chance)
            if reboots_or_ends(datagram):
                continue
            source = self.stranger if chance.random() < 0.2 else self.server.socket
            source.sendto(datagram, self.server.module)
            sent += 1
            if sent % BURST == 0:
                self.answer_others(at)
                self.server.read_all()

    def test_waiting_requests_outlive_a_barrage(self):
        with Module("--set", "attach_ms=0", "--state", "none") as module, AtPort(module.port) as at:
            self.register(at)
            self.wait_for_host(at)
            self.fire(at)
            time.sleep(0.2)
            self.server.read_all()
            with self.assertRaises(BlockingIOError, msg="a stranger was answered"):
                self.stranger.recv(2048)
            at.send("AT+QLASTATUS?")
            at.wait_for(r"^\+QLASTATUS: 2$")
            at.wait_for("^OK$")
            for resource in range(4):
                at.send(f'AT+QLARDRSP={0x7000 + resource},1,19,0,{resource},1,1,"v",0')
                self.assertEqual(at.wait_for("^(OK|ERROR)$").group(1), "OK", f"seed {SEED}")
                answers = [seen for seen in iter(lambda: self.server.receive(0.5), None)
                           if seen[3] == bytes([0xA0 + resource]) and seen[1] == CONTENT]
                self.assertEqual({answer[4] for answer in answers}, {b"v"}, f"seed {SEED}")
                self.server.send(message(ACK, 0, answers[0][2], token=b""))


if __name__ == "__main__":
    unittest.main()
