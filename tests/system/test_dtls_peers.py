"""The module over DTLS against foreign peers: libcoap with OpenSSL and with GnuTLS, `openssl
s_server` and `gnutls-serv`. What went over the wire is read back with tshark, which gets the
secrets from --keylog, or the key itself.

Debian packages libcoap3-bin, openssl, gnutls-bin, tshark.
"""

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest

import support
import test_dtls_foreign as foreign
import test_foreign_peer as coap
from support import Failure, Module

IDENTITY = foreign.IDENTITY
KEY_HEX = foreign.KEY  # as openssl and gnutls-serv take it
TEXT_KEY = "secretPSK"
TEXT_KEY_HEX = TEXT_KEY.encode().hex()
RECORD_VERSIONS = {0: "0xfeff", 1: "0xfefd"}  # DTLS 1.0, 1.2
LIBRARIES = ("openssl", "gnutls")
DEREGISTERED = ["CON POST /rd", "ACK 2.01", "CON DELETE", "ACK 2.02"]


class Directory(coap.Server):
    """coap-rd of libcoap with one of the two libraries; DTLS is spoken on `secure_port`."""

    def __init__(self, library, key=TEXT_KEY):
        shim = os.path.join(support.build_dir(), "tests", "libcoap_rd_shim.so")
        super().__init__(f"coap-rd-{library}", "-k", key, "-h", "", env={"LD_PRELOAD": shim})
        self.secure_port = self.port + 1


def tshark(capture, *args):
    """The lines of `tshark -T fields`."""
    with tempfile.TemporaryDirectory(prefix="bc260y-test-") as home:
        result = subprocess.run(
            [shutil.which("tshark") or "tshark", "-n", "-r", capture, *map(str, args)],
            capture_output=True, text=True, timeout=60, check=False,
            env={"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"})
    if result.returncode != 0:
        raise Failure(f"tshark cannot read {capture}: {result.stderr}")
    return result.stdout.splitlines()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bc260y-test-")
        self.addCleanup(folder.cleanup)
        self.capture = os.path.join(folder.name, "secure.pcap")
        self.keylog = os.path.join(folder.name, "keys.log")

    def module(self, *args):
        return Module("--seed", "1", "--set", "attach_ms=0", "--pcap", self.capture, "--keylog",
                      self.keylog, *args)

    def configure(self, at, port, key=TEXT_KEY, identity=IDENTITY, version=2, retransmit="4,4"):
        for line in (f'AT+QLACFG="retransmit",{retransmit}', f'AT+QLACFG="dtls_version",{version}',
                     f'AT+QLACONFIG=0,"127.0.0.1",{port},"867724030023557",300,0,'
                     f'"{identity}","{key}"'):
            self.assertEqual(at.command(line), ["OK"])

    def result(self, at, line, limit_s=20.0):
        self.assertEqual(at.command(line), ["OK"])
        return at.wait_for(rf"^\{line[2:]}: (.*)$", limit_s).group(1)

    def record_versions(self, port):
        """Of the protected records: those of a handshake's beginning say 1.0 by custom."""
        lines = tshark(self.capture, "-d", f"udp.port=={port},dtls", "-Y",
                       "dtls.record.content_type==23", "-T", "fields", "-e", "dtls.record.version")
        return {version for line in lines for version in line.split(",")}

    def decrypted(self, port, *secrets):
        """The CoAP inside the records, in a few words."""
        lines = tshark(self.capture, "-d", f"udp.port=={port},dtls", "-d",
                       f"dtls.port=={port},coap", *secrets, "-Y", "coap", "-T", "fields", "-E",
                       "separator=|", "-e", "coap.type", "-e", "coap.code", "-e",
                       "coap.opt.uri_path")
        words = []
        for line in lines:
            kind, code, path = line.split("|")
            name = coap.tshark.METHODS.get(int(code), f"{int(code) >> 5}.{int(code) & 31:02}")
            word = f"{coap.tshark.TYPES[kind]} {name}"
            words.append(word + " /rd" if path == "rd" else word)
        return words


