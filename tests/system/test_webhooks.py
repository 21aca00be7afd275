"""Webhooks of bc260y-platform: what happens is posted to where users want it, in order, signed, and
again until it is taken, also by the next run of the platform.
"""

import hashlib
import hmac
import http.server
import json
import os
import queue
import resource
import socket
import tempfile
import threading
import time
import unittest

from rest import Serving
from support import LIMIT_S, Failure
from test_http import metrics
from test_platform import Device


class Receiver:
    """An HTTP server that keeps what is posted, and answers with the status codes it is told, then
    200. Use it in a `with` statement."""

    def __init__(self, statuses=(), headers=(), port=0):
        self.posts = queue.Queue()
        self.statuses = list(statuses)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.statuses.pop(0) if receiver.statuses else 200
                receiver.posts.put((self.path, self.headers, body, status))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hook?x=1"

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def take(self, limit_s=LIMIT_S):
        try:
            return self.posts.get(timeout=limit_s)
        except queue.Empty:
            raise Failure("nothing was posted") from None

    def take_body(self, limit_s=LIMIT_S):
        return json.loads(self.take(limit_s)[2])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def add_product(rest, name):
    return rest.post("/products", {"name": name, "carrier": "iot"}, 201)["id"]


class Webhooks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-hooks-")
        self.addCleanup(folder.cleanup)
        self.store = os.path.join(folder.name, "platform.db")
        # Programs are not to be led astray by the environment's proxy.
        self.env = {"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}

    def start(self):
        platform = Serving("--open", "iot", "--store", self.store, env=self.env)
        platform.__enter__()
        self.addCleanup(platform.stop)
        return platform

    def test_events_are_posted_in_order_and_signed(self):
        rest = self.start().rest
        with Receiver() as receiver:
            hook = rest.post("/webhooks", {"url": receiver.url, "events": ["product"],
                                           "secret": "sësame open"}, 201)
            self.assertNotIn("secret", hook)
            numbers = [add_product(rest, f"p{i}") for i in range(10)]
            deliveries = []
            for number in numbers:
                path, headers, body, _ = receiver.take()
                self.assertEqual(path, "/hook?x=1")
                self.assertEqual(headers["Content-Type"], "application/json")
                wanted = hmac.new("sësame open".encode(), body, hashlib.sha256).hexdigest()
                self.assertEqual(headers["X-Signature"], "sha256=" + wanted)
                deliveries.append(int(headers["X-Delivery"]))
                event = json.loads(body)
                self.assertEqual((event["type"], event["product"]), ("product", number))
            self.assertEqual(deliveries, sorted(set(deliveries)))
            rest.wait_until("/webhooks", lambda h: h["items"][0]["delivered"] == 10)
            self.assertNotIn("sësame", json.dumps(rest.get("/webhooks"), ensure_ascii=False))

    def test_only_what_a_webhook_wants(self):
        platform = self.start()
        with Receiver() as receiver, Device(platform) as device:
            platform.rest.post("/webhooks", {"url": receiver.url, "events": ["registered"]}, 201)
            add_product(platform.rest, "not for it")
            device.register(b"dev1")
            event = receiver.take_body()
            self.assertEqual((event["type"], event["endpoint"]), ("registered", "dev1"))
            self.assertNotIn("X-Signature", event)
            self.assertTrue(receiver.posts.empty())

    def test_what_fails_is_posted_again_later_and_first(self):
        rest = self.start().rest
        with Receiver(statuses=[500, 404]) as receiver:
            rest.post("/webhooks", {"url": receiver.url, "events": ["product"]}, 201)
            numbers = [add_product(rest, "a"), add_product(rest, "b")]
            begun = time.monotonic()
            posts = [receiver.take() for _ in range(4)]
            self.assertGreater(time.monotonic() - begun, 2.5)  # 1 s, then 2 s
            self.assertEqual([post[3] for post in posts], [500, 404, 200, 200])
            self.assertEqual([json.loads(post[2])["product"] for post in posts],
                             [numbers[0]] * 3 + [numbers[1]])
            self.assertEqual(len({post[1]["X-Delivery"] for post in posts[:3]}), 1)
            state = rest.wait_until("/webhooks", lambda h: h["items"][0]["delivered"] == 2)
            self.assertEqual(state["items"][0]["failed"], 0)  # none was given up
            values = metrics(rest)
            self.assertEqual(values['bc260y_webhook_deliveries_total{result="delivered"}'], 2)
            self.assertEqual(values['bc260y_webhook_deliveries_total{result="failed"}'], 2)

    def test_what_was_not_delivered_is_delivered_by_the_next_run(self):
        platform = self.start()
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        platform.rest.post("/webhooks", {"url": url, "events": ["product"]}, 201)
        number = add_product(platform.rest, "told late")
        platform.rest.wait_until("/webhooks", lambda h: h["items"][0]["last_error"])
        platform.kill()
        with Receiver(port=port) as receiver:
            self.start()
            self.assertEqual(receiver.take_body()["product"], number)

    def test_redirections_are_not_followed(self):
        rest = self.start().rest
        with Receiver() as secret:
            headers = [("Location", secret.url)]
            with Receiver(statuses=[302, 307], headers=headers) as receiver:
                rest.post("/webhooks", {"url": receiver.url, "events": ["product"]}, 201)
                add_product(rest, "a")
                self.assertEqual([receiver.take()[3] for _ in range(3)], [302, 307, 200])
            self.assertTrue(secret.posts.empty())

    def test_one_that_hangs_delays_no_other(self):
        rest = self.start().rest
        with socket.create_server(("127.0.0.1", 0)) as mute, Receiver() as receiver:
            url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
            rest.post("/webhooks", {"url": url, "events": ["product"]}, 201)
            rest.post("/webhooks", {"url": receiver.url, "events": ["product"]}, 201)
            number = add_product(rest, "a")
            self.assertEqual(receiver.take_body(5)["product"], number)
            begun = time.monotonic()
            rest.get("/whoami")
            self.assertLess(time.monotonic() - begun, 1.0)

    def test_an_alarm_of_the_store_is_posted_while_it_fails(self):
        """From memory, again until it is taken, and before what waits in the store."""
        platform = self.start()
        rest = platform.rest
        hard = resource.prlimit(platform.pid, resource.RLIMIT_FSIZE)[1]
        with Receiver(statuses=[500]) as receiver:
            number = add_product(rest, "of a webhook that wants one product")
            rest.post("/webhooks", {"url": receiver.url, "events": ["alarm", "product"],
                                    "product": number, "secret": "open sesame"}, 201)
            resource.prlimit(platform.pid, resource.RLIMIT_FSIZE, (16384, hard))
            rest.ask("PATCH", f"/products/{number}", {"description": "lost"}, 503)
            posts = [receiver.take(), receiver.take()]
            for _, headers, body, _ in posts:
                self.assertEqual(json.loads(body)["alarm"], "store-failed")
                self.assertIn("reason", json.loads(body))
                wanted = hmac.new(b"open sesame", body, hashlib.sha256).hexdigest()
                self.assertEqual(headers["X-Signature"], "sha256=" + wanted)
            first, again = (int(headers["X-Delivery"]) for _, headers, _, _ in posts)
            self.assertEqual(first, again)
            resource.prlimit(platform.pid, resource.RLIMIT_FSIZE, (hard, hard))
            _, headers, body, _ = receiver.take()
            self.assertEqual(json.loads(body)["alarm"], "store-recovered")
            self.assertLess(int(headers["X-Delivery"]), first)
            rest.patch(f"/products/{number}", {"description": "kept"})
            self.assertEqual(receiver.take_body()["type"], "product")
            self.assertTrue(receiver.posts.empty())

    def test_only_http_and_https(self):
        rest = self.start().rest
        for url in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/x", "//x/",
                    "http:/x", "http://", "", "javascript:alert(1)", "dict://127.0.0.1:1/",
                    "http://a b/", "http://x/\r\nX-Evil: 1", "http://user:pw@127.0.0.1/"):
            answer = rest.ask("POST", "/webhooks", {"url": url, "events": ["product"]})
            self.assertEqual((url, answer.status), (url, 422))
            self.assertEqual(answer.json["field"], "url")

    def test_a_webhook_that_is_deleted_is_not_called(self):
        rest = self.start().rest
        with Receiver(statuses=[500]) as receiver:
            hook = rest.post("/webhooks", {"url": receiver.url, "events": ["product"]}, 201)
            add_product(rest, "a")
            receiver.take()
            rest.delete(f"/webhooks/{hook['id']}")
            time.sleep(1.5)  # the next attempt would come after a second
            self.assertTrue(receiver.posts.empty())


if __name__ == "__main__":
    unittest.main()
