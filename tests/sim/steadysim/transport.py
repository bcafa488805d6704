"""The ways a target directory travels from one machine to the next."""

import shutil
import subprocess
from pathlib import Path

KINDS = ("pax", "seconds", "cp", "tar-m")
LOSE_STAMPS = ("cp", "tar-m")
WHAT = {"pax": "exact times", "seconds": "times cut to seconds", "cp": "times lost (cp -r)", "tar-m": "times lost (tar -m)"}


def pack(target: Path, store: Path, kind: str) -> None:
    """Puts TARGET into the new directory STORE."""
    store.mkdir(parents=True)
    if kind == "cp":
        subprocess.run(["cp", "-r", str(target), str(store / "target")], check=True)
    else:
        how = "gnu" if kind == "seconds" else "pax"
        subprocess.run(["tar", f"--format={how}", "-cf", str(store / "target.tar"), "-C", str(target.parent), target.name],
                       check=True)


def unpack(store: Path, target: Path, kind: str) -> None:
    """Makes TARGET, which must not be there, from what pack() put into STORE."""
    if kind == "cp":
        subprocess.run(["cp", "-r", str(store / "target"), str(target)], check=True)
    else:
        subprocess.run(["tar", "-xmf" if kind == "tar-m" else "-xf", str(store / "target.tar"), "-C", str(target.parent)],
                       check=True)


def forget(store: Path) -> None:
    shutil.rmtree(store, ignore_errors=True)
