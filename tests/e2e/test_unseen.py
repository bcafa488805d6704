#!/usr/bin/env python3
"""What a unit was built from without cargo comparing it, or by other names than its own: each story leaves a stale program
where only paths and bytes of single files are looked at."""

import os
import shutil
import subprocess
import time

from scenario import ScenarioCase
from scenario_files import manifest, members, script, shown, workspace
from steadytest import main, steady

MADE = shown('include_str!(concat!(env!("OUT_DIR"), "/made.txt")).trim()')
HOUR = 3600 * 10**9


def asks_git(watched, *args):
    words = ", ".join(f'"{word}"' for word in args)
    return script(watched, f'String::from_utf8(std::process::Command::new("git").args([{words}]).output().unwrap().stdout).unwrap()')


class Git(ScenarioCase):
    """Scripts that watch more of the git directory than the commit."""

    files = {**workspace(["tags", "staged", "config", "all"]), "txt/msg.txt": "",
             "tags/Cargo.toml": manifest("tags"), "tags/src/lib.rs": MADE,
             "tags/build.rs": asks_git(["../.git/refs/tags", "../.git/HEAD"], "tag", "--list"),
             "staged/Cargo.toml": manifest("staged"), "staged/src/lib.rs": MADE,
             "staged/build.rs": asks_git(["../.git/index"], "diff", "--cached", "--name-only"),
             "config/Cargo.toml": manifest("config"), "config/src/lib.rs": MADE,
             "config/build.rs": asks_git(["../.git/config"], "config", "core.comment"),
             "all/Cargo.toml": manifest("all"), "all/src/lib.rs": MADE,
             "all/build.rs": asks_git(["../.git"], "tag", "--list")}

    def test_fresh_clone(self):
        world = self.world()
        for _ in range(2):
            world.travel()
            world.restore()
            run = world.build()
            world.save()
        self.assertEqual(run.compiled, [], run.reasons)

    def test_tag(self):
        self.check(lambda w: w.git("tag", "v1"), {"tags": "v1", "all": "v1"}, ["all", "app", "tags"])

    def test_packed_tag(self):
        def story(w):
            w.git("tag", "v1")
            w.git("pack-refs", "--all")
        self.check(story, {"tags": "v1", "all": "v1"}, ["all", "app", "tags"])

    def test_staged(self):
        def story(w):
            w.write("new.txt", "new\n")
            w.git("add", "new.txt")
        self.check(story, {"staged": "new.txt"}, ["all", "app", "staged"])

    def test_configuration(self):
        self.check(lambda w: w.git("config", "core.comment", "c"), {"config": "c"}, ["all", "app", "config"])


class InsideBare(ScenarioCase):
    """A bare repository with its work trees inside: what lies in them is not git's."""

    files = {**workspace(["scr"]), "txt/msg.txt": "", "scr/Cargo.toml": manifest("scr"), "scr/src/lib.rs": MADE,
             "scr/build.rs": script(["in.txt"], 'std::fs::read_to_string("in.txt").unwrap()'), "scr/in.txt": "one\n"}

    def test_edit(self):
        world = self.world()
        bare = world.folder / "bare"
        shutil.rmtree(bare, ignore_errors=True)
        world.git("clone", "-q", "--bare", str(world.root), str(bare), cwd=world.folder)
        world.git("worktree", "add", "-q", str(bare / "main"), "main", cwd=bare)
        inner = world.at(bare / "main")
        inner.restore()
        inner.build()
        inner.save()
        inner.write("scr/in.txt", "two\n")
        time.sleep(0.1)
        inner.restore()
        self.builds(inner, {"scr": "two"}, ["app", "scr"])


