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


def timed(argv, root, env) -> float:
    started = time.monotonic()
    subprocess.run(argv, cwd=root, env=env, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return time.monotonic() - started


def main() -> int:
    program, tool = os.path.abspath(sys.argv[1]), best_cargo()
    root = Path(sys.argv[2]) if len(sys.argv) > 2 else workspace()
    env = clean_env(CARGO_PROFILE_DEV_DEBUG="0")
    env["PATH"] = f"{tool.bin}{os.pathsep}{env['PATH']}"
    build, scan = [str(tool.program), "build"], [program, "scan"]
    for command in ([build] if len(sys.argv) > 2 else [build, [str(tool.program), "check"]]):
        subprocess.run(command, cwd=root, env=env, check=True)
    report = subprocess.run([*scan, "--format", "json"], cwd=root, env=env, check=True, stdout=subprocess.PIPE).stdout
    summary = json.loads(report)["summary"]
    builds, scans = [], []
    for _ in range(ROUNDS):
        builds.append(timed(build, root, env))
        scans.append(timed(scan, root, env))
    ratio = statistics.median(s / b for s, b in zip(scans, builds))
    each = statistics.median(scans) * 1e6 / summary["units"]
    print(f"{summary['units']} units, {summary['hashes_verified']} hashes verified, {ROUNDS} rounds")
    print(f"cargo build, nothing to do: {statistics.median(builds) * 1e3:.1f} ms")
    print(f"cargo steady scan:          {statistics.median(scans) * 1e3:.1f} ms, ratio {ratio:.3f}, "
          f"{each:.1f} ms per 1,000 units")
    return 0 if ratio <= RATIO and each <= MILLISECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
