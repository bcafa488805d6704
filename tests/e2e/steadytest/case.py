"""The base class of every end-to-end test, and the main() that runs a file of them."""

import os
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

from .cargos import Cargo, find_cargo, same_as
from .debs import Unavailable


class E2ECase(unittest.TestCase):
    """A test with a temporary directory `self.tmp` (kept, and named, when STEADY_TEST_KEEP is set)."""

    maxDiff = None

    def setUp(self):
        # The suffix keeps it from looking like a front end's throw-away directory: environments in it are a user's own.
        self.tmp = Path(os.path.realpath(tempfile.mkdtemp(prefix="steady-e2e-", suffix="-t")))
        if os.environ.get("STEADY_TEST_KEEP"):
            print(f"{self.id()}: {self.tmp}", file=sys.stderr)
        else:
            self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)

    def cargo(self, name: str) -> Cargo:
        """The cargo of that name (steadytest.cargos.NAMES). A test that cannot have it is counted as missing; where it is
        the same as one with an earlier name, there is nothing to test."""
        try:
            twin = same_as(name)
            if twin:
                self.skipTest(f"cargo '{name}' is the same here as '{twin}'")
            return find_cargo(name)
        except Unavailable as error:
            self.missing(str(error))

    def missing(self, why: str):
        """Skips this test, loudly: to stderr, and into STEADY_TEST_MISSING for the summary of ./bootstrap test."""
        line = f"MISSING: {self.id()}: {why}"
        print(line, file=sys.stderr, flush=True)
        record = os.environ.get("STEADY_TEST_MISSING")
        if record:
            with open(record, "a") as out:
                out.write(line + "\n")
        self.skipTest(why)


def main():
    """Runs the tests of the calling file. No test, or a failed one: exit code 1."""
    program = unittest.main(module="__main__", verbosity=2, exit=False)
    result = program.result
    if result.testsRun == 0:
        print("no test ran", file=sys.stderr)
    sys.exit(0 if result.testsRun and result.wasSuccessful() else 1)
