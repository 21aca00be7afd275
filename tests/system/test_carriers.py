"""The guide's steps of each carrier (5.2.1 to 5.5.1), over REST: a product with what decodes its
values, a device in it, the module with the guide's session (examples/*.at), what has come of it,
and a command back down. The real programs throughout; docs/CARRIERS.md has the same steps.
"""

import json
import os
import signal
import tempfile
import threading
import unittest
import urllib.parse

from rest import Serving
from support import AtPort, Module, needs_dtls, run, source_dir

LIMIT_S = 60.0
LEAVES = "AT+QLADEREG\n"


def example(name):
    with open(os.path.join(source_dir(), "examples", name), encoding="utf-8") as file:
        return file.read()


def text_at_7(value_type="string"):
    """The guide's reports, 02 0001 0004 0002 and then the value."""
    return {"kind": "fields",
            "messages": [{"service": "Meter", "id": {"offset": 0, "byte": 2},
                          "fields": [{"name": "text", "type": value_type, "offset": 7}]}],
            "commands": [{"service": "Meter", "method": "SET", "id": {"offset": 0, "byte": 9},
                          "fields": [{"name": "valve", "type": "uint8"}]}]}


PROFILE = {"devices": [{"manufacturerId": "QUECTEL", "manufacturerName": "QUECTEL",
                        "model": "BC260YCN", "protocolType": "LWM2M", "deviceType": "Meter"}],
           "services": [{"serviceType": "Meter",
                         "properties": [{"propertyName": "text", "dataType": "string",
                                         "maxLength": 8, "method": "RE"}],
                         "commands": [{"commandName": "SET", "responses": [],
                                       "paras": [{"paraName": "valve", "dataType": "int", "min": 0,
                                                  "max": 1, "required": True}]}]}]}
MODEL = {"properties": [{"identifier": "switch", "type": "bool", "access": "rw"},
                        {"identifier": "dimmer", "type": "int32", "min": 0, "max": 1000,
                         "access": "rw"}]}
MAPPING = {"items": [{"object": 3311, "instance": 0, "resource": 5850, "identifier": "switch"},
                     {"object": 3311, "instance": 0, "resource": 5851, "identifier": "dimmer"}]}


class Session(threading.Thread):
    """A transcript on a module: bc260y-at beside the test. `result` when it has ended."""

    def __init__(self, text, port, module):
        super().__init__()
        self.module, self.port = module, port
        self.file = tempfile.NamedTemporaryFile("w", suffix=".at", encoding="utf-8")
        self.file.write(text)
        self.file.flush()
        self.result = None

    def run(self):
        self.result = run("bc260y-at", "--port", self.module.port, "--timeout", "20",
                          "-D", "server=127.0.0.1", "-D", f"port={self.port}", self.file.name,
                          limit_s=LIMIT_S)
        self.file.close()


