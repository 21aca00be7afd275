#!/usr/bin/env python3
"""Measures everything that has a goal, and prints it beside what it is compared with.

    bench/run.py [--quick] [BUILD_FOLDER]

Each figure stands beside a bare counterpart measured in turns in the same run, so that the ratio
means something on any machine. docs/BENCHMARKS.md has the goals and what was reached. Exit status:
0 measured (a missed goal is shown, not an error), 1 something could not be measured, 2 wrong usage.
"""

import argparse
import contextlib
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import delta as delta_pairs

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARTS = ("base", "coap", "lwm2m", "at", "dfota", "module")
CLIENT = ("base", "coap", "lwm2m")
CARRIERS = ("iot", "aep", "dmp")
KIB = 1024
PSK = "00112233445566778899aabbccddeeff"


class Failure(Exception):
    """Something that cannot be measured; its text says why."""


def output_of(*argv, limit_s=120, env=None):
    """Standard output, or what the command complains about as a Failure."""
    result = subprocess.run([str(arg) for arg in argv], stdin=subprocess.DEVNULL, text=True,
                            capture_output=True, timeout=limit_s, check=False, env=env)
    if result.returncode != 0:
        raise Failure(f"{argv[0]}: {(result.stderr or result.stdout or '').strip()[-500:]}")
    return result.stdout


def values_of(*argv, **options):
    """The `name value` lines of one of our measuring programs."""
    return {name: float(value) for name, value in
            (line.split() for line in output_of(*argv, **options).splitlines())}


class Table:
    """Rows as they are measured: what, ours, beside, ratio, goal and whether it is met."""

    WIDTHS = (44, 18, 26, 8)

    def __init__(self):
        self.missed = 0
        self.line("what", "here", "beside, in the same run", "ratio", "goal")

    def line(self, *cells):
        print("".join(f"{cell:<{width}}" for cell, width in zip(cells, self.WIDTHS))
              + cells[-1], flush=True)

    def row(self, what, ours, beside="", ratio=None, goal="", met=None):
        if met is not None:
            goal += "  met" if met else "  MISSED"
            self.missed += not met
        self.line(what, ours, beside, "" if ratio is None else f"{ratio:.2f}", goal)


def turnaround(table, build, quick):
    """AT -> OK on the pty against a bare echo on a pty."""
    got = values_of(f"{build}/bench/bc-bench-turnaround", "--rounds", 200 if quick else 10000,
                    f"{build}/bin/bc260y")
    for name, suffix in (("median", "_us"), ("99th percentile", "_p99_us")):
        ours, echo = got["module" + suffix], got["echo" + suffix]
        ratio = ours / echo
        goal = {"goal": "at most 2", "met": ratio <= 2} if name == "median" else {}
        table.row(f"AT to OK on the pty, {name}", f"{ours:.1f} us", f"bare pty echo {echo:.1f} us",
                  ratio, **goal)


