"""Firmware updates over the air with the real programs: the guide's sessions 5.6.4 and 5.7.6, what
the platform refuses, and ends in the middle."""

import hashlib
import os
import sys
import tempfile
import time
import unittest

from rest import Serving
from support import AtPort, Module, needs_dtls, program, run, source_dir

sys.path.append(os.path.join(source_dir(), "scripts"))
import firmware  # noqa: E402 (of scripts/)

AEP_DEVICE = "866971030603068"
IOT_DEVICE = "869405030311568"
MANY_SPANS = 60  # a package of 240 KiB: there is time to do something in the middle

PROFILE = {
    "devices": [{
        "manufacturerId": "QUECTEL", "manufacturerName": "QUECTEL", "model": "BC260YCN",
        "protocolType": "CoAP", "deviceType": "WaterMeter",
        "omCapability": {
            "upgradeCapability": {"supportUpgrade": False},
            "fwUpgradeCapability": {"supportUpgrade": True, "upgradeProtocolType": "LWM2M",
                                    "downloadProtocolType": "CoAP"}},
        "serviceTypeCapabilities": [
            {"serviceId": "WaterData", "serviceType": "WaterData", "option": "Optional"}]}],
    "services": [{"serviceType": "WaterData", "properties": [
        {"propertyName": "level", "dataType": "int", "min": 0, "max": 100, "required": False,
         "method": "R"}], "commands": []}],
}
PASSPHRASE = "quectel123"
# So the host of the guide, which is quicker than +CPIN: READY, has a second for it.
SLOW_CARD = ("--set", "attach_ms=20000")


