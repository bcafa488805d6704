"""The base class of tests that build Python packages with real front ends."""

import sys

from .case import E2ECase
from .debs import Unavailable
from .frontends import FrontEnds
from .pytools import py_tools
from .seen import Seen
from .workspace import Workspace


class PyCase(E2ECase):
    """`tool`: the real cargo. `tools`: Python's tools. `seen`: what cargo did; made anew for each folder of front ends."""

    def setUp(self):
        super().setUp()
        if sys.version_info < (3, 9) or sys.implementation.name != "cpython":
            self.skipTest("the projects want CPython 3.9")
        self.tool = self.cargo("path")
        try:
            self.tools = py_tools()
        except Unavailable as error:
            self.missing(str(error))

    def front_ends(self, project: Workspace, name: str = "builds", wheels: tuple = ()) -> FrontEnds:
        """The front ends for PROJECT, with target directory, caches and home of their own in self.tmp / NAME."""
        project.cargo("fetch")
        folder = self.tmp / name
        return FrontEnds(self.tools, Seen(folder / "seen", self.tool), project, folder, wheels)

    def builds(self, front: FrontEnds, name: str, compiled, says: dict, first=None) -> None:
        """The front end NAME makes cargo compile exactly COMPILED (None: any), and the module answers SAYS."""
        run = front.run(name, first)
        if compiled is not None:
            self.assertEqual(sorted(set(run.compiled)), sorted(compiled), f"{name}: {run.reasons}")
        for what, answer in says.items():
            self.assertEqual(front.says(name, what), answer, f"{name}: answers.{what}")
