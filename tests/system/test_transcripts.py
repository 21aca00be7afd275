"""The guide's sessions (examples/*.at), whole: bc260y-at, a pty, the module, UDP, the platform."""

import os
import unittest

from support import Module, Platform, run, source_dir


class Transcripts(unittest.TestCase):
    def play(self, name, endpoint, seed, reports):
        with Platform("--open", name) as platform, \
                Module("--time-scale", "10", "--seed", str(seed)) as module:
            result = run("bc260y-at", "--port", module.port, "--timeout", "10",
                         "-D", f"server={platform.host}", "-D", f"port={platform.udp_port}",
                         os.path.join(source_dir(), "examples", name + ".at"), limit_s=90)
            story = (f"{result.stdout}{result.stderr}platform: {platform.stderr_text()}\n"
                     f"module: {module.stderr_text()}")
            self.assertEqual(result.returncode, 0, story)
            self.assertIn("\nPASS: ", result.stdout)
            # The other end has seen it too.
            platform.wait_for_event("registered", endpoint=endpoint)
            for path, confirmable, value in reports:
                platform.wait_for_event("notify", endpoint=endpoint, path=path,
                                        confirmable=confirmable, hex=value)
            platform.wait_for_event("deregistered", endpoint=endpoint)

    def test_iot_with_deep_sleep(self):
        """Guide section 5.2.2."""
        self.play("iot", "867724030023557", 1, [
            ("/19/0/0", False, "020001000400023438"),
            ("/19/0/0", True, "020001000400023438"),
            ("/19/0/0", True, "020001000400023238"),
        ])

    def test_aep(self):
        """Guide section 5.3.2."""
        self.play("aep", "urn:imei-imsi:866971030603068-460111174747875", 2, [
            ("/19/0/0", False, "020001000400023238"),
            ("/19/0/0", True, "020001000400023238"),
        ])

    def test_dmp(self):
        """Guide section 5.5.2; the platform observes the instance, so the values come as TLV."""
        self.play("dmp", "861428040064744", 3, [
            ("/3311/0", True, "E116DA01"),
            ("/3311/0", True, "E416DB000001F4"),
        ])


if __name__ == "__main__":
    unittest.main()
