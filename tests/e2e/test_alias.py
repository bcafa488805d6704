"""Interpreter aliases with real Pythons: made, used with and without isolation, attacked, raced for, killed while being made.

The Python of this machine is always tried, through environments of every kind. STEADY_TEST_PYTHONS names more of them (paths,
with ':' between): python3.6 to 3.14, free-threaded and debug builds, PyPy.
"""

import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from steadytest import E2ECase, main, make_env, snapshot, steady
from steadytest.cache import cache_dir, locked
from steadytest.debs import Unavailable, candidate, library_path, unpack_closure
from steadytest.faults import killat, killat_program
from steadytest.run import clean_env, steady_program

#: What is asked of every interpreter, in an environment or an alias.
QUESTION = """
import json, sys
try:
    import probe_in_env
    probe = probe_in_env.VALUE
except ImportError:
    probe = None
try:
    import probe_by_pth
    nested = True
except ImportError:
    nested = False
print(json.dumps({"prefix": sys.prefix, "executable": sys.executable, "version": sys.version, "probe": probe, "nested": nested,
                  "path": sys.path, "base_prefix": sys.base_prefix}))
"""

#: Calls of one `env`, at the most.
MANY = 500


def base_python() -> Path:
    return Path(os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable))


def pythons() -> list:
    """The interpreters that are tried: this machine's, Debian's if it is another one, and those asked for."""
    found = [base_python()]
    more = [Path("/usr/bin/python3"), *map(Path, filter(None, os.environ.get("STEADY_TEST_PYTHONS", "").split(":")))]
    for path in more:
        if path.exists() and os.path.realpath(path) not in map(os.path.realpath, found):
            found.append(path)
    return found


def ask(python, *options, site=None, question=QUESTION, **more) -> dict:
    env = clean_env(STEADY_SITE=site, PYTHONDONTWRITEBYTECODE="1", **more)
    out = subprocess.run([str(python), *options, "-c", question], env=env, stdout=subprocess.PIPE, check=True, timeout=60).stdout
    return json.loads(out)


class AliasCase(E2ECase):
    def setUp(self):
        super().setUp()
        self.home = self.tmp / "home"

    def environment(self, python=None, **extra):
        return clean_env(**{"STEADY_HOME": self.home, "PYO3_PYTHON": python or base_python(), **extra})

    def run_env(self, *args, python=None, check=True, **extra):
        return steady("env", *args, env=self.environment(python, **extra), check=check)

    def get(self, python=None, **extra) -> dict:
        return self.run_env("--format", "json", python=python, **extra).json

    def alias(self, python=None, **extra) -> Path:
        return Path(self.get(python, **extra)["alias"]["directory"])

    def refused(self, word, python=None, **extra):
        done = self.run_env(python=python, check=False, **extra)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn(word, done.stderr)

    def aliases(self) -> list:
        """Everything that lies beside the aliases, unfinished ones too."""
        place = self.home / "python-alias"
        return sorted(entry.name for entry in place.iterdir()) if place.exists() else []

    def make_venv(self, name, *options, python=None) -> Path:
        path = self.tmp / name
        subprocess.run([str(python or base_python()), "-m", "venv", "--without-pip", *options, str(path)], check=True,
                       env=clean_env(), stdout=subprocess.DEVNULL, timeout=120)
        return path

    def site_of(self, env) -> Path:
        return next(path for path in (Path(env) / "lib").rglob("site-packages"))

    def add_probe(self, env, value="one") -> Path:
        """A module in the environment, and one that only a .pth file there leads to."""
        site = self.site_of(env)
        (site / "probe_in_env.py").write_text(f"VALUE = {value!r}\n")
        (site / "more").mkdir(exist_ok=True)
        (site / "more" / "probe_by_pth.py").write_text("")
        (site / "more.pth").write_text("more\n")
        return site


