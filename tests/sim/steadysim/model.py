"""What a target directory holds, unit by unit, and so the fewest units the next build has to make.

A unit is needed when it was never made, when it is void (cargo had begun to make it and did not end, or meant to, and it
has no record), when what it is made of differs from what it was made of, or when a dependency is needed or was made anew
since. It is *open* when it may be made although nothing changed: nobody holds evidence for it (no record binds to this
build), or a kill left unclear whether it had ended or, since cargo names a process before it starts it, whether it had
begun: then the unit may still be the one *before*. So it may where a failing build emptied the hash file of a unit that
never left its place and has no record by this model's rules: `save` may have recorded it by what the file system proves.
So it may, last, where stamps were lost on the way and the record is not of the build that is there, but of an older one of
today's inputs from which the same bytes come (core/lost.h: it makes no difference which of the two it is). Open spreads to
dependents like needed. One exception is *raced*: rustc was started in the very clock tick in which a script had written a
source for it; the stamps do not say which came first, so there is no record.
"""

import copy
from dataclasses import dataclass, field

from . import workspace


@dataclass
class Made:
    """One unit as it lies in the target directory."""

    serial: int
    inputs: str
    product: str
    dependencies: dict
    side_output: str = None
    recorded: bool = False
    recorded_inputs: str = ""
    stampless: bool = False
    in_session: bool = True
    void: bool = False
    unclear: bool = False
    raced: bool = False
    travelled: bool = False
    before: "Made" = None

    def serials(self) -> set:
        """The builds that it may be."""
        return {self.serial} | ({self.before.serial} if self.before else set())


@dataclass
class Verdict:
    """The units of one requested graph, dependencies first: must be made; may be made."""

    order: list
    needed: dict = field(default_factory=dict)
    open: set = field(default_factory=set)


def _ordered(graph: dict) -> list:
    order, seen = [], set()

    def visit(unit):
        if unit not in seen:
            seen.add(unit)
            for dep in graph.get(unit, ()):
                visit(dep)
            order.append(unit)

    for unit in sorted(graph):
        visit(unit)
    return order


