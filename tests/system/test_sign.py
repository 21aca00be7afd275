"""bc260y-sign from its command line. Judges that share no code with it: the openssl program checks
signatures and reads keys, unzip and Python's zipfile open what was signed."""

import base64
import os
import pty
import select
import shutil
import subprocess
import tempfile
import termios
import time
import unittest
import zipfile

from support import program, run, source_dir

ECDSA, RSA = "ECDSA_256K1+SHA256", "RSA2048+SHA256"
PASSPHRASE = "quectel123"
MARK = b"bc260y-sign 1 "


def openssl(*args):
    return subprocess.run(["openssl", *args], capture_output=True, text=True, check=False)


class SignTest(unittest.TestCase):
    """One pair of each kind for all tests: they are read only."""

    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.mkdtemp(prefix="bc260y-test-")
        for name in (ECDSA, RSA):
            os.mkdir(os.path.join(cls.keys, name))
            done = run("bc260y-sign", "keygen", "--algorithm", name, "--out",
                       os.path.join(cls.keys, name), input=PASSPHRASE + "\n")
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            openssl("pkey", "-in", os.path.join(cls.keys, name, "private.pem"), "-passin",
                    f"pass:{PASSPHRASE}", "-out", os.path.join(cls.keys, name, "plain.pem"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.keys)

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bc260y-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        with zipfile.ZipFile(self.path("fw.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fw.bin", b"firmware" * 100)

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, which="private.pem", algorithm=ECDSA):
        return os.path.join(self.keys, algorithm, which)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)

    def tool(self, *args, **options):
        return run("bc260y-sign", *args, cwd=self.folder, **options)

    def sign(self, name="fw.zip", algorithm=ECDSA, passphrase=None):
        """Without a passphrase with the bare key, which takes less than a tenth of the time."""
        if passphrase is None:
            return self.tool("sign", name, "--key", self.key("plain.pem", algorithm))
        return self.tool("sign", name, "--key", self.key(algorithm=algorithm),
                         input=passphrase + "\n")

    def verify(self, name="fw_signed.zip", algorithm=ECDSA, key="public.pem"):
        return self.tool("verify", name, "--key", self.key(key, algorithm))

    def assert_good(self, result):
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def assert_fails(self, result, text, status=1):
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertRegex(result.stderr, rf"\Abc260y-sign: .*{text}.*\n\Z")
        self.assertEqual(result.stdout, "")


