"""Foreign peers: libcoap's programs, as the module's server and as the platform's device.

Our own two ends would share the mistakes of their codec. What went over the wire is read back with
tshark. Debian package libcoap3-bin; its coap-rd keeps a registration under /rd/<id>, and its
coap-server knows no /rd.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import support
import tshark
from support import AtPort, Failure, Module, Platform, Program

LINKS = b'</>;rt="oma.lwm2m",</1/0>,</3/0>,</4/0>,</5/0>'
IMEI = b"867724030023557"  # the module's, unless set
START_S = 10.0


def foreign_program(name):
    path = shutil.which(name)
    if path is None:
        raise Failure(f"{name} is not installed (Debian package libcoap3-bin)")
    return path


def free_port():
    """A UDP port that was free, like the one after it, which libcoap takes for DTLS."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


class Server(Program):
    """A server of libcoap on a free loopback port, once it answers a CoAP ping."""

    def __init__(self, name, *args, **options):
        self.port = free_port()
        super().__init__(name, "-A", "127.0.0.1", "-p", self.port, *args,
                         argv0=foreign_program(name), **options)

    def started(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("127.0.0.1", self.port))
            probe.settimeout(0.1)
            end = time.monotonic() + START_S
            while time.monotonic() < end and self.process.poll() is None:
                try:
                    probe.send(b"\x40\x00\x12\x34")
                    if probe.recv(64) == b"\x70\x00\x12\x34":
                        return
                except (socket.timeout, ConnectionRefusedError):
                    time.sleep(0.02)
        raise Failure(f"{self.name} does not answer: {self.stderr_text()}")


class Directory(Server):
    """coap-rd, kept alive by the shim."""

    def __init__(self):
        shim = os.path.join(support.build_dir(), "tests", "libcoap_rd_shim.so")
        if not os.path.exists(shim):
            raise Failure(f"{shim} is not built")
        super().__init__("coap-rd-openssl", env={"LD_PRELOAD": shim})


class Answer:
    """What coap-client got: `code` as "2.05", `location` as a path, `payload`."""

    def __init__(self, code, options, payload):
        self.code = code
        self.location = "/".join(re.findall(r"Location-Path:([^,\] ]+)", options))
        self.payload = payload


def coap_client(method, uri, *args, text=None, limit_s=10):
    """One request of libcoap's client, made to its end."""
    with tempfile.TemporaryDirectory(prefix="bc260y-test-") as folder:
        output = os.path.join(folder, "payload")
        argv = [foreign_program("coap-client-openssl"), "-v", "8", "-B", str(limit_s), "-o", output,
                "-m", method, *map(str, args), *(["-e", text] if text is not None else []), uri]
        result = subprocess.run(argv, capture_output=True, text=True, errors="replace",
                                stdin=subprocess.DEVNULL, timeout=limit_s + 20, check=False)
        payload = b""
        if os.path.exists(output):
            with open(output, "rb") as file:
                payload = file.read()
    log = result.stdout + result.stderr
    answers = re.findall(r"^v:1 t:\w+ c:([245]\.\d\d) [^\[]*\[([^\]]*)\]", log, re.MULTILINE)
    if not answers:
        raise Failure(f"no answer to {method} {uri}: {log}")
    return Answer(*answers[-1], payload)


class Host(AtPort):
    """The host of a module that has attached to the network."""

    def __enter__(self):
        super().__enter__()
        self.wait_for(r"^\+IP: ")
        return self


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-test-")
        self.addCleanup(folder.cleanup)
        self.capture = os.path.join(folder.name, "foreign.pcap")

    def module(self, *args):
        return Module("--seed", "1", "--set", "attach_ms=0", "--pcap", self.capture, *args)

    def packets(self, port, remarks=()):
        """What the capture has; complete once our program has ended."""
        packets = tshark.read(self.capture, port)
        tshark.check(self, packets, remarks)
        return packets

    def configure(self, at, port, endpoint="867724030023557", retransmit="4,4"):
        for line in (f'AT+QLACFG="retransmit",{retransmit}',
                     f'AT+QLACONFIG=0,"127.0.0.1",{port},"{endpoint}",300,3'):
            self.assertEqual(at.command(line), ["OK"])

    def result(self, at, line, limit_s=20.0):
        """What follows `+NAME: ` after OK."""
        self.assertEqual(at.command(line), ["OK"])
        name = re.match(r"AT(\+\w+)", line).group(1)
        return at.wait_for(rf"^{re.escape(name)}: (.*)$", limit_s).group(1)

    def status(self, at):
        return at.command("AT+QLASTATUS?")[0]


