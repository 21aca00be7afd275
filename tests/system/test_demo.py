"""The demonstrations (make demo, demo-andlink, demo-dtls), as a user starts them."""

import json
import os
import re
import subprocess
import unittest

from support import build_dir, source_dir


class Demo(unittest.TestCase):
    def play(self, story):
        """The story's output and the platform's events in it."""
        result = subprocess.run(
            ["sh", os.path.join(source_dir(), "scripts", "demo.sh"), build_dir(), story],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=150, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertRegex(result.stdout, r"\ndemo: PASS  guide section 5\.[234]\.[23] ")
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

    def test_dtls(self):
        """Guide section 5.3.2 with security mode 0 of section 2.1."""
        output, events = self.play("dtls")
        self.assertIn('300,0,"866971030603068",', output)
        opened = next(event for event in events if event["event"] == "dtls-opened")
        self.assertEqual(opened["identity"], "866971030603068")
        notified = [event for event in events if event["event"] == "notify"]
        self.assertEqual([event["confirmable"] for event in notified], [False, True])

    def test_unknown_story_is_wrong_usage(self):
        result = subprocess.run(
            ["sh", os.path.join(source_dir(), "scripts", "demo.sh"), build_dir(), "other"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=20, text=True, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("usage:", result.stderr)


if __name__ == "__main__":
    unittest.main()