class Neighbours(ScenarioCase):
    """A workspace in a directory of its repository is copied with it; one script prints where a neighbour lies, another
    leaves its own place in the work tree."""

    place = "rust"
    files = {f"rust/{path}": text for path, text in {
        **workspace(["near", "side"]),
        "near/Cargo.toml": manifest("near"), "near/src/lib.rs": MADE,
        "near/build.rs": script(["build.rs"], 'std::fs::canonicalize("../../data").unwrap().display().to_string()'),
        "side/Cargo.toml": manifest("side"), "side/src/lib.rs": shown("place::PLACE", "mod place;\n"), ".gitignore": "place.rs\n/target\n",
        "side/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n    let text = '
                         'format!("pub const PLACE: &str = {:?};", std::env::var("CARGO_MANIFEST_DIR").unwrap());\n'
                         '    std::fs::write("src/place.rs", text).unwrap();\n}\n'}.items()}
    files = {**files, "data/x.txt": "x\n", "txt/msg.txt": ""}

    def test_copied(self):
        world = self.world()
        world.build()
        world.save()
        copy = world.at(world.folder / "copy")
        shutil.rmtree(copy.root, ignore_errors=True)
        subprocess.run(["cp", "-a", str(world.root), str(copy.root)], check=True)
        copy.restore()
        self.builds(copy, {"near": str(copy.root / "data"), "side": str(copy.root / "rust/side")}, ["app", "near", "side"])


class Vendored(ScenarioCase):
    """A vendored crate whose script names nothing, or variables alone as the crate cc does, is patched where it lies."""

    files = {**workspace(["all", "some"]),
             "Cargo.toml": members(["app"]).replace('resolver', 'exclude = ["vendor"]\nresolver'),
             "app/Cargo.toml": manifest("app", '\n[dependencies]\nall = "=0.1.0"\nsome = "=0.1.0"\n'),
             ".cargo/config.toml": '[source.crates-io]\nreplace-with = "here"\n\n[source.here]\ndirectory = "vendor"\n',
             "txt/msg.txt": ""}
    for name, before in (("all", ""), ("some", 'println!("cargo:rerun-if-env-changed=CC");\n    ')):
        files[f"vendor/{name}/Cargo.toml"] = manifest(name)
        files[f"vendor/{name}/.cargo-checksum.json"] = '{"files":{},"package":"%s"}' % ("0" * 64)
        files[f"vendor/{name}/c/x.c"] = "one\n"
        files[f"vendor/{name}/src/lib.rs"] = MADE
        files[f"vendor/{name}/build.rs"] = script([], 'std::fs::read_to_string("c/x.c").unwrap()').replace("let text", before + "let text")

    def test_unchanged(self):
        self.check(lambda w: w.travel(), {"all": "one", "some": "one"}, [], alone="more")

    def test_patched(self):
        def story(w):
            w.write("vendor/all/c/x.c", "two\n")
            w.write("vendor/some/c/x.c", "two\n")
            w.commit()
            w.travel()
        self.check(story, {"all": "two", "some": "two"}, ["all", "app", "some"], alone="stale")


class Ahead(ScenarioCase):
    """The library of a crate that cannot change comes from a clock ahead: what is built above it does not."""

    fetched = True
    files = {**workspace(["scr", "other"]), "txt/msg.txt": "", "scr/Cargo.toml": manifest("scr", '\n[build-dependencies]\ncfg-if = "1"\n'),
             "scr/src/lib.rs": MADE, "scr/build.rs": "use cfg_if as _;\n" + script(["in.txt"], 'std::fs::read_to_string("in.txt").unwrap()'),
             "scr/in.txt": "one\n", "other/Cargo.toml": manifest("other", '\n[dependencies]\ncfg-if = "1"\n'), "other/src/lib.rs": shown('"other"')}

    def ahead(self):
        world = self.world()
        for path in world.target.glob("debug/deps/libcfg_if-*"):
            stamp = path.stat().st_mtime_ns + HOUR
            os.utime(path, ns=(stamp, stamp))
        world.restore()
        return world

    def test_unchanged(self):
        self.builds(self.ahead(), {}, [])

    def test_edit(self):
        world = self.ahead()
        world.write("scr/in.txt", "two\n")
        self.builds(world, {"scr": "two"}, ["app", "scr"])

    def test_build_of_one_package(self):
        world = self.ahead()
        world.write("other/src/lib.rs", shown('"another"'))
        world.build("-p", "other")
        self.builds(world, {"other": "another"}, ["app"])


