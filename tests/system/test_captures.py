"""What --pcap writes, as tshark reads it: the guide's sessions, and reads of whole objects.

Both ends write a capture; both must tell the same story, with nothing that tshark finds fault with.
"""

import os
import tempfile
import time
import unittest

import tshark
from support import AtPort, Module, Platform, run, source_dir

LINKS = b'</>;rt="oma.lwm2m",</1/0>,</3/0>,</4/0>,</5/0>'


class Capture(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-test-")
        self.addCleanup(folder.cleanup)
        self.module_file = os.path.join(folder.name, "module.pcap")
        self.platform_file = os.path.join(folder.name, "platform.pcap")
        self.begin_s = time.time()

    def read(self, port):
        """The module's packets, once both captures have been checked."""
        end_s = time.time()
        packets = tshark.read(self.module_file, port)
        beside = tshark.read(self.platform_file, port)
        tshark.check(self, packets)
        tshark.check(self, beside)
        # Two packets that cross each other are not seen in the same order at both ends.
        for to_server in (True, False):
            self.assertEqual([p.bytes for p in packets if p.to_server == to_server],
                             [p.bytes for p in beside if p.to_server == to_server])
        for packet in packets + beside:  # a millisecond for the rounding of two clocks
            self.assertTrue(self.begin_s - 0.001 <= packet.time_s <= end_s + 0.001, packet)
        return packets

    def check_registration(self, packet, endpoint, objects):
        self.assertEqual(packet.query, ["lwm2m=1.0", f"ep={endpoint}", "b=UQ", "lt=300"])
        self.assertEqual(packet.format, "application/link-format")
        self.assertTrue(packet.bytes.endswith(b"\xff" + LINKS + objects), packet.bytes)


class Transcripts(Capture):
    def play(self, name, time_scale):
        with Platform("--open", name, "--pcap", self.platform_file) as platform, \
                Module("--seed", "1", "--time-scale", time_scale,
                       "--pcap", self.module_file) as module:
            result = run("bc260y-at", "--port", module.port, "-D", f"server={platform.host}",
                         "-D", f"port={platform.udp_port}",
                         os.path.join(source_dir(), "examples", name + ".at"), limit_s=90)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            platform.wait_for_event("deregistered")
            port = platform.udp_port
        return self.read(port)

    def check_exchanges(self, packets):
        """Each ACK belongs to a CON of the other side, and each answer has its token."""
        confirmable = {}
        for packet in packets:
            key = (packet.message_id, packet.to_server)
            if packet.type == "CON":
                confirmable[key] = packet.token
            elif packet.type == "ACK":
                token = confirmable.pop((packet.message_id, not packet.to_server))
                if packet.code != "empty":
                    self.assertEqual(packet.token, token)
        self.assertEqual(confirmable, {})

    def test_iot(self):
        """Guide section 5.2.2; deep sleep ends with an update."""
        packets = self.play("iot", "5")
        self.check_exchanges(packets)
        rd = "/" + "/".join(packets[1].location)
        self.assertEqual(tshark.sequence(packets), [
            "> CON POST /rd", "< ACK 2.01",
            "< CON GET /19/0/0", "> ACK 2.05",
            "> NON 2.05",
            "> CON 2.05", "< ACK empty",
            f"> CON POST {rd}", "< ACK 2.04",
            f"> CON POST {rd}", "< ACK 2.04",
            "> CON 2.05", "< ACK empty",
            f"> CON DELETE {rd}", "< ACK 2.02",
        ])
        self.check_registration(packets[0], "867724030023557", b",</19/0>,</19/1>")
        self.assertEqual([p.data for p in packets if p.code == "2.05"], [
            "020001000400023238", "020001000400023438", "020001000400023438",
            "020001000400023238"])
        self.assertEqual([p.query for p in packets if p.path == packets[1].location],
                         [["lt=100"], [], []])

    def test_aep(self):
        """Guide section 5.3.2."""
        packets = self.play("aep", "1")
        self.check_exchanges(packets)
        rd = "/" + "/".join(packets[1].location)
        self.assertEqual(tshark.sequence(packets), [
            "> CON POST /rd", "< ACK 2.01",
            "< CON GET /19/0/0", "> ACK 2.05",
            "> NON 2.05",
            "> CON 2.05", "< ACK empty",
            f"> CON POST {rd}", "< ACK 2.04",
            f"> CON DELETE {rd}", "< ACK 2.02",
        ])
        self.check_registration(packets[0], "urn:imei-imsi:866971030603068-460111174747875",
                                b",</19/0>,</19/1>")
        self.assertEqual({p.data for p in packets if p.code == "2.05"}, {"020001000400023238"})

    def test_dmp(self):
        """Guide section 5.5.2; values are LwM2M-TLV."""
        packets = self.play("dmp", "1")
        self.check_exchanges(packets)
        rd = "/" + "/".join(packets[1].location)
        self.assertEqual(tshark.sequence(packets), [
            "> CON POST /rd", "< ACK 2.01",
            "< CON GET /3311/0", "> ACK 2.05",
            "> CON 2.05", "< ACK empty",
            "> CON 2.05", "< ACK empty",
            f"> CON DELETE {rd}", "< ACK 2.02",
        ])
        self.check_registration(packets[0], "861428040064744", b",</3311/0>")
        self.assertEqual([(p.tlv_ids, p.tlv_values) for p in packets if p.tlv_ids],
                         [(["5850"], ["01"]), (["5851"], ["000001f4"])])


class Objects(Capture):
    """The device's objects, read and discovered by the platform: larger TLV, link-format."""

    def ask(self, host, commands):
        """Registers, lets the platform ask, and returns the answers, one for each command."""
        with Platform("--open", "iot", "--pcap", self.platform_file,
                      coap=f"{host}:0") as platform, \
                Module("--seed", "1", "--set", "attach_ms=0", "--set", "imei=867724030023557",
                       "--pcap", self.module_file) as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            server = platform.host.strip("[]")
            for line in (f'AT+QLACONFIG=0,"{server}",{platform.udp_port},"asked",300,3',
                         "AT+QLAREG"):
                self.assertEqual(at.command(line), ["OK"])
            at.wait_for(r"^\+QLAREG: 0$")
            for command in commands:
                platform.write_line(command)
                platform.wait_for_event("response")
            port = platform.udp_port
        packets = self.read(port)
        answers = [p for p in packets if p.to_server and p.type == "ACK"]
        self.assertEqual(len(answers), len(commands))
        return answers

    def test_objects_read_as_tlv(self):
        answers = self.ask("127.0.0.1", [f"read asked /{path}" for path in ("1", "3/0", "4", "5")])
        for answer in answers:
            self.assertEqual(answer.code, "2.05")
            self.assertEqual(answer.format, "application/vnd.oma.lwm2m+tlv")
        server, device, connectivity, firmware = answers
        self.assertEqual(server.tlv_ids[:2], ["0", "0"])  # the instance, the short server id
        self.assertEqual(device.tlv_ids[0:3], ["0", "1", "2"])
        self.assertEqual([bytes.fromhex(value) for value in device.tlv_values[1:3]],
                         [b"Quectel_BC260Y-CN", b"867724030023557"])
        self.assertLessEqual({"0", "1", "8"}, set(connectivity.tlv_ids))
        self.assertLessEqual({"3", "5"}, set(firmware.tlv_ids))

    def test_objects_discovered_as_links(self):
        answer, = self.ask("127.0.0.1", ["discover asked /3"])
        self.assertEqual((answer.code, answer.format), ("2.05", "application/link-format"))
        links = answer.bytes[answer.bytes.rindex(b"\xff") + 1:].split(b",")
        self.assertIn(b"</3/0/0>", links)

    def test_one_resource_read_as_text(self):
        answer, = self.ask("127.0.0.1", ["read asked /3/0/2"])
        self.assertEqual((answer.code, answer.format), ("2.05", "text/plain; charset=utf-8"))
        self.assertTrue(answer.bytes.endswith(b"\xff867724030023557"))

    def test_ipv6(self):
        answer, = self.ask("[::1]", ["read asked /3/0"])
        self.assertTrue(answer.protocols.startswith("raw:ipv6:udp:coap"), answer.protocols)


if __name__ == "__main__":
    unittest.main()
