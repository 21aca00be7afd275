"""What bc260y keeps over a power cut: the state directory, and what becomes of it in bad hands.

The power cut is SIGKILL. What each record holds, and when it counts, is tested in
tests/module/test_storage.c; the files' own moments in tests/daemon/test_state.c.
"""

import os
import shutil
import stat
import subprocess
import tempfile
import unittest

import support
from support import AtPort, Module

CONFIGURE = 'AT+QLACONFIG=0,"127.0.0.1",5683,"meter",600,3'
CONFIGURED = "+QLACONFIG: 0,127.0.0.1,5683,meter,600,3,1"
IMEI = "867724030023557"


class State(unittest.TestCase):
    """Modules one after the other on one state directory."""

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="bc260y-state-")
        self.addCleanup(shutil.rmtree, self.top)
        self.folder = os.path.join(self.top, "state")

    def module(self, *args, **options):
        return Module("--state", self.folder, "--set", "attach_ms=0", *args, **options)

    def path(self, name):
        return os.path.join(self.folder, name)

    def files(self):
        return set(os.listdir(self.folder))

    def tell(self, module, *lines):
        """The answers to commands, each without its OK; ERROR stays."""
        with AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            at.command("ATE0")
            answers = [at.command(line) for line in ("AT+QSCLK=0",) + lines]
        return [answer if answer[-1] != "OK" else answer[:-1] for answer in answers[1:]]

    def configure(self):
        with self.module() as module:
            self.assertEqual(self.tell(module, CONFIGURE), [[]])
            module.kill()

    def configuration(self):
        """What a new module knows, and what it says on stderr."""
        with self.module() as module:
            answer = self.tell(module, "AT+QLACONFIG?")[0]
            return answer, module.stderr_text()

    def refused(self, pattern, *args, **options):
        result = support.run("bc260y", "--stdio", *args, limit_s=10, **options)
        self.assertEqual(result.returncode, 1, result)
        self.assertEqual(result.stdout, "")
        self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)
        self.assertRegex(result.stderr, pattern)


class PowerCut(State):
    def test_what_is_configured_survives_sigkill(self):
        commands = [CONFIGURE, 'AT+QLACFG="retransmit",3,2', 'AT+QLACFG="cfg_res",3,0,17,"500677"',
                    "AT+QLAADDOBJ=19,0,3,0,1,2", "AT+QLAADDOBJ=19,1,1,7", "AT+CMEE=1", "AT&W"]
        with self.module() as module:
            self.assertEqual(self.tell(module, *commands), [[]] * len(commands))
            module.kill()
        questions = ["AT+QLACONFIG?", 'AT+QLACFG="retransmit"', 'AT+QLACFG="cfg_res"',
                     "AT+QLAADDOBJ?", "AT+CMEE?", "AT+QLASTATUS?"]
        with self.module() as module:
            self.assertEqual(self.tell(module, *questions), [
                [CONFIGURED], ['+QLACFG: "retransmit",3,2'], ['+QLACFG: "cfg_res",3,0,17,"500677"'],
                ["+QLAADDOBJ: 19,0,3,0,1,2", "+QLAADDOBJ: 19,1,1,7"], ["+CMEE: 1"],
                ["+QLASTATUS: 0"]])
            self.assertEqual(module.stderr_text(), "")

    def test_sigkill_at_any_time_leaves_the_old_or_the_new(self):
        for _ in range(5):
            with self.module() as module:
                with AtPort(module.port) as at:
                    at.wait_for(r"^\+IP: ")
                    for lifetime in range(100, 130):
                        at.send(CONFIGURE.replace("600", str(lifetime)))
                    at.wait_for("^OK$")
                    module.kill()
            answer, errors = self.configuration()
            self.assertRegex(answer[0], r"^\+QLACONFIG: 0,127\.0\.0\.1,5683,meter,1[0-2]\d,3,1$")
            self.assertEqual(errors, "")

    def test_factory_reset_forgets_and_starts(self):
        self.configure()
        with self.module("--factory-reset") as module:
            self.assertEqual(self.tell(module, "AT+QLACONFIG?", "AT+QLASTATUS?"),
                             [[], ["+QLASTATUS: 5"]])
        self.assertEqual(self.files(), {"lock", "slot0"})

    def test_state_none_leaves_no_file(self):
        with Module("--state", "none", "--set", "attach_ms=0") as module:
            self.assertEqual(self.tell(module, CONFIGURE, "AT&W", "AT+QLACONFIG?"),
                             [[], [], [CONFIGURED]])
            self.assertEqual(os.listdir(module.folder), ["stderr"])