class Carriers(unittest.TestCase):
    def begin(self, carrier, *args, **product):
        """A platform with one product, which is left to be filled."""
        self.platform = Serving("--quiet", *args)
        self.platform.__enter__()
        self.addCleanup(self.platform.stop)
        self.rest = self.platform.rest
        product = self.rest.post("/products", {"name": "P", "carrier": carrier, **product}, 201)
        self.product = f"/products/{product['id']}"
        self.product_id = product["id"]

    def put(self, what, body):
        self.rest.put(self.product + what, body)

    def add_device(self, endpoint, **device):
        device = self.rest.post("/devices", {"product": self.product_id, **device}, 201)
        self.assertEqual(device["endpoint"], endpoint)
        self.assertFalse(device["online"])
        self.device = "/devices/" + urllib.parse.quote(endpoint, safe="")

    def play(self, text, port=None):
        module = Module("--time-scale", "10", "--seed", "1")
        module.__enter__()
        session = Session(text, port or self.platform.udp_port, module)
        session.start()
        self.addCleanup(session.join)
        self.addCleanup(module.stop)  # first, and so the session ends
        return session

    def passed(self, session):
        session.join(LIMIT_S)
        story = f"{session.result.stdout}{session.result.stderr}" \
                f"platform: {self.platform.stderr_text()}\nmodule: {session.module.stderr_text()}"
        self.assertEqual(session.result.returncode, 0, story)
        self.assertFalse(self.rest.get(self.device)["online"])  # it deregistered

    def wait_for(self, path, good):
        return self.rest.wait_until(self.device + path, good, LIMIT_S)

    def history(self, name, values):
        path = "/properties/" + urllib.parse.quote(name, safe="")
        self.wait_for(path, lambda page: [p["value"] for p in page["items"]] == values)

    def command(self, body, state="SUCCESSFUL"):
        command = self.rest.post(self.device + "/commands", body, 200, wait=30)
        self.assertEqual(command["state"], state, command)
        return command

    def tree(self):
        objects = self.rest.get(self.device + "/objects")["items"]
        return {(o["object"], i["instance"]): {r["resource"]: r for r in i.get("resources", [])}
                for o in objects for i in o["instances"]}

    def assert_messages(self, *codes):
        """Both ways, and these codes among them."""
        messages = self.rest.get(self.device + "/messages", limit=1000)["items"]
        self.assertEqual({m["direction"] for m in messages}, {"up", "down"})
        seen = {m["code"] for m in messages}
        self.assertLessEqual(set(codes), seen)

    def with_write(self, name, wanted, answers=True):
        """The session, in which the platform writes before the module leaves."""
        lines = [f'[60s] +QLAURC: "write",{{write}},{wanted}']
        if answers:
            lines += ["AT+QLAWRRSP={write},2", "OK", "+QLAWRRSP: 0"]
        text = example(name)
        self.assertEqual(text.count(LEAVES), 1)
        return text.replace(LEAVES, "\n".join(lines) + "\n" + LEAVES)

    def telecom(self, session, values):
        """What IoT and AEP have in common: reports through a codec, and a command through it."""
        self.history("Meter.text", values)
        self.assertLessEqual({(3, 0), (19, 0), (19, 1)}, set(self.tree()))
        command = self.command({"service": "Meter", "method": "SET", "params": {"valve": 1}})
        self.assertEqual((command["path"], command["code"]), ("/19/1/0", "2.04"))
        self.passed(session)
        self.assert_messages("POST", "2.01", "GET", "2.05", "PUT", "2.04", "DELETE", "2.02")
        rows = self.rest.get(self.device + "/data")["items"]
        self.assertTrue(all(row["path"] == "/19/0/0" for row in rows), rows)
        self.assertEqual(rows[-1]["values"], {"Meter.text": values[-1]})

    def test_iot(self):
        """Guide 5.2.1: profile, codec, device by its IMEI; then 5.2.2."""
        self.begin("iot")
        self.put("/profile", PROFILE)
        self.put("/codec", text_at_7())
        self.rest.post(self.product + "/codec/deploy")
        self.add_device("867724030023557", imei="867724030023557")
        session = self.play(self.with_write("iot.at", '19,1,0,2,2,"0901",0'))
        self.telecom(session, ["28", "48", "48", "28"])

    def test_aep(self):
        """Guide 5.3.1: endpoint of IMEI and IMSI, decoded payload; then 5.3.2."""
        self.begin("aep", endpoint_format="urn:imei-imsi:{imei}-{imsi}", payload="decoded")
        self.put("/codec", text_at_7())
        self.rest.post(self.product + "/codec/deploy")
        self.add_device("urn:imei-imsi:866971030603068-460111174747875", imei="866971030603068",
                        imsi="460111174747875")
        session = self.play(self.with_write("aep.at", '19,1,0,2,2,"0901",0'))
        self.telecom(session, ["28", "28", "28"])

    def test_andlink(self):
        """Guide 5.4.1: product id, bootstrap; 19/1/0 as text both ways; then 5.4.2."""
        self.begin("andlink", "--bootstrap", "127.0.0.1:0", product_id="500677")
        self.add_device("866971031275899", imei="866971031275899")
        bootstrap = self.rest.get("/status")["listeners"]["bootstrap"]
        session = self.play(example("andlink.at"), bootstrap.rsplit(":", 1)[1])
        self.wait_for("", lambda device: device["online"])
        read = self.command({"operation": "read", "path": "/19/1/0", "expire_s": 60})
        self.assertEqual(json.loads(read["text"])["outletStatus"], "1", read)
        write = self.command({"operation": "write", "path": "/19/1/0",
                              "value": '{"outletStatus":"1"}'})
        self.assertEqual((write["code"], write["request"]["value"]),
                         ("2.04", '{"outletStatus":"1"}'))
        self.passed(session)
        self.assert_messages("POST", "2.01", "GET", "2.05", "PUT", "2.04")
        rows = self.rest.get(self.device + "/data")["items"]
        self.assertEqual([row["kind"] for row in rows].count("dp"), 2)
        self.assertEqual(self.tree()[(3, 0)][17]["value"], "500677")

    def test_dmp(self):
        """Guide 5.5.1: thing model, mapping, automatic subscription; then 5.5.2."""
        self.begin("dmp")
        self.put("/model", MODEL)
        self.put("/mapping", MAPPING)
        self.rest.post(self.product + "/model/publish")
        self.add_device("861428040064744", imei="861428040064744")
        session = self.play(self.with_write("dmp.at", "3311,0,5850,{_}"))
        self.history("dimmer", [500])
        self.history("switch", [True])
        self.assertEqual(self.tree()[(3311, 0)][5851]["value"], 500)
        observations = self.rest.get(self.device)["registration"]["observations"]
        self.assertEqual(observations, [{"path": "/3311/0", "accept": 11542}])
        command = self.command({"property": "switch", "value": False})
        self.assertEqual((command["path"], command["code"]), ("/3311/0/5850", "2.04"))
        self.passed(session)
        self.assert_messages("POST", "2.01", "GET", "2.05", "PUT", "2.04")


