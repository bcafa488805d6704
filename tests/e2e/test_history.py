"""The commit that last changed each path: against git's answers, against the definition, on many shapes of history."""

import os
import random
import subprocess
import tarfile
import unittest
from pathlib import Path

from steadytest import E2ECase, main
from steadytest.histories import START, History, git, modern_git, present_if, quoted, random_history

PRINT = os.environ.get("PRINT_HISTORY", "")
HERE = Path(__file__).resolve().parent
SEEDS = int(os.environ.get("STEADY_HISTORY_SEEDS", "16"))


def run(repository, *options) -> str:
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run([PRINT, str(repository), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    if done.returncode != 0:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout.decode()


def answers(repository, *options) -> dict:
    """{quoted path: commit id, or None where there is no answer}"""
    found = {}
    for line in run(repository, *options).splitlines():
        path, commit, _ = line.split("\t")
        found[path] = None if commit == "-" else commit
    return found


def expected(history: History, **options) -> dict:
    return {quoted(path): None if at is None else history.commits[at].id
            for path, at in history.answers(**options).items()}


def cargo_history():
    """Where cargo's whole history lies with git's answers: STEADY_HISTORIES, or beside the repository; None without it."""
    for place in (os.environ.get("STEADY_HISTORIES"), HERE.parents[2] / "shared/histories", HERE.parents[1] / "../../shared/histories"):
        if place and (Path(place) / "cargo-history.tar").is_file():
            return Path(place)
    return None


class Recorded(E2ECase):
    """Histories with the answers that `git last-modified` of git 2.55 gave (record_histories.py)."""

    def test_recorded(self):
        streams = sorted((HERE.parent / "data/histories").glob("*.fi"))
        self.assertGreaterEqual(len(streams), 4)
        for stream in streams:
            with self.subTest(name=stream.stem):
                repository = self.tmp / stream.stem
                repository.mkdir()
                git(repository, "init", "-q", "-b", "main")
                git(repository, "fast-import", "--quiet", stdin=stream.read_bytes())
                want = sorted(stream.with_suffix(".tsv").read_text().splitlines())
                self.assertEqual(sorted(run(repository, "no-cache").splitlines()), want)
                git(repository, "repack", "-adfq")
                git(repository, "commit-graph", "write", "--reachable")
                self.assertEqual(sorted(run(repository, "no-cache").splitlines()), want, "packed, with a commit-graph")

    @present_if(cargo_history())
    def test_cargo(self):
        place = cargo_history()
        with tarfile.open(place / "cargo-history.tar") as archive:
            archive.extractall(self.tmp)
        repository = self.tmp / "cargo-history.git"
        want = (place / "cargo-history.tsv").read_text()
        self.assertEqual(run(repository, "no-cache"), want)
        git(repository, "commit-graph", "write", "--reachable")
        self.assertEqual(run(repository, "no-cache"), want, "with a commit-graph")


class Generated(E2ECase):
    def check(self, repository, history, *options, **meaning):
        self.assertEqual(answers(repository, "no-cache", *options), expected(history, **meaning), (history, options))

    def check_all(self, repository, history):
        self.check(repository, history)
        self.check(repository, history, "listings", listings=True)
        self.check(repository, history, "first-parent", first_parent=True)
        self.check(repository, history, "merges", merges=True)

    def test_random(self):
        for seed in range(SEEDS):
            with self.subTest(seed=seed):
                history = random_history(seed, commits=40 + seed)
                repository = history.write(self.tmp / f"r{seed}")
                self.check_all(repository, history)
                if seed % 4 == 0:
                    git(repository, "repack", "-adfq", "--depth=50")
                    self.check_all(repository, history)
                    git(repository, "commit-graph", "write", "--reachable")
                    self.check_all(repository, history)

    def test_clocks_that_go_wrong(self):
        for seed in range(1000, 1000 + SEEDS // 4):
            with self.subTest(seed=seed):
                history = random_history(seed, commits=80, skew=True)
                self.check_all(history.write(self.tmp / f"r{seed}"), history)

    @present_if(modern_git())
    def test_same_as_git(self):
        for seed in range(2000, 2000 + SEEDS // 4):
            history = random_history(seed, commits=70)
            repository = history.write(self.tmp / f"r{seed}")
            lines = git(repository, "last-modified", "-r", "HEAD").decode().splitlines()
            want = {line.split("\t", 1)[1]: line.split("\t", 1)[0] for line in lines}
            self.assertEqual(answers(repository, "no-cache"), want)

    def test_linear_as_log(self):
        history = History()
        for seed_commit in random_history(7, commits=60).commits:
            history.add([len(history.commits) - 1] if history.commits else [], seed_commit.tree)
        repository = history.write(self.tmp / "r")
        for path, commit in answers(repository, "no-cache").items():
            if not path.startswith('"'):
                want = git(repository, "--literal-pathspecs", "log", "-1", "--format=%H", "--no-renames", "HEAD", "--", path)
                self.assertEqual(commit, want.decode().strip(), path)

    def test_oldest(self):
        history = History()
        one, two = ("100644", b"1"), ("100644", b"2")
        history.add([], {b"a": one})
        history.add([0], {b"a": one, b"d/b": one})
        history.add([1], {b"a": two, b"d/b": two})
        history.add([2], {b"a": one, b"d/b": two, b"d/c": one})
        ids = [commit.id for commit in history.commits]
        repository = history.write(self.tmp / "r")
        ids = [commit.id for commit in history.commits]
        self.assertEqual(answers(repository, "oldest"), {"a": ids[0], "d/b": ids[1], "d/c": ids[3]})
        self.assertEqual(answers(repository, "oldest", "listings"), {"": ids[0], "d": ids[1]})
        self.assertEqual(answers(repository, "no-cache", "listings"), {"": ids[1], "d": ids[3]})

    def test_listing_of_directories_that_hold_only_directories(self):
        history = History()
        one, two = ("100644", b"1"), ("100644", b"2")
        history.add([], {b"a/b/x": one})
        history.add([0], {b"a/b/x": one, b"a/c/y": one})
        history.add([1], {b"a/b/x": two, b"a/c/y": one})
        history.add([2], {b"a/b/x": two, b"a/c/y": one, b"a/c/z": one})
        repository = history.write(self.tmp / "r")
        ids = [commit.id for commit in history.commits]
        self.assertEqual(answers(repository, "no-cache", "listings"), {"": ids[0], "a": ids[1], "a/b": ids[0], "a/c": ids[3]})

    def test_shallow(self):
        for seed in range(3000, 3008):
            history = random_history(seed, commits=50)
            origin = history.write(self.tmp / f"r{seed}")
            for depth in (1, 3, 10):
                clone = self.tmp / f"s{seed}-{depth}"
                git(self.tmp, "clone", "-q", "--no-checkout", "--depth", str(depth), f"file://{origin}", str(clone))
                shallow = clone / ".git/shallow"
                names = shallow.read_text().split() if shallow.exists() else []
                places = {commit.id: i for i, commit in enumerate(history.commits)}
                self.check(clone, history, boundary={places[name] for name in names})

    def test_fifty_thousand_commits(self):
        head = [b"blob\nmark :1000000\ndata 1\na\n", b"blob\nmark :1000001\ndata 1\nb\n"]
        last, out = {}, head
        for i in range(1, 50_001):
            path = f"d{i * 7919 % 19}/e{i * 104_729 % 23}/f{i * 31 % 11}"
            out.append(b"commit refs/heads/main\nmark :%d\ncommitter C <c@x> %d +0000\ndata 1\nm\nM 100644 :%d %s\n"
                       % (i, START + i, 1_000_000 + (i // 9000) % 2, path.encode()))
            if last.get(path, (None, None))[1] != (i // 9000) % 2:
                last[path] = (i, (i // 9000) % 2)
        (self.tmp / "r").mkdir()
        git(self.tmp / "r", "init", "-q", "-b", "main")
        git(self.tmp / "r", "fast-import", "--quiet", stdin=b"".join(out))
        times = {line.split("\t")[0]: int(line.split("\t")[2]) for line in run(self.tmp / "r", "no-cache").splitlines()}
        self.assertEqual(times, {path: START + i for path, (i, _) in last.items()})


class Damaged(E2ECase):
    """Whatever bytes packs and commit-graphs hold: an answer or an error, never a crash."""

    def try_all(self, repository, name, rng, rounds=40):
        files = list(repository.glob(name))
        self.assertEqual(len(files), 1)
        good = files[0].read_bytes()
        os.chmod(files[0], 0o644)
        for _ in range(rounds):
            bad = bytearray(good)
            for _ in range(rng.choice([1, 1, 3, 20])):
                bad[rng.randrange(len(bad))] = rng.choice([0, 0xff, 0x80, rng.randrange(256)])
            if rng.random() < 0.2:
                del bad[rng.randrange(len(bad)):]
            files[0].write_bytes(bytes(bad))
            env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
            done = subprocess.run([PRINT, str(repository), "no-cache"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                                  timeout=60)
            if done.returncode == 1 and "Sanitizer" not in done.stderr.decode(errors="replace"):
                self.assertRegex(done.stderr.decode(errors="replace"), r"\A-\d+: .+\n\Z")
            else:
                self.assertEqual(done.returncode, 0, done.stderr)
        files[0].write_bytes(good)

    def test_damage(self):
        history = random_history(8000, commits=80)
        repository = history.write(self.tmp / "r")
        git(repository, "repack", "-adfq", "--depth=50")
        git(repository, "commit-graph", "write", "--reachable")
        rng = random.Random(1)
        for name in (".git/objects/pack/*.pack", ".git/objects/pack/*.idx", ".git/objects/info/commit-graph"):
            self.try_all(repository, name, rng)
        self.assertEqual(answers(repository, "no-cache"), expected(history))

    def test_commit_graph_that_lacks_parents(self):
        """Where the graph names a parent that is not in it, the commit itself is read, after some parents were added."""
        history = random_history(8002, commits=120)
        repository = history.write(self.tmp / "r")
        git(repository, "commit-graph", "write", "--reachable")
        graph = repository / ".git/objects/info/commit-graph"
        bad = bytearray(graph.read_bytes())
        rows = {bytes(bad[8 + 12 * i:12 + 12 * i]): int.from_bytes(bad[12 + 12 * i:20 + 12 * i], "big") for i in range(bad[6] + 1)}
        for at in range(rows[b"CDAT"], rows[b"CDAT"] + 36 * len(history.commits), 36):
            if bad[at + 24:at + 28] != b"\x70\0\0\0":
                bad[at + 24:at + 28] = b"\x60\0\0\0"
        os.chmod(graph, 0o644)
        graph.write_bytes(bytes(bad))
        self.assertEqual(answers(repository, "no-cache"), expected(history))

    def test_commit_graph_in_a_circle(self):
        history = random_history(8001, commits=60)
        repository = history.write(self.tmp / "r")
        git(repository, "commit-graph", "write", "--reachable")
        graph = repository / ".git/objects/info/commit-graph"
        bad = bytearray(graph.read_bytes())
        rows = {bytes(bad[8 + 12 * i:12 + 12 * i]): int.from_bytes(bad[12 + 12 * i:20 + 12 * i], "big") for i in range(bad[6])}
        names = [bad[rows[b"OIDL"] + 20 * i:rows[b"OIDL"] + 20 * i + 20].hex() for i in range(len(history.commits))]
        for commit in history.commits[1:]:
            if len(commit.parents) == 1 and commit.id in names:
                at = rows[b"CDAT"] + 36 * names.index(commit.id)
                bad[at + 20:at + 24] = names.index(commit.id).to_bytes(4, "big")
        os.chmod(graph, 0o644)
        graph.write_bytes(bytes(bad))
        self.assertEqual(answers(repository, "no-cache"), expected(history))


class Incremental(E2ECase):
    """Runs that start from the answers of another HEAD give what a full run gives."""

    def test_any_head_after_any_other(self):
        for seed in range(4000, 4000 + SEEDS // 4):
            rng = random.Random(seed)
            history = random_history(seed, commits=80, skew=seed % 3 == 0)
            repository = history.write(self.tmp / f"r{seed}")
            git(repository, "branch", "-q", "keep", "main")
            for _ in range(12):
                head = rng.randrange(len(history.commits))
                git(repository, "update-ref", "--no-deref", "HEAD", history.commits[head].id)
                self.assertEqual(answers(repository), expected(history, head=head), (seed, head))
                self.assertEqual(answers(repository, "listings"), expected(history, head=head, listings=True), (seed, head))

    def test_walks_only_what_is_new(self):
        history = History()
        tree = {b"f%d" % i: ("100644", b"1") for i in range(50)}
        for i in range(400):
            tree[b"f%d" % (i % 40)] = ("100644", b"%d" % i)
            history.add([i - 1] if i else [], tree)
        repository = history.write(self.tmp / "r")
        git(repository, "update-ref", "HEAD", "HEAD~3")
        self.assertGreater(self.visited(repository), 300)
        self.assertEqual(self.visited(repository), 1)
        git(repository, "update-ref", "HEAD", history.commits[-1].id)
        self.assertEqual(self.visited(repository), 4)
        git(repository, "update-ref", "HEAD", history.commits[-9].id)
        self.assertLess(self.visited(repository), 60, "files changed by the commits undone have an older answer to be found")
        self.assertEqual(answers(repository), expected(history, head=-9))

    def visited(self, repository) -> int:
        return int(run(repository, "stats").split()[2])

    def test_damage_is_ignored(self):
        rng = random.Random(5)
        history = random_history(5000, commits=60)
        repository = history.write(self.tmp / "r")
        want = expected(history)
        self.assertEqual(answers(repository), want)
        cache = repository / ".git/steady-history"
        good = cache.read_bytes()
        for _ in range(60):
            bad = bytearray(good)
            kind = rng.choice(["flip", "cut", "grow", "empty"])
            if kind == "flip":
                bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
            elif kind == "cut":
                del bad[rng.randrange(len(bad)):]
            elif kind == "grow":
                bad += b"x"
            else:
                bad.clear()
            cache.write_bytes(bytes(bad))
            self.assertEqual(answers(repository), want, kind)
        self.assertEqual(cache.read_bytes(), good)
        cache.unlink()
        cache.mkdir()
        self.assertEqual(answers(repository), want)

    def test_head_of_the_cache_is_gone(self):
        history = random_history(5001, commits=60)
        repository = history.write(self.tmp / "r")
        git(repository, "symbolic-ref", "HEAD", "refs/heads/topic")
        git(repository, "update-ref", "HEAD", "main")
        tree = git(repository, "rev-parse", "main^{tree}").decode().strip()
        topic = git(repository, "commit-tree", "-p", "main", "-m", "t", tree).decode().strip()
        git(repository, "update-ref", "HEAD", topic)
        self.assertEqual(answers(repository), expected(history))
        git(repository, "symbolic-ref", "HEAD", "refs/heads/main")
        git(repository, "branch", "-q", "-D", "topic")
        git(repository, "reflog", "expire", "--expire=now", "--all")
        git(repository, "gc", "-q", "--prune=now")
        self.assertNotEqual(subprocess.run(["git", "-C", repository, "cat-file", "-e", topic], stderr=subprocess.DEVNULL).returncode, 0)
        self.assertEqual(answers(repository), expected(history))

    def test_read_only_repository(self):
        history = random_history(5002, commits=30)
        repository = history.write(self.tmp / "r")
        os.chmod(repository / ".git", 0o555)
        self.addCleanup(os.chmod, repository / ".git", 0o755)
        self.assertEqual(answers(repository), expected(history))

    def test_shallow_then_deepened(self):
        history = random_history(5003, commits=60)
        origin = history.write(self.tmp / "r")
        git(self.tmp, "clone", "-q", "--no-checkout", "--depth", "4", f"file://{origin}", str(self.tmp / "s"))
        self.assertIn(None, answers(self.tmp / "s").values())
        git(self.tmp / "s", "fetch", "-q", "--unshallow")
        self.assertEqual(answers(self.tmp / "s"), expected(history))


class ByProgram(E2ECase):
    """Repositories that only the git program can walk."""

    check = Generated.check
    check_all = Generated.check_all

    def test_sha256(self):
        for seed in range(6000, 6000 + SEEDS // 5):
            history = random_history(seed, commits=50, skew=seed % 2 == 0)
            history.id_length = 64
            repository = history.write(self.tmp / f"r{seed}", init=["--object-format=sha256"])
            self.check_all(repository, history)

    def test_oldest(self):
        history = random_history(6100, commits=50)
        want = answers(history.write(self.tmp / "r"), "oldest")
        places = {commit.id: i for i, commit in enumerate(history.commits)}
        history.id_length = 64
        found = answers(history.write(self.tmp / "s", init=["--object-format=sha256"]), "oldest")
        self.assertEqual(found, {path: history.commits[places[commit]].id for path, commit in want.items()})

    def test_shallow_sha256(self):
        history = random_history(6200, commits=50)
        history.id_length = 64
        origin = history.write(self.tmp / "r", init=["--object-format=sha256"])
        git(self.tmp, "clone", "-q", "--no-checkout", "--depth", "5", f"file://{origin}", str(self.tmp / "s"))
        places = {commit.id: i for i, commit in enumerate(history.commits)}
        self.check(self.tmp / "s", history, boundary={places[i] for i in (self.tmp / "s/.git/shallow").read_text().split()})

    def test_replaced_and_grafted(self):
        for kind in ("replace", "graft"):
            history = random_history(6300, commits=50)
            repository = history.write(self.tmp / kind)
            at = next(i for i in range(30, 50) if len(history.commits[i].parents) == 1)
            other = next(i for i in range(5, at) if i not in history.commits[at].parents)
            if kind == "replace":
                git(repository, "replace", "--graft", history.commits[at].id, history.commits[other].id)
            else:
                (repository / ".git/info/grafts").write_text(f"{history.commits[at].id} {history.commits[other].id}\n")
            history.commits[at].parents = [other]
            self.check_all(repository, history)

    def test_no_git(self):
        history = History(id_length=64)
        history.add([], {b"a": ("100644", b"1")})
        repository = history.write(self.tmp / "r", init=["--object-format=sha256"])
        done = subprocess.run([PRINT, str(repository)], env={**os.environ, "PATH": str(self.tmp)}, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.decode().count("\n"), 1)
        self.assertIn("git program", done.stderr.decode())

    def test_nothing_is_executed(self):
        history = History(id_length=64)
        history.add([], {b"a": ("100644", b"1"), b".gitattributes": ("100644", b"* filter=x diff=x\n")})
        repository = history.write(self.tmp / "r", init=["--object-format=sha256"])
        trap = self.tmp / "trap"
        trap.write_text(f"#!/bin/sh\ntouch {self.tmp}/sprung\n")
        trap.chmod(0o755)
        for key in ("core.fsmonitor", "core.pager", "pager.rev-list", "filter.x.clean", "filter.x.smudge", "filter.x.process",
                    "diff.external", "diff.x.command", "diff.x.textconv", "core.sshCommand", "core.editor", "credential.helper"):
            git(repository, "config", key, str(trap))
        git(repository, "config", "core.hooksPath", str(self.tmp))
        for hook in ("post-index-change", "reference-transaction", "post-checkout"):
            (self.tmp / hook).symlink_to(trap)
        self.assertEqual(len(answers(repository)), 2)
        self.assertFalse((self.tmp / "sprung").exists())


if __name__ == "__main__":
    if not PRINT:
        raise SystemExit("PRINT_HISTORY must name the program print_history")
    main()