class Directory(State):
    def test_default_is_under_xdg_state_home_and_named_by_imei_or_name(self):
        for args, name in [((), IMEI), (("--set", "imei=123456789012345"), "123456789012345"),
                           (("--name", "meter-1"), "meter-1")]:
            with Module("--set", "attach_ms=0", *args) as module:
                self.tell(module, CONFIGURE)
                folder = os.path.join(module.folder, "bc260y", name)
                self.assertEqual(set(os.listdir(folder)), {"lock", "server", "slot0"})

    def test_modules_of_two_names_share_a_home(self):
        env = {"XDG_STATE_HOME": self.top}
        with Module(env=env) as one:
            one_env = dict(os.environ, **env)
            self.refused(rf"another bc260y \(pid {one.pid}\) uses {self.top}/bc260y/{IMEI}; "
                         "give this one another --name or --state", env=one_env)
            result = support.run("bc260y", "--stdio", "--name", "two", env=one_env)
            self.assertEqual((result.returncode, result.stderr), (0, "AT port: stdio\n"))
        result = support.run("bc260y", "--stdio", env=one_env)  # the first one has left
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_folder_and_files_are_the_owners_alone(self):
        self.folder = os.path.join(self.top, "a", "b")
        before = os.umask(0)
        try:
            self.configure()
        finally:
            os.umask(before)
        for folder in ("a", "a/b"):
            mode = os.stat(os.path.join(self.top, folder)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o700)
        for name in self.files():
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), 0o600, name)

    def test_folder_that_others_can_write_to_is_refused(self):
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o777)
        self.refused("can be written by others; chmod 700", "--state", self.folder)
        self.assertEqual(self.files(), set())

    def test_folder_of_somebody_elses_files_is_refused_with_them_untouched(self):
        os.mkdir(self.folder)
        names = ("settings", "main.c")
        for name in names:
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write("mine")
        for option in ((), ("--factory-reset",)):
            self.refused(r'no state directory: its "settings"', "--state", self.folder, *option)
        self.assertEqual(self.files(), set(names))

    def test_folder_that_cannot_be_made_is_an_error(self):
        self.refused("cannot open the state directory /proc/none: .*--state none",
                     "--state", "/proc/none")
        with open(os.path.join(self.top, "file"), "w", encoding="utf-8"):
            pass
        self.refused("Not a directory", "--state", os.path.join(self.top, "file"))
        self.refused("no home", env={})

    def test_folder_that_may_only_be_read_is_an_error(self):
        os.mkdir(self.folder, 0o500)
        without = ["setpriv", "--bounding-set=-all", support.program("bc260y")]
        result = subprocess.run(without + ["--stdio", "--state", self.folder], capture_output=True,
                                stdin=subprocess.DEVNULL, text=True, timeout=10, check=False)
        self.assertEqual(result.returncode, 1, result)
        self.assertRegex(result.stderr, "^bc260y: cannot lock .*/lock: Permission denied; "
                         "give --state DIR, or --state none\n$")


