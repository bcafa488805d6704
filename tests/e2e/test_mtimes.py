"""cargo steady mtimes: which files get which times, what is left alone, and how it compares with git-restore-mtime."""

import json
import os
import random
import shutil
import signal
import subprocess
import tarfile
import time
import unittest
from pathlib import Path

from steadytest import E2ECase, Workspace, clean_env, main, snapshot, snapshot_difference
from steadytest.histories import START, History, git, present_if, random_history

STEADY = os.environ.get("CARGO_STEADY", "cargo-steady")
FILE = "100644"


def run(where, *args, status=0, env=None):
    """cargo steady mtimes; returns its stderr."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "STEADY_"))}
    settings.update(GIT_CONFIG_NOSYSTEM="1", HOME=str(where), LC_ALL="C.UTF-8", **(env or {}))
    done = subprocess.run([STEADY, "mtimes", *map(str, args)], cwd=where, env=settings, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if done.returncode != status:
        raise AssertionError(f"exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    run.output = done.stdout.decode()
    return done.stderr.decode(errors="replace")


def report(where, *args, **more) -> dict:
    run(where, "--format", "json", *args, **more)
    return json.loads(run.output)


def verdicts(where, *args, **more) -> dict:
    return {item["path"]: item["verdict"] for item in report(where, *args, **more)["files"]}


def mtime(path) -> int:
    return os.lstat(path).st_mtime_ns


def files_below(root):
    """Every path git tracks, as bytes."""
    return [name for name in git(root, "ls-files", "-z").split(b"\0") if name]


def sample() -> History:
    """Author times lie 50 s before committer times; the last commit merges two branches and adds a file of its own."""
    history = History()

    def add(parents, tree, time):
        return history.add(parents, tree, START + time, START + time - 50)

    a = add([], {b"a": (FILE, b"1"), b"d/b": (FILE, b"1"), b"d/e/c": (FILE, b"1"), b"l": ("120000", b"a")}, 1000)
    b = add([a], dict(history.commits[a].tree, **{}) | {b"a": (FILE, b"2")}, 2000)
    c = add([a], history.commits[a].tree | {b"d/b": (FILE, b"2"), b"d/new": (FILE, b"1")}, 3000)
    merge = history.commits[b].tree | {b"d/b": (FILE, b"2"), b"d/new": (FILE, b"1"), b"evil": (FILE, b"1")}
    add([b, c], merge, 4000)
    return history


class Stamps(E2ECase):
    def checkout(self, history, name="r", clone=True, **more):
        origin = history.write(self.tmp / f"{name}.origin", **more)
        if not clone:
            git(origin, "checkout", "-q", "-f", "main")
            return origin
        git(self.tmp, "clone", "-q", str(origin), str(self.tmp / name))
        return self.tmp / name

    def times(self, root, *paths):
        return [mtime(root / path) / 1e9 - START for path in paths]

    def quiet(self, root):
        """Does git see no modification without reading files again?"""
        git(root, "diff-index", "--quiet", "HEAD")
        git(root, "diff-files", "--quiet")

    def test_every_file_of_random_histories(self):
        for seed in range(6):
            history = random_history(7000 + seed, commits=50)
            for commit in history.commits:
                commit.tree = {path: entry for path, entry in commit.tree.items() if entry[0] != "160000"}
            root = self.checkout(history, f"r{seed}")
            run(root)
            for path, at in history.answers().items():
                self.assertEqual(mtime(os.fsencode(root) + b"/" + path), history.commits[at].committer * 10**9, (seed, path))
            for path, at in history.answers(listings=True).items():
                self.assertEqual(mtime(os.fsencode(root) + b"/" + path), history.commits[at].committer * 10**9, (seed, path))
            self.quiet(root)
            self.assertEqual(set(verdicts(root).values()) - {"right"}, set())
            run(root, "--check")

    def test_summary_and_check(self):
        root = self.checkout(sample())
        run(root, "--check", status=1)
        said = run(root)
        self.assertIn("the times of 6 files and 3 directories", said)
        run(root, "--check")
        self.assertEqual(run(root, "-q"), "")

    def test_changed_files_keep_their_times(self):
        root = self.checkout(sample())
        (root / "a").write_text("X")
        os.utime(root / "a", (START + 5, START + 5))
        (root / "d/b").write_text("staged")
        git(root, "add", "d/b")
        git(root, "rm", "-q", "--cached", "evil")
        os.chmod(root / "d/new", 0o755)
        before = {path: mtime(root / path) for path in ("a", "d/b", "evil", "d/new")}
        found = verdicts(root)
        self.assertEqual({path: mtime(root / path) for path in before}, before)
        self.assertEqual([found[path] for path in before], ["changed", "changed", "missing", "changed"])
        self.assertEqual(found["d/e/c"], "set")
        found = verdicts(root, "--force")
        self.assertEqual([found[path] for path in before], ["set", "set", "missing", "set"])
        self.assertEqual(mtime(root / "evil"), before["evil"], "untracked now")
        self.assertEqual(self.times(root, "a"), [2000])
        self.assertIn(b" M a\n", git(root, "status", "--porcelain"))

    def test_same_size_edit_under_check_stat_minimal(self):
        root = self.checkout(sample())
        git(root, "config", "core.checkStat", "minimal")
        git(root, "config", "core.trustctime", "false")
        run(root)
        stamp = mtime(root / "a")
        (root / "a").write_text("9")
        os.utime(root / "a", ns=(stamp, stamp))
        self.assertEqual(verdicts(root)["a"], "changed")
        self.assertEqual((root / "a").read_text(), "9")
        git(root, "update-index", "--assume-unchanged", "a")
        self.assertEqual(verdicts(root)["a"], "changed")

    def test_directories_that_list_something_else(self):
        root = self.checkout(sample())
        (root / "d/e/stranger").write_text("")
        (root / "d/new").unlink()
        found = verdicts(root)
        self.assertEqual((found[""], found["d"], found["d/e"]), ("set", "changed", "changed"))
        (root / "d/e/stranger").unlink()
        (root / ".git/info/exclude").write_text("stranger\n")
        (root / "d/e/stranger").write_text("")
        git(root, "checkout", "-q", "d/new")
        found = verdicts(root)
        self.assertEqual((found["d"], found["d/e"]), ("set", "set"))
        shutil.rmtree(root / "d/e")
        self.assertEqual(verdicts(root)["d"], "changed")

    def test_line_ends_and_filters(self):
        history = History()
        history.add([], {b".gitattributes": (FILE, b"*.txt text eol=crlf\n*.big filter=big\n*.id ident\n"), b"a.txt": (FILE, b"1\n2\n"),
                         b"b.big": (FILE, b"1"), b"c.id": (FILE, b"$Id$\n")})
        root = self.checkout(history)
        self.assertEqual((root / "a.txt").read_bytes(), b"1\r\n2\r\n")
        git(root, "config", "filter.big.clean", f"touch {self.tmp}/sprung; cat")
        for name in ("a.txt", "b.big", "c.id"):
            os.utime(root / name)
        found = verdicts(root)
        self.assertEqual([found[name] for name in ("a.txt", "b.big", "c.id")], ["set", "set", "set"])
        self.assertEqual((root / "c.id").read_bytes()[:5], b"$Id: ")
        (root / "a.txt").write_bytes(b"1\r\n3\r\n")
        (root / "b.big").write_bytes(b"smudged")
        found = verdicts(root)
        self.assertEqual([found[name] for name in ("a.txt", "b.big")], ["changed", "unsure"])
        self.assertFalse((self.tmp / "sprung").exists())

    def test_links_are_stamped_themselves_and_not_followed(self):
        history = History()
        history.add([], {b"l": ("120000", b"../outside"), b"dir/f": (FILE, b"1"), b"x/y/f": (FILE, b"1")})
        root = self.checkout(history)
        outside = self.tmp / "outside"
        outside.mkdir()
        (outside / "f").write_text("1")
        before = mtime(outside), mtime(outside / "f")
        shutil.rmtree(root / "dir")
        (root / "dir").symlink_to("../outside")
        shutil.rmtree(root / "x/y")
        (root / "x/y").symlink_to("../../outside")
        run(root, "--force")
        self.assertEqual((mtime(outside), mtime(outside / "f")), before)
        self.assertEqual(mtime(root / "l"), START * 10**9)

    def test_fifo_and_directory_in_the_place_of_files(self):
        root = self.checkout(sample())
        (root / "a").unlink()
        os.mkfifo(root / "a")
        shutil.rmtree(root / "d/e")
        (root / "d/e").write_text("")
        (root / "evil").unlink()
        (root / "evil").mkdir()
        found = verdicts(root)
        self.assertEqual((found["a"], found["d/e/c"], found["evil"]), ("changed", "missing", "changed"))

    def test_never_into_the_future(self):
        history = History()
        history.add([], {b"a": (FILE, b"1")}, time=4_000_000_000)
        root = self.checkout(history)
        run(root)
        self.assertLessEqual(mtime(root / "a"), time.time_ns())

    def test_sparse_checkout(self):
        for extra in ([], ["--sparse-index"]):
            root = self.checkout(sample(), "sparse" + "".join(extra))
            git(root, "sparse-checkout", "set", "--cone", *extra, "d/e")
            self.assertFalse((root / "d/x").exists())
            found = verdicts(root)
            self.assertEqual(found["d/e/c"], "set", extra)
            self.assertEqual(self.times(root, "d/e/c"), [1000])
            self.quiet(root)

    def test_split_index(self):
        root = self.checkout(sample())
        git(root, "update-index", "--split-index")
        os.utime(root / "a")
        run(root)
        self.assertEqual(self.times(root, "a", "d/b", "evil"), [2000, 3000, 4000])
        self.quiet(root)

    def test_sha256(self):
        history = sample()
        root = self.checkout(history, init=["--object-format=sha256"])
        os.utime(root / "a")
        (root / "d/b").write_text("x")
        found = verdicts(root)
        self.assertEqual(self.times(root, "a", "evil", "d/e"), [2000, 4000, 1000])
        self.assertEqual(found["d/b"], "unsure")
        self.assertNotIn(b" a\n", git(root, "status", "--porcelain"))

    def test_shallow(self):
        self.checkout(sample())
        git(self.tmp, "clone", "-q", "--depth", "1", f"file://{self.tmp}/r.origin", str(self.tmp / "s"))
        before = mtime(self.tmp / "s/a")
        said = report(self.tmp / "s")
        self.assertEqual({item["verdict"] for item in said["files"]}, {"no-history"})
        self.assertTrue(said["summary"]["shallow"])
        self.assertEqual(mtime(self.tmp / "s/a"), before)
        self.assertIn("the clone is shallow", run(self.tmp / "s"))

    def test_partial_clones(self):
        origin = self.checkout(sample(), clone=False)
        git(origin, "config", "uploadpack.allowFilter", "true")
        for kind, works in (("blob:none", True), ("tree:0", False)):
            clone = self.tmp / kind.replace(":", "-")
            git(self.tmp, "clone", "-q", f"--filter={kind}", f"file://{origin}", str(clone))
            said = run(clone)
            if works:
                self.assertEqual(self.times(clone, "a", "d/b"), [2000, 3000])
            else:
                self.assertEqual(len([line for line in said.splitlines() if line.startswith("warning:")]), 1, said)

    def test_no_repository_no_commits(self):
        (self.tmp / "none").mkdir()
        self.assertIn("no git repository", run(self.tmp / "none", status=3))
        git(self.tmp / "none", "init", "-q")
        self.assertIn("no commits yet", run(self.tmp / "none"))
        git(self.tmp, "init", "-q", "--bare", "bare")
        self.assertIn("no work tree", run(self.tmp / "bare", status=3))

    def test_submodules(self):
        inner = sample().write(self.tmp / "inner")
        root = self.checkout(sample())
        git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub/mod")
        git(root, "commit", "-q", "-m", "s", GIT_COMMITTER_DATE=f"{START + 9000} +0000")
        before = mtime(root / "sub/mod/a")
        run(root)
        self.assertEqual(self.times(root, "sub/mod", "sub"), [9000, 9000])
        self.assertEqual(mtime(root / "sub/mod/a"), before)
        found = report(root, "--submodules")
        self.assertEqual(self.times(root, "sub/mod/a", "sub/mod/d/b"), [2000, 3000])
        self.assertEqual(found["summary"]["repositories"], 2)
        self.assertIn("sub/mod/d/b", {item["path"] for item in found["files"]})
        self.quiet(root)

    def test_linked_worktree(self):
        root = self.checkout(sample())
        git(root, "worktree", "add", "-q", str(self.tmp / "linked"))
        run(self.tmp / "linked")
        self.assertEqual(self.times(self.tmp / "linked", "a", "d/b"), [2000, 3000])
        self.quiet(self.tmp / "linked")

    def test_locked_index_is_no_failure(self):
        root = self.checkout(sample())
        (root / ".git/index.lock").write_text("")
        self.assertIn("index was not refreshed", run(root))
        self.assertEqual(self.times(root, "a"), [2000])

    def test_since_cache(self):
        root = self.checkout(sample())
        run(root)
        (root / "a").write_text("3")
        os.utime(root / "d/b")
        git(root, "commit", "-q", "-am", "m", GIT_COMMITTER_DATE=f"{START + 5000} +0000")
        self.assertEqual(verdicts(root, "--since-cache", "-n")["a"], "set")
        before = mtime(root / "d/b")
        found = verdicts(root, "--since-cache")
        self.assertEqual((found["a"], found["d/b"]), ("set", "skipped"))
        self.assertEqual((self.times(root, "a"), mtime(root / "d/b")), ([5000], before))

    def test_pathspecs(self):
        root = self.checkout(sample())
        self.assertEqual(set(verdicts(root, "-n", "d")), {"d", "d/b", "d/e", "d/e/c", "d/new"})
        self.assertEqual(set(verdicts(root / "d", "-n", "e", ":/a")), {"d/e", "d/e/c", "a"})
        self.assertEqual(set(verdicts(root, "-n", "d/*")), {"d/b", "d/e", "d/e/c", "d/new"})
        self.assertEqual(set(verdicts(root / "d", "-n", "../a")), {"a"})
        self.assertIn("matches nothing", run(root, "nothing", status=3))
        run(root, ":!a", status=2)
        run(root, "../x", status=2)
        run(root, "d/b")
        self.assertEqual(self.times(root, "d/b"), [3000])
        self.assertNotEqual(self.times(root, "a"), [2000])

    def test_where(self):
        root = self.checkout(sample())
        run(self.tmp, "-C", root / "d", "b")
        self.assertEqual(self.times(root, "d/b"), [3000])
        shutil.move(root / ".git", self.tmp / "moved")
        run(root, "--git-dir", "../moved", "a")
        self.assertEqual(self.times(root, "a"), [2000])
        run(self.tmp, "--git-dir", "moved", "--work-tree", "r")
        self.assertEqual(self.times(root, "evil"), [4000])


class Places(E2ECase):
    """Repositories and work trees of unusual kinds."""

    checkout = Stamps.checkout
    times = Stamps.times
    quiet = Stamps.quiet

    def nothing_done(self, root, words, **more):
        """One warning, nothing set, no failure."""
        before = {path: mtime(root / path) for path in ("a", "d/b", "d")}
        said = run(root, **more)
        self.assertEqual(len([line for line in said.splitlines() if not line.startswith("  help: ")]), 1, said)
        self.assertRegex(said, f"warning: no times were set: .*{words}")
        self.assertEqual({path: mtime(root / path) for path in before}, before)
        self.assertEqual(report(root, **more)["files"], [])

    @present_if(os.geteuid() == 0)
    def test_foreign_owner(self):
        root = self.checkout(sample())
        for path in [root, *root.rglob("*")]:
            os.chown(path, 12345, 12345, follow_symlinks=False)
        self.nothing_done(root, "belongs to another user")
        (root / ".gitconfig").write_text(f"[safe]\n\tdirectory = {root}\n")
        run(root)
        self.assertEqual(self.times(root, "a", "d/b"), [2000, 3000])

    @present_if(os.geteuid() == 0)
    def test_foreign_owner_that_git_is_asked_about(self):
        root = self.checkout(sample(), init=["--object-format=sha256"])
        for path in [root, *root.rglob("*")]:
            os.chown(path, 12345, 12345, follow_symlinks=False)
        self.nothing_done(root, "neither libgit2 nor git")

    def test_no_git_program(self):
        root = self.checkout(sample(), init=["--object-format=sha256"])
        self.nothing_done(root, "git program", env={"PATH": str(self.tmp)})

    def test_bare_repository_with_a_work_tree(self):
        origin = self.checkout(sample(), clone=False)
        git(self.tmp, "clone", "-q", "--bare", str(origin), "bare")
        (self.tmp / "tree").mkdir()
        git(self.tmp, "--git-dir", "bare", "--work-tree", "tree", "checkout", "-q", "-f", "main")
        run(self.tmp, "--git-dir", "bare", "--work-tree", "tree")
        self.assertEqual(self.times(self.tmp / "tree", "a", "d/b", "evil", "d/e"), [2000, 3000, 4000, 1000])
        git(self.tmp, "--git-dir", "bare", "--work-tree", "tree", "diff-index", "--quiet", "HEAD")

    def test_linked_worktree_with_its_own_configuration(self):
        root = self.checkout(sample())
        git(root, "config", "extensions.worktreeConfig", "true")
        git(root, "worktree", "add", "-q", str(self.tmp / "linked"))
        git(self.tmp / "linked", "config", "--worktree", "core.autocrlf", "false")
        run(self.tmp / "linked" / "d", "b")
        self.assertEqual(self.times(self.tmp / "linked", "d/b"), [3000])
        self.quiet(self.tmp / "linked")

    def test_replaced_history(self):
        root = self.checkout(sample())
        tip = git(root, "rev-parse", "HEAD").decode().strip()
        git(root, "replace", "--graft", tip)
        run(root)
        self.assertEqual(self.times(root, "a", "d/b", "d/e/c"), [4000, 4000, 4000])
        self.quiet(root)

    def test_paths_of_any_bytes(self):
        names = [b"new\nline", b"d/\n", b"q\"uo'te\\", b"\xff\xfe/\xff", b"tab\t", b" ", b"-n", b":(top)x", b"*", b"\xc3\xa9"]
        history = History()
        for i, name in enumerate(names):
            history.add([i - 1] if i else [], {path: (FILE, b"1") for path in names[:i + 1]})
        for kind in ([], ["--object-format=sha256"]):
            history.id_length = 64 if kind else 40
            root = self.checkout(history, "r" + "".join(kind), init=kind)
            for name in names:
                os.utime(os.fsencode(root) + b"/" + name)
            found = verdicts(root)
            self.assertEqual({mtime(os.fsencode(root) + b"/" + name) for name in names},
                             {commit.committer * 10**9 for commit in history.commits}, found)
            self.quiet(root)

    def test_ignored_names_where_only_git_reads(self):
        root = self.checkout(sample(), init=["--object-format=sha256"])
        (root / ".git/info/exclude").write_text("target/\n*.log\n")
        (root / "target").mkdir()
        (root / "d/e/x\ny.log").write_text("")
        (root / "d/stranger").write_text("")
        found = verdicts(root)
        self.assertEqual((found[""], found["d"], found["d/e"]), ("set", "changed", "set"))

    def test_interrupted_without_a_trace(self):
        history = History()
        tree = {}
        for i in range(600):
            tree[b"d%d/f%d" % (i % 40, i % 300)] = (FILE, b"%d" % i)
            history.add([i - 1] if i else [], tree)
        root = self.checkout(history)
        names = {path.name for path in (root / ".git").iterdir()}
        started = time.monotonic()
        run(root)
        whole = time.monotonic() - started
        interrupted = 0
        for i in range(40):
            for path in root.glob("d*/*"):
                os.utime(path)
            (root / ".git/steady-history").unlink(missing_ok=True)
            child = subprocess.Popen([STEADY, "mtimes"], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(whole * i / 40)
            child.send_signal((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[i % 3])
            interrupted += child.wait() < 0
            self.assertEqual({path.name for path in (root / ".git").iterdir()} - {"steady-history"}, names)
            git(root, "diff", "--quiet", "HEAD")
        self.assertGreater(interrupted, 5)
        run(root)
        self.quiet(root)
        self.assertEqual(set(verdicts(root).values()), {"right"})


class Targets(E2ECase):
    """Times alone leave stale crates behind; so the target directory is judged around them."""

    def workspace(self):
        root = self.tmp / "ws"
        package = '[package]\nname = "{0}"\nversion = "0.1.0"\nedition = "2021"\n'
        ws = Workspace(root, self.cargo("path"), {
            "Cargo.toml": '[workspace]\nmembers = ["app", "lib"]\nresolver = "2"\n',
            "lib/Cargo.toml": package.format("lib"),
            "lib/src/lib.rs": "pub fn lib() -> &'static str { \"lib\" }\n",
            "app/Cargo.toml": package.format("app") + '[dependencies]\nlib = { path = "../lib" }\n',
            "app/src/main.rs": "",
            ".gitignore": "target\nCargo.lock\n.cargo\n",
        })
        self.say(root, "one")
        git(root, "init", "-q", "-b", "main")
        self.commit(root, "one", 1000)
        self.say(root, "two")
        self.commit(root, "two", 2000)
        return ws

    def say(self, root, word):
        (root / "app/src/main.rs").write_text(f'fn main() {{ println!("{word} {{}}", lib::lib()); }}\n')

    def commit(self, root, name, time):
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", name, GIT_COMMITTER_DATE=f"{START + time} +0000", GIT_AUTHOR_DATE=f"{START + time} +0000")
        git(root, "tag", name)

    def speak(self, ws):
        return subprocess.run([ws.root / "target/debug/app"], stdout=subprocess.PIPE, check=True).stdout.decode().split()[0]

    def steady(self, ws, *args):
        done = subprocess.run([STEADY, *args], cwd=ws.root, env=clean_env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr.decode()

    def test_older_branch_on_a_newer_build(self):
        ws = self.workspace()
        ws.cargo("build")
        self.assertEqual(self.speak(ws), "two")
        self.steady(ws, "save")
        git(ws.root, "checkout", "-q", "one")
        self.assertIn("1 of 2 units fresh", self.steady(ws, "mtimes").replace("of 3", "of 2"))
        self.assertEqual(mtime(ws.root / "app/src/main.rs"), (START + 1000) * 10**9)
        build = ws.cargo("build")
        self.assertEqual(self.speak(ws), "one")
        self.assertEqual(build.compiled, ["app"])
        self.steady(ws, "mtimes")
        self.assertEqual(ws.cargo("build").compiled, [])

    def test_times_alone_are_stale(self):
        ws = self.workspace()
        ws.cargo("build")
        git(ws.root, "checkout", "-q", "one")
        self.steady(ws, "mtimes", "--only-mtimes")
        self.assertEqual(ws.cargo("build").compiled, [])
        self.assertEqual(self.speak(ws), "two", "what the judging is for")

    def test_fresh_checkout_stays_fresh(self):
        ws = self.workspace()
        ws.cargo("build")
        self.steady(ws, "save")
        shutil.copytree(ws.root, self.tmp / "copy", symlinks=True)
        shutil.rmtree(ws.root)
        git(self.tmp, "clone", "-q", str(self.tmp / "copy"), str(ws.root))
        subprocess.run(["cp", "-a", str(self.tmp / "copy/target"), str(self.tmp / "copy/Cargo.lock"), str(ws.root)], check=True)
        self.steady(ws, "mtimes")
        self.assertEqual(mtime(ws.root / "lib/src/lib.rs"), (START + 1000) * 10**9)
        self.assertEqual(ws.cargo("build").compiled, [])
        self.say(ws.root, "new")
        self.assertEqual(ws.cargo("build").compiled, ["app"])
        self.assertEqual(self.speak(ws), "new")

    def test_restore_with_mtimes(self):
        ws = self.workspace()
        self.assertIn("the times of 6 files and 5 directories", self.steady(ws, "restore", "--mtimes"))
        ws.cargo("build")
        self.steady(ws, "save")
        for path in ("lib/src/lib.rs", "app/src/main.rs", "app/Cargo.toml"):
            os.utime(ws.root / path)
        self.steady(ws, "restore", "--mtimes", "-n")
        self.assertGreater(mtime(ws.root / "lib/src/lib.rs"), (START + 100_000) * 10**9)
        self.steady(ws, "restore", "--mtimes")
        self.assertEqual(mtime(ws.root / "lib/src/lib.rs"), (START + 1000) * 10**9)
        self.assertEqual(ws.cargo("build").compiled, [])
        git(ws.root, "checkout", "-q", "one")
        self.steady(ws, "restore", "--mtimes")
        self.assertEqual(ws.cargo("build").compiled, ["app"])
        self.assertEqual(self.speak(ws), "one")
        shutil.rmtree(ws.root / ".git")
        self.assertIn("no times were set", self.steady(ws, "restore", "--mtimes"))
        self.assertEqual(ws.cargo("build").compiled, [])

    def test_in_place_without_records(self):
        ws = self.workspace()
        time.sleep(1)
        ws.cargo("build")
        self.steady(ws, "mtimes")
        self.assertEqual(ws.cargo("build").compiled, [])
        git(ws.root, "checkout", "-q", "one")
        self.steady(ws, "mtimes")
        self.assertEqual(ws.cargo("build").compiled, ["app"])
        self.assertEqual(self.speak(ws), "one")

    def test_dry_run_changes_nothing(self):
        ws = self.workspace()
        ws.cargo("build")
        before = snapshot(ws.root / "target")
        self.steady(ws, "mtimes", "-n")
        self.assertEqual(snapshot_difference(before, snapshot(ws.root / "target")), [])


class Options(E2ECase):
    """Option by option, what git-restore-mtime does, where it is right."""

    def setUp(self):
        super().setUp()
        self.tool = shutil.which("git-restore-mtime") or "/usr/lib/git-core/git-restore-mtime"
        if not os.path.exists(self.tool):
            self.missing("no git-restore-mtime (Debian: package git-restore-mtime)")
        sample().write(self.tmp / "origin")

    def fresh(self, name):
        shutil.rmtree(self.tmp / name, ignore_errors=True)
        git(self.tmp, "clone", "-q", str(self.tmp / "origin"), str(self.tmp / name))
        return self.tmp / name

    def stamps(self, root, directories=True):
        found = {}
        for place, folders, names in os.walk(root):
            folders[:] = [folder for folder in folders if folder != ".git"]
            for name in names + (["."] if directories else []):
                path = os.path.normpath(os.path.join(place, name))
                found[os.path.relpath(path, root)] = mtime(path)
        return found

    def compare(self, theirs, ours=None, prepare=lambda root: None, directories=False, ignore=()):
        """Both stamp their own fresh clone; files get the same times. A path neither touches differs, so it counts as 0."""
        results = []
        for name in ("theirs", "ours"):
            root = self.fresh(name)
            for path in self.stamps(root):
                os.utime(root / path, (START + 777_777, START + 777_777), follow_symlinks=False)
            prepare(root)
            if name == "theirs":
                env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
                done = subprocess.run([self.tool, *theirs], cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                self.assertEqual(done.returncode, 0, done.stdout)
            else:
                run(root, *(theirs if ours is None else ours))
            results.append({path: at for path, at in self.stamps(root, directories).items() if path not in ignore})
        self.assertEqual({path: at / 1e9 - START for path, at in results[0].items()},
                         {path: at / 1e9 - START for path, at in results[1].items()})
        return results[1]

    def test_author_and_committer(self):
        self.compare([], ["--author-time"])
        self.compare(["-c"], [])
        self.compare(["-c"], ["--commit-time"])

    def test_merge(self):
        self.compare(["-c", "-m"])
        # Newer gits compare a merge with all its parents where -m stands beside --first-parent: `a` is the other branch's.
        self.compare(["-c", "-m", "--first-parent"], ignore=("a",))
        self.compare(["-c", "-m", "--first-parent"], ["--first-parent"], ignore=("a",))

    def test_skip_missing(self):
        found = self.compare(["-c", "-s"])
        self.assertEqual(found["evil"], (START + 777_777) * 10**9)

    def test_oldest(self):
        self.compare(["-c", "-o"])

    def test_no_directories(self):
        found = self.compare(["-c", "-D"], directories=True)
        self.assertEqual(found["d"], (START + 777_777) * 10**9)

    def test_directories(self):
        # What a merge itself did to a listing it cannot see.
        self.compare(["-c"], directories=True, ignore=(".", "d"))

    def test_test_run(self):
        run(self.fresh("ours"), "-t")
        found = self.stamps(self.fresh("again"))
        self.assertGreater(min(found.values()), (START + 100_000) * 10**9)

    def test_skip_older_than(self):
        def prepare(root):
            os.utime(root / "a", (1000, 1000))
            os.utime(root / "d/b")
        found = self.compare(["-c", "--skip-older-than", "3600"], prepare=prepare)
        self.assertEqual(found["a"], 1000 * 10**9)
        self.assertEqual(found["d/b"], (START + 3000) * 10**9)

    def test_skip_older_than_commit(self):
        def prepare(root):
            os.utime(root / "a", (1000, 1000))
        # It compares with what a link points to.
        found = self.compare(["-c", "-N"], prepare=prepare, ignore=("l",))
        self.assertEqual(found["a"], 1000 * 10**9)

    def test_force(self):
        def prepare(root):
            (root / "a").write_text("changed")
            (root / "untracked").write_text("x")
            (root / "evil").unlink()
            os.utime(root / "untracked", (5, 5))
            os.utime(root / "a", (6, 6))
        self.assertEqual(self.compare(["-c"], prepare=prepare)["a"], 6 * 10**9)
        self.assertEqual(self.compare(["-c", "-f"], prepare=prepare)["untracked"], 5 * 10**9)

    def test_pathspec_and_cwd(self):
        self.compare(["-c", "-D", "d"])
        self.compare(["-c", "-D", "-C", "."])

        self.compare(["-c", "-D", "--git-dir", ".git", "--work-tree", "."])

    def test_older_than_its_commit_from_a_directory_below(self):
        root = self.fresh("ours")
        for path, at in (("l", 1500), ("d/b", 3000), ("d/new", 3001)):
            os.utime(root / path, (START + at, START + at), follow_symlinks=False)
        run(root / "d", "-N", "--unique-times", ":/l", ":/d")
        found = {path: at / 1e9 - START for path, at in self.stamps(root).items()}
        self.assertAlmostEqual(found["l"], 1000, delta=1)
        self.assertEqual(found["d/b"], 3000)
        self.assertAlmostEqual(found["d/new"], 3000, delta=1)

    def test_quiet_and_verbose(self):
        root = self.fresh("ours")
        said = run(root, "-v")
        for path in ("a", "d/b", "l", "d/e"):
            self.assertRegex(said, rf"(?m)^ +Set {path} to 20\d\d-")
        self.assertEqual(run(self.fresh("ours"), "-q"), "")

    def test_access_times_are_kept(self):
        root = self.fresh("ours")
        os.utime(root / "a", (START + 5, START + 777_777))
        time.sleep(0.05)
        git(root, "update-index", "--refresh")
        before = os.stat(root / "a").st_atime_ns
        self.assertEqual(verdicts(root)["a"], "set")
        self.assertEqual((os.stat(root / "a").st_atime_ns, mtime(root / "a")), (before, (START + 2000) * 10**9))

    def test_unique_times(self):
        root = self.fresh("ours")
        run(root, "--unique-times")
        first = self.stamps(root)
        self.assertEqual(first["a"] // 10**9, START + 2000)
        (root / "later").write_text("x")
        git(root, "add", "later")
        git(root, "commit", "-q", "-m", "later")
        run(root, "--unique-times")
        second = self.stamps(root)
        self.assertEqual({path: second[path] for path in first if path != "."}, {path: first[path] for path in first if path != "."})

    def test_unique_times_of_one_second(self):
        history = History()
        tree = {}
        for i in range(5):
            tree[b"f%d" % i] = (FILE, b"%d" % i)
            history.add([i - 1] if i else [], tree, time=START)
        history.write(self.tmp / "second")
        git(self.tmp, "clone", "-q", str(self.tmp / "second"), str(self.tmp / "c"))
        run(self.tmp / "c", "--unique-times")
        stamps = [mtime(self.tmp / f"c/f{i}") for i in range(5)]
        self.assertEqual(stamps, sorted(set(stamps)))
        self.assertEqual({at // 10**9 for at in stamps}, {START})


if __name__ == "__main__":
    main()
