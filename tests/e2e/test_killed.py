"""save and restore are killed at every system call that writes: what is left is a rebuild, never a stale build."""

import shutil
import unittest

import test_records
from steadytest import copy_target, main
from steadytest.faults import KILLED, each_kill, killat, killat_program, state_of
from steadytest.run import steady_program
from steadytest.tree import snapshot


@unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
class Killed(test_records.Records):
    """Most kills leave a state that was seen already: cargo runs once for each that is new."""

    files = test_records.WholePackage.files

    def killed(self, command, count):
        # Each run must make the same calls: no digests from the one before.
        shutil.rmtree(self.tmp / "home", ignore_errors=True)
        return killat([str(steady_program()), command, "--manifest-path", str(self.root / "Cargo.toml")], count,
                      env=self.ws.environment(STEADY_HOME=self.tmp / "home"))

    def reset(self, source):
        shutil.rmtree(self.ws.target)
        copy_target(source, self.ws.target)

    def each_state(self, command, reset, check):
        """Runs COMMAND after RESET, killed before its first call, its second... until it is through; CHECK gets a copy of each
        new state."""
        seen, left = set(), self.tmp / "left"

        def attempt(count):
            reset()
            return self.killed(command, count)

        for run in each_kill(self, attempt):
            state = state_of(self.ws.target)
            if state not in seen:
                seen.add(state)
                shutil.rmtree(left, ignore_errors=True)
                with self.subTest(call=f"{run.calls}, {run.killed}"):
                    check(copy_target(self.ws.target, left))
        self.assertGreater(len(seen), 3)

    def restore_is_killed(self, answer, rebuilt, lost=False):
        """In the state that is there: cargo then makes no stale program, and after another restore no more than it must. With
        LOST stamps cargo alone was stale before, and what was not bound anew in time is built again."""
        pristine = self.tmp / "pristine"
        shutil.rmtree(pristine, ignore_errors=True)
        copy_target(self.ws.target, pristine)

        def check(left):
            if not lost:
                self.build()
                self.assertEqual(self.answer(), answer)
                self.reset(left)
            self.restore()
            made = self.build()
            self.assertTrue(set(rebuilt) <= set(made) if lost else made == rebuilt, made)
            self.assertEqual(self.answer(), answer)

        self.each_state("restore", lambda: self.reset(pristine), check)
        self.reset(pristine)

    def test_restore(self):
        self.first()
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        self.edit_origin("script/data/x", "data1", "data2")
        self.travel()
        self.restore_is_killed("plain2 data2 msg1", ["app", "plain", "script"])

    def test_restore_that_puts_back(self):
        """References were set aside, and cargo emptied a hash for a build that never came to it."""
        self.first()
        self.edit("plain/src/lib.rs", "plain1", "plain2")
        self.restore()
        next(self.ws.target.rglob(".fingerprint/script-*/lib-script")).write_text("")
        self.travel()
        self.restore_is_killed("plain1 data1 msg1", [])

    def test_restore_with_lost_stamps(self):
        self.first()
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        for way in ((("--format=gnu",), ()), ((), ("-m",))):
            self.travel(*way)
            self.restore_is_killed("plain2 data1 msg1", ["app", "plain"], lost=True)

    def test_save(self):
        """In the place where it was built; what is left is tried in a fresh clone of another commit."""
        self.restore()
        self.ws.cargo("build")
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        home, away, unsaved, kept = self.root, self.tmp / "away", snapshot(self.ws.target), set()

        def reset():
            for path in self.ws.target.rglob("*"):
                if path.is_file() and str(path.relative_to(self.ws.target)) not in unsaved:
                    path.unlink()

        def check(left):
            home.rename(away)
            try:
                self.clone()
                copy_target(left, self.ws.target)
                self.restore()
                made = self.build()
                self.assertTrue({"app", "plain"} <= set(made), made)
                self.assertEqual(self.answer(), "plain2 data1 msg1")
                kept.add("script" not in made)
            finally:
                shutil.rmtree(home)
                away.rename(home)

        self.each_state("save", reset, check)
        self.assertEqual(kept, {False, True}, "there were kills before the first record and after the last")
        reset()
        self.assertEqual(self.save()["summary"]["refused"], 0)


@unittest.skipUnless(killat_program(), "killat is for Linux on x86-64 and aarch64")
class ManyUnits(test_records.Records):
    """So many units that several threads write records: which of them are there is up to chance."""

    COUNT = 64
    files = {
        **test_records.FILES,
        "Cargo.toml": '[workspace]\nmembers = ["app", "plain", "script", "many/*"]\nresolver = "2"\n[profile.dev]\ndebug = 0\n',
        **{f"many/m{n}/Cargo.toml": f'[package]\nname = "m{n}"\nversion = "0.1.0"\nedition = "2021"\n' for n in range(COUNT)},
        **{f"many/m{n}/src/lib.rs": f"pub const N: u32 = {n};\n" for n in range(COUNT)},
    }

    def spoiled_save(self, count, **how):
        for record in self.ws.target.rglob("steady-*"):
            record.unlink()
        return killat([str(steady_program()), "save", "--manifest-path", str(self.root / "Cargo.toml")], count,
                      env=self.ws.environment(STEADY_HOME=self.tmp / "home"), **how)

    def records(self):
        return [path for path in self.ws.target.rglob("steady-*") if path.suffix != ".tmp"]

    def test_save(self):
        """Killed, or out of space, in the midst of the records: what it left does no harm, and another save completes it."""
        self.restore()
        self.ws.cargo("build")
        calls = self.spoiled_save(0, calls="renameat,renameat2").calls
        units = len(self.records())
        self.assertGreater(units, self.COUNT)
        self.assertGreaterEqual(calls, units)
        failed = self.spoiled_save(units // 3, fail="ENOSPC", calls="renameat,renameat2")
        self.assertEqual(failed.status, 3, failed.stderr)
        self.assertIn("No space left on device", failed.stderr)
        self.assertLess(len(self.records()), units)
        self.assertEqual(self.spoiled_save(units // 2, calls="write").returncode, KILLED)
        left = copy_target(self.ws.target, self.tmp / "left")
        self.assertGreater(len(self.records()), 0)
        self.assertEqual(self.save()["summary"]["refused"], 0)
        self.assertEqual(len(self.records()), units)
        self.edit_origin("plain/src/lib.rs", "plain1", "plain2")
        self.travel()
        self.check_next(["app", "plain"], "plain2 data1 msg1")
        self.clone()
        copy_target(left, self.ws.target)
        self.restore()
        made = self.build()
        self.assertTrue({"app", "plain"} <= set(made), made)
        self.assertLess(len(made), units)
        self.assertEqual(self.answer(), "plain2 data1 msg1")


if __name__ == "__main__":
    main()