class Fota(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-fota-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def make(self, source, target, *more):
        """Path of the image, path of the zip file, bytes of the package."""
        return firmware.make(program("bc260y-delta"), self.folder, source, target, *more)

    def upload(self, platform, number, path, status=200):
        with open(path, "rb") as file:
            data = file.read()
        answer = platform.rest.raw("PUT", f"/api/v1/firmwares/{number}/content", data,
                                   {"Content-Type": "application/zip"})
        self.assertEqual(answer.status, status, answer.data)
        return answer.json

    def row(self, platform, task):
        return platform.rest.get(f"/tasks/{task}/devices")["items"][0]

    def wait_for_state(self, platform, task, *states, limit_s=20):
        items = platform.rest.wait_until(f"/tasks/{task}/devices",
                                         lambda answer: answer["items"][0]["state"] in states,
                                         limit_s)
        return items["items"][0]

    def play(self, platform, module, name, *more):
        result = run("bc260y-at", "--port", module.port, "--timeout", "20",
                     "-D", f"server={platform.host}", "-D", f"port={platform.udp_port}", *more,
                     os.path.join(source_dir(), "examples", name + ".at"), limit_s=90)
        story = f"{result.stdout}{result.stderr}platform: {platform.stderr_text()}\n" \
                f"module: {module.stderr_text()}"
        self.assertEqual(result.returncode, 0, story)
        return result.stdout

    def module(self, image, revision, *more):
        return Module("--time-scale", "10", "--seed", "5", "--state", "none", "--firmware", image,
                      "--set", f"revision={revision}", *more)

    # China Telecom AEP --------------------------------------------------------------------------

    def prepare_aep(self, platform, archive, imei=AEP_DEVICE, **task):
        """A product with a device, the firmware, and a task that runs; the task's number."""
        product = platform.rest.post("/products", {"name": "Meters", "carrier": "aep"}, 201)["id"]
        platform.rest.post("/devices", {"product": product, "imei": imei, **task.pop("more", {})},
                           201)
        with open(archive, "rb") as file:
            md5 = hashlib.md5(file.read()).hexdigest()
        number = platform.rest.post("/firmwares", {
            "name": "BC260YCNAAR01A02", "version": "BC260YCNAAR01A02", "carrier": "aep",
            "md5": md5, "description": "BC260YCNAAR01A02-BC260YCNAAR01A03"}, 201)["id"]
        self.assertEqual(self.upload(platform, number, archive)["state"], "ready")
        task = platform.rest.post("/tasks", {
            "name": "Test_Task1", "firmware": number, "retries": 3, "devices": [imei], **task},
            201)["id"]
        self.assertEqual(platform.rest.post(f"/tasks/{task}/start")["state"], "running")
        return task

    def test_aep_session(self):
        """Guide section 5.6.4: from BC260YCNAAR01A01 to A02, with the URCs in its order."""
        image, archive, package = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02")
        with Serving() as platform:
            task = self.prepare_aep(platform, archive)
            with platform.rest.events(type="fota") as events, \
                    self.module(image, "BC260YCNAAR01A01", *SLOW_CARD) as module:
                self.play(platform, module, "dfota-aep")
                seen, end = [], time.monotonic() + 10
                while not seen or seen[-1]["state"] != "SUCCEEDED":
                    seen.append(events.read(max(0.1, end - time.monotonic())))
            states = list(dict.fromkeys(event["state"] for event in seen))
            self.assertEqual(states, ["QUERYING", "DOWNLOADING", "DOWNLOADED", "UPDATING",
                                      "SUCCEEDED"])
            progress = [event["progress"] for event in seen]
            self.assertEqual(progress, sorted(progress))
            self.assertGreater(len(set(progress)), len(package) // 1024 - 5)
            row = self.row(platform, task)
            self.assertEqual(row["result"], 1)
            self.assertEqual(row["version_before"], "BC260YCNAAR01A01")
            self.assertEqual(row["version_after"], "BC260YCNAAR01A02")
            done = platform.rest.get(f"/tasks/{task}")
            self.assertEqual(done["state"], "done")
            self.assertEqual(done["counts"]["succeeded"], 1)
            device = platform.rest.get(f"/devices/{AEP_DEVICE}")
            observed = [o["path"] for o in device["registration"]["observations"]]
            self.assertEqual(observed, ["/19/0/0"])  # that of 5/0/3 is canceled

    @needs_dtls
    def test_aep_over_dtls(self):
        """The same with a coaps:// package, in the session of the registration."""
        image, archive, _ = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02")
        key = "000102030405060708090a0b0c0d0e0f"
        with Serving("--coaps", "127.0.0.1:0") as platform:
            platform.udp_port = int(platform.events[0]["coaps"].rsplit(":", 1)[1])
            task = self.prepare_aep(platform, archive,
                                    more={"psk": {"identity": "meter", "key_hex": key}})
            with self.module(image, "BC260YCNAAR01A01", *SLOW_CARD) as module:
                self.play(platform, module, "dfota-aep", "-D", f'security=0,"meter","{key}"')
                self.assertEqual(self.wait_for_state(platform, task, "SUCCEEDED")["result"], 1)

    def test_a_wrong_md5_is_refused(self):
        """Guide section 5.6.1."""
        _, archive, _ = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02")
        with Serving() as platform:
            number = platform.rest.post("/firmwares", {
                "name": "A02", "version": "A02", "carrier": "aep", "md5": "0" * 32}, 201)["id"]
            problem = self.upload(platform, number, archive, 422)
            self.assertIn("MD5", problem["detail"])
            self.assertEqual(problem["field"], "md5")
            self.assertEqual(platform.rest.get(f"/firmwares/{number}")["state"], "empty")

    # China Telecom IoT platform -----------------------------------------------------------------

    def sign(self, archive):
        """The signed zip file and the public key."""
        secret = os.path.join(self.folder, "passphrase")
        with open(secret, "w", encoding="ascii") as file:
            file.write(PASSPHRASE + "\n")
        for args in (["keygen", "--force", "--passphrase-file", secret, "--out", self.folder],
                     ["sign", archive, "--key", os.path.join(self.folder, "private.pem"),
                      "--passphrase-file", secret]):
            result = run("bc260y-sign", *args)
            self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.folder, "public.pem"), encoding="ascii") as file:
            return archive.replace(".zip", "_signed.zip"), file.read()

    def prepare_iot(self, platform):
        """The product with its profile, and a firmware without its file; their numbers."""
        product = platform.rest.post("/products", {"name": "Meters", "carrier": "iot"}, 201)["id"]
        platform.rest.put(f"/products/{product}/profile", PROFILE)
        platform.rest.post("/devices", {"product": product, "imei": IOT_DEVICE}, 201)
        number = platform.rest.post("/firmwares", {
            "name": "BETA", "version": "BC260YCNAAR01A03_BETA0721", "carrier": "iot",
            "product": product, "device_type": "WaterMeter", "manufacturer": "QUECTEL",
            "model": "BC260YCN", "protocol": "CoAP",
            "source_versions": ["BC260YCNAAR01A03"]}, 201)["id"]
        return product, number

    def test_iot_session(self):
        """Guide section 5.7: profile, key, signed package, group, batch task, and 5.7.6."""
        image, archive, _ = self.make("BC260YCNAAR01A03", "BC260YCNAAR01A03_BETA0721")
        signed, public = self.sign(archive)
        with Serving() as platform:
            _, number = self.prepare_iot(platform)
            problem = self.upload(platform, number, signed, 422)
            self.assertIn("no public key of QUECTEL", problem["detail"])
            self.assertEqual(problem["field"], "manufacturer")
            platform.rest.post("/keys", {"manufacturer": "QUECTEL", "public_key": public}, 201)
            problem = self.upload(platform, number, archive, 422)
            self.assertEqual(problem["detail"], "it is not signed")
            self.assertEqual(self.upload(platform, number, signed)["target_revision"],
                             "BC260YCNAAR01A03_BETA0721")
            group = platform.rest.post("/groups", {"name": "Water"}, 201)["id"]
            answer = platform.rest.ask("PUT", f"/groups/{group}/devices/{IOT_DEVICE}")
            self.assertEqual(answer.status, 204)
            task = platform.rest.post("/tasks", {
                "name": "batch", "firmware": number, "group": group, "retries": 2,
                "retry_policy": "next_registration"}, 201)["id"]
            platform.rest.post(f"/tasks/{task}/start")
            with self.module(image, "BC260YCNAAR01A03", *SLOW_CARD) as module:
                self.play(platform, module, "dfota-iot")
                row = self.wait_for_state(platform, task, "SUCCEEDED")
            self.assertEqual(row["version_after"], "BC260YCNAAR01A03_BETA0721")

    def test_an_altered_package_is_refused(self):
        """Nothing unsigned or altered reaches a device: each of some bytes, and another key."""
        _, archive, _ = self.make("BC260YCNAAR01A03", "BC260YCNAAR01A03_BETA0721")
        signed, public = self.sign(archive)
        with open(signed, "rb") as file:
            data = file.read()
        altered = os.path.join(self.folder, "altered.zip")
        with Serving() as platform:
            _, number = self.prepare_iot(platform)
            key = platform.rest.post("/keys", {"manufacturer": "QUECTEL", "public_key": public},
                                     201)["id"]
            for at in 0, 30, len(data) // 2, len(data) - 30:
                with self.subTest(at=at), open(altered, "wb") as file:
                    file.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
                    file.flush()
                    self.upload(platform, number, altered, 422)
            platform.rest.delete(f"/keys/{key}")
            _, other = self.sign(archive.replace(".zip", "") + ".zip")
            platform.rest.post("/keys", {"manufacturer": "QUECTEL", "public_key": other}, 201)
            with open(altered, "wb") as file:
                file.write(data)
            problem = self.upload(platform, number, altered, 422)
            self.assertIn("signature is wrong", problem["detail"])
            self.assertEqual(platform.rest.get(f"/firmwares/{number}")["state"], "empty")

    def test_a_profile_must_allow_it(self):
        """Guide sections 5.7.1, 5.7.4: omCapability, and the same words in all fields."""
        _, archive, _ = self.make("BC260YCNAAR01A03", "BC260YCNAAR01A03_BETA0721")
        signed, public = self.sign(archive)
        with Serving() as platform:
            product, number = self.prepare_iot(platform)
            platform.rest.post("/keys", {"manufacturer": "QUECTEL", "public_key": public}, 201)
            for change, field, word in (
                    ({"omCapability": {}}, "product", "supportUpgrade"),
                    ({"deviceType": "GasMeter"}, "device_type", "device_type"),
                    ({"manufacturerName": "QUECTEl"}, "manufacturer", "manufacturer"),
                    ({"model": "BC260YCN "}, "model", "model"),
                    ({"protocolType": "LWM2M"}, "protocol", "protocol")):
                with self.subTest(word=word):
                    device = {**PROFILE["devices"][0], **change}
                    platform.rest.put(f"/products/{product}/profile",
                                      {**PROFILE, "devices": [device]})
                    problem = self.upload(platform, number, signed, 422)
                    self.assertIn(word, problem["detail"])
                    self.assertEqual(problem["field"], field)
            platform.rest.put(f"/products/{product}/profile", PROFILE)
            self.upload(platform, number, signed)

    # Ends in the middle -------------------------------------------------------------------------

    def begin(self, platform, module):
        """What a host sends before a download; COAPSTART has come."""
        at = AtPort(module.port)
        at.__enter__()
        self.addCleanup(at.__exit__, None, None, None)
        at.wait_for(r"\+IP: ")
        for command in ('AT+QSCLK=0', 'AT+QLACFG="platform",1',
                        f'AT+QLACONFIG=0,"{platform.host}",{platform.udp_port},'
                        f'"{AEP_DEVICE}",3000,3',
                        "AT+QLAADDOBJ=19,0,1,0", "AT+QLAREG"):
            self.assertEqual(at.command(command)[-1], "OK")
        request = at.wait_for(r'\+QLAURC: "observe",(\d+),0,19,0,0').group(1)
        at.send(f'AT+QLAOBSRSP={request},1,19,0,0,2,9,"020001000400023238",0')
        at.wait_for("COAPSTART", 30)
        return at

    def finish(self, at):
        """The module has updated itself, and registers again."""
        at.wait_for('"FOTA","END",0', 60)
        at.wait_for(r"\+IP: ")
        at.command("AT+QLAREG")
        at.wait_for(r"\+QLAREG: 0")

    def test_the_platform_is_killed_in_the_download(self):
        """kill -9, and another one on the same store and ports: the download goes on."""
        image, archive, _ = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02", MANY_SPANS)
        store = ("--store", os.path.join(self.folder, "store"))
        with Serving(*store) as platform:
            task = self.prepare_aep(platform, archive)
            with self.module(image, "BC260YCNAAR01A01") as module:
                with platform.rest.events(type="fota") as events:
                    at = self.begin(platform, module)
                    while events.read()["progress"] < 20:
                        pass
                platform.kill()
                with Serving(*store, coap=platform.coap) as heir:
                    heir.rest = platform.rest.__class__(heir.http, platform.rest.token)
                    row = self.row(heir, task)
                    self.assertEqual(row["state"], "DOWNLOADING")
                    at.wait_for('"FOTA","COAPEND",0', 60)
                    self.finish(at)
                    row = self.wait_for_state(heir, task, "SUCCEEDED", "FAILED")
                    self.assertEqual(row["reason"], None)
                    self.assertEqual(row["attempts"], 1)

    def test_a_task_is_canceled_in_the_download(self):
        image, archive, _ = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02", MANY_SPANS)
        with Serving() as platform:
            task = self.prepare_aep(platform, archive)
            with self.module(image, "BC260YCNAAR01A01") as module, \
                    platform.rest.events(type="fota") as events:
                at = self.begin(platform, module)
                while events.read()["progress"] < 10:
                    pass
                platform.rest.post(f"/tasks/{task}/cancel")
                at.wait_for('"FOTA","COAPEND",1')
                self.wait_for_state(platform, task, "CANCELED")

    def test_another_source_version_is_left_alone(self):
        image, archive, _ = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02")
        with Serving() as platform:
            task = self.prepare_aep(platform, archive)
            with self.module(image, "BC260YCNAAR01A00") as module, AtPort(module.port) as at:
                at.wait_for(r"\+IP: ")
                for command in (f'AT+QLACONFIG=0,"{platform.host}",{platform.udp_port},'
                                f'"{AEP_DEVICE}",3000,3', "AT+QLAADDOBJ=19,0,1,0", "AT+QLAREG"):
                    at.command(command)
                request = at.wait_for(r'\+QLAURC: "observe",(\d+),').group(1)
                at.send(f'AT+QLAOBSRSP={request},1,19,0,0,2,9,"020001000400023238",0')
                row = self.wait_for_state(platform, task, "FAILED")
                self.assertIn("source version", row["reason"])
                self.assertEqual(row["version_before"], "BC260YCNAAR01A00")

    def test_an_update_that_fails_is_told(self):
        """END,255: the old firmware runs, and the platform knows."""
        image, archive, _ = self.make("BC260YCNAAR01A01", "BC260YCNAAR01A02")
        with Serving() as platform:
            task = self.prepare_aep(platform, archive, retries=0)
            control = os.path.join(self.folder, "control")
            with self.module(image, "BC260YCNAAR01A01", "--control", control) as module:
                result = run("bc260y-ctl", "--socket", control, "fota-outcome",
                             "update-failed")
                self.assertEqual(result.returncode, 0, result.stderr)
                at = self.begin(platform, module)
                at.wait_for('"FOTA","END",255', 60)
                at.wait_for(r"\+IP: ")
                at.command("AT+QLAREG")
                row = self.wait_for_state(platform, task, "FAILED")
                self.assertEqual(row["result"], 8)
                self.assertEqual(row["version_after"], "BC260YCNAAR01A01")


if __name__ == "__main__":
    unittest.main()
