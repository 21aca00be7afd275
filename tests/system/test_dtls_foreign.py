"""The DTLS seam against foreign peers: OpenSSL's own programs and GnuTLS, as servers and clients.

Both ends of the unit tests are ours and share OpenSSL's library; GnuTLS shares neither. Our end is
tests/dtls/dtls_tool.c. Debian packages openssl and gnutls-bin.
"""

import os
import re
import shutil
import socket
import tempfile
import threading
import time
import unittest

import support
from support import Failure, Program

IDENTITY = "867724030023557"
KEY = "30313233343536373839616263646566"
LONGEST_IDENTITY = "i" * 126  # what `openssl s_server` and GnuTLS's file of keys agree to take
START_S = 10.0


def foreign_program(name, package):
    path = shutil.which(name)
    if path is None:
        raise Failure(f"{name} is not installed (Debian package {package})")
    return path


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(program, port):
    """Until somebody has the UDP port: the kernel's list is asked, since a datagram would count as
    a peer."""
    end = time.monotonic() + START_S
    while time.monotonic() < end and program.process.poll() is None:
        with open("/proc/net/udp", encoding="ascii") as one, \
                open("/proc/net/udp6", encoding="ascii") as other:
            if f":{port:04X} " in one.read() + other.read():
                return
        time.sleep(0.02)
    raise Failure(f"{program.name} does not listen: {program.stderr_text()}")


class Tool(Program):
    """Our end of the seam."""

    def __init__(self, *args):
        path = os.path.join(support.build_dir(), "tests", "dtls", "dtls_tool")
        super().__init__("dtls_tool", *args, argv0=path)
        self.port = None

    def started(self):
        if self.argv[1] == "listen":
            self.port = int(self.wait_for_line(r"^port (\d+)$").group(1))

    def wait_for_open(self, limit_s=support.LIMIT_S):
        line = self.wait_for_line(r"^(open|failed) ?(.*)$", limit_s)
        if line.group(1) == "failed":
            raise Failure(f"dtls_tool failed: {line.group(2)}")
        version, cipher, how = line.group(2).split()
        return version, cipher, how


def client(port, version, identity=IDENTITY, key=KEY, *more):
    return Tool("connect", port, version, identity, key, *more)


class ForeignServer(Program):
    """A server on a free port, which stands as PORT in its arguments."""

    def __init__(self, name, package, *args):
        self.port = free_port()
        super().__init__(name, *[str(a).replace("PORT", str(self.port)) for a in args],
                         argv0=foreign_program(name, package))

    def started(self):
        wait_for_port(self, self.port)

    def exchange(self, tool):
        """A datagram each way."""
        raise NotImplementedError


class OpensslServer(ForeignServer):
    """`openssl s_server`: prints what comes, sends what it reads."""

    def __init__(self, *versions, identity=IDENTITY, key=KEY, ciphers="PSK"):
        super().__init__("openssl", "openssl", "s_server", *versions, "-nocert", "-quiet",
                         "-psk_identity", identity, "-psk", key, "-accept", "127.0.0.1:PORT",
                         "-cipher", f"{ciphers}:@SECLEVEL=0")

    def exchange(self, tool):
        tool.write_line("up to s_server")
        self.wait_for_line(r"^up to s_server$")
        self.write_line("down from s_server")
        tool.wait_for_line(r"^got down from s_server$")


class GnutlsServer(ForeignServer):
    """`gnutls-serv --udp --echo`."""

    def __init__(self, priority, identity=IDENTITY, key=KEY):
        self._keys = tempfile.NamedTemporaryFile("w", prefix="bc260y-test-", suffix=".psk")
        self._keys.write(f"{identity}:{key}\n")
        self._keys.flush()
        super().__init__("gnutls-serv", "gnutls-bin", "--udp", "--echo", "--nocookie",
                         "--pskpasswd", self._keys.name, "--port", "PORT", "--priority", priority)

    def exchange(self, tool):
        tool.write_line("there and back")
        tool.wait_for_line(r"^got there and back$")

    def stop(self):
        super().stop()
        self._keys.close()


