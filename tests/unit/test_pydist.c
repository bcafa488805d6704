/* What is installed in an environment: fake directories of packages with real RECORDs. */
#include "steady/core/pydist.h"

#include "tempdir.h"

#include <sys/stat.h>
#include <unistd.h>

#define SITE "env/lib/python3.12/site-packages/"
#define CFFI_LINES                                                                                           \
	"cffi/__init__.py,sha256=H6t_59neL6NPgtBMMNOnrpqmFrHHUMvGU7z4rqvpZFI,513\n"                          \
	"_cffi_backend.so,sha256=VzGyvG,985520\n"

static void put_dist(const char *dist_info, const char *lines)
{
	const char *name = arena_printf(temp_mem, SITE "%s/RECORD", dist_info);
	temp_put(name, arena_printf(temp_mem, "%s%s/RECORD,,\n", lines, dist_info));
}

/* Many environments have its name. */
static bool pinned;

/* The description of the environment is gone when this returns. */
static struct pydist *begin(struct contents *contents)
{
	struct pyenv env = {
		.pinned = pinned, .named = temp_path("env/bin/python"), .program = "/usr/bin/python3.12"};
	const char *site = temp_path("env/lib/python3.12/site-packages");
	env.site = &site;
	env.nsite = 1;
	return pydist_read(&env, temp_path("ws"), contents, temp_mem);
}

/* An observation of the environment, made now. */
static struct observation look(void)
{
	struct contents *contents = contents_new(NULL);
	struct observation seen = {.state = OBSERVED_MISSING};
	struct pydist *dist = begin(contents);
	contents_settle(contents, NULL);
	pydist_finish(dist, &seen);
	(void)contents_free(contents);
	return seen;
}

static void expect(const struct observation *before, const char *difference)
{
	struct observation now = look();
	assert_int_equal(now.state, OBSERVED);
	if (difference == NULL) {
		assert_true(digest_eq(&before->digest, &now.digest));
		assert_int_equal(before->size, now.size);
		return;
	}
	assert_false(digest_eq(&before->digest, &now.digest));
	assert_string_equal(
		pydist_difference(span_of(before->text), span_of(now.text), temp_mem), difference);
}

static void expect_trouble(const char *why)
{
	struct observation now = look();
	assert_int_equal(now.state, OBSERVED_UNREADABLE);
	if (strstr(now.why, why) == NULL)
		fail_msg("%s", now.why);
}

static struct observation with_cffi(void)
{
	temp_put("env/pyvenv.cfg", "home = /usr/bin\n");
	put_dist("cffi-1.16.0.dist-info", CFFI_LINES);
	temp_put(SITE "cffi/__init__.py", "x");
	temp_put(SITE "_cffi_backend.so", "x");
	struct observation seen = look();
	assert_int_equal(seen.state, OBSERVED);
	assert_non_null(strstr(seen.text, "\ncffi 1.16.0 "));
	return seen;
}

static void drop(const char *dist_info)
{
	assert_int_equal(fsio_remove_tree(temp_fd, arena_printf(temp_mem, SITE "%s", dist_info), NULL), 0);
}

/* Another installer, another order, scripts, compiled files: the same. */
static void test_reinstalled(void **state)
{
	(void)state;
	struct observation before = with_cffi();
	put_dist("cffi-1.16.0.dist-info",
		"../../../bin/cffi,sha256=77,200\n_cffi_backend.so,sha256=VzGyvG,985520\n"
		"cffi-1.16.0.dist-info/INSTALLER,sha256=5hh,2\ncffi-1.16.0.dist-info/REQUESTED,sha256=47,0\n"
		"cffi-1.16.0.dist-info/uv_cache.json,sha256=9,9\ncffi/__pycache__/__init__.cpython-312.pyc,,\n"
		"cffi/__init__.py,sha256=H6t_59neL6NPgtBMMNOnrpqmFrHHUMvGU7z4rqvpZFI,513\n");
	temp_put(SITE "cffi-1.16.0.dist-info/INSTALLER", "uv");
	temp_put(SITE "cffi/__pycache__/__init__.cpython-312.pyc", "x");
	temp_put(SITE "__pycache__/six.cpython-312.pyc", "x");
	expect(&before, NULL);
}

