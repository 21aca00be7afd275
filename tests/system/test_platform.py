"""bc260y-platform as a program: its lines, its control socket, its exit statuses, a foreign peer.

What the server core does with each datagram is tested on a virtual clock in tests/platform; here
are the sockets around it.
"""

import json
import os
import select
import shutil
import socket
import stat
import subprocess
import unittest

from support import LIMIT_S, Platform, program, run

FOREIGN_CLIENT = "coap-client-openssl"


class Device:
    """A device played by hand: a UDP socket and a few bytes of CoAP."""

    def __init__(self, platform):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((platform.host, platform.udp_port))
        self.socket.settimeout(LIMIT_S)
        self.message_id = 0x1000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        return self.socket.recv(2048)

    def ask(self, code, options, payload=b""):
        """Send a confirmable request; the code and the rest of its acknowledgement."""
        self.message_id += 1
        head = bytes([0x40, code]) + self.message_id.to_bytes(2, "big")
        self.send(head + options + (b"\xff" + payload if payload else b""))
        answer = self.receive()
        if answer[0] != 0x60 or answer[2:4] != head[2:4]:
            raise AssertionError(f"no acknowledgement: {answer.hex()}")
        return answer[1], answer[4:]

    def register(self, endpoint=b"dev1", links=b"</1/0>,</3/0>", lifetime=b"300"):
        """The id of the new registration."""
        options = b"\xb2rd\x11\x28" + option(3, b"lwm2m=1.0") + option(0, b"ep=" + endpoint)
        code, rest = self.ask(2, options + option(0, b"lt=" + lifetime), links)
        if code != 0x41:
            raise AssertionError(f"not registered: {code >> 5}.{code & 31:02}")
        return rest[4:]

    def take_request(self):
        """Message id, token, and everything behind it, of the next request."""
        data = self.receive()
        return data[2:4], data[4:8], data[8:]

    def answer(self, request, code, rest=b""):
        self.send(bytes([0x64, code]) + request[0] + request[1] + rest)


def option(delta, value):
    if len(value) < 13:
        return bytes([delta << 4 | len(value)]) + value
    return bytes([delta << 4 | 13, len(value) - 13]) + value