def gnutls_priority(version, cipher="AES-128-CCM-8:+AEAD"):
    return f"NONE:+VERS-DTLS{version}:+PSK:+{cipher}:+SHA1:+SHA256:+COMP-NULL:+SIGN-ALL:+CTYPE-ALL"


def gnutls_client(port, version, cipher="AES-128-CCM-8:+AEAD", username=IDENTITY):
    return Program("gnutls-cli", "--udp", "--port", port, "--pskusername", username,
                   "--pskkey", KEY, "--priority", gnutls_priority(version, cipher), "127.0.0.1",
                   argv0=foreign_program("gnutls-cli", "gnutls-bin"))


class Proxy:
    """A UDP proxy on loopback that loses the datagrams whose numbers it is given."""

    def __init__(self, port, lost):
        self.lost = set(lost)
        self.seen = 0
        self._upstream = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self.port = self._socket.getsockname()[1]
        self._ends = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        downstream = None
        while not self._ends:
            try:
                data, source = self._socket.recvfrom(2048)
            except (socket.timeout, ConnectionRefusedError):
                continue
            if source != self._upstream:
                downstream = source
            number = self.seen
            self.seen += 1
            if number not in self.lost:
                self._socket.sendto(data, downstream if source == self._upstream
                                    else self._upstream)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends = True
        self._thread.join()
        self._socket.close()


class Case(unittest.TestCase):
    def opens(self, server, version, expected, *more, port=None, limit_s=support.LIMIT_S):
        with client(port or server.port, version, *more) as tool:
            self.assertEqual(tool.wait_for_open(limit_s)[:2], expected)
            server.exchange(tool)

    def fails(self, server, version, pattern, *more):
        with client(server.port, version, *more) as tool:
            self.assertRegex(tool.wait_for_line(r"^(open|failed).*$").group(0), pattern)
            self.assertEqual(tool.wait(), 1)


class AgainstOpenssl(Case):
    def test_each_version(self):
        for version, option, expected in (
                (0, "-dtls1", ("DTLSv1", "PSK-AES128-CBC-SHA")),
                (1, "-dtls1_2", ("DTLSv1.2", "PSK-AES128-CCM8")),
                (2, "-dtls1", None),
                (2, "-dtls1_2", ("DTLSv1.2", "PSK-AES128-CCM8"))):
            with self.subTest(version=version, server=option), OpensslServer(option) as server:
                if expected:
                    self.opens(server, version, expected)
                    continue
                with client(server.port, version) as tool:
                    self.assertEqual(tool.wait_for_open()[0], "DTLSv1")
                    server.exchange(tool)

    def test_each_cipher(self):
        for cipher in ("PSK-AES128-CCM8", "PSK-AES128-CCM", "PSK-AES128-GCM-SHA256",
                       "PSK-AES128-CBC-SHA256", "PSK-AES128-CBC-SHA"):
            with self.subTest(cipher=cipher), \
                    OpensslServer("-dtls1_2", ciphers=cipher) as server:
                self.opens(server, 1, ("DTLSv1.2", cipher))

    def test_versions_that_do_not_meet(self):
        with OpensslServer("-dtls1_2") as server:
            self.fails(server, 0, r"^failed unsupported version$")
        with OpensslServer("-dtls1") as server:
            self.fails(server, 1, r"^failed unsupported version$")

    def test_long_identity_and_key(self):
        key = "ab" * 64
        with OpensslServer("-dtls1_2", identity=LONGEST_IDENTITY, key=key) as server:
            self.opens(server, 2, ("DTLSv1.2", "PSK-AES128-CCM8"), LONGEST_IDENTITY, key)

    def test_resumption(self):
        with OpensslServer("-dtls1_2") as server:
            with client(server.port, 1) as tool:
                self.assertEqual(tool.wait_for_open()[2], "full")
                kept = tool.wait_for_line(r"^resumption ([0-9a-f]+)$").group(1)
                server.exchange(tool)
                tool.process.stdin.close()
                self.assertEqual(tool.wait(), 0)
                tool.process.stdin = open(os.devnull, "wb")
            with client(server.port, 1, IDENTITY, KEY, kept) as tool:
                self.assertEqual(tool.wait_for_open()[2], "resumed")
                server.exchange(tool)

    def test_each_lost_datagram(self):
        for number in range(6):
            with self.subTest(lost=number), OpensslServer("-dtls1_2", "-listen") as server, \
                    Proxy(server.port, {number}) as proxy:
                self.opens(server, 1, ("DTLSv1.2", "PSK-AES128-CCM8"), port=proxy.port)

    def test_our_listener(self):
        for version, option in ((0, "-dtls1"), (1, "-dtls1_2"), (2, "-dtls1"), (2, "-dtls1_2")):
            with self.subTest(version=version, client=option), \
                    Tool("listen", version, IDENTITY, KEY) as tool, \
                    Program("openssl", "s_client", option, "-connect", f"127.0.0.1:{tool.port}",
                            "-psk_identity", IDENTITY, "-psk", KEY, "-quiet",
                            "-cipher", "PSK:@SECLEVEL=0",
                            argv0=foreign_program("openssl", "openssl")) as peer:
                tool.wait_for_open()
                peer.write_line("from s_client")
                self.assertEqual(tool.wait_for_line(r"^got (.*)$").group(1), "from s_client")
                self.assertEqual(peer.wait_for_line(r"from").string, "from s_client")


