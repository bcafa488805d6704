"""The test tools themselves: what the other tests lean on must not be wrong in silence."""

import os
import unittest

from steadytest import E2ECase, best_cargo, copy_target, main, make_env, rich_workspace, snapshot, snapshot_difference
from steadytest.run import CargoRun, clean_env


class Parsing(unittest.TestCase):
    def test_cargo_lines(self):
        stderr = ("       Fresh itoa v1.0.15\n"
                  "       Dirty base v0.2.0 (/ws/base): the file `base/src/lib.rs` has changed (1s, 2s after last build)\n"
                  "   Compiling base v0.2.0 (/ws/base)\n"
                  "       Dirty app v0.1.0 (/w:s/app): the env variable PYO3_PYTHON changed\n"
                  "    Finished `dev` profile\n")
        run = CargoRun.parse(["cargo"], 0, '{"reason":"build-finished","success":true}\nanswer 42\n', stderr)
        self.assertEqual(run.fresh, ["itoa"])
        self.assertEqual(run.compiled, ["base"])
        self.assertEqual(run.reasons["base"], "the file `base/src/lib.rs` has changed (1s, 2s after last build)")
        self.assertEqual(run.dirty, ["base", "app"])
        self.assertEqual(run.output, "answer 42\n")
        self.assertFalse(run.all_fresh)

    def test_environment(self):
        os.environ["CARGO_BUILD_TARGET"] = "x"
        os.environ["PYO3_PYTHON"] = "x"
        self.addCleanup(os.environ.pop, "CARGO_BUILD_TARGET")
        self.addCleanup(os.environ.pop, "PYO3_PYTHON")
        env = clean_env(HOME="/h", LANG=None)
        self.assertNotIn("CARGO_BUILD_TARGET", env)
        self.assertNotIn("PYO3_PYTHON", env)
        self.assertNotIn("LANG", env)
        self.assertEqual(env["HOME"], "/h")


class Trees(E2ECase):
    def test_copy_keeps_stamps_and_links(self):
        source = self.tmp / "a"
        (source / "d").mkdir(parents=True)
        (source / "d" / "f").write_text("x")
        os.utime(source / "d" / "f", ns=(1, 1_600_000_000_123_456_789))
        os.link(source / "d" / "f", source / "g")
        os.symlink("nowhere", source / "l")
        os.utime(source / "d", ns=(1, 1_500_000_000_987_654_321))
        copy = copy_target(source, self.tmp / "b")
        self.assertEqual(snapshot_difference(snapshot(source, True), snapshot(copy, True)), [])
        self.assertEqual((copy / "g").stat().st_ino, (copy / "d" / "f").stat().st_ino)

    def test_differences(self):
        folder = self.tmp / "a"
        folder.mkdir()
        (folder / "gone").write_text("x")
        (folder / "edited").write_text("x")
        (folder / "touched").write_text("x")
        before = snapshot(folder)
        (folder / "gone").unlink()
        (folder / "new").write_text("x")
        os.utime(folder / "touched", ns=(1, before["touched"][1] + 1))
        (folder / "edited").write_text("y")
        os.utime(folder / "edited", ns=(1, before["edited"][1]))
        self.assertEqual(snapshot_difference(before, snapshot(folder)),
                         ["edited: content changed", "gone: gone", "new: new", "touched: mtime changed"])


class RealCargo(E2ECase):
    def test_rich_workspace(self):
        ws = rich_workspace(self.tmp / "ws", best_cargo())
        ws.cargo("build", "--workspace")
        self.assertTrue(ws.cargo("build", "--workspace").all_fresh)
        self.assertTrue(all(ws.fingerprints().values()))
        ws.edit("base/src/inner.rs", "= 1", "= 0 + 1")
        run = ws.cargo("build", "--workspace")
        self.assertEqual(sorted(set(run.compiled)), ["app", "base", "cdy"])
        self.assertIn("base", run.dirty)
        self.assertEqual(ws.cargo("run", "-p", "app", "--bin", "app").output, "answer 42\n")

    def test_environment_is_usable(self):
        env = make_env(self.tmp / "builds-v0" / ".tmpAbCdEf")
        self.assertTrue(os.access(env / "bin" / "python", os.X_OK))
        self.assertTrue((env / "pyvenv.cfg").is_file())


if __name__ == "__main__":
    main()
