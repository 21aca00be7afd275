"""Virtual devices (guide section 5.2.1.2): modules in software that the platform starts, plays
transcripts on, and that end with it. The real programs throughout."""

import os
import signal
import socket
import time
import unittest
import urllib.parse

from rest import Serving
from support import Failure, needs_dtls

IMEI = "867724030023557"
LIMIT_S = 30.0
# Goes on until somebody ends it.
WAITING = "[60s] RDY\n+CFUN: 1\n+CPIN: READY\n[60s] +IP: {_}\nAT+QSCLK=0\nOK\n[60s] never\n"


def children(pid):
    """The processes that this one has started and that are not buried: {pid: state}."""
    found = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found[int(entry)] = fields[0]
    return found


def wait_until(condition, what):
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"not within {LIMIT_S} s: {what}")
        time.sleep(0.05)


class VirtualTest(unittest.TestCase):
    def setUp(self):
        self.platform = Serving("--open", "iot", "--quiet")
        self.platform.__enter__()
        self.addCleanup(self.platform.stop)
        self.rest = self.platform.rest

    @staticmethod
    def path(endpoint, rest=""):
        return f"/devices/{urllib.parse.quote(endpoint, safe='')}/virtual{rest}"

    def start(self, endpoint=IMEI, **body):
        return self.rest.post(self.path(endpoint), {"time_scale": 50, **body}, status=201)

    def show(self, endpoint=IMEI):
        return self.rest.get(self.path(endpoint))

    def wait_for_play(self, state, endpoint=IMEI):
        wait_until(lambda: self.show(endpoint)["play"] not in ("playing", "idle"), "a result")
        shown = self.show(endpoint)
        self.assertEqual(shown["play"], state, shown)
        return shown

    def wait_for_text(self, text, endpoint=IMEI):
        wait_until(lambda: any(line["text"] == text for line in self.show(endpoint)["lines"]), text)

    def refused(self, status, method, path, body=None):
        return self.rest.ask(method, path, body, status).json["detail"]


class Transcripts(VirtualTest):
    def test_the_guides_session_passes(self):
        self.start(example="iot")
        shown = self.wait_for_play("passed")
        self.assertEqual(shown["state"], "running")
        said = [(line["direction"], line["text"]) for line in shown["lines"]]
        self.assertIn(("out", "+QLAREG: 0"), said)
        config = f'AT+QLACONFIG=0,"127.0.0.1",{self.platform.udp_port},"{IMEI}",300,3'
        self.assertIn(("in", config), said)
        self.assertNotIn(("out", config), said)  # the echo
        self.assertEqual([line["number"] for line in shown["lines"]],
                         list(range(1, len(said) + 1)))

    def test_it_registers_as_its_device(self):
        self.start(transcript='AT+CGSN=1\n+CGSN: {imei_told}\nOK\n'
                   'AT+QLACONFIG=0,"{server}",{port},"{endpoint}",300,3\nOK\n'
                   "AT+QLAADDOBJ=19,0,1,0\nOK\nAT+QLAREG\nOK\n[30s] +QLAREG: 0\n")
        shown = self.wait_for_play("passed")
        self.assertTrue(any(IMEI in line["text"] for line in shown["lines"]
                            if line["text"].startswith("+CGSN")))
        device = self.rest.get("/devices/" + IMEI)
        self.assertTrue(device["online"])
        self.assertTrue(device["virtual"])

    def test_what_differs_is_told_with_its_line(self):
        self.start(transcript="[60s] RDY\n[10s] +CFUN: 7\n")
        shown = self.wait_for_play("failed")
        self.assertEqual(shown["problem"],
                         "transcript:2: expected: +CFUN: 7, received: +CFUN: 1")
        self.assertEqual(shown["play_line"], 2)
        self.assertEqual(shown["state"], "running")

    def test_no_shell_is_within_reach(self):
        mark = os.path.join(self.platform.folder, "reached")
        detail = self.refused(422, "POST", self.path(IMEI),
                              {"transcript": f"RDY\n$ touch {mark}\n"})
        self.assertIn("transcript:2:", detail)
        self.start(transcript=f'%let a=$(touch {mark})\n[60s] RDY\n> `touch {mark}`;{{a}}\n')
        self.wait_for_play("passed")
        self.refused(404, "POST", self.path("none") + "/$(touch)", {})
        self.assertFalse(os.path.exists(mark))

    def test_wrong_requests(self):
        for body in ({"example": "none"}, {"example": "iot", "transcript": "RDY"},
                     {"transcript": "OK\nAT+X={nobody}\n"}, {"transcript": "x" * 40000},
                     {"time_scale": 0}, {"other": 1}, {"transcript": 5}):
            with self.subTest(body=str(body)[:60]):
                self.refused(422, "POST", self.path(IMEI), body)
        self.assertEqual(children(self.platform.pid), {})
        self.refused(404, "GET", self.path(IMEI))
        self.refused(404, "DELETE", self.path(IMEI))
        self.refused(404, "POST", self.path(IMEI, "/input"), {"text": "AT"})
        self.refused(409, "POST", self.path(IMEI), {"example": "andlink"})  # no bootstrap server
        self.refused(409, "POST", self.path('a"b'), {})
        self.refused(409, "POST", self.path("a\rAT+QRST"), {})


