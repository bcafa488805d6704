"""`rewrite` killed, or failed, at every system call that changes a file: each file is old or new, the next run finishes or
undoes, and cargo is right at any time."""

import os
import re
import shutil
import subprocess
import unittest

from steadytest import E2ECase, copy_target, ephemeral_env, main, make_env, snapshot, snapshot_difference, steady
from steadytest.faults import KILLED, killat, killat_program
from steadytest.run import clean_env, steady_program
from steadytest.scripted import scripted_workspace

#: Calls of one rewrite, at the most: enough to be sure that a loop over all of them ends.
MANY = 2000


def is_ours(path: str) -> bool:
    return path.split("/")[0] == ".cargo-steady"


@unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
class Crash(E2ECase):
    def setUp(self):
        super().setUp()
        self.ws = scripted_workspace(self.tmp / "ws", self.cargo("path"))
        self.old, self.new = ephemeral_env(self.tmp / "uv"), make_env(self.tmp / "stable")
        self.build(self.old)
        self.pristine = copy_target(self.ws.target, self.tmp / "pristine")
        self.before = snapshot(self.pristine)
        steady("rewrite", "--target-dir", self.ws.target, *self.arguments())
        self.after = snapshot(self.ws.target)
        self.assertNotEqual(snapshot_difference(self.before, self.after), [])
        self.assertTrue(self.build(self.new).all_fresh)

    def build(self, env):
        return self.ws.cargo("build", env={"PYO3_PYTHON": env / "bin/python"})

    def arguments(self):
        """No interpreter is asked: its own system calls are not the point."""
        return ["--to", self.new, "--force-identity"]

    def reset(self):
        shutil.rmtree(self.ws.target)
        copy_target(self.pristine, self.ws.target)

    def killed(self, count, **how):
        return killat([steady_program(), "rewrite", "--target-dir", self.ws.target, *self.arguments()], count, **how)

    def middle(self):
        """The number of a call in the midst of the renames: some files are new by then, others are not."""
        self.reset()
        trace = self.killed(0, trace=True).trace
        renames = [number for number, line in enumerate(trace, 1) if "rename" in line]
        return renames[len(renames) // 2]

    def assert_old_or_new(self, what):
        """Every file of the tree is whole, as it was or as it shall be, stamp and mode included."""
        now = {path: state for path, state in snapshot(self.ws.target).items() if not is_ours(path)}
        self.assertEqual(sorted(now), sorted(self.before), what)
        for path, state in now.items():
            self.assertIn(state, (self.before[path], self.after[path]), f"{what}: {path}")
        return now

    def assert_finishes(self, what):
        """The next run gives what an uninterrupted one gives, and nothing of ours is left."""
        done = steady("rewrite", "--target-dir", self.ws.target, *self.arguments(), check=False)
        self.assertEqual(done.returncode, 0, f"{what}: {done.stderr}")
        self.assertEqual(snapshot_difference(self.after, snapshot(self.ws.target)), [], what)

    def assert_right(self, what):
        """cargo builds what it thinks it must, and the programs answer."""
        self.build(self.new)
        for program, answer in (("app", r"\d\.\d+ 42\n"), ("lone", "7\n")):
            done = subprocess.run([str(self.ws.target / "debug" / program)], stdout=subprocess.PIPE, text=True)
            self.assertRegex(done.stdout, f"^{answer}$", what)

    def every_call(self, **how):
        """Counts and results of a rewrite that is stopped at its first call, its second... until it is through."""
        for count in range(1, MANY):
            self.reset()
            run = self.killed(count, **how)
            if run.killed is None and run.failed is None:
                self.assertEqual(run.status, 0, run.stderr)
                self.assertGreater(count, 40)
                return
            yield count, run
        self.fail("it never ends")

    def test_killed_at_every_call(self):
        for when in ("--before", "--after"):
            states = set()
            for count, run in self.every_call(when=when):
                what = f"{when} {count} {run.killed}"
                self.assertEqual(run.returncode, KILLED, what)
                now = self.assert_old_or_new(what)
                changed = sum(now[path] != self.before[path] for path in now)
                if changed not in states:  # one cargo for each state that the tree can be in
                    states.add(changed)
                    saved = copy_target(self.ws.target, self.tmp / "saved")
                    self.assert_right(what)
                    done = steady("rewrite", "--target-dir", self.ws.target, *self.arguments(), check=False)
                    self.assertEqual(done.returncode, 0, f"{what}, then cargo: {done.stderr}")
                    self.assertFalse((self.ws.target / ".cargo-steady").exists(), what)
                    self.assertTrue(self.build(self.new).all_fresh, what)
                    shutil.rmtree(self.ws.target)
                    saved.rename(self.ws.target)
                self.assert_finishes(what)
            self.assertGreater(len(states), 5)

    def test_killed_while_it_finishes(self):
        """A half-done change, and the run that finishes it killed at every call of its own."""
        middle = self.middle()
        for count in range(1, MANY):
            self.reset()
            self.assertEqual(self.killed(middle).returncode, KILLED)
            run = self.killed(count)
            if run.killed is None:
                break
            self.assert_old_or_new(f"finishing, {count} {run.killed}")
            self.assert_finishes(f"finishing, {count} {run.killed}")
        self.assertGreater(count, 10)

    def test_failed_at_every_call(self):
        for error, words in (("ENOSPC", "No space left on device"), ("EIO", "Input/output error")):
            for count, run in self.every_call(fail=error):
                what = f"{error} at {count} {run.failed}: {run.stderr}"
                self.assertIn(run.status, (0, 3), what)
                now = self.assert_old_or_new(what)
                if run.status == 3:
                    said = [line for line in run.stderr.splitlines() if line.startswith("error: ")]
                    self.assertEqual(len(said), 1, what)
                    self.assertRegex(said[0], re.escape(words), what)
                    self.assertRegex(said[0], r"cannot \w+ .*(debug/|\.cargo-steady|journal)", what)
                else:  # the change itself is done: only sweeping up failed
                    self.assertEqual(now, {path: self.after[path] for path in now}, what)
                self.assert_finishes(what)

    def test_given_up_when_cargo_was_there(self):
        """Half a change, then an edit and a build: the list is not carried out over what cargo made since."""
        middle = self.middle()
        for env in (self.old, self.new):
            self.reset()
            self.ws.edit("probe/src/lib.rs", 'env!("PROBE_VERSION")', 'concat!(env!("PROBE_VERSION"), "!")')
            self.assertEqual(self.killed(middle).returncode, KILLED)
            self.build(env)
            done = steady("rewrite", "--target-dir", self.ws.target, *self.arguments())
            self.assertIn("given up", done.stderr)
            self.build(self.new)
            self.assertTrue(self.build(self.new).all_fresh)
            out = subprocess.run([str(self.ws.target / "debug/app")], stdout=subprocess.PIPE, text=True).stdout
            self.assertRegex(out, r"^\d\.\d+! 42\n$")
            self.ws.edit("probe/src/lib.rs", ', "!")', ', "")')
            self.build(self.new)
            out = subprocess.run([str(self.ws.target / "debug/app")], stdout=subprocess.PIPE, text=True).stdout
            self.assertRegex(out, r"^\d\.\d+ 42\n$")
            self.ws.edit("probe/src/lib.rs", 'concat!(env!("PROBE_VERSION"), "")', 'env!("PROBE_VERSION")')


if __name__ == "__main__":
    main()
