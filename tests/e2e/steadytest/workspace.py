"""A cargo workspace made by a test."""

import os
import re
from pathlib import Path

from .cargos import Cargo
from .crates import local_registry
from .run import CargoRun, clean_env, run_cargo


class Workspace:
    """A workspace at `root` that `tool` builds. Its target directory is `target` (root/target unless changed)."""

    def __init__(self, root, tool: Cargo, files: dict, lock: str = None, env: dict = None):
        """Writes FILES (relative path -> text; `../x` is allowed) and, with LOCK, that text as Cargo.lock."""
        self.root, self.tool = Path(root), tool
        self.target = self.root / "target"
        self.env = dict(env or {})
        self.locked = lock is not None
        for path, text in files.items():
            self.write(path, text)
        if lock is not None:
            self.write("Cargo.lock", lock)
            self.use(tool)

    def use(self, tool: Cargo) -> "Workspace":
        """From now on `tool` builds. One older than 1.68 cannot read sparse registries: it gets its crates as files."""
        self.tool = tool
        config = self.root / ".cargo" / "config.toml"
        if self.locked and tool.version < (1, 68, 0):
            registry = local_registry(self.root)
            self.write(".cargo/config.toml", '[source.crates-io]\nreplace-with = "files"\n\n'
                                             f'[source.files]\nlocal-registry = "{registry}"\n')
        elif config.exists():
            config.unlink()
        return self

    def write(self, path: str, text: str) -> Path:
        full = Path(os.path.normpath(self.root / path))
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)
        return full

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces OLD, which must be there, by NEW."""
        text = (self.root / path).read_text()
        if old not in text:
            raise AssertionError(f"{path} does not hold {old!r}")
        (self.root / path).write_text(text.replace(old, new))

    def environment(self, **extra) -> dict:
        """What cargo, and a tool that must see what cargo sees, run with. Debug information and incremental compilation are
        off, because they cost time and change nothing that is tested."""
        defaults = {"CARGO_TARGET_DIR": self.target, "CARGO_INCREMENTAL": "0", "CARGO_PROFILE_DEV_DEBUG": "0"}
        return clean_env(**{**defaults, **self.env, **extra})

    def cargo(self, *args, env: dict = None, **how) -> CargoRun:
        """Runs `cargo ARGS` here with the variables of ENV added (None removes one). `how`: see run_cargo()."""
        args = list(args)
        if self.locked and args[0] not in ("clean", "metadata"):
            args.insert(1, "--locked")
        return run_cargo(self.tool, args, self.root, self.environment(**(env or {})), **how)

    def fingerprints(self, target=None) -> dict:
        """Every unit found without our program: path of its JSON relative to the target directory -> hash text or None."""
        target = Path(target or self.target)
        old = list(target.glob("*/.fingerprint/*/*.json")) + list(target.glob("*/*/.fingerprint/*/*.json"))
        new = list(target.glob("*/build/*/*/fingerprint/*.json")) + list(target.glob("*/*/build/*/*/fingerprint/*.json"))
        found = {}
        for path in old + new:
            text = path.with_suffix("")
            content = text.read_text() if text.exists() else ""
            found[str(path.relative_to(target))] = content if re.fullmatch("[0-9a-f]{16}", content) else None
        return found