class ResourceDirectory(Case):
    """The module and coap-rd, as in test_foreign_peer, but over coaps."""

    def register_and_deregister(self, library, key=TEXT_KEY, typed=TEXT_KEY, settings=(),
                                version=2):
        with Directory(library, key) as rd, self.module(*settings) as module, \
                coap.Host(module.port) as at:
            self.configure(at, rd.secure_port, key=typed, version=version)
            self.assertEqual(self.result(at, "AT+QLAREG"), "0")
            self.assertEqual(at.command("AT+QLASTATUS?")[0], "+QLASTATUS: 2")
            self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            module.stop()
            return rd.secure_port

    def test_module_registers_and_deregisters(self):
        for library in LIBRARIES:
            with self.subTest(library=library):
                port = self.register_and_deregister(library)
                log = ("-o", f"tls.keylog_file:{self.keylog}")
                self.assertEqual(self.decrypted(port, *log), DEREGISTERED)
                self.assertEqual(self.decrypted(port), [])
                self.assertEqual(self.record_versions(port), {"0xfefd"})

    def test_server_without_a_directory_is_404(self):
        """Its coap-server, as in test_foreign_peer."""
        for library in LIBRARIES:
            with self.subTest(library=library), \
                    coap.Server(f"coap-server-{library}", "-k", TEXT_KEY, "-h", "") as server, \
                    self.module() as module, coap.Host(module.port) as at:
                self.configure(at, server.port + 1)
                self.assertEqual(self.result(at, "AT+QLAREG"), "404")
                self.assertEqual(at.command("AT+QLASTATUS?")[0], "+QLASTATUS: 0")

    def test_tshark_reads_it_with_the_key_itself(self):
        port = self.register_and_deregister("openssl")
        self.assertEqual(self.decrypted(port, "-o", f"dtls.psk:{TEXT_KEY_HEX}"), DEREGISTERED)

    def test_module_registers_with_dtls_1_2_alone(self):
        for library in LIBRARIES:
            with self.subTest(library=library):
                port = self.register_and_deregister(library, version=1)
                self.assertEqual(self.record_versions(port), {"0xfefd"})

    def test_key_in_hex_digits(self):
        self.register_and_deregister("openssl", typed=TEXT_KEY_HEX)

    def test_psk_format_decides_what_digits_are(self):
        for settings, key, typed in (
                (("--set", "psk_format=text"), TEXT_KEY_HEX, TEXT_KEY_HEX),
                (("--set", "psk_format=hex"), "k3", "6b33")):
            with self.subTest(settings=settings):
                self.register_and_deregister("gnutls", key=key, typed=typed, settings=settings)

    def test_wrong_key_is_900(self):
        """63 s of the module's time."""
        for library in LIBRARIES:
            with self.subTest(library=library), Directory(library) as rd, \
                    self.module("--time-scale", "20") as module, coap.Host(module.port) as at:
                self.configure(at, rd.secure_port, key="not-the-key")
                self.assertEqual(self.result(at, "AT+QLAREG"), "900")
                self.assertEqual(at.command("AT+QLASTATUS?")[0], "+QLASTATUS: 0")

    def test_trace_shows_records_and_no_secret(self):
        with Directory("openssl") as rd, self.module("--trace") as module, \
                coap.Host(module.port) as at:
            self.configure(at, rd.secure_port)
            self.assertEqual(self.result(at, "AT+QLAREG"), "0")
            self.assertEqual(at.command("AT+QLACONFIG?")[-1], "OK")
            trace = module.stderr_text()
        self.assertRegex(trace, r"UDP out 127\.0\.0\.1:\d+ dtls handshake \d+\n")
        self.assertRegex(trace, r"UDP in +127\.0\.0\.1:\d+ dtls .*handshake \d+")
        self.assertRegex(trace, r"UDP out 127\.0\.0\.1:\d+ dtls application_data \d+\n")
        with open(self.keylog, encoding="ascii") as file:
            _, _, master = file.read().split()
        for secret in (TEXT_KEY, TEXT_KEY_HEX, master):
            self.assertNotIn(secret.lower(), trace.lower())