static void test_changes(void **state)
{
	(void)state;
	struct observation before = with_cffi();
	put_dist("cffi-1.16.0.dist-info",
		"cffi/__init__.py,sha256=other,513\n_cffi_backend.so,sha256=VzGyvG,1\n");
	expect(&before, "cffi 1.16.0 in the Python environment has other contents");
	drop("cffi-1.16.0.dist-info");
	put_dist("cffi-1.17.1.dist-info", CFFI_LINES);
	expect(&before, "cffi 1.16.0 -> 1.17.1 in the Python environment");
	put_dist("wheel-0.45.dist-info", "wheel/__init__.py,sha256=1,1\n");
	expect(&before, "cffi 1.16.0 -> 1.17.1 in the Python environment");
	drop("cffi-1.17.1.dist-info");
	put_dist("cffi-1.16.0.dist-info", CFFI_LINES);
	expect(&before, "wheel 0.45 is new in the Python environment");
	before = look();
	drop("wheel-0.45.dist-info");
	expect(&before, "wheel 0.45 is no longer in the Python environment");
}

/* What no RECORD answers for counts with its bytes. */
static void test_loose(void **state)
{
	(void)state;
	struct observation before = with_cffi();
	temp_put(SITE "helper.py", "VALUE = 1\n");
	temp_put(SITE "tree/sub/data.txt", "1");
	expect(&before, "helper.py is new in the Python environment");
	before = look();
	temp_put(SITE "tree/__pycache__/x.pyc", "1");
	temp_put(SITE "tree/x.pyc", "1");
	expect(&before, NULL);
	temp_put(SITE "helper.py", "VALUE = 2\n");
	expect(&before, "helper.py in the Python environment has changed");
	before = look();
	temp_put(SITE "tree/sub/data.txt", "2");
	expect(&before, "tree in the Python environment has changed");
	/* Distributions of operating systems have no RECORD. */
	temp_put(SITE "apt-2.0.egg-info", "Name: apt\n");
	temp_put(SITE "old-1.0.dist-info/METADATA", "Name: old\n");
	before = look();
	temp_put(SITE "old-1.0.dist-info/METADATA", "Name: older\n");
	expect(&before, "old-1.0.dist-info in the Python environment has changed");
}

static void test_unhashed_lines(void **state)
{
	(void)state;
	struct observation before = with_cffi();
	put_dist("cffi-1.16.0.dist-info", CFFI_LINES "cffi/more.py,,\n");
	temp_put(SITE "cffi/more.py", "1");
	expect(&before, "cffi 1.16.0 in the Python environment has other contents");
	before = look();
	expect(&before, NULL);
	temp_put(SITE "cffi/more.py", "2");
	expect(&before, "cffi 1.16.0 in the Python environment has other contents");
}

static void put_editable(const char *name, const char *tree, const char *lines)
{
	put_dist(arena_printf(temp_mem, "%s-1.0.dist-info", name), lines);
	temp_put(arena_printf(temp_mem, SITE "%s-1.0.dist-info/direct_url.json", name),
		arena_printf(temp_mem, "{\"url\": \"file://%s\", \"dir_info\": {\"editable\": true}}",
			temp_path(tree)));
}

static void put_path(const char *name, const char *tree)
{
	temp_put(arena_printf(temp_mem, SITE "%s", name), arena_printf(temp_mem, "%s\n", temp_path(tree)));
}

static void expect_changed(const struct observation *before)
{
	struct observation now = look();
	assert_int_equal(now.state, OBSERVED);
	assert_false(digest_eq(&before->digest, &now.digest));
}

