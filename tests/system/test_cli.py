"""The REST interface on the command line (bc260y-platform-cli(1)): what it sends to a server that
answers as the test says, and what it prints of that."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from fake_rest import FakeRest
from rest import Serving
from support import program, run

TOKEN = "bcp_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
NOUNS = ("product", "device", "command", "data", "token", "firmware", "key", "group", "task",
         "webhook", "event", "status", "whoami")


# Registers, answers the platform's observation, and stays.
STAY = """%timeout 60s
RDY
+CFUN: 1
+CPIN: READY
+IP: {_}
AT+QSCLK=0
OK
AT+QLACFG="platform",0
OK
AT+QLACONFIG=0,"{server}",{port},"{endpoint}",3000,3
OK
AT+QLAADDOBJ=19,0,1,0
OK
AT+QLAADDOBJ=19,1,1,0
OK
AT+QLAREG
OK
+QLAREG: 0
+QLAURC: "observe",{observe},0,19,0,0
AT+QLAOBSRSP={observe},1,19,0,0,2,9,"020001000400023238",0
OK
+QLAOBSRSP: 0
"""


class CliTest(unittest.TestCase):
    def setUp(self):
        self.rest = FakeRest()
        self.rest.__enter__()
        self.addCleanup(self.rest.__exit__)
        self.folder = tempfile.mkdtemp(prefix="bc260y-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def cli(self, *args, env=None, cwd=None, **options):
        """Run it against the fake server; no token, home or folder of the user's is seen."""
        clean = {"PATH": os.environ["PATH"], "HOME": self.folder, "TZ": "UTC",
                 "BC260Y_URL": self.rest.url, "BC260Y_TOKEN": TOKEN,
                 "http_proxy": "http://127.0.0.1:1", **(env or {})}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            clean[name] = os.environ.get(name, "")
        clean = {name: value for name, value in clean.items() if value is not None}
        result = run("bc260y-platform", *args, env=clean, cwd=cwd or self.folder, **options)
        self.assertNotIn(TOKEN, result.stdout + result.stderr)
        return result

    def good(self, *args, **options):
        result = self.cli(*args, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def fails(self, status, *args, **options):
        """Its one line on standard error."""
        result = self.cli(*args, **options)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("bc260y-platform: "), lines)
        return lines[0].removeprefix("bc260y-platform: ")

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return path

    def sent(self):
        """The only request."""
        self.assertEqual(len(self.rest.requests), 1)
        return self.rest.requests[0]


