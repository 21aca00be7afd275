"""The HTTP interface of bc260y-platform: tokens and roles, hostile requests, events, metrics, TLS,
and that an answer leaves only when what it tells of is stored.

What the resources do is tested elsewhere; here is what is between them and the network. Every good
answer is checked against the OpenAPI document that the platform serves (rest.py, openapi.py).
"""

import http.client
import json
import os
import resource
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import unittest
import warnings

from rest import PREFIX, Rest, Serving
from support import LIMIT_S, Failure, Platform, run
from test_platform import Device, option

JSON = {"Content-Type": "application/json"}
NASTY = ["'; DROP TABLE products; --", '"><script>alert(1)</script>', "../../etc/passwd",
         "%s%n%00", "\\u0000\\", "{{7*7}}", "$(reboot)", "a\tb\r\nX-Evil: 1", "中文名字",
         "🚀" * 12, "\u202etxt.exe", "`ls`", "null", "NaN", "-1", " "]


def product(name="p", **more):
    return {"name": name, "carrier": "iot", **more}


class Served(unittest.TestCase):
    """One platform for the tests of a class."""

    ARGUMENTS = ()

    @classmethod
    def setUpClass(cls):
        cls.platform = Serving("--open", "iot", *cls.ARGUMENTS)
        cls.platform.__enter__()
        cls.addClassCleanup(cls.finish)
        cls.rest = cls.platform.rest

    @classmethod
    def finish(cls):
        """It ends by itself, and the sanitizers have nothing to say."""
        try:
            cls.platform.signal(signal.SIGTERM)
            if cls.platform.wait() != 0:
                raise Failure(cls.platform.stderr_text())
        finally:
            cls.platform.stop()

    def problem(self, answer, status, field=None):
        """The answer is that problem; its detail."""
        self.assertEqual(answer.status, status, answer.data)
        self.assertEqual(answer.media_type, "application/problem+json")
        body = answer.json
        self.assertEqual(body["status"], status)
        self.assertEqual(body["type"], "about:blank")
        self.assertTrue(body["title"])
        if field is not None:
            self.assertEqual(body["field"], field)
        return body["detail"]

    def talk(self, data, limit_s=LIMIT_S):
        """Raw bytes out; all that comes until the connection ends."""
        with socket.create_connection((self.rest.host, self.rest.port), limit_s) as peer:
            peer.sendall(data)
            received = b""
            while True:
                more = peer.recv(65536)
                if not more:
                    return received
                received += more


class Tokens(Served):
    def test_nothing_without_a_good_token(self):
        for token in (None, "", "x", "bcp_" + "A" * 43, self.rest.token[:-1],
                      self.rest.token + "A", self.rest.token.upper(), "\xff" * 10, "a" * 8000):
            for path in ("/whoami", "/products", "/devices", "/tokens", "/events"):
                answer = self.rest.with_token(token).raw("GET", PREFIX + path)
                self.problem(answer, 401)
                self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.problem(self.rest.with_token(None).raw("GET", "/metrics"), 401)

    def test_only_the_bearer_scheme_and_only_the_header(self):
        nobody = self.rest.with_token(None)
        for header in (self.rest.token, "Basic " + self.rest.token, "Bearer", "Bearer  ",
                       "Bearer" + self.rest.token, f"Bearer {self.rest.token} x"):
            answer = nobody.raw("GET", PREFIX + "/whoami", headers={"Authorization": header})
            self.problem(answer, 401)
        for name in ("access_token", "token"):
            self.problem(nobody.raw("GET", f"{PREFIX}/events?{name}={self.rest.token}"), 401)
        answer = nobody.raw("GET", PREFIX + "/whoami",
                            headers={"Authorization": "bearer " + self.rest.token})
        self.assertEqual(answer.status, 200)

    def test_each_role_may_do_its_own(self):
        self.assertEqual(self.rest.get("/whoami"), {"name": "first", "role": "admin"})
        for role in ("viewer", "operator"):
            made = self.rest.post("/tokens", {"name": f"of {role}", "role": role}, 201)
            with self.subTest(role):
                rest = self.rest.with_token(made["token"])
                self.assertEqual(rest.get("/whoami"), {"name": f"of {role}", "role": role})
                rest.get("/products")
                self.problem(rest.ask("POST", "/products", product()), 403)
                self.problem(rest.ask("GET", "/tokens"), 403)
                self.assertEqual(rest.raw("GET", "/metrics").status, 200)

    def test_a_token_that_is_deleted_opens_nothing(self):
        made = self.rest.post("/tokens", {"name": "short", "role": "viewer"}, 201)
        rest = self.rest.with_token(made["token"])
        rest.get("/whoami")
        self.rest.delete(f"/tokens/{made['id']}")
        self.problem(rest.ask("GET", "/whoami"), 401)

    def test_the_first_token_is_in_a_file_of_the_owner_and_nowhere_else(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.platform.token_file).st_mode), 0o600)
        said = "\n".join(self.platform.lines) + self.platform.stderr_text()
        self.assertNotIn(self.rest.token, said)
        self.assertIn(self.platform.token_file, self.platform.stderr_text())

    def test_tokens_are_not_told_again(self):
        made = self.rest.post("/tokens", {"name": "secret", "role": "viewer"}, 201)
        self.assertNotIn(made["token"], json.dumps(self.rest.get("/tokens")))