/* All that lies in the directory counts, whatever it holds later. */
static void test_editable(void **state)
{
	(void)state;
	(void)with_cffi();
	temp_put("src/helper/x.py", "1");
	put_editable("helper", "src", "__editable__.helper.pth,sha256=1,1\n");
	put_path("__editable__.helper.pth", "src");
	struct observation before = look();
	assert_int_equal(before.state, OBSERVED);
	temp_put("src/helper/__pycache__/x.cpython-312.pyc", "");
	temp_put("src/.git/HEAD", "");
	temp_put("src/venv/pyvenv.cfg", "");
	temp_put("src/target/CACHEDIR.TAG", "");
	temp_put("src/node_modules/x", "");
	expect(&before, NULL);
	const char *const changed[] = {"src/helper/x.py", "src/helper/native.so", "src/new/__init__.py",
		"src/.hidden", "src/helper/data.json", "src/sub/again.pth"};
	for (size_t i = 0; i < COUNT_OF(changed); i++) {
		temp_put(changed[i], "2");
		expect_changed(&before);
		before = look();
	}
	assert_int_equal(fsio_unlink(temp_fd, "src/helper/x.py", NULL), 0);
	expect_changed(&before);
	assert_int_equal(symlinkat("helper", temp_fd, "src/link"), 0);
	before = look();
	temp_put("src/helper/data.json", "3");
	expect_changed(&before);
	before = look();
	assert_int_equal(fsio_unlink(temp_fd, "src/link", NULL), 0);
	assert_int_equal(symlinkat("new", temp_fd, "src/link"), 0);
	expect_changed(&before);
	assert_int_equal(mkfifoat(temp_fd, "src/fifo", 0600), 0);
	expect_trouble("cannot be read");
	assert_int_equal(fsio_unlink(temp_fd, "src/fifo", NULL), 0);
	temp_put(SITE "__editable__.helper.pth", "import _editable_impl_helper\n");
	expect_trouble("holds __editable__.helper.pth, whose editable installation is code");
	temp_put(SITE "helper-1.0.dist-info/direct_url.json", "{\"url\": ");
	expect_trouble("direct_url.json, which cannot be read");
}

static void test_other_paths(void **state)
{
	(void)state;
	(void)with_cffi();
	temp_put("src/helper/x.py", "1");
	temp_put(SITE "helper.egg-link", arena_printf(temp_mem, "%s\n.\n", temp_path("src")));
	struct observation before = look();
	temp_put("src/helper/x.py", "2");
	expect_changed(&before);
	/* One that is not there may come to be there. */
	temp_put(SITE "helper.pth",
		arena_printf(temp_mem, "# a comment\n\nimport os\n%s\n", temp_path("later")));
	before = look();
	assert_int_equal(before.state, OBSERVED);
	temp_put("later/x.py", "");
	expect_changed(&before);
}

#define FINDER SITE "__editable___helper_1_0_finder.py"

static void put_finder(const char *mapping)
{
	temp_put(FINDER,
		arena_printf(temp_mem, "import sys\n%s\nNAMESPACES: dict[str, list[str]] = {}\n\nclass F:\n",
			mapping));
}