REGISTER = ('AT+QLACFG="retransmit",4,0\nOK\nAT+QLACONFIG=0,"%s",%u,"x",300,3\nOK\n'
            "AT+QLAREG\nOK\n[30s] +QLAREG: %s\n")


class Elsewhere(unittest.TestCase):
    """Whoever may start virtual devices cannot make them talk to others than the platform."""

    def setUp(self):
        self.other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.other.close)
        self.other.bind(("127.0.0.1", 0))
        self.other.settimeout(LIMIT_S)

    def play(self, transcript, *options):
        with Serving("--open", "iot", "--quiet", *options) as platform:
            path = f"/devices/{IMEI}/virtual"
            platform.rest.post(path, {"transcript": transcript, "time_scale": 50}, status=201)
            shown = platform.rest.wait_until(path, lambda shown: shown["play"] != "playing")
            self.assertEqual((shown["play"], shown["problem"]), ("passed", None))
            return [line["text"] for line in shown["lines"] if line["direction"] == "info"]

    def test_another_server_hears_nothing(self):
        where = self.other.getsockname()
        said = self.play(REGISTER % (*where, "1"))
        self.assertTrue(any(f"nothing is sent to 127.0.0.1:{where[1]}" in text for text in said),
                        said)
        self.other.setblocking(False)
        self.assertRaises(BlockingIOError, self.other.recv, 2000)

    def test_a_name_is_not_looked_up(self):
        said = self.play(REGISTER % ("localhost", 5683, "900"))
        self.assertTrue(any("names are not looked up" in text for text in said), said)

    def test_anywhere_when_the_platform_allows_it(self):
        self.play(REGISTER % (*self.other.getsockname(), "1"), "--virtual-anywhere")
        self.assertIn(b"ep=x", self.other.recv(2000))


class Encrypted(unittest.TestCase):
    """Guide 5.2.1.2: registration plain or encrypted."""

    IDENTITY, KEY = "meter-7", "00112233445566"  # a key that is short, and no text

    def start(self, rest, **body):
        product = rest.post("/products", {"name": "p", "carrier": "iot"}, status=201)["id"]
        key = {"identity": self.IDENTITY, "key_hex": self.KEY}
        rest.post("/devices", {"product": product, "imei": IMEI, "psk": key}, status=201)
        return rest.ask("POST", f"/devices/{IMEI}/virtual", {"time_scale": 50, **body})

    def play(self, rest, **body):
        self.assertEqual(self.start(rest, **body).status, 201)
        shown = rest.wait_until(f"/devices/{IMEI}/virtual",
                                lambda shown: shown["play"] != "playing")
        self.assertEqual((shown["play"], shown["problem"]), ("passed", None))
        return shown

    @needs_dtls
    def test_a_device_with_a_key_registers_over_dtls(self):
        with Serving("--coaps", "127.0.0.1:0") as platform:
            shown = self.play(platform.rest, example="iot")
            said = "\n".join(line["text"] for line in shown["lines"])
            self.assertIn(f'{IMEI}",300,0,"{self.IDENTITY}",***', said)
            self.assertNotIn(self.KEY, said)

    @needs_dtls
    def test_its_key_is_not_shown_when_the_module_tells_it(self):
        with Serving("--coaps", "127.0.0.1:0") as platform:
            with platform.rest.events(type="at", device=IMEI) as events:
                shown = self.play(platform.rest, transcript=(
                    'AT+QLACONFIG=0,"{server}",{port},"{endpoint}",300,0,"x","%s"\nOK\n'
                    "AT+QLACONFIG?\n+QLACONFIG: {_}\nOK\n" % (2 * self.KEY)))
                told = [events.read()]
                while told[-1]["text"] != "transcript: passed":
                    told.append(events.read())
            for said in (str(shown), str(told)):
                self.assertEqual(said.count(",x,***"), 1)
                self.assertNotIn(self.KEY, said)

    def test_without_a_listener_for_dtls_it_is_refused(self):
        with Serving() as platform:
            answer = self.start(platform.rest, example="iot")
            self.assertEqual((answer.status, answer.json["code"]), (409, "coaps_not_served"))