class Damage(State):
    def damage(self, name, change):
        """The record's bytes as `change` makes them."""
        with open(self.path(name), "r+b") as file:
            data = change(file.read())
            file.seek(0)
            file.truncate()
            file.write(data)

    def test_damaged_record_is_kept_aside_and_told(self):
        for what, change in [("torn", lambda data: data[:len(data) // 2]),
                             ("empty", lambda data: b""),
                             ("flipped", lambda data: data[:-1] + bytes([data[-1] ^ 4])),
                             ("foreign", lambda data: b"#!/bin/sh\necho hello\n"),
                             ("future", lambda data: data[:2] + b"\x63" + data[3:]),
                             ("too long", lambda data: data + bytes(5000))]:
            with self.subTest(what):
                shutil.rmtree(self.folder, ignore_errors=True)
                self.configure()
                self.damage("server", change)
                with open(self.path("server"), "rb") as file:
                    bad = file.read()
                answer, errors = self.configuration()
                self.assertEqual(answer, [])
                self.assertRegex(errors, r"\Abc260y: .*/server is damaged or of another version.*"
                                 r" server\.bad\n\Z")
                with open(self.path("server.bad"), "rb") as file:
                    self.assertEqual(file.read(), bad)
                self.assertEqual(self.configuration(), ([], ""))  # said once

    def test_the_record_before_takes_its_place(self):
        self.configure()
        with self.module() as module:
            self.tell(module, CONFIGURE.replace("meter", "another"))
        self.damage("server", lambda data: data[:-1])
        answer, errors = self.configuration()
        self.assertEqual(answer, [CONFIGURED])
        self.assertIn("damaged", errors)
        self.configure()
        self.assertEqual(self.configuration(), ([CONFIGURED], ""))

    def test_files_of_others_are_left_alone(self):
        self.configure()
        with open(self.path("notes"), "w", encoding="utf-8") as file:
            file.write("mine")
        with self.module("--factory-reset"):
            pass
        self.assertEqual(self.files(), {"lock", "notes", "slot0"})

    def test_record_without_its_new_name_is_found(self):
        """The power went between the two renames."""
        self.configure()
        os.rename(self.path("server"), self.path("server.old"))
        with open(self.path("server.new"), "wb") as file:
            file.write(b"BC half of it")
        answer, errors = self.configuration()
        self.assertEqual(answer, [CONFIGURED])
        self.assertEqual(errors, f"bc260y: {self.path('server')} is missing: server.old counts in "
                                 "its place\n")
        self.configure()
        self.assertEqual(self.configuration(), ([CONFIGURED], ""))


class Full(State):
    def test_command_that_cannot_be_kept_is_an_error_and_the_module_goes_on(self):
        self.configure()
        limited = ("--fsize=4", support.program("bc260y"), "--state", self.folder)
        with Module(*limited, "--set", "attach_ms=0", argv0="prlimit") as module:
            answers = self.tell(module, CONFIGURE.replace("meter", "another"),
                                "AT+QLAADDOBJ=19,0,1,0", "AT+QLACONFIG?", "AT+QLAADDOBJ?", "AT")
        self.assertEqual(answers, [["ERROR"], ["ERROR"], [CONFIGURED], [], []])
        self.assertEqual(self.configuration(), ([CONFIGURED], ""))

    def test_faults_can_be_ordered(self):
        socket = os.path.join(self.top, "control")

        def order(what):
            result = support.run("bc260y-ctl", "--socket", socket, "storage", what)
            self.assertEqual(result.returncode, 0, result.stderr)

        with self.module("--control", socket) as module, AtPort(module.port) as at:
            at.wait_for(r"^\+IP: ")
            at.command("ATE0")
            at.command("AT+QSCLK=0")
            order("full")
            self.assertEqual(at.command(CONFIGURE), ["ERROR"])
            self.assertEqual(at.command(CONFIGURE), ["ERROR"])
            order("ok")
            self.assertEqual(at.command(CONFIGURE), ["OK"])
            order("fail")
            self.assertEqual(at.command("AT+QLAADDOBJ=19,0,1,0"), ["ERROR"])
            self.assertEqual(at.command("AT+QLAADDOBJ=19,0,1,0"), ["OK"])
            order("tear")
            self.assertEqual(at.command("AT+QLAADDOBJ=19,1,1,0"), ["OK"])
            at.command("AT+QRST=1")
            at.wait_for("^RDY$")
            at.command("ATE0")
            self.assertEqual(at.command("AT+QLAADDOBJ?"), ["+QLAADDOBJ: 19,0,1,0", "OK"])
            errors = module.stderr_text()
        self.assertEqual(errors.count("cannot keep"), 3, errors)
        self.assertEqual(errors.count("/objects is damaged"), 1, errors)


if __name__ == "__main__":
    unittest.main()