class Requests(Served):
    def send(self, data, headers=None, path="/products"):
        return self.rest.raw("POST", PREFIX + path, data, JSON if headers is None else headers)

    def test_malformed_json_is_400(self):
        for data in (b"", b"{", b"[1,", b"nul", b"{'name':1}", b"{}{}", b'{"name":"a","name":"b"}',
                     b'{"name":"\xff"}', b'{"name":"\xed\xa0\x80"}', b'{"name":"\\u0000"}',
                     b'{"name":"\\ud800"}', b'{"a":1e999}', b"\xef\xbb\xbf{}", b"[" * 60000,
                     b'{"a":' * 10000, b'{"a":99999999999999999999}'):
            self.problem(self.send(data), 400)

    def test_wrong_types_and_fields_are_422_with_the_field(self):
        for body, field in (
                ({}, "name"), ({"name": "a"}, "carrier"), ({"name": 1, "carrier": "iot"}, "name"),
                (product(None), "name"), (product(["a"]), "name"), (product(""), "name"),
                (product("a" * 65), "name"), (product("a", observe_all="yes"), "observe_all"),
                (product("a", observe_all=1), "observe_all"),
                ({"name": "a", "carrier": "x"}, "carrier"), (product("a", nmae="b"), "nmae"),
                (product("a", id=1), "id"), (product("a", **{"__proto__": {}}), "__proto__")):
            self.problem(self.rest.ask("POST", "/products", body), 422, field)
        self.problem(self.rest.ask("POST", "/products", []), 422)
        self.problem(self.rest.ask("POST", "/products", "text"), 400)

    def test_other_media_types_are_415(self):
        data = json.dumps(product()).encode()
        for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml",
                           "multipart/form-data; boundary=x", "application/jsonp"):
            self.problem(self.send(data, {"Content-Type": media_type}), 415)
        self.problem(self.send(data, {}), 415)

    def test_a_body_too_large_is_413(self):
        data = json.dumps(product("big", description="a" * 262144)).encode()
        self.problem(self.send(data), 413)
        head = f"POST {PREFIX}/products HTTP/1.1\r\nHost: localhost\r\nContent-Type: " \
            f"application/json\r\nAuthorization: Bearer {self.rest.token}\r\n"
        for length in ("999999999999", "18446744073709551615", "9223372036854775807"):
            answer = self.talk(f"{head}Content-Length: {length}\r\n\r\n".encode())
            self.assertIn(answer.split()[1], (b"413", b"400"), length)
        chunk = b"%x\r\n" % 40000 + b" " * 40000 + b"\r\n"
        answer = self.talk(f"{head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n".encode()
                           + 7 * chunk + b"0\r\n\r\n")
        self.assertEqual(answer.split()[1], b"413")

    def test_who_sends_far_too_much_hears_it_all_the_same(self):
        data = b" " * 4000000
        self.problem(self.send(data), 413)
        self.problem(self.send(iter([data])), 413)

    def test_no_request_hides_behind_another_ones_body(self):
        head = f"POST {PREFIX}/products HTTP/1.1\r\nHost: localhost\r\nContent-Type: " \
            f"application/json\r\nAuthorization: Bearer {self.rest.token}\r\n"
        hidden = f"GET {PREFIX}/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n"
        for lines, body in (
                (f"Content-Length: 2\r\nContent-Length: {2 + len(hidden)}\r\n", "{}"),
                (f"Content-Length: {5 + len(hidden)}\r\nTransfer-Encoding: chunked\r\n",
                 "0\r\n\r\n")):
            answer = self.talk(f"{head}{lines}\r\n{body}{hidden}".encode())
            self.assertEqual(answer.split()[1], b"400", lines)
            self.assertIn(b"length_unclear", answer)
            self.assertEqual(answer.count(b"HTTP/1.1"), 1, answer)

    def test_a_large_body_without_a_token_is_not_taken(self):
        head = f"PUT {PREFIX}/firmwares/1/content HTTP/1.1\r\nHost: localhost\r\n" \
            "Content-Type: application/zip\r\nContent-Length: 33000000\r\n\r\n"
        answer = self.talk(head.encode())
        self.assertEqual(answer.split()[1], b"401")

    def test_unknown_paths_are_404_and_lead_nowhere(self):
        for path in ("/../etc/passwd", "/../../../../etc/passwd", "/console/../../etc/passwd",
                     "/console/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
                     "/console/", "/console", "/console/app", "/console/app/", "/etc/passwd",
                     "/console/index.html%00.js", "/.git/config", "/api", "/api/", "/api/v1",
                     "/api/v1/", "/api/v2/products", "/api/v1/products/", "/api/v1//products",
                     "/api/v1/../metrics", "/api/v1/%70roducts", "/api/v1x/products",
                     "/console/\\..\\..\\etc", "*", "/?", "/;x"):
            with self.subTest(path):
                answer = self.rest.raw("GET", path)
                if path == "/?":
                    self.assertEqual(answer.status, 200)
                    continue
                self.problem(answer, 404)
                self.assertNotIn(b"root:", answer.data)

    def test_a_path_variable_is_only_a_name(self):
        for name in ("..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "'; DROP TABLE data;--",
                     "*", "%ff%fe", "x" * 150):
            answer = self.rest.raw("GET", f"{PREFIX}/devices/{name}".replace(" ", "%20"))
            self.problem(answer, 404)
        self.problem(self.rest.raw("GET", PREFIX + "/devices/%zz"), 400)
        self.assertIn(self.rest.raw("GET", PREFIX + "/devices/" + "x" * 5000).status, (400, 404))
        for name in ("0", "-1", "x", "1e3", "99999999999999999999", "1%00", "+1", "0x1"):
            self.assertIn(self.rest.raw("GET", f"{PREFIX}/products/{name}").status, (404, 422))

    def test_methods(self):
        answer = self.rest.raw("PUT", PREFIX + "/products", b"{}", JSON)
        self.problem(answer, 405)
        self.assertEqual(answer.headers["Allow"], "GET, HEAD, POST")
        self.problem(self.rest.raw("POST", "/", b""), 405)
        self.problem(self.rest.raw("DELETE", "/metrics"), 405)
        for method in ("OPTIONS", "TRACE", "CONNECT", "FOO", "get"):
            self.assertIn(self.rest.raw(method, PREFIX + "/whoami").status, (400, 404, 405, 501))
        whole = self.rest.raw("GET", PREFIX + "/whoami")
        answer = self.talk(f"HEAD {PREFIX}/events HTTP/1.1\r\nHost: localhost\r\n"
                           f"Authorization: Bearer {self.rest.token}\r\n"
                           "Connection: close\r\n\r\n".encode())
        self.assertIn(b"text/event-stream", answer)
        self.assertEqual(answer.partition(b"\r\n\r\n")[2], b"")
        head = self.rest.raw("HEAD", PREFIX + "/whoami")
        self.assertEqual((head.status, head.data), (200, b""))
        self.assertEqual(head.headers["Content-Length"], str(len(whole.data)))

    def test_queries(self):
        for query in ("limit=0", "limit=1001", "limit=x", "limit=", "limit", "limits=1",
                      "cursor=-1", "limit=1.5", "limit=9999999999999999999999"):
            self.problem(self.rest.raw("GET", f"{PREFIX}/products?{query}"), 422)
        for query in ("search=%zz", "search=%", "search=%ff", "search=%00", "limit=1&limit=2",
                      "search=" + "a" * 2000):
            self.problem(self.rest.raw("GET", f"{PREFIX}/products?{query}"), 400)
        self.rest.raw("GET", f"{PREFIX}/products?search=a%20b+c")

    def test_names_are_kept_as_they_are(self):
        for number, name in enumerate(NASTY):
            name = f"{number} {name}"
            made = self.rest.post("/products", product(name, description=name), 201)
            self.assertEqual(made["name"], name)
            got = self.rest.get(f"/products/{made['id']}")
            self.assertEqual((got["name"], got["description"]), (name, name))
            device = {"product": made["id"], "endpoint": f"nasty{number}", "name": name,
                      "remark": name}
            self.assertEqual(self.rest.post("/devices", device, 201)["name"], name)
            self.assertEqual(self.rest.get(f"/devices/nasty{number}")["remark"], name)
        names = [item["name"] for item in self.rest.get("/products", limit=1000)["items"]]
        self.assertTrue(all(f"{n} {name}" in names for n, name in enumerate(NASTY)))
        self.rest.get("/products", search=NASTY[0])

    def test_bytes_that_are_no_http_do_no_harm(self):
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40,
                     b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 100 + b"\0\r\n\r\n",
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                     b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
                     b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20000 + b"\r\n"):
            with socket.create_connection((self.rest.host, self.rest.port), LIMIT_S) as peer:
                try:
                    peer.sendall(data)
                    peer.shutdown(socket.SHUT_WR)
                    while peer.recv(65536):
                        pass
                except OSError:
                    pass  # cut off, which is fine
        self.rest.get("/whoami")


