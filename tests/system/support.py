"""What the system tests share: find the programs, start them, read what they say, stop them.

Every wait has a limit, every program is stopped by its own process id, and each program runs in a
scratch folder of its own (also its HOME), so that tests leave nothing behind and may run side by
side. The programs are looked up in the build folder named by BC_BUILD_DIR.

    with Platform("--open", "iot") as platform, Module("--time-scale", "10") as module:
        with AtPort(module.port) as at:
            at.expect("RDY")
            at.send("AT")
            at.expect("OK")
        platform.wait_for_event("registered", endpoint="867724030023557")
"""

import json
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time
import tty
import unittest

LIMIT_S = 10.0
STOP_S = 5.0


class Failure(AssertionError):
    """A program did not do what the test waited for; unittest counts it as a failed test."""


def source_dir():
    """The top folder of the source tree."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def build_dir():
    """The build folder: BC_BUILD_DIR, which CTest sets, else build/ in the source tree."""
    return os.path.abspath(os.environ.get("BC_BUILD_DIR", os.path.join(source_dir(), "build")))


def program(name):
    """The path of a program of ours in the build folder."""
    path = os.path.join(build_dir(), "bin", name)
    if not os.access(path, os.X_OK):
        raise Failure(f"{path} is not built; set BC_BUILD_DIR to the build folder")
    return path


def has_dtls():
    """Whether the programs can speak DTLS, that is, are not built with BC_DTLS=none."""
    return os.path.exists(os.path.join(build_dir(), "lib", "bc260y", "dtls.so"))


needs_dtls = unittest.skipUnless(has_dtls(), "this build has no DTLS (BC_DTLS=none)")


def run(name, *args, limit_s=30.0, **options):
    """Run a program of ours to its end; the result has returncode, stdout and stderr (text).

    Its home is a scratch folder, unless `env` is given.
    """
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    with tempfile.TemporaryDirectory(prefix="bc260y-home-") as home:
        options.setdefault("env", dict(os.environ, HOME=home, XDG_STATE_HOME=home))
        return subprocess.run([program(name), *map(str, args)], capture_output=True, text=True,
                              errors="replace", timeout=limit_s, check=False, **options)


class Program:
    """A running program whose output lines can be waited for. Use it in a `with` statement."""

    def __init__(self, name, *args, env=None, argv0=None):
        self.name = name
        self.argv = [argv0 or program(name), *map(str, args)]
        self.env = env or {}
        self.lines = []
        self.process = None
        self.folder = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-test-")
        homes = ("HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
        env = {**os.environ, **dict.fromkeys(homes, self.folder), **self.env}
        try:
            self._errors = open(os.path.join(self.folder, "stderr"), "w+b")
            self.prepare()
            self.process = subprocess.Popen(self.argv, cwd=self.folder, env=env,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self._errors)
            self._queue = queue.Queue()
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
            self.started()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def prepare(self):
        """Hook for subclasses: the folder is there, the program is not started yet."""

    def started(self):
        """Hook for subclasses: read the first line."""

    def _read(self):
        for line in self.process.stdout:
            self._queue.put(line.decode("utf-8", "replace").rstrip("\r\n"))
        self._queue.put(None)

    @property
    def pid(self):
        return self.process.pid

    def read_line(self, limit_s=LIMIT_S):
        """The next line of standard output, without its end."""
        try:
            line = self._queue.get(timeout=limit_s)
        except queue.Empty:
            raise Failure(f"{self.name}: no line within {limit_s} s{self._story()}") from None
        if line is None:
            self._queue.put(None)
            raise Failure(f"{self.name}: output ended{self._story()}")
        self.lines.append(line)
        return line

    def write_line(self, text):
        """A line for its standard input."""
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def wait_for_line(self, pattern, limit_s=LIMIT_S):
        """The match of the first coming line in which the regular expression is found."""
        end = time.monotonic() + limit_s
        while True:
            try:
                line = self.read_line(max(0.0, end - time.monotonic()))
            except Failure as failure:
                raise Failure(f"waiting for {pattern!r}: {failure}") from None
            match = re.search(pattern, line)
            if match:
                return match

    def stderr_text(self):
        with open(self._errors.name, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def _story(self):
        return f"\n  said: {self.lines[-20:]}\n  stderr: {self.stderr_text()[-2000:]}"

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit_s=LIMIT_S):
        """The exit status, once the program has ended by itself."""
        try:
            return self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name}: still running after {limit_s} s{self._story()}") from None

    def kill(self):
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(STOP_S)

    def stop(self):
        """End it, first politely; remove its folder. Harmless when it has ended already."""
        if self.process:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                try:
                    self.process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    self.kill()
            self._reader.join(STOP_S)
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
        if self.folder:
            self._errors.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


class Module(Program):
    """bc260y on a pty; `port` is the path of its AT port."""

    def __init__(self, *args, **options):
        super().__init__("bc260y", *args, **options)
        self.port = None

    def started(self):
        self.port = self.wait_for_line(r"^AT port: (.+)$").group(1)


class Platform(Program):
    """bc260y-platform on a free loopback port; `host`, `udp_port` and `coap` say where."""

    def __init__(self, *args, coap="127.0.0.1:0", **options):
        super().__init__("bc260y-platform", "--coap", coap, *args, **options)
        self.coap = self.host = self.udp_port = None
        self.events = []

    def started(self):
        self.coap = self.wait_for_event("listening")["coap"]
        self.host, port = self.coap.rsplit(":", 1)
        self.udp_port = int(port)

    def read_event(self, limit_s=LIMIT_S):
        line = self.read_line(limit_s)
        try:
            event = json.loads(line)
        except ValueError:
            raise Failure(f"{self.name}: not a JSON line: {line!r}") from None
        self.events.append(event)
        return event

    def wait_for_event(self, name, limit_s=LIMIT_S, **fields):
        """The first coming event of that name whose fields have the given values."""
        end = time.monotonic() + limit_s
        while True:
            event = self.read_event(max(0.0, end - time.monotonic()))
            if event.get("event") == name and all(event.get(k) == v for k, v in fields.items()):
                return event


class AtPort:
    """The host's side of an AT port on a pty or tty, in raw mode. Blank lines are skipped."""

    def __init__(self, path):
        self.path = path
        self.fd = None
        self._buffer = b""
        self._saved = None

    def __enter__(self):
        self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._saved = termios.tcgetattr(self.fd)
        tty.setraw(self.fd, termios.TCSANOW)
        return self

    def __exit__(self, *_):
        try:
            termios.tcsetattr(self.fd, termios.TCSANOW, self._saved)
        except termios.error:
            pass  # the other side is gone
        os.close(self.fd)

    def write(self, data):
        """All the bytes, as they are."""
        end = time.monotonic() + LIMIT_S
        while data:
            ready = select.select([], [self.fd], [], max(0.0, end - time.monotonic()))[1]
            if not ready:
                raise Failure(f"{self.path} takes no bytes")
            data = data[os.write(self.fd, data):]

    def send(self, line):
        """A command line and its carriage return."""
        self.write(line.encode() + b"\r")

    def read_line(self, limit_s=LIMIT_S):
        """The next line that is not blank, echo included, without its end."""
        end = time.monotonic() + limit_s
        while True:
            match = re.match(rb"[\r\n]*([^\r\n]+)[\r\n]", self._buffer)
            if match:
                self._buffer = self._buffer[match.end():]
                return match.group(1).decode("utf-8", "replace")
            ready = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]
            if not ready:
                raise Failure(f"{self.path}: no line within {limit_s} s; have {self._buffer!r}")
            try:
                data = os.read(self.fd, 4096)
            except OSError as error:
                raise Failure(f"{self.path}: {error.strerror}") from None
            if not data:
                raise Failure(f"{self.path}: closed by the other side")
            self._buffer += data

    def expect(self, line, limit_s=LIMIT_S):
        """The next line must be exactly this one."""
        seen = self.read_line(limit_s)
        if seen != line:
            raise Failure(f"expected {line!r}, got {seen!r}")

    def wait_for(self, pattern, limit_s=LIMIT_S):
        """The match of the first coming line in which the regular expression is found."""
        end = time.monotonic() + limit_s
        while True:
            match = re.search(pattern, self.read_line(max(0.0, end - time.monotonic())))
            if match:
                return match

    def command(self, line, limit_s=LIMIT_S):
        """Send a command; the lines of its answer up to and with the final result."""
        self.send(line)
        answer = []
        end = time.monotonic() + limit_s
        while not answer or not re.match(r"(OK|ERROR|\+CME ERROR: \d+)$", answer[-1]):
            seen = self.read_line(max(0.0, end - time.monotonic()))
            if seen != line:  # the echo
                answer.append(seen)
        return answer
