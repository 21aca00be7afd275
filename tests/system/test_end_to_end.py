"""The platform's commands against the real module, the host played here: values of 1,024 bytes in
blocks of every size in both directions (RFC 7959), and the JSON format."""

import json
import os
import subprocess
import unittest

from support import LIMIT_S, AtPort, Module, Platform, program

ENDPOINT = "867724030023557"
VALUE = "".join(chr(ord("a") + i // 16 % 26) for i in range(1024))


class EndToEnd(unittest.TestCase):
    def start(self, *platform_args):
        """A registered module with object 19/0/0-1, the platform, and the host's port."""
        self.platform = Platform("--open", "dmp", "--control", "control", *platform_args)
        self.module = Module("--set", "attach_ms=0")
        for started in (self.platform, self.module):
            started.__enter__()
            self.addCleanup(started.stop)
        self.host = AtPort(self.module.port)
        self.host.__enter__()
        self.addCleanup(self.host.__exit__)
        for line in ("ATE0", "AT+QSCLK=0", 'AT+QLACFG="auto_ack",1', "AT+QLAADDOBJ=19,0,2,0,1",
                     f'AT+QLACONFIG=0,"127.0.0.1",{self.platform.udp_port},"{ENDPOINT}",300,3',
                     "AT+QLAREG"):
            self.assertEqual(self.host.command(line)[-1], "OK", line)
        self.host.wait_for(r"^\+QLAREG: 0$")
        self.host.wait_for(r'^\+QLAURC: "observe",\d+,0,19,0,-1$')  # DMP observes the instance

    def ask(self, *command):
        """A command of the platform's, under way while the test plays the host."""
        process = subprocess.Popen(
            [program("bc260y-platform"), "ctl", os.path.join(self.platform.folder, "control"),
             *command], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def answer_of(self, process):
        out, _ = process.communicate(timeout=LIMIT_S)
        return json.loads(out)

    def request(self, kind):
        return self.host.wait_for(rf'^\+QLAURC: "{kind}",(\d+),').group(1)

    def test_1024_bytes_in_blocks_of_every_size(self):
        for size in (16, 64, 256, 1024):
            with self.subTest(size=size):
                self.start("--block", str(size))
                read = self.ask("read", ENDPOINT, "/19/0/0")
                mid = self.request("read")
                self.host.command(f'AT+QLARDRSP={mid},1,19,0,0,1,1024,"{VALUE}",0')
                self.assertEqual(self.answer_of(read)["text"], VALUE)

                write = self.ask("write", ENDPOINT, "/19/0/1", f'"{VALUE}"')
                urc = self.host.wait_for(r'^\+QLAURC: "write",(\d+),19,0,1,1,1024,"(.*)",0$')
                self.assertEqual(urc.group(2), VALUE)
                self.host.command(f"AT+QLAWRRSP={urc.group(1)},2")
                self.assertEqual(self.answer_of(write)["code"], "2.04")

                self.host.command(f'AT+QLANOTIFY=19,0,0,1,1000,"{VALUE[:1000]}",0,1')
                self.host.wait_for(r'^\+QLAURC: "report_ack",0,\d+$')
                event = self.platform.wait_for_event("notify", path="/19/0")
                self.assertEqual(bytes.fromhex(event["hex"])[4:].decode(), VALUE[:1000])

    def test_json_in_both_directions(self):
        self.start()
        read = self.ask("read", ENDPOINT, "/3/0/9", "11543")
        self.assertEqual(json.loads(self.answer_of(read)["text"]),
                         {"bn": "/3/0/", "e": [{"n": "9", "v": 100}]})
        read = self.ask("read", ENDPOINT, "/19/0", "11543")
        mid = self.request("read")
        self.host.command(f'AT+QLARDRSP={mid},1,19,0,0,1,3,"a"b",1')
        self.host.command(f"AT+QLARDRSP={mid},1,19,0,1,5,1,1,0")
        self.assertEqual(json.loads(self.answer_of(read)["text"]),
                         {"bn": "/19/0/", "e": [{"n": "0", "sv": 'a"b'}, {"n": "1", "bv": True}]})

    def test_what_the_host_refuses_reaches_the_platform(self):
        self.start()
        for result, code in ((11, "4.00"), (12, "4.01"), (13, "4.04"), (14, "4.05")):
            execute = self.ask("execute", ENDPOINT, "/19/0/1")
            mid = self.request("execute")
            self.host.command(f"AT+QLAEXERSP={mid},{result}")
            self.assertEqual(self.answer_of(execute)["code"], code)


if __name__ == "__main__":
    unittest.main()