class Headers(Served):
    def test_no_answer_is_without_the_headers_of_caution(self):
        for method, path in (("GET", PREFIX + "/whoami"), ("GET", PREFIX + "/nothing"),
                             ("GET", "/metrics"), ("GET", "/"), ("GET", "/nothing"),
                             ("PUT", PREFIX + "/products")):
            headers = self.rest.raw(method, path).headers
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["X-Frame-Options"], "DENY")
            self.assertRegex(headers["Content-Security-Policy"], r"^default-src 'self';")
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertIsNone(headers["Access-Control-Allow-Origin"])
            if path != "/":
                self.assertEqual(headers["Cache-Control"], "no-store")

    def test_the_console_is_asked_for_again_and_comes_once(self):
        page = self.rest.with_token(None).raw("GET", "/")
        self.assertEqual((page.status, page.media_type), (200, "text/html"))
        tag = page.headers["ETag"]
        again = self.rest.raw("GET", "/", headers={"If-None-Match": tag})
        self.assertEqual((again.status, again.data, again.headers["ETag"]), (304, b"", tag))
        self.assertEqual(self.rest.raw("GET", "/", headers={"If-None-Match": '"x"'}).status, 200)
        script = self.rest.raw("GET", "/console/app/main.js")
        self.assertEqual((script.status, script.media_type), (200, "text/javascript"))

    def test_a_foreign_name_does_not_lead_to_loopback(self):
        good = ("localhost", "LOCALHOST:1", "127.0.0.1", f"127.0.0.1:{self.rest.port}", "[::1]",
                "[::1]:80", "127.9.9.9")
        bad = ("example.org", "127.0.0.1.example.org", "localhost.example.org:80", "", "[::2]",
               "0x7f.1", "10.0.0.1", "[::1", "localhost@example.org")
        for host in good + bad:
            for path in (PREFIX + "/whoami", "/"):
                answer = self.rest.raw("GET", path, headers={"Host": host})
                self.assertEqual(answer.status, 200 if host in good else 421, host)