class Keys(SignTest):
    def test_openssl_reads_both_halves(self):
        for name, kind in ((ECDSA, "secp256k1"), (RSA, "2048 bit")):
            shown = openssl("pkey", "-in", self.key(algorithm=name), "-passin",
                            f"pass:{PASSPHRASE}", "-noout", "-text")
            self.assertIn(kind, shown.stdout, shown.stderr)
            shown = openssl("pkey", "-pubin", "-in", self.key("public.pem", name), "-noout",
                            "-text")
            self.assertIn(kind, shown.stdout, shown.stderr)

    def test_the_private_key_is_encrypted_and_for_its_owner_only(self):
        for name in (ECDSA, RSA):
            with open(self.key(algorithm=name), encoding="ascii") as file:
                self.assertTrue(file.read().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"))
            self.assertEqual(os.stat(self.key(algorithm=name)).st_mode & 0o777, 0o600)
            wrong = openssl("pkey", "-in", self.key(algorithm=name), "-passin", "pass:quectel124",
                            "-noout")
            self.assertNotEqual(wrong.returncode, 0)
        shape = openssl("asn1parse", "-in", self.key()).stdout
        for part in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", "0927C0"):
            self.assertIn(part, shape)

    def test_a_pair_is_not_replaced_unless_wanted(self):
        self.assert_good(self.tool("keygen", input="abc123\n"))
        before = self.read("private.pem"), self.read("public.pem")
        self.assert_fails(self.tool("keygen", input="abc123\n"), "--force replaces it")
        os.remove(self.path("private.pem"))
        self.assert_fails(self.tool("keygen", input="abc123\n"), "public.pem: it is there")
        self.assertFalse(os.path.exists(self.path("private.pem")))
        self.assert_good(self.tool("keygen", "--force", input="abc123\n"))
        self.assertNotEqual((self.read("private.pem"), self.read("public.pem")), before)

    def test_weak_passphrases_are_refused(self):
        for weak in ("abc12", "abcdef", "ABCDEF", "123456", "!!!!!!", "a1", "\t\t\t\t\t\t"):
            self.assert_fails(self.tool("keygen", input=weak + "\n"), "too weak")
        self.assert_fails(self.tool("keygen", input="\n"), "empty")
        self.assert_fails(self.tool("keygen", input=""), "empty")
        self.assert_fails(self.tool("keygen", input="ab1" * 50 + "\n"), "more than 128")
        self.assertEqual(os.listdir(self.folder), ["fw.zip"])
        for strong in ("a b c d", "密码密码a"):
            self.assert_good(self.tool("keygen", "--force", input=strong + "\n"))

    def test_a_folder_that_is_not_there_is_told(self):
        result = self.tool("keygen", "--out", "none", input="abc123\n")
        self.assert_fails(result, "cannot write to none: No such file")


class Sign(SignTest):
    def take_apart(self, name="fw_signed.zip"):
        """The original and the signature, as docs/SIGNING.md shows."""
        data = self.read(name)
        at = data.rindex(MARK)
        return data[:at - 2] + b"\0\0", base64.b64decode(data[at:].split()[3])

    def test_openssl_verifies_what_was_signed(self):
        for name in (ECDSA, RSA):
            self.assert_good(self.sign(algorithm=name, passphrase=PASSPHRASE))
            original, signature = self.take_apart()
            self.assertEqual(original, self.read("fw.zip"))
            self.write("again.zip", original)
            self.write("sig", signature)
            judged = openssl("dgst", "-sha256", "-verify", self.key("public.pem", name),
                             "-signature", self.path("sig"), self.path("again.zip"))
            self.assertEqual(judged.stdout.strip(), "Verified OK", judged.stderr)

    def test_what_openssl_signed_verifies(self):
        self.write("plain.pem", openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                                        "ec_paramgen_curve:secp256k1").stdout.encode())
        openssl("pkey", "-in", self.path("plain.pem"), "-pubout", "-out", self.path("pub.pem"))
        openssl("dgst", "-sha256", "-sign", self.path("plain.pem"), "-out", self.path("sig"),
                self.path("fw.zip"))
        comment = MARK + ECDSA.encode() + b" " + base64.b64encode(self.read("sig")) + b"\n"
        original = self.read("fw.zip")
        self.write("fw_signed.zip", original[:-2] + len(comment).to_bytes(2, "little") + comment)
        self.assert_good(self.tool("verify", "fw_signed.zip", "--key", "pub.pem"))
        # And our signature with a key that has no passphrase: nobody is asked for one.
        self.assert_good(self.tool("sign", "fw.zip", "--key", "plain.pem"))
        self.assert_good(self.tool("verify", "fw_signed.zip", "--key", "pub.pem"))

    def test_any_unzip_opens_it(self):
        result = self.sign()
        self.assertEqual(result.stdout, "fw_signed.zip\n")
        with zipfile.ZipFile(self.path("fw_signed.zip")) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.read("fw.bin"), b"firmware" * 100)
            self.assertTrue(archive.comment.startswith(MARK + ECDSA.encode() + b" "))
        tested = subprocess.run(["unzip", "-t", self.path("fw_signed.zip")], capture_output=True,
                                check=False)
        self.assertEqual(tested.returncode, 0, tested.stdout)

    def test_it_says_what_it_verified(self):
        for name in (ECDSA, RSA):
            self.sign(algorithm=name)
            result = self.verify(algorithm=name)
            self.assert_good(result)
            self.assertEqual(result.stdout, f"fw_signed.zip: good signature, {name}\n")

    def test_the_name_keeps_its_folder_and_letters(self):
        os.mkdir(self.path("a.zip"))
        shutil.copy(self.path("fw.zip"), self.path("a.zip/X.Y.ZIP"))
        self.assert_good(self.sign("a.zip/X.Y.ZIP"))
        self.assertTrue(os.path.exists(self.path("a.zip/X.Y_signed.ZIP")))

    def test_a_zip_that_was_streamed_is_a_zip(self):
        with open(self.path("s.zip"), "wb") as file, \
                zipfile.ZipFile(Unseekable(file), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fw.bin", b"x" * 1000)
        self.assert_good(self.sign("s.zip"))
        self.assert_good(self.verify("s_signed.zip"))


class Unseekable:
    """A file as a pipe is one."""

    def __init__(self, file):
        self.write, self.flush = file.write, file.flush


class Refuse(SignTest):
    def refuse(self, result, text):
        self.assert_fails(result, text)
        self.assertEqual([n for n in os.listdir(self.folder) if "signed" in n], [])

    def test_a_wrong_passphrase_signs_nothing(self):
        for wrong in ("quectel124", "quectel123 "):
            self.refuse(self.sign(passphrase=wrong), "passphrase is wrong")
        self.refuse(self.sign(passphrase=""), "passphrase is empty")

    def test_only_zip_files_are_signed(self):
        good = self.read("fw.zip")
        with zipfile.ZipFile(self.path("c.zip"), "w") as archive:
            archive.writestr("a", "b")
            archive.comment = b"made by hand"
        with zipfile.ZipFile(self.path("empty.zip"), "w"):
            pass
        for data, text in ((b"MZ" * 100, "no zip file"), (good[:-30], "no zip file"),
                           (good + b"trailing", "no zip file"), (b"x" + good[1:], "no zip file"),
                           (self.read("empty.zip"), "no zip file"), (b"PK\5\6", "no zip file"),
                           (self.read("c.zip"), "archive comment")):
            self.write("bad.zip", data)
            self.refuse(self.sign("bad.zip"), text)
        shutil.copy(self.path("fw.zip"), self.path("fw.bin"))
        self.refuse(self.sign("fw.bin"), "name in .zip")
        self.refuse(self.sign(".zip"), "name in .zip")
        self.refuse(self.sign("none.zip"), "none.zip: No such file")

    def test_a_signed_package_is_not_signed_again(self):
        self.sign()
        self.assert_fails(self.sign("fw_signed.zip"), "signed already")
        self.assertFalse(os.path.exists(self.path("fw_signed_signed.zip")))

    def test_other_keys_are_refused(self):
        for args in (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
                     ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"),
                     ("-algorithm", "ED25519")):
            self.write("key.pem", openssl("genpkey", *args).stdout.encode())
            self.refuse(self.tool("sign", "fw.zip", "--key", "key.pem"), "of another kind")
        for data, text in ((b"rubbish\n", "no private key"), (b"", "0 bytes"),
                           (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                            "damaged")):
            self.write("key.pem", data)
            self.refuse(self.tool("sign", "fw.zip", "--key", "key.pem"), text)
        self.refuse(self.tool("sign", "fw.zip", "--key", self.key("public.pem")), "no private key")

    def test_another_key_does_not_verify(self):
        self.sign()
        self.tool("keygen", input="abc123\n")
        self.assert_fails(self.tool("verify", "fw_signed.zip", "--key", "public.pem"),
                          "altered, or signed with another key")
        self.assert_fails(self.verify(algorithm=RSA), "another key")
        self.assert_fails(self.verify(key="private.pem"), "holds a private key")
        self.assert_fails(self.tool("verify", "fw_signed.zip", "--key", "fw.zip"),
                          "no public key")

    def test_an_unsigned_package_does_not_verify(self):
        self.assert_fails(self.verify("fw.zip"), "it is not signed")
        self.write("x.zip", b"x")
        self.assert_fails(self.verify("x.zip"), "no zip file")

    def test_altered_bytes_are_noticed(self):
        """Some; tests/tools/test_sign.c has all of them."""
        self.sign()
        data = self.read("fw_signed.zip")
        for at in range(0, len(data), 23):
            self.write("bad.zip", data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1:])
            self.assert_fails(self.verify("bad.zip"), "cannot verify bad.zip: ")

    def test_a_package_cut_short_or_with_more_is_noticed(self):
        self.sign()
        data = self.read("fw_signed.zip")
        for change in (data[:-1], data[:-100], data + b"\n", b"\n" + data, data + data):
            self.write("bad.zip", change)
            self.assert_fails(self.verify("bad.zip"), "cannot verify bad.zip")

    def test_the_signature_of_another_package_is_not_taken(self):
        self.sign()
        comment = self.read("fw_signed.zip")
        comment = comment[comment.rindex(MARK):]
        with zipfile.ZipFile(self.path("evil.zip"), "w") as archive:
            archive.writestr("fw.bin", b"evil")
        evil = self.read("evil.zip")
        self.write("evil_signed.zip", evil[:-2] + len(comment).to_bytes(2, "little") + comment)
        self.assert_fails(self.verify("evil_signed.zip"), "altered")


