"""What the READMEs show is true: the AT session works, the C program is the example that is built,
the options exist."""

import os
import re
import unittest

from support import Module, Platform, run, source_dir

READMES = ("README.md", "README.zh.md")
# A newcomer attaches to a module that is up; the test has just switched it on.
BOOT = "RDY\n+CFUN: 1\n+CPIN: READY\n+IP: {_}\n"


def read(name):
    with open(os.path.join(source_dir(), name), encoding="utf-8") as file:
        return file.read()


def block(page, language):
    """The one fenced block of that language."""
    found = re.findall(rf"^```{language}\n(.*?)^```", read(page), re.S | re.M)
    if len(found) != 1:
        raise AssertionError(f"{page}: {len(found)} blocks of {language}, not one")
    return found[0]


class Session(unittest.TestCase):
    def play(self, page):
        session = block(page, "at")
        self.assertIn('"127.0.0.1",5683,', session)
        with Platform("--open", "iot") as platform, Module("--seed", "1") as module:
            session = session.replace('"127.0.0.1",5683,',
                                      f'"{platform.host}",{platform.udp_port},')
            path = os.path.join(module.folder, "readme.at")
            with open(path, "w", encoding="utf-8") as file:
                file.write(BOOT + session)
            result = run("bc260y-at", "--port", module.port, path)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            platform.wait_for_event("deregistered", endpoint="867724030023557")

    def test_english(self):
        self.play("README.md")

    def test_chinese(self):
        self.play("README.zh.md")

    def test_both_pages_show_the_same_session(self):
        english, chinese = (re.sub(r" *//.*", "", block(page, "at")) for page in READMES)
        self.assertEqual(english, chinese)


class Claims(unittest.TestCase):
    def test_c_program_is_the_example(self):
        self.assertTrue(read("examples/embed.c").endswith(block("README.md", "c")))

    def test_commands_use_options_that_exist(self):
        """Every command of ours in a shell block, and every option named in a table."""
        for page in READMES:
            for line in re.findall(r"^build/release/bin/(.*)$", read(page), re.M):
                name, *words = line.split("#", maxsplit=1)[0].split()
                usage = run(name, "--help")
                self.assertEqual(usage.returncode, 0)
                for option in (word for word in words if word.startswith("-")):
                    self.assertRegex(usage.stdout, rf"(?m)^ +(-\w, )?{option}\b", f"{page}: {line}")
            usage = run("bc260y", "--help").stdout
            for option in re.findall(r"`(--[a-z]+)", re.sub(r"`--(help|port)", "", read(page))):
                self.assertIn(option, usage, page)

    def test_verbs_of_the_platform_exist(self):
        """Every verb of its command line in a shell block, with its options."""
        for page in READMES:
            lines = re.findall(r"^bc260y-platform (\w+) (\w+)(.*)$", read(page), re.M)
            self.assertGreater(len(lines), 3)
            for noun, verb, rest in lines:
                usage = run("bc260y-platform", noun, verb, "--help").stdout
                self.assertIn(f"  {noun} {verb}", usage, page)
                for option in re.findall(r"--[a-z]+", rest):
                    self.assertIn(option, usage, page)

    def test_keys_of_set(self):
        row = re.compile(r"^\| (`(?:imei|iccid|revision|address|\w+_\w+)`.*?) \|", re.M)
        told = run("bc260y", "--help").stdout
        told = set(re.search(r"Keys: ([a-z_ \n]+?)\n  --", told).group(1).split())
        for page in READMES:
            keys = set(re.findall(r"`([a-z_]+)`", " ".join(row.findall(read(page)))))
            self.assertEqual(keys, told, page)

    def test_make_targets(self):
        for page in READMES + ("CONTRIBUTING.md",):
            for target in set(re.findall(r"^make (\w+)|`make (\w+)", read(page), re.M)):
                self.assertRegex(read("Makefile"), rf"(?m)^{''.join(target)}:", page)


if __name__ == "__main__":
    unittest.main()
