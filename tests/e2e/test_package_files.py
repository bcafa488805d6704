"""The files of a package, and the text of its newest one, are those of real cargos, in many layouts of packages."""

import json
import os
import subprocess
from pathlib import Path

from steadytest import E2ECase, main
from steadytest.run import clean_env, run_cargo

PRINT = os.environ["PRINT_PACKAGE"]

#: What `cargo package --list` adds or makes anew whether it is there or not.
MADE = {".cargo_vcs_info.json", "Cargo.toml.orig", "Cargo.lock"}

MANIFEST = '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n'
NESTED = '[package]\nname = "nested"\nversion = "0.1.0"\n'
BASE = {"Cargo.toml": MANIFEST, "src/lib.rs": "", "build.rs": "fn main() {}\n", "README": "x", ".hidden": "x", ".dot/x": "x",
        "data/a.txt": "a", "data/deep/b.txt": "b", "data/deep/c.bin": "c", "other/target/x": "x", "Target/x": "x",
        "with space/\u00fc.txt": "x"}


def git(root, *args):
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "protocol.file.allow=always", "-C", str(root),
                    *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   env=clean_env(GIT_CONFIG_NOSYSTEM="1"))


def write(root, files):
    for path, text in files.items():
        full = Path(root) / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text)


def commit(root):
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "x")


def plain(root):
    write(root, BASE)


def tracked(root):
    plain(root)
    commit(root)


def untracked_files(root):
    write(root, {**BASE, ".gitignore": "*.log\n/ignored/\n!keep.log\nsome/*\n!some/kept\n"})
    commit(root)
    write(root, {"new.txt": "x", "new/deep/x.txt": "x", "a.log": "x", "data/b.log": "x", "keep.log": "x", "ignored/x": "x",
                 "data/ignored/x": "x", "some/lost": "x", "some/kept": "x", ".hidden2": "x", "target/junk": "x"})


def ignored_but_tracked(root):
    write(root, {**BASE, "gen/x.txt": "x", "target/kept.txt": "x", ".gitignore": "gen/\ntarget\n"})
    git(root, "init", "-q")
    git(root, "add", "-A", "-f")
    git(root, "commit", "-qm", "x")
    write(root, {"gen/y.txt": "x", "target/lost.txt": "x"})


def info_exclude(root):
    tracked(root)
    write(root, {".git/info/exclude": "secret*\n", "secret.txt": "x", "data/secret": "x", "open.txt": "x",
                 "data/.gitignore": "*.tmp\n", "data/x.tmp": "x", "x.tmp": "x"})


def nested_packages(root):
    write(root, {**BASE, "nested/Cargo.toml": NESTED, "nested/src/lib.rs": "", "data/inner/Cargo.toml": NESTED,
                 "data/inner/x": "x", "aaa/x": "x", "aaa/Cargo.toml": NESTED})


def nested_packages_tracked(root):
    nested_packages(root)
    commit(root)
    write(root, {"late/Cargo.toml": NESTED, "late/x": "x", "skipped/Cargo.toml": NESTED, "skipped/x": "x",
                 ".gitignore": "skipped/Cargo.toml\n"})


def deleted_and_moved(root):
    tracked(root)
    (root / "data/a.txt").unlink()
    (root / "README").rename(root / "README.md")


def manifest_untracked(root):
    write(root, {"x.txt": "x", ".gitignore": "data/\n"})
    commit(root)
    plain(root)


def exclude(root):
    write(root, {**BASE, "Cargo.toml": MANIFEST + 'exclude = ["*.txt", "/data/deep/**", "!data/deep/b.txt", "other/"]\n'})


def exclude_tracked(root):
    exclude(root)
    commit(root)


def include(root):
    write(root, {**BASE, "Cargo.toml": MANIFEST + 'include = ["src/**/*.rs", "/build.rs", "data", "!*.bin", ".dot/"]\n'})


def include_tracked(root):
    include(root)
    write(root, {".gitignore": "data/\n"})
    commit(root)


def alternatives(root):
    write(root, {**BASE, "Cargo.toml": MANIFEST + 'include = ["{src,data}/**/*.{rs,txt}", "build.r[st]", "READ?E"]\n'})


def links(root):
    plain(root)
    (root / "link.txt").symlink_to("data/a.txt")
    (root / "dangling").symlink_to("nowhere")
    (root / "linked").symlink_to("data/deep")
    (root / "data/up").symlink_to("..")


def links_tracked(root):
    plain(root)
    (root / "link.txt").symlink_to("data/a.txt")
    (root / "linked").symlink_to("data/deep")
    commit(root)
    (root / "later").symlink_to("data")
    write(root, {".gitignore": "skipped/\n"})
    (root / "skipped").symlink_to("data")


def submodule(root):
    other = root.parent / "other"
    write(other, {"a.c": "x", ".gitignore": "*.o\n", ".hidden": "x", "sub/b.c": "x"})
    commit(other)
    tracked(root)
    git(root, "submodule", "--quiet", "add", str(other), "vendored")
    git(root, "commit", "-qm", "y")
    write(root, {"vendored/a.o": "x", "vendored/new.c": "x"})


