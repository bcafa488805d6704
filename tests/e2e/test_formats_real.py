"""Every unit that a real cargo wrote is found, read and verified: its hash is recomputed from its JSON, 100 %.

One rich workspace and one extension module per cargo, through every command that makes other kinds of units; `--all` takes
every cargo and pyo3 instead of a choice.
"""

import itertools
import os
import sys
import unittest
from collections import Counter

from steadytest import E2ECase, ephemeral_env, main, pyo3_workspace, rich_workspace, steady
from steadytest.pyo3 import msrv_allows

KINDS = {"lib", "bin", "test", "bench", "example", "build-script", "run-build-script", "doc"}


class FormatsReal(E2ECase):
    def verify(self, ws):
        """Compares `scan` with what is there: the same units, the same hashes, all of them verified."""
        expected = ws.fingerprints()
        scan = steady("scan", "--format", "json", "--target-dir", ws.target, cwd=ws.root).json
        self.assertEqual(scan["schema_version"], 1)
        found = Counter((unit["directory"], unit["hash"]) for unit in scan["units"])
        self.assertEqual(found, Counter((os.path.dirname(path), text) for path, text in expected.items()))
        bad = [(unit["directory"], unit["kind"], unit["target"], unit["hash_verified"]) for unit in scan["units"]
               if unit["hash_verified"] is not (None if unit["hash"] is None else True)]
        self.assertEqual(bad, [])
        self.assertLessEqual({unit["kind"] for unit in scan["units"]}, KINDS)
        for unit in scan["units"]:
            where = (unit["directory"], unit["kind"])
            self.assertTrue(unit["package"] and unit["target"] and unit["profile"] and unit["locals"], where)
            for other in unit["dependencies"]:
                self.assertIsNotNone(other, where)
                self.assertTrue(0 <= other < len(scan["units"]), where)
        return scan

    def rich(self, name):
        tool = self.cargo(name)
        ws = rich_workspace(self.tmp / "ws", tool, env={"PYO3_PYTHON": ephemeral_env(self.tmp) / "bin" / "python"})
        ws.cargo("build", "--workspace")
        ws.cargo("check", "--workspace", "--all-targets", env={"APP_FLAVOUR": "bitter"})
        ws.cargo("test", "--workspace", "--no-run")
        # Not the whole workspace: a release build of syn is minutes on a small machine and shows no other kind of unit.
        some = [word for name in ("base", "native", "gen", "cdy") for word in ("-p", name)]
        ws.cargo("build", *some, "--release", "--all-targets", env={"RUSTFLAGS": '--cfg steady_flag="\u00fc"'})
        ws.cargo("build", "--profile", "dist", "-p", "base")
        ws.cargo("build", "--workspace", "--target", tool.triple)
        ws.cargo("doc", "--workspace", "--no-deps")
        scan = self.verify(ws)
        units = scan["units"]
        self.assertEqual({unit["kind"] for unit in units}, KINDS)
        self.assertEqual({unit["profile"] for unit in units}, {"debug", "release", "dist"})
        self.assertEqual({unit["triple"] for unit in units}, {None, tool.triple})
        self.assertGreaterEqual({unit["package"] for unit in units},
                                {"app", "base", "native", "gen", "macros", "cdy", "outside", "itoa", "libc", "serde"})
        holders = {unit["package"] for unit in units if unit["ephemeral"]}
        self.assertEqual(holders, {"native"})
        return ws

    def module(self, name, version, abi3):
        tool = self.cargo(name)
        python = ephemeral_env(self.tmp) / "bin" / "python"
        self.assertTrue(msrv_allows(tool, version), f"{tool} is too old for pyo3 {version}")
        ws = pyo3_workspace(self.tmp / f"pyo3-{version}-{abi3}", tool, version, abi3, env={"PYO3_PYTHON": python})
        ws.cargo("build")
        ws.cargo("check")
        scan = self.verify(ws)
        self.assertTrue(any(unit["ephemeral"] for unit in scan["units"] if unit["package"].startswith("pyo3")))
        self.assertEqual(len(scan["interpreters"]), 1, scan["interpreters"])

    def test_rich_path(self):
        self.rich("path")

    def test_rich_debian(self):
        self.rich("debian")

    def test_rich_debian_web(self):
        self.rich("debian-web")

    def test_rich_new_layout(self):
        ws = self.rich("newlayout")
        self.assertTrue(list(ws.target.glob("debug/build/*/*/fingerprint/*.json")))

    def test_both_layouts_in_one_target(self):
        ws = rich_workspace(self.tmp / "ws", self.cargo("newlayout"))
        ws.cargo("build")
        plain = self.cargo("path")
        ws.use(plain).cargo("build")
        scan = self.verify(ws)
        self.assertTrue(any("/.fingerprint/" in unit["directory"] for unit in scan["units"]))
        self.assertTrue(any(unit["directory"].endswith("/fingerprint") for unit in scan["units"]))

    def test_pyo3_debian(self):
        self.module("debian", "0.22", abi3=False)

    def test_pyo3_path(self):
        self.module("path", "0.26", abi3=True)

    def test_newest_pyo3_path(self):
        self.module("path", "0.30", abi3=False)

    def test_pyo3_debian_web(self):
        self.module("debian-web", "0.29", abi3=False)

    def test_pyo3_new_layout(self):
        self.module("newlayout", "0.29", abi3=True)


if "--all" in sys.argv:
    sys.argv.remove("--all")
    FormatsReal.test_rich_debian_web_old = lambda self: self.rich("debian-web-old")
    for _name, _version, _abi3 in itertools.product(("path", "debian-web", "newlayout"), ("0.22", "0.26", "0.29"), (False, True)):
        setattr(FormatsReal, f"test_pyo3_{_name}_{_version}_{_abi3}",
                lambda self, arguments=(_name, _version, _abi3): self.module(*arguments))

if __name__ == "__main__":
    main()