class Slow(Served):
    ARGUMENTS = ("--http-timeout", "1")

    def trickle(self, data, limit_s=8.0):
        """How long the platform bears a client that sends a byte now and then."""
        begun = time.monotonic()
        with socket.create_connection((self.rest.host, self.rest.port), LIMIT_S) as peer:
            peer.settimeout(0.1)
            for byte in data:
                try:
                    peer.send(bytes([byte]))
                    answer = peer.recv(65536)
                    if answer != b"":
                        self.assert_late(answer)
                    return time.monotonic() - begun
                except TimeoutError:
                    pass
                except OSError:
                    return time.monotonic() - begun
                if time.monotonic() - begun > limit_s:
                    break
        raise Failure("the client was borne")

    def assert_late(self, answer):
        head, _, body = answer.partition(b"\r\n\r\n")
        self.assertEqual(head.split()[1], b"408")
        self.assertIn(b"application/problem+json", head)
        self.assertEqual(json.loads(body)["code"], "request_too_slow")

    def test_headers_that_come_too_slowly_are_cut_off(self):
        self.assertLess(self.trickle(b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 100), 5.0)

    def test_a_body_that_comes_too_slowly_is_cut_off(self):
        head = f"POST {PREFIX}/products HTTP/1.1\r\nHost: localhost\r\nContent-Type: " \
            f"application/json\r\nAuthorization: Bearer {self.rest.token}\r\n" \
            "Content-Length: 1000\r\n\r\n"
        with socket.create_connection((self.rest.host, self.rest.port), LIMIT_S) as peer:
            peer.sendall(head.encode())
            begun = time.monotonic()
            received = b""
            while more := peer.recv(1000):
                received += more
            self.assert_late(received)
            self.assertLess(time.monotonic() - begun, 5.0)
        self.rest.get("/whoami")

    def test_a_quiet_stream_is_kept_alive(self):
        with self.rest.events(type="alarm") as stream:
            self.assertEqual(stream.read_block(), {"": "ready"})
            for _ in range(6):  # longer than any request may take
                self.assertEqual(stream.read_block(2), {"": "ping"})

    def test_a_stream_ends_with_its_token(self):
        made = self.rest.post("/tokens", {"name": "short", "role": "viewer"}, 201)
        with self.rest.with_token(made["token"]).events(type="alarm") as stream:
            stream.read_block()
            self.rest.delete(f"/tokens/{made['id']}")
            end = time.monotonic() + LIMIT_S
            while stream.read_block() is not None:
                self.assertLess(time.monotonic(), end)

    def test_slow_clients_do_not_slow_others_down(self):
        with_headers = b"GET / HTTP/1.1\r\nHost: loc"
        peers = [socket.create_connection((self.rest.host, self.rest.port)) for _ in range(100)]
        try:
            for peer in peers:
                peer.sendall(with_headers)
            begun = time.monotonic()
            self.rest.get("/whoami")
            self.assertLess(time.monotonic() - begun, 1.0)
        finally:
            for peer in peers:
                peer.close()


