"""bc260y-at against a scripted fake module, on a pty and on TCP."""

import fcntl
import os
import select
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time
import tty
import unittest

from support import program, run


def lines(*texts):
    """Lines as a module frames them."""
    return "".join(f"\r\n{text}\r\n" for text in texts).encode()


class FakeModule:
    """Answers each command with the bytes in `answers`; None hangs up. Unknown ones are ERROR."""

    def __init__(self, answers=None, greeting=b"", echo=True, tcp=False):
        self.answers = answers or {}
        self.greeting = greeting
        self.echo = echo
        self.tcp = tcp
        self.flood = b""  # sent again and again, on TCP, instead of answers
        self.seen = []
        self._stop = threading.Event()

    def __enter__(self):
        if self.tcp:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = "127.0.0.1:%d" % self._listener.getsockname()[1]
        else:
            self.master, self.slave = os.openpty()
            tty.setraw(self.slave)
            os.write(self.master, self.greeting)
            self.port = os.ttyname(self.slave)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)
        if self.tcp:
            self._listener.close()
        else:
            os.close(self.slave)
            if self.master is not None:
                os.close(self.master)

    def _serve(self):
        if not self.tcp:
            self._talk(self.master)
            return
        while not self._stop.is_set():
            if select.select([self._listener], [], [], 0.05)[0]:
                connection = self._listener.accept()[0]
                with connection:
                    try:
                        connection.sendall(self.greeting)
                        while self.flood and not self._stop.is_set():
                            connection.sendall(self.flood)
                        self._talk(connection.fileno())
                    except OSError:
                        pass  # the player has enough

    def _talk(self, fd):
        buffer = b""
        while not self._stop.is_set():
            if not select.select([fd], [], [], 0.05)[0]:
                continue
            data = os.read(fd, 4096)
            if not data:
                return
            buffer += data
            while b"\r" in buffer:
                line, buffer = buffer.split(b"\r", 1)
                self.seen.append(line.decode())
                answer = self.answers.get(line.decode(), lines("ERROR"))
                if answer is None:
                    if not self.tcp:
                        os.close(self.master)
                        self.master = None
                    return
                if not answer.startswith(b"!"):  # asleep: neither echo nor answer
                    os.write(fd, (line + b"\r" if self.echo else b"") + answer)


