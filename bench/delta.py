"""Delta packages beside xdelta3 -9 and bsdiff, on pairs of real binaries: size, and time and memory
of making and applying them. A part of run.py.

The pairs: two builds of this project's firmware image for the Cortex-M4, one function changed; and
two versions of a library from Debian's archive, where apt can reach it. Everything is applied and
compared before it counts.
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MIB_KIB = 1024
# Package, and the file in it.
DEBIAN = (("libcurl4", "libcurl.so.4.*"), ("libssl3", "libcrypto.so.3"))
# The change between the two firmware images.
CHANGED = ("src/module/boot.c", '    bc_module_urc(m, "+CFUN: 1");\n',
           '    if (m->base.baud != 115200)\n        bc_module_urc(m, "+QIPR: CHANGED");\n')
CORTEX_M4 = ("-mcpu=cortex-m4", "-mthumb", "-Os")


class Absent(Exception):
    """A pair or a program that is not here; its text says what."""


def measured(*argv, limit_s=300):
    """Seconds, and KiB of memory by GNU time: a process that we start ourselves would begin with
    our own size. None where it is not installed."""
    command = [str(arg) for arg in argv]
    gnu_time = shutil.which("time")
    with tempfile.NamedTemporaryFile("r") as report:
        if gnu_time:
            command = [gnu_time, "-f", "%M", "-o", report.name, *command]
        begin = time.monotonic()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=limit_s, check=False)
        taken_s = time.monotonic() - begin
        if done.returncode != 0:
            raise OSError(f"{argv[0]}: {done.stderr[-300:].decode(errors='replace')}")
        return taken_s, int(report.read()) if gnu_time else None


# The pairs -------------------------------------------------------------------------------------

def firmware(folder, output_of, name, change):
    """The image of examples/embed.c on the library, for a Cortex-M4."""
    tree, build = f"{folder}/{name}", f"{folder}/{name}-build"
    os.mkdir(tree)
    for part in ("src", "include", "cmake", "examples"):
        shutil.copytree(f"{SOURCE}/{part}", f"{tree}/{part}")
    shutil.copy(f"{SOURCE}/CMakeLists.txt", tree)
    if change:
        path, behind, more = CHANGED
        with open(f"{tree}/{path}", encoding="utf-8") as file:
            text = file.read()
        if behind not in text:
            raise OSError(f"{path}: the line to change is not there any more; see bench/delta.py")
        with open(f"{tree}/{path}", "w", encoding="utf-8") as file:
            file.write(text.replace(behind, behind + more))
    output_of("cmake", "-S", tree, "-B", build, "-DBC_LIBRARY_ONLY=ON",
              f"-DCMAKE_TOOLCHAIN_FILE={tree}/cmake/cortex-m4.cmake",
              "-DCMAKE_BUILD_TYPE=MinSizeRel")
    output_of("cmake", "--build", build, "-j", os.cpu_count() or 1, limit_s=170)
    output_of("arm-none-eabi-gcc", *CORTEX_M4, f"-I{tree}/include", f"{tree}/examples/embed.c",
              f"{build}/lib/libbc260y.a", "--specs=nano.specs", "--specs=nosys.specs",
              "-Wl,--gc-sections", "-o", f"{tree}.elf")
    output_of("arm-none-eabi-objcopy", "-O", "binary", f"{tree}.elf", f"{tree}.bin")
    return f"{tree}.bin"


def firmware_pair(folder, output_of):
    if not shutil.which("arm-none-eabi-gcc"):
        raise Absent("gcc-arm-none-eabi and libnewlib-arm-none-eabi are not installed")
    return (firmware(folder, output_of, "firmware-1", False),
            firmware(folder, output_of, "firmware-2", True))


def debian_pair(folder, output_of, package, pattern):
    """The oldest and the newest version that apt knows."""
    if not shutil.which("apt-get"):
        raise Absent("there is no apt-get")
    listed = subprocess.run(["apt-cache", "madison", package], capture_output=True, text=True,
                            check=False).stdout
    versions = [line.split("|")[1].strip() for line in listed.splitlines()]
    if len(set(versions)) < 2:
        raise Absent(f"apt knows only one version of {package}")
    files = []
    for number, version in enumerate((versions[-1], versions[0])):
        place = f"{folder}/{package}-{number}"
        os.mkdir(place)
        got = subprocess.run(["apt-get", "-qq", "-o", "Acquire::Retries=1", "-o",
                              "Acquire::http::Timeout=20", "download", f"{package}={version}"],
                             cwd=place, capture_output=True, timeout=120, check=False)
        if got.returncode != 0:
            raise Absent(f"apt cannot download {package} {version}")
        output_of("dpkg-deb", "-x", glob.glob(f"{place}/*.deb")[0], place)
        files += [max(glob.glob(f"{place}/usr/lib/*/{pattern}"), key=os.path.getsize)]
    return files


def quick_pair(folder, build):
    """One of our programs, and the same with something put in."""
    with open(f"{build}/bin/bc260y-delta", "rb") as file:
        data = file.read()[:200000]
    for name, content in (("1", data), ("2", data[:50000] + b"put in" + data[50000:])):
        with open(f"{folder}/{name}", "wb") as file:
            file.write(content)
    return f"{folder}/1", f"{folder}/2"


# The programs ----------------------------------------------------------------------------------

def programs(build):
    """Of each: how it makes and applies, with OLD, NEW and DELTA to be filled in."""
    ours = f"{build}/bin/bc260y-delta"
    return {
        "bc260y-delta": ((ours, "make", "OLD", "NEW", "-o", "DELTA", "--from", "A", "--to", "B"),
                         (ours, "apply", "OLD", "DELTA", "-o", "NEW")),
        "xdelta3 -9": (("xdelta3", "-9", "-f", "-e", "-s", "OLD", "NEW", "DELTA"),
                       ("xdelta3", "-f", "-d", "-s", "OLD", "DELTA", "NEW")),
        "bsdiff": (("bsdiff", "OLD", "NEW", "DELTA"), ("bspatch", "OLD", "NEW", "DELTA")),
    }


def same(one, other):
    with open(one, "rb") as a, open(other, "rb") as b:
        return a.read() == b.read()


def measure_pair(build, folder, old, new):
    """name: (bytes, (s, KiB) to make, (s, KiB) to apply)"""
    results = {}
    for name, (make, apply) in programs(build).items():
        if not shutil.which(make[0]):
            raise Absent("xdelta3 and bsdiff are not installed")
        delta, result = f"{folder}/delta", f"{folder}/result"
        fill = {"OLD": old, "NEW": new, "DELTA": delta}
        made = measured(*(fill.get(word, word) for word in make))
        fill["NEW"] = result
        applied = measured(*(fill.get(word, word) for word in apply))
        if not same(new, result):
            raise OSError(f"{name}: what it applied is not what it was made from")
        results[name] = (os.path.getsize(delta), made, applied)
    return results


def cell(cost):
    taken_s, kib = cost
    return f"{taken_s:.2f} s" + (f", {kib / MIB_KIB:.3g} MiB" if kib else "")


def show(table, what, results, has_goal):
    ours = results.pop("bc260y-delta")
    for name, theirs in results.items():
        ratio = ours[0] / theirs[0]
        goal = {}
        if has_goal and name.startswith("xdelta3"):
            goal = {"goal": "at most 1.1", "met": ratio <= 1.1}
        table.row(f"delta, {what}", f"{ours[0]:,} B", f"{name} {theirs[0]:,} B", ratio, **goal)
    for index, work in ((1, "to make it"), (2, "to apply it")):
        for name, theirs in results.items():
            table.row(f"  {work}", cell(ours[index]), f"{name} {cell(theirs[index])}")


def measure(table, build, quick, output_of):
    with tempfile.TemporaryDirectory() as folder:
        if quick:
            pairs = [("a trial", lambda: quick_pair(folder, build))]
        else:
            pairs = [("Cortex-M4 firmware", lambda: firmware_pair(folder, output_of))]
            pairs += [(re.sub(r"[.*].*", "", pattern),
                       lambda p=package, f=pattern: debian_pair(folder, output_of, p, f))
                      for package, pattern in DEBIAN]
        for what, pair in pairs:
            try:
                old, new = pair()
                show(table, f"{what}, {os.path.getsize(new):,} B",
                     measure_pair(build, folder, old, new), not quick)
            except Absent as absent:
                table.row(f"delta, {what}", f"not measured: {absent}")
