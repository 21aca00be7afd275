"""China Mobile Andlink as a whole: bootstrap, registration, product id, object 19 as text, /dp.

A device is played by hand over UDP; libcoap's client is asked for a second opinion where a client
alone can give one. What the cores do with each datagram is tested on a virtual clock in
tests/platform.
"""

import json
import os
import shutil
import socket
import subprocess
import unittest

from support import LIMIT_S, Platform, program, run
from test_platform import Device, option

FOREIGN_CLIENT = "coap-client-notls"
TLV = b"\x12\x2d\x16\xff"  # Content-Format 11542 behind Uri-Path, and the payload marker
OBJECT_19 = '{"outletStatus":"1"}'


class BootstrapDevice(Device):
    """A Device that talks to the bootstrap server."""

    def __init__(self, platform, endpoint=b"dev1"):
        super().__init__(platform)
        host, port = platform.events[0]["bootstrap"].rsplit(":", 1)
        self.socket.connect((host, int(port)))
        self.endpoint = endpoint

    def begin(self):
        return self.ask(2, b"\xb2bs" + option(4, b"ep=" + self.endpoint))

    def take_step(self, answer=None):
        """Code and options of the next step, which is answered."""
        data = self.receive()
        right = {1: 0x45, 4: 0x42}.get(data[1], 0x44)
        self.answer((data[2:4], data[4:8]), right if answer is None else answer)
        return data[1], data[8:]


def bootstrapping(*args, carrier="andlink"):
    return Platform("--open", carrier, "--bootstrap", "127.0.0.1:0", *args)


def uri_tlv(uri):
    return b"\xc8\x00" + bytes([len(uri)]) + uri.encode()


