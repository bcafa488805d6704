"""Python distributions put into an environment as pip and uv leave them: files, RECORD, INSTALLER, direct_url.json."""

import base64
import hashlib
import json
import shutil
from pathlib import Path

from .environments import purelib


def _row(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}"


def remove(env, name: str) -> None:
    """Takes every version of the distribution out of the environment."""
    site = purelib(env)
    for info in site.glob(f"{name}-*.dist-info"):
        for row in (info / "RECORD").read_text().splitlines():
            path = site / row.split(",")[0]
            path.unlink(missing_ok=True)
            # Compiled files tell their sources apart by whole seconds.
            shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        shutil.rmtree(info, ignore_errors=True)


def install(env, name: str, version: str, files: dict, installer: str = "pip", url: dict = None) -> Path:
    """Installs the distribution, replacing any version of it; FILES: path in site-packages -> text. URL is what direct_url.json
    holds. Returns the dist-info directory."""
    remove(env, name)
    site = purelib(env)
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    contents = dict(files)
    contents[f"{info.name}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    contents[f"{info.name}/INSTALLER"] = installer + "\n"
    if url is not None:
        contents[f"{info.name}/direct_url.json"] = json.dumps(url)
    rows = []
    for path, text in contents.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
        rows.append(_row(path, text.encode()))
    # A script: its first line is the environment's interpreter.
    script = Path(env) / "bin" / name
    script.write_text(f"#!{env}/bin/python\nimport {name}\n")
    rows.append(_row(f"../../../bin/{name}", script.read_bytes()))
    rows += [f"{name}/__pycache__/x.cpython-311.pyc,,", f"{info.name}/RECORD,,"]
    if installer == "uv":
        rows.sort()
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    return info
