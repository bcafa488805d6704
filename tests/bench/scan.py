#!/usr/bin/env python3
"""How long `scan` takes on a real target, beside a cargo build that has nothing to do.

    scan.py PROGRAM [WORKSPACE]

PROGRAM is a release build's cargo-steady. Without a WORKSPACE one with some 190 crates is made and built once, in the tests'
cache (minutes; crates are fetched). Every round runs both, so that a busy machine slows both; printed are the median times,
the median of the ratios (aim: 0.1), and milliseconds per 1,000 units (aim: 20). Exit code 1 if an aim is missed.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

from steadytest import best_cargo, clean_env  # noqa: E402
from steadytest.cache import cache_dir  # noqa: E402

ROUNDS = int(os.environ.get("STEADY_BENCH_ROUNDS", "21"))
RATIO, MILLISECONDS = 0.1, 20
MANIFEST = """[package]
name = "big"
version = "0.1.0"
edition = "2021"

[workspace]

[dependencies]
axum = "0.8"
anyhow = "1"
chrono = "0.4"
clap = { version = "4", features = ["derive"] }
futures = "0.3"
hyper = { version = "1", features = ["full"] }
rand = "0.9"
rayon = "1"
regex = "1"
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio = { version = "1", features = ["full"] }
tower = { version = "0.5", features = ["full"] }
tracing-subscriber = "0.3"
thiserror = "2"
url = "2"
uuid = { version = "1", features = ["v4"] }
"""


def workspace() -> Path:
    root = cache_dir() / "bench-scan"
    (root / "src").mkdir(parents=True, exist_ok=True)
    for name, text in (("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")):
        if not (root / name).exists():
            (root / name).write_text(text)
    return root


def timed(argv, root, env) -> tuple:
    """Seconds on the clock and of processors."""
    started = time.monotonic()
    child = subprocess.Popen(argv, cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, argv)
    return time.monotonic() - started, usage.ru_utime + usage.ru_stime


def main() -> int:
    program, tool = os.path.abspath(sys.argv[1]), best_cargo()
    root = Path(sys.argv[2]) if len(sys.argv) > 2 else workspace()
    env = clean_env(CARGO_PROFILE_DEV_DEBUG="0")
    env["PATH"] = f"{tool.bin}{os.pathsep}{env['PATH']}"
    build_command, scan_command = [str(tool.program), "build"], [program, "scan"]
    for command in ([build_command] if len(sys.argv) > 2 else [build_command, [str(tool.program), "check"]]):
        subprocess.run(command, cwd=root, env=env, check=True)
    report = subprocess.run([*scan_command, "--format", "json"], cwd=root, env=env, check=True, stdout=subprocess.PIPE).stdout
    summary = json.loads(report)["summary"]
    builds, scans = [], []
    for _ in range(ROUNDS):
        builds.append(timed(build_command, root, env))
        scans.append(timed(scan_command, root, env))
    ratio, cpu_ratio = (statistics.median(scan[of] / build[of] for scan, build in zip(scans, builds)) for of in (0, 1))
    each, cpu_each = (statistics.median(scan[of] for scan in scans) * 1e6 / summary["units"] for of in (0, 1))
    print(f"{summary['units']} units, {summary['hashes_verified']} hashes verified, {ROUNDS} rounds; processor time in brackets")
    for title, rows in (("cargo build, nothing to do", builds), ("cargo steady scan", scans)):
        print(f"{title + ':':28}" + "{:.1f} ms ({:.1f})".format(*(statistics.median(row[of] for row in rows) * 1e3 for of in (0, 1))))
    print(f"ratio {ratio:.3f} ({cpu_ratio:.3f}), {each:.1f} ms per 1,000 units ({cpu_each:.1f})")
    return 0 if ratio <= RATIO and each <= MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