@needs_dtls
class Security(unittest.TestCase):
    """A product with "security": "dtls"."""

    KEY = "000102030405060708090a0b0c0d0e0f"

    def register(self, platform, port, security):
        """Of a new module; what +QLAREG says."""
        with Module("--set", "attach_ms=0", "--time-scale", "10") as module, \
                AtPort(module.port) as at:
            for line in ("AT+QSCLK=0", "AT+QLAADDOBJ=19,0,1,0",
                         f'AT+QLACONFIG=0,"127.0.0.1",{port},"e",300,{security}', "AT+QLAREG"):
                self.assertEqual(at.command(line)[-1], "OK", line)
            return at.wait_for(r"^\+QLAREG: (\d+)$", LIMIT_S).group(1)

    def test_its_devices_register_under_dtls_only(self):
        with Serving("--coaps", "127.0.0.1:0") as platform:
            product = platform.rest.post(
                "/products", {"name": "P", "carrier": "iot", "security": "dtls"}, 201)
            platform.rest.post("/devices", {"product": product["id"], "endpoint": "e"}, 201)
            self.assertNotEqual(self.register(platform, platform.udp_port, "3"), "0")
            event = platform.wait_for_event("rejected", endpoint="e")
            self.assertEqual((event["code"], event["reason"]),
                             ("4.03", "devices of this product speak DTLS only"))
            self.assertFalse(platform.rest.get("/devices/e")["online"])
            platform.rest.patch("/devices/e", {"psk": {"identity": "i", "key_hex": self.KEY}})
            self.secure(platform)

    def test_device_of_a_plain_product_may_have_a_key(self):
        keys = self.enterContext(tempfile.NamedTemporaryFile("w"))  # of mode 0600
        with Serving("--coaps", "127.0.0.1:0", "--psk-file", keys.name) as platform:
            product = platform.rest.post("/products", {"name": "P", "carrier": "iot"}, 201)
            platform.rest.post("/devices", {"product": product["id"], "endpoint": "e", "psk":
                                            {"identity": "i", "key_hex": self.KEY}}, 201)
            self.secure(platform)
            keys.write(f"f j {self.KEY}\n")
            keys.flush()
            platform.signal(signal.SIGHUP)  # reads the file anew; what is not in it is kept
            self.secure(platform)
            self.assertFalse([e for e in platform.events if e["event"] == "dtls-closed"
                              and "key" in e.get("reason", "")])
            self.assertNotEqual(self.register(platform, platform.udp_port, "3"), "0")

    def secure(self, platform):
        port = platform.events[0]["coaps"].rsplit(":", 1)[1]
        self.assertEqual(self.register(platform, port, f'0,"i","{self.KEY}"'), "0")
        registration = platform.rest.get("/devices/e")["registration"]
        self.assertEqual(registration["listener"], "coaps")


if __name__ == "__main__":
    unittest.main()
