#!/usr/bin/env python3
"""Stories about crates that everybody uses: macros that read directories, scripts that read git, patched dependencies."""

import shutil
import subprocess

from scenario import ScenarioCase, date_sources
from scenario_files import manifest, members, paths, shown, workspace
from steadytest import E2ECase, Workspace, main, steady

_OTHER = {"other/Cargo.toml": manifest("other"), "other/src/lib.rs": shown('"other"'), "txt/msg.txt": ""}


class DirectoryMacros(ScenarioCase):
    """Macros that read a directory: cargo never hears of new files."""

    fetched = True
    files = {**workspace(["dir", "embed", "other"]), **_OTHER,
             "dir/Cargo.toml": manifest("dir", '\n[dependencies]\ninclude_dir = "=0.7.4"\n'),
             "dir/src/lib.rs": 'static DIR: include_dir::Dir = include_dir::include_dir!("$CARGO_MANIFEST_DIR/assets");\n'
                               + shown('DIR.files().map(|f| f.path().to_string_lossy().to_string()).collect::<Vec<_>>().join(",")'),
             "dir/assets/a.txt": "a\n",
             "embed/Cargo.toml": manifest("embed", '\n[dependencies]\n'
                                          'rust-embed = { version = "=8.7.2", features = ["debug-embed"] }\n'),
             "embed/src/lib.rs": '#[derive(rust_embed::Embed)]\n#[folder = "assets"]\nstruct Assets;\n'
                                 + shown('Assets::iter().map(|f| f.to_string()).collect::<Vec<_>>().join(",")'),
             "embed/assets/a.txt": "a\n"}

    def test_S22_untracked_inputs_of_a_macro(self):
        def story(w):
            w.write("dir/assets/b.txt", "b\n")
            w.commit()
            w.travel()
        self.check(story, {"dir": "a.txt,b.txt", "embed": "a.txt"}, ["app", "dir"], alone="stale", by=date_sources)

    def test_X03_macros_that_read_directories(self):
        def story(w):
            w.write("embed/assets/b.txt", "b\n")
            (w.root / "dir/assets/a.txt").rename(w.root / "dir/assets/c.txt")
            w.commit()
            w.travel()
        self.check(story, {"dir": "c.txt", "embed": "a.txt,b.txt"}, ["app", "dir", "embed"])
        self.check(lambda w: w.travel(), {"dir": "a.txt", "embed": "a.txt"}, [])

    def test_X11_moved_root_seen_by_a_macro(self):
        world = self.world()
        elsewhere = world.folder / "elsewhere"
        shutil.rmtree(elsewhere, ignore_errors=True)
        subprocess.run(["cp", "-a", str(world.root), str(elsewhere)], check=True)
        shutil.rmtree(world.root)
        moved = world.at(elsewhere)
        moved.restore()
        run = moved.build()
        self.assertFalse({"other"} & set(run.compiled), run.compiled)
        moved.write("embed/assets/b.txt", "b\n")
        moved.write("dir/assets/b.txt", "b\n")
        moved.restore()
        self.builds(moved, {"dir": "a.txt,b.txt", "embed": "a.txt,b.txt"}, ["app", "dir", "embed"])
        shutil.rmtree(elsewhere)


_HERE = """
extern crate proc_macro;
use proc_macro::TokenStream;

fn quoted() -> String { format!("{:?}", std::env::var("CARGO_MANIFEST_DIR").unwrap()) }

#[proc_macro]
pub fn here(_: TokenStream) -> TokenStream { quoted().parse().unwrap() }

#[proc_macro]
pub fn nothing(_: TokenStream) -> TokenStream { "7".parse().unwrap() }

#[proc_macro]
pub fn macro_that_says_here(_: TokenStream) -> TokenStream {
    format!("#[macro_export] macro_rules! told {{ () => {{ {} }} }}", quoted()).parse().unwrap()
}
"""