class Player(unittest.TestCase):
    def play(self, module, transcript, *options, **more):
        return run("bc260y-at", "--port", module.port, "--timeout", "5s", *options, "-",
                   input=transcript, **more)

    def passes(self, module, transcript, *options):
        result = self.play(module, transcript, *options)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return result.stdout

    def fails(self, module, transcript, *options, status=1):
        result = self.play(module, transcript, *options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stderr

    # --- dialogue

    GOOD = "RDY\nAT+CEREG? // state\n+CEREG: 0,1\nOK\nAT+QLAREG\nOK\n+QLAREG: 0\n"
    ANSWERS = {
        "AT": lines("OK"),
        "AT+CEREG?": lines("+CEREG: 0,1", "OK"),
        "AT+QLAREG": lines("OK", "+QLAREG: 0"),
    }

    def test_a_good_dialogue_passes_on_a_pty_and_on_tcp_with_and_without_echo(self):
        for tcp in False, True:
            for echo in False, True:
                with self.subTest(tcp=tcp, echo=echo), \
                        FakeModule(self.ANSWERS, lines("RDY"), echo, tcp) as module:
                    out = self.passes(module, self.GOOD)
                    self.assertEqual(module.seen, ["AT+CEREG?", "AT+QLAREG"])
                    self.assertRegex(out, r"(?m)^ +\d+\.\d{3} --> AT\+CEREG\?$")
                    self.assertRegex(out, r"(?m)^ +\d+\.\d{3} <-- \+QLAREG: 0$")
                    self.assertEqual("(echo)" in out, echo)
                    self.assertIn("PASS: 2 lines sent, 5 matched\n", out)

    def test_a_host_name_is_resolved(self):
        with FakeModule(self.ANSWERS, lines("RDY"), tcp=True) as module:
            module.port = module.port.replace("127.0.0.1", "localhost")
            self.passes(module, self.GOOD)

    def test_a_device_may_carry_its_speed(self):
        with FakeModule(self.ANSWERS, lines("RDY")) as module:
            module.port += ":9600"
            self.passes(module, self.GOOD)

    def test_quiet_prints_nothing_when_all_is_well(self):
        with FakeModule(self.ANSWERS, lines("RDY")) as module:
            self.assertEqual(self.passes(module, self.GOOD, "--quiet"), "")

    def test_several_files_are_one_session(self):
        with FakeModule({"AT+A": lines("+A: 17", "OK"), "AT+B=17": lines("OK")}) as module, \
                tempfile.NamedTemporaryFile("w", suffix=".at") as first:
            first.write("AT+A\n+A: {a}\nOK\n")
            first.flush()
            self.passes(module, "AT+B={a}\nOK\n", first.name)

    def test_booted_skips_what_comes_before_the_first_sent_line(self):
        with FakeModule(self.ANSWERS, lines("+CSCON: 1")) as module:
            out = self.passes(module, self.GOOD, "--booted")
            self.assertIn("+CSCON: 1  (not checked)", out)
        with FakeModule(self.ANSWERS) as module:
            self.passes(module, self.GOOD, "--booted")

    def test_a_line_after_the_last_expected_one_is_only_shown(self):
        with FakeModule({"AT": lines("OK", "+CSCON: 1")}) as module:
            self.assertIn("+CSCON: 1  (not checked)", self.passes(module, "AT\nOK\n"))

    def test_echoes_of_lines_sent_together_are_told_from_answers(self):
        with FakeModule({"AT": lines("OK"), "ATI": lines("X", "OK")}) as module:
            self.passes(module, "AT\nATI\nOK\nX\nOK\n")

    def test_a_line_lost_by_a_sleeping_module_needs_no_echo(self):
        with FakeModule({"AT": b"!", "ATI": lines("X", "OK")}) as module:
            self.passes(module, "AT\nATI\nX\nOK\n")

    # --- names

    def test_captured_values_come_back_in_lines_commands_and_environment(self):
        answers = {"AT+A": lines('+QLAURC: "report",8563', "OK"),
                   "AT+B=8563": lines('+QLAURC: "report_ack",0,8563', "OK")}
        script = ('AT+A\n+QLAURC: "report",{mid}\nOK\n$ echo "<{mid}> <$BC_MID>"\n'
                  'AT+B={mid}\n+QLAURC: "report_ack",0,{mid}\nOK\n')
        with FakeModule(answers) as module:
            self.assertIn(" |  <8563> <8563>", self.passes(module, script))
        answers["AT+B=8563"] = lines('+QLAURC: "report_ack",0,8564', "OK")
        with FakeModule(answers) as module:
            err = self.fails(module, script)
            self.assertIn('-:6: expected: +QLAURC: "report_ack",0,{mid}', err)
            self.assertIn('-:6: received: +QLAURC: "report_ack",0,8564', err)

    def test_define_overrides_let(self):
        script = "%let server=180.101.147.115\nAT+S={server}\nOK\n"
        with FakeModule({"AT+S=180.101.147.115": lines("OK")}) as module:
            self.passes(module, script)
        with FakeModule({"AT+S=localhost": lines("OK")}) as module:
            self.passes(module, script, "-D", "server=localhost")

    def test_a_captured_value_never_becomes_shell_code(self):
        answers = {"AT+A": lines("+A: $(echo hacked)", "OK")}
        with FakeModule(answers) as module:
            self.assertIn("would interpret", self.fails(module, "AT+A\n+A: {a}\nOK\n$ echo {a}\n"))
        with FakeModule(answers) as module:
            out = self.passes(module, 'AT+A\n+A: {a}\nOK\n$ echo "$BC_A"\n')
            self.assertIn(" |  $(echo hacked)", out)

    def test_json_in_braces_is_text(self):
        answers = {'AT+W="{"outletStatus":"1"}"': lines('+W: "{"outletStatus":"1"}"')}
        with FakeModule(answers) as module:
            self.passes(module, 'AT+W="{"outletStatus":"1"}"\n+W: "{"outletStatus":"1"}"\n')

    # --- what goes wrong

    def test_a_mismatch_names_the_line_and_both_texts(self):
        with FakeModule({"AT": lines("ERROR")}) as module:
            err = self.fails(module, "\nAT\nOK\n")
        self.assertEqual(err, "bc260y-at: -:3: expected: OK\nbc260y-at: -:3: received: ERROR\n")

    def test_an_unexpected_line_in_between_is_a_mismatch(self):
        with FakeModule({"AT": lines("+CSCON: 1", "OK")}) as module:
            self.assertIn("received: +CSCON: 1", self.fails(module, "AT\nOK\n"))

    def test_a_line_that_does_not_come_is_a_time_out(self):
        with FakeModule({"AT": b"\r\nOK"}) as module:
            for script in "AT\n[200ms] OK\n", "%timeout 200ms\nAT\nOK\n":
                start = time.monotonic()
                err = self.fails(module, script)
                self.assertLess(time.monotonic() - start, 4)
                self.assertIn("expected: OK\n", err)
                self.assertIn("without a line end: OK", err)
                self.assertIn("time-out: no line came within 0.200 s", err)

    def test_dots_let_other_lines_come_before_the_expected_one(self):
        answers = {"AT": lines("UPDATING,20", "UPDATING,21", "UPDATING,100", "RDY")}
        with FakeModule(answers) as module:
            out = self.passes(module, "AT\nUPDATING,{n}\n.....\nUPDATING,100\nRDY\n")
            self.assertIn("UPDATING,21  (not checked)", out)
            err = self.fails(module, "AT\n...\n[300ms] END\n")
            self.assertIn("-:3: time-out", err)

    def test_quiet_time_passes_in_silence_and_fails_on_any_line(self):
        with FakeModule({"AT": lines("OK"), "ATX": lines("OK", "+CSCON: 0")}) as module:
            self.passes(module, "AT\nOK\n%quiet 200ms\n")
            err = self.fails(module, "ATX\nOK\n%quiet 5s\n")
            self.assertIn("-:3: expected: nothing for 5.000 s", err)
            self.assertIn("-:3: received: +CSCON: 0", err)

    def test_a_device_that_vanishes_is_told(self):
        for tcp in False, True:
            with self.subTest(tcp=tcp), FakeModule({"AT": None}, tcp=tcp) as module:
                err = self.fails(module, "AT\nOK\n")
                self.assertIn("-:2: port lost: ", err)

    def test_a_port_that_cannot_be_opened_is_told(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            for port, words in (("/dev/no-such-tty", "cannot open /dev/no-such-tty: No such"),
                                ("/dev/no-such-tty:9600", "cannot open /dev/no-such-tty: No such"),
                                ("/dev/null", "/dev/null is no terminal device"),
                                ("nonsense", "it is no HOST:PORT"),
                                ("127.0.0.1:%d" % closed.getsockname()[1], "Connection refused")):
                result = run("bc260y-at", "--port", port, "-", input="AT\n")
                self.assertEqual(result.returncode, 1)
                self.assertIn(words, result.stderr)
                self.assertEqual(result.stderr.count("\n"), 1)

    def test_a_failing_or_endless_command_fails_the_transcript(self):
        with FakeModule() as module:
            err = self.fails(module, "$ exit 3\n")
            self.assertIn("-:1: the command failed with exit status 3", err)
            err = self.fails(module, "%timeout 200ms\n$ sleep 60 & sleep 60\n")
            self.assertIn("-:2: time-out: the command did not end within 0.200 s", err)
            err = self.fails(module, "%timeout 200ms\n$ while :; do echo more; done\n")
            self.assertIn("-:2: time-out: ", err)
            err = self.fails(module, "$ kill -9 $$\n")
            self.assertIn("-:1: the command was ended by signal 9", err)

    def test_syntax_errors_are_found_before_anything_is_sent(self):
        for script, words in (("AT\n%nonsense\n", "-:2: unknown directive '%nonsense'"),
                              ("AT\nAT+X={x}\n", "-:2: nothing above gives {x} a value"),
                              ("AT\n" + 5000 * "x", "-:2: the line is longer than 4096 bytes")):
            with FakeModule() as module:
                self.assertIn(words, self.fails(module, script, status=2))
                self.assertEqual(module.seen, [])

    def test_wrong_usage_exits_2_with_one_line(self):
        for args in ([], ["--port", "x:1"], ["-"], ["--port", "x:1", "--baud", "7", "-"],
                     ["--port", "x:1", "--timeout", "soon", "-"],
                     ["--port", "x:1", "-D", "A=1", "-"],
                     ["--port", "x:1", "--color", "red", "-"],
                     ["--port", "x:1", "--nonsense", "-"], ["-x", "-"], ["--port"],
                     ["--port", "x:1", "/no/such/file.at"]):
            result = run("bc260y-at", *args)
            self.assertEqual(result.returncode, 2, args)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertEqual(run("bc260y-at", "--help").returncode, 0)
        self.assertRegex(run("bc260y-at", "--version").stdout, r"^bc260y-at \d+\.\d+\.\d+\n$")

    # --- hostile input

    def test_an_endless_line_from_the_module_is_refused(self):
        with FakeModule({"AT": b"x" * 6000}) as module:
            err = self.fails(module, "AT\nOK\n")
            self.assertIn("received: a line longer than 4096 bytes", err)

    def test_a_module_that_never_stops_does_not_stop_the_clock(self):
        for noise in b"\0", b"\r\n", b"\r\nX\r\n":
            with self.subTest(noise=noise), FakeModule({"AT": lines("OK")}, tcp=True) as module:
                module.flood = 1000 * noise
                start = time.monotonic()
                options = ["--booted"] if b"X" in noise else []
                err = self.fails(module, "AT\n[300ms] OK\n", *options)
                self.assertLess(time.monotonic() - start, 9)
                self.assertIn("received: X" if b"X" in noise else "time-out", err)

    def test_terminal_escapes_from_the_module_are_shown_as_text(self):
        noise = b"\r\n\x1b[2J\xc2\x9b1m\xff\xe7\x94\xb5\r\n"
        with FakeModule({"AT": noise}) as module:
            out = self.passes(module, "AT\n{x}\n")
            self.assertIn("<-- \\x1B[2J\\xC2\\x9B1m\\xFF\u7535\n", out)

    def test_nul_bytes_of_a_waking_uart_are_dropped(self):
        with FakeModule({"AT": b"\0\0\r\n\0OK\0\r\n\0"}) as module:
            self.passes(module, "AT\nOK\n")

    def test_what_arrives_during_a_command_is_not_lost(self):
        flood = lines(*(f"+N: {i}" for i in range(2000)))
        expected = "".join(f"+N: {i}\n" for i in range(2000))
        with FakeModule({"AT": flood}) as module:
            self.passes(module, "AT\n$ sleep 0.3\n" + expected)

    # --- manners

    def test_the_settings_of_the_port_are_restored(self):
        with FakeModule({"AT": lines("OK")}) as module:
            settings = termios.tcgetattr(module.slave)
            settings[3] |= termios.ISIG
            settings[4] = settings[5] = termios.B9600
            termios.tcsetattr(module.slave, termios.TCSANOW, settings)
            before = termios.tcgetattr(module.slave)
            self.passes(module, f"AT\nOK\n$ stty -F {module.port} -a | grep 'speed 115200 '\n")
            self.assertEqual(termios.tcgetattr(module.slave), before)
            self.fails(module, "AT\nNO\n")
            self.assertEqual(termios.tcgetattr(module.slave), before)

    def test_an_interrupt_ends_it_in_good_order(self):
        for step in "OK", "$ sleep 60", "%quiet 60s":
            with self.subTest(step=step), FakeModule({"AT": b"", "next": b""}) as module:
                before = termios.tcgetattr(module.slave)
                player = subprocess.Popen(
                    [program("bc260y-at"), "--port", module.port, "-"], text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                player.stdin.write(f"AT\n> next\n{step}\n")
                player.stdin.close()
                player.stdin = None
                while "--> next" not in player.stdout.readline():
                    self.assertIsNone(player.poll())
                player.send_signal(signal.SIGINT)
                err = player.communicate(timeout=10)[1]
                self.assertEqual(player.returncode, 1)
                self.assertIn("-:3: interrupted", err)
                self.assertEqual(termios.tcgetattr(module.slave), before)

    def test_one_port_has_one_player(self):
        with FakeModule({"AT": b""}) as module:
            fcntl.flock(module.slave, fcntl.LOCK_EX)
            self.assertIn("is in use by another program", self.fails(module, "AT\n"))

    def test_colour_is_for_terminals_or_on_demand(self):
        with FakeModule({"AT": lines("OK")}) as module:
            self.assertNotIn("\x1b", self.passes(module, "AT\nOK\n"))
            self.assertIn("\x1b[36m", self.passes(module, "AT\nOK\n", "--color=always"))
            for no_color in "", "1":
                reader, terminal = os.openpty()
                try:
                    environment = dict(os.environ, TERM="xterm", NO_COLOR=no_color)
                    subprocess.run([program("bc260y-at"), "--port", module.port, "-"],
                                   input=b"AT\nOK\n", stdout=terminal, env=environment,
                                   timeout=10, check=True)
                    self.assertEqual(b"\x1b[36m" in os.read(reader, 4096), no_color == "")
                finally:
                    os.close(reader)
                    os.close(terminal)


if __name__ == "__main__":
    unittest.main()
