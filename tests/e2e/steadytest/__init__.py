"""What the end-to-end tests share: real cargos, fixture workspaces, throw-away environments, snapshots.

Standard library only, Python 3.9 or newer. A test file imports what it needs:

    from steadytest import E2ECase, rich_workspace, main

    class Freshness(E2ECase):
        def test_twice(self):
            ws = rich_workspace(self.tmp / "ws", self.cargo("path"))
            ws.cargo("build")
            self.assertEqual(ws.cargo("build").compiled, [])
"""

from .cargos import Cargo, all_cargos, best_cargo, find_cargo
from .case import E2ECase, main
from .environments import ephemeral_env, make_env, purelib
from .pyo3 import pyo3_workspace
from .rich import rich_workspace
from .run import CargoRun, SteadyRun, clean_env, steady
from .tree import copy_target, snapshot, snapshot_difference
from .workspace import Workspace

__all__ = [
    "Cargo", "CargoRun", "E2ECase", "SteadyRun", "Workspace", "all_cargos", "best_cargo", "clean_env", "copy_target",
    "ephemeral_env", "find_cargo", "main", "make_env", "purelib", "pyo3_workspace", "rich_workspace", "snapshot",
    "snapshot_difference", "steady",
]