class AgainstGnutls(Case):
    def test_each_version(self):
        for version, server_version, cipher, expected in (
                (0, "1.0", "AES-128-CBC", ("DTLSv1", "PSK-AES128-CBC-SHA")),
                (1, "1.2", "AES-128-CCM-8:+AEAD", ("DTLSv1.2", "PSK-AES128-CCM8")),
                (2, "1.2", "AES-128-GCM:+AEAD", ("DTLSv1.2", "PSK-AES128-GCM-SHA256"))):
            with self.subTest(version=version), \
                    GnutlsServer(gnutls_priority(server_version, cipher)) as server:
                self.opens(server, version, expected)

    def test_negotiation_down(self):
        with GnutlsServer(gnutls_priority("1.0", "AES-128-CBC")) as server, \
                client(server.port, 2) as tool:
            self.assertEqual(tool.wait_for_open()[0], "DTLSv1")
            server.exchange(tool)

    def test_our_listener_knows_no_other_identity(self):
        with Tool("listen", 2, IDENTITY, KEY) as tool, \
                gnutls_client(tool.port, "1.2", username="somebody else") as peer:
            tool.wait_for_line(r"^failed psk identity not found$")
            self.assertNotEqual(peer.wait(), 0)

    def test_each_lost_datagram(self):
        for number in range(4):
            with self.subTest(lost=number), GnutlsServer(gnutls_priority("1.2")) as server, \
                    Proxy(server.port, {number}) as proxy:
                self.opens(server, 1, ("DTLSv1.2", "PSK-AES128-CCM8"), port=proxy.port)

    def test_our_listener(self):
        for version, theirs, cipher in (
                (0, "1.0", "AES-128-CBC"), (1, "1.2", "AES-128-CCM-8:+AEAD"),
                (2, "1.0", "AES-128-CBC"), (2, "1.2", "AES-128-CCM:+AEAD")):
            with self.subTest(version=version, client=theirs), \
                    Tool("listen", version, IDENTITY, KEY) as tool, \
                    gnutls_client(tool.port, theirs, cipher) as peer:
                tool.wait_for_open()
                peer.wait_for_line(r"Handshake was completed")
                peer.write_line("from gnutls")
                self.assertEqual(tool.wait_for_line(r"^got (.*)$").group(1), "from gnutls")
                peer.wait_for_line(r"^from gnutls$")


if __name__ == "__main__":
    unittest.main()