class ResourceDirectory(Case):
    """The module and coap-rd.

        module                     coap-rd
          | -- CON POST /rd?ep=.. --> |
          | <- ACK 2.01 rd/<id> ----- |   +QLAREG: 0
          | -- CON POST /rd/<id> ---> |
          | <- ACK 4.05 ------------- |   +QLAUPDATE: 900,<message id>
          | -- CON DELETE /rd/<id> -> |
          | <- ACK 2.02 ------------- |   +QLADEREG: 0
    """

    def test_module_registers_and_deregisters(self):
        with Directory() as rd, self.module() as module, Host(module.port) as at:
            self.configure(at, rd.port)
            self.assertEqual(self.result(at, "AT+QLAREG"), "0")
            self.assertEqual(self.status(at), "+QLASTATUS: 2")
            self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            self.assertEqual(self.status(at), "+QLASTATUS: 4")
            module.stop()
            packets = self.packets(rd.port)
        location = "/" + "/".join(packets[1].location)
        self.assertRegex(location, r"^/rd/[^/]+$")
        self.assertEqual(tshark.sequence(packets), [
            "> CON POST /rd", "< ACK 2.01", f"> CON DELETE {location}", "< ACK 2.02"])

    def test_directory_keeps_what_the_module_announced(self):
        with Directory() as rd, self.module() as module, Host(module.port) as at:
            self.configure(at, rd.port)
            self.assertEqual(at.command("AT+QLAADDOBJ=3311,0,2,5850,5851"), ["OK"])
            self.assertEqual(self.result(at, "AT+QLAREG"), "0")
            found = re.search(r"<(/rd/[^>]+)>",
                              self.get(rd, ".well-known/core").payload.decode()).group(1)
            kept = self.get(rd, found[1:])
            self.assertEqual((kept.code, kept.payload), ("2.05", LINKS + b",</3311/0>"))
            self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            self.assertEqual(self.get(rd, found[1:]).code, "4.04")

    def get(self, server, path):
        return coap_client("get", f"coap://127.0.0.1:{server.port}/{path}")

    def test_refused_update_is_900_and_the_registration_stays(self):
        """coap-rd knows no POST on a registration: 4.05, which chapter 6 has no code for."""
        with Directory() as rd, self.module() as module, Host(module.port) as at:
            self.configure(at, rd.port)
            self.assertEqual(self.result(at, "AT+QLAREG"), "0")
            lifetime = self.result(at, "AT+QLAUPDATE=0,100")
            binding = self.result(at, "AT+QLAUPDATE=1,0")
            self.assertEqual(self.result(at, "AT+QLAADDOBJ=19,0,1,0"), "900")
            self.assertEqual(self.status(at), "+QLASTATUS: 2")
            self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            module.stop()
            packets = self.packets(rd.port)
        location = "/" + "/".join(packets[1].location)
        self.assertEqual(tshark.sequence(packets), [
            "> CON POST /rd", "< ACK 2.01",
            f"> CON POST {location}", "< ACK 4.05",
            f"> CON POST {location}", "< ACK 4.05",
            f"> CON POST {location}", "< ACK 4.05",
            f"> CON DELETE {location}", "< ACK 2.02"])
        self.assertEqual(packets[2].query, ["lt=100"])
        self.assertEqual(packets[4].query, ["b=U"])
        self.assertEqual(packets[6].query, [])
        self.assertTrue(packets[6].bytes.endswith(b"\xff" + LINKS + b",</19/0>"))
        self.assertEqual([lifetime, binding],
                         [f"900,{packets[2].message_id}", f"900,{packets[4].message_id}"])

    def test_module_registers_again_under_another_endpoint(self):
        with Directory() as rd, self.module() as module, Host(module.port) as at:
            for endpoint in ("first", "urn:imei:867724030023557"):
                self.configure(at, rd.port, endpoint)
                self.assertEqual(self.result(at, "AT+QLAREG"), "0")
                self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            module.stop()
            packets = self.packets(rd.port)
        first, second = (packets[i + 1].location for i in (0, 4))
        self.assertNotEqual(first, second)
        self.assertEqual([p.query[1] for p in packets if p.path == ["rd"]],
                         ["ep=first", "ep=urn:imei:867724030023557"])
        self.assertEqual([p.path for p in packets if p.code == "DELETE"], [first, second])

    def test_two_modules_keep_a_registration_each(self):
        with Directory() as rd, self.module() as one, Module("--seed", "2") as two, \
                Host(one.port) as at, Host(two.port) as other:
            self.configure(at, rd.port, "one")
            self.configure(other, rd.port, "two")
            self.assertEqual(self.result(at, "AT+QLAREG"), "0")
            self.assertEqual(self.result(other, "AT+QLAREG"), "0")
            self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            core = self.get(rd, ".well-known/core").payload.decode()
            self.assertEqual(len(re.findall(r"<(/rd/[^>]+)>", core)), 1, core)
            self.assertEqual(self.result(other, "AT+QLADEREG"), "0")