class Sink(Case):
    """Servers of DTLS that know no CoAP: the handshake is all they can do."""

    SILENT, ECHO = "1", "404"  # how a registration ends there; 900 without a handshake

    def against_each(self, servers, answer):
        for speaks, make in servers.items():
            for version in (0, 1, 2):
                meets = version in (speaks, 2)
                # A server may refuse with silence: 63 s of the module's time.
                args = () if meets else ("--time-scale", "20")
                with self.subTest(version=version, server=speaks), make() as server, \
                        self.module(*args) as module, coap.Host(module.port) as at:
                    self.configure(at, server.port, key=KEY_HEX, version=version,
                                   retransmit="2,0")
                    self.assertEqual(self.result(at, "AT+QLAREG"), answer if meets else "900")
                    module.stop()
                    if meets:
                        self.assertEqual(self.record_versions(server.port),
                                         {RECORD_VERSIONS[speaks]})

    def test_each_version_against_openssl(self):
        self.against_each({0: lambda: foreign.OpensslServer("-dtls1"),
                           1: lambda: foreign.OpensslServer("-dtls1_2")}, self.SILENT)

    def test_each_version_against_gnutls(self):
        """It echoes: the module finds no /rd in itself, and its answer comes back as one to it."""
        old = foreign.gnutls_priority("1.0", "AES-128-CBC")
        self.against_each({0: lambda: foreign.GnutlsServer(old),
                           1: lambda: foreign.GnutlsServer(foreign.gnutls_priority("1.2"))},
                          self.ECHO)

    def test_openssl_shows_what_the_module_sent(self):
        with foreign.OpensslServer("-dtls1_2") as server, self.module() as module, \
                coap.Host(module.port) as at:
            self.configure(at, server.port, key=KEY_HEX, retransmit="2,0")
            self.assertEqual(self.result(at, "AT+QLAREG"), "1")
            module.stop()
            server.signal(signal.SIGTERM)
            server.wait()
            shown = []
            try:
                while True:  # to the end, which no line end marks
                    shown.append(server.read_line())
            except Failure:
                pass
        self.assertIn("ep=867724030023557", "".join(shown))
        self.assertIn('</>;rt="oma.lwm2m"', "".join(shown))

    def test_unknown_identity_is_900(self):
        """GnuTLS refuses it with silence; `openssl s_server` takes any identity."""
        with foreign.GnutlsServer(foreign.gnutls_priority("1.2"), "somebody") as server, \
                self.module("--time-scale", "20") as module, coap.Host(module.port) as at:
            self.configure(at, server.port, key=KEY_HEX)
            self.assertEqual(self.result(at, "AT+QLAREG"), "900")


def plugin_path():
    return os.path.join(support.build_dir(), "lib", "bc260y", "dtls.so")


class Moved(Module):
    """A copy of bc260y as PREFIX/bin/bc260y, started through a link, with `plugin` (bytes) as
    PREFIX/lib/bc260y/dtls.so. Plug-ins in the folder where it is started are nothing to it."""

    def __init__(self, plugin=None):
        super().__init__("--set", "attach_ms=0", argv0="./link")
        self.plugin = plugin

    def prepare(self):
        for folder in "PREFIX/bin", "PREFIX/lib/bc260y", "lib/bc260y":
            os.makedirs(os.path.join(self.folder, folder))
        for trap in "dtls.so", "lib/bc260y/dtls.so":
            shutil.copy(plugin_path(), os.path.join(self.folder, trap))
        shutil.copy(support.program("bc260y"), os.path.join(self.folder, "PREFIX/bin"))
        os.symlink("PREFIX/bin/bc260y", os.path.join(self.folder, "link"))
        if self.plugin is not None:
            with open(os.path.join(self.folder, "PREFIX/lib/bc260y/dtls.so"), "wb") as file:
                file.write(self.plugin)


