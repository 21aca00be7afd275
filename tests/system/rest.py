"""The platform's REST interface in system tests: a platform with --http, and a client that checks
each good answer against the OpenAPI document which that platform serves.

    with Serving("--open", "iot") as platform:
        product = platform.rest.post("/products", {"name": "p", "carrier": "iot"}, status=201)
"""

import http.client
import json
import os
import socket
import time
from urllib.parse import urlencode

from openapi import Document
from support import LIMIT_S, Failure, Platform

PREFIX = "/api/v1"


class Answer:
    def __init__(self, status, headers, data):
        self.status = status
        self.headers = headers
        self.data = data
        self.media_type = (headers.get("Content-Type") or "").split(";")[0]

    @property
    def json(self):
        return json.loads(self.data) if self.data else None


class Rest:
    """A client with a token; `document` is the OpenAPI document, and None checks nothing."""

    def __init__(self, address, token=None, document=None):
        host, port = address.rsplit(":", 1)
        self.host, self.port = host.strip("[]"), int(port)
        self.token = token
        self.document = document

    def with_token(self, token):
        return Rest(f"{self.host}:{self.port}", token, self.document)

    def raw(self, method, path, data=None, headers=(), limit_s=LIMIT_S):
        """Any request, `path` as it is; the answer whatever it is."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=limit_s)
        headers = dict(headers)
        if self.token is not None:
            headers.setdefault("Authorization", "Bearer " + self.token)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def ask(self, method, path, body=None, status=None, query=None, **options):
        """A request of JSON below /api/v1; its answer, whose status must be that one."""
        url = PREFIX + path + ("?" + urlencode(query) if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = self.raw(method, url, data, headers, **options)
        if status is not None and answer.status != status:
            raise Failure(f"{method} {path}: {answer.status}, not {status}: {answer.data[:500]!r}")
        if answer.status < 300 and self.document is not None:
            self.document.check(method, path, answer.status, answer.media_type or None,
                                answer.json)
        return answer

    def get(self, path, status=200, **query):
        return self.ask("GET", path, status=status, query=query).json

    def post(self, path, body=None, status=200, **query):
        return self.ask("POST", path, body, status, query).json

    def put(self, path, body, status=200):
        return self.ask("PUT", path, body, status).json

    def patch(self, path, body, status=200):
        return self.ask("PATCH", path, body, status).json

    def delete(self, path, status=204):
        return self.ask("DELETE", path, status=status).json

    def wait_until(self, path, good, limit_s=LIMIT_S):
        """What `path` answers, once good(answer) is true."""
        end = time.monotonic() + limit_s
        while True:
            answer = self.get(path)
            if good(answer):
                return answer
            if time.monotonic() > end:
                raise Failure(f"GET {path}: still {answer}")
            time.sleep(0.05)

    def events(self, last_id=None, status=200, **query):
        return Events(self, last_id, status, query)


class Events:
    """A stream of events. Use it in a `with` statement."""

    def __init__(self, rest, last_id, status, query):
        self.socket = socket.create_connection((rest.host, rest.port), LIMIT_S)
        url = PREFIX + "/events" + ("?" + urlencode(query) if query else "")
        lines = [f"GET {url} HTTP/1.1", f"Host: {rest.host}",
                 f"Authorization: Bearer {rest.token}"]
        if last_id is not None:
            lines.append(f"Last-Event-ID: {last_id}")
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.response = http.client.HTTPResponse(self.socket)
        self.response.begin()
        if self.response.status != status:
            self.close()
            raise Failure(f"the stream answers {self.response.status}")
        self.headers = self.response.headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.socket.close()

    def read_block(self, limit_s=LIMIT_S):
        """The fields of the next event, a comment under ""; None at the end of the stream."""
        self.socket.settimeout(limit_s)
        fields = {}
        while True:
            line = self.response.readline().decode()
            if line == "":
                return None
            if line == "\n":
                return fields
            name, _, value = line.rstrip("\n").partition(":")
            fields[name] = value.strip()

    def read(self, limit_s=LIMIT_S):
        """The next event's data; comments are skipped."""
        while True:
            fields = self.read_block(limit_s)
            if fields is None:
                raise Failure("the stream has ended")
            if "data" in fields:
                data = json.loads(fields["data"])
                if "id" in fields and str(data["id"]) != fields["id"]:
                    raise Failure(f"the id is not that of the data: {fields}")
                return data

    def wait_for(self, kind, limit_s=LIMIT_S, **members):
        end = time.monotonic() + limit_s
        while True:
            event = self.read(max(0.1, end - time.monotonic()))
            if event["type"] == kind and all(event.get(k) == v for k, v in members.items()):
                return event


class Serving(Platform):
    """A platform with its REST interface on a free loopback port; `rest` has the first token."""

    def __init__(self, *args, http="127.0.0.1:0", **options):
        super().__init__("--http", http, *args, **options)
        self.rest = self.http = self.token_file = None

    def started(self):
        listening = self.wait_for_event("listening")
        self.coap, self.http = listening["coap"], listening["http"]
        self.host, port = self.coap.rsplit(":", 1)
        self.udp_port = int(port)
        self.token_file = listening.get("token_file")
        token = None
        if self.token_file is not None and os.path.exists(self.token_file):
            with open(self.token_file, encoding="ascii") as file:
                token = file.read().strip()
        self.rest = Rest(self.http, token)
        if "--http-cert" not in self.argv:
            self.rest.document = Document(self.rest.get("/openapi.json"))