def instructions(program, quick):
    """Instructions of one round trip, by callgrind; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=round_trip*",
             f"--callgrind-out-file={folder}/out", program, "--rounds", "2" if quick else "20"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    collected = re.search(r"Collected : (\d+)", text.stderr)
    trips = re.search(r"^round_trips (\d+)", text.stdout, re.MULTILINE)
    if not collected or not trips:
        raise Failure(f"callgrind: {text.stderr[-300:]}")
    return int(collected.group(1)) / (int(trips.group(1)) + 2)  # two to warm up


def notify(table, build, quick):
    """One confirmable report in the library against its two datagrams on a loopback socket."""
    program = f"{build}/bench/bc-bench-notify"
    got = values_of(program, "--rounds", 50 if quick else 2000)
    count = instructions(program, quick)
    table.row("CON notify round trip, library, no sockets", f"{got['library_ns']:.0f} ns",
              f"2 loopback UDP {got['socket_ns']:.0f} ns", got["library_ns"] / got["socket_ns"])
    if count is not None:
        table.row("  instructions of it (callgrind)", f"{count:.0f}")


def registrations_of(build, *options, **more):
    """Rows of bc-bench-registrations: what, clients, echo/s, its us, platform/s, its us."""
    program = f"{build}/bench/registrations/bc-bench-registrations"
    text = output_of(program, "--platform", f"{build}/bin/bc260y-platform", *options, **more)
    lines = re.findall(r"^(\w+) +(\d+) clients +echo +(\d+)/s +([\d.]+) us CPU +"
                       r"platform +(\d+)/s +([\d.]+) us CPU", text, re.MULTILINE)
    if not lines:
        raise Failure(f"{program} prints something else: {text}")
    return lines


def registrations(table, build, quick):
    """The platform against a bare UDP echo, registrations and updates; and with its services."""
    options = ("--clients", "100", "--rounds", 1, "--seconds", 0.1) if quick else ()
    for work, clients, echo_rate, echo_us, rate, cost_us in registrations_of(build, *options):
        ratio = int(rate) / int(echo_rate)
        table.row(f"platform, {work}, {int(clients):,} clients", f"{int(rate):,}/s",
                  f"UDP echo {int(echo_rate):,}/s", ratio, "at least 0.67", ratio >= 2 / 3)
        table.row("  CPU of each", f"{cost_us} us", f"UDP echo {echo_us} us",
                  float(cost_us) / float(echo_us), "at most 8 us", float(cost_us) <= 8)
    options = options or ("--clients", "20000")
    with tempfile.TemporaryDirectory() as folder:
        lines = registrations_of(build, "--http", *options,
                                 env=dict(os.environ, XDG_STATE_HOME=folder))
    for work, clients, _, echo_us, rate, cost_us in lines:
        table.row(f"with --http, {work}, {int(clients):,} clients", f"{int(rate):,}/s")
        table.row("  CPU of each", f"{cost_us} us", f"UDP echo {echo_us} us",
                  float(cost_us) / float(echo_us), "at most 8 us", float(cost_us) <= 8)


def store(table, build, quick):
    """Confirmed notifications, in the platform's store before they are acknowledged."""
    program = f"{build}/bench/registrations/bc-bench-store"
    for window in (1024,) if quick else (128, 1024, 4096):
        options = ("--clients", "200", "--rounds", 1, "--seconds", 0.2) if quick else ()
        got = values_of(program, "--platform", f"{build}/bin/bc260y-platform", "--folder", build,
                        "--window", window, *options)
        goal = {}
        if window == 1024:
            goal = {"goal": "at least 20,000/s", "met": got["store_rate"] >= 20000}
        table.row(f"platform, reports stored, {window:,} under way", f"{got['store_rate']:,.0f}/s",
                  f"UDP echo {got['echo_rate']:,.0f}/s", got["store_rate"] / got["echo_rate"],
                  **goal)
        table.row("  CPU of each", f"{got['store_us']:.1f} us",
                  f"without a store {got['memory_us']:.1f} us", got["store_us"] / got["memory_us"])
        table.row("  without a store; one fdatasync", f"{got['memory_rate']:,.0f}/s",
                  f"{got['sync_ms']:.1f} ms")


def million(table, build, quick):
    """A thousand devices, a hundred thousand, a million: memory of each, cost of a message."""
    sizes = (100, 1000) if quick else (1000, 100000, 1000000)
    options = ("--seconds", 0.1) if quick else ()
    got = values_of(f"{build}/bench/registrations/bc-bench-million", "--platform",
                    f"{build}/bin/bc260y-platform", "--devices", ",".join(map(str, sizes)),
                    *options, limit_s=900)
    few, many = sizes[0], sizes[-1]
    for size in sizes:
        goal = {"goal": "under 1024 B", "met": got[f"device_bytes_{size}"] < KIB} \
            if size == many else {}
        table.row(f"platform, a registered device of {size:,}",
                  f"{got[f'device_bytes_{size}']:.0f} B", **goal)
    for work in ("registrations", "updates", "reports"):
        base = got[f"platform_{work}_us_{few}"]
        table.row(f"platform, {work}, {few:,} devices", f"{base:.1f} us CPU",
                  f"UDP echo {got[f'echo_{work}_us_{few}']:.1f} us")
        for size in sizes[1:]:
            cost = got[f"platform_{work}_us_{size}"]
            goal = {"goal": "at most 2", "met": cost / base <= 2} if size == many else {}
            table.row(f"  {size:,} devices", f"{cost:.1f} us CPU", f"with {few:,} {base:.1f} us",
                      cost / base, **goal)


