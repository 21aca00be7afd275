"""The platform over DTLS: the real module, libcoap's, OpenSSL's and GnuTLS's clients against it.

Sessions, floods and limits are tested on a virtual clock in tests/platform (test_secure*.c); here
are the sockets, the keys in files and commands, the events, and who may speak for whom.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import unittest

import support
from support import AtPort, Failure, Module, Platform, Program, run

ENDPOINT = "867724030023557"
OTHER = "867724030023558"
IDENTITY = "the-identity"
KEY = "6d79207365637265742070736b203132"
OTHER_KEY = "5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
SECRETS = (KEY.encode(), KEY.upper().encode(), bytes.fromhex(KEY), OTHER_KEY.encode(),
           bytes.fromhex(OTHER_KEY))
MEMORY_BYTES_MAX = 1 << 28
FLOOD_KIB_MAX = 400 * 1024  # of 1024 handshakes and what a sanitizer keeps of freed ones
RD = "rd?lwm2m=1.0&lt=300&ep="


def foreign(name, package):
    path = shutil.which(name)
    if path is None:
        raise Failure(f"{name} is not installed (Debian package {package})")
    return path


def client_hello(chance, cookie):
    """Of DTLS 1.2 with PSK-AES128-CCM8 (RFC 6347 section 4.2.1)."""
    body = (b"\xfe\xfd" + chance + b"\0" + bytes([len(cookie)]) + cookie + b"\0\x02\xc0\xa8"
            b"\x01\0")
    length = len(body).to_bytes(3, "big")
    number = b"\0\x01" if cookie else b"\0\0"
    message = b"\x01" + length + number + b"\0\0\0" + length + body
    return (b"\x16\xfe\xfd\0\0\0\0\0\0" + number + len(message).to_bytes(2, "big") + message)


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"^VmRSS:\s+(\d+) kB", file.read(), re.M).group(1))


class SecurePlatform(Platform):
    """Listens for DTLS on a free port; knows ENDPOINT and OTHER."""

    KEYS = f"{ENDPOINT} {IDENTITY} {KEY}\n{OTHER} other-identity {OTHER_KEY}\n"

    def __init__(self, *args, coaps="127.0.0.1:0", keys=KEYS, carrier="iot"):
        self.keys_text = keys
        self.coaps = self.coaps_port = None
        super().__init__("--open", carrier, "--coaps", coaps, "--psk-file", "keys", "--trace",
                         *args)

    def started(self):
        super().started()
        self.coaps = self.events[0]["coaps"]
        self.coaps_port = int(self.coaps.rsplit(":", 1)[1])

    def prepare(self):
        self.write_keys(self.keys_text)

    def write_keys(self, text):
        path = os.path.join(self.folder, "keys")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(text)

    def command(self, line):
        self.write_line(line)
        while True:
            answer = self.read_event()
            if "ok" in answer:
                return answer

    def end(self):
        """Ended by a signal; nothing it has said or written shows a key."""
        self.signal(signal.SIGTERM)
        status = self.wait()
        self._reader.join(support.STOP_S)
        while not self._queue.empty():
            self.lines.append(self._queue.get() or "")
        said = "\n".join(self.lines) + self.stderr_text()
        return status, said.encode()


class Case(unittest.TestCase):
    def start(self, started):
        started.__enter__()
        self.addCleanup(started.__exit__, None, None, None)
        return started

    def assert_no_secret(self, data):
        for secret in SECRETS:
            self.assertNotIn(secret, data)


class Host:
    """The module and its AT port, configured for DTLS."""

    def __init__(self, case, platform, *module_args, port=None, bootstrap=0, endpoint=ENDPOINT,
                 identity=IDENTITY, key=KEY, settings=()):
        self.module = case.start(Module("--set", "attach_ms=0", *module_args))
        self.at = case.start(AtPort(self.module.port))
        port = port or platform.coaps_port
        for line in ("ATE0", "AT+QSCLK=0", *settings,
                     "AT+QLAADDOBJ=19,0,1,0", "AT+QLAADDOBJ=19,1,1,0",
                     f'AT+QLACONFIG={bootstrap},"127.0.0.1",{port},"{endpoint}",300,0,'
                     f'"{identity}","{key}"'):
            self.ok(line)

    def ok(self, line):
        answer = self.at.command(line)
        if answer[-1] != "OK":
            raise Failure(f"{line}: {answer}")

    def register(self, code=0, limit_s=support.LIMIT_S):
        self.ok("AT+QLAREG")
        self.at.wait_for(rf"^\+QLAREG: {code}$", limit_s)

    def observed(self):
        mid = self.at.wait_for(r'^\+QLAURC: "observe",(\d+),0,19,0,0$').group(1)
        self.ok(f'AT+QLAOBSRSP={mid},1,19,0,0,2,3,"000102",0')

    def report(self):
        self.ok('AT+QLANOTIFY=19,0,0,2,2,"AABB",0,1')
        self.at.wait_for(r'^\+QLAURC: "report_ack",0,\d+$')


class WithTheModule(Case):
    def test_session_in_each_version(self):
        for version, name in ((0, "DTLSv1"), (1, "DTLSv1.2"), (2, "DTLSv1.2")):
            with self.subTest(dtls_version=version), SecurePlatform() as platform:
                host = Host(self, platform, settings=(f'AT+QLACFG="dtls_version",{version}',))
                host.register()
                event = platform.wait_for_event("dtls-opened", endpoint=ENDPOINT,
                                                identity=IDENTITY, listener="coaps")
                self.assertEqual((event["version"], event["resumed"]), (name, False))
                self.assertTrue(event["cipher"].startswith("PSK-"))
                registered = platform.wait_for_event("registered", endpoint=ENDPOINT, secure=True)
                self.assertEqual(registered["address"], event["address"])
                host.observed()
                host.report()
                platform.wait_for_event("notify", hex="AABB", secure=True)
                platform.write_line(f"write {ENDPOINT} /19/1/0 0A0B")
                host.at.wait_for(r'^\+QLAURC: "write",\d+,19,1,0,2,2,"?0A0B"?,0$')
                host.ok("AT+QLADEREG")
                host.at.wait_for(r"^\+QLADEREG: 0$")
                platform.wait_for_event("deregistered")
                platform.wait_for_event("dtls-closed", endpoint=ENDPOINT,
                                        reason="the peer closed it")
                status, said = platform.end()
                self.assertEqual(status, 0)
                self.assert_no_secret(said)

    def test_version_that_the_platform_does_not_want(self):
        with SecurePlatform("--dtls-version", "1.2") as platform:
            host = Host(self, platform, settings=('AT+QLACFG="dtls_version",0',))
            host.register(900)
            platform.wait_for_event("dtls-failed", reason="unsupported version")

    def test_wrong_key(self):
        with SecurePlatform() as platform:
            host = Host(self, platform, "--time-scale", "40", key=OTHER_KEY)
            host.register(900)
            self.assertTrue(platform.command(f"psk {ENDPOINT} -")["ok"])  # or it took 63 s
            event = platform.events[-2]
            self.assertEqual((event["event"], event["identity"], event["endpoint"]),
                             ("dtls-failed", IDENTITY, ENDPOINT))

    def test_unknown_identity(self):
        with SecurePlatform() as platform:
            host = Host(self, platform, identity="who is that")
            host.register(900)
            event = platform.wait_for_event("dtls-failed", identity="who is that")
            self.assertEqual(event["reason"], "psk identity not found")
            self.assertNotIn("endpoint", event)

    def test_identity_of_another_endpoint(self):
        with SecurePlatform() as platform:
            host = Host(self, platform, endpoint=OTHER)
            host.register(403)
            platform.wait_for_event("dtls-opened", endpoint=ENDPOINT)
            platform.wait_for_event("rejected", endpoint=OTHER, code="4.03", secure=True)

    def test_plain_registration_of_an_endpoint_with_a_key(self):
        with SecurePlatform() as platform:
            secure = Host(self, platform)
            secure.register()
            platform.wait_for_event("registered", secure=True)
            plain = Host(self, platform, "--seed", "5", port=platform.udp_port)
            plain.ok(f'AT+QLACONFIG=0,"127.0.0.1",{platform.udp_port},"{ENDPOINT}",300,3')
            plain.register(403)
            event = platform.wait_for_event("rejected", endpoint=ENDPOINT, code="4.03")
            self.assertNotIn("secure", event)
            secure.observed()
            secure.report()
            plain.ok(f'AT+QLACONFIG=0,"127.0.0.1",{platform.udp_port},"nobody-s",300,3')
            plain.register()

    def test_deep_sleep_resumes_the_session(self):
        with SecurePlatform() as platform:
            host = Host(self, platform, "--time-scale", "20",
                        settings=('AT+QLACFG="dtls_mode",1',))
            host.register()
            self.assertFalse(platform.wait_for_event("dtls-opened")["resumed"])
            host.observed()
            host.report()
            host.ok("AT+QSCLK=1")
            host.at.wait_for("ENTER DEEPSLEEP")
            host.at.send("AT")
            host.at.wait_for("EXIT DEEPSLEEP")
            host.at.wait_for(r'^\+QLAURC: "recovered",0$')
            event = platform.wait_for_event("dtls-opened", endpoint=ENDPOINT)
            self.assertTrue(event["resumed"])
            platform.wait_for_event("updated", endpoint=ENDPOINT, address=event["address"])
            host.report()

    def test_restarted_platform_gets_a_new_handshake(self):
        with SecurePlatform() as platform:
            host = Host(self, platform, "--time-scale", "20")
            host.register()
            platform.wait_for_event("registered")
            coaps = platform.coaps
        with SecurePlatform(coaps=coaps) as platform:
            host.ok("AT+QLAUPDATE=0,100")
            platform.wait_for_event("dtls-stray")
            host.at.wait_for(r"^\+QLAUPDATE: 1,\d+$")
            host.ok("AT+QLAUPDATE=0,100")
            platform.wait_for_event("dtls-opened", endpoint=ENDPOINT, resumed=False)
            host.at.wait_for(r"^\+QLAUPDATE: [1-9]\d*,\d+$")  # this platform knows nobody
            host.at.command("AT+QLADEREG")
            host.register()
            platform.wait_for_event("registered", endpoint=ENDPOINT, secure=True)

    def test_garbage_flood_while_a_device_works(self):
        chance = random.Random(3)
        with SecurePlatform() as platform, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooder:
            host = Host(self, platform)
            host.register()
            host.observed()
            flooder.connect(("127.0.0.1", platform.coaps_port))
            for batch in range(50):
                for _ in range(100):
                    data = chance.randbytes(chance.randrange(120))
                    if chance.random() < 0.5:
                        data = bytes([chance.randrange(20, 24)]) + b"\xfe\xfd\0\0" + data
                    try:
                        flooder.send(data)
                    except ConnectionRefusedError:
                        self.fail("the platform has ended")
                if batch % 10 == 0:
                    host.report()
            platform.wait_for_event("dtls-stray")
            host.report()
            status, said = platform.end()
            self.assertEqual(status, 0)
            self.assertLess(said.count(b'"dtls-'), 200)

    def test_flood_of_handshakes_while_a_device_works(self):
        """From addresses that return their cookies, and then say no more."""
        with SecurePlatform() as platform:
            host = Host(self, platform)
            host.register()
            host.observed()
            memory_kib = resident_kib(platform.pid)
            for number in range(3000):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flooder:
                    flooder.bind((f"127.9.{number // 200}.{number % 200 + 1}", 0))
                    flooder.connect(("127.0.0.1", platform.coaps_port))
                    flooder.settimeout(support.LIMIT_S)
                    chance = number.to_bytes(32, "big")
                    flooder.send(client_hello(chance, b""))
                    verify = flooder.recv(2048)
                    self.assertEqual((verify[0], verify[13]), (22, 3))
                    flooder.send(client_hello(chance, verify[28:]))
                    flooder.recv(2048)
                if number % 1000 == 0:
                    host.report()
            host.report()
            platform.wait_for_event("dtls-failed", reason="too many handshakes")
            self.assertLess(resident_kib(platform.pid) - memory_kib, FLOOD_KIB_MAX)
            status, said = platform.end()
            self.assertEqual(status, 0)
            self.assertLess(said.count(b'"dtls-failed"'), 1000)

    def test_tshark_reads_the_capture_with_the_key_log(self):
        with SecurePlatform("--pcap", "x.pcap", "--keylog", "secrets") as platform:
            host = Host(self, platform)
            host.register()
            host.observed()
            host.report()
            status, said = platform.end()
            self.assertEqual(status, 0)
            self.assert_no_secret(said)
            capture, secrets = (os.path.join(platform.folder, name)
                                for name in ("x.pcap", "secrets"))
            self.assertEqual(os.stat(secrets).st_mode & 0o777, 0o600)
            with open(secrets, encoding="ascii") as file:
                self.assertRegex(file.read(), r"^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$")
            with open(capture, "rb") as file:
                data = file.read()
            self.assert_no_secret(data)
            self.assertNotIn(b"ep=" + ENDPOINT.encode(), data)
            dissect = [foreign("tshark", "tshark"), "-r", capture, "-d",
                       f"udp.port=={platform.coaps_port},dtls", "-d",
                       f"dtls.port=={platform.coaps_port},coap"]
            self.assertNotIn("POST", self.output_of(*dissect, "-Y", "coap"))
            text = self.output_of(*dissect, "-o", f"tls.keylog_file:{secrets}", "-Y", "coap",
                                  "-T", "fields", "-e", "coap.opt.uri_query", "-e", "coap.code")
            self.assertIn(f"ep={ENDPOINT}", text)

    def output_of(self, *argv):
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True,
                              env=dict(os.environ, HOME="/nonexistent")).stdout


class Bootstrap(Case):
    def start_all(self, *args, keys=SecurePlatform.KEYS):
        platform = self.start(SecurePlatform("--bootstrap-coaps", "127.0.0.1:0", *args, keys=keys))
        port = int(platform.events[0]["bootstrap_coaps"].rsplit(":", 1)[1])
        return platform, port

    def test_module_is_told_its_key_and_registers_with_it(self):
        platform, port = self.start_all()
        host = Host(self, platform, port=port, bootstrap=1)
        host.register()
        platform.wait_for_event("dtls-opened", listener="bootstrap-coaps", endpoint=ENDPOINT)
        platform.wait_for_event("bootstrap-requested", endpoint=ENDPOINT, secure=True)
        platform.wait_for_event("bootstrap-finished", endpoint=ENDPOINT)
        platform.wait_for_event("dtls-opened", listener="coaps", endpoint=ENDPOINT)
        platform.wait_for_event("registered", endpoint=ENDPOINT, secure=True)
        status, said = platform.end()
        self.assertEqual(status, 0)
        self.assertIn(b"PUT", said)
        self.assertRegex(said, rb"/0/1 .*\| \*\*\*")
        self.assert_no_secret(said)

    def test_identity_of_another_endpoint_is_told_nothing(self):
        platform, port = self.start_all()
        host = Host(self, platform, port=port, bootstrap=1, endpoint=OTHER)
        host.register(403)
        platform.wait_for_event("bootstrap-rejected", endpoint=OTHER, code="4.03")

    def test_keys_in_the_clear_must_be_allowed(self):
        arguments = ["--coap", "127.0.0.1:0", "--open", "iot", "--bootstrap", "127.0.0.1:0",
                     "--bootstrap-uri", "coaps://127.0.0.1:5684"]
        result = run("bc260y-platform", *arguments)
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("in the clear", result.stderr)
        platform = self.start(SecurePlatform(*arguments[4:6], "--bootstrap-plain-keys",
                                             "--bootstrap-uri", "coaps://127.0.0.1:1"))
        self.assertIn("bootstrap", platform.events[0])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            host, port = platform.events[0]["bootstrap"].rsplit(":", 1)
            device.connect((host, int(port)))
            device.settimeout(support.LIMIT_S)
            query = b"ep=" + ENDPOINT.encode()
            device.send(b"\x40\x02\x10\x01\xb2bs\x4d" + bytes([len(query) - 13]) + query)
            written = b""
            while b"\x01\x31\x12" not in written:  # PUT /0/1
                written = device.recv(2048)
                right = {4: 0x42, 3: 0x44}.get(written[1])
                if right:
                    device.send(bytes([0x64, right]) + written[2:8])
            self.assertIn(bytes.fromhex(KEY), written)
            self.assertIn(IDENTITY.encode(), written)
        self.assert_no_secret(platform.end()[1])


class ForeignClients(Case):
    CLIENTS = ("coap-client-openssl", "coap-client-gnutls")

    def ask(self, client, platform, path, identity=IDENTITY, key=bytes.fromhex(KEY).decode()):
        return subprocess.run(
            [foreign(client, "libcoap3-bin"), "-v", "6", "-B", "3", "-u", identity, "-k", key,
             "-m", "post", "-t", "40", "-e", "</1/0>,</3/0>", f"coaps://{platform.coaps}/{path}"],
            capture_output=True, text=True, timeout=20, check=False)

    def test_libcoap_registers(self):
        with SecurePlatform() as platform:
            for client in self.CLIENTS:
                with self.subTest(client=client):
                    result = self.ask(client, platform, RD + ENDPOINT)
                    self.assertIn("c:2.01", result.stdout + result.stderr)
                    platform.wait_for_event("dtls-opened", endpoint=ENDPOINT)
                    platform.wait_for_event("registered", endpoint=ENDPOINT, secure=True)
                    result = self.ask(client, platform, RD + OTHER)
                    self.assertIn("4.03", result.stdout + result.stderr)
                    platform.wait_for_event("rejected", endpoint=OTHER)
                    self.ask(client, platform, RD + ENDPOINT, identity="nobody")
                    platform.wait_for_event("dtls-failed", identity="nobody")

    def s_client(self, platform, *options):
        return self.start(Program(
            "openssl", "s_client", *options, "-connect", platform.coaps, "-cipher",
            "PSK:@SECLEVEL=0", "-quiet", argv0=foreign("openssl", "openssl")))

    def test_openssl(self):
        with SecurePlatform() as platform:
            for option, name in (("-dtls1_2", "DTLSv1.2"), ("-dtls1", "DTLSv1")):
                with self.subTest(option):
                    self.s_client(platform, option, "-psk_identity", IDENTITY, "-psk", KEY)
                    event = platform.wait_for_event("dtls-opened", endpoint=ENDPOINT)
                    self.assertEqual(event["version"], name)


class Keys(Case):
    def test_commands_add_change_and_remove(self):
        with SecurePlatform(keys="") as platform:
            host = Host(self, platform)
            host.register(900)
            platform.wait_for_event("dtls-failed", identity=IDENTITY)
            self.assertTrue(platform.command(f"psk {ENDPOINT} {IDENTITY} {KEY}")["ok"])
            host.register()
            platform.wait_for_event("registered")
            self.assertTrue(platform.command(f"psk {ENDPOINT} {IDENTITY} {KEY}")["ok"])
            host.observed()
            host.report()  # the same again changes nothing
            platform.wait_for_event("notify")
            self.assertTrue(platform.command(f'psk {ENDPOINT} {IDENTITY} "some other"')["ok"])
            self.assertEqual(platform.events[-2]["reason"], "its key is gone")
            self.assertTrue(platform.command(f"psk {ENDPOINT} -")["ok"])
            self.assert_no_secret(platform.end()[1])

    def test_wrong_commands_say_why_and_show_no_key(self):
        with SecurePlatform() as platform:
            rows = ((f"psk dev3 {IDENTITY} {KEY}", "the identity belongs to another endpoint"),
                    (f"psk dev3 id3 {KEY}q", "the key must be hex digits"),
                    ("psk dev3 -", "has no key"), ("psk dev3 id3", "usage: psk"),
                    ("psk dev3", "usage: psk"), (f'psk dev3 id3 "{"k" * 257}"', "1 to 256 bytes"),
                    (f'psk {"e" * 151} id3 {KEY}', "1 to 150 bytes"))
            for line, problem in rows:
                answer = platform.command(line)
                self.assertFalse(answer["ok"])
                self.assertIn(problem, answer["error"])
            self.assert_no_secret(platform.end()[1])

    def test_removed_key_is_nowhere_in_memory(self):
        with SecurePlatform() as platform:
            host = Host(self, platform)
            host.register()
            self.assertGreater(self.count_in_memory(platform.pid), 0)
            for line in (f"psk dev3 id3 {OTHER_KEY[::-1]}", f"psk dev3 id3 {KEY}zz",
                         f'psk dev3 id3 "{bytes.fromhex(KEY).decode()}"', "psk dev3 -",
                         f"psk {ENDPOINT} -", f"psk {OTHER} -"):
                platform.command(line)
            self.assertEqual(self.count_in_memory(platform.pid), 0)

    def count_in_memory(self, pid):
        """How often keys stand in the writable memory of a process of ours."""
        count = 0
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
            areas = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw", maps.read(), re.M)
        try:
            with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                for begin, end in ((int(begin, 16), int(end, 16)) for begin, end in areas):
                    if end - begin > MEMORY_BYTES_MAX:
                        continue  # a sanitizer's book-keeping
                    memory.seek(begin)
                    data = memory.read(end - begin)
                    count += sum(data.count(secret) for secret in SECRETS)
        except PermissionError:
            self.skipTest("the memory of a child may not be read here")
        return count

    def test_file_is_read_again_on_sighup(self):
        with SecurePlatform() as platform:
            host = Host(self, platform)
            host.register()
            platform.wait_for_event("registered")
            platform.write_keys(f"{ENDPOINT} {IDENTITY} {KEY}\n# {OTHER}\nnew new \"key\"\n")
            platform.signal(signal.SIGHUP)
            self.wait_until(platform, "new")
            host.observed()
            host.report()  # it has kept its key, and so its session
            platform.write_keys(f"{ENDPOINT} {IDENTITY} {OTHER_KEY}\nbroken line\n")
            platform.signal(signal.SIGHUP)
            self.wait_for_stderr(platform, r"keys:2: a line is ENDPOINT IDENTITY KEY")
            host.report()
            platform.write_keys(f"{ENDPOINT} {IDENTITY} {OTHER_KEY}\n")
            platform.signal(signal.SIGHUP)
            platform.wait_for_event("dtls-closed", endpoint=ENDPOINT, reason="its key is gone")
            self.assert_no_secret(platform.end()[1])

    def wait_until(self, platform, endpoint):
        """The endpoint has a key: only then there is one to remove."""
        end = time.monotonic() + support.LIMIT_S
        while not platform.command(f"psk {endpoint} -")["ok"]:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)

    def wait_for_stderr(self, platform, pattern):
        end = time.monotonic() + support.LIMIT_S
        while not re.search(pattern, platform.stderr_text()):
            self.assertLess(time.monotonic(), end, platform.stderr_text())
            time.sleep(0.02)

    def test_idle_session_is_closed(self):
        with SecurePlatform("--coaps-idle", "10") as platform:
            host = Host(self, platform)
            host.register()
            platform.wait_for_event("registered")
            event = platform.wait_for_event("dtls-closed", limit_s=15, endpoint=ENDPOINT)
            self.assertEqual(event["reason"], "it was idle")


class Usage(unittest.TestCase):
    def test_wrong_options(self):
        rows = ((["--psk-file", "x"], "need --coaps"), (["--keylog", "x"], "need --coaps"),
                (["--coaps", "x"], "--coaps takes ADDRESS:PORT"),
                (["--coaps", "127.0.0.1:0", "--dtls-version", "1.1"], "1.0, 1.2 or any"),
                (["--coaps", "127.0.0.1:0", "--coaps-sessions", "0"], "--coaps-sessions takes"),
                (["--coaps", "127.0.0.1:0", "--coaps-idle", "9"], "--coaps-idle takes"),
                (["--bootstrap-plain-keys"], "need --bootstrap"),
                (["--coaps", "0.0.0.0:0", "--bootstrap-coaps", "127.0.0.1:0"],
                 "devices cannot be sent to --coaps"),
                (["--bootstrap", "127.0.0.1:0", "--bootstrap-uri", "coapss://x:1"],
                 "takes coap://HOST:PORT or coaps://HOST:PORT"))
        for arguments, problem in rows:
            with self.subTest(arguments):
                result = run("bc260y-platform", "--coap", "127.0.0.1:0", *arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn(problem, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)

    def test_files_that_cannot_be_used(self):
        with support.tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "keys")
            with open(path, "w", encoding="ascii") as file:
                file.write(f"{ENDPOINT} {IDENTITY} {KEY}\n")
            os.chmod(path, 0o644)
            for option in ("--psk-file", "--keylog"):
                for name, problem in ((path, "chmod 600"), (folder + "/x/y", "cannot open")):
                    result = run("bc260y-platform", "--coap", "127.0.0.1:0", "--coaps",
                                 "127.0.0.1:0", option, name)
                    self.assertEqual((result.returncode, result.stdout), (1, ""))
                    self.assertIn(problem, result.stderr)
                    self.assertNotIn(KEY, result.stderr)


if __name__ == "__main__":
    unittest.main()