class Patient(Served):
    ARGUMENTS = ("--http-timeout", "100")

    def test_who_has_had_an_answer_is_not_told_that_it_is_late(self):
        """The line would be taken for the answer to the next request."""
        peers = []
        with socket.create_connection((self.rest.host, self.rest.port), LIMIT_S) as first:
            try:
                first.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                self.assertEqual(first.recv(65536).split()[1], b"401")
                for _ in range(300):
                    peers.append(socket.create_connection((self.rest.host, self.rest.port),
                                                          LIMIT_S))
                self.assertEqual(first.recv(65536), b"")
            finally:
                for peer in peers:
                    peer.close()


class Crowd(Served):
    def test_idle_ones_lock_nobody_out(self):
        """There is always a place: the longest at it is cut off, and streams are not."""
        with self.rest.events() as stream:
            stream.read_block()
            peers = [socket.create_connection((self.rest.host, self.rest.port), LIMIT_S)]
            try:
                peers[0].sendall(b"GET / HTTP/1.1\r\nX: ")
                for _ in range(400):
                    peers.append(socket.create_connection((self.rest.host, self.rest.port),
                                                          LIMIT_S))
                    peers[-1].sendall(b"GET / HTTP/1.1\r\nX: ")
                self.rest.get("/whoami")
                self.assertEqual(peers[0].recv(1000).split()[1], b"408")
                peers[-1].setblocking(False)
                self.assertRaises(BlockingIOError, peers[-1].recv, 1000)
                self.rest.post("/products", product(), 201)
                self.assertEqual(stream.wait_for("product")["change"], "added")
            finally:
                for peer in peers:
                    peer.close()

    def test_streams_have_a_limit(self):
        streams = []
        try:
            with self.assertRaisesRegex(Failure, "429"):
                for _ in range(65):
                    streams.append(self.rest.events())
            self.assertEqual(len(streams), 64)
        finally:
            for stream in streams:
                stream.close()

    def test_many_at_once(self):
        failures = []

        def work(number):
            try:
                for i in range(20):
                    made = self.rest.post("/products", product(f"many {number} {i}"), 201)
                    self.rest.get(f"/products/{made['id']}")
                    self.rest.delete(f"/products/{made['id']}")
            except Exception as failure:  # whatever it is, the test tells it
                failures.append(failure)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])


class Events(Served):
    def change(self, name):
        return self.rest.post("/products", product(name), 201)["id"]

    def test_events_come_as_they_happen(self):
        with self.rest.events() as stream:
            self.assertEqual(stream.headers["Content-Type"], "text/event-stream")
            self.assertEqual(stream.headers["Cache-Control"], "no-store")
            self.assertEqual(stream.read_block(), {"": "ready"})
            number = self.change("told")
            event = stream.wait_for("product", product=number)
            self.assertGreater(event["time_ms"], 1.7e12)
            with Device(self.platform) as device:
                device.register(b"told-device")
                event = stream.wait_for("registered", endpoint="told-device")
                self.assertIsInstance(event["id"], int)

    def test_only_what_was_asked_for(self):
        with self.rest.events(type="device,registered", device="mine") as stream, \
                Device(self.platform) as mine, Device(self.platform) as other:
            self.change("not for it")
            other.register(b"other")
            mine.register(b"mine")
            event = stream.read()
            self.assertEqual((event["type"], event["endpoint"]), ("registered", "mine"))
        for query in ({"type": "nonsense"}, {"type": "device,"}, {"type": ""}, {"x": "1"},
                      {"device": "x" * 300}):
            answer = self.rest.ask("GET", "/events", query=query)
            self.problem(answer, 422)

    def test_a_stream_goes_on_where_the_last_one_ended(self):
        with self.rest.events(type="product") as stream:
            self.change("first")
            first = stream.read()
        numbers = [self.change(f"missed {i}") for i in range(20)]
        with self.rest.events(last_id=first["id"], type="product") as stream:
            self.assertEqual([stream.read()["product"] for _ in numbers], numbers)
            last = self.change("new")
            self.assertEqual(stream.read()["product"], last)

    def test_a_gap_is_told(self):
        with self.rest.events(type="product"):
            self.change("kept")
        for last_id in (1, 2**62):
            with self.rest.events(last_id=last_id) as stream:
                self.assertEqual(stream.read(), {"type": "gap"})
        for last_id in ("x", "-5", "1" * 30):
            self.rest.events(last_id=last_id).close()

    def test_a_stream_that_does_not_read_is_dropped_and_slows_nobody(self):
        with Device(self.platform) as device:
            device.register(b"busy")
            with self.rest.events() as slow, self.rest.events(type="product") as quick:
                slow.read_block()
                for _ in range(200):
                    for number in range(100):  # each is told with its answer
                        device.send(b"\x40\x01" + number.to_bytes(2, "big") +
                                    b"\xbb.well-known\x04core")
                        device.receive()
                    if self.dropped() > 0:
                        break
                number = self.change("busy")
                self.assertEqual(quick.read()["product"], number)
                self.assertEqual(self.dropped(), 1)

    def dropped(self):
        return metrics(self.rest)["bc260y_event_streams_dropped_total"]

    def test_a_stream_ends_with_its_client(self):
        self.rest.events().close()
        stream = self.rest.events()
        self.change("noticed")
        stream.close()
        end = time.monotonic() + LIMIT_S
        while metrics(self.rest)["bc260y_event_streams"] > 0 and time.monotonic() < end:
            self.change(f"noticed {time.monotonic()}")
        self.assertEqual(metrics(self.rest)["bc260y_event_streams"], 0)


