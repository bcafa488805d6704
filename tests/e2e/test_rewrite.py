"""`rewrite` on real targets: extension modules on real pyo3, built in one throw-away environment, Fresh in the next.

`test_rewrite.py --all` runs every pyo3 version with every cargo, abi3 and not; without it a choice of these.
"""

import itertools
import os
import subprocess
import sys
from pathlib import Path

from steadytest import E2ECase, clean_env, copy_target, ephemeral_env, main, make_env, pyo3_workspace, snapshot
from steadytest import snapshot_difference, steady
from steadytest.pyo3 import install_module, msrv_allows

#: What is built, and what must be Fresh afterwards: build units, test units and, with {triple}, a second tree.
COMMANDS = (("build",), ("check", "--tests"), ("build", "--target", "{triple}"))


def holders(target: Path, text: Path) -> set:
    """Files below TARGET that hold a path, as it is or in lower-case hexadecimal; the name of each inode that sorts first."""
    needles, names = (os.fsencode(text), os.fsencode(text).hex().encode()), {}
    for folder, _, files in os.walk(target):
        for name in files:
            path = Path(folder) / name
            bytes_ = path.read_bytes()
            if any(needle in bytes_ for needle in needles):
                names.setdefault(path.stat().st_ino, set()).add(str(path.relative_to(target)))
    return {frozenset(group) for group in names.values()}


class Rewriting(E2ECase):
    def build(self, cargo, version, commands=COMMANDS, **how):
        """A built target whose environment `self.old` is about to be replaced by `self.new`, which is not there yet."""
        tool = self.cargo(cargo)
        if not msrv_allows(tool, version):
            self.missing(f"pyo3 {version} needs a newer rustc than {tool}")
        self.ws = pyo3_workspace(self.tmp / "ws", tool, version, **how)
        self.ws.env["CARGO_PROFILE_DEV_DEBUG"] = "0"
        self.old, self.new = ephemeral_env(self.tmp / "uv"), self.tmp / "stable"
        self.commands = [[word.format(triple=tool.triple) for word in command] for command in commands]
        for command in self.commands:
            self.ws.cargo(*command, env={"PYO3_PYTHON": self.old / "bin/python"})

    def rewrite(self, *args, env=None, **how):
        return steady("rewrite", "--target-dir", self.ws.target, *args, cwd=self.ws.root, env=env, **how)

    def assert_dirty_without_us(self):
        """On a copy: with another path cargo runs the scripts again (and fails: there is no such interpreter yet)."""
        kept = self.ws.target.rename(self.tmp / "kept")
        copy_target(kept, self.ws.target)
        run = self.ws.cargo("build", env={"PYO3_PYTHON": self.new / "bin/python"}, check=False)
        self.assertTrue(any("PYO3_PYTHON changed" in str(why) for why in run.reasons.values()), run.stderr)
        subprocess.run(["rm", "-rf", str(self.ws.target)], check=True)
        kept.rename(self.ws.target)

    def assert_fresh(self, env):
        for command in self.commands:
            run = self.ws.cargo(*command, env={"PYO3_PYTHON": env / "bin/python"})
            self.assertTrue(run.all_fresh, f"{command}: {run.stderr}")

    def assert_answers(self, folder):
        module = install_module(self.ws, self.tmp / folder)
        code = f"import sys; sys.path.insert(0, {str(module.parent)!r}); import answers; print(answers.answer())"
        done = subprocess.run([str(self.new / "bin/python"), "-c", code], env=clean_env(), stdout=subprocess.PIPE, text=True)
        self.assertEqual(done.stdout, "42\n")

    def assert_only(self, before, after, files):
        """Exactly these files have other bytes; nothing else of the tree changed, no stamp, no mode, no name."""
        self.assertEqual(snapshot_difference(before, after), [f"{path}: content changed" for path in sorted(files)])

    def there_and_back(self, cargo, version, commands=COMMANDS, **how):
        self.build(cargo, version, commands, **how)
        self.assert_dirty_without_us()
        make_env(self.new)

        before = snapshot(self.ws.target)
        with_folders = snapshot(self.ws.target, directories=True)
        planned = self.rewrite("--to", self.new, "--dry-run", "--format", "json").json
        self.assertEqual(snapshot_difference(with_folders, snapshot(self.ws.target, directories=True)), [])

        done = self.rewrite("--to", self.new, "--format", "json").json
        self.assertEqual(dict(planned, summary=None), dict(done, summary=None))
        self.assertEqual(done["left"], [])
        self.assertEqual([env["path"] for env in done["environments"]], [str(self.old)])
        self.assertTrue(done["environments"][0]["accepted"])
        self.assertEqual(len(done["files"]), done["summary"]["files"])
        after = snapshot(self.ws.target)
        self.assert_only(before, after, done["files"])
        self.assertFalse((self.ws.target / ".cargo-steady").exists())

        embedded = {item["path"] for item in done["embedded"]}
        for names in holders(self.ws.target, self.old):
            self.assertTrue(names & embedded, f"{sorted(names)} still holds the old path and is not reported")
        self.assertFalse(any(item["matters"] for item in done["embedded"]), done["embedded"])
        again = self.rewrite("--to", self.new, "--format", "json").json
        self.assertEqual((again["files"], again["environments"]), ([], []))
        self.rewrite("--from", self.new, "--to", self.old)
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        self.rewrite("--from", self.old, "--to", self.new)
        self.assertEqual(snapshot_difference(after, snapshot(self.ws.target)), [])

        self.assert_fresh(self.new)
        self.assert_answers("module")
        self.rewrite("--from", self.new, "--to", self.old)
        self.assert_fresh(self.old)