class Output(CliTest):
    PRODUCTS = {"items": [
        {"id": 1, "name": "meter", "carrier": "iot", "device_count": 12,
         "codec": {"kind": "lua"}, "created_ms": 1767225600000},
        {"id": 20, "name": "水表", "carrier": "aep", "device_count": 0, "codec": {"kind": "none"},
         "created_ms": None}], "next": None}

    def test_lists_are_tables_with_aligned_columns(self):
        self.rest.answer("GET", "/products", self.PRODUCTS)
        self.assertEqual(self.good("product", "list"),
                         "id  name   carrier  devices  codec  created\n"
                         "1   meter  iot      12       lua    2026-01-01 00:00:00\n"
                         "20  水表   aep      0        none   -\n")

    def test_json_is_an_array(self):
        self.rest.answer("GET", "/products", self.PRODUCTS)
        self.assertEqual(json.loads(self.good("product", "list", "--json")),
                         self.PRODUCTS["items"])

    def test_one_thing_is_a_member_a_line(self):
        self.rest.answer("GET", "/devices/a", {
            "endpoint": "a", "online": True, "group": None,
            "registration": {"lifetime_s": 300, "observations": [{"path": "/19/0/0"}]}})
        self.assertEqual(self.good("device", "show", "a"),
                         "endpoint                   a\n"
                         "online                     yes\n"
                         "group                      -\n"
                         "registration.lifetime_s    300\n"
                         'registration.observations  [{"path":"/19/0/0"}]\n')

    def test_pages_are_put_together(self):
        self.rest.answer("GET", "/devices", {"items": [{"endpoint": "a"}], "next": "7"})
        self.rest.answer("GET", "/devices", {"items": [{"endpoint": "b"}], "next": None})
        items = json.loads(self.good("device", "list", "--limit", "0", "--json"))
        self.assertEqual([item["endpoint"] for item in items], ["a", "b"])
        self.assertEqual([request.query for request in self.rest.requests],
                         [{"limit": "1000"}, {"limit": "1000", "cursor": "7"}])

    def test_a_limit_is_kept_and_said(self):
        self.rest.answer("GET", "/devices", {"items": [{"endpoint": "a"}], "next": "7"})
        result = self.cli("device", "list", "--limit=1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("there are more", result.stderr)
        self.assertEqual(self.sent().query, {"limit": "1"})

    def test_terminals_are_safe_from_names(self):
        self.rest.answer("GET", "/products", {"items": [{"id": 1, "name": "\x1b[2J\u009b2J"}]})
        output = self.good("product", "list")
        self.assertIn("\\x1B[2J\\x9B2J", output)
        self.assertNotIn("\x1b", output)

    def test_documents_are_json(self):
        profile = {"devices": [], "services": [{"serviceType": "meter"}]}
        self.rest.answer("GET", "/products/3/profile", profile)
        self.assertEqual(json.loads(self.good("product", "profile", "3")), profile)

    def test_objects_are_a_row_a_resource(self):
        self.rest.answer("GET", "/devices/a/objects", {"items": [
            {"object": 3303, "name": "Temperature", "instances": [{"instance": 0, "resources": [
                {"resource": 5700, "name": "Sensor Value", "operations": "R", "observed": True,
                 "value": 21.5, "time_ms": 1767225600000}]}]},
            {"object": 19, "name": "Data", "instances": [{"instance": 1, "resources": []}]}]})
        lines = self.good("device", "objects", "a").splitlines()
        self.assertRegex(lines[1], r"^/3303/0/5700  Sensor Value  R +yes +21\.5 +2026-01-01 ")
        self.assertRegex(lines[2], r"^/19/1 +Data ")

    def test_long_cells_are_cut(self):
        self.rest.answer("GET", "/devices/a/data",
                         {"items": [{"number": 1, "hex": "00" * 5000}]})
        self.assertLess(max(map(len, self.good("data", "list", "a").splitlines())), 200)

    def test_a_full_disk_is_told(self):
        self.rest.answer("GET", "/products", self.PRODUCTS)
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run(
                [program("bc260y-platform"), "product", "list", "--url", self.rest.url],
                stdout=full, stderr=subprocess.PIPE, cwd=self.folder, timeout=30, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"standard output", result.stderr)


class Requests(CliTest):
    def test_names_go_percent_encoded_into_paths(self):
        self.rest.answer("DELETE", "/devices/urn%3Aimei%3A1%2F%3F%20", None, status=204)
        self.assertEqual(self.good("device", "remove", "urn:imei:1/? "), "")
        self.assertEqual(self.sent().raw_path, "/api/v1/devices/urn%3Aimei%3A1%2F%3F%20")

    def test_options_are_fields(self):
        self.rest.answer("POST", "/products", {"id": 1}, status=201)
        self.good("product", "add", "meter", "aep", "--power-saving=psm", "--observe-all", "false",
                  "--endpoint-format", "urn:imei:{imei}")
        self.assertEqual(self.sent().body, {
            "name": "meter", "carrier": "aep", "power_saving": "psm", "observe_all": False,
            "endpoint_format": "urn:imei:{imei}"})
        self.assertEqual(self.sent().media_type, "application/json")

    def test_numbers_and_lists(self):
        self.rest.answer("POST", "/tasks", {"id": 1}, status=201)
        self.good("task", "create", "spring", "4", "--devices", "a,b", "--retries", "2")
        self.assertEqual(self.sent().body, {"name": "spring", "firmware": 4, "devices": ["a", "b"],
                                            "retries": 2})

    def test_many_operands(self):
        self.rest.answer("POST", "/tasks/5/devices", None, status=204)
        self.good("task", "add", "5", "a", "--", "--b")
        self.assertEqual(self.sent().body, {"devices": ["a", "--b"]})

    def test_a_command_with_a_value(self):
        self.rest.answer("POST", "/devices/a/commands", {"id": 9, "state": "SUCCESSFUL"})
        for given, value in (("true", True), ("-5", -5), ("on", "on"), ('"1"', "1")):
            self.rest.requests.clear()
            self.good("command", "send", "a", "write", "/3311/0/5850", given, "--wait", "30",
                      "--expire", "0")
            self.assertEqual(self.sent().body, {"operation": "write", "path": "/3311/0/5850",
                                                "value": value, "expire_s": 0})
            self.assertEqual(self.sent().query, {"wait": "30"})

    def test_commands_of_profile_and_model(self):
        self.rest.answer("POST", "/devices/a/commands", {"id": 9, "state": "PENDING"}, status=202)
        self.good("command", "call", "a", "Lock", "CHANGE_PWD", '{"pwd":"12"}')
        self.good("command", "property", "a", "switch", "true")
        self.assertEqual([request.body for request in self.rest.requests],
                         [{"service": "Lock", "method": "CHANGE_PWD", "params": {"pwd": "12"}},
                          {"property": "switch", "value": True}])

    def test_documents_come_from_files(self):
        self.rest.answer("PUT", "/products/1/mapping", {"items": []})
        path = self.file("mapping.json", '{"items":[]}')
        self.good("product", "set-mapping", "1", path)
        self.good("product", "set-mapping", "1", "-", input='{"items":[]}')
        self.assertEqual([request.body for request in self.rest.requests], [{"items": []}] * 2)

    def test_a_codec_in_lua(self):
        self.rest.answer("PUT", "/products/1/codec", {})
        self.good("product", "set-lua", "1", self.file("codec.lua", "return {}\n"))
        self.assertEqual(self.sent().body, {"kind": "lua", "source": "return {}\n"})

    def test_secrets_come_from_files(self):
        self.rest.answer("POST", "/devices", {"endpoint": "a"}, status=201)
        self.rest.answer("POST", "/webhooks", {"id": 1}, status=201)
        self.good("device", "add", "1", "--imei", "866971030603068", "--psk-file",
                  self.file("psk", "identity 00112233\n"))
        self.good("webhook", "add", "http://127.0.0.1/", "--events", "data", "--secret-file",
                  self.file("secret", "s3cret\n"))
        self.assertEqual(self.rest.requests[0].body["psk"],
                         {"identity": "identity", "key_hex": "00112233"})
        self.assertEqual(self.rest.requests[1].body["secret"], "s3cret")

    def test_a_tokens_end_is_in_days(self):
        self.rest.answer("POST", "/tokens", {"id": 2, "token": "bcp_new"}, status=201)
        self.assertEqual(self.good("token", "create", "ci", "viewer", "--days", "1"), "bcp_new\n")
        self.assertGreater(self.sent().body["expires_ms"], 1700000000000)


class Tokens(CliTest):
    def setUp(self):
        super().setUp()
        self.rest.answer("GET", "/whoami", {"role": "viewer", "name": "ci"})

    def used(self, *args, **options):
        self.rest.requests.clear()
        self.good("whoami", *args, **options)
        return self.sent().token

    def test_where_it_comes_from(self):
        place = os.path.join(self.folder, ".local/state/bc260y-platform")
        os.makedirs(place)
        self.file(os.path.join(place, "admin-token"), "bcp_made\n")
        path = self.file("token", "bcp_file\n")
        self.assertEqual(self.used("--token-file", path), "bcp_file")
        self.assertEqual(self.used(), TOKEN)
        self.assertEqual(self.used(env={"BC260Y_TOKEN": None}), "bcp_made")
        older = self.file(os.path.join(place, "memory-token"), "bcp_older\n")
        os.utime(older, (1, 1))
        self.assertEqual(self.used(env={"BC260Y_TOKEN": None}), "bcp_made")
        os.utime(os.path.join(place, "admin-token"), (0, 0))
        self.assertEqual(self.used(env={"BC260Y_TOKEN": None}), "bcp_older")

    def test_none_is_told(self):
        self.rest.answers.clear()
        self.rest.answer("GET", "/whoami", {"title": "Unauthorized"}, status=401)
        self.assertIn("--token-file", self.fails(1, "whoami", env={"BC260Y_TOKEN": None}))

    def test_a_file_without_one_is_told_without_its_content(self):
        path = self.file("token", "s3cret\tword\x01\n")
        line = self.fails(1, "whoami", "--token-file", self.file("empty", "\n"))
        self.assertIn("holds no token", line)
        self.assertNotIn("s3cret", self.fails(1, "whoami", "--token-file",
                                              self.file("token", "s3\x01cret\n")))
        self.assertIn("cannot read", self.fails(1, "whoami", "--token-file", path + "x"))

    def test_a_redirect_does_not_get_it(self):
        with FakeRest() as other:
            self.rest.answers.clear()
            self.rest.answer("GET", "/whoami", None, status=302,
                             location=other.url + "/api/v1/whoami")
            self.assertIn("302", self.fails(1, "whoami"))
            self.assertEqual(other.requests, [])


class Problems(CliTest):
    def test_what_the_platform_says(self):
        self.rest.answer("POST", "/devices", {"title": "Unprocessable", "status": 422,
                                              "detail": "must have 15 digits", "field": "imei"},
                         status=422)
        self.assertEqual(self.fails(1, "device", "add", "1", "--imei", "5"),
                         "imei: must have 15 digits (422)")

    def test_control_characters_in_it(self):
        self.rest.answer("GET", "/status", {"detail": "a\x1b[2J\nb"}, status=503)
        self.assertEqual(self.fails(1, "status"), "a?[2J?b (503)")

    def test_something_else_answers(self):
        self.rest.answer("GET", "/status", b"<html>")
        self.assertIn("is it a bc260y-platform?", self.fails(1, "status"))

    def test_nobody_answers(self):
        line = self.fails(1, "status", "--url", "http://127.0.0.1:1")
        self.assertIn("cannot reach http://127.0.0.1:1", line)
        self.assertIn("--http", line)

    def test_other_protocols(self):
        self.assertIn("--url", self.fails(2, "status", "--url", "file:///etc/passwd"))

    def test_wrong_usage(self):
        for args in (("device",), ("device", "fly"), ("device", "show"), ("device", "show", ""),
                     ("device", "show", "a", "b"), ("device", "list", "--nothing"),
                     ("device", "list", "--search"), ("task", "create", "x", "four"),
                     ("task", "add", "5"), ("device", "list", "--limit", "-1"),
                     ("token", "create", "a", "viewer", "--days", "0"),
                     ("data", "list", "a", "--follow=1"), ("completion", "fish"), ("completion",)):
            with self.subTest(args=args):
                self.assertIn("see --help", self.fails(2, *args))
        self.assertEqual(self.rest.requests, [])

    def test_files_that_cannot_be_read(self):
        self.assertIn("no-such-file", self.fails(2, "product", "set-model", "1", "no-such-file"))
        broken = self.file("broken.json", '{\n"a":\n}')
        self.assertIn("broken.json:3:", self.fails(2, "product", "set-model", "1", broken))

    def test_a_failed_command_fails(self):
        self.rest.answer("POST", "/devices/a/commands", {"id": 9, "state": "EXPIRED"})
        self.assertIn("failed", self.fails(1, "command", "send", "a", "read", "/3", "--wait", "5"))

    def test_a_command_that_takes_longer_than_the_wait_fails(self):
        self.rest.answer("POST", "/devices/a/commands", {"id": 9, "state": "SENT"}, status=202)
        self.assertIn("not ended", self.fails(1, "command", "send", "a", "read", "/3",
                                              "--wait", "1"))
        self.good("command", "send", "a", "read", "/3")


class Streams(CliTest):
    @staticmethod
    def stream(*events):
        text = ": ping\n\n"
        for number, (kind, body) in enumerate(events):
            text += f"id: {number}\nevent: {kind}\ndata: {json.dumps(body)}\n\n"
        return text.encode()

    def test_events_a_line_each(self):
        self.rest.answer("GET", "/events", self.stream(
            ("registered", {"type": "registered", "endpoint": "a", "why": "boot"}),
            ("updated", {"type": "updated", "endpoint": "a"})), content_type="text/event-stream")
        lines = self.good("event", "follow", "--device", "a", "--count", "2", "--json")
        self.assertEqual([json.loads(line)["type"] for line in lines.splitlines()],
                         ["registered", "updated"])
        self.assertEqual(self.sent().query, {"device": "a"})
        line = self.good("event", "follow", "--count", "1")
        self.assertRegex(line, r'^- +registered +a +\{"why":"boot"\}$')

    def test_the_end_of_the_stream_is_told(self):
        self.rest.answer("GET", "/events", self.stream(), content_type="text/event-stream")
        self.assertIn("ended the stream", self.fails(1, "event", "follow"))
        self.rest.answers.clear()
        self.rest.answer("GET", "/events", {"detail": "not you"}, status=403)
        self.assertEqual(self.fails(1, "event", "follow"), "not you (403)")

    def test_data_goes_on_where_the_list_ended(self):
        self.rest.answer("GET", "/devices/a/data", {"items": [{"number": 1}, {"number": 2}],
                                                    "next": None})
        self.rest.answer("GET", "/events", self.stream(
            *((kind, {"data": {"number": number}}) for kind, number in
              (("data", 2), ("updated", 9), ("data", 3), ("data", 4)))),
            content_type="text/event-stream")
        lines = self.good("data", "list", "a", "--follow", "--count", "2", "--json").splitlines()
        self.assertEqual([json.loads(line)["number"] for line in lines], [1, 2, 3, 4])
        self.assertEqual(self.rest.requests[0].query, {"type": "data", "device": "a"})


class Firmware(CliTest):
    def test_upload_is_two_requests(self):
        path = self.file("app-1.1.zip", b"PK" + bytes(range(256)) * 100)
        self.rest.answer("POST", "/firmwares", {"id": 3, "state": "empty"}, status=201)
        self.rest.answer("PUT", "/firmwares/3/content", {"id": 3, "state": "ready"})
        output = self.good("firmware", "upload", path, "--version", "1.1", "--carrier", "aep",
                           "--source-versions", "1.0,1.0b")
        self.assertRegex(output, r"(?m)^state +ready$")
        created, content = self.rest.requests
        self.assertEqual(created.body, {"name": "app-1.1", "version": "1.1", "carrier": "aep",
                                        "source_versions": ["1.0", "1.0b"]})
        self.assertEqual(content.media_type, "application/zip")
        with open(path, "rb") as file:
            self.assertEqual(content.bytes, file.read())

    def test_what_is_refused_is_removed_again(self):
        path = self.file("app.zip", b"PK")
        self.rest.answer("POST", "/firmwares", {"id": 3, "state": "empty"}, status=201)
        self.rest.answer("PUT", "/firmwares/3/content", {"detail": "no signature"}, status=422)
        self.rest.answer("DELETE", "/firmwares/3", None, status=204)
        self.assertEqual(self.fails(1, "firmware", "upload", path, "--version", "1"),
                         "no signature (422)")
        self.assertEqual(self.rest.requests[-1].method, "DELETE")

    def test_a_file_that_is_not_there_asks_nothing(self):
        self.assertIn("cannot read", self.fails(1, "firmware", "upload", "none.zip"))
        self.assertIn("cannot read .: Is a dir", self.fails(1, "firmware", "upload", "."))
        self.assertEqual(self.rest.requests, [])

    def test_a_task_shows_its_progress(self):
        def counts(running, succeeded):
            return {"waiting": 0, "running": running, "succeeded": succeeded, "failed": 0}
        self.rest.answer("POST", "/tasks/5/start", {"id": 5, "state": "running",
                                                    "counts": counts(2, 0)})
        self.rest.answer("GET", "/tasks/5", {"id": 5, "state": "done", "counts": counts(0, 2)})
        result = self.cli("task", "start", "5", "--wait", "20")
        self.assertEqual(result.returncode, 0)
        self.assertEqual(result.stderr.splitlines(),
                         ["running: 0 waiting, 2 running, 0 succeeded, 0 failed",
                          "done: 0 waiting, 0 running, 2 succeeded, 0 failed"])


class Real(unittest.TestCase):
    """The same against the real platform, with a virtual device."""

    IMEI = "867724030023557"

    def setUp(self):
        self.platform = Serving("--quiet")
        self.platform.__enter__()
        self.addCleanup(self.platform.stop)

    def cli(self, *args):
        env = dict(os.environ, HOME=self.platform.folder, BC260Y_URL="http://" + self.platform.http)
        return run("bc260y-platform", *args, "--token-file", self.platform.token_file, env=env)

    def good(self, *args):
        """Its output as JSON."""
        result = self.cli(*args, "--json")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        return json.loads(result.stdout) if result.stdout else None

    def test_from_a_product_to_its_devices_session(self):
        product = self.good("product", "add", "meter", "iot", "--power-saving", "psm")
        self.assertEqual(product["power_saving"], "psm")
        self.good("device", "add", product["id"], "--imei", self.IMEI, "--name", "number one")
        self.good("device", "set", self.IMEI, "--remark", "in the cellar")
        devices = self.good("device", "list", "--product", product["id"])
        self.assertEqual([(device["endpoint"], device["remark"]) for device in devices],
                         [(self.IMEI, "in the cellar")])
        self.good("device", "start", self.IMEI, "--example", "iot", "--time-scale", 50)
        self.platform.rest.wait_until(f"/devices/{self.IMEI}/virtual",
                                      lambda shown: shown["play"] == "passed")
        shown = self.cli("device", "virtual", self.IMEI)
        self.assertRegex(shown.stdout, r"(?m)^\d+ .* out +\+QLAREG: 0$")
        self.good("device", "stop", self.IMEI)
        result = self.cli("product", "remove", product["id"])
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"^bc260y-platform: .*devices.* \(409\)\n$")
        self.good("device", "remove", self.IMEI)
        self.good("product", "remove", product["id"])

    def test_a_list_of_more_than_a_page(self):
        for number in range(1001):
            self.platform.rest.post("/groups", {"name": f"group {number}"}, 201)
        self.assertEqual(len(self.good("group", "list", "--limit", 0)), 1002)  # and the default
        result = self.cli("group", "list", "--limit", 2)
        self.assertEqual(len(result.stdout.splitlines()), 3)
        self.assertIn("there are more", result.stderr)

    def test_commands_and_data_of_a_registered_device(self):
        product = self.good("product", "add", "meter", "iot")["id"]
        self.good("device", "add", product, "--imei", self.IMEI)
        path = os.path.join(self.platform.folder, "stay.at")
        with open(path, "w", encoding="utf-8") as file:
            file.write(STAY)
        self.good("device", "start", self.IMEI, "--transcript", path, "--time-scale", 50)
        self.platform.rest.wait_until(f"/devices/{self.IMEI}/virtual",
                                      lambda shown: shown["play"] == "passed")
        command = self.good("command", "send", self.IMEI, "read", "/3/0/0", "--wait", 20)
        self.assertEqual((command["state"], command["value"]), ("SUCCESSFUL", "Quectel_Ltd"))
        rows = self.good("command", "list", "--state", "SUCCESSFUL")
        self.assertEqual([row["path"] for row in rows], ["/3/0/0"])
        stored = len(self.good("data", "list", self.IMEI))
        with subprocess.Popen(
                [program("bc260y-platform"), "data", "list", self.IMEI, "--follow", "--count", "2",
                 "--json", "--url", "http://" + self.platform.http, "--token-file",
                 self.platform.token_file], stdout=subprocess.PIPE, text=True) as follower:
            before = [json.loads(follower.stdout.readline()) for _ in range(stored)]
            for last in ("88", "98"):
                self.good("device", "type", self.IMEI,
                          f'AT+QLANOTIFY=19,0,0,2,9,"0200010004000234{last}",0,0')
            after = [json.loads(line) for line in follower.stdout]
        self.assertEqual(follower.returncode, 0)
        self.assertEqual([row["hex"] for row in after],
                         ["020001000400023488", "020001000400023498"])
        numbers = [row["number"] for row in before + after]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.assertIn("/3/0/0", self.cli("device", "objects", self.IMEI).stdout)
        self.assertRegex(self.cli("device", "messages", self.IMEI).stdout, r"GET")
        self.assertIn("registered", self.cli("status").stdout)

    def test_tokens_and_their_roles(self):
        token = self.cli("token", "create", "ci", "viewer", "--days", 1).stdout.strip()
        self.assertRegex(token, r"^bcp_[\w-]{43}$")
        listed = self.good("token", "list")
        self.assertEqual({row["role"] for row in listed}, {"admin", "viewer"})
        self.assertNotIn(token, json.dumps(listed))
        env = dict(os.environ, HOME=self.platform.folder, BC260Y_TOKEN=token,
                   BC260Y_URL="http://" + self.platform.http)
        who = run("bc260y-platform", "whoami", env=env)
        self.assertRegex(who.stdout, r"(?m)^role +viewer$")
        refused = run("bc260y-platform", "product", "add", "a", "iot", env=env)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("(403)", refused.stderr)
        number = next(row["id"] for row in listed if row["role"] == "viewer")
        self.good("token", "remove", number)
        self.assertIn("does not know", run("bc260y-platform", "whoami", env=env).stderr)