def memory(table, build, _quick):
    """State, workspace and stack of a module that plays the guide's sessions and is updated."""
    got = values_of(f"{build}/bench/bc-bench-stack",
                    *(f"{name}={SOURCE}/examples/{name}.at" for name in CARRIERS))
    table.row("state of a module (struct bc_module)", f"{got['state_bytes']:.0f} B",
              goal="at most 4096 B", met=got["state_bytes"] <= 4 * KIB)
    table.row("workspace lent to it", f"{got['workspace_bytes']:.0f} B",
              goal="at most 8192 B", met=got["workspace_bytes"] <= 8 * KIB)
    deepest = max(value for name, value in got.items() if name.startswith("stack_"))
    update = max(got["stack_download_bytes"], got["stack_apply_bytes"])
    table.row("stack of the library, sessions and an update", f"{deepest:.0f} B",
              f"the update {update:.0f} B", goal="under 2048 B", met=deepest < 2 * KIB)


def dtls(table, build, quick):
    """The platform's sessions of DTLS: memory of each, and a full handshake beside a resumption."""
    program = f"{build}/bench/bc-bench-secure"
    if not os.path.exists(program):
        table.row("platform, DTLS", "not measured: built without")
        return
    got = values_of(program, 200 if quick else 20000)
    table.row(f"platform, an open DTLS session of {got['sessions']:,.0f}",
              f"{got['session_bytes']:,.0f} B", f"resident {got['session_resident_bytes']:,.0f} B",
              goal="at most 40 KB", met=got["session_bytes"] <= 40000)
    full, resumed = got["handshake_us"], got["resumption_us"]
    table.row("platform, DTLS handshakes, one core", f"{1e6 / full:,.0f}/s, {full:.0f} us",
              f"resumptions {1e6 / resumed:,.0f}/s", full / resumed)
    table.row("platform, request and answer under DTLS", f"{got['exchange_us']:.1f} us")


SECURITIES = (("plain", "no DTLS"), ("dtls12_full", "full DTLS 1.2"),
              ("dtls12_resumed", "resumed 1.2"), ("dtls10_full", "full DTLS 1.0"),
              ("dtls10_resumed", "resumed 1.0"))


def wake(table, build, _quick):
    """A report out of deep sleep: what it takes on the air, with and without DTLS."""
    got = values_of(f"{build}/bench/bc-bench-wake")
    for name, what in SECURITIES:
        if f"{name}_up" not in got:
            continue
        of = {key[len(name) + 1:]: value for key, value in got.items() if key.startswith(name)}
        table.row(f"wake-up to first datagram, {what}", f"{of['first_us']:.1f} us CPU",
                  f"{of['first_virtual_ms']:.0f} ms of virtual time")
        table.row("  recovery and a confirmed report", f"{of['up'] + of['down']:.0f} datagrams",
                  f"{of['up']:.0f} up of {of['bytes_up']:.0f} B, {of['down']:.0f} down of"
                  f" {of['bytes_down']:.0f} B")
        table.row("  RRC connected for it", f"{of['connected_s']:.1f} s",
                  f"with RAI 2 {of['connected_rai_s']:.1f} s")
        table.row("  records stored a day, 96 such reports", f"{of['stored_a_day']:.1f}",
                  goal="at most 1", met=of["stored_a_day"] <= 1)


def private_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(size) for size in re.findall(r"^Private_\w+: +(\d+) kB", file.read(),
                                                    re.MULTILINE))