class Choice(Rewriting):
    """One of each: every pyo3, every cargo, abi3 and not, both layouts."""

    def test_022(self):
        self.there_and_back("path", "0.22")

    def test_026_abi3(self):
        self.there_and_back("debian-web", "0.26", (("build",),), abi3=True)

    def test_029_new_layout(self):
        self.there_and_back("newlayout", "0.29", (("build",), ("build", "--target", "{triple}")))

    def test_env_of_the_shell(self):
        """Found through VIRTUAL_ENV, pyo3 0.29 watches pyvenv.cfg: one older than the build is as good as the old one, a
        newer one makes cargo run the script again, and rewrite says so."""
        self.ws = pyo3_workspace(self.tmp / "ws", self.cargo("path"), "0.29")
        self.ws.env["CARGO_PROFILE_DEV_DEBUG"] = "0"
        self.old, self.new = ephemeral_env(self.tmp / "uv"), make_env(self.tmp / "stable")
        newer = self.tmp / "newer"
        self.ws.cargo("build", env={"VIRTUAL_ENV": self.old})
        make_env(newer)
        before = snapshot(self.ws.target)

        done = self.rewrite("--to", self.new, "--format", "json").json
        self.assertEqual(done["notes"], [])
        self.assertIn("VIRTUAL_ENV", {value["variable"] for value in done["values"]})
        self.assertIn("rerun-if-changed", {value["variable"] for value in done["values"]})
        self.rewrite("--from", self.new, "--to", self.old)
        self.assertEqual(snapshot_difference(before, snapshot(self.ws.target)), [])
        self.rewrite("--to", self.new)
        self.assertTrue(self.ws.cargo("build", env={"VIRTUAL_ENV": self.new}).all_fresh)

        text = self.rewrite("--from", self.new, "--to", newer)
        self.assertIn(f"{newer}/pyvenv.cfg, which it watches, is newer than the script's last run", text.stderr)
        run = self.ws.cargo("build", env={"VIRTUAL_ENV": newer})
        self.assertIn("pyvenv.cfg` has changed", run.reasons["pyo3-ffi"])


class Whole(Rewriting):
    """Every combination; added to below."""


def _add(name, **arguments):
    def test(self):
        self.there_and_back(**arguments)
    setattr(Whole, "test_" + "_".join(filter(None, name)).replace("-", "_").replace(".", ""), test)


if "--all" in sys.argv:
    sys.argv.remove("--all")
    for _cargo, _version, _abi3 in itertools.product(("path", "debian-web", "newlayout"), ("0.22", "0.26", "0.29"),
                                                     (False, True)):
        _add((_cargo, _version, "abi3" if _abi3 else ""), cargo=_cargo, version=_version, abi3=_abi3)

if __name__ == "__main__":
    main()
