"""Caches can be filled by strangers: whatever lies in a target directory, `scan` and `rewrite` end soon, with little memory, and
touch and run nothing outside."""

import ctypes
import ctypes.util
import json
import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from steadytest import E2ECase, clean_env, copy_target, ephemeral_env, main, make_env, snapshot, snapshot_difference
from steadytest.run import SteadyRun, steady_program
from steadytest.scripted import scripted_workspace

SECONDS, MEBIBYTES = 10, 300
#: A unit that nobody built: its hash follows from nothing.
UNIT = {"rustc": 1, "features": "[]", "declared_features": "[]", "target": 2, "profile": 3, "path": 4, "deps": [], "local": [],
        "rustflags": [], "config": 5, "compile_kind": 0}
ENV = "/c/builds-v0/.tmpABCDEF"


#: Runs a program and tells its exit code, its memory and its processor time. A process of its own, since a forked one counts
#: the memory of the one it was forked from.
WATCH = """
import os, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
os.write(int(sys.argv[1]), b"%d %d %.1f" % (os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime))
"""


def sanitized() -> bool:
    """AddressSanitizer takes memory and time of its own."""
    return b"__asan_init" in steady_program().read_bytes()


class Hostile(E2ECase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-e2e-")))
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-rf", str(cls.folder)], check=True))

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", str(self.tmp)], check=True))  # rmtree cannot go as deep
        kept = self.folder / "target"
        if not kept.exists():
            ws = scripted_workspace(self.folder / "ws", self.cargo("path"))
            type(self).old, type(self).new = ephemeral_env(self.folder / "uv"), make_env(self.folder / "stable")
            ws.cargo("build", env={"PYO3_PYTHON": self.old / "bin/python"})
            ws.target.rename(kept)
        self.target = copy_target(kept, self.tmp / "target")
        self.outside = self.tmp / "outside"
        self.outside.mkdir()
        (self.outside / "secret").write_text("0123456789abcdef")
        self.prints = self.target / "debug/.fingerprint"
        self.run_unit = next(self.prints.glob("probe-*/run-build-script-*.json"))
        self.run_dir = self.target / "debug/build" / self.run_unit.parent.name

    def run_one(self, *args, status=(0, 3)) -> SteadyRun:
        """cargo-steady with its time and memory watched."""
        argv = [str(steady_program()), *map(str, args)]
        read, write = os.pipe()
        done = subprocess.run([sys.executable, "-S", "-E", "-c", WATCH, str(write), *argv], cwd=self.tmp, env=clean_env(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[write],
                              timeout=120)
        os.close(write)
        with os.fdopen(read) as report:
            ended, kibibytes, seconds = report.read().split()
        ended = int(ended)
        texts = [text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr)]
        what = f"{args[0]}: exit {ended}, {seconds} s, {int(kibibytes) >> 10} MiB"
        if not sanitized():
            self.assertLess(float(seconds), SECONDS, what)
            self.assertLess(int(kibibytes), MEBIBYTES << 10, what)
        self.assertIn(ended, status, what + texts[1][-3000:])
        for text in texts:
            self.assertNotIn("\x1b", text)
        self.assertEqual(len([line for line in texts[1].splitlines() if line.startswith("error: ")]),
                         int(ended == 3), texts[1][-3000:])
        return SteadyRun(argv, ended, *texts)

    def both(self, status: int = 0, form: str = "json") -> SteadyRun:
        """scan and rewrite; nothing outside changes. The result of rewrite, which ends with STATUS (None: 0 or 3)."""
        before = snapshot(self.outside, directories=True)
        scanned = self.run_one("scan", "--target-dir", self.target, "--format", form)
        self.assertEqual(scanned.returncode, 0, scanned.stderr)
        if form == "json":
            json.loads(scanned.stdout)
        done = self.run_one("rewrite", "--target-dir", self.target, "--to", self.new, "-v")
        self.assertEqual(snapshot_difference(before, snapshot(self.outside, directories=True)), [])
        if status is not None:
            self.assertEqual(done.returncode, status, done.stderr)
        return done

    def replace(self, path: Path, make) -> None:
        path.unlink()
        make(path)

    def interesting(self) -> list:
        return [self.run_unit, self.run_unit.with_suffix(""), self.run_dir / "output", self.run_dir / "out/pyo3-build-config.txt",
                next(self.prints.glob("app-*/bin-app.json"))]

    # Files that are none, or lie elsewhere

    def test_links(self):
        for path in self.interesting():
            text = path.read_bytes()
            for to in (self.outside / "secret", self.outside / "nowhere", "/dev/zero", path.name):
                with self.subTest(path=path.name, to=to):
                    self.replace(path, lambda path: path.symlink_to(to))
                    self.both()
                    self.assertTrue(path.is_symlink())
            path.unlink()
            path.write_bytes(text)

    def test_links_of_directories(self):
        for path in (self.run_unit.parent, self.prints, self.run_dir, self.run_dir / "out", self.target / "debug"):
            with self.subTest(path=path.name):
                moved = path.rename(self.outside / "moved")
                path.symlink_to(moved)
                self.both()
                path.unlink()
                moved.rename(path)

    def test_links_of_locks(self):
        for name in (".cargo-lock", ".cargo-build-lock"):
            for to in ("secret", "new"):
                with self.subTest(name=name, to=to):
                    path = self.target / "debug" / name
                    path.unlink(missing_ok=True)
                    path.symlink_to(self.outside / to)
                    self.both(3)
                    path.unlink()

    def test_links_of_our_own_directory(self):
        state = self.target / ".cargo-steady"
        state.symlink_to(self.outside)
        self.both(None)
        state.unlink()
        state.mkdir()
        (self.outside / "list").write_text("cargo-steady journal 1\n")
        (state / "journal").symlink_to(self.outside)
        self.both(None)
        self.assertTrue((self.outside / "list").exists())

    def test_special_files(self):
        def listen(path):
            here = os.getcwd()
            os.chdir(path.parent)  # the name of a socket must be short
            socket.socket(socket.AF_UNIX).bind(path.name)
            os.chdir(here)

        def device(path):
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))

        kinds = [os.mkfifo, listen, os.mkdir]
        if os.geteuid() == 0:
            kinds.append(device)
        for path in self.interesting() + [self.target / "debug/.cargo-lock"]:
            text = path.read_bytes()
            for kind in kinds:
                with self.subTest(path=path.name, kind=kind.__name__):
                    path.unlink()
                    try:
                        kind(path)
                    except PermissionError:
                        path.write_bytes(text)
                        continue
                    self.both(None)
                    path.rmdir() if path.is_dir() else path.unlink()
                    path.write_bytes(text)

    # Sizes

    def test_large_files(self):
        for path in self.interesting():
            with self.subTest(path=path.name):
                text = path.read_bytes()
                with open(path, "wb") as out:
                    out.write(b"[")
                    for _ in range(101):
                        out.write(b"0," * (1 << 19))
                self.assertGreater(path.stat().st_size, 100 << 20)
                self.assertIn("is larger than", self.both().stderr + "is larger than" * ("out" in str(path)))
                path.write_bytes(text)

    def test_many_large_json(self):
        text = json.dumps(dict(UNIT, local=[{"RerunIfEnvChanged": {"var": "X", "val": "y"}}] * 150_000), separators=(",", ":"))
        for number in range(60):
            unit = self.prints / f"big-{number:016x}"
            unit.mkdir()
            (unit / "run-build-script-build-script-build.json").write_text(text)
            (unit / "run-build-script-build-script-build").write_text("0123456789abcdef")
        self.both()

    def test_deep_json(self):
        for text in ("[" * 10_000, '{"local":' * 10_000, "[" * 10_000 + "]" * 10_000,
                     json.dumps(dict(UNIT, local="HERE")).replace('"HERE"', "[" * 10_000 + "]" * 10_000)):
            self.run_unit.write_text(text)
            self.both()

    def test_deep_directories(self):
        here = os.getcwd()
        for start in (self.run_dir / "out", self.target / "debug/build", self.target / ".cargo-steady/journal"):
            start.mkdir(parents=True, exist_ok=True)
            os.chdir(start)
            for _ in range(10_000):
                os.mkdir("d")
                os.chdir("d")
            os.chdir(here)
            self.both(None)
            subprocess.run(["rm", "-rf", str(start / "d")], check=True)
        self.both()

    def test_many_entries(self):
        """200,000 files in one unit's directory, without JSON and with."""
        unit = self.prints / "many-0123456789abcdef"
        unit.mkdir()
        for number in range(100_000):
            (unit / f"lib-{number}").touch()
            (unit / f"bin-{number}.json").touch()
        self.both(form="text")

    def test_many_units(self):
        """20,000 directories, each a unit with one and the same content; a hash that names itself."""
        text = json.dumps(dict(UNIT, deps=[[1, "x", False, int.from_bytes(bytes.fromhex("0123456789abcdef"), "little")]]),
                          separators=(",", ":"))
        for number in range(20_000):
            unit = self.prints / f"many-{number:016x}"
            unit.mkdir()
            (unit / "lib-many.json").write_text(text)
            (unit / "lib-many").write_text("0123456789abcdef")
        self.both(form="text")

    def test_many_paths(self):
        """An output that names 200,000 environments, on as many lines and on one."""
        names = [f"/c/builds-v0/.tmp{number:06d}" for number in range(200_000)]
        for text in ("".join(f"cargo:rustc-env=A={name}/bin/python\n" for name in names),
                     "cargo:rustc-env=A=" + ":".join(names) + "\n", "x" * (15 << 20), "/" * (15 << 20), "=" * (15 << 20),
                     "cargo:PYO3_CONFIG=" + "0" * (15 << 20), "\n" * (15 << 20)):
            (self.run_dir / "output").write_text(text)
            self.both(form="text")

    # Bytes

    def test_twins_of_a_good_unit(self):
        """10,000 copies of a unit that verifies, of which none may be rewritten."""
        self.run_dir.joinpath("output").write_text(f"cargo:rustc-link-search={self.old}/lib\n")
        for number in range(10_000):
            unit = self.prints / f"probe-{number:016x}"
            unit.mkdir()
            for path in (self.run_unit, self.run_unit.with_suffix("")):
                (unit / path.name).write_bytes(path.read_bytes())
        self.both()

    def test_truncated_and_random(self):
        dice = random.Random(7)
        files = [path for path in self.target.rglob("*") if path.is_file() and path.stat().st_size < 100_000]
        for turn in range(60):
            path = dice.choice(files)
            text = path.read_bytes()
            at = dice.randrange(len(text) + 1)
            noise = dice.randbytes(dice.randrange(1, 40))
            path.write_bytes(dice.choice((text[:at], noise, text[:at] + noise + text[at + len(noise):], text + text, noise * 999)))
            with self.subTest(turn=turn, path=path.name):
                self.both()

    def test_names(self):
        prints = os.fsencode(self.prints)
        for name in (b"ev\x1b[31mil\nerror: x-0123456789abcdef", b"\xff\xfe-0123456789abcdef", b"-0123456789abcdef",
                     b"%s%n-0123456789abcdef", b"..-0123456789abcdef", b"a b-0123456789abcdef"):
            os.mkdir(os.path.join(prints, name))
            for file in (b"lib-\x1b]0;x\x07.json", b"lib-\xff", b"\xff.json", b"run-build-script-\n.json", b"lib-.json", b".json"):
                with open(os.path.join(prints, name, file), "wb") as out:
                    out.write(json.dumps(UNIT).encode() if b"\xff" in file else b"\x1b[31m\xff{")
        os.mkdir(os.path.join(os.fsencode(self.target), b"\x1b[2J\xff"))
        self.both()

    def test_values(self):
        """Escape sequences in what is shown."""
        text = self.run_unit.read_text().replace("PYO3_PYTHON", "PYO3_PYTHON\\u001b[31m")
        self.run_unit.write_text(text)
        (self.run_dir / "output").write_text(f"cargo:rustc-env=\x1b[31mA={ENV}/bin/py\x1b[31mthon\n"
                                             f"cargo:rerun-if-changed={ENV}/\x1b[2J\n")
        self.both()

    # Journals

    def journal(self, entries: list, staged: dict) -> None:
        """A list with a right checksum, as only a stranger would write it."""
        library = ctypes.util.find_library("xxhash")
        if library is None:
            self.missing("no libxxhash that Python can load")
        xxhash = ctypes.CDLL(library)
        xxhash.XXH3_64bits.restype = ctypes.c_uint64
        xxhash.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        folder = self.target / ".cargo-steady/journal"
        subprocess.run(["rm", "-rf", str(folder)], check=True)
        folder.mkdir(parents=True)
        for name, make in staged.items():
            make(folder / name)
        body = b"cargo-steady journal 1\n%d\n" % len(entries)
        body += b"".join(b"%d 644 1.000000000 %s %s %d:%s\n" % (number, old, new, len(path), path)
                         for number, old, new, path in entries)
        (folder / "list").write_bytes(body + b"%016x\n" % xxhash.XXH3_64bits(body, len(body)))

    def digest(self, text: bytes) -> bytes:
        """XXH3-128, as the journal writes it."""

        class Pair(ctypes.Structure):
            _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]

        xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash") or self.missing("no libxxhash that Python can load"))
        xxhash.XXH3_128bits.restype = Pair
        xxhash.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        pair = xxhash.XXH3_128bits(text, len(text))
        return b"%016x%016x" % (pair.high, pair.low)

    def test_forged_journals(self):
        def write(path):
            path.write_bytes(b"evil")
            os.utime(path, ns=(10**9, 10**9))

        secret = self.outside / "secret"
        os.utime(secret, ns=(10**9, 10**9))
        old, new = self.digest(b"0123456789abcdef"), self.digest(b"evil")
        (self.target / "link").symlink_to(self.outside)
        (self.target / "file").symlink_to(secret)
        for path in (b"../outside/secret", os.fsencode(secret), b"debug/../../outside/secret", b"link/secret", b"file", b"",
                     b".", b"debug", b"a\0b", b"./../outside/secret", b"debug//../../outside/secret"):
            with self.subTest(path=path):
                self.journal([(0, old, new, path)], {"0": write})
                done = self.both()
                self.assertIn("given up", done.stderr)
                self.assertFalse((self.target / ".cargo-steady").exists())

    def test_journal_of_another_place(self):
        """The staged file is a link, and a list that is whole but for that is not carried out."""
        victim = self.target / "victim"
        victim.write_bytes(b"old")
        os.utime(victim, ns=(10**9, 10**9))
        for make in (lambda path: path.symlink_to(self.outside / "secret"), os.mkfifo, os.mkdir):
            self.journal([(0, self.digest(b"old"), self.digest(b"0123456789abcdef"), b"victim")], {"0": make})
            self.both()
            self.assertEqual(victim.read_bytes(), b"old")

    def test_journal_that_is_good(self):
        """The forger's tools work: an honest list made with them is carried out."""
        victim = self.target / "victim"
        victim.write_bytes(b"old")
        os.utime(victim, ns=(10**9, 10**9))

        def write(path):
            path.write_bytes(b"new")
            os.utime(path, ns=(10**9, 10**9))

        self.journal([(0, self.digest(b"old"), self.digest(b"new"), b"victim")], {"0": write})
        said = self.both().stderr
        self.assertEqual(victim.read_bytes(), b"new", said)

    def test_journal_that_never_ends(self):
        """100,000 entries that all name one huge file with holes."""
        def sparse(path):
            with open(path, "wb") as out:
                out.truncate(60 << 20)
            os.utime(path, ns=(10**9, 10**9))

        sparse(self.target / "victim")
        zero = self.digest(bytes(60 << 20))
        self.journal([(0, zero, zero, b"victim")] * 100_000, {"0": sparse})
        self.both()


if __name__ == "__main__":
    main()