class Help(CliTest):
    def test_every_noun_and_every_verb(self):
        for noun in NOUNS:
            text = self.good(noun, "--help")
            self.assertIn("Exit status", text)
            for name in re.findall(rf"(?m)^  {noun} ([a-z-]+)", text):
                with self.subTest(noun=noun, name=name):
                    self.assertIn(f"\n  {noun} {name}", self.good(noun, name, "--help"))
        self.assertIn("  webhook add URL", self.good("help"))
        self.assertRegex(self.good("device", "--version"), r"^bc260y-platform \d")

    def test_every_verb_is_in_the_manual(self):
        page = os.path.join(os.path.dirname(__file__), "../../man/bc260y-platform-cli.1")
        with open(page, encoding="utf-8") as file:
            manual = file.read().replace("\\-", "-")
        for noun, name in re.findall(r"(?m)^  ([a-z]+) ([a-z-]+)", self.good("help")):
            with self.subTest(noun=noun, name=name):
                self.assertRegex(manual, rf"(?m)^\.B. ?\"?{noun} {name}\b")

    def complete(self, shell, line):
        script = self.good("completion", shell)
        words = line.split(" ")
        code = (f'{script}\nCOMP_WORDS=({" ".join(words[:-1])} "{words[-1]}")\n'
                f'COMP_CWORD={len(words) - 1}\n_bc260y_platform x "{words[-1]}"\n'
                'printf "%s\\n" "${COMPREPLY[@]}"')
        folder = os.path.dirname(program("bc260y-platform"))  # the server is asked for its options
        result = subprocess.run([shell, "-c", code], capture_output=True, text=True, timeout=20,
                                check=False, env={"PATH": f"{folder}:{os.environ['PATH']}"})
        self.assertEqual(result.stderr, "")
        return result.stdout.split()

    @unittest.skipUnless(shutil.which("bash"), "no bash")
    def test_bash_completes_nouns_verbs_and_options(self):
        self.assertEqual(self.complete("bash", "bc260y-platform fi"), ["firmware"])
        self.assertEqual(self.complete("bash", "bc260y-platform device sh"), ["show"])
        self.assertIn("--psk-file", self.complete("bash", "bc260y-platform device add --p"))
        self.assertEqual(self.complete("bash", "bc260y-platform data list --fo"), ["--follow"])
        self.assertEqual(self.complete("bash", "bc260y-platform device show abc"), [])
        self.assertEqual(self.complete("bash", "bc260y-platform se"), ["serve"])
        self.assertEqual(self.complete("bash", "bc260y-platform serve --bl"), ["--block"])
        self.assertEqual(self.complete("bash", "bc260y-platform --http-t"), ["--http-timeout"])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh_reads_its_script(self):
        script = "compdef() { :; }\n" + self.good("completion", "zsh") + \
            "_bc260y_platform_words 2 device; print -r -- $words"
        result = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True,
                                timeout=20, check=False)
        self.assertEqual(result.stderr, "")
        self.assertIn("messages", result.stdout.split())


if __name__ == "__main__":
    unittest.main()
