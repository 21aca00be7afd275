"""The demonstrations (make demo, demo-andlink, ...), as a user starts them."""

import json
import os
import re
import signal
import subprocess
import unittest
import urllib.request

from support import build_dir, needs_dtls, source_dir


class Demo(unittest.TestCase):
    def play(self, story):
        """The story's output and the platform's events in it."""
        result = subprocess.run(
            ["sh", os.path.join(source_dir(), "scripts", "demo.sh"), build_dir(), story],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=150, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertRegex(result.stdout, r"\ndemo: PASS  guide section 5\.[2347]\.[236] ")
        self.assertNotIn("\033", result.stdout)  # no terminal, no colour
        lines = re.findall(r"^platform \| (\{.*\})$", result.stdout, re.M)
        return result.stdout, [json.loads(line) for line in lines]

    def kinds(self, events):
        return [event["event"] for event in events]

    def test_iot(self):
        """Guide section 5.2.2."""
        output, events = self.play("iot")
        self.assertIn('<-- +QNBIOTEVENT: "ENTER DEEPSLEEP"', output)
        self.assertEqual(self.kinds(events)[-1], "deregistered")

    def test_andlink(self):
        """Guide section 5.4.2."""
        output, events = self.play("andlink")
        self.assertIn('<-- +QLAURC: "bs_finished"', output)
        kinds = self.kinds(events)
        for kind in "bootstrap-finished", "registered", "response", "dp", "deregistered":
            self.assertIn(kind, kinds)
        product = next(event for event in events if event.get("path") == "/3/0/17")
        self.assertEqual(product["text"], "500677")
        data = [event for event in events if event["event"] == "dp"]
        self.assertEqual([event["confirmable"] for event in data], [False, True])
        self.assertEqual(data[0]["records"][0]["n"], "/19/1/0")

    @needs_dtls
    def test_dtls(self):
        """Guide section 5.3.2 with security mode 0 of section 2.1."""
        output, events = self.play("dtls")
        self.assertIn('300,0,"866971030603068",', output)
        opened = next(event for event in events if event["event"] == "dtls-opened")
        self.assertEqual(opened["identity"], "866971030603068")
        notified = [event for event in events if event["event"] == "notify"]
        self.assertEqual([event["confirmable"] for event in notified], [False, True])

    def test_dfota(self):
        """Guide section 5.7, from two images to the new revision."""
        output, events = self.play("dfota")
        self.assertIn('<-- +QIND: "FOTA","END",0', output)
        self.assertIn("<-- Revision: BC260YCNAAR01A03_BETA0721", output)
        self.assertRegex(output, r"(?m)^869405030311568 +SUCCEEDED +100 ")
        result = [event for event in events if event.get("path") == "/5/0/5"]
        self.assertEqual([event["text"] for event in result], ["1"])

    def test_kept_running_it_has_a_console(self):
        """With KEEP=1, until the user ends it; then nothing is left."""
        process = subprocess.Popen(
            ["sh", os.path.join(source_dir(), "scripts", "demo.sh"), build_dir()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, "KEEP": "1"}, start_new_session=True)
        try:
            output = ""
            while "AT port is" not in output.partition("demo: PASS")[2]:
                line = process.stdout.readline()
                self.assertTrue(line, output)
                output += line
            url = re.search(r"(?m)^    (http://127\.0\.0\.1:\d+/)$", output).group(1)
            place = re.search(r"(?m)The token that it asks for is in (\S+)\.", output).group(1)
            with urllib.request.urlopen(url, timeout=20) as page:
                self.assertIn(b"<!doctype html", page.read().lower())
            with open(place, encoding="ascii") as file:
                token = file.read().strip()
            self.assertNotIn(token, output)
            request = urllib.request.Request(url + "api/v1/whoami",
                                             headers={"Authorization": "Bearer " + token})
            with urllib.request.urlopen(request, timeout=20) as answer:
                self.assertEqual(json.load(answer)["role"], "admin")
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.communicate(timeout=30)[0]
        self.assertEqual(process.returncode, 0, rest)
        self.assertFalse(os.path.exists(os.path.dirname(place)))
        with self.assertRaises(ProcessLookupError):
            os.killpg(process.pid, 0)

    def test_unknown_story_is_wrong_usage(self):
        result = subprocess.run(
            ["sh", os.path.join(source_dir(), "scripts", "demo.sh"), build_dir(), "other"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=20, text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("usage:", result.stderr)


if __name__ == "__main__":
    unittest.main()
