"""One run of cargo: the graph of units it is asked for, the units it worked on, the units it finished."""

import json
import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass, field

from steadytest import clean_env

_RUNNING = re.compile(r"^\s+Running `(.*)`$")
_SCRIPT_RUN = re.compile(r"/target/(\w+)/build/(\w+?)(?:-[0-9a-f]{16})?/(?:[0-9a-f]{16}/)?(?:out/)?build[-_]script[-_]build$")
_SOURCE = re.compile(r"(?:^|\s)(?:(\S*?)(\w+)/)?(src/lib\.rs|src/main\.rs|build\.rs)(?=\s)")
KINDS = {"custom-build": "script", "proc-macro": "lib"}


def _profile_of(args: list) -> str:
    return "release" if "--release" in args else "debug"


@dataclass
class Build:
    """What happened. A unit is (package, kind, mode, profile directory), kind one of lib bin script run doc."""

    args: list
    ok: bool = False
    killed: bool = False
    started: list = field(default_factory=list)
    finished: set = field(default_factory=set)
    executables: dict = field(default_factory=dict)
    stderr: str = ""


def _unit_of_line(command: str, profile: str):
    script = _SCRIPT_RUN.search(command.split()[0])
    if script:
        return (script.group(2), "run", "run", script.group(1))
    found = _SOURCE.search(command)
    package = found.group(2) or re.search(r"--crate-name (\w+)", command).group(1)
    kind = {"src/lib.rs": "lib", "src/main.rs": "bin", "build.rs": "script"}[found.group(3)]
    if re.match(r"\S*rustdoc ", command):
        return (package, "doc", "doc", "doc")
    mode = "test" if " --test " in command else "build" if re.search(r"--emit=\S*link", command) else "check"
    where = re.search(r"--out-dir \S*/target/(\w+)/", command)
    return (package, kind, mode, where.group(1) if where else profile)


def _unit_of_message(message: dict, profile: str):
    package = re.search(r"/(\w+)(?:#[^/]*|\))$", message["package_id"]).group(1)
    if message["reason"] == "build-script-executed":
        found = re.search(r"/target/(\w+)/", message["out_dir"])
        return (package, "run", "run", found.group(1))
    kind = message["target"]["kind"][0]
    names = message["filenames"]
    mode = "test" if message["profile"]["test"] else "check" if all(n.endswith(".rmeta") for n in names) else "build"
    where = re.search(r"/target/(\w+)/", names[0]) if names else None
    return (package, KINDS.get(kind, kind), mode, where.group(1) if where else profile)


class Cargo:
    """Runs one cargo in one workspace directory. Graphs are asked for once per set of arguments."""

    def __init__(self, tool):
        self.tool, self.graphs = tool, {}

    def _argv(self, args: list, more: list) -> tuple:
        env = clean_env(CARGO_INCREMENTAL="0", CARGO_NET_OFFLINE="true", CARGO_BUILD_JOBS="2", **self.tool.env)
        env["PATH"] = f"{self.tool.bin}{os.pathsep}{env.get('PATH', os.defpath)}"
        return [str(self.tool.program), args[0], *self.tool.options, *args[1:], "--locked", "--offline", *more], env

    def graph(self, directory, args: list) -> dict:
        """Unit -> the units it depends on, for `cargo ARGS`."""
        key = tuple(args)
        if key not in self.graphs:
            argv, env = self._argv(args, ["--unit-graph", "-Zunstable-options"])
            env["RUSTC_BOOTSTRAP"] = "1"
            done = subprocess.run(argv, cwd=directory, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"{' '.join(argv)}: {done.stderr[-2000:]}")
            self.graphs[key] = self._read_graph(json.loads(done.stdout)["units"], _profile_of(args))
        return self.graphs[key]

    @staticmethod
    def _read_graph(units: list, profile: str) -> dict:
        keys = []
        for unit in units:
            kind, mode = unit["target"]["kind"][0], unit["mode"]
            package = re.search(r"/(\w+)/(?:src/)?\w+\.rs$", unit["target"]["src_path"]).group(1)
            if mode == "run-custom-build":
                keys.append((package, "run", "run", profile))
            elif mode == "doc":
                keys.append((package, "doc", "doc", "doc"))
            elif mode == "doctest":
                keys.append(None)
            else:
                keys.append((package, KINDS.get(kind, kind), mode, profile))
        graph = {}
        for key, unit in zip(keys, units):
            if key:
                graph.setdefault(key, set()).update(keys[dep["index"]] for dep in unit["dependencies"])
        return {key: sorted(deps) for key, deps in graph.items()}

    def run(self, directory, args: list, kill_after: int = 0) -> Build:
        """`cargo ARGS -v`. KILL_AFTER n: Ctrl-C when the n-th process has been started."""
        argv, env = self._argv(args, ["-v", "--message-format", "json-render-diagnostics"])
        build, profile, lines = Build(args), _profile_of(args), []
        child = subprocess.Popen(argv, cwd=directory, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, errors="surrogateescape", start_new_session=True)

        def watch():
            for line in child.stderr:
                lines.append(line)
                found = _RUNNING.match(line)
                if found:
                    build.started.append(_unit_of_line(found.group(1), profile))
                    if kill_after and len(build.started) == kill_after:
                        build.killed = True
                        os.killpg(child.pid, signal.SIGINT)

        reader = threading.Thread(target=watch)
        reader.start()
        for line in child.stdout:
            if line.startswith('{"reason":"compiler-artifact"') or line.startswith('{"reason":"build-script-executed"'):
                message = json.loads(line)
                unit = _unit_of_message(message, profile)
                build.finished.add(unit)
                if message.get("executable"):
                    build.executables[unit] = message["executable"]
        reader.join()
        build.ok = child.wait() == 0
        build.stderr = "".join(lines)
        if build.ok:
            build.finished.update(build.started)
        return build
