"""The control socket, bc260y-ctl and scenario files: every command against a running bc260y.

What a fault does to each datagram is tested in tests/daemon/; here, that each word reaches what it
names, and that nobody who should not does.
"""

import json
import os
import re
import shutil
import socket
import stat
import tempfile
import time
import unittest

import support
from support import AtPort, Module, Platform
from test_daemon import FakeServer, register

PSK = "5e5a6d6f70656e7e5e5a6d6f70656e7e"
PSK_TEXT = "xyzzy-plugh-plover"


class Controlled(unittest.TestCase):
    """A module with a control socket, and the host at its AT port."""

    def start(self, *args, scale=1):
        """Time runs faster only when the module can no longer fall asleep."""
        self.folder = tempfile.mkdtemp(prefix="bc260y-control-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.socket_path = os.path.join(self.folder, "control")
        self.module = Module("--control", self.socket_path, "--set", "attach_ms=0", *args)
        self.module.__enter__()
        self.addCleanup(self.module.stop)
        self.at = AtPort(self.module.port)
        self.at.__enter__()
        self.addCleanup(self.at.__exit__)
        self.at.wait_for(r"^\+IP: ")
        self.host("ATE0", "AT+QSCLK=0")
        if scale > 1:
            self.ctl(f"time-scale {scale}")

    def start_server(self):
        server = FakeServer()
        server.__enter__()
        self.addCleanup(server.__exit__)
        return server

    def host(self, *lines):
        for line in lines:
            self.assertEqual(self.at.command(line)[-1], "OK", line)

    def run_ctl(self, *words):
        return support.run("bc260y-ctl", "--socket", self.socket_path, *words)

    def ctl(self, words):
        """A command that must succeed without a word on stderr; its answer."""
        result = self.run_ctl("--json", *words.split())
        self.assertEqual((result.returncode, result.stderr), (0, ""), words)
        answer = json.loads(result.stdout)
        self.assertTrue(answer["ok"])
        return answer

    def link(self, way="up"):
        return self.ctl("link")["link"][way]

    def energy(self):
        return self.ctl("energy")["energy"]

    def dump(self):
        return self.ctl("dump")["module"]


class Supply(Controlled):
    def test_power_cut_boots_the_module_and_ends_its_session(self):
        self.start()
        server = self.start_server()
        self.assertEqual(register(self.at, "127.0.0.1", server.port), "0")
        self.assertEqual(self.at.command("AT+QLASTATUS?")[0], "+QLASTATUS: 2")
        self.ctl("power cut")
        self.at.expect("RDY")
        self.at.wait_for(r"^\+IP: ")
        self.host("ATE0")
        self.assertEqual(self.at.command("AT+QLASTATUS?")[0], "+QLASTATUS: 0")

    def test_power_cut_for_a_time_ends_by_itself(self):
        self.start(scale=100)
        self.ctl("power cut 1m")
        self.assertEqual(self.dump()["power"]["state"], "no supply")
        self.at.expect("RDY")
        self.assertIn(self.dump()["power"]["state"], ("awake", "deep sleep"))
        self.assertGreaterEqual(self.energy()["off"]["seconds"], 60)

    def test_power_that_is_switched_off_meanwhile_does_not_come_back(self):
        self.start(scale=100)
        self.ctl("power cut 10s")
        self.ctl("power off")
        time.sleep(0.2)
        self.assertEqual(self.dump()["power"]["state"], "no supply")
        self.ctl("power on")
        self.at.expect("RDY")

    def test_module_without_power_is_silent_until_power_comes(self):
        self.start()
        self.ctl("power off")
        self.at.send("AT")
        self.ctl("reset")
        self.ctl("wake")
        with self.assertRaises(support.Failure):
            self.at.read_line(0.3)
        self.ctl("power on")
        self.at.expect("RDY")

    def test_reset_boots_the_module(self):
        self.start()
        self.ctl("reset")
        self.at.expect("RDY")

    def test_wake_ends_deep_sleep(self):
        self.start(scale=50)
        self.host("AT+QSCLK=1")
        self.at.wait_for("ENTER DEEPSLEEP")
        self.assertEqual(self.dump()["power"]["state"], "deep sleep")
        self.ctl("wake")
        self.at.wait_for("EXIT DEEPSLEEP")


class Antenna(Controlled):
    def test_registration_without_coverage_ends_in_900(self):
        self.start()
        server = self.start_server()
        self.host("AT+CEREG=1")
        self.ctl("detach")
        self.at.expect("+CEREG: 2")
        self.assertEqual(self.at.command("AT+CSQ")[0], "+CSQ: 99,99")
        self.assertEqual(register(self.at, "127.0.0.1", server.port), "900")
        self.ctl("attach")
        self.at.expect("+CEREG: 1")
        self.at.wait_for(r"^\+IP: ")
        self.host("AT+QLAREG")
        self.at.expect("+QLAREG: 0")

    def test_signal_is_what_csq_tells(self):
        self.start()
        self.ctl("rssi -101")
        self.assertEqual(self.at.command("AT+CSQ")[0], "+CSQ: 6,0")
        self.assertEqual(self.dump()["radio"]["rssi_dbm"], -101)


class Network(Controlled):
    def start_registered(self, *args):
        self.start(*args)
        self.server = self.start_server()
        self.assertEqual(register(self.at, "127.0.0.1", self.server.port), "0")
        self.server.seen.clear()

    def wait_for_seen(self, count):
        with self.server.arrived:
            if not self.server.arrived.wait_for(lambda: len(self.server.seen) >= count, 5):
                self.fail(f"the server has {len(self.server.seen)} of {count} messages")
            return list(self.server.seen)

    def test_registration_through_total_loss_ends_in_1(self):
        self.start(scale=100)
        server = self.start_server()
        self.ctl("loss 100 up")
        self.host('AT+QLACFG="retransmit",2,1')
        self.assertEqual(register(self.at, "127.0.0.1", server.port), "1")
        self.assertEqual(server.seen, [])
        self.assertEqual(self.link()["lost"], 2)
        self.ctl("loss 0")
        self.ctl("loss 100 down")
        self.host("AT+QLAREG")
        self.at.expect("+QLAREG: 1")
        self.assertEqual(len(server.seen), 2)
        self.assertEqual(self.link("down")["lost"], 2)
        self.ctl("heal")
        self.host("AT+QLAREG")
        self.at.expect("+QLAREG: 0")

    def test_duplicates_arrive_and_are_answered_once(self):
        self.start_registered()
        self.ctl("duplicate 100")
        self.host("AT+QLAUPDATE=0,600")
        self.at.wait_for(r"^\+QLAUPDATE: 0,")
        first, second = self.wait_for_seen(2)
        self.assertEqual(first, second)
        self.assertEqual(self.link("up")["duplicated"], 1)
        self.assertEqual(self.at.command("AT"), ["OK"])  # no second +QLAUPDATE

    def test_reordered_message_is_overtaken(self):
        self.start_registered()
        self.ctl("reorder 100 1 1h up")
        self.host("AT+QLAUPDATE=0,600")
        self.assertEqual(self.link()["held"], 1)
        self.ctl("reorder 0 up")
        self.host("AT+QLAUPDATE=0,700")
        seen = self.wait_for_seen(2)
        self.assertIn(b"lt=700", seen[0])
        self.assertIn(b"lt=600", seen[1])

    def test_delay_is_each_ways_own(self):
        self.start_registered()
        for way, up_s, down_s in (("up", 1.0, 0.0), ("down", 0.0, 1.0)):
            with self.subTest(way=way):
                self.server.seen.clear()
                self.ctl("heal")
                self.ctl(f"delay 1001ms 0 {way}")
                begin = time.monotonic()
                self.host("AT+QLAUPDATE=0,600")
                self.wait_for_seen(1)
                arrived = time.monotonic()
                self.at.wait_for(r"^\+QLAUPDATE: 0,")
                answered = time.monotonic()
                self.assertGreaterEqual(arrived - begin, up_s)
                self.assertLess(arrived - begin, up_s + 0.9)
                self.assertGreaterEqual(answered - begin, up_s + down_s)

    def test_rate_makes_messages_slow_and_drops_what_does_not_fit(self):
        self.start_registered()
        self.ctl("rate 200 1 up")
        begin = time.monotonic()
        for lifetime in (600, 700, 800):  # about 50 bytes with their headers, 2 s each
            self.host(f"AT+QLAUPDATE=0,{lifetime}")
        link = self.link()
        self.assertEqual((link["held"], link["queue_full"]), (2, 1))
        self.wait_for_seen(1)
        self.assertGreater(time.monotonic() - begin, 1)
        self.ctl("rate off")
        self.assertEqual(self.link()["rate_bps"], 0)

    def test_blackhole_ends_by_itself(self):
        self.start(scale=10)
        server = self.start_server()
        self.host('AT+QLACFG="retransmit",3,4',
                  f'AT+QLACONFIG=0,"127.0.0.1",{server.port},"endpoint",300,3')
        self.ctl("blackhole 20s")
        self.host("AT+QLAREG")
        self.at.expect("+QLAREG: 0")
        self.assertIn(self.link()["blackholed"], (1, 2, 3))  # 0, 3, 9 s; 21 s comes through
        self.assertEqual(len(server.seen), 1)
        self.ctl("blackhole 1h up")
        self.assertGreater(self.link("up")["blackhole_ms"], 3000000)
        self.assertEqual(self.link("down")["blackhole_ms"], 0)
        self.ctl("blackhole off")
        self.assertEqual(self.link("up")["blackhole_ms"], 0)

    def test_rebind_changes_the_port_and_the_platform_follows(self):
        self.start()
        platform = Platform("--open", "dmp", "--control", "control")
        platform.__enter__()
        self.addCleanup(platform.stop)
        path = os.path.join(platform.folder, "control")

        def address():
            result = support.run("bc260y-platform", "ctl", path, "devices")
            return json.loads(result.stdout)["devices"][0]["address"]
        self.assertEqual(self.ctl("rebind"), {"ok": True})  # there is no socket yet
        self.assertEqual(register(self.at, "127.0.0.1", platform.udp_port), "0")
        before = address()
        port = self.ctl("rebind")["ipv4_port"]
        self.assertNotEqual(before, f"127.0.0.1:{port}")
        self.assertEqual(address(), before)
        self.host("AT+QLAUPDATE=0,600")
        self.at.wait_for(r"^\+QLAUPDATE: 0,")
        self.assertEqual(address(), f"127.0.0.1:{port}")


class Instruments(Controlled):
    def test_rai_saves_energy(self):
        self.start(scale=200)
        self.host('AT+QLACFG="auto_ack",1', "AT+QLAADDOBJ=19,0,1,0")
        platform = Platform("--open", "iot")
        platform.__enter__()
        self.addCleanup(platform.stop)
        self.assertEqual(register(self.at, "127.0.0.1", platform.udp_port), "0")
        self.at.wait_for(r'"observe",\d+,0,19,0,0')
        connected = []
        for rai in (0, 1):
            while self.dump()["radio"]["state"] == "connected":
                time.sleep(0.02)
            self.ctl("energy reset")
            self.host(f'AT+QLANOTIFY=19,0,0,1,5,"abcde",0,0,{rai}')
            while self.energy()["total"]["seconds"] < 30:
                time.sleep(0.02)
            energy = self.energy()
            self.assertEqual(energy["total"]["datagrams_up"], 1)
            self.assertGreater(energy["total"]["bytes_up"], 10)
            connected.append(energy["connected"]["seconds"])
        self.assertEqual(connected[1], 0)
        self.assertGreaterEqual(connected[0], 20)

    def test_dump_and_everything_else_keeps_the_key_to_itself(self):
        for psk in (PSK, PSK_TEXT):
            with self.subTest(psk=psk):
                self.start("--trace")
                self.host("AT+QLACONFIG=0,\"127.0.0.1\",5684,\"endpoint\",300,0,"
                          f"\"identity\",\"{psk}\"")
                said = ""
                for words in ("dump", "link", "energy", "help"):
                    for form in ([], ["--json"]):
                        result = self.run_ctl(*form, words)
                        self.assertEqual(result.returncode, 0)
                        said += result.stdout + result.stderr
                self.assertIn("endpoint", said)
                said += self.module.stderr_text()
                for form in (psk, psk.encode().hex(), psk.upper(), psk.encode().hex().upper()):
                    self.assertNotIn(form, said)
                self.module.stop()

    def test_time_scale_changes_at_run_time_and_never_goes_back(self):
        self.start()
        times = [self.ctl("dump")["time_ms"]]
        for scale in (1000, 1, 50, 1):
            self.ctl(f"time-scale {scale}")
            before = self.ctl("dump")
            self.assertEqual(before["time_scale"], scale)
            time.sleep(0.1)
            after = self.ctl("dump")["time_ms"]
            self.assertGreaterEqual(after - before["time_ms"], 100 * scale)
            times += [before["time_ms"], after]
        self.assertEqual(times, sorted(times))
        self.ctl("time-scale 1000")  # and what had been waited for comes sooner
        self.host("AT+QSCLK=1")
        self.at.wait_for("ENTER DEEPSLEEP", 2)

    def test_answers_for_people(self):
        self.start()
        self.ctl("loss 12.5 down")
        link = self.run_ctl("link").stdout
        self.assertRegex(link, r"(?m)^loss_percent +0 +12\.5$")
        energy = self.run_ctl("energy").stdout
        self.assertRegex(energy, r"(?m)^state +seconds ")
        self.assertRegex(energy, r"(?m)^deep_sleep +0\.000 ")
        self.assertRegex(self.run_ctl("dump").stdout, r'(?m)^  "status_name": "not configured",$')
        self.assertEqual(self.run_ctl("heal").stdout, "")
        self.assertIn("loss PERCENT [up|down]\n", self.run_ctl("help").stdout)

    def test_exit_ends_the_program(self):
        self.start()
        self.ctl("exit")
        self.assertEqual(self.module.wait(), 0)
        self.assertFalse(os.path.exists(self.socket_path))


class Usage(Controlled):
    def fails(self, status, pattern, *words, **options):
        result = support.run("bc260y-ctl", *words, **options)
        self.assertEqual(result.returncode, status, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("bc260y-ctl: "), result.stderr)
        self.assertRegex(result.stderr, pattern)

    def test_wrong_usage_is_one_line_and_status_2(self):
        for words, pattern in ((["nonsense"], "there is no command"), ([], "command is missing"),
                               (["loss", "130"], "not a percentage"), (["loss"], "usage: loss"),
                               (["fota-outcome", "x"], "an outcome: .*deactivated.*update"),
                               (["--nonsense"], "--nonsense"), (["x" * 300], "too long"),
                               (["--socket"], "--socket"), (["-x", "link"], "-x")):
            with self.subTest(words=words):
                self.fails(2, pattern, "--socket", "nowhere", *words)
        env = {key: value for key, value in os.environ.items() if key != "BC260Y_CONTROL"}
        self.fails(2, "BC260Y_CONTROL", "link", env=env)

    def test_nobody_there_is_status_1(self):
        self.fails(1, "cannot reach", "--socket", "/nowhere/at/all", "link")
        self.fails(1, "cannot reach", "--socket", "x" * 200, "link")
        self.fails(1, "cannot reach", "--socket", __file__, "link")

    def test_the_socket_can_be_named_by_the_environment(self):
        self.start()
        env = dict(os.environ, BC260Y_CONTROL=self.socket_path)
        self.assertEqual(support.run("bc260y-ctl", "heal", env=env).returncode, 0)

    def test_help_and_version_need_no_module(self):
        result = support.run("bc260y-ctl", "--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for word in ("power cut", "blackhole", "--socket", "--json", "rebind"):
            self.assertIn(word, result.stdout)
        result = support.run("bc260y-ctl", "--version")
        self.assertRegex(result.stdout, r"\Abc260y-ctl \d+\.\d+\.\d+\n\Z")

    def test_manual_and_document_name_every_command(self):
        result = support.run("bc260y-ctl", "--help")
        names = set(re.findall(r"(?m)^  ([a-z][a-z-]*)", result.stdout))
        self.assertGreater(len(names), 15)
        for page in ("man/bc260y-ctl.1", "docs/CONTROL.md"):
            path = os.path.join(support.source_dir(), page)
            with open(path, encoding="utf-8") as file:
                text = file.read().replace("\\-", "-")
            for name in names:
                self.assertRegex(text, rf"(?m)^(\.BR? |\| `)\"?{name}\b", page)


class Socket(Controlled):
    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.addCleanup(client.close)
        client.settimeout(5)
        client.connect(self.socket_path)
        return client

    @staticmethod
    def read_lines(client, count):
        """Whole lines, fewer when the other side closes."""
        data = b""
        while data.count(b"\n") < count:
            more = client.recv(65536)
            if not more:
                break
            data += more
        return [json.loads(line) for line in data.splitlines()]

    def test_socket_is_its_owners_alone(self):
        self.start()
        mode = os.stat(self.socket_path).st_mode
        self.assertTrue(stat.S_ISSOCK(mode))
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.module.signal(15)
        self.assertEqual(self.module.wait(), 0)
        self.assertFalse(os.path.exists(self.socket_path))

    def test_socket_of_a_killed_run_is_replaced_and_a_live_one_is_not(self):
        self.start()
        result = support.run("bc260y", "--control", self.socket_path)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"\Abc260y: --control .*: another program listens.*\n\Z")
        self.ctl("heal")  # it has done no harm
        self.module.kill()
        self.assertTrue(os.path.exists(self.socket_path))
        with Module("--control", self.socket_path):
            self.ctl("heal")
        with open(self.socket_path, "w", encoding="utf-8") as file:
            file.write("precious")
        result = support.run("bc260y", "--control", self.socket_path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("is no socket", result.stderr)
        with open(self.socket_path, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")

    def test_socket_that_cannot_be_made_is_status_1(self):
        for path in ("/nowhere/at/all", "x" * 200):
            result = support.run("bc260y", "--control", path)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, r"\Abc260y: --control .*\n\Z")

    def test_lines_are_answered_in_order_with_their_ids(self):
        self.start()
        client = self.connect()
        client.sendall(b'{"command":"loss 3","id":1}\n\n \r\n{"id":[2],"command":"loss x"}\r\n'
                       b'{"command":"lin')
        client.sendall(b'k","id":"three"}\n')
        one, two, three = self.read_lines(client, 3)
        self.assertEqual(one, {"ok": True, "id": 1})
        self.assertEqual((two["ok"], two["id"]), (False, [2]))
        self.assertIn("not a percentage", two["error"])
        self.assertEqual(three["id"], "three")
        self.assertEqual(three["link"]["up"]["loss_percent"], 3)
        client.sendall(b'{"command":"heal"}')  # a last line without its end
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(self.read_lines(client, 2), [{"ok": True}])

    def test_numbers_are_written_as_people_do(self):
        self.start()
        client = self.connect()
        client.sendall(b'{"command":"heal","id":0.1}\n')
        self.assertEqual(client.recv(100), b'{"ok":true,"id":0.1}\n')

    def test_hostile_lines_are_answered_or_dropped_and_nothing_else(self):
        self.start()
        for line in (b"nonsense", b"{}", b"[]", b"null", b'"heal"', b'{"command":5}',
                     b'{"command":"heal","command":"exit"}', b'{"command":""}',
                     b'{"command":"\\u0000"}', b'{"command":"loss\\u00e9"}', b"\xff\xfe\x00",
                     b'{"command":"' + b"x" * 900 + b'"}', b"[" * 1000, b"{" * 5000,
                     b'{"command":"heal"} ' + b" " * 5000, os.urandom(4000).replace(b"\n", b"")):
            with self.subTest(line=line[:40]):
                client = self.connect()
                client.sendall(line + b'\n{"command":"heal"}\n')
                bad, good = self.read_lines(client, 2)
                self.assertFalse(bad["ok"])
                self.assertTrue(bad["error"])
                self.assertEqual(good, {"ok": True})
                client.close()

    def test_line_may_have_1024_bytes_and_no_more(self):
        self.start()
        client = self.connect()
        heal = b'{"command":"heal"}'
        for length, good in ((1024, True), (1025, False), (1024, True)):
            client.sendall(heal + b" " * (length - len(heal)) + b"\n")
            answer = self.read_lines(client, 1)[0]
            self.assertEqual(answer["ok"], good, answer)
        self.assertEqual(answer, {"ok": True})

    def test_clients_beyond_the_limit_are_turned_away(self):
        self.start()
        clients = [self.connect() for _ in range(8)]
        for client in clients:
            client.sendall(b'{"command":"heal"}\n')
            self.assertEqual(self.read_lines(client, 1), [{"ok": True}])
        self.assertEqual(self.connect().recv(1), b"")
        clients[3].close()
        for _ in range(100):  # its place is free soon
            if self.run_ctl("heal").returncode == 0:
                break
        else:
            self.fail("the place of a client that has left is not given again")

    def test_client_that_does_not_read_stops_nobody_and_loses_nothing(self):
        self.start()
        line = b'{"command":"dump"}\n'
        greedy = self.connect()
        greedy.setblocking(False)
        sent = 0
        try:
            while sent < 4000000:
                sent += greedy.send(line * 50)
        except BlockingIOError:
            pass
        self.assertLess(sent, 4000000)
        self.ctl("heal")
        self.assertEqual(self.at.command("AT"), ["OK"])
        greedy.settimeout(20)
        whole = sent // len(line)
        answers = self.read_lines(greedy, whole)
        self.assertEqual((len(answers), {answer["ok"] for answer in answers}), (whole, {True}))
        self.assertEqual(sorted(answer["time_ms"] for answer in answers),
                         [answer["time_ms"] for answer in answers])

    def test_client_that_leaves_at_once_is_no_trouble(self):
        self.start()
        for data in (b"", b'{"command":"dump"}\n' * 20, b"half a line"):
            client = self.connect()
            client.sendall(data)
            client.close()
        self.ctl("heal")


class Scenario(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-scenario-")
        self.addCleanup(shutil.rmtree, self.folder)

    def file(self, text):
        path = os.path.join(self.folder, "scenario")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_steps_happen_at_the_modules_times(self):
        path = self.file("# a bad minute\n"
                         "0       loss 100\n"
                         "10s     heal\n"
                         "5s      rssi -101      # in between\n"
                         "1m      power cut\n"
                         "1m30s   energy\n"
                         "2m      exit\n")
        begin = time.monotonic()
        with Module("--scenario", path, "--time-scale", "60", "--set", "attach_ms=0") as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                at.wait_for("^RDY$")
                self.assertGreaterEqual(time.monotonic() - begin, 1)
                self.assertEqual(module.wait(), 0)
            self.assertGreaterEqual(time.monotonic() - begin, 2)
            report, = module.stderr_text().splitlines()
        report = json.loads(report)
        self.assertEqual(report["line"], 6)
        self.assertGreaterEqual(report["time_ms"], 90000)
        self.assertAlmostEqual(report["energy"]["total"]["seconds"], report["time_ms"] / 1000)

    def ctl(self, control, *words):
        result = support.run("bc260y-ctl", "--socket", control, "--json", *words)
        self.assertEqual(result.returncode, 0, result)
        return json.loads(result.stdout)

    def fate(self, seed):
        """How a registration through bad luck ends: its code, and how many datagrams were lost."""
        path = self.file("0 loss 80 up\n")
        control = os.path.join(self.folder, "control")
        with Module("--scenario", path, "--seed", seed, "--control", control,
                    "--set", "attach_ms=0") as module, FakeServer() as server:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                for line in ("AT+QSCLK=0", 'AT+QLACFG="retransmit",2,5',
                             f'AT+QLACONFIG=0,"127.0.0.1",{server.port},"endpoint",300,3'):
                    self.assertEqual(at.command(line)[-1], "OK")
                self.ctl(control, "time-scale", "100")
                at.command("AT+QLAREG")
                code = at.wait_for(r"^\+QLAREG: (\d+)$").group(1)
                return code, self.ctl(control, "link")["link"]["up"]["lost"]

    def test_same_seed_and_scenario_are_the_same_fate(self):
        fates = [self.fate(seed) for seed in (11, 11, 12, 13, 14)]
        self.assertEqual(fates[0], fates[1])
        self.assertGreater(len(set(fates)), 1)
        self.assertTrue(all(lost > 0 for _, lost in fates[:2]), fates)

    def test_mistakes_are_named_by_file_and_line(self):
        for text, pattern in (("10s loss 30\n\n10s lose 30\n", r":3: there is no command"),
                              ("soon loss 30\n", r":1: a line is TIME COMMAND"),
                              ("1s loss 130 # much\n", r":1: loss: \"130\" is not"),
                              ("#\n1s reset now\n", r":2: usage: reset"),
                              ("1s " + "x" * 600 + "\n", r":1: longer than")):
            with self.subTest(text=text):
                path = self.file(text)
                result = support.run("bc260y", "--scenario", path)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertRegex(result.stderr, rf"\Abc260y: {re.escape(path)}{pattern}.*\n\Z")

    def test_scenario_that_cannot_be_read_is_status_1(self):
        for path in (self.folder, os.path.join(self.folder, "absent")):
            result = support.run("bc260y", "--scenario", path)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, r"\Abc260y: cannot read --scenario .*\n\Z")


if __name__ == "__main__":
    unittest.main()