class Lines(unittest.TestCase):
    """Events on standard output, commands on standard input."""

    def test_registration_update_and_deregistration_are_told(self):
        with Platform("--open", "iot") as platform, Device(platform) as device:
            name = device.register()
            event = platform.wait_for_event("registered", endpoint="dev1")
            self.assertEqual(event["lifetime"], 300)
            self.assertEqual(event["objects"], ["/1/0", "/3/0"])
            self.assertEqual(event["id"], name.decode())
            self.assertEqual(event["address"],
                             "127.0.0.1:%d" % device.socket.getsockname()[1])
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            path = b"\xb2rd" + option(0, name)
            self.assertEqual(device.ask(2, path + option(4, b"lt=60")), (0x44, b""))
            self.assertEqual(platform.wait_for_event("updated")["lifetime"], 60)
            self.assertEqual(device.ask(4, path), (0x42, b""))
            platform.wait_for_event("deregistered", endpoint="dev1")

    def test_unknown_endpoint_is_refused_unless_open(self):
        with Platform() as platform, Device(platform) as device:
            options = b"\xb2rd\x11\x28" + option(3, b"lwm2m=1.0") + option(0, b"ep=dev1")
            self.assertEqual(device.ask(2, options), (0x83, b""))
            event = platform.wait_for_event("rejected", endpoint="dev1")
            self.assertEqual(event["code"], "4.03")

    def test_report_object_is_observed_and_notifications_are_told(self):
        with Platform("--open", "aep") as platform, Device(platform) as device:
            device.register(links=b"</19/0>")
            request = device.take_request()
            self.assertEqual(request[2], b"\x60\x5219\x010\x010\x61\x2a")
            device.answer(request, 0x45, b"\x60\x61\x2a\xff\x00")
            event = platform.wait_for_event("observe", path="/19/0/0", code="2.05")
            self.assertEqual(event["hex"], "00")
            self.assertNotIn("text", event)
            device.send(b"\x44\x45\x00\x07" + request[1] + b"\x61\x05\x61\x2a\xffhello")
            self.assertEqual(device.receive(), b"\x60\x00\x00\x07")
            event = platform.wait_for_event("notify", endpoint="dev1", path="/19/0/0")
            self.assertEqual((event["format"], event["hex"], event["text"], event["observe"],
                              event["confirmable"]), (42, "68656C6C6F", "hello", 5, True))

    def test_command_on_standard_input_is_answered_when_the_device_answers(self):
        with Platform("--open", "iot") as platform, Device(platform) as device:
            device.register()
            platform.process.stdin.write(b"read dev1 /3/0/0 text\n")
            platform.process.stdin.flush()
            request = device.take_request()
            self.assertEqual(request[2], b"\xb13\x010\x010\x60")
            device.answer(request, 0x45, b"\xc0\xffQuectel")
            platform.wait_for_event("response", path="/3/0/0", code="2.05", text="Quectel")
            answer = platform.read_event()
            self.assertEqual((answer["ok"], answer["text"]), (True, "Quectel"))

    def test_end_of_standard_input_does_not_end_the_server(self):
        with Platform("--open", "iot") as platform, Device(platform) as device:
            device.register()
            platform.process.stdin.write(b"read dev1 /3/0/0\n")
            platform.process.stdin.close()
            request = device.take_request()
            device.register(endpoint=b"dev2")
            platform.wait_for_event("registered", endpoint="dev2")
            device.answer(request, 0x45, b"\xff1")
            platform.wait_for_event("response")
            self.assertEqual(platform.read_event()["text"], "1")  # still answered
            platform.process.stdin = open(os.devnull, "wb")  # for stop() to close

    def test_registration_expires_with_the_given_grace(self):
        with Platform("--open", "iot", "--lifetime-grace", "0") as platform:
            with Device(platform) as device:
                device.register(lifetime=b"1")
                platform.wait_for_event("expired", endpoint="dev1")

    def test_hostile_names_and_values_do_not_break_a_line(self):
        names = [b'a"b\\c', b"\xff\xfe", b"new\nline", b"\x1b[31m", b"\xc2\x9b31m", b"\0",
                 "模块".encode()]
        with Platform("--open", "iot") as platform, Device(platform) as device:
            for name in names:
                device.register(endpoint=name)
                event = platform.wait_for_event("registered")
                text = event.get("endpoint")
                seen = bytes.fromhex(event["endpoint_hex"]) if text is None else text.encode()
                self.assertEqual(seen, name)
            self.assertEqual(sum("endpoint_hex" in event for event in platform.events), 4)

    def test_quiet_prints_no_events_but_answers(self):
        with Platform("--open", "iot", "--quiet") as platform, Device(platform) as device:
            device.register()
            platform.process.stdin.write(b"device dev1\n")
            platform.process.stdin.flush()
            answer = platform.read_event()
            self.assertTrue(answer["ok"])
            self.assertEqual(answer["endpoint"], "dev1")

    def test_signals_end_it_cleanly(self):
        for number in (2, 15):
            with Platform() as platform:
                platform.signal(number)
                self.assertEqual(platform.wait(), 0)
                self.assertEqual(platform.stderr_text(), "")

    def test_standard_input_that_is_a_file_is_read_at_once(self):
        with Platform("--open", "iot") as platform:
            path = os.path.join(platform.folder, "commands")
            with open(path, "w", encoding="ascii") as file:
                file.write("devices\nquit\n")
            with open(path, "rb") as file:
                result = run("bc260y-platform", "--coap", "127.0.0.1:0", stdin=file)
            self.assertEqual(result.returncode, 0, result.stderr)
            lines = [json.loads(line) for line in result.stdout.splitlines()]
            self.assertEqual(lines[1:], [{"ok": True, "count": 0, "devices": []}, {"ok": True}])