class Interpreters(AliasCase):
    def each(self, check):
        """check(number, python) for every interpreter, each a subtest."""
        for number, python in enumerate(pythons()):
            with self.subTest(python=str(python)):
                check(number, python)

    def test_environments_of_all_kinds_share_one(self):
        def check(number, python):
            outer = self.make_venv(f"links{number}", "--symlinks", python=python)
            envs = [outer, self.make_venv(f"copies{number}", "--copies", python=python),
                    self.make_venv(f"nested{number}", python=outer / "bin/python"),
                    self.make_venv(f"nested-copies{number}", "--copies", python=outer / "bin/python"),
                    self.make_venv(f"system{number}", "--system-site-packages", python=python)]
            expected = self.get(python)
            for env in envs:
                for name in ("python", "python3"):
                    self.assertEqual(self.get(env / "bin" / name)["alias"], expected["alias"], env)
            self.assertEqual(self.get(expected["alias"]["python"])["alias"], expected["alias"])

        self.each(check)
        self.assertEqual(len(self.aliases()), len(pythons()))

    def test_what_an_alias_is(self):
        def check(_, python):
            base = ask(python)
            got = self.get(python)
            alias = Path(got["alias"]["directory"])
            version = base["version"].split()[0]
            self.assertRegex(alias.name, rf"^(cpython|pypy|graalpy)-{version}t?d?-[a-z0-9_.-]+-[0-9a-f]{{8}}$")
            self.assertEqual(got["interpreter"]["version"], base["version"])
            for name in ("python", "python3"):
                told = ask(alias / "bin" / name)
                self.assertEqual((told["prefix"], told["base_prefix"]), (str(alias), base["base_prefix"]))
                self.assertEqual(told["version"], base["version"])
            # Nothing was written by using it.
            self.assertEqual(self.alias(python), alias)
            self.assertNotIn("__pycache__", "".join(snapshot(alias)))

        self.each(check)

    def test_packages_of_an_environment_through_it(self):
        def check(number, python):
            env = self.make_venv(f"env{number}", python=python)
            site = self.add_probe(env)
            python = Path(self.get(python)["alias"]["python"])
            for options in ((), ("-I",), ("-E",), ("-s",), ("-I", "-B")):
                told = ask(python, *options, site=site)
                self.assertEqual((told["probe"], told["nested"]), ("one", True), options)
                self.assertEqual(told["executable"], str(python))
                told = ask(python, *options)
                self.assertEqual((told["probe"], told["nested"]), (None, False), options)
            # Not without site: nobody expects packages then. And what is not there does no harm.
            self.assertIsNone(ask(python, "-I", "-S", site=site)["probe"])
            self.assertIsNone(ask(python, site=f"{self.tmp}/none::")["probe"])
            variables = {v["name"]: v["value"] for v in self.get(env / "bin/python")["variables"]}
            self.assertIn(str(site), variables["STEADY_SITE"].split(":"))

        self.each(check)

    def test_aliases_in_steady_site(self):
        """Its own packages, or those of another alias: no endless search, and no message."""
        def check(_, python):
            got = self.get(python)["alias"]
            other = self.get(python, STEADY_HOME=self.tmp / "other")["alias"]
            for site in (got["site_packages"], got["site_packages"] + "/", f"{other['site_packages']}:{got['site_packages']}"):
                env = clean_env(STEADY_SITE=site)
                done = subprocess.run([got["python"], "-B", "-c", "print(1)"], env=env, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "1\n", ""), site)

        self.each(check)

    def test_environment_that_shares_the_systems_packages(self):
        """And the user's, in this order; without any environment too."""
        question = "import json, sys; print(json.dumps([d for d in sys.path if d.endswith('-packages') and 'python-alias' not in d]))"

        def check(number, python):
            env = self.make_venv(f"env{number}", "--system-site-packages", python=python)
            base = self.tmp / f"base{number}"
            tail = ask(python, question="import json, site; print(json.dumps(site._get_path('')))").lstrip("/")
            (base / tail).mkdir(parents=True)
            kept = {"PYTHONUSERBASE": str(base)}
            for named in (env / "bin/python", python):
                wanted = ask(named, question=question, **kept)
                self.assertIn(str(base / tail), wanted)
                variables = {v["name"]: v["value"] for v in self.get(named, **kept)["variables"]}
                alias = self.get(python)["alias"]["python"]
                self.assertEqual(ask(alias, site=variables["STEADY_SITE"], question=question, **kept), wanted)
                without = {v["name"]: v["value"] for v in self.get(named, PYTHONNOUSERSITE="1", **kept)["variables"]}
                self.assertNotIn(str(base), without["STEADY_SITE"])

        self.each(check)

    def test_interpreters_have_aliases_of_their_own(self):
        aliases = [self.alias(python) for python in pythons()]
        self.assertEqual(len(set(aliases)), len(aliases))

    def test_no_python(self):
        self.refused("names no Python", python=self.tmp / "none")
        self.refused("does not answer", python="/bin/true")
        self.refused("names no Python", python="no-such-python")
        done = self.run_env("--python", self.tmp / "none", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("no interpreter at", done.stderr)
        self.assertEqual(self.aliases(), [])


class PyPy(AliasCase):
    """X25: an interpreter whose site-packages lies elsewhere, unpacked from Debian's packages."""

    def setUp(self):
        super().setUp()
        try:
            root = cache_dir() / f"pypy3-{candidate('pypy3')}"
            with locked("pypy3"):
                if not root.exists():
                    partial = cache_dir() / "pypy3-partial"
                    shutil.rmtree(partial, ignore_errors=True)
                    unpack_closure(["pypy3", "pypy3-lib"], partial, lambda name: False)
                    partial.rename(root)
        except Unavailable as error:
            self.missing(str(error))
        before = os.environ.get("LD_LIBRARY_PATH")
        os.environ["LD_LIBRARY_PATH"] = library_path(root)
        self.addCleanup(os.environ.__setitem__ if before else os.environ.pop, "LD_LIBRARY_PATH", before)
        self.python = root / "usr/bin/pypy3"

    def test_x25_site_packages_elsewhere(self):
        got = self.get(self.python)
        alias = Path(got["alias"]["directory"])
        self.assertRegex(alias.name, r"^pypy-3\.\d+\.\d+-")
        self.assertEqual(got["interpreter"]["implementation"], "PyPy")
        self.assertIn("/lib/pypy3.", got["alias"]["site_packages"])
        env = self.make_venv("env", python=self.python)
        self.assertEqual(self.alias(env / "bin/python"), alias)
        site = self.add_probe(env)
        for options in ((), ("-I",)):
            told = ask(alias / "bin/python", *options, site=site)
            self.assertEqual((told["probe"], told["nested"], told["prefix"]), ("one", True, str(alias)))
        self.assertEqual(self.alias(self.python), alias)
        self.assertNotIn(alias, [self.alias(python) for python in pythons()])


class Attacks(AliasCase):
    """What somebody does to an alias reaches no build: it is made anew before it is named again."""

    def setUp(self):
        super().setUp()
        self.dir = self.alias()
        self.site = self.site_of(self.dir)
        self.before = self.content()
        self.trap = self.tmp / "trap"
        self.evil = f"open({str(self.trap)!r}, 'w').close()\n"

    def content(self):
        """Names, bytes, links and modes."""
        found = {}
        for path in sorted([self.dir, *self.dir.rglob("*")]):
            about = path.lstat()
            text = os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else None
            found[str(path)] = (about.st_mode, text, about.st_uid)
        return found

    def assert_made_anew(self):
        self.assertNotEqual(self.content(), self.before)
        self.assertEqual(self.alias(), self.dir)
        self.assertEqual(self.content(), self.before)
        self.assertEqual(self.aliases(), [self.dir.name])
        self.assertFalse(self.trap.exists(), "what was put there has run")
        ask(self.dir / "bin/python")
        self.assertFalse(self.trap.exists(), "what was put there has run")

    def write(self, path, text):
        """As root would, or an owner who changes modes first."""
        mode = path.parent.stat().st_mode
        path.parent.chmod(0o755)
        if path.exists():
            path.unlink()
        path.write_text(text)
        path.parent.chmod(mode)

    def test_pth_dropped(self):
        self.write(self.site / "evil.pth", "import builtins; " + self.evil)
        self.assert_made_anew()

    def test_own_pth_edited(self):
        mode = (self.site / "steady.pth").stat().st_mode
        self.write(self.site / "steady.pth", "import builtins; " + self.evil)
        (self.site / "steady.pth").chmod(mode)
        self.assert_made_anew()

    def test_sitecustomize_dropped(self):
        for name in ("sitecustomize.py", "usercustomize.py"):
            self.write(self.site / name, self.evil)
            self.assert_made_anew()

    def test_x24_packages_installed(self):
        """pip and uv install into whatever VIRTUAL_ENV names; later builds would import it."""
        package = self.tmp / "package"
        (package / "probe_in_env").mkdir(parents=True)
        (package / "probe_in_env" / "__init__.py").write_text("VALUE = 'installed'\n")
        self.site.chmod(0o755)
        shutil.copytree(package / "probe_in_env", self.site / "probe_in_env")
        (self.dir / "bin" / "tool").write_text("#!/bin/sh\n")
        self.assert_made_anew()
        self.assertIsNone(ask(self.dir / "bin/python")["probe"])

    def test_site_packages_made_writable(self):
        self.site.chmod(0o777)
        self.assert_made_anew()

    def test_interpreter_retargeted(self):
        other = self.tmp / "evil"
        other.write_text(f"#!/bin/sh\n: >'{self.trap}'\nexec {base_python()} \"$@\"\n")
        other.chmod(0o755)
        for name in ("python", "python3"):
            (self.dir / "bin" / name).unlink()
            (self.dir / "bin" / name).symlink_to(other)
            self.assert_made_anew()

    def test_home_retargeted(self):
        text = (self.dir / "pyvenv.cfg").read_text()
        mode = (self.dir / "pyvenv.cfg").stat().st_mode
        self.write(self.dir / "pyvenv.cfg", text.replace("home = ", f"home = {self.tmp}"))
        (self.dir / "pyvenv.cfg").chmod(mode)
        self.assert_made_anew()

    def test_replaced_by_a_link(self):
        moved = self.tmp / "moved"
        self.dir.rename(moved)
        self.dir.symlink_to(moved)
        self.assertEqual(self.alias(), self.dir)
        self.assertFalse(self.dir.is_symlink())
        self.assertEqual(self.content(), self.before)
        self.assertTrue((moved / "bin").is_dir())


class Places(AliasCase):
    def test_hostile_homes(self):
        real = self.tmp / "real"
        real.mkdir(mode=0o700)
        (self.tmp / "link").symlink_to(real)
        self.refused("is not a directory itself", STEADY_HOME=self.tmp / "link")
        real.chmod(0o777)
        self.refused("written to by others", STEADY_HOME=real)
        self.refused("no place", STEADY_HOME="relative")
        self.refused("written to by others", STEADY_HOME="/tmp")
        (self.tmp / "file").write_text("")
        self.refused("is not a directory itself", STEADY_HOME=self.tmp / "file")
        self.assertEqual(list(real.iterdir()), [])
        if os.geteuid() == 0:
            real.chmod(0o700)
            os.chown(real, 12345, 12345)
            self.refused("belongs to another user", STEADY_HOME=real)

    def test_x26_aliases_of_another_home(self):
        """The same interpreter in a container and on the host: an alias that lies elsewhere is asked who it is."""
        there = self.alias(STEADY_HOME=self.tmp / "other")
        here = self.get(there / "bin/python")
        self.assertEqual(Path(here["alias"]["directory"]), self.alias())
        self.assertEqual(there.name, Path(here["alias"]["directory"]).name)

    def test_throw_away_interpreter(self):
        """An interpreter (not just an environment) in a directory that is thrown away can have no lasting alias."""
        place = self.tmp / "builds-v0" / ".tmpAb3xYz"
        (place / "bin").mkdir(parents=True)
        shutil.copy(base_python(), place / "bin/python3")
        prefix = ask(base_python())["base_prefix"]
        (place / "lib").symlink_to(Path(prefix) / "lib")
        self.refused("throw-away", python=place / "bin/python3")

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_as_an_ordinary_user(self):
        """For whom modes count: nothing can be put in, and an alias that differs can be made anew all the same."""
        self.tmp.chmod(0o755)
        self.home.mkdir(mode=0o700)
        os.chown(self.home, 65534, 65534)
        python = Path("/usr/bin/python3") if Path("/usr/bin/python3").exists() else base_python()
        program = self.tmp / "cargo-steady"
        shutil.copy(steady_program(), program)

        def as_nobody(*argv, check=True):
            return subprocess.run(list(map(str, argv)), env=self.environment(python), user=65534, group=65534, extra_groups=[],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=check, cwd="/")

        answer = json.loads(as_nobody(program, "env", "--format", "json").stdout)
        site = Path(answer["alias"]["site_packages"])
        self.assertEqual(site.stat().st_uid, 65534)
        self.assertNotEqual(as_nobody("touch", site / "x", check=False).returncode, 0)
        as_nobody("ln", "-sf", "/bin/true", Path(answer["alias"]["directory"]) / "bin/python")
        self.assertEqual(json.loads(as_nobody(program, "env", "--format", "json").stdout), answer)
        self.assertEqual(ask(answer["alias"]["python"])["prefix"], answer["alias"]["directory"])
        self.assertEqual(self.aliases(), [Path(answer["alias"]["directory"]).name])

    def test_base_upgraded_in_place(self):
        """Another build of the same version at the same path (its date differs): another identity, another alias; and when
        the old one comes back, so does its alias."""
        for python in (base_python(), Path("/usr/bin/python3")):
            bytes_ = Path(os.path.realpath(python)).read_bytes() if python.exists() else b""
            version = ask(python)["version"] if bytes_ else ""
            date = version[version.index("(") + 1:version.index(")")].split(", ")[1] if bytes_ else "none"
            if date.encode() in bytes_:
                break
        else:
            self.missing("no Python here holds its version in its program")
        prefix = self.tmp / "base"
        (prefix / "bin").mkdir(parents=True)
        (prefix / "lib").symlink_to(Path(ask(python)["base_prefix"]) / "lib")
        program = prefix / "bin" / Path(os.path.realpath(python)).name

        def install(content):
            program.with_suffix(".new").write_bytes(content)
            program.with_suffix(".new").chmod(0o755)
            program.with_suffix(".new").rename(program)

        install(bytes_)
        env = self.make_venv("env", python=program)
        old = self.alias(env / "bin/python")
        install(bytes_.replace(date.encode(), b"Jan  1 2001"[:len(date)].ljust(len(date))))
        new = self.alias(env / "bin/python")
        self.assertIn("Jan  1 2001", self.get(env / "bin/python")["interpreter"]["version"])
        self.assertNotEqual(new, old)
        install(bytes_)
        self.assertEqual(self.alias(env / "bin/python"), old)


class Making(AliasCase):
    def test_many_makers_at_once(self):
        for _ in range(3):
            shutil.rmtree(self.home, ignore_errors=True)
            argv = [str(steady_program()), "env", "--format", "json"]
            runs = [subprocess.Popen(argv, env=self.environment(), stdout=subprocess.PIPE, text=True) for _ in range(8)]
            outs = [run.communicate(timeout=120)[0] for run in runs]
            self.assertEqual([run.returncode for run in runs], [0] * 8)
            self.assertEqual(len({json.loads(out)["alias"]["directory"] for out in outs}), 1)
            self.assertEqual(len(self.aliases()), 1)

    def test_makers_and_an_attacker(self):
        """Several make anew what is spoilt again and again: each that comes back with an alias comes back with a right one."""
        site = self.site_of(self.alias())
        argv = [str(steady_program()), "env", "--format", "json"]
        for number in range(6):
            site.chmod(0o755)
            (site / f"evil{number}.pth").write_text("import evil\n")
            runs = [subprocess.Popen(argv, env=self.environment(), stdout=subprocess.PIPE, text=True) for _ in range(4)]
            self.assertEqual([run.communicate(timeout=120) and run.returncode for run in runs], [0] * 4)
            self.assertEqual([path.name for path in site.iterdir()], ["steady.pth"])
        self.assertEqual(len(self.aliases()), 1)

    def stopped(self, count, **how):
        shutil.rmtree(self.home, ignore_errors=True)
        return killat([steady_program(), "env", "--format", "json"], count, env=self.environment(), **how)

    def assert_right(self, what):
        """The next one gives a whole and working alias."""
        alias = self.alias()
        self.assertEqual(ask(alias / "bin/python")["prefix"], str(alias), what)
        self.assertEqual([name for name in self.aliases() if not name.startswith(".new-")], [alias.name], what)

    @unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
    def test_killed_at_every_call(self):
        for when in ("--before", "--after"):
            for count in range(1, MANY):
                run = self.stopped(count, when=when)
                if run.killed is None:
                    break
                self.assert_right(f"{when} {count} {run.killed}")
            self.assertGreater(count, 20)
            self.assertLess(count, MANY - 1)

    @unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
    def test_killed_at_every_call_of_making_anew(self):
        site = self.site_of(self.alias())
        shutil.copytree(self.home, self.tmp / "spoilt", symlinks=True)
        (self.tmp / "spoilt" / site.relative_to(self.home) / "evil.pth").write_text("import evil\n")
        for count in range(1, MANY):
            shutil.rmtree(self.home)
            shutil.copytree(self.tmp / "spoilt", self.home, symlinks=True)
            run = killat([steady_program(), "env", "--format", "json"], count, env=self.environment())
            if run.killed is None:
                break
            self.assert_right(f"{count} {run.killed}")
            self.assertEqual([path.name for path in site.iterdir()], ["steady.pth"])
        self.assertGreater(count, 20)
        self.assertLess(count, MANY - 1)

    @unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
    def test_disk_full_at_every_call(self):
        for count in range(1, MANY):
            run = self.stopped(count, fail="ENOSPC")
            if run.failed is None:
                break
            if run.status != 0:
                self.assertEqual(run.status, 3, run.failed + run.stderr)
                self.assertRegex(run.stderr, r"^error: there is no alias for .*: .*No space left")
            self.assertEqual([name for name in self.aliases() if name.startswith(".new-")], [], run.failed)
            self.assert_right(f"{count} {run.failed}")
        self.assertGreater(count, 20)
        self.assertLess(count, MANY - 1)


class Shells(AliasCase):
    def test_sh(self):
        env = make_env(self.tmp / "it's $HOME")
        done = self.run_env(python=env / "bin/python")
        self.assertIn("cargo steady restore", done.stderr)
        script = done.stdout + "printf '%s\\n' \"$PYO3_PYTHON\" \"$PYTHON_SYS_EXECUTABLE\" \"$STEADY_SITE\""
        out = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
        alias = self.get()["alias"]
        self.assertEqual(out, [alias["python"], alias["python"], str(self.site_of(env))])

    def test_github(self):
        got = self.get()
        lines = self.run_env("--shell", "github").stdout.splitlines()
        self.assertEqual(lines, [f"{v['name']}={v['value']}" for v in got["variables"]])
        self.assertEqual([v["name"] for v in got["variables"]],
                         ["PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "MATURIN_PEP517_USE_BASE_PYTHON", "PYTHONDONTWRITEBYTECODE",
                          "STEADY_SITE"])

    def test_fish(self):
        env = make_env(self.tmp / "it's \\ $HOME")
        lines = self.run_env("--shell", "fish", python=env / "bin/python").stdout.splitlines()
        site = str(self.site_of(env)).replace("\\", "\\\\").replace("'", "\\'")
        self.assertEqual(lines[-1], f"set -gx STEADY_SITE '{site}'")
        if shutil.which("fish"):
            script = "\n".join([*lines, "echo $STEADY_SITE"])
            out = subprocess.run(["fish", "--no-config", "-c", script], stdout=subprocess.PIPE, text=True, check=True).stdout
            self.assertEqual(out, f"{self.site_of(env)}\n")

    def test_which_interpreter(self):
        one = make_env(self.tmp / "one")
        expected = self.get()["alias"]
        for named in ({"VIRTUAL_ENV": one}, {"CONDA_PREFIX": one}, {"PATH": f"{one}/bin:/usr/bin:/bin"}):
            got = self.get(PYO3_PYTHON=None, **named)
            self.assertEqual(got["alias"], expected)
            self.assertTrue(got["interpreter"]["executable"].startswith(str(one)), named)
        # pyo3 believes neither of two.
        got = self.get(PYO3_PYTHON=None, VIRTUAL_ENV=one, CONDA_PREFIX=one, PATH=f"{base_python().parent}:/usr/bin:/bin")
        self.assertFalse(got["interpreter"]["executable"].startswith(str(one)))
        named = self.run_env("--python", one / "bin/python", "--format", "json", PYO3_PYTHON=None).json
        self.assertEqual(named["alias"], expected)
        relative = steady("env", "--python", "one/bin/python", "--format", "json", env=self.environment(), cwd=self.tmp).json
        self.assertEqual(relative, named)
        found = self.run_env("--python", "python3", "--format", "json", PATH=f"{one}/bin:/usr/bin:/bin").json
        self.assertEqual(found["interpreter"]["executable"], str(one / "bin/python3"))


if __name__ == "__main__":
    main()