CLOCK = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int code = real(id, t);
	t->tv_sec -= id == CLOCK_REALTIME ? 3600 : 0;
	return code;
}
"""


class SetBack(ScenarioCase):
    """The clock was an hour ahead when something was built here, and is right again: what is edited now is older than that."""

    files = {**workspace(["other"]), "txt/msg.txt": "", "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"')}

    def test_nothing_is_proven_by_place(self):
        world = self.world()
        shutil.rmtree(world.target)
        world.build()
        (world.folder / "clock.c").write_text(CLOCK)
        clock = world.folder / "clock.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(clock), str(world.folder / "clock.c"), "-ldl"], check=True)
        count = {}
        for preload in (None, clock):
            env = dict(world.environment(), **({"LD_PRELOAD": str(preload)} if preload else {}))
            run = steady("restore", "--dry-run", "--format", "json", cwd=world.directory, env=env)
            count[preload] = [unit["verdict"] for unit in run.json["units"]].count("verified")
        self.assertEqual(count, {None: 2, clock: 0})


#: Makes it an addition to the linker's own script.
INSERTED = "SECTIONS { .nothing : { } } INSERT AFTER .comment;\n"


class Linked(ScenarioCase):
    """A script has a library linked that lies ready in the work tree, and a linker script; it watches neither."""

    files = {**workspace(["scr", "other"]), "txt/msg.txt": "", "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"'),
             "scr/Cargo.toml": manifest("scr"), "scr/src/lib.rs": shown(
                 "unsafe { format!(\"{} {:x}\", five(), &mark as *const u8 as usize & 0xfff) }",
                 'extern "C" { fn five() -> i32; static mark: u8; }\n'),
             "scr/build.rs": 'fn main() {\n    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();\n'
                             '    println!("cargo:rerun-if-changed=build.rs");\n    println!("cargo:rustc-link-lib=static=five");\n'
                             '    println!("cargo:rustc-link-search=native={}/lib", here);\n}\n',
             "app/build.rs": 'fn main() {\n    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap();\n'
                             '    println!("cargo:rerun-if-changed=build.rs");\n'
                             '    println!("cargo:rustc-link-arg-bins=-Wl,-T,{}/mark.ld", here);\n}\n',
             "app/mark.ld": "mark = 0x111;\n" + INSERTED}

    library, script = "scr/lib", "app/mark.ld"
    above, linked = ["app", "scr"], ["app"]

    @classmethod
    def make(cls, world, number):
        where = world.root / cls.library
        where.mkdir(exist_ok=True)
        (world.folder / "five.c").write_text(f"int five(void) {{ return {number}; }}\n")
        subprocess.run(["cc", "-c", "-o", str(world.folder / "five.o"), str(world.folder / "five.c")], check=True)
        (where / "libfive.a").unlink(missing_ok=True)
        subprocess.run(["ar", "crs", str(where / "libfive.a"), str(world.folder / "five.o")], check=True)

    @classmethod
    def history(cls, world):
        cls.make(world, 5)
        ScenarioCase.history(world)

    def test_unchanged(self):
        self.check(lambda w: w.travel(), {"scr": "5 111"}, [], alone="more")

    def test_library(self):
        def story(w):
            self.make(w, 6)
            w.commit()
            w.travel()
        self.check(story, {"scr": "6 111"}, self.above)

    def test_linker_script(self):
        def story(w):
            w.write(self.script, "mark = 0x222;\n" + INSERTED)
            w.commit()
            w.travel()
        self.check(story, {"scr": "5 222"}, self.linked)


class Flagged(Linked):
    """Flags in cargo's configuration name a linker script of the work tree, and a directory with a library."""

    files = {**Linked.files, ".cargo/config.toml": '[build]\nrustflags = ["-C", "link-arg=-Wl,-T,mark.ld", "-Lnative=lib"]\n',
             "mark.ld": "mark = 0x111;\n" + INSERTED,
             "scr/src/lib.rs": Linked.files["scr/src/lib.rs"].replace('extern "C"', '#[link(name = "five", kind = "static")]\nextern "C"')}
    del files["app/mark.ld"], files["app/build.rs"], files["scr/build.rs"]
    library, script, above = "lib", "mark.ld", ["app", "other", "scr"]


