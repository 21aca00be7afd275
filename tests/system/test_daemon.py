"""The Linux program bc260y: its options, its four kinds of AT port, its sockets, its traces.

What the module says over AT and CoAP is tested elsewhere; here a small fake server answers every
registration, and the commands are the simplest that do the job.
"""

import os
import pty
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import termios
import threading
import time
import tty
import unittest

import support
from support import AtPort, Module, Program

CREATED, CHANGED, DELETED = 0x41, 0x44, 0x42
SECRET = "6d79736563726574"
BOOT = ["RDY", "+CFUN: 1", "+CPIN: READY"]


class FakeServer:
    """Answers each confirmable request with 2.01 (POST) or 2.02, and can send pings."""

    def __init__(self, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.host, self.port = self.socket.getsockname()[:2]
        self.peer = None
        self.seen = []
        self.replies = []
        self.arrived = threading.Condition()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        wake = socket.socket(self.socket.family, socket.SOCK_DGRAM)
        wake.sendto(b"stop", (self.host, self.port))
        self.thread.join(5)
        wake.close()
        self.socket.close()

    def serve(self):
        while True:
            data, peer = self.socket.recvfrom(2048)
            if data == b"stop":
                return
            kind = data[0] >> 4 & 3
            with self.arrived:
                self.peer = peer
                (self.seen if kind == 0 else self.replies).append(data)
                self.arrived.notify_all()
            if kind == 0:
                token = data[4:4 + (data[0] & 15)]
                code = CREATED if data[1] == 2 else DELETED
                location = b"\x82rd\x011" if code == CREATED else b""  # Location-Path rd, 1
                self.socket.sendto(bytes([0x60 | len(token), code]) + data[2:4] + token + location,
                                   peer)

    def wait_for_reply(self, message_id, limit_s=5.0):
        """The reply to a message of ours; a failure when none comes in time."""
        wanted = message_id.to_bytes(2, "big")

        def found():
            return [reply for reply in self.replies if reply[2:4] == wanted]
        with self.arrived:
            if not self.arrived.wait_for(found, limit_s):
                raise support.Failure(f"no reply to message {message_id} within {limit_s} s")
            return found()[0]

    def ping(self, message_id):
        """An empty CON, which every CoAP end point answers (RFC 7252 4.3)."""
        self.socket.sendto(b"\x40\x00" + message_id.to_bytes(2, "big"), self.peer)
        return self.wait_for_reply(message_id)


def register(at, host, port, psk=None):
    """Configure and register; the result code as text."""
    security = f'0,"id","{psk}"' if psk else "3"
    if at.command(f'AT+QLACONFIG=0,"{host}",{port},"endpoint",300,{security}') != ["OK"]:
        raise support.Failure("the configuration is refused")
    if at.command("AT+QLAREG") != ["OK"]:
        raise support.Failure("the registration is refused")
    return at.wait_for(r"^\+QLAREG: (\d+)$").group(1)


class TcpModule(Module):
    """bc260y on a free TCP port."""

    def __init__(self, *args, where="127.0.0.1:0", **options):
        super().__init__("--tcp", where, *args, **options)

    def connect(self):
        host, port = self.port.rsplit(":", 1)
        return socket.create_connection((host.strip("[]"), int(port)), timeout=5)


def read_until(sock, end):
    """Bytes up to and with `end`, or all of them when the other side closes."""
    data = b""
    while end not in data:
        more = sock.recv(4096)
        if not more:
            break
        data += more
    return data


class Scratch(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-daemon-")
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def fails(self, status, pattern, *args, **options):
        """The program ends at once with that status, one line on stderr and silence else."""
        result = support.run("bc260y", *args, limit_s=10, **options)
        self.assertEqual(result.returncode, status, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("bc260y: "), result.stderr)
        self.assertRegex(result.stderr, pattern)


class Options(Scratch):
    def test_help_and_version_end_well(self):
        result = support.run("bc260y", "--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for option in ("pty", "tty", "tcp", "stdio", "config", "set", "pcap", "trace", "seed",
                       "time-scale", "state", "name", "factory-reset", "help", "version"):
            self.assertIn(f"--{option}", result.stdout)
        result = support.run("bc260y", "--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"\Abc260y \d+\.\d+\.\d+\n\Z")

    def test_wrong_options_are_one_line_and_status_2(self):
        for args, pattern in [
                (["--nonsense"], "--nonsense"),
                (["-x"], "-x"),
                (["-xy"], "-x"),
                (["--trace=yes"], "--trace"),
                (["word"], "word"),
                (["--pty"], "--pty needs"),
                (["--pty", ""], "--pty"),
                (["--stdio", "--tcp", "0"], "only one"),
                (["--pty", "a", "--stdio"], "only one"),
                (["--stdio", "--stdio"], "only one"),
                (["--tty", ""], "--tty"),
                (["--tty", "/dev/ttyS0:115201"], "115201"),
                (["--tty", "/dev/ttyS0:0"], "baud"),
                (["--tcp", ""], "PORT"),
                (["--tcp", "65536"], "65535"),
                (["--tcp", "localhost:http"], "PORT"),
                (["--tcp", "::1:80"], "IPV6"),
                (["--tcp", "x" * 300 + ":1"], "PORT"),
                (["--state", ""], "--state"),
                (["--state", "a", "--state", "b"], "once"),
                (["--name", ""], "--name"),
                (["--name", "../a"], "--name"),
                (["--name", ".a"], "--name"),
                (["--seed", "-1"], "--seed"),
                (["--seed", "18446744073709551616"], "--seed"),
                (["--seed", "0x10"], "--seed"),
                (["--time-scale", "0"], "1 to 1000"),
                (["--time-scale", "1001"], "1 to 1000"),
                (["--time-scale", "1.5"], "1 to 1000"),
                (["--pcap", ""], "--pcap"),
                (["--pcap", "a", "--pcap", "b"], "--pcap"),
                (["--config", "a", "--config", "b"], "--config"),
                (["--control", ""], "--control"),
                (["--control", "a", "--control", "b"], "--control"),
                (["--scenario", "a", "--scenario", "b"], "--scenario"),
                (["--set", "imei"], "KEY=VALUE"),
                (["--set", "imei=12"], "15 digits"),
                (["--set", "imei=86772403002355x"], "15 digits"),
                (["--set", "imsi=" + "1" * 16], "15 digits"),
                (["--set", "iccid=" + "1" * 19], "20 digits"),
                (["--set", "revision="], "1 to 31"),
                (["--set", "revision=" + "R" * 32], "1 to 31"),
                (["--set", "address=10.1.1"], "IPv4 or IPv6"),
                (["--set", "attach_ms=soon"], "milliseconds"),
                (["--set", "awake_ms=4294967296"], "milliseconds"),
                (["--set", "keep_wake_command=2"], "0 or 1"),
                (["--set", "colour=red"], "unknown key"),
                (["--set", "imei=" + "1" * 600], "longer"),
        ]:
            with self.subTest(args=args):
                self.fails(2, re.escape(pattern), *args)

    def test_wrong_config_lines_are_named_by_file_and_line(self):
        for text, pattern in [
                ("imei=1\n", r":1: imei must be 15 digits"),
                ("# fine\n\nimei\n", r":3: .*KEY=VALUE"),
                ("attach_ms=1\ncolour=red # or not\n", r":2: unknown key"),
                ("#" + "x" * 2000 + "\n", r":1: longer"),
                ("revision=caf\u00e9\n", r":1: revision must be"),
        ]:
            with self.subTest(text=text):
                self.fails(2, re.escape(self.path("config")) + pattern,
                           "--config", self.file("config", text))

    def test_a_config_that_cannot_be_read_is_status_1(self):
        self.fails(1, "cannot read", "--config", self.path("absent"))
        self.fails(1, "cannot read", "--config", self.folder)

    def test_set_wins_over_config_wherever_it_stands(self):
        config = self.file("config", "  # the bench's own\r\n imei = 111111111111111 # new\r\n"
                                     "imsi=222222222222222\r\nattach_ms=0")
        given = ["--set", "imei=333333333333333"]
        for args in (given + ["--config", config], ["--config", config] + given):
            with self.subTest(args=args), Module(*args) as module, AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                self.assertEqual(at.command("AT+CGSN=1"), ["+CGSN: 333333333333333", "OK"])
                self.assertEqual(at.command("AT+CIMI"), ["222222222222222", "OK"])

    def test_the_address_of_the_settings_is_announced(self):
        with Module("--set", "address=10.9.8.7", "--set", "attach_ms=0") as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: 10\.9\.8\.7$")


class Pty(Scratch):
    def test_the_first_line_names_a_terminal_and_the_link_leads_there(self):
        with Module("--pty", self.path("link")) as module:
            self.assertTrue(stat.S_ISCHR(os.stat(module.port).st_mode))
            self.assertEqual(os.readlink(self.path("link")), module.port)
            with AtPort(self.path("link")) as at:
                for line in BOOT:
                    at.expect(line)
                at.wait_for(r"^\+IP: 10\.177\.135\.245$")
                at.send("AT")
                at.expect("AT")
                at.expect("OK")
            module.signal(15)
            self.assertEqual(module.wait(), 0)
            self.assertFalse(os.path.lexists(self.path("link")))
            self.assertEqual((module.lines, module.stderr_text()),
                             ([f"AT port: {module.port}"], ""))

    def test_signals_end_it_cleanly(self):
        for number in (2, 15, 1):
            with self.subTest(signal=number), Module("--pty", self.path("link")) as module:
                module.signal(number)
                self.assertEqual(module.wait(), 0)
                self.assertFalse(os.path.lexists(self.path("link")))

    def test_terminals_may_come_and_go(self):
        with Module("--set", "attach_ms=0") as module:
            for _ in range(3):
                with AtPort(module.port) as at:
                    at.send("AT")
                    at.wait_for("^OK$")

    def test_a_link_that_a_killed_run_left_is_replaced(self):
        with Module("--pty", self.path("link")) as module:
            module.kill()
        self.assertTrue(os.path.islink(self.path("link")))
        if os.path.exists(self.path("link")):  # another process has got the pty's number since
            os.unlink(self.path("link"))
            os.symlink("/dev/pts/999999", self.path("link"))
        with Module("--pty", self.path("link")) as module:
            self.assertEqual(os.readlink(self.path("link")), module.port)

    def test_other_files_are_not_replaced(self):
        self.fails(1, "exists already", "--pty", self.file("file", "precious"))
        with open(self.path("file"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")
        os.symlink("/dev/null", self.path("link"))
        self.fails(1, "exists already", "--pty", self.path("link"))
        self.assertEqual(os.readlink(self.path("link")), "/dev/null")
        self.fails(1, "cannot make the link", "--pty", self.path("absent/link"))

    def test_a_link_that_changed_hands_is_not_removed(self):
        with Module("--pty", self.path("link")) as module:
            os.unlink(self.path("link"))
            os.symlink("/dev/null", self.path("link"))
            module.signal(15)
            self.assertEqual(module.wait(), 0)
        self.assertEqual(os.readlink(self.path("link")), "/dev/null")


class Tty(Scratch):
    def open_pair(self):
        """The far end's descriptor and the name of a device that behaves as a serial line."""
        master, slave = pty.openpty()
        self.addCleanup(lambda: os.close(slave))
        return master, slave, os.ttyname(slave)

    def test_a_device_is_used_raw_at_the_given_rate_and_put_back(self):
        master, slave, name = self.open_pair()
        self.addCleanup(lambda: os.close(master))
        before = termios.tcgetattr(slave)
        for suffix, rate in ((":9600", termios.B9600), ("", termios.B115200)):
            with self.subTest(suffix=suffix), Tty.start(name + suffix) as module:
                mode = termios.tcgetattr(slave)
                self.assertEqual(mode[4:6], [rate, rate])
                self.assertEqual(mode[3] & (termios.ECHO | termios.ICANON | termios.ISIG), 0)
                self.assertEqual(mode[2] & (termios.CSIZE | termios.PARENB | termios.CSTOPB),
                                 termios.CS8)
                os.write(master, b"AT\r")
                data = b""
                while b"\r\nOK\r\n" not in data:
                    data += os.read(master, 1024)
                self.assertIn(b"\r\nRDY\r\n", data)
                module.signal(15)
                self.assertEqual(module.wait(), 0)
                self.assertEqual(termios.tcgetattr(slave), before)

    def test_the_rate_follows_the_host(self):
        """AT+IPR counts behind its answer, and until the next reboot."""
        master, slave, name = self.open_pair()
        self.addCleanup(lambda: os.close(master))

        def wait_for(end):
            data = b""
            while end not in data:
                data += os.read(master, 1024)

        def rate():
            return termios.tcgetattr(slave)[5]
        with Tty.start(name + ":9600") as module:
            for command, rates in ((b"AT+IPR?", (termios.B9600,)),
                                   (b"AT+IPR=57600", (termios.B9600, termios.B57600)),
                                   (b"AT+IPR=0", (termios.B57600,)),
                                   (b"AT+IPR=14400", (termios.B57600,))):
                os.write(master, command + b"\r")
                wait_for(b"\r\nOK\r\n")
                self.assertIn(rate(), rates)  # it may be too early for the new one
            os.write(master, b"AT+QRST=1\r")
            wait_for(b"+IP: ")
            self.assertEqual(rate(), termios.B9600)
            self.assertIn("to 14400 baud", module.stderr_text())

    @staticmethod
    def start(where):
        class Started(Program):
            def started(self):
                self.wait_for_line("^AT port: " + re.escape(where.split(":")[0]) + "$")
        return Started("bc260y", "--tty", where)

    def test_a_device_that_vanishes_is_an_error(self):
        for pending in (b"", b"AT\r", b"AT\r" * 1000):
            master, _, name = self.open_pair()
            with self.subTest(pending=len(pending)), Tty.start(name) as module:
                os.set_blocking(master, False)
                if pending:
                    os.write(master, pending)
                os.close(master)
                self.assertEqual(module.wait(), 1)
                self.assertRegex(module.stderr_text(), r"\Abc260y: /dev/\S+ has vanished.*\n\Z")

    def test_what_cannot_be_a_port_is_an_error(self):
        self.fails(1, "cannot open .*: No such file", "--tty", self.path("absent"))
        self.fails(1, "not a serial device", "--tty", self.file("file", ""))
        self.fails(1, "cannot open", "--tty", self.folder)


class Tcp(Scratch):
    def test_one_client_at_a_time(self):
        with TcpModule("--set", "attach_ms=0") as module:
            self.assertRegex(module.port, r"\A127\.0\.0\.1:[1-9]\d*\Z")
            with module.connect() as first:
                self.assertIn(b"\r\nRDY\r\n", read_until(first, b"+IP: 10.177.135.245\r\n"))
                with module.connect() as second:
                    try:
                        self.assertEqual(second.recv(100), b"")
                    except ConnectionResetError:
                        pass
                first.sendall(b"AT\r")
                self.assertEqual(read_until(first, b"OK\r\n"), b"AT\r\r\nOK\r\n")
            self.assert_served(module)
            self.assertEqual(module.lines, [f"AT port: {module.port}"])

    def assert_served(self, module):
        """The next client gets its turn once the one before is seen to have left."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with module.connect() as client:
                try:
                    client.sendall(b"\rAT\r")  # the client before may have left half a command
                    if read_until(client, b"\r\nOK\r\n").endswith(b"\r\nOK\r\n"):
                        return
                except ConnectionError:
                    pass  # still refused
        self.fail("the port is still held by a client that has left")

    def test_a_client_that_ends_its_sending_gets_its_answers(self):
        with TcpModule() as module, module.connect() as client:
            client.sendall(b"AT\rAT+CGSN=1\r")
            client.shutdown(socket.SHUT_WR)
            data = read_until(client, b"never")
            self.assertEqual(data.count(b"\r\nOK\r\n"), 2, data)

    def test_a_client_that_breaks_off_makes_room(self):
        with TcpModule() as module:
            with module.connect() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.sendall(b"AT+CGS")
            self.assert_served(module)

    def test_ipv6_and_names_are_listened_on(self):
        for where in ("[::1]:0", "localhost:0", ":0", "0"):
            with self.subTest(where=where):
                if "::" in where and not ipv6_works():
                    self.skipTest("no IPv6 here")
                with TcpModule(where=where) as module, module.connect() as client:
                    self.assertIn(b"RDY", read_until(client, b"READY"))

    def test_a_port_in_use_is_an_error(self):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            self.fails(1, "cannot listen on 127.0.0.1 port .*in use", "--tcp", f"127.0.0.1:{port}")

    def test_a_name_without_address_is_an_error(self):
        self.fails(1, "cannot listen on", "--tcp", "no such host:0")


def stdio_program():
    """Started without support.py, so it must not look for its home."""
    return [support.program("bc260y"), "--stdio", "--state", "none"]


class Stdio(Scratch):
    def test_output_is_clean_and_the_end_of_input_ends_it(self):
        result = support.run("bc260y", "--stdio", stdin=None, input="AT\rATE0\rAT\r")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "AT port: stdio\n")
        self.assertIn("RDY", result.stdout)
        self.assertNotIn("AT port", result.stdout)
        self.assertTrue(result.stdout.endswith("\nOK\n"), result.stdout)
        self.assertEqual(result.stdout.count("OK"), 3)

    def test_files_can_be_input_and_output(self):
        script = self.file("script", "AT\r" * 3000)
        with open(script, "rb") as source, open(self.path("output"), "wb") as sink:
            subprocess.run(stdio_program(), stdin=source, stdout=sink,
                           stderr=subprocess.DEVNULL, timeout=30, check=True)
        with open(self.path("output"), "rb") as file:
            self.assertEqual(file.read().count(b"AT\r\r\nOK\r\n"), 3000)

    def test_a_reader_that_is_slow_gets_everything(self):
        with subprocess.Popen(stdio_program(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            feeder = threading.Thread(target=self.feed, args=(process.stdin, b"AT\r" * 20000))
            feeder.start()
            time.sleep(0.2)  # let the pipe fill
            data = process.stdout.read()
            feeder.join(20)
            self.assertEqual(process.wait(20), 0)
        self.assertEqual(data.count(b"AT\r\r\nOK\r\n"), 20000)

    @staticmethod
    def feed(pipe, data):
        pipe.write(data)
        pipe.close()

    def test_a_reader_that_has_gone_is_an_error(self):
        with subprocess.Popen(stdio_program(), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            process.stdin.write(b"AT\r")
            process.stdin.flush()
            self.assertEqual(process.wait(10), 1)
            self.assertIn(b"Broken pipe", process.stderr.read())

    def test_the_flags_of_a_shared_terminal_stay_as_they_were(self):
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        try:
            with subprocess.Popen(stdio_program(), stdin=slave,
                                  stdout=slave, stderr=subprocess.PIPE) as process:
                process.stderr.readline()
                self.assertTrue(os.get_blocking(slave))
                os.write(master, b"AT\r")
                data = b""
                while b"OK" not in data:
                    data += os.read(master, 1024)
                process.terminate()
                self.assertEqual(process.wait(5), 0)
            self.assertEqual(termios.tcgetattr(slave), before)
        finally:
            os.close(master)
            os.close(slave)


class Network(Scratch):
    def test_it_registers_by_address_and_by_name(self):
        for host in ("127.0.0.1", "localhost"):
            with self.subTest(host=host), FakeServer() as server, Module() as module:
                with AtPort(module.port) as at:
                    at.wait_for(r"^\+IP: ")
                    self.assertEqual(register(at, host, server.port), "0")
                    server.ping(0x1234)

    def test_it_registers_over_ipv6(self):
        if not ipv6_works():
            self.skipTest("no IPv6 here")
        capture = self.path("capture")
        with FakeServer("::1") as server, Module("--pcap", capture) as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                self.assertEqual(register(at, "::1", server.port), "0")
            self.check_capture(capture, server, "::1")

    def test_a_dead_server_is_a_timeout_not_an_error(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        with Module() as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            self.assertEqual(at.command('AT+QLACFG="retransmit",2,0'), ["OK"])
            self.assertEqual(register(at, "127.0.0.1", port), "1")

    def test_a_datagram_that_is_too_long_is_dropped(self):
        with FakeServer() as server, Module("--trace") as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            self.assertEqual(register(at, "127.0.0.1", server.port), "0")
            server.socket.sendto(b"\x40" * 1401, server.peer)
            server.socket.sendto(b"", server.peer)
            server.ping(0x4321)
            self.assertIn("dropped a datagram of more than 1400 bytes", module.stderr_text())

    def test_a_stalled_reader_does_not_stop_the_network(self):
        with FakeServer() as server, Module() as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            self.assertEqual(register(at, "127.0.0.1", server.port), "0")
            sent = self.fill(at)
            for message_id in range(100, 110):
                server.ping(message_id)
            answered = 0
            while answered < sent:
                answered += at.read_line() == "OK"

    def test_updates_go_on_while_no_host_is_there(self):
        with FakeServer() as server, \
                TcpModule("--time-scale", "100", "--set", "attach_ms=0") as module:
            with module.connect() as host:
                read_until(host, b"+IP: 10.177.135.245\r\n")
                for line in ("AT+QSCLK=0", f'AT+QLACONFIG=0,"127.0.0.1",{server.port},"ep",20,3'):
                    host.sendall(line.encode() + b"\r")
                    read_until(host, b"\r\nOK\r\n")
                host.sendall(b"AT+QLAREG\r")
                read_until(host, b"+QLAREG: 0\r\n")
            with server.arrived:  # one each 10 s of the module's
                self.assertTrue(server.arrived.wait_for(lambda: len(server.seen) > 30, 10))
            with module.connect() as host:
                ping = b'\r\n+QLAURC: "ping",0\r\n'
                self.assertTrue(read_until(host, ping * 12).startswith(ping * 12))

    def fill(self, at):
        """Write commands without reading until nothing moves; how many were written whole."""
        written = 0
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < 0.3:
            try:
                written += os.write(at.fd, (b"AT\r" * 100)[written % 3:])
                idle_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
            self.assertLess(written, 4 << 20, "the port takes commands without end")
        return written // 3

    def test_it_ends_while_a_reader_stalls(self):
        with Module() as module, AtPort(module.port) as at:
            self.fill(at)
            module.signal(15)
            self.assertEqual(module.wait(), 0)

    def check_capture(self, path, server, host):
        """tshark finds only CoAP, with good checksums, in both directions."""
        if shutil.which("tshark") is None:
            self.skipTest("tshark is not installed")
        fields = ["_ws.col.Protocol", "_ws.malformed", "udp.checksum.status", "udp.srcport",
                  "udp.dstport", "ip.checksum.status", "ip.src", "ipv6.src"]
        command = ["tshark", "-n", "-r", path, "-d", f"udp.port=={server.port},coap",
                   "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
                   "-T", "fields", "-E", "separator=|"]
        for field in fields:
            command += ["-e", field]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        rows = [line.split("|") for line in result.stdout.splitlines()]
        ours = str(server.peer[1])
        self.assertIn([ours, str(server.port)], [row[3:5] for row in rows])
        self.assertIn([str(server.port), ours], [row[3:5] for row in rows])
        for row in rows:
            self.assertEqual(row[:3], ["CoAP", "", "1"], result.stdout)
            if ":" in host:
                self.assertEqual(row[7], host)
            else:
                self.assertEqual(row[5:7], ["1", host])

    def test_the_capture_is_private_and_well_formed(self):
        capture = self.file("capture", "an older file that others may read")
        os.chmod(capture, 0o644)
        with FakeServer() as server, Module("--pcap", capture) as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                self.assertEqual(register(at, "127.0.0.1", server.port), "0")
                server.ping(7)
            self.assertEqual(stat.S_IMODE(os.stat(capture).st_mode), 0o600)
            self.check_capture(capture, server, "127.0.0.1")  # while it still runs

    def test_a_capture_that_cannot_be_written_is_an_error(self):
        self.fails(1, "cannot write the capture", "--pcap", self.path("absent/capture"))
        self.fails(1, "cannot write the capture", "--pcap", self.folder)
        self.fails(1, "cannot write the capture .*space", "--pcap", "/dev/full")


class Names(Scratch):
    def preload(self, body):
        """An environment in which getaddrinfo() has this body."""
        compiler = shutil.which("cc")
        if compiler is None:
            self.skipTest("no C compiler here")
        source = self.file("names.c", "#include <netdb.h>\n#include <unistd.h>\n"
                                      "int getaddrinfo(const char *n, const char *s, "
                                      "const struct addrinfo *h, struct addrinfo **r)\n"
                                      "{ (void)n; (void)s; (void)h; (void)r; " + body + " }\n")
        library = self.path("names.so")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return {"LD_PRELOAD": library, "ASAN_OPTIONS": sanitizer + ":verify_asan_link_order=0"}

    @staticmethod
    def children(pid):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(child) for child in file.read().split()]

    def test_a_silent_name_server_does_not_stop_the_at_port(self):
        env = self.preload("for (;;) pause();")
        with Module("--set", "attach_ms=0", env=env) as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                self.assertEqual(
                    at.command('AT+QLACONFIG=0,"server.invalid",5683,"endpoint",300,3'), ["OK"])
                self.assertEqual(at.command("AT+QLAREG"), ["OK"])
                for _ in range(5):
                    self.assertEqual(at.command("AT", limit_s=2), ["OK"])
            (child,) = self.children(module.pid)
            module.signal(15)
            self.assertEqual(module.wait(), 0)
            self.assertFalse(os.path.exists(f"/proc/{child}"))

    def test_a_name_without_address_fails_the_registration(self):
        env = self.preload("return EAI_NONAME;")
        with Module("--set", "attach_ms=0", env=env) as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            self.assertEqual(register(at, "server.invalid", 5683), "900")
            self.assertEqual(self.children(module.pid), [])

    def test_an_address_needs_no_name_server(self):
        env = self.preload("_exit(99);")
        with FakeServer() as server, Module("--set", "attach_ms=0", env=env) as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                self.assertEqual(register(at, "127.0.0.1", server.port), "0")


class Trace(Scratch):
    def test_both_sides_are_shown_with_times(self):
        with FakeServer() as server, Module("--trace", "--seed", "42") as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ")
                self.assertEqual(register(at, "127.0.0.1", server.port), "0")
                at.write(b"AT\x01\x80\r")
                at.wait_for("^(OK|ERROR)$")
            text = module.stderr_text()
        for line in (r"AT out  RDY", r"AT in   AT\+QLAREG", r"AT out  \+QLAREG: 0",
                     r"AT in   AT\\x01\\x80", r"note    .*--seed 42",
                     rf"UDP out 127\.0\.0\.1:{server.port} CON POST mid=\d+ .*/rd\?",
                     rf"UDP in  127\.0\.0\.1:{server.port} ACK 2\.01 mid=\d+"):
            self.assertRegex(text, rf"(?m)^\[ *\d+\] {line}")
        self.assertNotRegex(text, r"[^\n\x20-\x7e]")

    def test_a_seed_repeats_the_messages(self):
        def first_message(*args):
            with FakeServer() as server, Module("--trace", *args) as module:
                with AtPort(module.port) as at:
                    at.wait_for(r"^\+IP: ")
                    self.assertEqual(register(at, "127.0.0.1", server.port), "0")
                return server.seen[0], re.search(r"--seed (\d+)", module.stderr_text()).group(1)
        message, seed = first_message()
        self.assertEqual(first_message("--seed", seed), (message, seed))
        self.assertNotEqual(first_message("--seed", str(int(seed) ^ 12345))[0], message)

    def test_the_psk_is_never_shown(self):
        with Module("--trace", "--set", "attach_ms=0") as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            at.command(f'AT+QLACONFIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"')
            at.command("AT+QLACONFIG?")
            for line in (f'at+qlaconfig = 0 , 127.0.0.1,5684,ep,300,0,id,{SECRET},1',
                         f'AT+QLACONFIG=0,"a,b",5684,"ep,300,0,"id","{SECRET}"',
                         f'AT+QLACONX\bFIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"',
                         f'AT+QLACONX\x01\bFIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"',
                         f'AT+QLACONX\x7fFIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"',
                         f'AT+QLACON\nFIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"',
                         f'AT+QLACON\x00FIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"',
                         f'AT+QLACONFIG=0,"127.0.0.1",5684,"ep",0,"id","{SECRET}"',
                         f'AT+CMEE=0;+QLACONFIG=0,"127.0.0.1",5684,"ep",300,0,"id","{SECRET}"'):
                at.send(line)
                at.wait_for("^(OK|ERROR)$")
            at.send("AT+CGSN=1")
            at.wait_for(r"^\+CGSN: ")
            text = module.stderr_text()
        self.assertRegex(text, r'AT in   AT\+QLACONFIG=0,"127\.0\.0\.1",5684,"ep",300,0,\*\*\*\n')
        self.assertNotIn(SECRET, text.lower())

    def test_nothing_is_said_without_it(self):
        with FakeServer() as server, Module() as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            self.assertEqual(register(at, "127.0.0.1", server.port), "0")
            self.assertEqual(module.stderr_text(), "")


class Time(Scratch):
    def test_scaled_time_runs_faster(self):
        started = time.monotonic()
        with Module("--time-scale", "100", "--set", "attach_ms=50000") as module:
            with AtPort(module.port) as at:
                at.wait_for(r"^\+IP: ", limit_s=10)
        self.assertGreaterEqual(time.monotonic() - started, 0.5)

    def test_an_idle_module_sleeps(self):
        with Module("--set", "attach_ms=0") as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            self.assertLess(self.cpu_ticks(module.pid, 1.0), 10)

    def test_a_module_that_nobody_listens_to_sleeps(self):
        with TcpModule("--set", "attach_ms=0") as module:
            self.assertLess(self.cpu_ticks(module.pid, 1.0), 10)

    @staticmethod
    def cpu_ticks(pid, seconds):
        """Hundredths of a second of processor time used while `seconds` pass."""
        def used():
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return sum(int(field) for field in file.read().rsplit(")", 1)[1].split()[11:13])
        before = used()
        time.sleep(seconds)
        return used() - before


def ipv6_works():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