class MovedRoot(E2ECase):
    """A tree that moves, with a macro below everything: what holds the old root is compiled again, and nothing else. Every
    library names its source files with their root; that is no reason."""

    def told(self, name: str):
        tool = self.cargo(name)
        package = '[package]\nname = "{}"\nversion = "0.1.0"\nedition = "2021"\n'
        uses = package + '[dependencies]\nhere = {{ path = "../here" }}\n'
        names = ("plain", "generic", "constant", "exported", "quiet")
        files = {
            "Cargo.toml": '[workspace]\nmembers = ["app", "here", ' + ", ".join(f'"{n}"' for n in names) + "]\n",
            "here/Cargo.toml": package.format("here") + "[lib]\nproc-macro = true\n", "here/src/lib.rs": _HERE,
            "plain/src/lib.rs": "pub fn says() -> &'static str { here::here!() }\n",
            "generic/src/lib.rs": "pub fn says<T>(_: T) -> &'static str { here::here!() }\n",
            "constant/src/lib.rs": "pub const SAYS: &str = here::here!();\n",
            "exported/src/lib.rs": "here::macro_that_says_here!();\n",
            "quiet/src/lib.rs": "mod inner;\npub fn says() -> u32 { here::nothing!() + inner::zero() }\n",
            "quiet/src/inner.rs": "pub fn zero() -> u32 { 0 }\n",
            "app/Cargo.toml": package.format("app") + "[dependencies]\n" + "".join(f'{n} = {{ path = "../{n}" }}\n' for n in names),
            "app/src/main.rs": 'fn main() { println!("{} {} {} {} {}", plain::says(), generic::says(1), constant::SAYS, '
                               'exported::told!(), quiet::says()); }\n',
        }
        files.update({f"{n}/Cargo.toml": uses.format(n) for n in names})
        ws = Workspace(self.tmp / name / "old", tool, files)
        ws.target = self.tmp / name / "target"
        steady("restore", cwd=ws.root, env=ws.environment())
        ws.cargo("build")
        steady("save", cwd=ws.root, env=ws.environment())
        subprocess.run(["cp", "-a", str(ws.root), str(self.tmp / name / "new")], check=True)
        shutil.rmtree(ws.root)
        ws.root = self.tmp / name / "new"
        steady("restore", cwd=ws.root, env=ws.environment())
        run = ws.cargo("build")
        says = subprocess.run([str(ws.target / "debug/app")], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        self.assertEqual(says, [str(ws.root / n) for n in names[:4]] + ["7"])
        self.assertEqual(sorted(set(run.compiled)), ["app", "constant", "exported", "generic", "plain"])

    def test_X11_path(self):
        self.told("path")

    def test_X11_debian(self):
        self.told("debian")

    def test_X11_debian_web(self):
        self.told("debian-web")

    def test_X11_debian_web_old(self):
        self.told("debian-web-old")


class Vergen(ScenarioCase):
    """vergen watches .git/HEAD and the ref it names."""

    fetched = True
    files = {**workspace(["head", "other"]), **_OTHER,
             "head/Cargo.toml": manifest("head", '\n[build-dependencies]\n'
                                         'vergen = { version = "=8.3.2", default-features = false, features = ["git", "gitcl"] }\n'),
             "head/build.rs": "fn main() { vergen::EmitBuilder::builder().git_sha(false).emit().unwrap(); }\n",
             "head/src/lib.rs": shown('env!("VERGEN_GIT_SHA")')}

    def test_X04_git_hash_in_a_script(self):
        def story(w):
            w.commit("empty")
            w.travel()
        world = self.check(story, {}, ["app", "head"])
        self.assertEqual(world.says()["head"], world.git("rev-parse", "HEAD"))

        def detached(w):
            w.travel()
            w.git("checkout", "-q", "--detach", "origin/old")
        world = self.check(detached, {}, ["app", "head"])
        self.assertEqual(world.says()["head"], world.git("rev-parse", "HEAD"))
        self.check(lambda w: w.travel(), {}, [], alone="more")


class GitHash(ScenarioCase):
    """built and shadow-rs write down the commit, and all that cargo is told of is the whole package."""

    fetched = True
    files = {**workspace(["head", "shadow", "other"]), **_OTHER,
             "head/Cargo.toml": manifest("head", '\n[build-dependencies]\nbuilt = { version = "=0.6.0", features = ["git2"] }\n'),
             "head/build.rs": "fn main() { built::write_built_file().unwrap(); }\n",
             "head/src/lib.rs": '#[allow(dead_code)]\nmod built { include!(concat!(env!("OUT_DIR"), "/built.rs")); }\n'
                                + shown('built::GIT_COMMIT_HASH.unwrap()'),
             "shadow/Cargo.toml": manifest("shadow", '\n[dependencies]\nshadow-rs = { version = "=1.7.0", default-features = false }\n'
                                           '[build-dependencies]\n'
                                           'shadow-rs = { version = "=1.7.0", default-features = false, features = ["build"] }\n'),
             "shadow/build.rs": "fn main() { shadow_rs::ShadowBuilder::builder().build().unwrap(); }\n",
             "shadow/src/lib.rs": '#[allow(dead_code, unexpected_cfgs)]\nmod shadow { include!(concat!(env!("OUT_DIR"), "/shadow.rs")); }\n'
                                  + shown('shadow::COMMIT_HASH')}

    def assert_head(self, world, program="debug/app"):
        head, says = world.git("rev-parse", "HEAD"), world.says(program)
        self.assertEqual((says["head"], says["shadow"]), (head, head))

    def test_X04_git_hash_in_a_script(self):
        for how in ("pax", "tar-m"):
            with self.subTest(how):
                def story(w, how=how):
                    w.commit("empty")
                    w.travel(how=how)
                self.assert_head(self.check(story, {}, ["app", "head", "shadow"]))

                def detached(w, how=how):
                    w.travel(how=how)
                    w.git("checkout", "-q", "--detach", "origin/old")
                self.assert_head(self.check(detached, {}, ["app", "head", "shadow"]))
                self.assert_head(self.check(lambda w, how=how: w.travel(how=how), {}, [], alone="more"))

    def test_X04_committed_in_place(self):
        def story(w):
            w.commit("empty")
        self.assert_head(self.check(story, {}, ["app", "head", "shadow"]))


class Patched(ScenarioCase):
    """A crate of the registry over a path crate that replaces another: app -> proc-macro2 -> unicode-ident."""

    fetched = True
    files = {"Cargo.toml": members(["app", "other"]) + '\n[patch.crates-io]\nunicode-ident = { path = "ident" }\n',
             ".gitignore": "/target\n", **_OTHER,
             "app/Cargo.toml": manifest("app", paths(["other"]) + 'proc-macro2 = { version = "=1.0.95" }\n'),
             "app/src/main.rs": 'fn main() {\n    let tokens: proc_macro2::TokenStream = "ok".parse().unwrap();\n'
                                '    println!("app={tokens}");\n    println!("other={}", other::text());\n}\n',
             "ident/Cargo.toml": manifest("unicode-ident").replace("0.1.0", "1.0.18"),
             "ident/src/lib.rs": "pub fn is_xid_start(c: char) -> bool { c.is_alphabetic() }\n"
                                 "pub fn is_xid_continue(c: char) -> bool { c.is_alphanumeric() || c == '_' }\n"}

    def test_X09_patched_crate_below_the_registry(self):
        def story(w):
            with open(w.root / "ident/src/lib.rs", "a") as file:
                file.write("pub const CHANGED: bool = true;\n")
            w.commit()
            w.restore()
            w.build("-p", "unicode-ident")
            w.save()
            w.travel(how=how)
        for how in ("pax", "tar-m"):
            with self.subTest(how):
                self.check(story, {"app": "ok"}, ["app", "proc-macro2"])
                self.check(lambda w: w.travel(how=how), {"app": "ok"}, [])


if __name__ == "__main__":
    main()
