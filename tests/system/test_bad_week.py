"""examples/bad-week.scenario on the real programs: module and platform on sockets, and a host.

The week is pressed into some minutes of the module's time, which runs fast; tests/sim/ lives
through whole weeks, on a virtual clock. What must hold is the same: whatever was told to be
acknowledged has arrived, and in the end the module is registered and a report goes through.
"""

import json
import os
import re
import shutil
import tempfile
import time
import unittest

import support
from support import AtPort, Failure, Module, Platform

SCENARIO = os.path.join(support.source_dir(), "examples", "bad-week.scenario")
ENDPOINT = "867724030023557"
WEEK_S = 7 * 86400
MODULE_S = 1200  # what the week is pressed into
TIME_SCALE = 100
UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}
HEALED_LIMIT_S = 60.0


def seconds(text):
    return sum(int(number) * UNITS_S[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def pressed(text, factor):
    """The scenario with the times of its steps divided; what they say stays as it is."""
    def press(match):
        return f"{int(seconds(match[1]) * 1000 / factor)}ms"
    return re.sub(r"(?m)^(\d\w*)", press, text)


class Host:
    """Reports one after the other, and does what it takes to be registered."""

    def __init__(self, at, platform):
        self.at = at
        self.platform = platform
        self.count = 0
        self.acknowledged = []
        self.end = 0.0

    def ask(self, line):
        """The answer to a line. What wakes the module, and what is said without power, is lost and
        said again: soon, for the module falls asleep when the line is quiet for ten seconds."""
        while time.monotonic() < self.end:
            self.at.send(line)
            answer = [""]
            try:
                while answer[-1] not in ("OK", "ERROR") and "EXIT DEEPSLEEP" not in answer[-1]:
                    answer.append(self.at.read_line(5 / TIME_SCALE))
            except Failure:
                continue
            if answer[-1] in ("OK", "ERROR"):
                return answer
        raise Failure(f"no answer to {line}")

    def result(self, pattern, limit_s):
        """The announced result, or None when a reset, or time, has ended the wait for it."""
        try:
            match = self.at.wait_for(pattern + "|^RDY$", limit_s)
        except Failure:
            return None
        return None if match[0] == "RDY" else match

    def status(self):
        for line in self.ask("AT+QLASTATUS?"):
            match = re.match(r"\+QLASTATUS: (\d)", line)
            if match:
                return int(match[1])
        return None

    def configure(self):
        for line in ('AT+QLACFG="auto_ack",1',
                     f'AT+QLACONFIG=0,"{self.platform.host}",{self.platform.udp_port},'
                     f'"{ENDPOINT}",1200,3', "AT+QLAADDOBJ=19,0,1,0"):
            self.ask(line)

    def register(self):
        if self.ask("AT+QLAREG")[-1] == "OK":
            self.result(r"^\+QLAREG: (\d+)", 5)
        time.sleep(0.3)  # the platform observes

    def report(self):
        """True when it was acknowledged."""
        text = f"report {self.count}"
        self.count += 1
        answer = self.ask(f'AT+QLANOTIFY=19,0,0,1,{len(text)},"{text}",0,1')
        if answer[-1] != "OK":
            return False
        match = self.result(r"report_ack\",(\d)", 5)
        if match is None or match[1] != "0":
            return False
        self.acknowledged.append(text)
        return True

    def step(self):
        """One thing; True when a report was acknowledged."""
        status = self.status()
        if status == 5:
            self.configure()
        elif status in (0, 4):
            self.register()
        elif status == 2:
            return self.report() or self.renew()
        else:
            time.sleep(2 / TIME_SCALE)
        return False

    def renew(self):
        """A report that fails while registered: the platform may have forgotten us."""
        if self.status() == 2 and self.ask("AT+QLADEREG")[-1] == "OK":
            self.result(r"^\+QLADEREG: (\d+)", 5)
        return False

    def live(self, week_s):
        """Through the week, and on until a report goes through."""
        week_end = time.monotonic() + week_s
        self.end = week_end + HEALED_LIMIT_S
        while time.monotonic() < week_end:
            self.step()
        while not self.step():
            pass


class BadWeek(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-week-")
        self.addCleanup(shutil.rmtree, self.folder)

    def press(self):
        with open(SCENARIO, encoding="utf-8") as file:
            text = file.read()
        path = os.path.join(self.folder, "scenario")
        with open(path, "w", encoding="utf-8") as file:
            file.write(pressed(text, WEEK_S / MODULE_S))
        return path

    def test_nothing_acknowledged_is_lost_and_in_the_end_all_is_well(self):
        options = ("--state", "none", "--seed", "1", "--time-scale", TIME_SCALE)
        with Platform("--open", "iot") as platform, \
                Module("--scenario", self.press(), *options) as module, \
                AtPort(module.port) as at:
            host = Host(at, platform)
            host.live(MODULE_S / TIME_SCALE)
            # One that overtakes the answer to the observe request is told as that answer.
            while host.acknowledged[-1] not in [event.get("text") for event in platform.events]:
                platform.read_event()
            arrived = [event.get("text") for event in platform.events
                       if event["event"] in ("notify", "observe") and not event.get("stale")]
            said = [json.loads(line) for line in module.stderr_text().splitlines()]
            link, = (line["link"]["up"] for line in said if "link" in line)
            self.assertEqual(host.status(), 2)
        self.assertLessEqual(set(host.acknowledged), set(arrived))
        self.assertGreater(len(host.acknowledged), 3)
        self.assertGreater(link["lost"], 10)
        self.assertEqual(link["loss_percent"], 0)


if __name__ == "__main__":
    unittest.main()