class Bootstrap(unittest.TestCase):
    def test_device_is_told_everything(self):
        with bootstrapping() as platform, BootstrapDevice(platform) as device:
            own = "coap://" + platform.events[0]["bootstrap"]
            self.assertEqual(device.begin(), (0x44, b""))
            self.assertEqual(device.take_step(), (4, b""))
            self.assertEqual(device.take_step(), (3, b"\xb10\x010" + TLV + uri_tlv(own) +
                                                  b"\xc1\x01\x01\xc1\x02\x03"))
            self.assertEqual(device.take_step(), (3, b"\xb10\x011" + TLV +
                                                  uri_tlv("coap://" + platform.coap) +
                                                  b"\xc1\x01\x00\xc1\x02\x03\xc1\x0a\x01"))
            self.assertEqual(device.take_step(), (3, b"\xb11\x010" + TLV +
                                                  b"\xc1\x00\x01\xc4\x01\x00\x01\x51\x80"
                                                  b"\xc1\x06\x01\xc1\x07U"))
            self.assertEqual(device.take_step(), (2, b"\xb2bs"))
            platform.wait_for_event("bootstrap-requested", endpoint="dev1")
            event = platform.wait_for_event("bootstrap-finished", endpoint="dev1")
            self.assertEqual(event["address"],
                             "127.0.0.1:%d" % device.socket.getsockname()[1])

    def test_options_say_what_is_told(self):
        with bootstrapping("--bootstrap-uri", "coap://lwm.example.net:5683", "--bootstrap-lifetime",
                           "300", "--bootstrap-binding", "UQ", "--bootstrap-discover") as platform:
            with BootstrapDevice(platform) as device:
                device.begin()
                request = device.take_request()
                self.assertEqual(request[2], b"\xd1\x04\x28")
                device.answer(request, 0x45, b"\xff</1/0>,</3/0>")
                event = platform.wait_for_event("bootstrap-discovered")
                self.assertEqual(event["text"], "</1/0>,</3/0>")
                device.take_step()
                device.take_step()
                self.assertIn(uri_tlv("coap://lwm.example.net:5683"), device.take_step()[1])
                self.assertTrue(device.take_step()[1].endswith(
                    b"\xc2\x01\x01\x2c\xc1\x06\x01\xc2\x07UQ"))

    def test_listening_everywhere_leaves_the_own_account_alone(self):
        with Platform("--open", "iot", "--bootstrap", "0.0.0.0:0") as platform:
            port = int(platform.events[0]["bootstrap"].rsplit(":", 1)[1])
            with BootstrapDevice(platform) as device:
                device.socket.connect(("127.0.0.1", port))
                device.begin()
                self.assertEqual(device.take_step()[0], 4)
                self.assertTrue(device.take_step()[1].startswith(b"\xb10\x011"))

    def test_refused_step_and_unknown_endpoint_are_told(self):
        with bootstrapping() as platform, BootstrapDevice(platform) as device:
            device.begin()
            device.take_step()
            device.take_step(answer=0x80)
            event = platform.wait_for_event("bootstrap-failed", endpoint="dev1")
            self.assertEqual((event["step"], event["code"], event["reason"]),
                             ("PUT /0/0", "4.00", "the device refused"))
            device.begin()
            request = device.take_request()
            device.begin()
            event = platform.wait_for_event("bootstrap-failed", endpoint="dev1")
            self.assertEqual(event["step"], "DELETE /")
            self.assertNotIn("code", event)
            self.assertNotEqual(device.take_request()[1], request[1])
        with Platform("--bootstrap", "127.0.0.1:0") as platform:
            with BootstrapDevice(platform) as device:
                self.assertEqual(device.begin(), (0x83, b""))
                event = platform.wait_for_event("bootstrap-rejected", endpoint="dev1")
                self.assertEqual(event["code"], "4.03")

    def test_lost_step_is_sent_again(self):
        with bootstrapping() as platform, BootstrapDevice(platform) as device:
            device.begin()
            self.assertEqual(device.receive(), device.receive())  # 2 s later

    def test_quiet_tells_nothing_and_serves_all_the_same(self):
        with bootstrapping("--quiet") as platform, BootstrapDevice(platform) as device:
            self.assertEqual(device.begin(), (0x44, b""))
            for _ in range(5):
                device.take_step()
            platform.write_line("devices")
            self.assertTrue(platform.read_event()["ok"])

    def test_both_ports_are_traced_and_captured(self):
        with bootstrapping("--trace", "--pcap", "x.pcap") as platform:
            with BootstrapDevice(platform) as device, Device(platform) as other:
                device.begin()
                device.take_request()
                other.register()
            platform.signal(15)
            self.assertEqual(platform.wait(), 0)
            self.assertIn("CON POST", platform.stderr_text())
            self.assertIn("CON DELETE", platform.stderr_text())
            with open(os.path.join(platform.folder, "x.pcap"), "rb") as file:
                data = file.read()
            for part in (b"bs\x47ep=dev1", b"rd\x11\x28"):
                self.assertIn(part, data)

    @unittest.skipUnless(shutil.which(FOREIGN_CLIENT), f"{FOREIGN_CLIENT} is not installed")
    def test_libcoap_asks_and_understands_the_answer(self):
        with bootstrapping() as platform:
            rows = [("post", "bs?ep=foreign", "2.04"), ("post", "bs", "4.00"),
                    ("post", "bs?ep=", "4.00"), ("get", "bs", "4.05"), ("post", "rd", "4.04"),
                    ("post", "bs?ep=" + "e" * 151, "4.00")]
            for method, path, code in rows:
                uri = f"coap://{platform.events[0]['bootstrap']}/{path}"
                result = subprocess.run([FOREIGN_CLIENT, "-v", "6", "-B", "5", "-m", method, uri],
                                        capture_output=True, text=True, timeout=20, check=False)
                self.assertIn(code, result.stdout + result.stderr, path)
            platform.wait_for_event("bootstrap-requested", endpoint="foreign")


