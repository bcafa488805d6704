"""The program as users run it: help, version, complaints, exit statuses, streams, completion scripts."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ["STEADY_BIN"]
SHELLS = ("bash", "elvish", "fish", "powershell", "zsh")
SETTINGS = ("CARGO_TERM_", "CLICOLOR", "NO_COLOR", "CI", "STEADY_")


def environment(**extra):
    """Ours without what changes the output, and with `extra`."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(SETTINGS) or k.startswith("STEADY_BIN")}
    return {**env, "LC_ALL": "C", "TZ": "UTC", "TERM": "xterm", **extra}


def run(*args, env=None, **kwargs):
    kwargs.setdefault("stdout", subprocess.PIPE)
    kwargs.setdefault("stderr", subprocess.PIPE)
    kwargs.setdefault("timeout", 30)
    return subprocess.run([BIN, *args], stdin=subprocess.DEVNULL, env=environment(**(env or {})), **kwargs)


def commands():
    report = json.loads(run("help", "--format", "json").stdout)
    return [command["name"] for command in report["commands"]]


class CallForms(unittest.TestCase):
    def test_both_forms_say_the_same(self):
        for args in (["--version"], ["--help"], ["help"], ["completions", "bash"], ["completions", "--help"]):
            with self.subTest(args=args):
                direct, by_cargo = run(*args), run("steady", *args)
                self.assertEqual(direct.returncode, 0)
                self.assertEqual((direct.stdout, direct.stderr), (by_cargo.stdout, by_cargo.stderr))

    @unittest.skipUnless(shutil.which("cargo"), "no cargo here")
    def test_cargo_finds_the_command(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.dirname(BIN) + os.pathsep + os.environ["PATH"]
            for args in (["steady", "--help"], ["help", "steady"]):
                with self.subTest(args=args):
                    done = subprocess.run(["cargo", *args], cwd=scratch, stdin=subprocess.DEVNULL,
                                          env=environment(PATH=path, MANPATH=scratch), capture_output=True, timeout=60)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn(b"Usage: cargo steady [OPTIONS] <COMMAND>", done.stdout)

    def test_version(self):
        self.assertRegex(run("-V").stdout, rb"\Acargo-steady \d+\.\d+\.\d+\n\Z")
        self.assertRegex(run("-vV").stdout, rb"\Acargo-steady [\d.]+\nrelease: [\d.]+\nlibgit2: [\d.]+\n"
                                            rb"cJSON: [\d.]+\nxxHash: [\d.]+\n\Z")

    def test_every_command_has_help(self):
        self.assertIn("completions", commands())
        for name in commands():
            with self.subTest(command=name):
                done = run(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertIn(b"Usage: cargo steady " + name.encode(), done.stdout)
                self.assertEqual(done.stdout, run("help", name).stdout)


class Complaints(unittest.TestCase):
    def complaint(self, expected, *args):
        done = run(*args)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stdout, b"")
        self.assertEqual(done.stderr.decode(), expected)

    def test_unknown_command(self):
        self.complaint("error: no such command: `completion`\n"
                       "  help: a command with a similar name exists: `completions`\n"
                       "\n"
                       "Usage: cargo steady [OPTIONS] <COMMAND>\n"
                       "\n"
                       "For more information, try '--help'.\n", "completion")

    def test_unknown_option(self):
        self.complaint("error: unexpected argument '--fromat' found\n"
                       "  help: a similar argument exists: '--format'\n"
                       "\n"
                       "Usage: cargo steady help [OPTIONS] [COMMAND]\n"
                       "\n"
                       "For more information, try '--help'.\n", "help", "--fromat=json")

    def test_hostile_words_are_shown_harmless(self):
        done = run("\x1b]0;owned\x07\x9b31m\n")
        self.assertEqual(done.returncode, 2)
        self.assertNotRegex(done.stderr, rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")
        done = run(b"--\xff\xfe\x1b[2J")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn(b"\x1b", done.stderr)

    def test_no_command(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"Commands:", done.stderr)


class Colours(unittest.TestCase):
    def test_order(self):
        for args, env, coloured in (
                ((), {}, False),
                ((), {"CLICOLOR_FORCE": "1"}, True),
                ((), {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
                ((), {"CARGO_TERM_COLOR": "always", "NO_COLOR": "1"}, True),
                (("--color=never",), {"CARGO_TERM_COLOR": "always"}, False),
                (("--color", "always"), {"NO_COLOR": "1", "TERM": "dumb"}, True)):
            with self.subTest(args=args, env=env):
                self.assertEqual(b"\x1b[" in run(*args, "help", env=env).stdout, coloured)
                self.assertEqual(b"\x1b[" in run(*args, "nonsense", env=env).stderr, coloured)

    def on_terminal(self, **env):
        leader, follower = pty.openpty()
        try:
            run("nonsense", env=env, stderr=follower)
            return os.read(leader, 65536)
        finally:
            os.close(leader)
            os.close(follower)

    def test_terminal(self):
        self.assertIn(b"\x1b[1;31merror\x1b[0m", self.on_terminal())
        self.assertNotIn(b"\x1b", self.on_terminal(TERM="dumb"))
        self.assertNotIn(b"\x1b", self.on_terminal(NO_COLOR="1"))


class Streams(unittest.TestCase):
    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = run("help", stdout=full)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"error: cannot write to standard output: ", done.stderr)

    def with_reader_gone(self, disposition):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            return run("help", stdout=writer, preexec_fn=lambda: signal.signal(signal.SIGPIPE, disposition),
                       restore_signals=False)
        finally:
            os.close(writer)

    def test_reader_gone(self):
        done = self.with_reader_gone(signal.SIG_DFL)
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""))
        done = self.with_reader_gone(signal.SIG_IGN)
        self.assertEqual(done.returncode, 3)
        self.assertIn(b"cannot write to standard output", done.stderr)

    def test_closed_descriptors(self):
        def closed(redirection, *args):
            return subprocess.run(["sh", "-c", 'exec "$0" "$@" ' + redirection, BIN, *args], env=environment(),
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=30).returncode
        self.assertEqual(closed(">&-", "help"), 3)
        self.assertEqual(closed("2>&-", "help"), 0)
        self.assertEqual(closed("2>&-", "nonsense"), 2)
        self.assertEqual(closed("<&- >&- 2>&-", "help"), 3)
        self.assertEqual(closed("<&-", "help"), 0)

    @unittest.skipUnless(sys.platform == "linux", "needs /proc")
    def test_no_descriptor_leaks(self):
        """Held up in its last write, the program has open what it was given, and nothing else."""
        reader, writer = os.pipe()
        try:
            size = fcntl.fcntl(writer, 1031, 4096)  # F_SETPIPE_SZ
            os.write(writer, b"x" * size)
            process = subprocess.Popen([BIN, "completions", "zsh"], stdin=subprocess.DEVNULL, stdout=writer,
                                       stderr=subprocess.DEVNULL, env=environment())
            try:
                self.await_blocked(process.pid)
                self.assertEqual(sorted(os.listdir("/proc/%d/fd" % process.pid)), ["0", "1", "2"])
            finally:
                os.close(writer)
                writer = -1
                while os.read(reader, 65536):
                    pass
                self.assertEqual(process.wait(30), 0)
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)

    def await_blocked(self, pid):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with open("/proc/%d/wchan" % pid, encoding="ascii") as wchan, open("/proc/%d/stat" % pid, "rb") as stat:
                sleeping = stat.read().rpartition(b")")[2].split()[0] == b"S"
                if sleeping and "pipe" in (wchan.read() or "pipe"):
                    return
            time.sleep(0.02)
        self.fail("the program does not write")