class Overridden(Linked):
    """cargo's configuration stands in for scr's script. Nothing is left to compare, so it is built again, whatever happened."""

    files = {**Linked.files, "scr/Cargo.toml": manifest("scr").replace("edition", 'links = "foo"\nedition'),
             ".cargo/config.toml": "".join(f'[target.{cpu}-unknown-linux-gnu.foo]\nrustc-link-search = ["scr/lib"]\n'
                                           'rustc-link-lib = ["static=five"]\n' for cpu in ("x86_64", "aarch64"))}

    linked = Linked.above

    def test_unchanged(self):
        self.check(lambda w: w.travel(), {"scr": "5 111"}, self.above)


class HalfOver(ScenarioCase):
    """Unpacking a cache over another target directory was broken off, or the cache holds only one of its directories."""

    files = {**workspace(["txt"]), "txt/Cargo.toml": manifest("txt"), "txt/msg.txt": "one\n",
             "txt/src/lib.rs": shown('include_str!("../msg.txt").trim()')}

    @staticmethod
    def pack(world, part):
        subprocess.run(["tar", "--format=pax", "-cf", str(world.folder / "part.tar"), "-C", str(world.target), part], check=True)

    @staticmethod
    def unpack(world):
        subprocess.run(["tar", "-xf", str(world.folder / "part.tar"), "-C", str(world.target)], check=True)

    @staticmethod
    def edit(world, save=True):
        world.write("txt/msg.txt", "two\n")
        world.restore()
        world.build()
        if save:
            world.save()

    def older_over_newer(self, part, save=True):
        world = self.world()
        self.pack(world, part)
        self.edit(world, save)
        self.unpack(world)
        return world

    def newer_over_older(self, part):
        world = self.world()
        self.edit(world)
        self.pack(world, part)
        world = self.world()
        self.unpack(world)
        return world

    def ends(self, world, text):
        world.write("txt/msg.txt", text + "\n")
        world.restore()
        self.builds(world, {"txt": text}, ["app", "txt"])

    def test_older_fingerprints(self):
        self.ends(self.older_over_newer("debug/.fingerprint"), "one")

    def test_newer_fingerprints(self):
        self.ends(self.newer_over_older("debug/.fingerprint"), "two")

    def test_older_libraries(self):
        world = self.older_over_newer("debug/deps")
        world.restore()
        self.builds(world, {"txt": "two"}, ["app", "txt"])

    def test_newer_libraries(self):
        world = self.newer_over_older("debug/deps")
        world.restore()
        run = world.build()
        self.assertIn("txt", run.compiled)

    def test_older_libraries_are_not_recorded(self):
        world = self.older_over_newer("debug/deps", save=False)
        world.save()
        world.restore()
        self.builds(world, {"txt": "two"}, ["app", "txt"])

    def test_whole_cache_is_kept(self):
        world = self.newer_over_older("debug")
        world.write("txt/msg.txt", "two\n")
        world.restore()
        self.builds(world, {"txt": "two"}, [])

    def test_libraries_came_first(self):
        world = self.world()
        shutil.copytree(world.target / "debug/.fingerprint", world.folder / "later", symlinks=True)
        shutil.rmtree(world.target / "debug/.fingerprint")
        time.sleep(0.1)
        subprocess.run(["cp", "-a", str(world.folder / "later"), str(world.target / "debug/.fingerprint")], check=True)
        shutil.rmtree(world.folder / "later")
        world.restore()
        self.builds(world, {"txt": "one"}, [])


