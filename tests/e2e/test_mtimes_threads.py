"""mtimes looks at the work tree while it walks over history: the same report as from one thread (also under the thread
sanitizer)."""

import random

from steadytest import E2ECase, main
from steadytest.histories import git, random_history
from test_mtimes import report


class Threads(E2ECase):
    def test_same_report(self):
        for seed in range(5):
            history = random_history(9000 + seed, commits=60)
            for commit in history.commits:
                commit.tree = {path: entry for path, entry in commit.tree.items() if entry[0] == "100644"}
                commit.tree[b"kept/file"] = ("100644", b"%d" % (seed % 3))
            history.write(self.tmp / f"origin{seed}")
            root = self.tmp / f"r{seed}"
            git(self.tmp, "clone", "-q", f"origin{seed}", str(root))
            rng = random.Random(seed)
            for name in git(root, "ls-files", "-z").split(b"\0")[:-1]:
                path = bytes(root) + b"/" + name
                if rng.random() < 0.3:
                    with open(path, "wb") as out:
                        out.write(b"edited")
            (root / "stranger").write_text("")
            one = report(root, "--dry-run", "--only-mtimes", "--jobs", "1")
            for jobs in ("2", "8"):
                self.assertEqual(report(root, "--dry-run", "--only-mtimes", "--jobs", jobs), one, seed)


if __name__ == "__main__":
    main()