def metrics(rest):
    """Each line's name, with its labels, and its value."""
    answer = rest.raw("GET", "/metrics")
    if answer.status != 200 or not answer.headers["Content-Type"].startswith("text/plain"):
        raise Failure(f"no metrics: {answer.status}")
    lines = [line for line in answer.data.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


class Metrics(Served):
    def test_what_is_counted(self):
        with Device(self.platform) as device:
            device.register(b"counted")
            self.rest.wait_until("/devices/counted", lambda d: d["registration"] is not None)
        self.rest.ask("GET", "/nothing", status=404)
        values = metrics(self.rest)
        self.assertGreaterEqual(values['bc260y_device_events_total{type="registered"}'], 1)
        self.assertGreaterEqual(values['bc260y_coap_messages_total{direction="in"}'], 1)
        self.assertGreaterEqual(values['bc260y_coap_messages_total{direction="out"}'], 1)
        self.assertGreaterEqual(values['bc260y_http_requests_total{code="404"}'], 1)
        self.assertEqual(values["bc260y_store_up"], 1)
        self.assertEqual(values["bc260y_devices_registered"], 1)

    def test_the_format(self):
        text = self.rest.raw("GET", "/metrics").data.decode()
        typed = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name = line.split()[2]
                self.assertNotIn(name, typed)
                typed.add(name)
            elif not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_0-9]+(\{[a-z]+="[^"]*"\})? \d+$')
                self.assertIn(line.split("{")[0].split(" ")[0], typed)
        self.assertTrue(text.endswith("\n"))


class TheDocument(Served):
    def test_it_is_whole(self):
        document = self.rest.document.document
        self.assertEqual(document["openapi"], "3.0.3")
        for reference in self.rest.document.references():
            kind, name = reference.removeprefix("#/components/").split("/")
            self.assertIn(name, document["components"][kind])
        names = [operation["operationId"] for path in document["paths"].values()
                 for operation in path.values()]
        self.assertEqual(len(names), len(set(names)))
        for path, operations in document["paths"].items():
            for operation in operations.values():
                self.assertTrue(operation["summary"])
                variables = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
                self.assertEqual(variables, set(part[1:-1] for part in path.split("/")
                                                if part.startswith("{")))

    def test_nobody_needs_a_token_to_read_it(self):
        answer = self.rest.with_token(None).raw("GET", PREFIX + "/openapi.json")
        self.assertEqual(answer.status, 200)

    def test_every_resource_asks_for_a_token_and_knows_its_role(self):
        """Each row as each role: never more than its role may, never a crash."""
        tokens = {"nobody": None}
        for role in ("viewer", "operator"):
            tokens[role] = self.rest.post("/tokens", {"name": role, "role": role}, 201)["token"]
        order = ["nobody", "viewer", "operator", "admin"]
        for path, operations in self.rest.document.document["paths"].items():
            for method, operation in operations.items():
                for role, token in tokens.items():
                    place = PREFIX + "/".join("7" if part.startswith("{") else part
                                              for part in path.split("/"))
                    if order.index(role) >= order.index(operation["x-role"]):
                        continue
                    answer = self.rest.with_token(token).raw(method.upper(), place, b"{}", JSON)
                    wanted = 401 if role == "nobody" else 403
                    self.assertEqual(answer.status, wanted, (method, path, role))


class Stored(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-http-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.store = os.path.join(folder.name, "platform.db")

    def start(self, *arguments):
        platform = Serving("--store", self.store, *arguments)
        platform.__enter__()
        self.addCleanup(platform.stop)
        return platform

    def test_what_was_answered_is_there_after_a_kill(self):
        platform = self.start()
        answered = []
        for round_number in range(3):
            def work(rest=platform.rest, prefix=round_number):
                try:
                    for i in range(10000):
                        made = rest.post("/products", product(f"{prefix}-{i}"), 201)
                        answered.append((made["id"], made["name"]))
                except (OSError, http.client.HTTPException):
                    pass  # killed

            thread = threading.Thread(target=work)
            thread.start()
            before = len(answered)
            while len(answered) < before + 20:
                time.sleep(0.01)
            platform.kill()
            thread.join()
            platform = self.start()
            for number, name in answered:
                self.assertEqual(platform.rest.get(f"/products/{number}")["name"], name)

    def test_the_first_token_is_made_once_and_beside_the_store(self):
        platform = self.start()
        self.assertEqual(platform.token_file, os.path.join(self.folder, "admin-token"))
        token = platform.rest.token
        platform.stop()
        platform = self.start()
        self.assertEqual(platform.rest.token, token)
        self.assertNotIn("first token", platform.stderr_text())
        self.assertEqual(platform.rest.get("/whoami")["role"], "admin")
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), "rb") as file:
                self.assertEqual(token.encode() in file.read(), name == "admin-token", name)
            mode = os.stat(os.path.join(self.folder, name)).st_mode
            self.assertEqual(stat.S_IMODE(mode) & 0o077, 0, name)

    def test_a_full_disk_is_503_and_an_alarm_and_passes(self):
        platform = self.start()
        rest = platform.rest
        rest.post("/products", product("before"), 201)
        hard = resource.prlimit(platform.pid, resource.RLIMIT_FSIZE)[1]
        with rest.events(type="alarm,product") as stream:
            resource.prlimit(platform.pid, resource.RLIMIT_FSIZE, (16384, hard))
            answer = rest.ask("POST", "/products", product("lost"), 503)
            self.assertEqual(answer.headers["Retry-After"], "1")
            self.assertEqual(stream.read()["alarm"], "store-failed")
            rest.ask("POST", "/products", product("lost"), 503)
            values = metrics(rest)
            self.assertEqual(values["bc260y_store_up"], 0)
            self.assertGreaterEqual(values["bc260y_store_failures_total"], 1)
            self.assertEqual(values["bc260y_alarms_total"], 1)
            names = [item["name"] for item in rest.get("/products")["items"]]
            self.assertEqual(names, ["before"])
            resource.prlimit(platform.pid, resource.RLIMIT_FSIZE, (hard, hard))
            self.assertEqual(stream.wait_for("alarm")["alarm"], "store-recovered")
            rest.post("/products", product("after"), 201)
            self.assertEqual(stream.wait_for("product")["state"]["name"], "after")
        self.assertEqual(metrics(rest)["bc260y_store_up"], 1)

    def test_serve_has_a_place_of_its_own(self):
        with Platform() as idle:  # a free port for the other
            port = idle.udp_port
        with tempfile.TemporaryDirectory(prefix="bc260y-http-") as home:
            with Served8080(home, port) as platform:
                folder = os.path.join(home, "bc260y-platform")
                self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
                self.assertEqual(sorted(os.listdir(folder)),
                                 ["admin-token", "platform.db", "platform.db-wal"])
                self.assertEqual(platform.rest.get("/whoami")["role"], "admin")


