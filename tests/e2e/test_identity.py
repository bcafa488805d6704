"""What `rewrite` leaves alone: environments of another interpreter, scripts that need their environment itself, and chains that
cannot be verified. cargo builds these again; everything else is rewritten."""

import os
import subprocess
from pathlib import Path

from steadytest import E2ECase, ephemeral_env, main, make_env, snapshot, snapshot_difference, steady
from steadytest.scripted import scripted_workspace

#: An interpreter that answers as another one would: ANSWER replaces text in what the real one prints.
_SHIM = """#!/bin/sh
{python} "$@" | sed {edits}
"""


def like(env: Path, *edits: tuple) -> Path:
    """Replaces the interpreter of ENV by one whose answers are edited."""
    real = (env / "bin/python").resolve()
    for name in (env / "bin").glob("python*"):
        name.unlink()
    (env / "bin/python").write_text(_SHIM.format(python=real, edits=" ".join(f"-e '{edit}'" for edit in edits)))
    (env / "bin/python").chmod(0o755)
    return env


class Scripted(E2ECase):
    more = ""

    def setUp(self):
        super().setUp()
        self.ws = scripted_workspace(self.tmp / "ws", self.cargo("path"), self.more)
        self.old, self.new = ephemeral_env(self.tmp / "uv"), make_env(self.tmp / "stable")
        self.build(self.old)

    def build(self, env):
        return self.ws.cargo("build", env={"PYO3_PYTHON": env / "bin/python"})

    def rewrite(self, *args):
        return steady("rewrite", "--target-dir", self.ws.target, "--to", self.new, "--format", "json", *args).json

    def assert_answers(self):
        for program, answer in (("app", r"^\d\.\d+ 42\n$"), ("lone", "^7\n$")):
            out = subprocess.run([str(self.ws.target / "debug" / program)], stdout=subprocess.PIPE, text=True).stdout
            self.assertRegex(out, answer)


class Identity(Scripted):
    def refused(self, word):
        before = snapshot(self.ws.target)
        done = self.rewrite()
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        self.assertEqual((done["files"], done["environments"][0]["accepted"]), ([], False))
        self.assertIn(word, done["environments"][0]["reason"])
        self.assertEqual([left["package"] for left in done["left"]], ["probe"])

    def test_differences(self):
        for word, edit in (("version", 's/"minor": [0-9]*/"minor": 1/'), ("lib_dir", 's#"lib_dir": "[^"]*"#"lib_dir": "/x"#'),
                           ("implementation", "s/CPython/PyPy/"), ("pointer width", 's/"pointer_width": 64/"pointer_width": 32/'),
                           ("ABI", 's/"gil_disabled": false/"gil_disabled": true/'), ("ABI", 's/"debug": false/"debug": true/')):
            with self.subTest(word=word, edit=edit):
                self.new = like(make_env(self.tmp / "other"), edit)
                self.refused(word)
                subprocess.run(["rm", "-rf", str(self.new)], check=True)

    def test_cargo_builds_what_was_refused(self):
        like(self.new, 's/"minor": [0-9]*/"minor": 1/')
        self.refused("version")
        run = self.build(self.new)
        self.assertEqual(sorted(run.compiled), ["app", "probe"])
        self.assert_answers()

    def test_forced(self):
        like(self.new, 's/"minor": [0-9]*/"minor": 1/')
        self.assertEqual(self.rewrite("--force-identity")["left"], [])
        self.assertTrue(self.build(self.new).all_fresh)

    def test_no_answer(self):
        for text in ("#!/bin/sh\nexit 1\n", "#!/bin/sh\necho '{}'\n", "#!/bin/sh\nyes\n", "#!/nowhere\n", ""):
            (self.new / "bin/python").unlink()
            (self.new / "bin/python").write_text(text)
            (self.new / "bin/python").chmod(0o755)
            self.refused("that could be compared")

    def test_no_interpreter_there(self):
        self.new = self.tmp / "not-yet"
        self.refused("that could be compared")

    def test_recorded_paths_are_never_run(self):
        """What stands at the place of the recorded interpreter leaves a mark when it is run."""
        mark = self.tmp / "mark"
        for name in list((self.old / "bin").glob("python*")):
            name.unlink()
            name.write_text(f"#!/bin/sh\ntouch {mark}\n")
            name.chmod(0o755)
        steady("scan", "--target-dir", self.ws.target)
        self.assertEqual(self.rewrite()["left"], [])
        self.assertTrue(self.build(self.new).all_fresh)
        self.assertFalse(mark.exists())

    def test_damaged_script_files_are_no_evidence(self):
        """Without the script's output nobody knows what else it named."""
        output = next((self.ws.target / "debug/build").glob("probe-*/output"))
        text, info = output.read_bytes(), output.stat()
        output.write_bytes(text + b"x" * (17 << 20))
        os.utime(output, ns=(info.st_atime_ns, info.st_mtime_ns))
        done = self.rewrite()
        self.assertEqual((done["files"], [left["package"] for left in done["left"]]), ([], ["probe"]))


