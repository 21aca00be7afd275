"""One walk through all resources of the REST interface: each answers as the OpenAPI document says,
and none is left out.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import unittest

from rest import PREFIX, Serving
from support import program, source_dir
from test_fota import PROFILE
from test_platform import Device

sys.path.append(os.path.join(source_dir(), "scripts"))
import firmware  # noqa: E402 (of scripts/)

MODEL = {"properties": [{"identifier": "switch", "name": "Switch", "type": "bool", "access": "rw"}]}
MAPPING = {"items": [{"object": 3311, "instance": 0, "resource": 5850, "identifier": "switch"}]}


def public_key():
    """Of the kind that signs packages."""
    private = subprocess.run(["openssl", "ecparam", "-name", "secp256k1", "-genkey", "-noout"],
                             check=True, capture_output=True).stdout
    return subprocess.run(["openssl", "ec", "-pubout"], input=private, check=True,
                          capture_output=True).stdout.decode()


class Resources(unittest.TestCase):
    def test_every_resource_answers_as_the_document_says(self):
        with Serving("--open", "iot") as platform, Device(platform) as device:
            self.rest = platform.rest
            self.walk_products()
            self.walk_accounts()
            self.walk_devices(device)
            self.walk_commands()
            self.walk_firmware()
            self.walk_virtual()
            self.rest.get("/status")
            self.rest.get("/whoami")
            self.rest.get("/openapi.json")
            document = self.rest.document
            known = {(method.upper(), path) for path, operations
                     in document.document["paths"].items() for method in operations}
            self.assertEqual(known - document.checked, {("GET", "/events")})

    def walk_products(self):
        rest = self.rest
        number = rest.post("/products", {"name": "a", "carrier": "iot"}, 201)["id"]
        place = f"/products/{number}"
        rest.get("/products", search="a", limit=1)
        rest.patch(place, {"description": "of the walk"})
        self.assertEqual(rest.get(place)["description"], "of the walk")
        rest.put(place + "/profile", PROFILE)
        rest.get(place + "/profile")
        source = "function decode(data) return {} end\nfunction encode(command) return '' end"
        rest.put(place + "/codec", {"kind": "lua", "source": source})
        rest.get(place + "/codec")
        rest.post(place + "/codec/test", {"hex": "00"})
        rest.post(place + "/codec/deploy")
        rest.delete(place + "/codec")
        other = rest.post("/products", {"name": "b", "carrier": "dmp"}, 201)["id"]
        rest.put(f"/products/{other}/model", MODEL)
        rest.get(f"/products/{other}/model")
        rest.put(f"/products/{other}/mapping", MAPPING)
        rest.get(f"/products/{other}/mapping")
        rest.post(f"/products/{other}/model/publish")
        rest.delete(f"/products/{other}")
        self.product = number

    def walk_accounts(self):
        number = self.rest.post("/tokens", {"name": "t", "role": "viewer"}, 201)["id"]
        self.assertEqual(len(self.rest.get("/tokens")["items"]), 2)
        self.rest.delete(f"/tokens/{number}")
        hook = {"url": "http://127.0.0.1:9/", "events": ["alarm"]}
        number = self.rest.post("/webhooks", hook, 201)["id"]
        self.assertEqual(len(self.rest.get("/webhooks")["items"]), 1)
        self.rest.delete(f"/webhooks/{number}")

    def walk_devices(self, device):
        rest = self.rest
        rest.post("/devices", {"product": self.product, "endpoint": "walker", "name": "w"}, 201)
        rest.post("/devices", {"product": self.product, "imei": "867724030023557"}, 201)
        rest.patch("/devices/walker", {"remark": "r"})
        device.register(b"walker", b"</3/0>,</19/0>")
        rest.wait_until("/devices/walker", lambda d: d["registration"])
        request = device.take_request()  # the observation of the carrier
        device.answer(request, 0x45, b"\x61\x05\x61\x2a\xffhello")
        rest.wait_until("/devices/walker/data", lambda page: page["items"])
        rest.get("/devices", online="true")
        rest.get("/devices/walker/objects")
        rest.get("/devices/walker/properties")
        rest.get("/devices/walker/properties/level")
        self.assertTrue(rest.get("/devices/walker/messages")["items"])
        device.register("名字".encode())  # one that is in no product
        device.register(b"\xff\x00odd")
        for item in rest.get("/devices", limit=1000)["items"]:
            rest.get(item["href"].removeprefix(PREFIX))
        rest.delete("/devices/867724030023557")

    def walk_commands(self):
        rest = self.rest
        body = {"operation": "read", "path": "/3/0/0"}
        number = rest.post("/devices/walker/commands", body, 202)["id"]
        rest.get("/devices/walker/commands")
        rest.get("/commands")
        rest.get(f"/commands/{number}")
        rest.delete(f"/commands/{number}", 200)

    def walk_firmware(self):
        rest = self.rest
        number = rest.post("/keys", {"manufacturer": "WALK", "public_key": public_key()}, 201)["id"]
        rest.get("/keys")
        rest.delete(f"/keys/{number}")
        with tempfile.TemporaryDirectory(prefix="bc260y-walk-") as folder:
            _, archive, _ = firmware.make(program("bc260y-delta"), folder, "A01", "A02")
            with open(archive, "rb") as file:
                data = file.read()
        body = {"name": "A01", "version": "A02", "carrier": "aep",
                "md5": hashlib.md5(data).hexdigest(), "description": "A01-A02"}
        package = rest.post("/firmwares", body, 201)["id"]
        place = f"/firmwares/{package}"
        answer = rest.raw("PUT", f"{PREFIX}{place}/content", data,
                          {"Content-Type": "application/zip"})
        self.assertEqual(answer.status, 200, answer.data)
        rest.document.check("PUT", place + "/content", 200, answer.media_type, answer.json)
        rest.get("/firmwares")
        rest.get(place)
        meters = rest.post("/products", {"name": "m", "carrier": "aep"}, 201)["id"]
        rest.post("/devices", {"product": meters, "endpoint": "meter"}, 201)
        rest.post("/devices", {"product": meters, "endpoint": "other"}, 201)
        group = rest.post("/groups", {"name": "g"}, 201)["id"]
        rest.ask("PUT", f"/groups/{group}/devices/meter", status=204)
        rest.get("/groups")
        rest.get(f"/groups/{group}")
        rest.delete(f"/groups/{group}/devices/meter")
        rest.delete(f"/groups/{group}")
        body = {"name": "t", "firmware": package, "retries": 1, "devices": ["meter"]}
        task = rest.post("/tasks", body, 201)["id"]
        rest.post(f"/tasks/{task}/devices", {"devices": ["other"]})
        rest.get("/tasks")
        rest.get(f"/tasks/{task}")
        rest.get(f"/tasks/{task}/devices")
        rest.post(f"/tasks/{task}/start")
        rest.post(f"/tasks/{task}/cancel")
        rest.delete(f"/tasks/{task}")
        rest.delete(place)

    def walk_virtual(self):
        place = "/devices/walker/virtual"
        self.rest.post(place, {}, 201)
        self.rest.get(place)
        self.rest.post(place + "/input", {"text": "AT"})
        self.rest.delete(place)
        self.rest.delete("/devices/walker")


if __name__ == "__main__":
    unittest.main()
