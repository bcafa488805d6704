"""Digests known from earlier runs spare the reading of files, and never hide an edit: with a real cargo, by the program's answer."""

import json
import os
import shutil
import time
import unittest

from steadytest import main, steady
from test_records import Records


class Digests(Records):
    def setUp(self):
        super().setUp()
        self.home = self.tmp / "home"
        self.first()
        self.rest()
        self.known()

    def steady(self, *args, **how):
        how.setdefault("cwd", self.ws.root)
        return steady(*args, env=self.ws.environment(STEADY_HOME=self.home), **how)

    def rest(self):
        """Until no file is so young that it could be written to unnoticed."""
        time.sleep(0.1)

    def hashed(self):
        return self.restore()["summary"]["files_hashed"]

    def known(self):
        """After one run all is known."""
        self.hashed()
        if self.hashed() != 0:
            self.skipTest("this file system is not one whose digests are kept")

    def cache(self):
        files = [path for path in (self.home / "digests").iterdir() if path.is_file()]
        self.assertEqual(len(files), 1)
        return files[0]

    def edit_unseen(self, path, old, new):
        """Other bytes, of the same length, and the old mtime."""
        full = self.root / path
        before = full.stat()
        text = full.read_text()
        self.assertIn(old, text)
        self.assertEqual(len(old), len(new))
        full.write_text(text.replace(old, new))
        os.utime(full, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = full.stat()
        self.assertEqual((after.st_size, after.st_mtime_ns, after.st_ino), (before.st_size, before.st_mtime_ns, before.st_ino))

    def test_nothing_is_written_where_nothing_changes(self):
        before = self.cache().stat()
        self.assertEqual(self.hashed(), 0)
        after = self.cache().stat()
        self.assertEqual((after.st_ino, after.st_mtime_ns, after.st_ctime_ns), (before.st_ino, before.st_mtime_ns, before.st_ctime_ns))
        self.assertEqual(self.build(), [])

    def test_an_edit_with_the_same_size_and_mtime(self):
        self.edit_unseen("plain/src/lib.rs", "plain1", "plain2")
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_an_edit_in_a_watched_directory(self):
        self.edit_unseen("script/data/x", "data1", "data2")
        self.check_next(["app", "script"], "plain1 data2 msg1")

    def test_edits_as_fast_as_they_come(self):
        """Each right after a restore: within the tick of the clock in which it hashed."""
        for number in range(2, 8):
            self.restore()
            self.edit_unseen("plain/src/lib.rs", f"plain{number - 1}", f"plain{number}")
            self.restore()
            self.build()
            self.assertEqual(self.answer(), f"plain{number} data1 msg1")

    def test_another_file_in_its_place(self):
        full = self.root / "plain/src/lib.rs"
        before = full.stat()
        other = self.root / "plain/src/other.rs"
        other.write_text(full.read_text().replace("plain1", "plain2"))
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.rename(full)
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_another_directory_in_its_place(self):
        shutil.copytree(self.root / "plain", self.root / "new", symlinks=True)
        lib = self.root / "new/src/lib.rs"
        before = lib.stat()
        lib.write_text(lib.read_text().replace("plain1", "plain2"))
        os.utime(lib, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.rest()
        (self.root / "plain").rename(self.tmp / "old")
        (self.root / "new").rename(self.root / "plain")
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    def test_reverted_edit(self):
        self.edit_unseen("plain/src/lib.rs", "plain1", "plain2")
        self.restore()
        self.edit_unseen("plain/src/lib.rs", "plain2", "plain1")
        self.check_next([], "plain1 data1 msg1")

    def test_damaged(self):
        path = self.cache()
        for damage in (b"", b"x", path.read_bytes()[:-1], path.read_bytes()[:200] + b"\xff" * 4096):
            path.write_bytes(damage)
            self.assertGreater(self.hashed(), 0)
            self.assertEqual(self.hashed(), 0)
        self.check_next([], "plain1 data1 msg1")

    def test_one_that_travelled(self):
        """A copy of the directory: what an archive, or a stranger, would bring."""
        shutil.copytree(self.home, self.tmp / "copy")
        shutil.rmtree(self.home)
        shutil.move(self.tmp / "copy", self.home)
        self.assertGreater(self.hashed(), 0)
        self.assertEqual(self.hashed(), 0)

    def test_no_home(self):
        """Unusable homes cost time, and nothing else."""
        shutil.rmtree(self.home)
        self.home.write_text("a file")
        self.assertGreater(self.hashed(), 0)
        self.assertGreater(self.hashed(), 0)
        self.home.unlink()
        (self.home / "digests").mkdir(parents=True)
        (self.home / "digests").chmod(0o777)
        self.hashed()
        self.edit_unseen("plain/src/lib.rs", "plain1", "plain2")
        self.check_next(["app", "plain"], "plain2 data1 msg1")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_another_users(self):
        os.chown(self.cache(), 12345, -1)
        self.assertGreater(self.hashed(), 0)
        os.chown(self.home / "digests", 12345, -1)
        self.assertGreater(self.hashed(), 0)
        self.check_next([], "plain1 data1 msg1")

    def test_dry_runs_write_nothing(self):
        shutil.rmtree(self.home / "digests")
        self.assertGreater(json.loads(self.steady("restore", "--dry-run", "--format", "json").stdout)["summary"]["files_hashed"], 0)
        self.assertEqual(list((self.home / "digests").glob("*")), [])


del Records

if __name__ == "__main__":
    main()
