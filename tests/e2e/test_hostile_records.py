#!/usr/bin/env python3
"""explain, save and restore on the hostile target directories of test_hostile.py, and on hostile records.

Each ends in bounded time and memory with 0, or with 3 and one line; nothing outside the target directory changes.
"""

import os
import random
import subprocess

from steadytest import main, snapshot
from test_hostile import Hostile


class Records(Hostile):
    """The same trees, other commands."""

    def both(self, status: int = 0, form: str = "json"):
        """All of them on a copy, since the stories go on with the tree as it was."""
        victim, sources = self.tmp / "victim", self.folder / "ws"
        subprocess.run(["rm", "-rf", str(victim)], check=True)
        subprocess.run(["cp", "-a", str(self.target), str(victim)], check=True)
        before = [snapshot(self.outside, directories=True), snapshot(sources, directories=True)]
        where = ("--target-dir", victim, "--manifest-path", sources / "Cargo.toml")
        said = [self.run_one("explain", *where, "--format", form), self.run_one("restore", "--dry-run", *where),
                self.run_one("save", *where), self.run_one("restore", *where)]
        self.assertEqual([snapshot(self.outside, directories=True), snapshot(sources, directories=True)], before)
        done = said[-1]
        done.stderr = "".join(one.stderr for one in said)
        return done

    # What is large, or says what rewrite does, is that command's.
    test_large_files = test_journal_that_is_good = test_forged_journals = test_journal_that_never_ends = None
    test_deep_directories = test_many_entries = test_many_large_json = test_many_paths = test_many_units = test_twins_of_a_good_unit = None

    def test_records(self):
        """Every byte may be another: no record that was changed is believed."""
        where = ("--target-dir", self.target, "--manifest-path", self.folder / "ws/Cargo.toml")
        self.run_one("restore", *where)
        chance = random.Random(1)
        paths = [path for path in self.target.glob("debug/.fingerprint/*/*.json") if path.with_suffix("").exists()]
        for path in paths:
            record = path.with_name("steady-" + path.stem)
            for text in (b"", b"steadyR", b"steadyR\x02" + bytes(200), chance.randbytes(4000), b"steadyR\x02" + chance.randbytes(4000)):
                record.write_bytes(text)
                done = self.run_one("restore", "--strict", "--dry-run", *where, status=(0, 3, 4))
                self.assertEqual(done.returncode, 4, done.stderr)
            record.unlink()
        for to in (self.outside / "secret", "/dev/zero"):
            record.symlink_to(to)
            self.both()
            record.unlink()
        os.mkfifo(record)
        self.both()


def load_tests(loader, tests, pattern):
    return loader.loadTestsFromTestCase(Records)


if __name__ == "__main__":
    main()