class OtherServers(Case):
    """The module and servers that are no LwM2M servers."""

    def register_at(self, name):
        with Server(name) as server, self.module() as module, Host(module.port) as at:
            self.configure(at, server.port)
            code = self.result(at, "AT+QLAREG")
            self.assertEqual(self.status(at), "+QLASTATUS: 0")
            module.stop()
            packets = self.packets(server.port)
        self.assertEqual(tshark.sequence(packets)[0], "> CON POST /rd")
        return code, packets[-1].code

    def test_server_without_rd_is_404(self):
        for name in ("coap-server-openssl", "coap-server-notls"):
            with self.subTest(server=name):
                self.assertEqual(self.register_at(name), ("404", "4.04"))

    def test_lost_answer_is_asked_for_again(self):
        """coap-server -l 2 drops its second datagram; the first answered the ping of the start."""
        with Server("coap-server-notls", "-l", "2") as server, \
                self.module("--time-scale", "10") as module, Host(module.port) as at:
            self.configure(at, server.port, retransmit="2,3")
            self.assertEqual(self.result(at, "AT+QLAREG"), "404")
            module.stop()
            packets = self.packets(server.port, remarks=["Retransmitted"])
        self.assertEqual(tshark.sequence(packets),
                         ["> CON POST /rd", "> CON POST /rd", "< ACK 4.04"])
        self.assertEqual(packets[0].bytes, packets[1].bytes)
        self.assertAlmostEqual(packets[1].time_s - packets[0].time_s, 0.2, delta=0.15)

    def register_in_silence(self, port):
        """AT+QLACFG="retransmit",2,0: one transmission, two seconds."""
        with self.module() as module, Host(module.port) as at:
            self.configure(at, port, retransmit="2,0")
            begin = time.monotonic()
            self.assertEqual(self.result(at, "AT+QLAREG"), "1")
            took_s = time.monotonic() - begin
            self.assertEqual(self.status(at), "+QLASTATUS: 0")
            module.stop()
            packets = self.packets(port)
        self.assertEqual(tshark.sequence(packets), ["> CON POST /rd"])
        self.assertGreater(took_s, 1.95)
        self.assertLess(took_s, 4.0)  # a second transmission would have taken six

    def test_closed_port_is_a_timeout(self):
        self.register_in_silence(free_port())

    def test_silent_port_is_a_timeout(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            self.register_in_silence(silent.getsockname()[1])


class ForeignDevice(Case):
    """libcoap's client registers at our platform, which answers as an LwM2M server."""

    OBJECTS = '</>;rt="oma.lwm2m",</1/0>,</3/0>'

    def platform(self, *args):
        return Platform("--pcap", self.capture, *args)

    def register(self, platform, query, *args, text=OBJECTS):
        return coap_client("post", f"{self.uri(platform)}/rd?{query}", "-t", "40", *args, text=text)

    def uri(self, platform):
        return f"coap://127.0.0.1:{platform.udp_port}"

    def test_device_registers_updates_and_deregisters(self):
        with self.platform("--open", "iot") as platform:
            created = self.register(platform, "lwm2m=1.0&ep=foreign&lt=120&b=U")
            self.assertEqual(created.code, "2.01")
            self.assertRegex(created.location, r"^rd/[^/]+$")
            event = platform.wait_for_event("registered", endpoint="foreign")
            self.assertEqual((event["lifetime"], event["binding"]), (120, "U"))
            rd = f"{self.uri(platform)}/{created.location}"
            self.assertEqual(coap_client("post", rd + "?lt=600").code, "2.04")
            event = platform.wait_for_event("updated", endpoint="foreign")
            self.assertEqual(event["lifetime"], 600)
            self.assertEqual(coap_client("delete", rd).code, "2.02")
            platform.wait_for_event("deregistered", endpoint="foreign")
            self.assertEqual(coap_client("post", rd).code, "4.04")
            self.assertEqual(coap_client("delete", rd).code, "4.04")
            platform.stop()
            packets = self.packets(platform.udp_port)
        self.assertEqual([p.code for p in packets if not p.to_server],
                         ["2.01", "2.04", "2.02", "4.04", "4.04"])

    def test_registration_comes_in_blocks(self):
        """RFC 7959 Block1: a list of objects in blocks of 64 bytes."""
        many = self.OBJECTS + "".join(f",</3311/{i}>" for i in range(12))
        with self.platform("--open", "iot") as platform:
            created = self.register(platform, "lwm2m=1.0&ep=blocks&lt=120", "-b", "64", text=many)
            self.assertEqual(created.code, "2.01")
            event = platform.wait_for_event("registered", endpoint="blocks")
            self.assertIn("/3311/11", event["objects"])

    def test_refusals(self):
        with self.platform("--open", "iot") as platform:
            for query, code in (("lwm2m=1.0&lt=120", "4.00"), ("lwm2m=3.0&ep=x&lt=120", "4.12")):
                with self.subTest(query=query):
                    self.assertEqual(self.register(platform, query).code, code)
            self.assertEqual(coap_client("get", self.uri(platform) + "/nothing").code, "4.04")

    def test_unknown_endpoint_is_forbidden(self):
        with self.platform() as platform:
            self.assertEqual(self.register(platform, "lwm2m=1.0&ep=stranger&lt=120").code, "4.03")


class Watch:
    """Waits for a line of the module while the test does something else; then sends a command,
    into which the first group of the pattern goes."""

    def __init__(self, at, pattern, command):
        self.at, self.pattern, self.command = at, pattern, command
        self.failure = None
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def serve(self):
        try:
            match = self.at.wait_for(self.pattern)
            self.at.send(self.command.format(*match.groups()))
        except Failure as failure:
            self.failure = failure

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()
        if self.failure:
            raise self.failure


class ForeignServer(Case):
    """libcoap's client plays the LwM2M server of a registered module, from the server's port."""

    def setUp(self):
        super().setUp()
        self.running = self.enterContext(self.module())
        self.at = self.enterContext(Host(self.running.port))
        self.port, self.peer = self.register()

    def register(self):
        """Takes one registration, then leaves the port to libcoap."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.settimeout(support.LIMIT_S)
            port = server.getsockname()[1]
            self.configure(self.at, port)
            for line in ("AT+QLAADDOBJ=19,0,1,0", "AT+QLAADDOBJ=19,1,1,0", "AT+QLAREG"):
                self.assertEqual(self.at.command(line), ["OK"])
            request, peer = server.recvfrom(2048)
            self.assertEqual(request[:2], b"\x44\x02")
            server.sendto(b"\x64\x41" + request[2:8] + b"\x82rd\x011", peer)
        self.at.wait_for(r"^\+QLAREG: 0$")
        return port, peer[1]

    def ask(self, method, path, *args, **options):
        return coap_client(method, f"coap://127.0.0.1:{self.peer}{path}", "-a", "127.0.0.1",
                           "-p", self.port, *args, **options)

    def test_reads_a_resource_an_instance_and_an_object(self):
        text = self.ask("get", "/3/0/2")
        self.assertEqual((text.code, text.payload), ("2.05", IMEI))
        whole = self.ask("get", "/3/0", "-A", "11542")
        self.assertEqual(whole.code, "2.05")
        self.assertIn(b"\xc8\x02\x0f" + IMEI, whole.payload)  # resource 2, 15 bytes
        links = self.ask("get", "/3", "-A", "40")
        self.assertEqual(links.code, "2.05")
        self.assertIn(b"</3/0/0>", links.payload)

    def test_reads_in_blocks(self):
        """RFC 7959 Block2: the server wants 32 bytes at a time."""
        whole = self.ask("get", "/3", "-A", "40").payload
        self.assertGreater(len(whole), 64)
        self.assertEqual(self.ask("get", "/3", "-A", "40", "-b", "32").payload, whole)
        self.assertEqual(self.answers(), ["2.05"] + ["2.05"] * -(-len(whole) // 32))

    def answers(self):
        """The codes of the module's acknowledgements; ends it. Only its own messages are checked:
        tshark 4.0 calls libcoap's Request-Tag option (RFC 9175) malformed."""
        self.running.stop()
        own = [p for p in tshark.read(self.capture, self.port) if p.to_server]
        tshark.check(self, own)
        return [p.code for p in own if p.type == "ACK"]

    def test_refusals(self):
        for path, args, code in (("/3/0/99", (), "4.04"), ("/77", (), "4.04"),
                                 ("/0/0/0", (), "4.01"), ("/3/0/0", ("-A", "60"), "4.06")):
            with self.subTest(path=path, args=args):
                self.assertEqual(self.ask("get", path, *args).code, code)
        self.assertEqual(self.ask("put", "/3/0/0", "-t", "0", text="x").code, "4.05")

    def test_writes_a_resource_that_the_host_answers(self):
        with Watch(self.at, r'^\+QLAURC: "write",(\d+),19,1,0,1,5,"hello",0$', "AT+QLAWRRSP={},2"):
            answer = self.ask("put", "/19/1/0", "-t", "0", text="hello")
        self.assertEqual(answer.code, "2.04")

    def test_writes_in_blocks(self):
        """RFC 7959 Block1: libcoap cuts 600 bytes into blocks of 64; the host sees them whole."""
        text = "".join(f"{i:04}" for i in range(150))
        with Watch(self.at, rf'^\+QLAURC: "write",(\d+),19,1,0,1,600,"{text}",0$',
                   "AT+QLAWRRSP={},2"):
            answer = self.ask("put", "/19/1/0", "-t", "0", "-b", "64", text=text)
        self.assertEqual(answer.code, "2.04")
        self.assertEqual(self.answers(), ["2.31"] * 9 + ["2.04"])

    def test_observes_until_it_cancels(self):
        """The module acknowledges the observation by itself; libcoap cancels after a second."""
        notify = 'AT+QLANOTIFY=19,0,0,2,2,"ABCD",0,1'
        self.assertEqual(self.at.command('AT+QLACFG="auto_ack",1'), ["OK"])
        with Watch(self.at, r'^\+QLAURC: "observe",\d+,0,19,0,0$', notify):
            answer = self.ask("get", "/19/0/0", "-s", "1", limit_s=5)
        self.assertEqual(answer.code, "2.05")
        self.assertTrue(answer.payload.endswith(b"\xab\xcd"), answer.payload)
        self.at.wait_for(r'^\+QLAURC: "report_ack",0,\d+$')
        self.at.wait_for(r'^\+QLAURC: "observe",\d+,1,19,0,0$')
        self.assertEqual(self.at.command(notify), ["ERROR"])


if __name__ == "__main__":
    unittest.main()