def ticks(pid):
    """Hundredths of a second that a process has worked."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 100 // os.sysconf("SC_CLK_TCK")


class Served8080(Serving):
    """`serve`, but on free ports: 8080 may be somebody else's."""

    def __init__(self, home, port):
        super().__init__(env={"XDG_STATE_HOME": home})
        self.argv = [self.argv[0], "serve", "--coap", f"127.0.0.1:{port}", "--http", "127.0.0.1:0"]


class Waiting(Served):
    def test_an_answer_waits_for_its_command(self):
        with Device(self.platform) as device:
            device.register(b"quick", b"</3/0>")
            body = {"operation": "read", "path": "/3/0/0", "expire_s": 0}
            for _ in range(8):  # what the carrier observes
                device.socket.settimeout(0.3)
                try:
                    device.answer(device.take_request(), 0x45, b"\x61\x05\xff1")
                except TimeoutError:
                    break
            device.socket.settimeout(LIMIT_S)
            answers = []
            thread = threading.Thread(target=lambda: answers.append(
                self.rest.ask("POST", "/devices/quick/commands", body, query={"wait": 10})))
            begun = time.monotonic()
            thread.start()
            device.answer(device.take_request(), 0x45, b"\xffQuectel")
            thread.join()
            self.assertLess(time.monotonic() - begun, 5)
            self.assertEqual(answers[0].status, 200)
            self.assertEqual(answers[0].json["state"], "SUCCESSFUL")

    def test_an_answer_waits_no_longer_than_asked(self):
        with Device(self.platform) as device:
            device.register(b"mute", b"</3/0>")
            body = {"operation": "read", "path": "/3/0/0"}
            begun = time.monotonic()
            answer = self.rest.ask("POST", "/devices/mute/commands", body, 202, query={"wait": 1})
            self.assertGreaterEqual(time.monotonic() - begun, 0.9)
            self.assertIn(answer.json["state"], ("PENDING", "SENT"))