class Plugin(Case):
    """OpenSSL comes with the first session; without it the module does everything else."""

    OPENSSL = r"lib(ssl|crypto)\.so"

    def test_program_is_not_linked_with_openssl(self):
        for path, wanted in (support.program("bc260y"), False), (plugin_path(), True):
            needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True,
                                    timeout=30, check=True).stdout
            self.assertIn("NEEDED", needed)
            self.assertEqual(bool(re.search(self.OPENSSL, needed)), wanted, needed)

    def test_openssl_is_loaded_for_the_first_session(self):
        with Directory("openssl") as rd, Module("--set", "attach_ms=0") as module, \
                coap.Host(module.port) as at:
            def register():
                self.assertEqual(self.result(at, "AT+QLAREG"), "0")
                with open(f"/proc/{module.pid}/maps", encoding="utf-8") as file:
                    return re.search(self.OPENSSL, file.read())
            self.assertEqual(at.command(f'AT+QLACONFIG=0,"127.0.0.1",{rd.port},"plain",300,3'),
                             ["OK"])
            self.assertIsNone(register())
            self.assertEqual(self.result(at, "AT+QLADEREG"), "0")
            self.configure(at, rd.secure_port)
            self.assertIsNotNone(register())

    def register(self, plugin, times=1):
        """The results of a moved program, and its lines on standard error."""
        with Directory("openssl") as rd, Moved(plugin) as module, coap.Host(module.port) as at:
            self.configure(at, rd.secure_port)
            results = [self.result(at, "AT+QLAREG") for _ in range(times)]
            return results, module.stderr_text().splitlines()

    def test_plugin_is_found_from_the_program(self):
        with open(plugin_path(), "rb") as file:
            self.assertEqual(self.register(file.read()), (["0"], []))

    def test_without_plugin_it_is_900_and_told_once(self):
        self.assertEqual(self.register(None, times=2), (["900", "900"], [
            "bc260y: no DTLS: the plug-in lib/bc260y/dtls.so is missing; install bc260y with it, "
            "bin and lib in one folder"]))

    def test_damaged_plugin_is_told(self):
        results, lines = self.register(b"no library at all")
        self.assertEqual((results, len(lines)), (["900"], 1), lines)
        self.assertRegex(lines[0], r"^bc260y: no DTLS: /.+/dtls\.so: .+; install ")


class KeyLog(Case):
    """--keylog FILE."""

    def test_file_is_private_and_appended_to(self):
        with Directory("openssl") as rd:
            for lines in (1, 2):
                with self.module() as module, coap.Host(module.port) as at:
                    self.configure(at, rd.secure_port)
                    self.assertEqual(self.result(at, "AT+QLAREG"), "0")
                with open(self.keylog, encoding="ascii") as file:
                    text = file.read()
                self.assertRegex(text, r"^(CLIENT_RANDOM [0-9a-fA-F]{64} [0-9a-fA-F]{96}\n)+$")
                self.assertEqual(text.count("\n"), lines)
        self.assertEqual(stat.S_IMODE(os.stat(self.keylog).st_mode), 0o600)

    def test_file_that_cannot_be_opened_ends_the_program(self):
        path = os.path.join(self.keylog, "in", "no", "folder")
        result = support.run("bc260y", "--stdio", "--keylog", path)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, f"bc260y: cannot write the key log {path}: "
                                        "No such file or directory\n")

    def test_file_that_cannot_be_written_ends_the_program(self):
        with Directory("openssl") as rd, \
                Module("--seed", "1", "--set", "attach_ms=0", "--keylog", "/dev/full") as module, \
                coap.Host(module.port) as at:
            self.configure(at, rd.secure_port)
            at.send("AT+QLAREG")
            self.assertEqual(module.wait(), 1)
            self.assertIn("bc260y: cannot write the key log /dev/full: No space left on device\n",
                          module.stderr_text())

    def test_option_is_given_once_with_a_name(self):
        for args in (("--keylog", ""), ("--keylog", "a", "--keylog", "b")):
            result = support.run("bc260y", "--stdio", *args)
            self.assertEqual((result.returncode, result.stderr),
                             (2, "bc260y: --keylog needs one file name, once\n"))

    def test_psk_format_has_three_values(self):
        result = support.run("bc260y", "--stdio", "--set", "psk_format=base64")
        self.assertEqual((result.returncode, result.stderr),
                         (2, 'bc260y: --set: psk_format must be auto, hex or text, not "base64"\n'))


if __name__ == "__main__":
    unittest.main()