class NamesADirectory(Scripted):
    """The script links with a library of the environment."""

    more = 'let env = Path::new(&python).parent().unwrap().parent().unwrap().to_owned();\n' \
           '    println!("cargo:rustc-link-search=native={}/lib", env.display());'

    def test_left_alone(self):
        before = snapshot(self.ws.target)
        done = self.rewrite()
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        self.assertIn("names a directory of the environment", done["left"][0]["reason"])
        run = self.build(self.new)
        self.assertIn("PYO3_PYTHON changed", run.reasons["probe"])
        output = next((self.ws.target / "debug/build").glob("probe-*/output")).read_text()
        self.assertIn(f"{self.new}/lib", output)
        self.assert_answers()


class HoldsThePath(Scripted):
    """The script writes the environment's path into a file of its own."""

    more = 'fs::write(Path::new(&out).join("where.txt"), &python).unwrap();'

    def test_left_alone(self):
        done = self.rewrite()
        self.assertEqual(done["files"], [])
        self.assertIn("where.txt holds the environment's path", done["left"][0]["reason"])
        self.assertIn("probe", self.build(self.new).reasons)
        self.assertEqual(next((self.ws.target / "debug/build").glob("probe-*/out/where.txt")).read_text(),
                         str(self.new / "bin/python"))
        self.assert_answers()


class Unverified(Scripted):
    """One unit of a chain is damaged."""

    def unit(self, pattern):
        return next((self.ws.target / "debug/.fingerprint").glob(pattern))

    def damaged(self, pattern, text):
        self.unit(pattern).write_text(text)
        before = snapshot(self.ws.target)
        done = self.rewrite()
        return done, snapshot_difference(before, snapshot(self.ws.target))

    def settle(self):
        self.build(self.new)
        self.assert_answers()
        self.assertTrue(self.build(self.new).all_fresh)

    def test_above(self):
        done, difference = self.damaged("app-*/bin-app", "0123456789abcdef")
        self.assertEqual(difference, [])
        self.assertIn("depends on it", done["left"][0]["reason"])
        self.settle()

    def test_itself(self):
        done, difference = self.damaged("probe-*/run-build-script-build-script-build", "0123456789abcdef")
        self.assertEqual(difference, [])
        self.assertIn("does not follow from its JSON", done["left"][0]["reason"])
        self.settle()

    def test_between(self):
        _, difference = self.damaged("probe-*/lib-probe", "0123456789abcdef")
        self.assertEqual(difference, [])
        self.settle()

    def test_elsewhere(self):
        """A unit that has nothing to do with it keeps nobody."""
        done, difference = self.damaged("lone-*/bin-lone", "0123456789abcdef")
        self.assertEqual(done["left"], [])
        self.assertNotEqual(difference, [])
        run = self.build(self.new)
        self.assertEqual(run.compiled, ["lone"])
        self.assert_answers()

    def test_unfinished_above(self):
        """An empty hash: cargo builds that unit, and finds everything below Fresh."""
        done, difference = self.damaged("app-*/bin-app", "")
        self.assertEqual(done["left"], [])
        self.assertEqual(self.build(self.new).compiled, ["app"])
        self.assert_answers()

    def test_unfinished_itself(self):
        done, difference = self.damaged("probe-*/run-build-script-build-script-build", "")
        self.assertEqual(difference, [])
        self.assertIn("did not finish", done["left"][0]["reason"])
        self.settle()

    def test_json_gone(self):
        self.unit("probe-*/lib-probe.json").unlink()
        self.rewrite()
        self.settle()


if __name__ == "__main__":
    main()