/* As setuptools writes it. */
static void test_finder(void **state)
{
	(void)state;
	(void)with_cffi();
	put_editable("helper", "src",
		"__editable__.helper.pth,sha256=1,1\n__editable___helper_1_0_finder.py,sha256=1,1\n");
	temp_put(SITE "__editable__.helper.pth",
		"import __editable___helper_1_0_finder; __editable___helper_1_0_finder.install()\n");
	temp_put("src/helper/__init__.py", "1");
	temp_put("src/single.py", "1");
	const char *mapping =
		arena_printf(temp_mem, "MAPPING: dict[str, str] = {'helper': '%s', 'single': '%s'}",
			temp_path("src/helper"), temp_path("src/single"));
	put_finder(mapping);
	struct observation before = look();
	assert_int_equal(before.state, OBSERVED);
	temp_put("src/unrelated.py", "");
	expect(&before, NULL);
	const char *const changed[] = {
		"src/helper/__init__.py", "src/single.py", "src/helper/new.py", "src/single/__init__.py"};
	for (size_t i = 0; i < COUNT_OF(changed); i++) {
		temp_put(changed[i], "2");
		expect_changed(&before);
		before = look();
	}
	put_finder(arena_printf(temp_mem, "MAPPING = {'helper': \"%s\"}", temp_path("src/helper")));
	assert_int_equal(look().state, OBSERVED);
	const char *const strange[] = {"MAPPING = dict(helper='/x')", "MAPPING = {'helper': '/x\\\\y'}",
		"MAPPING = {'helper': '/x' + y}", "MAPPING = {'helper': '/x", "MAPPING = {}\nMAPPING = {}",
		"", "MAPPING = {'helper': '/not/there'}"};
	for (size_t i = 0; i < COUNT_OF(strange); i++) {
		put_finder(strange[i]);
		expect_trouble("an editable installation of a kind that is not known");
	}
	put_finder(mapping);
	temp_put(SITE "__editable__other.py", "");
	expect_trouble("holds __editable__other.py");
}

/* What is made from the work tree that is being built says nothing about it. */
static void test_own_project(void **state)
{
	(void)state;
	struct observation before = with_cffi();
	temp_put("ws/Cargo.toml", "");
	put_editable("app", "ws", "__editable__.app.pth,sha256=1,1\n");
	put_path("__editable__.app.pth", "ws");
	expect(&before, NULL);
	/* A package elsewhere in it is none of it, nor is one that is not built by cargo. */
	temp_put("ws/tools/x.py", "");
	put_editable("app", "ws/tools", "__editable__.app.pth,sha256=1,1\n");
	expect_changed(&before);
	temp_put("ws/tools/Cargo.toml", "");
	expect(&before, NULL);
	temp_put("ws/tools/pyproject.toml",
		"description = \"for cargo\"\n[build-system]\nbuild-backend = \"hatchling.build\"\n");
	expect_changed(&before);
	temp_put("ws/tools/pyproject.toml", "[build-system]\nrequires = [\"maturin>=1\"]\n");
	expect(&before, NULL);
	/* Found by the directory alone, as `setup.py develop` leaves it. */
	drop("app-1.0.dist-info");
	temp_put("ws/tools/python/x.py", "");
	put_path("__editable__.app.pth", "ws/tools/python");
	before = look();
	temp_put("ws/tools/python/x.py", "2");
	expect(&before, NULL);
	/* Within what is imported from. */
	put_path("__editable__.app.pth", "ws");
	temp_put("ws/pyproject.toml",
		"description = \"for cargo\"\n[build-system]\nbuild-backend = \"hatchling.build\"\n");
	before = look();
	temp_put("ws/tools/python/x.py", "3");
	expect(&before, NULL);
	temp_put("ws/x.py", "3");
	expect_changed(&before);
	pinned = true;
	before = look();
	temp_put("ws/tools/python/x.py", "4");
	expect_changed(&before);
	pinned = false;
	assert_int_equal(fsio_unlink(temp_fd, SITE "__editable__.app.pth", NULL), 0);
	before = look();
	put_editable("app", "ws/tools", "");
	/* Not editable: the project is what was built; in an environment of a build, and elsewhere, it has hashes like any other. */
	temp_put(SITE "app-1.0.dist-info/direct_url.json",
		arena_printf(temp_mem, "{\"url\": \"file://%s\", \"dir_info\": {}}", temp_path("ws")));
	expect(&before, NULL);
	pinned = true;
	expect(&before, "app 1.0 is new in the Python environment");
	pinned = false;
	temp_put(SITE "app-1.0.dist-info/direct_url.json",
		arena_printf(temp_mem, "{\"url\": \"file://%s\", \"dir_info\": {}}", temp_path("ws/tools")));
	expect(&before, "app 1.0 is new in the Python environment");
}

