"""Writes the seeds of the fuzz targets: make_seeds.py FOLDER, a folder for each target in it.

Each is a short story that leads deep: registered, observed, requests that wait, blocks, sleep. The
operations are those in the opening comment of each fuzz_<target>.c. Message IDs and tokens that
the module or the server draws are not written here: the targets fill them in.
"""

import hashlib
import os
import struct
import sys

from firmware_seeds import DELTA, PACKAGES

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "support"))
from coap import (ACCEPT, ACK, BLOCK1, BLOCK2, CHANGED, CON, CONTENT, CONTINUE, CREATED, DELETE,
                  DELETED, ETAG, FORMAT, GET, LOCATION, NON, OBSERVE, PATH, POST, PUT, QUERY, RST,
                  SIZE1, message as coap, number, path, tail)

TEXT, LINK, OPAQUE, TLV, JSON = 0, 40, 42, 11542, 11543

# CoAP ------------------------------------------------------------------------------------------

def block(index, more, exponent):
    return index << 4 | more << 3 | exponent


def tlv(kind, ident, value):
    head = kind << 6 | (0x20 if ident > 255 else 0)
    ident = struct.pack(">H", ident) if ident > 255 else bytes([ident])
    if len(value) < 8:
        return bytes([head | len(value)]) + ident + value
    if len(value) < 256:
        return bytes([head | 8]) + ident + bytes([len(value)]) + value
    return bytes([head | 16]) + ident + struct.pack(">H", len(value)) + value


# The module: fuzz_module.c ----------------------------------------------------------------------

def at(*lines):
    return b"".join(b"\x60" + line.encode() + b"\0" for line in lines)


def raw_at(data):
    return b"".join(bytes([len(data[i:i + 96]) - 1]) + data[i:i + 96]
                    for i in range(0, len(data), 96))


def datagram(data):
    return b"\x61" + struct.pack(">H", len(data)) + data


def ask(code, message_id, where, *options, kind=CON, payload=b"", observe=None):
    """A request of the server's; options above Uri-Path."""
    front = [] if observe is None else [(OBSERVE, observe)]
    return datagram(coap(kind, code, message_id, *front, *path(where), *options, payload=payload))


def sealed(code, message_id, where):
    """The same as a record of fake_dtls.c."""
    return datagram(b"\x17" + coap(CON, code, message_id, *path(where)))


def respond(code, *options, payload=b""):
    rest = bytes([code]) + tail(*options, payload=payload)
    return bytes([0x62, len(rest)]) + rest


def respond_later(message_id, code, *options, payload=b""):
    rest = struct.pack(">HB", message_id, code) + tail(*options, payload=payload)
    return bytes([0x7F, len(rest)]) + rest


def wait(ms):
    """At least that long."""
    return bytes([0x63 + max(ms - 1, 0).bit_length()])


WAKE, RESET, FOUND, NOT_FOUND, DEAF, LISTEN = (bytes([tag]) for tag in range(0x80, 0x86))
CLOCK = b"\x86" + struct.pack(">I", 1795000000)
REFUSED = bytes([0x62, 1, 0])  # an empty acknowledgement; its token makes it malformed

CONFIGURE = 'AT+QLACONFIG=0,"180.101.147.115",5683,"867724030023557",300,3'
ACCEPTED = respond(CREATED, (LOCATION, "rd"), (LOCATION, "5a3f"))
READY = at("ATE0", "AT+QSCLK=0")
CONFIGURED = READY + at(CONFIGURE, "AT+QLAADDOBJ=19,0,3,0,1,2", "AT+QLAADDOBJ=19,1,1,0")
REGISTERED = CONFIGURED + at("AT+QLAREG") + ACCEPTED
HELLO = datagram(b"\x16")
CONFIGURE_SECURED = 'AT+QLACONFIG=0,"180.101.147.115",5684,"e",300,0,"id","0123456789abcdef"'
SECURED = READY + at(CONFIGURE_SECURED, "AT+QLAREG") + HELLO + ACCEPTED
OBSERVED = REGISTERED + ask(GET, 0x1001, "19/0/0", observe=b"") + \
    at('AT+QLAOBSRSP=4097,1,19,0,0,1,5,"abcde",0')


def empty(kind, message_id):
    return datagram(coap(kind, 0, message_id, token=b""))