class Target:
    """The model of one target directory. `serial` is shared by copies, so that two builds never look the same."""

    _serial = 0

    def __init__(self):
        self.made = {}

    def copy(self, loses_stamps: bool) -> "Target":
        """What a cache holds of this."""
        packed = copy.deepcopy(self)
        for made in packed.made.values():
            for build in filter(None, (made, made.before)):
                build.travelled = True
                build.stampless |= loses_stamps
        return packed

    def judge(self, graph: dict, tree: workspace.Tree) -> Verdict:
        """What `cargo` must and may make of GRAPH, the work tree being TREE."""
        verdict = Verdict(_ordered(graph))
        for unit in verdict.order:
            made = self.made.get(unit)
            why = self._why(unit, made, graph[unit], tree, verdict.needed)
            if why and not self._may_be_before(unit, graph, tree, verdict):
                verdict.needed[unit] = why
                continue
            unproven = not made.recorded or made.unclear or self._is_another(unit, made, tree)
            if unproven or any(dep in verdict.open for dep in graph[unit]):
                verdict.open.add(unit)
        return verdict

    def _may_be_before(self, unit: tuple, graph: dict, tree: workspace.Tree, verdict: Verdict) -> bool:
        made = self.made.get(unit)
        return bool(made and made.before and not self._why(unit, made.before, graph[unit], tree, verdict.needed))

    def _why(self, unit: tuple, made: Made, dependencies: list, tree: workspace.Tree, needed: dict) -> str:
        if made is None:
            return "never made"
        if made.void:
            return "begun and not ended"
        if self._is_another(unit, made, tree) and not self._is_as_recorded(unit, made, tree):
            return "its inputs changed"
        if unit[1] == "run" and made.side_output != workspace.side_output(tree, unit[0]):
            return "what its script left in the sources is not there"
        for dep in dependencies:
            if dep in needed:
                return f"{dep[0]} {dep[1]} is needed"
            if made.dependencies.get(dep) not in self.made[dep].serials():
                return f"{dep[0]} {dep[1]} was made anew"
        return ""

    @staticmethod
    def _is_another(unit: tuple, made: Made, tree: workspace.Tree) -> bool:
        return made.inputs != workspace.inputs(tree, *unit[:2])

    @staticmethod
    def _is_as_recorded(unit: tuple, made: Made, tree: workspace.Tree) -> bool:
        """Are these the bytes of the build that the record speaks of, and no stamp tells the two apart?"""
        return made.stampless and made.recorded_inputs == workspace.inputs(tree, *unit[:2]) and \
            made.product == workspace.product(tree, *unit[:2])

    def built(self, graph: dict, verdict: Verdict, build, before: workspace.Tree, after: workspace.Tree) -> None:
        """Takes in what BUILD did with the work tree BEFORE; its scripts left AFTER."""
        for unit in verdict.order:
            if unit in build.finished and unit in build.started and not build.killed:
                self.made[unit] = self._make(unit, graph, before, after)
            elif build.killed and unit in build.started:
                self.made[unit] = self._make(unit, graph, before, after, self.made.get(unit))
                self.made[unit].unclear = True
                if unit in build.finished:
                    self.made[unit].before = None
            elif not build.ok and unit in self.made:
                made = self.made[unit]
                if unit in verdict.needed and unit not in build.started and not (made.recorded or made.travelled or made.void):
                    made.before = made.before or copy.copy(made)
                made.void |= unit in verdict.needed and (unit in build.started or not made.recorded)
                made.unclear |= unit in verdict.open
            elif build.ok and unit in self.made:
                self._kept(unit, graph, before, verdict)

    def _kept(self, unit: tuple, graph: dict, tree: workspace.Tree, verdict: Verdict) -> None:
        """cargo did not make UNIT: what it is must be right for TREE."""
        made = self.made[unit]
        if self._may_be_before(unit, graph, tree, verdict):
            if not self._why(unit, made, graph[unit], tree, verdict.needed):
                return
            made = self.made[unit] = made.before
        made.before, made.unclear = None, False
        if self._is_another(unit, made, tree) and self._is_as_recorded(unit, made, tree):
            made.inputs, made.recorded = made.recorded_inputs, True

    def _make(self, unit: tuple, graph: dict, before: workspace.Tree, after: workspace.Tree, old: Made = None) -> Made:
        Target._serial += 1
        dependencies = {dep: self.made[dep].serial for dep in graph[unit] if dep in self.made}
        tree = after if unit[0] == "gen" and unit[1] in ("lib", "doc") else before
        made = Made(Target._serial, workspace.inputs(tree, *unit[:2]), workspace.product(tree, *unit[:2]), dependencies)
        if unit[1] == "run":
            made.side_output = workspace.side_output_due(before, unit[0])
        if unit in self.made:
            made.recorded_inputs = self.made[unit].recorded_inputs
        if old and old.recorded and not old.void:
            made.before = old.before or old
        return made

    def raced(self, units) -> None:
        """These units were started in the clock tick in which one of their inputs was written."""
        for unit in units:
            if unit in self.made:
                self.made[unit].raced = True

    def session(self) -> None:
        """A job begins: what was made before it and is not recorded will not be."""
        for made in self.made.values():
            made.in_session = False

    def saved(self, tree: workspace.Tree) -> None:
        """`save` ran with the work tree TREE: what this job made is recorded, with everything below it."""
        def recordable(unit, made):
            if made.recorded or made.void or made.unclear or made.raced or not made.in_session:
                return made.recorded
            same = made.inputs == workspace.inputs(tree, unit[0], unit[1])
            below = all(dep in self.made and serial in self.made[dep].serials() and self.made[dep].recorded
                        for dep, serial in made.dependencies.items())
            return same and below

        pending, left = dict(self.made), -1
        while pending and len(pending) != left:
            left = len(pending)
            for unit in list(pending):
                if recordable(unit, pending[unit]):
                    made = pending.pop(unit)
                    made.recorded, made.recorded_inputs = True, made.inputs
