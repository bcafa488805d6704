"""The one folder that outlives a test run: unpacked cargos, crates for old cargos."""

import contextlib
import fcntl
import os
from pathlib import Path


def cache_dir() -> Path:
    """STEADY_TEST_CACHE, else cargo-steady-tests in the user's cache directory; made if need be."""
    named = os.environ.get("STEADY_TEST_CACHE")
    if named:
        path = Path(named)
    else:
        path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cargo-steady-tests"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def locked(name: str):
    """Holds cache_dir()/NAME.lock, so that tests running side by side fetch a thing once."""
    with open(cache_dir() / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