def submodule_absent(root):
    submodule(root)
    git(root, "submodule", "--quiet", "deinit", "-f", "vendored")


def repository_inside(root):
    tracked(root)
    write(root, {"inside/x": "x", "inside/y.o": "x", "inside/.gitignore": "*.o\n", "inside/target/z": "z"})
    commit(root / "inside")


def below_repository(root):
    write(root.parent, {"top.txt": "x", ".gitignore": "*.log\n"})
    write(root, {**BASE, "x.log": "x"})
    commit(root.parent)
    write(root, {"new.txt": "x", "Cargo.lock": "version = 3\n"})


def worktree(root):
    main_tree = root.parent / "main"
    write(main_tree, BASE)
    commit(main_tree)
    root.rmdir()
    git(main_tree, "worktree", "add", "-q", str(root), "-b", "other")
    write(root, {"new.txt": "x"})


def split_index(root):
    tracked(root)
    git(root, "update-index", "--split-index")
    write(root, {"new.txt": "x", ".gitignore": "*.log\n", "y.log": "x"})


def bad_git_file(root):
    plain(root)
    write(root, {".git": "gitdir: /nowhere/at/all\n"})


def strange_name(root):
    tracked(root)
    write(root, {"new\nline": "x", "quote\"d": "x", "back\\slash": "x", "[a]": "x", "a": "x"})


def foreign_owner(root):
    ignored_but_tracked(root)
    for path in [root, *root.rglob("*")]:
        os.chown(path, 12345, 12345, follow_symlinks=False)


LAYOUTS = [plain, tracked, untracked_files, ignored_but_tracked, info_exclude, nested_packages, nested_packages_tracked,
           deleted_and_moved, manifest_untracked, exclude, exclude_tracked, include, include_tracked, alternatives, links,
           links_tracked, submodule, submodule_absent, repository_inside, below_repository, worktree, split_index,
           bad_git_file, strange_name]

if os.geteuid() == 0:
    LAYOUTS.append(foreign_owner)

#: `cargo package` adds the README whatever `include` says; builds do not look at it then.
KEEP_README = {"include", "include_tracked"}


class PackageFiles(E2ECase):
    def ours(self, tool, root):
        env = clean_env(GIT_CONFIG_NOSYSTEM="1")
        done = subprocess.run([PRINT, "--minor", str(tool.version[1]), str(root), str(root)], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            return None, done.stderr
        head, newest = done.stdout[:-1].rsplit("\n", 1)
        return head, newest

    def theirs(self, tool, root, target):
        run = run_cargo(tool, ["build", "--offline"], root, clean_env(CARGO_TARGET_DIR=target), json_messages=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        texts = set()
        for path in target.rglob("run-build-script-*.json"):
            for local in json.loads(path.read_text())["local"]:
                texts.add(local["Precalculated"])
        self.assertEqual(len(texts), 1)
        return texts.pop()

    def listed(self, tool, root):
        done = subprocess.run([str(tool.program), *tool.options, "package", "--list", "--allow-dirty", "--offline"], cwd=root,
                              env=clean_env(**tool.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def settle(self, root, when):
        """All files equally old: then the order of the listing shows in the text of the newest."""
        for folder, _, names in os.walk(root):
            if ".git" in Path(folder).parts:
                continue
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path) and name != ".git":
                    os.utime(path, ns=(when, when))

    def compare(self, name, layout, order):
        tool = self.cargo(name)
        root = self.tmp / layout.__name__ / "app"
        root.mkdir(parents=True)
        layout(root)
        target = root.parent / "built"
        first = self.theirs(tool, root, target)
        files, newest = self.ours(tool, root)
        self.assertEqual(newest, first)
        if layout is not strange_name:
            made = MADE | {"README"} if layout.__name__ in KEEP_README else MADE
            self.assertEqual(set(files.split("\n")) - made, set(self.listed(tool, root).split("\n")) - made - {""})
        self.settle(root, 1_600_000_000_123_456_789)
        if order:
            self.assertEqual(self.ours(tool, root)[1], self.theirs(tool, root, root.parent / "again"))
        # Another file is the newest.
        path = sorted(files.split("\n"))[-1]
        os.utime(root / path, ns=(1_700_000_000_000_000_007, 1_700_000_000_000_000_007))
        self.assertEqual(self.ours(tool, root)[1], self.theirs(tool, root, root.parent / "third"))

    def every(self, name, order=True, skip=()):
        for layout in LAYOUTS:
            if layout.__name__ not in skip:
                with self.subTest(layout=layout.__name__):
                    self.compare(name, layout, order)

    def test_path(self):
        self.every("path")

    def test_debian(self):
        # cargo 1.65 reads git by libgit2, and cannot split indexes. Directories that git does not know it walks without asking
        # what git ignores there. Another user's repository is none to it; that shows in the recorded text, and is no proof.
        self.every("debian", skip={"split_index", "untracked_files", "nested_packages_tracked", "repository_inside",
                                   "foreign_owner"})

    def test_debian_web(self):
        self.every("debian-web")


if __name__ == "__main__":
    main()
