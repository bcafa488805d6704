"""Directory trees: exact copies and before/after comparison."""

import hashlib
import os
import shutil
import stat
from pathlib import Path


def copy_target(source, destination) -> Path:
    """A copy of a tree with every mtime kept to the nanosecond, symlinks as symlinks, hard links kept together."""
    source, destination = Path(source), Path(destination)
    first = {}

    def copy(src, dst):
        info = os.lstat(src)
        if info.st_nlink > 1 and stat.S_ISREG(info.st_mode):
            known = first.setdefault((info.st_dev, info.st_ino), dst)
            if known != dst:
                os.link(known, dst)
                return dst
        return shutil.copy2(src, dst, follow_symlinks=False)

    shutil.copytree(source, destination, symlinks=True, copy_function=copy)
    for path, names, _ in os.walk(source, topdown=False):
        info = os.lstat(path)
        os.utime(destination / os.path.relpath(path, source), ns=(info.st_atime_ns, info.st_mtime_ns))
        del names
    return destination


def snapshot(folder, directories: bool = False) -> dict:
    """Relative path -> (digest of the bytes or link text, mtime in ns, mode). Lock files of cargo are left out."""
    folder, found = Path(folder), {}
    for path, names, files in os.walk(folder):
        for name in files + names:
            full = Path(path) / name
            info = os.lstat(full)
            if stat.S_ISDIR(info.st_mode):
                content = "directory"
                if not directories:
                    continue
            elif stat.S_ISLNK(info.st_mode):
                content = "-> " + os.readlink(full)
            elif stat.S_ISREG(info.st_mode):
                content = hashlib.sha256(full.read_bytes()).hexdigest()
            else:
                content = f"special {stat.S_IFMT(info.st_mode):o}"
            if name not in (".cargo-lock", ".cargo-build-lock", ".cargo-artifact-lock"):
                found[str(full.relative_to(folder))] = (content, info.st_mtime_ns, stat.S_IMODE(info.st_mode))
    return found


def snapshot_difference(before: dict, after: dict) -> list:
    """Lines that say what differs: one per path that came, went, or changed in bytes, mtime or mode."""
    lines = []
    for path in sorted(set(before) | set(after)):
        if path not in after:
            lines.append(f"{path}: gone")
        elif path not in before:
            lines.append(f"{path}: new")
        else:
            lines += [f"{path}: {what} changed" for what, old, new in
                      zip(("content", "mtime", "mode"), before[path], after[path]) if old != new]
    return lines
