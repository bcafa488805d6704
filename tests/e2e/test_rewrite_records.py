"""rewrite and records: a record follows its unit's new hash, and still tells an edit from an unchanged source."""

import os
import time

from steadytest import E2ECase, Workspace, ephemeral_env, main, make_env, steady

FILES = {
    "Cargo.toml": '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n',
    "build.rs": 'fn main() {\n    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");\n'
                '    println!("cargo:rerun-if-changed=build.rs");\n}\n',
    "src/main.rs": 'fn main() { println!("one"); }\n',
}


class RewriteRecords(E2ECase):
    def setUp(self):
        super().setUp()
        self.ws = Workspace(self.tmp / "ws", self.cargo("path"), FILES)
        self.old, self.new = ephemeral_env(self.tmp / "uv"), make_env(self.tmp / "stable")
        self.steady("restore")
        self.ws.cargo("build", env={"PYO3_PYTHON": self.old / "bin/python"})
        self.steady("save")
        report = self.steady("rewrite", "--to", self.new, "--format", "json").json
        self.assertGreater(report["summary"]["rehashed"], 0)
        self.assertTrue(any(path.rpartition("/")[2].startswith("steady-") for path in report["files"]), report["files"])

    def steady(self, *args):
        return steady(*args, cwd=self.ws.root)

    def build(self):
        return self.ws.cargo("build", env={"PYO3_PYTHON": self.new / "bin/python"})

    def touch(self, name, seconds=0):
        when = time.time() + seconds
        os.utime(self.ws.root / name, (when, when))

    def test_unchanged_stays_fresh(self):
        for name in FILES:
            self.touch(name)
        self.steady("restore")
        self.assertTrue(self.build().all_fresh)

    def test_edit_with_an_old_time_is_built(self):
        main_rs = self.ws.root / "src/main.rs"
        main_rs.write_text(main_rs.read_text().replace("one", "two"))
        self.touch("src/main.rs", -100000)
        self.steady("restore")
        run = self.build()
        self.assertFalse(run.all_fresh)
        self.assertIn(b"two", (self.ws.target / "debug/app").read_bytes())


if __name__ == "__main__":
    main()
