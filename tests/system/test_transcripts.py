"""The guide's sessions (examples/*.at), whole: bc260y-at, a pty, the module, UDP, the platform."""

import os
import unittest

from support import Module, Platform, run, source_dir


class Transcripts(unittest.TestCase):
    def play(self, name, endpoint, seed):
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
            platform.wait_for_event("deregistered", endpoint=endpoint)

    def test_iot_with_deep_sleep(self):
        """Guide section 5.2.2."""
        self.play("iot", "867724030023557", seed=1)

    def test_aep(self):
        """Guide section 5.3.2."""
        self.play("aep", "urn:imei-imsi:866971030603068-460111174747875", seed=2)

    def test_dmp(self):
        """Guide section 5.5.2."""
        self.play("dmp", "861428040064744", seed=3)


if __name__ == "__main__":
    unittest.main()