class Ending(unittest.TestCase):
    def test_clients_that_are_idle_cost_nothing(self):
        with Serving("--open", "iot") as platform, Device(platform) as device:
            device.register(b"mute", b"</3/0>")
            body = json.dumps({"operation": "read", "path": "/3/0/0"}).encode()
            thread = threading.Thread(target=lambda: platform.rest.raw(
                "POST", PREFIX + "/devices/mute/commands?wait=3", body, JSON))
            idle = socket.create_connection((platform.rest.host, platform.rest.port))
            with idle, platform.rest.events(type="alarm") as stream:
                stream.read_block()
                thread.start()
                time.sleep(0.5)
                before = ticks(platform.pid)
                time.sleep(1.5)
                self.assertLess(ticks(platform.pid) - before, 15)  # of 150
                thread.join()

    def test_it_ends_while_clients_wait(self):
        with Serving("--open", "iot") as platform, Device(platform) as device:
            rest = platform.rest
            device.register(b"mute", b"</3/0>")
            body = {"operation": "read", "path": "/3/0/0"}
            answers = []

            def wait():
                try:
                    answers.append(rest.raw("POST", PREFIX + "/devices/mute/commands?wait=60",
                                            json.dumps(body).encode(), JSON, 30))
                except (OSError, http.client.HTTPException) as failure:
                    answers.append(failure)

            with rest.events(type="command") as stream:
                thread = threading.Thread(target=wait)
                thread.start()
                stream.wait_for("command")
                begun = time.monotonic()
                platform.signal(signal.SIGTERM)
                self.assertEqual(platform.wait(), 0, platform.stderr_text())
                thread.join()
                self.assertLess(time.monotonic() - begun, 5)
                self.assertEqual(len(answers), 1)

    def test_on_ipv6(self):
        with Serving(http="[::1]:0") as platform:
            self.assertRegex(platform.http, r"^\[::1\]:\d+$")
            platform.rest.get("/whoami")


class Secure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-http-")
        self.addCleanup(folder.cleanup)
        self.cert, self.key = (os.path.join(folder.name, n) for n in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", self.key, "-out",
                        self.cert], check=True, capture_output=True)
        os.chmod(self.key, 0o600)

    def arguments(self, cert=None, key=None):
        return ("--coap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--http-cert", cert or self.cert,
                "--http-key", key or self.key)

    def test_https(self):
        with Serving("--http-cert", self.cert, "--http-key", self.key) as platform:
            context = ssl.create_default_context(cafile=self.cert)
            connection = http.client.HTTPSConnection(platform.rest.host, platform.rest.port,
                                                     timeout=LIMIT_S, context=context)
            connection.request("GET", PREFIX + "/whoami",
                               headers={"Authorization": "Bearer " + platform.rest.token})
            response = connection.getresponse()
            self.assertEqual(json.load(response)["role"], "admin")
            self.assertIn(connection.sock.version(), ("TLSv1.2", "TLSv1.3"))
            connection.close()
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it is old is the point
                old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
            with socket.create_connection((platform.rest.host, platform.rest.port)) as peer:
                with self.assertRaises(OSError):
                    old.wrap_socket(peer)
            with self.assertRaises((OSError, http.client.HTTPException)):
                Rest(platform.http).raw("GET", "/")  # in plain

    def test_a_key_that_others_may_read_is_refused(self):
        os.chmod(self.key, 0o644)
        result = run("bc260y-platform", *self.arguments())
        self.assertEqual(result.returncode, 1)
        self.assertIn(self.key, result.stderr)

    def test_files_that_are_none_are_refused_with_one_line(self):
        for arguments in (self.arguments(cert="/nonexistent"), self.arguments(key="/nonexistent"),
                          self.arguments(cert=self.key, key=self.key),
                          self.arguments(cert=os.devnull)):
            result = run("bc260y-platform", *arguments)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(len(result.stderr.splitlines()), 2, result.stderr)
            self.assertNotIn("PRIVATE", result.stderr)


class Usage(unittest.TestCase):
    def test_wrong_usage(self):
        for arguments in (["--http", "nonsense"], ["--http", ":80"], ["--http", "127.0.0.1:99999"],
                          ["--http", "127.0.0.1:x"], ["--http-cert", "x"], ["--http-key", "x"],
                          ["--http", "127.0.0.1:0", "--http-cert", "x"], ["serve", "nonsense"],
                          ["--http", "127.0.0.1:0", "--http-timeout", "0"], ["serve", "--what"]):
            result = run("bc260y-platform", *arguments, "--coap", "127.0.0.1:0")
            self.assertEqual(result.returncode, 2, (arguments, result.stderr))
            self.assertIn("--help", result.stderr)

    def test_a_port_that_is_taken(self):
        with Serving() as platform:
            result = run("bc260y-platform", "--coap", "127.0.0.1:0", "--http", platform.http)
            self.assertEqual(result.returncode, 1)
            self.assertIn("--http", result.stderr)

    def test_beyond_loopback_without_tls_is_warned_of(self):
        with Serving(http="0.0.0.0:0") as platform:
            self.assertIn("--http-cert", platform.stderr_text())


if __name__ == "__main__":
    unittest.main()