static void test_nested_paths(void **state)
{
	(void)state;
	struct observation before = with_cffi();
	temp_put(SITE "more.pth", "vendored\nvendored\n");
	temp_put(SITE "vendored/deep-1.0.dist-info/RECORD", "deep.py,sha256=1,1\n");
	temp_put(SITE "vendored/deep.py", "");
	temp_put(SITE "vendored/again.pth", "..\n.\n");
	before = look();
	assert_int_equal(before.state, OBSERVED);
	assert_non_null(strstr(before.text, "\ndeep 1.0 "));
	drop("vendored/deep-1.0.dist-info");
	temp_put(SITE "vendored/deep-2.0.dist-info/RECORD", "deep.py,sha256=2,1\n");
	struct observation now = look();
	assert_false(digest_eq(&before.digest, &now.digest));
}

/* Nothing waits for a pipe, nothing large is read. */
static void test_hostile(void **state)
{
	(void)state;
	(void)with_cffi();
	temp_mkdirs(SITE "pipe-1.0.dist-info");
	assert_int_equal(mkfifoat(temp_fd, SITE "pipe-1.0.dist-info/RECORD", 0600), 0);
	expect_trouble("pipe-1.0.dist-info/RECORD, which cannot be read");
	drop("pipe-1.0.dist-info");
	assert_int_equal(mkfifoat(temp_fd, SITE "loose.py", 0600), 0);
	expect_trouble("loose.py");
}

static void test_youngest(void **state)
{
	(void)state;
	(void)with_cffi();
	struct observation seen = look();
	struct stat st = temp_stat(SITE "cffi-1.16.0.dist-info/RECORD");
	assert_true(timespec_cmp(seen.youngest, st.st_ctim) >= 0);
}

static void difference_one(const char *before, const char *now, const char *expected)
{
	assert_string_equal(pydist_difference(span_of(before), span_of(now), temp_mem), expected);
}

static void test_differences(void **state)
{
	(void)state;
	difference_one("python /a\n", "python /b\n", "the environment's interpreter is /b, it was /a");
	difference_one("python /a\nx 1 0\n", "python /a\nx 1 1\n",
		"x 1 in the Python environment has other contents");
	difference_one(
		"python /a\nx y - 0\n", "python /a\nx y - 1\n", "x y in the Python environment has changed");
	difference_one(
		"python /a\nx 1 0\ny 1 0\n", "python /a\ny 2 0\n", "y 1 -> 2 in the Python environment");
	difference_one("", "", "the Python environment has changed");
}

static void test_keys(void **state)
{
	(void)state;
	const char *site[] = {"/a/site-packages", "/b c/site-packages"};
	struct pyenv env = {.named = "/a/bin/python",
			     .program = "/usr/bin/python3",
			     .site = site,
			     .nsite = 2},
		     back;
	pydist_from_key(pydist_key(&env, temp_mem), temp_mem, &back);
	assert_string_equal(back.named, env.named);
	assert_string_equal(back.program, env.program);
	assert_int_equal(back.nsite, 2);
	assert_string_equal(back.site[1], site[1]);
	assert_false(back.pinned);
	env = (struct pyenv){.pinned = true};
	pydist_from_key(pydist_key(&env, temp_mem), temp_mem, &back);
	assert_true(back.pinned);
	assert_null(back.named);
	assert_null(back.program);
	assert_int_equal(back.nsite, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_reinstalled),
		TEMP_TEST(test_changes),
		TEMP_TEST(test_loose),
		TEMP_TEST(test_unhashed_lines),
		TEMP_TEST(test_editable),
		TEMP_TEST(test_finder),
		TEMP_TEST(test_other_paths),
		TEMP_TEST(test_own_project),
		TEMP_TEST(test_nested_paths),
		TEMP_TEST(test_hostile),
		TEMP_TEST(test_youngest),
		TEMP_TEST(test_differences),
		TEMP_TEST(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