class Product(unittest.TestCase):
    def register(self, platform, device, endpoint=b"dev1"):
        """Registered and asked for its product id; the open request."""
        device.register(endpoint=endpoint, links=b"</1/0>,</3/0>,</19/1>")
        platform.wait_for_event("registered", endpoint=endpoint.decode())
        request = device.take_request()
        self.assertEqual(request[2], b"\xb13\x010\x0217\x60")
        return request

    def test_wrong_product_is_sent_away_and_a_right_one_stays(self):
        ids = ["--product-id", "1", "--product-id", "500677"]
        with Platform("--open", "andlink", *ids) as platform:
            with Device(platform) as device:
                device.answer(self.register(platform, device), 0x45, b"\xff500677")
                platform.wait_for_event("response", path="/3/0/17", text="500677")
                device.answer(self.register(platform, device, b"dev2"), 0x45, b"\xff500678")
                event = platform.wait_for_event("deregistered", endpoint="dev2")
                self.assertEqual((event["reason"], event["text"]),
                                 ("the product id is not accepted", "500678"))
                dp = b"\xb2dp" + option(4, b"ep=dev2")
                self.assertEqual(device.ask(2, dp, b"[]"), (0x84, b""))
                platform.write_line("devices")
                answer = platform.read_event()
                self.assertEqual([d["endpoint"] for d in answer["devices"]], ["dev1"])

    def test_without_the_option_any_product_stays(self):
        with Platform("--open", "andlink") as platform, Device(platform) as device:
            device.answer(self.register(platform, device), 0x84)
            platform.wait_for_event("response", path="/3/0/17", code="4.04")
            platform.write_line("device dev1")
            self.assertTrue(platform.read_event()["ok"])


class Object19(unittest.TestCase):
    """Values of 19/1/0 are JSON as text/plain."""

    def setUp(self):
        self.platform = Platform("--open", "andlink", "--control", "control").__enter__()
        self.addCleanup(self.platform.stop)
        self.device = Device(self.platform)
        self.addCleanup(self.device.socket.close)
        self.device.register(links=b"</3/0>,</19/1>")
        self.device.answer(self.device.take_request(), 0x45, b"\xff500677")

    def start_ctl(self, *command):
        path = os.path.join(self.platform.folder, "control")
        return subprocess.Popen([program("bc260y-platform"), "ctl", path, *command],
                                stdout=subprocess.PIPE, text=True)

    def finish(self, process):
        out, _ = process.communicate(timeout=LIMIT_S)
        return process.returncode, json.loads(out)

    def test_value_is_read(self):
        process = self.start_ctl("read", "dev1", "/19/1/0")
        request = self.device.take_request()
        self.assertEqual(request[2], b"\xb219\x011\x010")
        self.device.answer(request, 0x45, b"\xc0\xff" + OBJECT_19.encode())
        status, answer = self.finish(process)
        self.assertEqual((status, answer["format"], answer["text"]), (0, 0, OBJECT_19))

    def test_value_is_written_with_and_without_quotes(self):
        for value in (OBJECT_19, '"%s"' % OBJECT_19.replace('"', '\\"'), '{"a": "b c"}'):
            process = self.start_ctl("write", "dev1", "/19/1/0", value)
            request = self.device.take_request()
            text = '{"a": "b c"}' if " " in value else OBJECT_19
            self.assertEqual(request[2], b"\xb219\x011\x010\x10\xff" + text.encode())
            self.device.answer(request, 0x44)
            self.assertEqual(self.finish(process)[0], 0)

    def send(self, payload):
        """The event of a /dp."""
        options = b"\xb2dp" + b"\x12\x2d\x17" + option(3, b"ep=dev1")
        self.assertEqual(self.device.ask(2, options, payload), (0x44, b""))
        return self.platform.wait_for_event("dp", endpoint="dev1")

    def test_reported_records_are_told(self):
        vs = '{"outletStatus":"0","setTime":"1","firmware":"1.0","softVersion":"1.0"}'
        records = [{"n": "/19/1/0", "vs": vs}]
        event = self.send(json.dumps(records).encode())
        self.assertEqual((event["records"], event["format"]), (records, 11543))
        self.assertEqual(json.loads(event["text"]), records)
        more = [{"n": "/19/1/0", "vs": "", "t": 5}, {"n": "模块", "vs": "\n"}]
        event = self.send(json.dumps(more).encode())
        self.assertEqual(event["records"],
                         [{"n": "/19/1/0", "vs": ""}, {"n": "模块", "vs": "\n"}])

    def test_what_is_no_list_of_records_is_told_raw(self):
        rows = [b"", b"[]", b"{}", b"[1]", b"[[]]", b'{"n":"a","vs":"b"}', b'[{"n":"a"}]',
                b'[{"n":"a","v":1}]', b'[{"n":"a","vs":1}]', b'[{"n":"a","vs":"b"}', b"\xff\xfe",
                b'[{"n":"a","vs":"b"},{"n":"c"}]', b'[{"n":"a","vs":"\\u001b[31m"}]',
                b'[{"n":"a","vs":"\\u0000"}]', b"[" * 1000]
        for payload in rows:
            event = self.send(payload)
            self.assertEqual(bytes.fromhex(event["hex"]), payload)
            self.assertNotIn("records", event, payload)


