"""Killing a program, or failing one of its system calls, at the N-th that changes a file (tests/tools/killat.c)."""

import hashlib
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

from .run import clean_env
from .tree import snapshot

#: killat's exit code when it killed the program.
KILLED = 42

#: More calls than any of the runs makes.
MANY = 2000

#: Files whose time cargo does not read.
_TIMELESS = ("steady-", "lib-", "bin-", "build-script-build-script-build", "run-build-script-", "mark")


@dataclass
class FaultRun:
    """`calls` matching calls were seen; `killed` or `failed` names the N-th, where it was reached; `status` is the
    program's own exit code (128 + signal), None if it was killed."""

    returncode: int
    calls: int
    killed: str = None
    failed: str = None
    status: int = None
    trace: list = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""


def killat_program() -> str:
    """The built killat, or None where this system has none."""
    return os.environ.get("STEADY_KILLAT") or None


def killat(argv, count: int = 0, when: str = "--before", fail: str = None, calls: str = None, trace: bool = False,
           env: dict = None, cwd=None, timeout: float = 120) -> FaultRun:
    """Runs ARGV under killat. `when`: --before or --after; `fail`: an errno by name instead of the kill."""
    env = dict(clean_env() if env is None else env)
    # Last, for the last word counts.
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    with tempfile.NamedTemporaryFile("r") as report:
        command = [killat_program(), "--count", str(count), "--report", report.name]
        command += ["--fail", fail] if fail else [when]
        command += ["--calls", calls] if calls else []
        command += ["--trace"] if trace else []
        done = subprocess.run([*command, "--", *map(str, argv)], env=env, cwd=cwd and str(cwd), text=True, timeout=timeout,
                              errors="surrogateescape", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        lines = report.read().splitlines()
    found = re.match(r"^killat: (\d+) calls, (?:killed at (\S+)|(?:failed (\S+), )?exit (\d+))$", lines[-1] if lines else "")
    if not found:
        raise AssertionError(f"killat failed ({done.returncode}): {done.stderr}")
    status = None if found.group(4) is None else int(found.group(4))
    return FaultRun(done.returncode, int(found.group(1)), found.group(2), found.group(3), status, lines[:-1], done.stdout,
                    done.stderr)


def each_kill(case, attempt):
    """ATTEMPT(1), ATTEMPT(2)..., each a FaultRun killed before its first call, its second... until one is through."""
    for count in range(1, MANY):
        run = attempt(count)
        if run.killed is None:
            case.assertEqual(run.status, 0, run.stderr)
            break
        case.assertEqual(run.returncode, KILLED)
        yield run
    case.assertGreater(count, 5)
    case.assertLess(count, MANY - 1)


def state_of(target, counts=lambda path: True) -> str:
    """Equal for target directories that cargo and the next run cannot tell apart, as far as the paths go that COUNT; a mark
    holds its own inode."""
    digest = hashlib.sha256()
    for path, (content, mtime, _) in sorted(snapshot(target).items()):
        name = os.path.basename(path)
        if counts(path):
            digest.update(repr((path, "" if name.startswith("mark") else content,
                                0 if name.startswith(_TIMELESS) else mtime)).encode())
    return digest.hexdigest()
