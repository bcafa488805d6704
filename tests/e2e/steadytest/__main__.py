"""python3 -m steadytest [NAME...]: fetches (where need be) and lists the cargos; `best` prints the path of the newest."""

import sys

from .cargos import NAMES, best_cargo, find_cargo
from .debs import Unavailable


def _main(argv: list) -> int:
    if argv == ["best"]:
        print(best_cargo().program)
        return 0
    status = 0
    for name in argv or NAMES:
        try:
            cargo = find_cargo(name)
            print(f"{name}\t{'.'.join(map(str, cargo.version))}\tstd {'.'.join(map(str, cargo.std))}\t{cargo.program}")
        except Unavailable as error:
            print(f"{name}\t{error}")
            status = 1
    return status


sys.exit(_main(sys.argv[1:]))