class Reports(unittest.TestCase):
    def test_one_object(self):
        done = run("help", "--format=json")
        self.assertEqual(done.stdout.count(b"\n"), 1)
        report = json.loads(done.stdout)
        self.assertEqual((report["schema_version"], report["command"]), (1, "help"))
        self.assertEqual(run("-q", "help", "--format=json").stdout, done.stdout)


class Completions(unittest.TestCase):
    def script(self, shell):
        done = run("completions", shell)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def test_every_option_is_in_every_script(self):
        report = json.loads(run("help", "--format=json").stdout)
        names = {option["name"] for part in ("program_options", "common_options") for option in report[part]}
        names |= {option["name"] for command in report["commands"] for option in command["options"]}
        names |= set(commands())
        for shell in SHELLS:
            words = set(re.findall(r"[A-Za-z][A-Za-z-]*", self.script(shell).decode()))
            self.assertFalse(names - words, shell)

    def checked(self, shell, *arguments, script=None):
        if shutil.which(shell) is None:
            why = shell + " is not installed (./bootstrap test installs it)"
            self.assertNotIn("CI", os.environ, why)
            self.skipTest(why)
        with tempfile.NamedTemporaryFile("wb", suffix="." + shell) as f:
            f.write(self.script(shell) if script is None else script)
            f.flush()
            done = subprocess.run([shell, *arguments, f.name], capture_output=True, timeout=60)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            return done.stdout.decode().split("\n")

    def test_bash_syntax(self):
        self.checked("bash", "-n")

    def test_zsh_syntax(self):
        self.checked("zsh", "-n")

    def test_fish_syntax(self):
        self.checked("fish", "-n")

    def test_elvish_syntax(self):
        # Outside a terminal elvish has no module `edit`.
        text = self.script("elvish").replace(b"set edit:completion:arg-completer[cargo-steady]", b"var completer")
        self.checked("elvish", "-compileonly", script=text.replace(b"edit:complex-candidate", b"print"))

    def test_bash_answers(self):
        script = self.script("bash") + b"""
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _cargo_steady; echo "${COMPREPLY[*]}"; }
try cargo-steady comple
try cargo-steady completions f
try cargo-steady --color = al
try cargo-steady help --format j
try cargo-steady help --form
"""
        self.assertEqual(self.checked("bash", "--norc", script=script),
                         ["completions", "fish", "always", "json", "--format", ""])

    def test_fish_answers(self):
        script = self.script("fish") + b"""
complete -C 'cargo-steady comple' | string split -f1 \\t
complete -C 'cargo steady completions z' | string split -f1 \\t
complete -C 'cargo steady help --format j' | string split -f1 \\t
"""
        self.assertEqual(self.checked("fish", "--no-config", script=script), ["completions", "zsh", "json", ""])


if __name__ == "__main__":
    unittest.main(verbosity=2)