class Embedded(ScenarioCase):
    """A macro embeds a directory beside the package, and one that is a package."""

    fetched = True
    files = {**workspace(["emb", "other"]), "txt/msg.txt": "", "assets/a/x.txt": "x\n", "assets/b/y.txt": "y\n",
             "emb/new/one/Cargo.toml": manifest("one"),
             "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"'),
             "emb/Cargo.toml": manifest("emb", '\n[dependencies]\ninclude_dir = "0.7"\n'), "emb/src/lib.rs": shown(
                 "ALL.dirs().chain(NEW.get_dir(\"one\").unwrap().dirs()).map(|d| d.path().display().to_string()).collect::<Vec<_>>().join(\" \")",
                 'static ALL: include_dir::Dir = include_dir::include_dir!("$CARGO_MANIFEST_DIR/../assets");\n'
                 'static NEW: include_dir::Dir = include_dir::include_dir!("$CARGO_MANIFEST_DIR/new");\n')}

    def test_directory_added(self):
        def story(w):
            w.write("assets/c/z.txt", "z\n")
            w.write("emb/new/one/d/z.txt", "z\n")
            w.commit()
            w.travel()
        self.check(story, {"emb": "a b c one/d"}, ["app", "emb"])

    def test_others_nearby(self):
        def story(w):
            w.write("more/c/z.txt", "z\n")
            w.commit()
            w.travel()
        self.check(story, {"emb": "a b"}, [], alone="more")


class Elsewhere(ScenarioCase):
    """The target directory moves without the work tree; a program knows its OUT_DIR, another one holds what lay there."""

    files = {**workspace(["scr", "inc"]), "txt/msg.txt": "", "inc/Cargo.toml": manifest("inc"),
             "inc/build.rs": 'fn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n'
                             '    std::fs::write(std::env::var("OUT_DIR").unwrap() + "/x.rs", "pub const X: u32 = 7;").unwrap();\n}\n',
             "inc/src/lib.rs": 'include!(concat!(env!("OUT_DIR"), "/x.rs"));\n' + shown('X'),
             "scr/Cargo.toml": manifest("scr"), "scr/build.rs": script(["build.rs"], 'String::from("made")'),
             "scr/src/lib.rs": shown('std::fs::read_to_string(concat!(env!("OUT_DIR"), "/made.txt")).unwrap_or("gone".into())')}

    def test_moved(self):
        world = self.world()
        target = world.folder / "elsewhere"
        shutil.rmtree(target, ignore_errors=True)
        world.target.rename(target)
        world.target = target
        world.variables["CARGO_TARGET_DIR"] = str(target)
        world.restore()
        self.builds(world, {"scr": "made", "inc": "7"}, ["app", "scr"])


class Overlay(ScenarioCase):
    """A cache without the libraries whose names have no hash is unpacked over the target directory of another build."""

    files = {**workspace(["lib", "other"]), "txt/msg.txt": "", "other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"'),
             "lib/Cargo.toml": manifest("lib", '\n[lib]\ncrate-type = ["cdylib"]\n'),
             "lib/src/lib.rs": '#[no_mangle]\npub extern "C" fn number() -> i32 { 1 }\n'}
    files = {**files, "app/Cargo.toml": manifest("app", '\n[dependencies]\nother = { path = "../other" }\n'),
             "app/src/main.rs": 'fn main() {\n    println!("other={}", other::text());\n}\n'}

    def test_library_of_another_build(self):
        world = self.world()
        cached = world.folder / "cached"
        shutil.rmtree(cached, ignore_errors=True)
        subprocess.run(["cp", "-a", str(world.target), str(cached)], check=True)
        for path in (*cached.glob("debug/liblib.*"), *cached.glob("debug/deps/liblib.*")):
            path.unlink()
        first = (world.target / "debug/liblib.so").read_bytes()
        world.write("lib/src/lib.rs", self.files["lib/src/lib.rs"].replace("1", "2"))
        world.build()
        self.assertNotEqual((world.target / "debug/liblib.so").read_bytes(), first)
        world.write("lib/src/lib.rs", self.files["lib/src/lib.rs"])
        subprocess.run(["cp", "-a", f"{cached}/.", str(world.target)], check=True)
        world.restore()
        self.builds(world, {}, ["lib"])
        self.assertEqual((world.target / "debug/liblib.so").read_bytes(), first)


if __name__ == "__main__":
    main()