class Usage(unittest.TestCase):
    def test_wrong_options_exit_2_with_one_line(self):
        with_bootstrap = ["--bootstrap", "127.0.0.1:0"]
        uri = with_bootstrap + ["--bootstrap-uri"]
        rows = [["--bootstrap", "nonsense"], ["--bootstrap", "127.0.0.1"], ["--bootstrap"],
                uri + ["http://x:1"], uri + ["coap://x"], uri + ["coap://x:0"],
                uri + ["coap://x:65536"], uri + ["coap://:1"], uri + ["coap://a b:1"],
                uri + ["coap://x:1/"], uri + ["coaps://x:1"], uri + ["coap://::1:1"],
                uri + ["coap://" + "h" * 250 + ":1"], uri + ["coap:/"], uri + [""],
                with_bootstrap + ["--bootstrap-lifetime", "19"],
                with_bootstrap + ["--bootstrap-lifetime", "31536001"],
                with_bootstrap + ["--bootstrap-binding", "S"],
                ["--bootstrap-uri", "coap://x:1"], ["--bootstrap-lifetime", "60"],
                ["--bootstrap-binding", "U"], ["--bootstrap-discover"],
                ["--product-id", "1"], ["--open", "iot", "--product-id", "1"],
                ["--open", "andlink", "--product-id", ""],
                ["--open", "andlink"] + ["--product-id", "1"] * 9]
        for row in rows:
            result = run("bc260y-platform", "--coap", "127.0.0.1:0", *row)
            self.assertEqual(result.returncode, 2, row)
            self.assertRegex(result.stderr, r"\Abc260y-platform: [^\n]+\n\Z", row)
            self.assertEqual(result.stdout, "")

    def test_devices_cannot_be_sent_to_every_address(self):
        args = ["--coap", "0.0.0.0:0", "--bootstrap", "127.0.0.1:0"]
        result = run("bc260y-platform", *args)
        self.assertEqual(result.returncode, 2)
        self.assertIn("give --bootstrap-uri", result.stderr)
        result = run("bc260y-platform", *args, "--bootstrap-uri", "coap://[::1]:5683",
                     input="quit\n")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_port_in_use_exits_1(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
            holder.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % holder.getsockname()[1]
            result = run("bc260y-platform", "--coap", "127.0.0.1:0", "--bootstrap", address)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"\Abc260y-platform: cannot listen on [^\n]+"
                             r"choose another --bootstrap\n\Z")


if __name__ == "__main__":
    unittest.main()
