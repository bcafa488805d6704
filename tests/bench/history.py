#!/usr/bin/env python3
"""How long the walk over history takes, beside git's own and git-restore-mtime's.

    history.py PROGRAM [REPOSITORY...]

PROGRAM is print_history of a release build; without a REPOSITORY the recorded one is used (STEADY_HISTORIES, or
../shared/histories). STEADY_GIT names a git that has last-modified, if the one on PATH has not. Every round runs each
contestant once, so that a busy machine slows all of them; printed are the medians of the ratios to the first contestant,
of the seconds, and the peak memory.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROUNDS = int(os.environ.get("STEADY_BENCH_ROUNDS", "5"))
HERE = Path(__file__).resolve().parent


def timed(argv, **options):
    """Seconds and peak KiB of one run; its output is dropped."""
    started = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{argv}: exit {child.returncode}")
    return time.monotonic() - started, usage.ru_maxrss


def one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def has_last_modified(git) -> bool:
    return b"last-modified" in subprocess.run([git, "--list-cmds=main"], stdout=subprocess.PIPE).stdout


def restore_mtime(git, repository, tmp):
    """git-restore-mtime on an empty work tree: it looks for every file and fails only to set the times."""
    tool = shutil.which("git-restore-mtime") or "/usr/lib/git-core/git-restore-mtime"
    if not os.path.exists(tool):
        return None
    bare, tree = tmp / "bare", tmp / "tree"
    tree.mkdir()
    run = lambda *args, **more: subprocess.run([git, "--git-dir", bare, "--work-tree", tree, *args], check=True, **more).stdout
    subprocess.run([git, "clone", "-q", "--template=", "--bare", "--shared", repository, bare], check=True)
    run("config", "core.bare", "false")
    run("config", "diff.renames", "false")  # contents need not be there
    run("read-tree", "HEAD")
    names = run("ls-files", "-z", stdout=subprocess.PIPE)
    run("update-index", "-z", "--skip-worktree", "--stdin", input=names)
    return [tool, "-q", "-c", "--git-dir", bare, "--work-tree", tree]


def contestants(program, git, repository, tmp):
    found = {"git last-modified": ([git, "-C", repository, "last-modified", "-r", "HEAD"], {})} if has_last_modified(git) else {}
    found["git log --raw"] = ([git, "-C", repository, "log", "--raw", "--no-renames", "--format=%ct", "HEAD"], {})
    found["this"] = ([program, repository, "no-cache"], {})
    found["this, directories too"] = ([program, repository, "no-cache", "listings"], {})
    found["this, one core"] = ([program, repository, "no-cache"], {"preexec_fn": one_core})
    other = restore_mtime(git, repository, tmp)
    if other:
        found["git-restore-mtime"] = (other, {})
    subprocess.run([program, tmp / "bare", "stats"], check=True, stdout=subprocess.DEVNULL)
    found["this, nothing new"] = ([program, tmp / "bare"], {})
    return found


def measure(program, git, repository):
    with tempfile.TemporaryDirectory(prefix="steady-bench-") as tmp:
        rows = contestants(program, git, str(repository), Path(tmp))
        seconds = {name: [] for name in rows}
        memory = dict.fromkeys(rows, 0)
        for _ in range(ROUNDS):
            for name, (argv, options) in rows.items():
                if name == "git-restore-mtime" and seconds[name]:
                    continue
                took, peak = timed(argv, **options)
                seconds[name].append(took)
                memory[name] = max(memory[name], peak)
        first = next(iter(rows))
        print(flush=True)
        print(f"{repository}: {subprocess.run([program, repository, 'no-cache', 'stats'], stdout=subprocess.PIPE).stdout.decode().strip()}")
        for name, times in seconds.items():
            ratio = statistics.median(t / base for t, base in zip(times, seconds[first]))
            print(f"  {name:24} {ratio:6.2f}x  {statistics.median(times):7.3f} s  {memory[name] / 1024:6.0f} MiB")


def main():
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    program, git = os.path.abspath(sys.argv[1]), os.environ.get("STEADY_GIT", "git")
    with tempfile.TemporaryDirectory(prefix="steady-bench-") as tmp:
        repositories = sys.argv[2:]
        places = [os.environ.get("STEADY_HISTORIES"), HERE.parents[2] / "shared/histories"]
        for place in [] if repositories else [Path(p) for p in places if p]:
            if not repositories and (place / "cargo-history.tar").is_file():
                with tarfile.open(place / "cargo-history.tar") as archive:
                    archive.extractall(tmp)
                repositories = [Path(tmp) / "cargo-history.git"]
        if not repositories:
            raise SystemExit("no repository given, and no recorded history found")
        for repository in repositories:
            measure(program, git, repository)


if __name__ == "__main__":
    main()
