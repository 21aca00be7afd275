"""A capture read back by tshark, whose dissectors know nothing of ours.

    packets = tshark.read(path, server_port)
    tshark.check(self, packets)             # nothing malformed, no checksum wrong, ...
    self.assertEqual(tshark.sequence(packets), ["> CON POST /rd", "< ACK 2.01", ...])
"""

import collections
import shutil
import subprocess
import tempfile

from support import Failure

SEPARATOR, AGGREGATOR = "\t", "\x1f"
TYPES = {"0": "CON", "1": "NON", "2": "ACK", "3": "RST"}
METHODS = {0: "empty", 1: "GET", 2: "POST", 3: "PUT", 4: "DELETE"}
CHECKSUM_GOOD = "1"
# What tshark may put above CoAP, by Content-Format.
ABOVE = {
    "": ":data-text-lines",  # the diagnostic text of an error (RFC 7252 section 5.5.2)
    "text/plain; charset=utf-8": ":data-text-lines",
    "application/link-format": "",
    "application/octet-stream": ":data",
    "application/vnd.oma.lwm2m+tlv": ":lwm2mtlv",
}

FIELDS = {
    "time_s": "frame.time_epoch",
    "protocols": "frame.protocols",
    "ip_checksum": "ip.checksum.status",
    "udp_checksum": "udp.checksum.status",
    "to_port": "udp.dstport",
    "bytes": "udp.payload",
    "type": "coap.type",
    "code": "coap.code",
    "message_id": "coap.mid",
    "token": "coap.token",
    "path": "coap.opt.uri_path",
    "query": "coap.opt.uri_query",
    "location": "coap.opt.location_path",
    "format": "coap.opt.ctype",
    "marker": "coap.opt.end_marker",  # there is a payload
    "data": "data.data",
    "tlv_ids": "lwm2mtlv.identifier",
    "tlv_values": "lwm2mtlv.value",
    "malformed": "_ws.malformed",
    "expert": "_ws.expert.message",
}
REPEATED = ("path", "query", "location", "tlv_ids", "tlv_values")

Packet = collections.namedtuple("Packet", [*FIELDS, "to_server"])


def _packet(line, server_port):
    values = dict(zip(FIELDS, line.split(SEPARATOR)))
    for name in REPEATED:
        values[name] = values[name].split(AGGREGATOR) if values[name] else []
    values["time_s"] = float(values["time_s"])
    values["type"] = TYPES.get(values["type"], values["type"])
    values["bytes"] = bytes.fromhex(values["bytes"])
    if values["code"]:
        code = int(values["code"])
        values["code"] = METHODS.get(code, f"{code >> 5}.{code & 31:02}")
    return Packet(**values, to_server=values["to_port"] == str(server_port))


def read(path, server_port):
    """The packets of a capture file; the server's port is where CoAP is spoken."""
    argv = [shutil.which("tshark") or "tshark", "-n", "-r", path,
            "-d", f"udp.port=={server_port},coap",
            "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
            "-T", "fields", "-E", f"separator={SEPARATOR}", "-E", f"aggregator={AGGREGATOR}"]
    for field in FIELDS.values():
        argv += ["-e", field]
    with tempfile.TemporaryDirectory(prefix="bc260y-test-") as home:  # nobody's own preferences
        try:
            result = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False,
                                    env={"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
        except FileNotFoundError:
            raise Failure("tshark is not installed (Debian package tshark)") from None
    if result.returncode != 0:
        raise Failure(f"tshark cannot read {path}: {result.stderr}")
    return [_packet(line, server_port) for line in result.stdout.splitlines()]


def _expert(packet):
    """What tshark has to say of a packet. UDP ports 33434 and up make it think of traceroute; the
    system gives us such a port now and then."""
    said = packet.expert.split(AGGREGATOR)
    return AGGREGATOR.join(text for text in said if not text.startswith("Possible traceroute"))


def check(test, packets, remarks=()):
    """Every packet is whole, has right checksums, and is understood up to its payload; tshark has
    nothing to say about it but `remarks`."""
    test.assertTrue(packets, "the capture is empty")
    for number, packet in enumerate(packets, 1):
        with test.subTest(packet=number, bytes=packet.bytes.hex()):
            test.assertEqual(packet.malformed, "")
            test.assertIn(_expert(packet), ("", *remarks))
            test.assertEqual(packet.udp_checksum, CHECKSUM_GOOD)
            version6 = packet.protocols.startswith("raw:ipv6")
            test.assertEqual(packet.ip_checksum, "" if version6 else CHECKSUM_GOOD)
            test.assertIn(packet.format, ABOVE)
            test.assertEqual(packet.protocols, f"raw:ip{'v6' if version6 else ''}:udp:coap"
                             + (ABOVE[packet.format] if packet.marker else ""))
    times = [packet.time_s for packet in packets]
    test.assertEqual(times, sorted(times))


def sequence(packets):
    """Each packet in a few words; `>` goes to the server."""
    return [" ".join(filter(None, [">" if p.to_server else "<", p.type, p.code,
                                   "".join("/" + segment for segment in p.path)]))
            for p in packets]