class Control(unittest.TestCase):
    """The Unix socket, and ctl, which speaks to it."""

    def setUp(self):
        self.platform = Platform("--open", "iot", "--control", "control")
        self.platform.__enter__()
        self.addCleanup(self.platform.stop)

    @property
    def path(self):
        return os.path.join(self.platform.folder, "control")

    def start(self, *command):
        return subprocess.Popen([program("bc260y-platform"), "ctl", self.path, *command],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(LIMIT_S)
        client.connect(self.path)
        return client

    def finish(self, process):
        out, err = process.communicate(timeout=LIMIT_S)
        return process.returncode, json.loads(out) if out else err

    def ctl(self, *command):
        return self.finish(self.start(*command))

    def test_socket_is_only_for_its_owner_and_goes_with_the_program(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o600)
        self.assertEqual(self.ctl("quit"), (0, {"ok": True}))
        self.assertEqual(self.platform.wait(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_stale_socket_is_replaced_but_a_living_one_and_a_file_are_not(self):
        result = run("bc260y-platform", "--coap", "127.0.0.1:0", "--control", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("in use", result.stderr)
        copy = os.path.join(self.platform.folder, "stale")
        left_over = socket.socket(socket.AF_UNIX)
        left_over.bind(copy)
        left_over.close()
        result = run("bc260y-platform", "--coap", "127.0.0.1:0", "--control", copy,
                     input="quit\n", stdin=None)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(copy, "w", encoding="ascii"):
            pass
        result = run("bc260y-platform", "--coap", "127.0.0.1:0", "--control", copy)
        self.assertEqual(result.returncode, 1)
        self.assertTrue(os.path.exists(copy))

    def test_write_takes_text_hex_and_tlv(self):
        rows = [
            (['"hi there"'], b"\x10\xffhi there"),
            (["hi there"], b"\x10\xffhi there"),
            (["0aFF"], b"\x11\x2a\xff\x0a\xff"),
            (["tlv:c10001"], b"\x12\x2d\x16\xff\xc1\x00\x01"),
            (["0af"], b"\x10\xff0af"),
            (['"0aff"'], b"\x10\xff0aff"),
            ([r'"a\"b\\"'], b'\x10\xffa"b\\'),
        ]
        with Device(self.platform) as device:
            device.register()
            for value, wire in rows:
                process = self.start("write", "dev1", "/19/1/0", *value)
                request = device.take_request()
                self.assertEqual(request[2], b"\xb219\x011\x010" + wire)
                device.answer(request, 0x44)
                status, answer = self.finish(process)
                self.assertEqual((status, answer["ok"], answer["code"]), (0, True, "2.04"))

    def test_operations_reach_the_device(self):
        rows = [
            (["execute", "dev1", "/3/0/4"], b"\xb13\x010\x014"),
            (["execute", "dev1", "/3/0/4", "0='a'"], b"\xb13\x010\x014\x10\xff0='a'"),
            (["discover", "dev1", "/3"], b"\xb13\x61\x28"),
            (["observe", "dev1", "/3311/0", "tlv"], b"\x60\x543311\x010\x62\x2d\x16"),
        ]
        with Device(self.platform) as device:
            device.register()
            for command, wire in rows:
                process = self.start(*command)
                request = device.take_request()
                self.assertEqual(request[2], wire)
                device.answer(request, 0x45, b"\x60" if command[0] == "observe" else b"")
                status, answer = self.finish(process)
                self.assertEqual((status, answer["operation"]), (0, command[0]))
            process = self.start("cancel", "dev1", "/3311/0")
            request = device.take_request()
            self.assertEqual(request[2], b"\x61\x01\x543311\x010")
            device.answer(request, 0x45)
            self.assertEqual(self.finish(process)[0], 0)

    def test_refusal_and_reset_of_the_device_are_failures(self):
        with Device(self.platform) as device:
            device.register()
            process = self.start("read", "dev1", "/3/0/99")
            device.answer(device.take_request(), 0x84)
            status, answer = self.finish(process)
            self.assertEqual((status, answer["ok"], answer["code"]), (1, False, "4.04"))
            process = self.start("read", "dev1", "/3/0/99")
            device.send(b"\x70\x00" + device.take_request()[0])
            status, answer = self.finish(process)
            self.assertEqual((status, answer["ok"]), (1, False))
            self.assertIn("reset", answer["error"])

    def test_wrong_commands_say_what_is_wrong(self):
        rows = [
            (["read", "nobody", "/3/0/0"], "no such device"),
            (["read", "nobody", "3x"], "a path is"),
            (["read", "nobody"], "usage: read"),
            (["dance"], "no such command"),
            (["write", "dev1", "/1", "tlv:xx"], "hex"),
            (["read", "dev1", "/1", "yaml"], "ACCEPT"),
            (["read", "a", "b", "c", "d"], "too many"),
            (["devices", "many"], "number"),
            (['"open'], "quote"),
            (["cancel", "dev1", "/1"], "not observed"),
        ]
        with Device(self.platform) as device:
            device.register()
            for command, error in rows:
                status, answer = self.ctl(*command)
                self.assertEqual((status, answer["ok"]), (1, False), command)
                self.assertIn(error, answer["error"])

    def test_overlong_line_is_refused_and_the_next_one_taken(self):
        with self.connect() as client, client.makefile("rb") as answers:
            client.sendall(b"x" * 10000 + b"\nhelp\n")
            self.assertIn("at most", json.loads(answers.readline())["error"])
            self.assertTrue(json.loads(answers.readline())["ok"])

    def test_client_that_leaves_early_harms_nobody(self):
        with Device(self.platform) as device:
            device.register()
            with self.connect() as client:
                client.sendall(b"read dev1 /3/0/0\n")
                request = device.take_request()
            device.answer(request, 0x45, b"\xff1")
            self.platform.wait_for_event("response", path="/3/0/0")
            self.assertEqual(self.ctl("devices")[1]["count"], 1)

    def test_commands_before_the_end_of_input_are_still_answered(self):
        with Device(self.platform) as device:
            device.register()
            with self.connect() as client, client.makefile("rb") as answers:
                client.sendall(b"read dev1 /3/0/0\n")
                client.shutdown(socket.SHUT_WR)
                device.answer(device.take_request(), 0x45, b"\xff1")
                self.assertEqual(json.loads(answers.readline())["text"], "1")
                self.assertEqual(answers.readline(), b"")

    def test_ctl_without_a_platform_fails(self):
        result = run("bc260y-platform", "ctl", "/nonexistent/socket", "help")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is the platform running", result.stderr)
        self.assertEqual(run("bc260y-platform", "ctl").returncode, 2)


class Usage(unittest.TestCase):
    def test_wrong_options_exit_2_with_one_line(self):
        rows = [["--coap", "nonsense"], ["--coap", "127.0.0.1"], ["--coap", "127.0.0.1:99999"],
                ["--coap", "127.0.0.1:x"], ["--coap"], ["--open", "att"], ["--seed", "-1"],
                ["--seed", "99999999999999999999"], ["--lifetime-grace", "1.5"], ["--nothing"],
                ["--shards", "2"], ["stray"]]
        for row in rows:
            result = run("bc260y-platform", *row)
            self.assertEqual(result.returncode, 2, row)
            self.assertRegex(result.stderr, r"\Abc260y-platform: [^\n]+\n\Z", row)
            self.assertEqual(result.stdout, "")

    def test_help_and_version(self):
        self.assertIn("usage: bc260y-platform", run("bc260y-platform", "--help").stdout)
        self.assertRegex(run("bc260y-platform", "--version").stdout,
                         r"^bc260y-platform \d+\.\d+\.\d+\n$")

    def test_port_in_use_exits_1(self):
        with Platform() as platform:
            result = run("bc260y-platform", "--coap", platform.coap)
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stderr, r"\Abc260y-platform: cannot listen on [^\n]+\n\Z")

    def test_unwritable_files_exit_1(self):
        for name in ("--pcap", "--control"):
            result = run("bc260y-platform", "--coap", "127.0.0.1:0", name, "/nonexistent/x")
            self.assertEqual(result.returncode, 1, name)
            self.assertRegex(result.stderr, r"\Abc260y-platform: cannot [^\n]+\n\Z")

    def test_ipv6_is_served_too(self):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("no IPv6 here")
        with Platform("--open", "iot", coap="[::1]:0") as platform:
            self.assertTrue(platform.coap.startswith("[::1]:"))
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as device:
                device.settimeout(LIMIT_S)
                device.sendto(b"\x40\x00\x00\x07", ("::1", platform.udp_port))
                self.assertEqual(device.recv(100), b"\x70\x00\x00\x07")

    def test_same_seed_same_ids(self):
        ids = []
        for _ in range(2):
            with Platform("--open", "iot", "--seed", "5") as platform, Device(platform) as device:
                ids.append(device.register())
        self.assertEqual(ids[0], ids[1])


class Foreign(unittest.TestCase):
    """libcoap's client registers and deregisters; tshark reads what went by."""

    def ask(self, platform, method, path, *args):
        result = subprocess.run(
            [FOREIGN_CLIENT, "-v", "6", "-B", "5", "-m", method, *args,
             f"coap://{platform.coap}/{path}"],
            capture_output=True, text=True, timeout=20, check=False)
        return result.stdout + result.stderr

    @unittest.skipUnless(shutil.which(FOREIGN_CLIENT), f"{FOREIGN_CLIENT} is not installed")
    def test_libcoap_registers_updates_and_deregisters(self):
        with Platform("--open", "iot", "--pcap", "x.pcap", "--trace") as platform:
            answer = self.ask(platform, "post", "rd?ep=foreign&lt=300&lwm2m=1.0&b=U", "-t", "40",
                              "-e", "</1/0>,</3/0>")
            event = platform.wait_for_event("registered", endpoint="foreign")
            self.assertIn("2.01", answer)
            self.assertIn(f"Location-Path:{event['id']}", answer)
            path = "rd/" + event["id"]
            self.assertIn("2.04", self.ask(platform, "post", path + "?lt=600"))
            self.assertEqual(platform.wait_for_event("updated")["lifetime"], 600)
            self.assertIn("</rd>", self.ask(platform, "get", ".well-known/core"))
            self.assertIn("2.02", self.ask(platform, "delete", path))
            platform.wait_for_event("deregistered", endpoint="foreign")
            self.assertIn("4.04", self.ask(platform, "delete", path))
            self.assertIn("CON POST", platform.stderr_text())
            platform.signal(15)
            self.assertEqual(platform.wait(), 0)
            self.check_capture(platform)

    def check_capture(self, platform):
        if not shutil.which("tshark"):
            self.skipTest("tshark is not installed")
        path = os.path.join(platform.folder, "x.pcap")
        result = subprocess.run(
            ["tshark", "-r", path, "-d", f"udp.port=={platform.udp_port},coap", "-T", "fields",
             "-e", "coap.code", "-e", "_ws.malformed", "-o", "udp.check_checksum:TRUE",
             "-o", "ip.check_checksum:TRUE", "-e", "udp.checksum.status"],
            capture_output=True, text=True, timeout=60, check=False)
        rows = [line.split("\t") for line in result.stdout.splitlines()]
        self.assertEqual(len(rows), 10, result.stderr)
        for row in rows:
            self.assertTrue(row[0], row)
            self.assertEqual(row[1:], ["", "1"])


class Overload(unittest.TestCase):
    def test_flood_from_one_socket_is_survived(self):
        """More than the buffers hold, in one go; afterwards it still serves."""
        with Platform("--open", "iot", "--quiet") as platform, Device(platform) as device:
            for i in range(20000):
                device.send(b"\x40\x01" + (i & 0xFFFF).to_bytes(2, "big") + b"\xb1x")
                if select.select([device.socket], [], [], 0)[0]:
                    device.receive()
            while select.select([device.socket], [], [], 0.2)[0]:
                device.receive()
            device.message_id = 0x8000  # the others are used
            device.register(endpoint=b"after")


if __name__ == "__main__":
    unittest.main()