class ByHand(VirtualTest):
    def test_lines_are_typed_and_answered(self):
        self.start()
        self.wait_for_text("+CPIN: READY")
        self.rest.post(self.path(IMEI, "/input"), {"text": "AT+QSCLK=0"})
        self.rest.post(self.path(IMEI, "/input"), {"text": "AT+CFUN?"})
        wait_until(lambda: [line["text"] for line in self.show()["lines"]].count("+CFUN: 1") == 2,
                   "the answer")
        lines = self.rest.get(self.path(IMEI), **{"from": 3})["lines"]
        self.assertEqual(lines[0]["number"], 3)
        self.refused(422, "POST", self.path(IMEI, "/input"), {"text": "AT\rAT+QRST"})
        self.refused(422, "POST", self.path(IMEI, "/input"), {"text": ""})

    def test_not_into_a_transcript_that_plays(self):
        self.start(transcript=WAITING)
        wait_until(lambda: self.show()["play_line"] == 7, "the last line")
        self.assertIn("line 7", self.refused(409, "POST", self.path(IMEI, "/input"),
                                             {"text": "AT"}))

    def test_lines_are_events(self):
        with self.rest.events(type="at", device=IMEI) as events:
            self.start()
            self.assertEqual(events.read()["text"], "the module starts")
            self.assertEqual(events.wait_for("at", text="RDY")["direction"], "out")

    def test_viewers_only_watch(self):
        token = self.rest.post("/tokens", {"name": "v", "role": "viewer"}, status=201)["token"]
        self.start()
        viewer = self.rest.with_token(token)
        viewer.get(self.path(IMEI))
        for method, rest, body in (("POST", "", {}), ("DELETE", "", None),
                                   ("POST", "/input", {"text": "AT"})):
            viewer.ask(method, self.path(IMEI, rest), body, 403)


class Processes(VirtualTest):
    def module_pid(self):
        """Of the one module, once it is one and no longer a copy of the platform."""
        found = children(self.platform.pid)
        self.assertEqual(len(found), 1, found)
        pid = next(iter(found))

        def is_module():
            with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as file:
                return file.read() == "bc260y\n"
        wait_until(is_module, "the module's program")
        return pid

    def test_stopping_leaves_no_process(self):
        self.start()
        self.refused(409, "POST", self.path(IMEI), {})
        self.module_pid()
        self.rest.delete(self.path(IMEI))
        self.assertEqual(children(self.platform.pid), {})
        self.refused(404, "GET", self.path(IMEI))
        self.start()
        self.wait_for_text("RDY")

    def test_one_that_dies_is_told_and_buried(self):
        self.start(transcript=WAITING)
        os.kill(self.module_pid(), signal.SIGKILL)
        wait_until(lambda: self.show()["state"] == "ended", "the end")
        shown = self.show()
        self.assertEqual((shown["exit"], shown["play"]), (-1, "failed"))
        self.assertEqual(children(self.platform.pid), {})
        self.refused(409, "POST", self.path(IMEI, "/input"), {"text": "AT"})
        self.start()
        self.assertEqual(self.show()["state"], "running")

    def test_one_that_ends_by_itself(self):
        self.start()
        self.wait_for_text("RDY")
        os.kill(self.module_pid(), signal.SIGTERM)
        wait_until(lambda: self.show()["state"] == "ended", "the end")
        self.assertEqual(self.show()["exit"], 0)

    def test_it_holds_nothing_of_the_platform(self):
        def held(pid):
            folder = f"/proc/{pid}/fd"
            links = (os.readlink(os.path.join(folder, name)) for name in os.listdir(folder))
            return {link for link in links if not link.startswith(("/dev/", "anon_inode:"))}
        self.start()
        self.wait_for_text("RDY")
        pid = self.module_pid()
        shared = held(pid) & held(self.platform.pid)
        self.assertEqual([link.partition(":")[0] for link in shared], ["pipe"])  # standard error
        with open(f"/proc/{pid}/environ", "rb") as file:
            self.assertEqual(file.read(), b"")

    def test_they_die_with_the_platform(self):
        """Also one that would not notice by itself."""
        self.start()
        pid = self.module_pid()
        os.kill(pid, signal.SIGSTOP)
        self.platform.kill()

        def is_gone():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    return file.read().rpartition(")")[2].split()[0] == "Z"
            except OSError:
                return True
        wait_until(is_gone, "the module's end")

    def test_a_platform_that_ends_takes_them_along(self):
        self.start()
        pid = self.module_pid()
        self.platform.signal(signal.SIGTERM)
        self.assertEqual(self.platform.wait(), 0)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_at_most_sixteen(self):
        for number in range(16):
            self.start(f"device-{number}")
        self.assertEqual(len(children(self.platform.pid)), 16)
        self.assertIn("16", self.refused(409, "POST", self.path("device-16"), {}))
        self.rest.delete(self.path("device-3"))
        self.start("device-16")
        self.assertEqual(len(children(self.platform.pid)), 16)

    def test_a_removed_device_has_none(self):
        product = self.rest.post("/products", {"name": "p", "carrier": "iot"}, status=201)["id"]
        self.rest.post("/devices", {"product": product, "imei": IMEI}, status=201)
        self.start()
        self.rest.delete("/devices/" + IMEI)
        self.assertEqual(children(self.platform.pid), {})