def upload(exponent, size, given=None):
    """A PUT of `size` bytes in blocks, with ids from 0x2000; `given` of them arrive."""
    data, bytes_ = b"0123456789abcdef" * (size // 16), 16 << exponent
    out = b""
    for i in range(0, given or size, bytes_):
        out += ask(PUT, 0x2000 + i // bytes_, "19/0/0", (FORMAT, OPAQUE),
                   (BLOCK1, block(i // bytes_, i + bytes_ < size, exponent)),
                   payload=data[i:i + bytes_])
    return out


# A bootstrap server and the steps it takes; the account it gives is at another address.
ASKED = READY + at('AT+QLACONFIG=1,"180.101.147.115",5683,"867724030023557",300,3', "AT+QLAREG")
BOOTSTRAPPING = ASKED + respond(CHANGED) + ask(DELETE, 0x1001, "")
OWN_ACCOUNT = tlv(3, 0, b"coap://180.101.147.115") + tlv(3, 1, b"\1") + tlv(3, 2, b"\3")
ACCOUNT = tlv(3, 0, b"coap://180.101.147.116:5700") + tlv(3, 1, b"\0") + tlv(3, 2, b"\3") + \
    tlv(3, 10, b"\0\x65")
SECRET_ACCOUNT = tlv(3, 0, b"coaps://[2001:db8::1]/") + tlv(3, 2, b"\0") + \
    tlv(3, 3, b"identity") + tlv(3, 5, bytes(range(16)))
SERVER_OBJECT = tlv(3, 0, b"\0\x65") + tlv(3, 1, b"\2\x58") + tlv(3, 7, b"U")


def put_tlv(message_id, where, payload, *options):
    return ask(PUT, message_id, where, (FORMAT, TLV), *options, payload=payload)


def give(account, first=0x1101):
    """The rest of a bootstrap, up to its finish; message ids from `first` on."""
    return put_tlv(first, "0/0", OWN_ACCOUNT) + put_tlv(first + 1, "0/1", account) + \
        put_tlv(first + 2, "1/0", SERVER_OBJECT) + ask(POST, first + 3, "bs")


GIVEN = BOOTSTRAPPING + give(ACCOUNT) + wait(100)

BOOTSTRAP = {
    "bootstrap": GIVEN + ACCEPTED + at("AT+QLACONFIG?", "AT+QLASTATUS?", "AT+QLADEREG") +
                 respond(DELETED) + at("AT+QLAREG") + ACCEPTED,
    "bootstrap-by-name": READY + at('AT+QLACONFIG=1,"bs.example",5683,"e",30,3', "AT+QLAREG") +
                         FOUND + respond(CHANGED) +
                         give(tlv(3, 0, b"coap://lwm2m.example/") + tlv(3, 2, b"\3")) + wait(100) +
                         ask(GET, 0x1200, "3/0") + FOUND + ACCEPTED,
    "bootstrap-by-no-name": READY + at('AT+QLACONFIG=1,"bs.example",5683,"e",30,3', "AT+QLAREG") +
                            NOT_FOUND + at("AT+QLAREG") + wait(30000),
    "bootstrap-with-key": BOOTSTRAPPING + give(SECRET_ACCOUNT) + at("AT+QLACONFIG?") + wait(100),
    "bootstrap-refused": b"".join(ASKED + respond(code) for code in (0x80, 0x83, 0x8C, CREATED)) +
                         ASKED + wait(130000),
    "bootstrap-given-up": b"".join(BOOTSTRAPPING[:cut] + wait(40000) for cut in
                                   (len(ASKED + respond(CHANGED)), len(BOOTSTRAPPING))),
    "bootstrap-endless": ASKED + respond(CHANGED) +
                         b"".join(put_tlv(0x1100 + i, "0/1", ACCOUNT) + wait(16000) +
                                  ask(DELETE, 0x1180 + i, ("", "0", "0/1", "1", "1/0")[i % 5])
                                  for i in range(20)),
    "bootstrap-objects": BOOTSTRAPPING +
                         put_tlv(0x1101, "0", tlv(0, 0, OWN_ACCOUNT) + tlv(0, 1, ACCOUNT)) +
                         put_tlv(0x1102, "1", tlv(0, 0, SERVER_OBJECT)) + ask(POST, 0x1103, "bs"),
    "bootstrap-resources": BOOTSTRAPPING + b"".join(
        put_tlv(0x1101 + i, where, tlv(3, int(where[-1]), value)) for i, (where, value) in
        enumerate((("0/1/0", b"coap://10.0.0.1"), ("0/1/2", b"\3"), ("0/1/0", b"coap://10.0.0.2"),
                   ("1/0/1", b"\x1e"), ("1/0/7", b"UQ")))) + ask(POST, 0x1110, "bs"),
    "bootstrap-in-blocks": BOOTSTRAPPING + put_tlv(0x1100, "0/1", ACCOUNT) + b"".join(
        put_tlv(0x1101 + i, "0", (tlv(0, 1, ACCOUNT) + tlv(0, 0, OWN_ACCOUNT))[16 * i:16 * i + 16],
                (BLOCK1, block(i, i < 4, 0))) for i in range(5)) +
        put_tlv(0x1110, "1/0", SERVER_OBJECT) + ask(POST, 0x1111, "bs"),
    "bootstrap-discovered": BOOTSTRAPPING + ask(GET, 0x1101, "", (ACCEPT, LINK)) +
                            ask(GET, 0x1102, "0", (ACCEPT, LINK)) +
                            ask(GET, 0x1103, "99", (ACCEPT, LINK)) + ask(GET, 0x1104, "3/0") +
                            ask(GET, 0x1105, "", (ACCEPT, LINK), (BLOCK2, block(0, 0, 0))) +
                            ask(GET, 0x1106, "", (ACCEPT, LINK), (BLOCK2, block(1, 0, 0))) +
                            ask(GET, 0x1107, "", (ACCEPT, LINK), (BLOCK2, b"\0\0\0\0")),
    "bootstrap-repaired": BOOTSTRAPPING + ask(POST, 0x1100, "bs") +
                          put_tlv(0x1110, "1/0", SERVER_OBJECT) + ask(POST, 0x1111, "bs") +
                          put_tlv(0x1112, "0/1", tlv(3, 2, b"\1")) + ask(POST, 0x1113, "bs") +
                          put_tlv(0x1114, "0/1/1", tlv(3, 1, b"\1")) + ask(POST, 0x1115, "bs") +
                          b"".join(
        give(tlv(3, 0, uri) + tlv(3, 2, b"\3"), 0x1200 + 16 * i) for i, uri in enumerate(
            (b"coap://", b"coap://u@h", b"coap://h:65536", b"coap://[h", b"h", b"coap://[::1]:x",
             b"coap://h/p"))) + give(ACCOUNT) + ask(GET, 0x1300, "3/0"),
    "bootstrap-malformed": BOOTSTRAPPING + b"".join(
        put_tlv(0x1101 + i, where, payload) for i, (where, payload) in enumerate((
            ("0", b"\x08"), ("0", ACCOUNT), ("0/1", tlv(0, 1, ACCOUNT)), ("0/1/0", b"\xc1\1\0"),
            ("0/1", tlv(3, 4, b"k" * 700)), ("1/0", tlv(3, 1, b"\1")), ("1/0", tlv(3, 7, b"S")),
            ("1/0", tlv(1, 1, b"\1")), ("1", SERVER_OBJECT), ("3/0/13", b"\xc0"), ("", b"")))) +
        ask(PUT, 0x1120, "0/1", (FORMAT, TEXT), payload=b"x") + ask(DELETE, 0x1121, "3") +
        ask(POST, 0x1122, "1/0/8") + ask(GET, 0x1123, "x"),
    "bootstrap-again": GIVEN + ACCEPTED + at("AT+QLADEREG") + respond(DELETED) + at("AT+QLAREG") +
                       respond(0x83) + wait(100) + respond(CHANGED) + give(ACCOUNT) + wait(100) +
                       respond(0x83),
    "bootstrap-reset": BOOTSTRAPPING + give(ACCOUNT)[:-30] + RESET + READY + at("AT+QLAREG") +
                       GIVEN + RESET + READY + at("AT+QLAREG") + ACCEPTED,
}

def firmware_package(source=b"A" * 256, target=b"abc", revisions=(b"BC260YCNAAR01A02", b"A03")):
    """The package that makes `target`, of at most 255 bytes, of the image in world.c."""
    checksum = {b"abc": b"\x99\x09\x77\xad"}[target]  # the low half of its XXH64
    frame = b"\x28\xb5\x2f\xfd\x24" + bytes([len(target)])
    frame += struct.pack("<I", len(target) << 3 | 1)[:3] + target + checksum
    body = struct.pack(">I", len(frame)) + frame
    head = b"BCDELTA\x1a" + struct.pack(">HHIIII", 1, 192, 4096, len(source), len(target),
                                         len(body))
    head += b"".join(text.ljust(32, b"\0") for text in revisions)
    head += b"".join(hashlib.sha256(part).digest() for part in (source, target, body))
    return head + hashlib.sha256(head).digest()[:4] + body


def firmware_block(index, data, exponent=3):
    """The answer to a GET: a block of the package."""
    size = 16 << exponent
    more = (index + 1) * size < len(data)
    return respond(CONTENT, (ETAG, b"e"), (BLOCK2, block(index, more, exponent)),
                   payload=data[index * size:(index + 1) * size])


def firmware_blocks(data, exponent=3):
    return b"".join(firmware_block(i, data, exponent)
                    for i in range(-(-len(data) // (16 << exponent))))


PACKAGE = firmware_package()
URI = ask(PUT, 0x2001, "5/0/1", (FORMAT, TEXT), payload=b"coap://180.101.147.115/fw?a=%41")
NO_URI = ask(PUT, 0x2002, "5/0/1", (FORMAT, TEXT))
INSTALL = ask(POST, 0x2003, "5/0/2")
FIRMWARE = {
    "firmware": REGISTERED + URI + firmware_blocks(PACKAGE) + wait(1000) + INSTALL + wait(15000) +
                READY + at("AT+QLAREG", "ATI") + ACCEPTED + ask(GET, 0x2010, "5/0"),
    "firmware-observed": REGISTERED + ask(GET, 0x1001, "5/0/3", observe=b"") + URI + wait(130000) +
                         firmware_blocks(PACKAGE, 2) + wait(1000) + INSTALL + wait(15000) +
                         READY + at("AT+QLAREG") + ACCEPTED,
    "firmware-cut": REGISTERED + URI + firmware_blocks(PACKAGE) + wait(1000) + INSTALL +
                    b"".join(wait(1024 + i) + RESET for i in range(6)) + b"\x88" + wait(100) +
                    b"\x89" + wait(15000),
    "firmware-altered": REGISTERED + URI + firmware_blocks(PACKAGE[:-9] + b"x" + PACKAGE[-8:]) +
                        wait(1000) + INSTALL + URI + firmware_block(0, b"no package" * 30) +
                        wait(1000),
    "firmware-by-name": REGISTERED +
                        ask(PUT, 0x2001, "5/0/1", (FORMAT, TEXT), payload=b"coap://fw.example/") +
                        FOUND + firmware_block(0, PACKAGE) + wait(130000) +
                        firmware_block(1, PACKAGE) + wait(1000),
    "firmware-other": SECURED + ask(PUT, 0x2001, "5/0/1", (FORMAT, TEXT),
                                    payload=b"coaps://10.0.0.9/fw") + HELLO + wait(70000),
    "firmware-cancelled": REGISTERED + URI + firmware_block(0, PACKAGE) + NO_URI +
                          firmware_block(1, PACKAGE) + URI + respond(0x84) + wait(1000) + URI +
                          at("AT+CFUN=0") + wait(1000),
}

MODULE = {
    **BOOTSTRAP,
    **FIRMWARE,
    "boot": READY + at("ATI", "AT+CGSN=1", "AT+CIMI", "AT+QCCID", "AT+CEREG?", "AT+CGPADDR",
                       "AT+CSQ", "AT+CCLK?", "AT+CPSMS?", "AT&W", "ATZ", "AT&F"),
    "typing": raw_at(b"at+qlasx\b\x7ftatus?\r\nAT\rA\x80T+CSQ\r\0\r" + b"x" * 400 + b"\rAT\r"),
    "configured": CONFIGURED + at("AT+QLACONFIG?", "AT+QLAADDOBJ?", "AT+QLACFG?", "AT+QLASTATUS?",
                                  "AT+QLADELOBJ=19", "AT+QLACFG=\"cfg_res\",3,0,17,\"abcde\"",
                                  "AT+QLACFG=\"retransmit\",2,1"),
    "registered": REGISTERED + at("AT+QLASTATUS?", "AT+QLAUPDATE=0,600") + respond(CHANGED) +
                  at("AT+QLAUPDATE=1,0") + respond(CHANGED) + at("AT+QLADEREG") + respond(DELETED),
    "refused": b"".join(CONFIGURED + at("AT+QLAREG") + respond(code)
                        for code in (0x80, 0x83, 0x84, 0x8C, 0xA0)),
    "unanswered": CONFIGURED + at('AT+QLACFG="retransmit",2,1', "AT+QLAREG") + wait(60000),
    "accepted-later": CONFIGURED + at("AT+QLAREG") +
                      respond_later(0x3001, CREATED, (LOCATION, "rd"), (LOCATION, "5a3f")),
    "by-name": READY + at('AT+QLACONFIG=0,"lwm2m.example",5683,"urn:imei",86400,3,,,0',
                          "AT+QLAREG") + FOUND + ACCEPTED + wait(100000),
    "no-such-name": READY + at('AT+QLACONFIG=0,"lwm2m.example",5683,"e",86400,3', "AT+QLAREG") +
                    NOT_FOUND + at("AT+QLAREG") + wait(30000),
    "read": REGISTERED + ask(GET, 0x1001, "19/0/0") + at('AT+QLARDRSP=4097,1,19,0,0,1,5,"abcde",0'),
    "read-in-parts": REGISTERED + ask(GET, 0x1001, "19/0", (ACCEPT, TLV)) +
                     at('AT+QLARDRSP=4097,1,19,0,0,1,5,"abcde",2',
                        "AT+QLARDRSP=4097,1,19,0,1,3,4,-70000,1",
                        'AT+QLARDRSP=4097,1,19,0,2,4,8,"1.5e3",0'),
    "read-object": REGISTERED + ask(GET, 0x1001, "19") +
                   at('AT+QLARDRSP=4097,1,19,0,0,1,2,"ab",2',
                      'AT+QLARDRSP=4097,1,19,0,1,2,1,"0A",1',
                      "AT+QLARDRSP=4097,1,19,1,0,5,1,0,0") +
                   ask(GET, 0x1002, "19", (ACCEPT, JSON)) +
                   at('AT+QLARDRSP=4098,1,19,0,0,1,2,"ab",1',
                      "AT+QLARDRSP=4098,1,19,1,0,4,4,2.5,0"),
    "read-json": REGISTERED + ask(GET, 0x1001, "19/0", (ACCEPT, JSON)) +
                 at('AT+QLARDRSP=4097,1,19,0,0,1,5,"a"\\b",1',
                    "AT+QLARDRSP=4097,1,19,0,1,5,1,1,0"),
    "read-refused": REGISTERED + ask(GET, 0x1001, "19/0/0", (QUERY, "a=b")) +
                    at('AT+QLARDRSP=4097,13,19,0,0,1,0,"",0') + ask(GET, 0x1002, "7/0") +
                    ask(GET, 0x1003, "19/0/0", (ACCEPT, 7)) + ask(GET, 0x1004, "19/x"),
    "read-late": REGISTERED + ask(GET, 0x1001, "19/0/0") + wait(2000) +
                 at('AT+QLARDRSP=4097,1,19,0,0,2,3,"0a0B0c",0') + wait(4000) + empty(ACK, 0x1001),
    "read-never": REGISTERED + ask(GET, 0x1001, "19/0/0") + ask(GET, 0x1001, "19/0/0") +
                  wait(260000),
    "read-in-blocks": REGISTERED + ask(GET, 0x1001, "19/0/0", (BLOCK2, block(0, 0, 1))) +
                      at("AT+QLARDRSP=4097,1,19,0,0,1,100," + '"' + "x" * 100 + '",0') +
                      b"".join(ask(GET, 0x1001 + i, "19/0/0", (BLOCK2, block(i, 0, 1)))
                               for i in (1, 2, 3, 2, 9)),
    "observe": OBSERVED + at('AT+QLANOTIFY=19,0,0,1,5,"fghij",0,0',
                             'AT+QLANOTIFY=19,0,0,2,2,"0A0b",0,1') + respond(0) +
               ask(GET, 0x1002, "19/0/0", observe=1) +
               at('AT+QLAOBSRSP=4098,1,19,0,0,1,5,"abcde",0'),
    "observe-in-parts": REGISTERED + ask(GET, 0x1001, "19/0", observe=b"") +
                        at('AT+QLAOBSRSP=4097,1,19,0,0,1,1,"a",1',
                           'AT+QLAOBSRSP=4097,1,19,0,1,1,1,"b",0',
                           'AT+QLANOTIFY=19,0,0,1,3,"abc",2,0', 'AT+QLANOTIFY=19,0,1,1,3,"abc",1,0',
                           'AT+QLANOTIFY=19,0,2,1,3,"abc",0,0'),
    "notify-refused": OBSERVED + at('AT+QLANOTIFY=19,0,0,1,1,"x",0,1') +
                      b"\x62\x01\x00" + wait(130000) + at('AT+QLANOTIFY=19,0,0,1,1,"x",0,0'),
    "notify-in-blocks": OBSERVED + at("AT+QLANOTIFY=19,0,0,1,1024," + '"' + "y" * 1024 + '",0,1') +
                        ask(GET, 0x1002, "19/0/0", (BLOCK2, block(1, 0, 5))),
    "observe-by-itself": REGISTERED + at('AT+QLACFG="auto_ack",1') +
                         b"".join(ask(GET, 0x1001 + i, where, observe=b"") for i, where in
                                  enumerate(("19", "19/0", "19/0/0", "19/0/1", "19/1", "3/0/9"))) +
                         at('AT+QLANOTIFY=19,0,0,1,5,"abcde",0,1') + wait(8000),
    "write": REGISTERED + ask(PUT, 0x1001, "19/0/0", (FORMAT, TEXT), payload=b"a text") +
             at("AT+QLAWRRSP=4097,2") +
             ask(PUT, 0x1002, "19/0/0", (FORMAT, OPAQUE), payload=b"\0\1\2") +
             at("AT+QLAWRRSP=4098,11"),
    "write-tlv": REGISTERED +
                 ask(PUT, 0x1001, "19/0", (FORMAT, TLV),
                     payload=tlv(3, 0, b"abc") + tlv(3, 1, b"12345678") + tlv(3, 2, b"")) +
                 at("AT+QLAWRRSP=4097,2") +
                 ask(POST, 0x1002, "19", (FORMAT, TLV), payload=tlv(0, 0, tlv(3, 0, b"abc"))) +
                 at("AT+QLAWRRSP=4098,2"),
    "write-json": REGISTERED + ask(PUT, 0x1001, "19/0", (FORMAT, JSON), payload=
                                   b'{"bn":"/19/0/","e":[{"n":"0","v":500},'
                                   b'{"n":"1","sv":"o\\u00e9n"},{"n":"2","bv":true}]}') +
                  at("AT+QLAWRRSP=4097,2"),
    "write-in-blocks": REGISTERED + upload(2, 512) + at("AT+QLAWRRSP=8199,2"),
    "write-out-of-order": REGISTERED + upload(4, 1024, 512) +
                          ask(PUT, 0x2009, "19/0/0", (FORMAT, OPAQUE), (BLOCK1, block(3, 1, 4)),
                              payload=b"y" * 256) +
                          ask(PUT, 0x200A, "19/0/0", (BLOCK1, block(0, 1, 6)), (SIZE1, 5000),
                              payload=b"y" * 1024) + wait(260000),
    "execute": REGISTERED + ask(POST, 0x1001, "19/0/1", payload=b"0='x'") +
               at("AT+QLAEXERSP=4097,2"),
    "discover": REGISTERED + b"".join(ask(GET, 0x1001 + i, where, (ACCEPT, LINK)) for i, where in
                                      enumerate(("19", "19/0", "19/0/1", "3", "3/0", "0"))),
    "built-in": REGISTERED + CLOCK + at('AT+QLACFG="cfg_res",3,0,17,"abcde"') +
                b"".join(ask(GET, 0x1001 + i, where) for i, where in
                         enumerate(("1", "1/0", "3", "3/0", "3/0/13", "4", "4/0", "5/0", "0/0"))) +
                ask(GET, 0x1010, "3/0", (ACCEPT, JSON)) + ask(GET, 0x1011, "4", (ACCEPT, JSON)) +
                ask(GET, 0x1012, "3/0", (BLOCK2, block(0, 0, 2))) +
                ask(GET, 0x1013, "3/0", (BLOCK2, block(1, 0, 2))),
    "built-in-written": REGISTERED + ask(PUT, 0x1001, "1/0/1", (FORMAT, TEXT), payload=b"900") +
                        ask(PUT, 0x1002, "1/0/7", (FORMAT, TEXT), payload=b"U") +
                        ask(POST, 0x1003, "1/0", (FORMAT, TLV),
                            payload=tlv(3, 2, b"\1") + tlv(3, 3, b"\x0e\x10") + tlv(3, 6, b"\1")) +
                        ask(PUT, 0x1008, "3/0/13", (FORMAT, TEXT), payload=b"1795000000") +
                        ask(PUT, 0x1004, "3/0/14", (FORMAT, TEXT), payload=b"+08:00") +
                        ask(PUT, 0x1005, "3/0", (FORMAT, JSON),
                            payload=b'{"bn":"/3/0/","e":[{"n":"15","sv":"Asia/Shanghai"}]}') +
                        ask(PUT, 0x1006, "1/0", (QUERY, "pmin=5"), (QUERY, "pmax=9")) +
                        ask(PUT, 0x1007, "1/0/7", (FORMAT, 60), payload=b"U") + respond(CHANGED),
    "built-in-observed": REGISTERED + ask(GET, 0x1001, "1/0/1", observe=b"") +
                         ask(GET, 0x1002, "3/0", observe=b"") +
                         ask(PUT, 0x1003, "1/0/1", (FORMAT, TEXT), payload=b"900") +
                         respond(0) + wait(120000),
    "attributes": REGISTERED + ask(PUT, 0x1001, "3", (QUERY, "pmin=5"), (QUERY, "pmax=60")) +
                  ask(PUT, 0x1002, "3/0/9", (QUERY, "gt=50.5"), (QUERY, "lt=10"), (QUERY, "st=2")) +
                  ask(GET, 0x1003, "3/0/9", observe=b"") + ask(GET, 0x1004, "3/0/13", observe=b"") +
                  at('AT+QLACFG="cfg_res",3,0,9,"49"', 'AT+QLACFG="cfg_res",3,0,9,"5"') +
                  wait(8000) +
                  ask(GET, 0x1005, "3/0/9", (ACCEPT, LINK)) + wait(120000) + respond(0) +
                  ask(PUT, 0x1006, "3/0/9", (QUERY, "gt"), (QUERY, "st=-1")) +
                  ask(PUT, 0x1007, "3/0/9", (QUERY, "gt"), (QUERY, "st"), (QUERY, "lt")) +
                  at("AT+QSCLK=1") + wait(260000) + WAKE + respond(CHANGED) + wait(30000),
    "registered-in-blocks": CONFIGURED + at("AT+QLAREG") + respond(0x8D, (BLOCK1, block(0, 0, 1))) +
                            respond(0x5F, (BLOCK1, block(0, 1, 1))) +
                            respond(0x5F, (BLOCK1, block(1, 1, 0))) +
                            respond(0x8D, (BLOCK1, block(0, 0, 0))) + at("AT+QLAREG") +
                            respond(0x8D, (BLOCK1, block(0, 0, 2))) +
                            respond_later(0x7001, CREATED, (LOCATION, "rd")),
    "update-asked-for": REGISTERED + ask(POST, 0x1001, "1/0/8") + respond(CHANGED),
    "disabled": REGISTERED + ask(PUT, 0x1001, "1/0/5", (FORMAT, TEXT), payload=b"30") +
                ask(POST, 0x1002, "1/0/4") + respond(DELETED) + wait(60000) + ACCEPTED,
    "reboot": REGISTERED + ask(POST, 0x1001, "3/0/4") + wait(4000) + at("AT+QLASTATUS?"),
    "keeps-updating": REGISTERED + wait(260000) + respond(CHANGED) + wait(260000) + respond(0x84),
    "objects-change": REGISTERED + at("AT+QLAADDOBJ=20,0,2,0,65535") + respond(CHANGED) +
                      at("AT+QLADELOBJ=19") + respond(CHANGED) + ask(GET, 0x1001, "19/0/0"),
    "sleep": OBSERVED + at("AT+QNBIOTEVENT=1,1", "AT+QSCLK=1") + wait(60000) + WAKE +
             respond(CHANGED) + wait(60000) + at("AT", "AT+QLASTATUS?") + respond(0x84),
    "update-in-sleep": REGISTERED + at("AT+QSCLK=1") + wait(300000) + respond(CHANGED) +
                       wait(600000),
    "sleep-too-long": REGISTERED + at('AT+QLACFG="lifetime_enable",0', "AT+QSCLK=1") +
                      wait(900000) + WAKE + at("AT+QLAREG"),
    "no-network": CONFIGURED + at("AT+CFUN=0", "AT+QLAREG", "AT+CFUN=1", "AT+CGATT=0", "AT+CGATT=1",
                                  "AT+CSCON=1", "AT+CEREG=5", "AT+QLAREG") + ACCEPTED + wait(60000),
    "power": REGISTERED + at("AT+QRST=1") + wait(4000) + at("AT+NRB") + wait(4000) +
             at("AT+QPOWD", "AT") + RESET + at("AT"),
    "stalled-host": OBSERVED + DEAF + b"".join(ask(GET, 0x1100 + i, "19/0/0") for i in range(10)) +
                    at("AT+QLASTATUS?") + wait(260000) + LISTEN + wait(60000),
    "too-many": REGISTERED + b"".join(ask(GET, 0x1100 + i, "19/0/%d" % (i % 3), kind=i & 1)
                                      for i in range(20)),
    "many-answers": REGISTERED + b"".join(
        ask(GET, 0x1100 + i, "3/0", kind=i & 1) for i in range(24)) + ask(GET, 0x1100, "3/0"),
    "senddata": REGISTERED + at('AT+QLACFG="platform",2', 'AT+QLASENDDATA=1,5,"abcde",0',
                                'AT+QLASENDDATA=1,5,"abcde",1') + respond(CHANGED),
    "senddata-in-blocks": REGISTERED + at('AT+QLACFG="platform",2',
                                          'AT+QLASENDDATA=1,1024,"' + "z" * 1024 + '",1') +
                          respond(CONTINUE, (BLOCK1, block(0, 1, 4))) +
                          respond(CONTINUE, (BLOCK1, block(1, 1, 4))) + respond(CHANGED),
    "reports-for-days": REGISTERED + ask(PUT, 0x1101, "3/0/9", (QUERY, "pmax=1")) +
                        ask(GET, 0x1102, "3/0/9", observe=b"") + wait(2 ** 27),
    "secured": SECURED + at('AT+QLAUPDATE=0,600') + respond(CHANGED) +
               sealed(GET, 0x1101, "3/0/0") + datagram(b"\x15\0") + at('AT+QLAUPDATE=0,900') +
               HELLO + respond(CHANGED) + at("AT+QLADEREG") + respond(DELETED) +
               at("AT+QLACONFIG?"),
    "secured-refused": READY + at(CONFIGURE_SECURED, "AT+QLAREG") + datagram(b"\x15\x28") +
                       at("AT+QLAREG") + wait(70000),
    "secured-sleep": SECURED + at('AT+QSCLK=1') + wait(60000) + WAKE + HELLO + respond(CHANGED) +
                     wait(60000) + WAKE + datagram(b"\x15\x28"),
    "secured-resumed": READY + at('AT+QLACFG="dtls_mode",1') + at(CONFIGURE_SECURED, "AT+QLAREG") +
                       HELLO + ACCEPTED + at('AT+QSCLK=1') + wait(60000) + WAKE + HELLO +
                       respond(CHANGED),
    "secured-silence": SECURED + at('AT+QLAUPDATE=0,600') + wait(130000) +
                       at('AT+QLAUPDATE=0,600') + HELLO + respond(CHANGED),
    "secured-bootstrap": READY + at('AT+QLACONFIG=1,"180.101.147.115",5694,"e",86400,0,"id",'
                                    '"0123456789ab"', "AT+QLAREG", "AT+QLACONFIG?") + HELLO +
                         respond(CHANGED) + wait(40000),
    "no-request": REGISTERED + empty(CON, 0x5555) + empty(RST, 0x5556) +
                  datagram(coap(CON, CONTENT, 0x5557, payload=b"x")) + datagram(b"\x42\1") +
                  datagram(coap(CON, 7, 0x5558)) + datagram(coap(CON, GET, 0x5559, (9, "x"))),
}

# AT lines: fuzz_at_line.c ----------------------------------------------------------------------

AT_LINE = {
    "fresh": "0AT\rat e0v1 i\rATQ1\rAT\rATQ0V0\rATI9\rATV1\rAT+CMEE=1\rAT+X\rAT+CMEE=5\r",
    "settings": "0AT+CEREG=5\rAT+CEREG?\rAT+CPSMS=1,,,\"01000001\",\"00000101\"\rAT+CFUN=0\r"
                "AT+CFUN=1,1\rAT+CEDRXS=1,5,\"0010\"\rAT+CEDRXRDP\rAT+CGSN=0\rAT+QCFG=\"a\",1,2\r"
                "AT+CGDCONT=0,\"IP\",\"ctnb\"\rAT+QBAND=3,8,5,3\rAT+IPR=9600\rAT+NRB\r",
    "configure": "0AT+QLACONFIG=0,180.101.147.115,5683,\"ep\",20,0,\"id\",\"key\",1\r"
                 "AT+QLACONFIG?\rAT+QLACONFIG=0,\"\",1,\"\",20,3\r"
                 "AT+QLACONFIG=0,\"1.2.3.4\",99,\"e\",20,0\rAT+QLACONFIG=0,1,99,e,20,3,id\r"
                 "AT + QLACFG = \"retransmit\" , 2 , 8\rAT+QLACFG=retransmit\rAT+QLACFG?\r"
                 "AT+QLACFG=\"cfg_res\",3,0,17,\"a,b\"\rAT+QLACFG=\"dtls_mode\",1\r",
    "objects": "1AT+QLAADDOBJ=20,0,14,0,1,2,3,4,5,6,7,8,9,10,11,12,65535\rAT+QLAADDOBJ=20,1,1,0\r"
               "AT+QLAADDOBJ=3,0,1,0\rAT+QLAADDOBJ=21,0,2,7,7\rAT+QLADELOBJ=20\rAT+QLAADDOBJ?\r"
               "AT+QLAREG\rAT+QLAREG\rAT+QLASTATUS?\r",
    "objects-again": "4AT+QLAADDOBJ=20,1,1,0\rAT+QLADELOBJ=20\rAT+QLAADDOBJ=20,1,1,0\r"
                     "AT+QLAADDOBJ=21,0,2,7,7\rAT+QLADELOBJ=20\rAT+QLAADDOBJ=20,1,1,0\r",
    "registering": "2AT+QLAREG\rAT+QLADEREG\rAT+QLAUPDATE=0,100\rAT+QLAADDOBJ=20,0,1,0\r"
                   "AT+QLACONFIG=0,\"1.2.3.4\",1,\"e\",20,3\r",
    "registered": "3AT+QLAUPDATE=0,31536000,2\rAT+QLAUPDATE=1,1\rAT+QLANOTIFY=19,0,0,1,1,\"x\",0\r"
                  "AT+QLAADDOBJ=20,0,1,0\rAT+QLADELOBJ=19\rAT+QLADEREG\r",
    "pending": "4AT+QLARDRSP=4097,1,19,0,0,1,16,\"{\"status\":\"1,2\"}\",0\r"
               "AT+QLAOBSRSP=4098,1,19,0,0,2,3,\"0A0b0C\",0,0\r"
               "AT+QLAWRRSP=4099,2\rAT+QLAEXERSP=4100,14,1\r",
    "pending-wrong": "4AT+QLARDRSP=4098,1,19,0,0,1,1,\"x\",0\rAT+QLARDRSP=4097,1,19,0,9,1,1,x,0\r"
                     "AT+QLARDRSP=4097,1,19,0,0,1,5,\"x\",0\r"
                     "AT+QLARDRSP=4097,1,19,0,0,2,2,\"0A0\",0\r"
                     "AT+QLARDRSP=4097,1,19,0,0,3,2,40000,0\rAT+QLARDRSP=4097,2,19,0,0,5,1,2,0\r"
                     "AT+QLARDRSP=4097,1,19,0,0,4,4,1e999,0\rAT+QLAWRRSP=4099,1\r",
    "parts": "4AT+QLAOBSRSP=4098,1,19,0,0,1,1,\"x\",2\rAT+QLAOBSRSP=4098,1,19,0,1,1,1,\"x\",0\r"
             "AT+QLAOBSRSP=4098,1,19,0,1,1,1,\"x\",1\rAT+QLAOBSRSP=4098,1,19,0,2,5,1,1,0\r",
    "observed": "5AT+QLANOTIFY=19,0,0,1,3,\"abc\",2,0\rAT+QLANOTIFY=19,0,0,4,8,-1.5,1,0\r"
                "AT+QLANOTIFY=19,0,0,3,8,-9223372036854775808,0,1,2\r"
                "AT+QLAOBSRSP=4101,1,19,0,0,1,1,\"x\",0\rAT+QLANOTIFY=19,0,0,5,1,1,0,0\r",
    "largest": "5AT+QLANOTIFY=19,0,0,2,512,\"" + "0f" * 512 + "\",0,1\r",
    "overlong": "0" + "x" * 2400 + "\r",
    "too-long": "0ATE0\r" + "x" * 1000 + "\rAT\b\b\b\rAT\x7f\x7f\r",
    "editing": "0AT+CSX\bQ\r\n\r\n\0\r \tAT\r\x80AT\rAT&F&W Z\rATE\rATX\rAT&\rAT+\rATIIII\r",
    "senddata": "3AT+QLACFG=\"platform\",2\rAT+QLASENDDATA=1,5,\"abcde\",0\r"
                "AT+QLASENDDATA=5,\"abcde\",1,2\r",
}

# One message: fuzz_coap_message.c --------------------------------------------------------------

COAP_MESSAGE = {
    "register": coap(CON, POST, 0x1234, (PATH, "rd"), (FORMAT, LINK), (QUERY, "lwm2m=1.0"),
                     (QUERY, "ep=867724030023557"), (QUERY, "b=UQ"), (QUERY, "lt=300"),
                     payload=b'</>;rt="oma.lwm2m",</1/0>,</19/0>'),
    "created": coap(ACK, CREATED, 0x1234, (LOCATION, "rd"), (LOCATION, "5a3f")),
    "observe": coap(CON, GET, 1, (OBSERVE, b""), *path("19/0/0"), (ACCEPT, OPAQUE)),
    "notify": coap(NON, CONTENT, 2, (OBSERVE, 0xFFFFFF), (FORMAT, TLV), (14, 60),
                   payload=b"\0\xff"),
    "blocks": coap(CON, PUT, 3, *path("19/0/0"), (BLOCK2, block(1, 0, 6)),
                   (BLOCK1, block(0xFFFFF, 1, 0)), (28, 0xFFFFFFFF), (SIZE1, 1024),
                   payload=b"x" * 60),
    "block-malformed": coap(CON, PUT, 3, (BLOCK2, b"\0\0\0\0"), (BLOCK1, b"\x07")),
    "empty": coap(ACK, 0, 4, token=b""),
    "options": coap(CON, GET, 5, (1, b"a" * 13), (60, b"b" * 300), (2000, b""), (65535, b"c"),
                    token=b"12345678"),
    "option-lengths": coap(CON, GET, 5, *[(60, b"a" * length) for length in (12, 13, 268, 269)],
                           (328, b""), (596, b""), (865, b"")),
    "option-too-far": coap(CON, GET, 6, (65535, b""))[:-3] + b"\xe0\xff\xff\xe0\xff\xff",
    "marker-only": coap(CON, GET, 7) + b"\xff",
    "version": b"\x82" + coap(CON, GET, 8)[1:],
    "token-too-long": b"\x49\x01\0\x09123456789",
}

# Formats: fuzz_formats.c -----------------------------------------------------------------------

TLVS = tlv(0, 0, tlv(3, 0, b"abc") + tlv(2, 6, tlv(1, 0, b"\1") + tlv(1, 300, b"\2\3"))) + \
    tlv(3, 1, b"x" * 20) + tlv(3, 400, b"y" * 300)
JSON_TEXT = b'{"bn":"/19/0/","e":[{"n":"0","v":-5},{"n":"1","sv":"a\\"\\n\\uD83D\\ude00\\udc00"},' \
    b'{ "n" : "2" , "bv" : false },{"n":"/3","t":1,"v":1.5e-3}],"bt":25462634}'
LINKS = b'</>;rt="oma.lwm2m, \\"x\\"";ct=110,</1/0>,</19/65535>;ver=1.0;obs'
VALUES = bytes([1, 0x80, 9, 3, 3]) + b"\x80" * 7 + b"\0\5hello"

FORMATS = {
    "tlv": b"\0" + TLVS,
    "tlv-ids": b"\0" + b"".join(tlv(3, ident, b"1" * (ident & 15)) for ident in (255, 256, 65535)),
    "tlv-cut": b"\0" + TLVS[:-1],
    "json": b"\2" + JSON_TEXT,
    "json-path": b'\2{"e":[{"n":"19/0/0","v":1}],"bn":"/"}',
    "json-wrong": b'\2{"bn":"/19/0/","e":[{"n":"0","v":01}]}',
    "links": b"\5" + LINKS,
    "links-wrong": b'\5</1/0>;rt="a',
    "links-written": b"\6\0\x13\0\0\1" + b"\0\x13\0\3\0\0\0\1\0\2" + b"\0\x13\1\1\0\0" +
                     b"\0\x14\0\1\0\7" + b"\0\3\0\1\0\0",
    "path": b"\7\x0219\0010\0010",
    "path-wrong": b"\7\x0219\00200\00565536",
    "int": b"\x08-9223372036854775808",
    "int-over": b"\x089223372036854775808",
    "server-path": b"\x08/19/0/0/65535",
    "hex": b"\x080a0B0",
}
for _index, _name in enumerate(("string", "opaque", "integer", "float", "boolean", "list")):
    FORMATS["value-" + _name] = bytes([1, 1, 0x90, 5, _index]) + b"\7\xff1234562\0\5hello"
    FORMATS["json-of-" + _name] = bytes([3, 0, 19, 0, 0, 2, _index % 3, _index]) + \
        b"\7\xff1234562\0\5h\"\\\n\xe9" + VALUES[3:]
FORMATS["json-of-list-of-integers"] = b"\4\1" + tlv(1, 0, b"\1") + tlv(1, 1, b"\2\0")
FORMATS["json-of-list-of-texts"] = b"\4\0" + tlv(1, 0, b"10.0.0.1") + tlv(1, 1, b"")

# One conversation: fuzz_endpoint.c -------------------------------------------------------------

def peer(data):
    return b"\0" + bytes([len(data)]) + data


def later(*exponents):
    return b"".join(bytes([11, exponent]) for exponent in exponents)


def answered(code, rest=b""):
    return bytes([1, code, len(rest)]) + rest


def answered_later(message_id, code, rest=b""):
    return struct.pack(">BHBB", 2, message_id, code, len(rest)) + rest


READ = coap(CON, GET, 0x1001, *path("19/0/0"))
REQUEST, SEND_CON, SEND_NON = b"\5\1\2", b"\6\x45\2", b"\7\x45\2"
ANSWER, ANSWER_LONG, ACKNOWLEDGE, EMPTY_ACK, RESET_OURS = b"\x08\x45\1", b"\x08\x45\x40", b"\x09", \
    b"\3", b"\4"

ENDPOINT = {
    "request-answered": REQUEST + answered(CONTENT, b"\xffabc"),
    "request-answered-later": REQUEST + EMPTY_ACK + later(10) + answered_later(0x3000, CONTENT) +
                              answered_later(0x3000, CONTENT),
    "request-answered-non": REQUEST + answered_later(0x3001, CONTENT),
    "request-given-up": REQUEST + later(12, 13, 14, 15, 16, 17, 18),
    "request-never-answered": REQUEST + EMPTY_ACK + later(19),
    "request-reset": REQUEST + RESET_OURS,
    "con-acknowledged": SEND_CON + EMPTY_ACK + SEND_NON + SEND_CON + RESET_OURS,
    "cancelled": REQUEST + b"\x0a\1" + SEND_CON + b"\x0a\xfb",
    "answer": peer(READ) + ANSWER + peer(READ),
    "answer-long": peer(READ) + ANSWER_LONG + peer(READ) +
                   peer(coap(CON, GET, 0x1002)) + ANSWER_LONG + peer(coap(NON, GET, 0x1003)) +
                   ANSWER_LONG + REQUEST + peer(READ),
    "answer-later": peer(READ) + ACKNOWLEDGE + peer(READ) + SEND_CON + EMPTY_ACK,
    "forgotten": peer(READ) + b"\x0a\0" + peer(READ) + ANSWER,
    "ping": peer(coap(CON, 0, 1, token=b"")) + peer(coap(NON, 0, 2, token=b"")),
    "malformed": peer(READ + b"\xff") + peer(b"\x42") + peer(b"\x82\1\0\0") +
                 peer(coap(CON, GET, 4, (9, "x"))) + peer(coap(CON, 0x1F, 5)) +
                 peer(coap(CON, 0x65, 6)) + peer(coap(CON, CONTENT, 7)),
    "many-requests": b"".join(peer(coap(i & 1, GET, 0x2000 + i)) + (ANSWER if i % 3 else b"")
                              for i in range(24)),
    "many-messages": (REQUEST + SEND_CON) * 6 + later(14) + EMPTY_ACK + later(19),
    "crash-longer-than-a-datagram": b"\7\x45\xfb",
    "long-messages": b"\5\1\x90\6\x45\x90\7\x45\x90" + later(12, 19),
}

# The server: fuzz_server.c ---------------------------------------------------------------------

def to_server(data, at_peer=0, expected=False):
    return bytes([at_peer << 6 | expected]) + struct.pack(">H", len(data)) + data


def device(message_id, *query, links=b"</1/0>,</3/0>,</19/0>,</19/1>", at_peer=0):
    return to_server(coap(CON, POST, message_id, (PATH, "rd"), (FORMAT, LINK),
                          *((QUERY, text) for text in query), payload=links), at_peer, at_peer == 1)


def below_id(operation, *options, payload=b"", at_peer=0):
    rest = tail(*options, payload=payload, last=PATH)
    return bytes([at_peer << 6 | operation, len(rest)]) + rest


def says(operation, code, *options, payload=b"", at_peer=0):
    rest = tail(*options, payload=payload)
    return bytes([at_peer << 6 | operation, code, len(rest)]) + rest


def from_above(operation, where=0, formats=0, length=0, at_peer=0):
    return bytes([at_peer << 6 | 11, operation - 1, where, formats, length])


R_READ, R_WRITE, R_EXECUTE, R_DISCOVER, R_OBSERVE, R_CANCEL = range(1, 7)
REPLY, REPLY_CON, REPLY_NON, NOTIFY_CON, NOTIFY_NON = range(4, 9)
S_ACK, S_RST, LIST = b"\x09", b"\x0a", b"\x0e"
IOT, AEP, DMP, ANDLINK = b"\0", b"\x81", b"\2", b"\3"
IOT_64 = b"\x30"  # in blocks of 64 bytes
DMP_1024 = b"\x72"


def pass_time(exponent, stepwise=True):
    return bytes([13 if stepwise else 12, exponent])


HERE = device(1, "lwm2m=1.0", "ep=867724030023557", "b=UQ", "lt=300")
WATCHED = HERE + says(REPLY, CONTENT, (OBSERVE, 1), (FORMAT, OPAQUE), payload=b"\1\2")

SERVER = {
    "register": IOT + HERE + HERE + LIST + pass_time(20),
    "register-again": IOT + HERE + device(2, "lwm2m=1.1", "ep=867724030023557", "lt=60",
                                          at_peer=1) + LIST,
    "register-refused": IOT + device(1, "lwm2m=2.0", "ep=x") + device(2, "ep=x") +
                        device(3, "lwm2m=1.0", "ep=!x") + device(4, "lwm2m=1.0", "ep=x", "lt=0") +
                        device(5, "lwm2m=1.0", "ep=x", "ep=y") +
                        device(6, "lwm2m=1.0", "ep=x", "b=Z") +
                        device(7, "lwm2m=1.0", "ep=x", links=b"</1/0"),
    "register-many": IOT + b"".join(device(i, "lwm2m=1.0", "ep=%d" % i, at_peer=i % 4)
                                    for i in range(5)) + LIST + pass_time(30),
    "update": IOT + HERE + below_id(2, (QUERY, "lt=60")) + below_id(2, (FORMAT, LINK),
                                                                  payload=b"</19/0>,</20/0>") +
              below_id(2, (QUERY, "b=U"), at_peer=1) + pass_time(16) + pass_time(20),
    "deregister": IOT + WATCHED + from_above(R_READ) + below_id(3) + below_id(2) + LIST,
    "observe": IOT + WATCHED + says(NOTIFY_CON, CONTENT, (OBSERVE, 2), payload=b"x") +
               says(NOTIFY_NON, CONTENT, (OBSERVE, 2), payload=b"x", at_peer=0) +
               says(NOTIFY_CON, 0x84) + says(NOTIFY_NON, CONTENT, (OBSERVE, 9)),
    "observe-cancelled": AEP + HERE + says(REPLY, CONTENT, (OBSERVE, b"")) + from_above(R_OBSERVE) +
                         says(REPLY, CONTENT, (OBSERVE, 5)) + from_above(R_CANCEL) +
                         says(NOTIFY_NON, CONTENT, (OBSERVE, 6)) + says(REPLY, CONTENT),
    "observe-instances": DMP + device(1, "lwm2m=1.0", "ep=d", links=b"</20/0>,</20/1>,</21/0>") +
                         says(REPLY, CONTENT, (OBSERVE, 1)) + says(REPLY, 0x84) +
                         says(REPLY_CON, CONTENT, (OBSERVE, 1), payload=b"z"),
    "requests": IOT + WATCHED + b"".join(from_above(operation, operation, operation, 4) +
                                         says(REPLY, CONTENT, payload=b"v")
                                         for operation in range(R_READ, R_CANCEL)),
    "request-timed-out": IOT + WATCHED + from_above(R_READ) + pass_time(17),
    "request-late": IOT + WATCHED + from_above(R_WRITE, 0, 2, 8) + pass_time(17, False),
    "request-acknowledged": IOT + WATCHED + from_above(R_READ) + S_ACK + from_above(R_EXECUTE) +
                            says(REPLY_CON, CHANGED) + says(REPLY_NON, CONTENT) + pass_time(19),
    "request-reset": IOT + WATCHED + from_above(R_READ) + S_RST + from_above(R_WRITE, 1, 1, 200),
    "requests-many": IOT + WATCHED + from_above(R_READ) * 6 + pass_time(18),
    "moves": IOT + WATCHED + from_above(R_READ) + b"".join(
        bytes([at_peer << 6 | 15, what]) + rest for at_peer, what, rest in (
            (1, 1, b"\x45" + bytes([2]) + tail((OBSERVE, 7))), (2, 2, b"\x45\0"),
            (3, 0, b"\0"), (1, 0, b"\0"))) + from_above(R_READ) + LIST,
    "dp": IOT + HERE + to_server(coap(CON, POST, 9, (PATH, "dp"), (QUERY, "ep=867724030023557"),
                                      payload=b'[{"n":"x"}]')) +
          to_server(coap(NON, POST, 10, (PATH, "dp"), (QUERY, "ep=y"))) +
          to_server(coap(CON, GET, 11, (PATH, "dp"))),
    "product-accepted": ANDLINK + HERE + says(REPLY, CONTENT, payload=b"500677"),
    "product-refused": ANDLINK + HERE + from_above(R_READ) +
                       says(REPLY, CONTENT, payload=b"50067") +
                       to_server(coap(CON, POST, 9, (PATH, "dp"),
                                      (QUERY, "ep=867724030023557"))),
    "product-refused-late": ANDLINK + HERE + S_ACK + says(REPLY_CON, 0x84) + HERE + pass_time(18),
    "read-in-blocks": IOT_64 + WATCHED + from_above(R_READ) +
                      b"".join(says(REPLY, CONTENT, (4, "t"), (BLOCK2, block(i, i < 3, 2)),
                                    payload=b"b" * (64 if i < 3 else 9)) for i in range(4)),
    "read-starts-over": IOT_64 + WATCHED + from_above(R_READ) +
                        b"".join(says(REPLY, CONTENT, (4, tag), (BLOCK2, block(i, 1, 2)),
                                      payload=b"b" * 64) for i, tag in enumerate("ttuuvv")),
    "read-breaks-off": IOT_64 + WATCHED + from_above(R_READ) +
                       says(REPLY, CONTENT, (BLOCK2, block(0, 1, 2)), payload=b"b" * 64) +
                       says(REPLY, 0x84) + from_above(R_READ) +
                       says(REPLY, CONTENT, (BLOCK2, block(0, 1, 6)), payload=b"b" * 64) +
                       pass_time(18),
    "observe-in-blocks": DMP_1024 + HERE +
                         says(REPLY, CONTENT, (OBSERVE, 1), (BLOCK2, block(0, 1, 2)),
                              payload=b"o" * 64) +
                         says(REPLY, CONTENT, (BLOCK2, block(1, 0, 2)), payload=b"o"),
    "notify-in-blocks": IOT_64 + WATCHED +
                        says(NOTIFY_CON, CONTENT, (OBSERVE, 3), (BLOCK2, block(0, 1, 2)),
                             payload=b"n" * 64) +
                        says(NOTIFY_CON, CONTENT, (OBSERVE, 4), (BLOCK2, block(0, 1, 2)),
                             payload=b"m" * 64) +
                        says(REPLY, CONTENT, (BLOCK2, block(1, 0, 2)), payload=b"m"),
    "write-in-blocks": IOT_64 + WATCHED + from_above(R_WRITE, 0, 2, 20) +
                       b"".join(says(REPLY, CONTINUE if i < 2 else CHANGED,
                                     (BLOCK1, block(i, i < 2, 2))) for i in range(3)),
    "write-in-smaller-blocks": IOT + WATCHED + from_above(R_WRITE, 0, 2, 255) +
                               says(REPLY, 0x8D, (BLOCK1, block(0, 1, 1))) +
                               says(REPLY, CONTINUE, (BLOCK1, block(0, 1, 1))) +
                               says(REPLY, CONTINUE, (BLOCK1, block(1, 1, 0))) +
                               says(REPLY, 0x88) + says(REPLY, CONTINUE, (BLOCK1, b"")),
    "register-in-blocks": IOT + b"".join(
        to_server(coap(CON, POST, 30 + i, (PATH, "rd"), (FORMAT, LINK), (QUERY, "lwm2m=1.0"),
                       (QUERY, "ep=z"), (BLOCK1, block(i, i < 2, 2)), payload=text))
        for i, text in enumerate((b"</19/0>;rt=\"" + b"r" * 52, b"r" * 64, b'r"'))) + LIST +
        to_server(coap(CON, POST, 40, (PATH, "rd"), (QUERY, "ep=y"), (BLOCK1, block(1, 1, 2)),
                       payload=b"r" * 64)),
    "crash-upload-superseded": DMP + HERE + says(REPLY, CONTENT, (OBSERVE, 1)) +
                               from_above(R_READ) + says(REPLY, CONTENT, (OBSERVE, 1)) +
                               from_above(R_OBSERVE, 2, 0, 255) +
                               says(NOTIFY_NON, CONTENT, (OBSERVE, 2)),
    "block": IOT + WATCHED + from_above(R_READ) +
             says(REPLY, CONTENT, (BLOCK2, block(0, 1, 2)), payload=b"b" * 64) +
             to_server(coap(CON, POST, 12, (PATH, "rd"), (QUERY, "ep=z"),
                            (BLOCK1, block(0, 1, 2)), payload=b"</1/0>" * 10)),
    "no-request": IOT + HERE + to_server(coap(CON, 0, 20, token=b"")) +
                  to_server(coap(CON, CONTENT, 21)) + to_server(b"\x42\1\0\x16") +
                  to_server(coap(CON, GET, 22, *path("rd/x/y"))) + to_server(coap(CON, PUT, 23)) +
                  to_server(coap(CON, GET, 24, (9, "x"))) + to_server(coap(NON, 7, 25)) +
                  to_server(coap(CON, POST, 26, *path("bs"), (QUERY, "ep=x"))) +
                  to_server(coap(CON, GET, 27, *path(".well-known/core"))),
    "duplicates": IOT + b"".join(to_server(coap(CON, GET, i % 20, *path("rd/%d" % i)), i % 4)
                                 for i in range(30)) + pass_time(18),
}

# The bootstrap server: fuzz_bootstrap_server.c --------------------------------------------------

def bs_ask(endpoint, at_peer=0, confirmable=True):
    return bytes([at_peer << 6 | (0 if confirmable else 0x20) | 1, len(endpoint)]) + endpoint


def bs_says(operation, code, *options, payload=b"", at_peer=0):
    rest = tail(*options, payload=payload)
    return bytes([at_peer << 6 | operation, code, len(rest)]) + rest


def bs_raw(data, at_peer=0):
    return bytes([at_peer << 6]) + struct.pack(">H", len(data)) + data


def bs_time(exponent, stepwise=True):
    return bytes([0x27 if stepwise else 7, exponent])


BS_PLAIN, BS_DISCOVER, BS_NO_URI, BS_KEYS = b"\0", b"\1", b"\2", b"\4"
BS_RIGHT, BS_ACK, BS_RST = b"\x25", b"\5", b"\6"
BS_REPLY, BS_REPLY_CON, BS_REPLY_NON = range(2, 5)

BOOTSTRAP_SERVER = {
    "whole": BS_PLAIN + bs_ask(b"x") + BS_RIGHT * 5,
    "whole-with-keys": BS_KEYS + bs_ask(b"e" * 150) + BS_RIGHT * 5,
    "whole-without-uri": BS_NO_URI + bs_ask(b"x", confirmable=False) + BS_RIGHT * 4,
    "discover": BS_DISCOVER + bs_ask(b"x") +
                bs_says(BS_REPLY, CONTENT, (FORMAT, LINK), payload=b"</1/0>") + BS_RIGHT * 5,
    "discover-in-blocks": BS_DISCOVER + bs_ask(b"x") +
                          bs_says(BS_REPLY, CONTENT, (BLOCK2, block(0, 1, 0)), payload=b"l" * 16) +
                          BS_RIGHT * 5,
    "refused": BS_PLAIN + bs_ask(b"!x") + bs_ask(b"") + bs_ask(b"e" * 151) +
               bs_raw(coap(CON, POST, 1, *path("bs"))) +
               bs_raw(coap(CON, POST, 2, *path("bs"), (QUERY, "ep=x"), (QUERY, "ep=y"))),
    "full": BS_PLAIN + b"".join(bs_ask(b"d%d" % i, i) for i in range(4)) + bs_ask(b"d0") +
            BS_RIGHT * 5 + bs_ask(b"d3", 3),
    "error": BS_PLAIN + bs_ask(b"x") + BS_RIGHT * 2 + bs_says(BS_REPLY, 0x80),
    "reset": BS_PLAIN + bs_ask(b"x") + BS_RIGHT + BS_RST,
    "silence": BS_PLAIN + bs_ask(b"x") + BS_RIGHT + bs_time(17),
    "late": BS_PLAIN + bs_ask(b"x") + bs_time(13) + BS_RIGHT + bs_time(17, stepwise=False),
    "separate": BS_PLAIN + bs_ask(b"x") + BS_ACK + bs_says(BS_REPLY_CON, DELETED) + BS_ACK +
                bs_says(BS_REPLY_NON, CHANGED) + BS_ACK + bs_time(18),
    "anew": BS_PLAIN + bs_ask(b"x") + BS_RIGHT * 3 + bs_ask(b"x", 1) + BS_RIGHT +
            bytes([0x65]) * 5,
    "two-behind-one-address": BS_PLAIN + bs_ask(b"x") + bs_ask(b"y") + BS_RIGHT * 5 + bs_time(18),
    "critical-option": BS_PLAIN + bs_ask(b"x") + bs_says(BS_REPLY, DELETED, (9, "x")) +
                       bs_says(BS_REPLY_CON, DELETED, (9, "x")) + BS_RIGHT,
    "no-request": BS_PLAIN + bs_raw(coap(CON, 0, 20, token=b"")) +
                  bs_raw(coap(CON, GET, 21, *path("bs"))) + bs_raw(coap(CON, POST, 22)) +
                  bs_raw(coap(CON, POST, 23, (9, "x"))) + bs_raw(coap(NON, POST, 24, (9, "x"))) +
                  bs_raw(coap(CON, POST, 25, *path("bs"), (QUERY, "ep=x"),
                              (BLOCK1, block(0, 0, 0)))) + bs_raw(b"\x42\1\0\x16"),
}

# Both ends of DTLS: fuzz_dtls.c -----------------------------------------------------------------

ARRIVES, NEWEST_ARRIVES, IS_LOST, ARRIVES_TWICE = (bytes([i]) for i in range(4))
DTLS_ENDS = (b"\x00", b"\x05", b"\x0a", b"\x02", b"\x08")  # 1.0, 1.2, negotiated, one and other
HANDSHAKE = ARRIVES * 6


def altered(position, flip=0xFF):
    return b"\x04" + struct.pack(">HB", position, flip)


def cut(modulus):
    return b"\x05" + struct.pack(">H", modulus)


def forged(data, at_server=0):
    return bytes([6, at_server, len(data)]) + data


def forged_record(kind, epoch, data, at_server=0, number_of_record=9):
    return bytes([7, at_server, kind, epoch, number_of_record, len(data)]) + data


def dtls_time(exponent):
    return bytes([11, exponent])


SPEAK = b"\x08\x14\x08\x15" + ARRIVES * 2
BOTH_CLOSE = b"\x09\x00" + ARRIVES + b"\x09\x01" + ARRIVES

DTLS = {f"{name}-{i}": ends + story for i, ends in enumerate(DTLS_ENDS) for name, story in {
    "open": HANDSHAKE + SPEAK + BOTH_CLOSE,
    "resumed": HANDSHAKE + SPEAK + b"\x0a\0\0\0" + HANDSHAKE + SPEAK,
    "resumed-damaged": HANDSHAKE + b"\x0a\0\x40\x01" + HANDSHAKE + SPEAK,
    "lost": b"".join(ARRIVES * i + IS_LOST + dtls_time(10) for i in range(4)) + HANDSHAKE + SPEAK,
    "twice": (ARRIVES_TWICE + ARRIVES) * 6 + SPEAK,
    "altered": (ARRIVES_TWICE + altered(30)) * 6 + SPEAK + b"\x08\x14" + altered(20) + cut(9),
    "forged": b"".join(ARRIVES + forged_record(kind, epoch, b"\2\x28" + b"f" * 46, side)
                       for kind in (21, 22, 23) for epoch in (0, 1) for side in (0, 1)) +
              forged(b"\x16\xfe\xff" + b"f" * 60, 1) + SPEAK,
    "short": HANDSHAKE + b"".join(forged_record(21, 1, b"s" * n, n % 2) for n in range(0, 70, 9)) +
             SPEAK,
    "silence": ARRIVES * 4 + dtls_time(16),
}.items()}

# The platform's codecs: fuzz_codec.c -----------------------------------------------------------

def codec_text(kind, text, payload=b""):
    data = text.encode()
    return bytes([kind]) + struct.pack(">H", len(data)) + data + payload


def codec_model(form, count, instance, resource, payload):
    return struct.pack(">BBBBH", 3, form, count, instance, resource) + payload


CODEC = {
    "fields": bytes([0, 1]) + bytes(range(1, 40)),
    "fields-text": bytes([0, 1]) + bytes(28) + b"abc" + bytes(5),
    "fields-scaled": b"\0\xff\xfetext",
    "fields-short": b"\0\1",
    "definition": codec_text(1, """{"kind":"fields","messages":[{"service":"A","id":{"offset":1,
        "byte":2},"fields":[{"name":"a","type":"uint16","endian":"little","offset":3,"scale":0.5},
        {"name":"b","type":"string","bytes":4}]}],"commands":[{"service":"A","method":"M",
        "fields":[{"name":"a","type":"int8"},{"name":"b","type":"string"},
        {"name":"c","type":"bool","offset":9}]}]}""", bytes(9) + b"text"),
    "profile": codec_text(1, """{"devices":[{"model":"m","omCapability":{"fwUpgradeCapability":
        {"supportUpgrade":true}},"serviceTypeCapabilities":[{"serviceId":"a","serviceType":"A"}]}],
        "services":[{"serviceType":"A","properties":[{"propertyName":"a","dataType":"int","min":"0",
        "max":9,"method":"RW","enumList":["x"]}],"commands":[{"commandName":"M","paras":[
        {"paraName":"a","dataType":"string","maxLength":3,"required":true}]}]}]}"""),
    "thing-model": codec_text(1, """{"properties":[{"identifier":"a","type":"enum","values":
        [{"value":1}],"min":0,"access":"rw"}],"services":[],"events":[]}"""),
    "lua": codec_text(2, """function decode(p) local a, b = string.unpack('>I2b', p)
        for k, v in p:gmatch('(%w)=(%w)') do a = k end
        return {service='S', properties={a=a, b=b, c={1, 'x', {}}, d=p:sub(4):gsub('%s', '-')}} end
        function encode(s, m, p) return string.pack('>s1B', p.b, p.a) .. tostring(p.c) end""",
                      b"abc k=v"),
    "lua-endless": codec_text(2, "function decode(p) while true do pcall(p.rep, p, 9) end end"),
    "lua-recursion": codec_text(2, "function decode(p) return 1 + decode(p) end"),
    "lua-memory": codec_text(2, "local t = {} for i = 1, 1e9 do t[i] = {i} end"),
    "lua-error": codec_text(2, "function decode(p) error({p}) end x = nil + 1"),
    "tlv": codec_model(0, 2, 0, 0, tlv(3, 0, b"\1") + tlv(3, 1, b"\0\7") +
                       tlv(3, 2, struct.pack(">f", 21.5)) + tlv(3, 300, struct.pack(">d", -1.5))),
    "tlv-object": codec_model(0, 1, 0, 0, tlv(0, 0, tlv(3, 0, b"\0")) +
                              tlv(0, 1, tlv(3, 4, b"text") + tlv(3, 5, b"\1"))),
    "tlv-list": codec_model(0, 2, 0, 0, tlv(2, 1, tlv(1, 0, b"\1"))),
    "json": codec_model(1, 2, 0, 0, b'{"bn":"/3/0/","e":[{"n":"0","bv":true},{"n":"2","v":2.5}]}'),
    "text": codec_model(2, 3, 0, 2, b"-1.5"),
    "opaque": codec_model(3, 3, 1, 4, b"abc"),
    "andlink": b'\4[{"n":"/19/1/0","vs":"0"},{"n":"t","v":1.5},{"n":"b","vb":true}]',
    "pattern": b"\5\x07(.-)%d*" b"ab12",
    "pattern-set": b"\5\x0a[^%a-c]+$x" b"1-;x",
    "pattern-balance": b"\5\x08%b()%f[)" b"a(b)c",
    "pattern-again": b"\5\x07(%w)%1?" b"aab",
}

TARGETS = {
    "at_line": {name: text.encode("latin-1") for name, text in AT_LINE.items()},
    "bootstrap_server": BOOTSTRAP_SERVER,
    "coap_message": COAP_MESSAGE,
    "codec": CODEC,
    "delta": DELTA,
    "dtls": DTLS,
    "endpoint": ENDPOINT,
    "formats": FORMATS,
    "module": MODULE,
    "package": PACKAGES,
    "rest": {},  # they are text, in seeds/rest/
    "server": SERVER,
}


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    for target, seeds in TARGETS.items():
        folder = os.path.join(arguments[0], target)
        os.makedirs(folder, exist_ok=True)
        for name, data in seeds.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