@contextlib.contextmanager
def running(*argv, **options):
    """A process with pipes for standard input and output, ended by SIGTERM."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdin.close()
        process.stdout.close()


def settled_kib(process):
    time.sleep(0.5)
    return private_kib(process.pid)


def idle_kib(*argv):
    """Private memory of a program once it has settled; its first line, if any, is waited for."""
    with running(*argv) as process:
        if argv[0].endswith("bc260y"):
            process.stdout.readline()
        return settled_kib(process)


def idle_secure_kib(build, *options):
    """The same of a module that is registered over DTLS."""
    with tempfile.TemporaryDirectory() as folder:
        keys = f"{folder}/keys"
        with open(os.open(keys, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(f"bench identity {PSK}\n")
        with running(f"{build}/bin/bc260y-platform", "--open", "aep", "--coap", "127.0.0.1:0",
                     "--coaps", "127.0.0.1:0", "--psk-file", keys) as platform, \
                running(f"{build}/bin/bc260y", "--stdio", *options,
                        stderr=subprocess.DEVNULL) as module:
            port = json.loads(platform.stdout.readline())["coaps"].rsplit(":", 1)[1]
            lines = ("AT+QSCLK=0", f'AT+QLACONFIG=0,"127.0.0.1",{port},"bench",300,0,"identity",'
                     f'"{PSK}"', "AT+QLAREG")
            module.stdin.write("".join(line + "\r" for line in lines).encode())
            module.stdin.flush()
            result = next((line.strip() for line in module.stdout if b"+QLAREG: " in line), b"")
            if result != b"+QLAREG: 0":
                raise Failure(f"a module cannot register over DTLS: {result.decode()}")
            return settled_kib(module)


def idle(table, build, _quick):
    """Private memory of an idle bc260y against a process that sleeps."""
    options = ("--state", "none", "--set", "attach_ms=0")
    ours = idle_kib(f"{build}/bin/bc260y", *options)
    floor = idle_kib(shutil.which("sleep"), "60")
    table.row("private memory of an idle bc260y", f"{ours} KiB", f"sleep(1) {floor} KiB",
              ours / floor, "at most 600 KiB", ours <= 600)
    if os.path.exists(f"{build}/lib/bc260y/dtls.so"):
        secure = idle_secure_kib(build, *options)
        table.row("  registered over DTLS", f"{secure} KiB", f"sleep(1) {floor} KiB",
                  secure / floor)


def cortex_m4(table, _build, _quick):
    """Text of the library at -Os; and the largest stack frames there."""
    gcc = shutil.which("arm-none-eabi-gcc")
    if gcc is None or "/" not in output_of(gcc, "-print-file-name=libc.a"):
        table.row("Cortex-M4 -Os", "not measured: gcc-arm-none-eabi and libnewlib-arm-none-eabi"
                  " are not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        output_of("cmake", "-S", SOURCE, "-B", folder, "-DBC_LIBRARY_ONLY=ON",
                  f"-DCMAKE_TOOLCHAIN_FILE={SOURCE}/cmake/cortex-m4.cmake",
                  "-DCMAKE_BUILD_TYPE=MinSizeRel", env=dict(os.environ, CFLAGS="-fstack-usage"))
        output_of("cmake", "--build", folder, "-j", os.cpu_count() or 1, limit_s=170)
        sizes = {part: archive_sizes(f"{folder}/src/libbc_{part}.a") for part in PARTS}
        linked = linked_text(folder)
        frame = largest_frame(folder)
    for part, (text, data, bss) in sizes.items():
        table.row(f"Cortex-M4 -Os, {part}", f"{text} B text",
                  f"linked {linked.get(part, 0)} B, data {data} B, bss {bss} B")
    client = sum(linked[part] for part in CLIENT)
    whole = sum(linked.values())
    table.row("Cortex-M4 -Os linked, client", f"{client} B text",
              f"all objects {sum(sizes[part][0] for part in CLIENT)} B",
              goal="at most 28 KiB", met=client <= 28 * KIB)
    table.row("Cortex-M4 -Os linked, whole", f"{whole} B text",
              f"all objects {sum(size[0] for size in sizes.values())} B",
              goal="at most 56 KiB", met=whole <= 56 * KIB)
    table.row("Cortex-M4 -Os, largest stack frame", f"{frame[0]} B", frame[1])


def linked_text(folder):
    """Text of each part in a firmware that uses what an MCU has use for (bench/firmware.c), without
    the C library. A relocatable link merges no strings: that would be a little less."""
    table = f"{folder}/firmware.map"
    output_of("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-Os", "-std=c11",
              f"-I{SOURCE}/include", f"{SOURCE}/bench/firmware.c", "-r", "-nostdlib",
              "-Wl,--gc-sections", "-Wl,-e,main", f"-Wl,-Map={table}", "-Wl,--start-group",
              *glob.glob(f"{folder}/src/libbc_*.a"), "-Wl,--end-group",
              "-o", f"{folder}/firmware.o")
    with open(table, encoding="utf-8") as file:
        kept = file.read().partition("Linker script and memory map")[2]
    text = {}
    for size, part in re.findall(r"^ \.(?:text|rodata)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) "
                                 r"\S*libbc_(\w+)\.a\(", kept, re.MULTILINE):
        text[part] = text.get(part, 0) + int(size, 16)
    return text


def archive_sizes(path):
    """text, data and bss of all members together."""
    last = output_of("arm-none-eabi-size", "--totals", path).splitlines()[-1].split()
    return tuple(int(field) for field in last[:3])


def largest_frame(folder):
    frames = []
    for where, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".su"):
                with open(os.path.join(where, name), encoding="utf-8") as file:
                    fields = [line.split("\t") for line in file]
                frames += [(int(field[1]), field[0].rsplit(":", 1)[-1]) for field in fields]
    return max(frames)


def dfota(table, build, quick):
    """A firmware update: the download over a slow link that loses datagrams, and the applying."""
    got = values_of(f"{build}/bench/bc-bench-update", "--seeds", 2 if quick else 100,
                    f"{build}/bin/bc260y-platform")
    for block_bytes in (1024, 512, 256):
        for loss_percent in (0, 5, 20):
            name = f"{block_bytes}_{loss_percent}"
            rate, bound, failed = (got[f"{what}_{name}"] for what in ("rate", "bound", "failed"))
            goal = {"goal": "at least 0.9", "met": rate >= 0.9 * bound} if loss_percent == 0 else \
                   {"goal": "none fails", "met": failed == 0}
            table.row(f"download, blocks of {block_bytes} B, {loss_percent} % lost",
                      f"{rate:.0f} B/s", f"stop and wait {bound:.0f} B/s", rate / bound, **goal)
            if loss_percent > 0:
                table.row("  failed", f"{failed:.0f} of {got['seeds']:.0f}")
    table.row(f"to apply a package to {got['apply_target_bytes']:,.0f} B",
              f"{got['apply_target_bytes'] / got['apply_seconds'] / 1e6:.0f} MB/s",
              f"package {got['apply_package_bytes']:,.0f} B")
    table.row("  memory lent for it", f"{got['apply_memory_bytes']:,.0f} B")


def delta(table, build, quick):
    """Delta packages against xdelta3 -9 and bsdiff."""
    delta_pairs.measure(table, build, quick, output_of)


MEASURES = (turnaround, notify, memory, wake, idle, cortex_m4, registrations, store, million, dtls,
            dfota, delta)


def main():
    parser = argparse.ArgumentParser(description="Measure bc260y; see docs/BENCHMARKS.md.")
    parser.add_argument("--quick", action="store_true",
                        help="few rounds: shows that everything runs, the figures mean nothing")
    parser.add_argument("--only", metavar="NAME", choices=[f.__name__ for f in MEASURES],
                        help="one of: " + ", ".join(f.__name__ for f in MEASURES))
    parser.add_argument("build", nargs="?", default=os.path.join(SOURCE, "build", "release"),
                        metavar="BUILD_FOLDER", help="default: build/release")
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    if not os.access(f"{build}/bin/bc260y", os.X_OK):
        print(f"bench: {build}/bin/bc260y is not built: run 'make build' first", file=sys.stderr)
        return 1
    table = Table()
    failures = 0
    for measure in MEASURES:
        if options.only not in (None, measure.__name__):
            continue
        try:
            measure(table, build, options.quick)
        except (Failure, OSError, subprocess.TimeoutExpired) as failure:
            print(f"bench: {measure.__name__}: {failure}", file=sys.stderr)
            failures += 1
    if not options.quick:
        print(f"\n{table.missed} goals missed" if table.missed else "\nall goals met")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