class Provisioned(unittest.TestCase):
    def setUp(self):
        self.platform = Serving("--quiet", "--bootstrap", "127.0.0.1:0")
        self.platform.__enter__()
        self.addCleanup(self.platform.stop)
        self.rest = self.platform.rest

    def add(self, carrier="aep", **fields):
        product = self.rest.post("/products", {"name": carrier, "carrier": carrier}, status=201)
        self.rest.post("/devices", {"product": product["id"], **fields}, status=201)

    def test_the_guides_sessions_of_all_carriers(self):
        for carrier in ("iot", "aep", "dmp", "andlink"):
            self.add(carrier, endpoint="device-" + carrier)
            self.rest.post(f"/devices/device-{carrier}/virtual",
                           {"example": carrier, "time_scale": 20}, status=201)
        path = "/devices/device-andlink"
        self.rest.wait_until(path, lambda device: device["online"])
        outlet = b'{"outletStatus":"1"}'.hex()
        for body in ({"operation": "read"}, {"operation": "write", "hex": outlet, "format": 0}):
            command = self.rest.post(path + "/commands", {"path": "/19/1/0", **body}, wait=20)
            self.assertEqual(command["state"], "SUCCESSFUL")
        for carrier in ("iot", "aep", "dmp", "andlink"):
            with self.subTest(carrier=carrier):
                shown = self.rest.wait_until(f"/devices/device-{carrier}/virtual",
                                             lambda shown: shown["play"] != "playing")
                self.assertEqual((shown["play"], shown["problem"]), ("passed", None))

    def test_a_platform_on_ipv6(self):
        with Serving("--open", "iot", "--quiet", coap="[::1]:0") as platform:
            path = f"/devices/{IMEI}/virtual"
            platform.rest.post(path, {"example": "iot", "time_scale": 50}, status=201)
            shown = platform.rest.wait_until(path, lambda shown: shown["play"] != "playing")
            self.assertEqual((shown["play"], shown["problem"]), ("passed", None))

    def test_only_known_devices_without_open(self):
        self.rest.post("/devices/meter/virtual", {}, status=404)
        self.add(endpoint="meter", imei=IMEI)
        self.rest.post("/devices/meter/virtual", {}, status=201)

    def test_it_has_the_imei_that_the_device_was_added_with(self):
        self.add(endpoint="meter", imei=IMEI)
        self.rest.post("/devices/meter/virtual",
                       {"transcript": f"AT+CGSN=1\n+CGSN: {IMEI}\nOK\n", "time_scale": 50},
                       status=201)
        self.rest.wait_until("/devices/meter/virtual", lambda shown: shown["play"] == "passed")


if __name__ == "__main__":
    unittest.main()