class Passphrases(SignTest):
    def test_a_file_gives_its_first_line(self):
        for text in (PASSPHRASE, PASSPHRASE + "\n", PASSPHRASE + "\r\nmore\n"):
            self.write("phrase", text.encode())
            self.assert_good(self.tool("sign", "fw.zip", "--key", self.key(),
                                       "--passphrase-file", "phrase"))
        result = self.tool("sign", "fw.zip", "--key", self.key(), "--passphrase-file", "none")
        self.assert_fails(result, "cannot read none")
        result = self.tool("sign", "fw.zip", "--key", self.key(), "--passphrase-file", ".")
        self.assert_fails(result, "cannot read .: Is a directory")

    def on_terminal(self, answers, *args):
        """Exit status, and all that the terminal showed."""
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execv(program("bc260y-sign"), ["bc260y-sign", *args])
        shown, end = b"", time.monotonic() + 20
        waiting = list(answers)
        try:
            while time.monotonic() < end:
                if select.select([master], [], [], 0.05)[0]:
                    try:
                        got = os.read(master, 4096)
                    except OSError:  # the last one has closed it
                        break
                    if not got:
                        break
                    shown += got
                asked = shown.count(b"assphrase: ") > len(answers) - len(waiting)
                # The prompt comes a moment before the echo goes.
                if waiting and asked and not termios.tcgetattr(master)[3] & termios.ECHO:
                    os.write(master, waiting.pop(0).encode() + b"\n")
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()
        finally:
            os.close(master)

    def test_a_terminal_is_asked_without_echo(self):
        status, shown = self.on_terminal([PASSPHRASE], "sign", "fw.zip", "--key", self.key())
        self.assertEqual(status, 0, shown)
        self.assertIn("Passphrase: ", shown)
        self.assertNotIn(PASSPHRASE, shown)

    def test_a_new_passphrase_is_asked_twice(self):
        status, shown = self.on_terminal(["abc123", "abc123"], "keygen")
        self.assertEqual(status, 0, shown)
        self.assertNotIn("abc123", shown)
        self.assertTrue(os.path.exists(self.path("private.pem")))
        status, shown = self.on_terminal(["abc123", "abc124"], "keygen", "--force")
        self.assertEqual(status, 1, shown)


class Documents(SignTest):
    def test_help_and_manual_know_every_option(self):
        text = self.tool("--help").stdout
        with open(os.path.join(source_dir(), "man", "bc260y-sign.1"), encoding="utf-8") as file:
            manual = file.read()
        for option in ("algorithm", "out", "force", "key", "passphrase-file", "help", "version"):
            self.assertIn(f"--{option}", text)
            self.assertIn(f"Fl Fl {option}", manual)
        self.assertRegex(self.tool("--version").stdout, r"\Abc260y-sign \d+\.\d+\.\d+\n\Z")

    def test_wrong_usage(self):
        for args in ([], ["make"], ["keygen", "x"], ["keygen", "--algorithm", "RSA"],
                     ["sign", "fw.zip"], ["sign", "--key", "x"], ["verify", "fw.zip"],
                     ["verify", "a", "b", "--key", "x"], ["keygen", "--passphrase", "abc123"],
                     ["sign", "fw.zip", "--key"]):
            with self.subTest(args=args):
                self.assert_fails(self.tool(*args), "see --help", status=2)


if __name__ == "__main__":
    unittest.main()
