"""A small HTTP server for tests of REST clients: answers as it is told and keeps what it was asked.

    with FakeRest() as rest:
        rest.answer("GET", "/products", {"items": [], "next": None})
        ...
        rest.requests[0].token
"""

import http.server
import json
import threading
import urllib.parse


class Request:
    def __init__(self, handler, body):
        parts = urllib.parse.urlsplit(handler.path)
        self.method = handler.command
        self.raw_path = parts.path
        self.path = parts.path.removeprefix("/api/v1")
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.token = (handler.headers["Authorization"] or "").removeprefix("Bearer ")
        self.media_type = handler.headers["Content-Type"]
        self.bytes = body

    @property
    def body(self):
        return json.loads(self.bytes)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        request = Request(self, body)
        self.server.rest.requests.append(request)
        status, value, headers = self.server.rest.find(request)
        data = value if isinstance(value, bytes) else \
            b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        if "Content-Type" not in headers:
            self.send_header("Content-Type", "application/json" if status < 400
                             else "application/problem+json")
        if headers.get("Content-Type") == "text/event-stream":
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_):
        """Quiet."""


class FakeRest:
    def __init__(self):
        self.requests = []
        self.answers = {}

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.rest = self
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, method, path, value=None, status=200, **headers):
        """What such a request gets; several are given in order, the last again and again."""
        named = {name.replace("_", "-").title(): text for name, text in headers.items()}
        self.answers.setdefault((method, path), []).append((status, value, named))

    def find(self, request):
        waiting = self.answers.get((request.method, request.path))
        if not waiting:
            return 404, {"title": "Not Found", "detail": "there is no such thing"}, {}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]
