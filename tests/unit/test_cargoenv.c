/* The environment as cargo sees it: process, [env] tables, RUSTFLAGS. */
#include "steady/core/cargoenv.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char root[64];

static int make_root(void **state)
{
	(void)state;
	(void)snprintf(root, sizeof(root), "/tmp/steady-cargoenv-XXXXXX");
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int drop_root(void **state)
{
	(void)state;
	CLEANUP_CLOSE int fd = fsio_open_root("/tmp", NULL);
	return fsio_remove_tree(fd, root + strlen("/tmp/"), NULL);
}

static void put_config(const char *dir, const char *text)
{
	CLEANUP_CLOSE int fd = fsio_open_root(root, NULL);
	CLEANUP_STR struct str path = STR_INIT;
	const struct file_meta meta = {.mode = 0644};
	struct err err = ERR_INIT;
	assert_int_equal(fsio_mkdir(fd, "ws", &err), 0);
	assert_int_equal(fsio_mkdir(fd, dir, &err), 0);
	path_join(&path, dir, "config.toml");
	assert_int_equal(fsio_replace(fd, path.buf, span_of(text), &meta, &err), 0);
}

static struct cargoenv *load(char *const *variables)
{
	CLEANUP_STR struct str cwd = STR_INIT;
	CLEANUP_STR struct str home = STR_INIT;
	struct cargoenv *env = NULL;
	struct err err = ERR_INIT;
	path_join(&cwd, root, "ws");
	path_join(&home, root, "home");
	const struct cargoenv_options options = {
		.cwd = cwd.buf, .cargo_home = home.buf, .variables = variables};
	assert_int_equal(cargoenv_load(&options, &env, &err), 0);
	return env;
}

static void get_one(const struct cargoenv *env, const char *name, bool config, const char *expected)
{
	struct span value;
	bool is_set = cargoenv_get(env, span_of(name), config, &value);
	assert_int_equal(is_set, expected != NULL);
	if (expected != NULL)
		assert_true(span_eq_str(value, expected));
}

static void layers(void **state)
{
	(void)state;
	put_config("home", "[env]\nA = \"home\"\nB = \"home\"\n");
	put_config("ws/.cargo",
		"[env]\nB = \"near\"\nF = { value = \"forced\", force = true }\nP = \"lost\"\n"
		"R = { value = \"x/y\", relative = true }\n");
	char *const variables[] = {"P=process", "F=process", "EMPTY=", "BAD=\xff", NULL};
	CLEANUP_CARGOENV struct cargoenv *env = load(variables);
	get_one(env, "A", true, "home");
	get_one(env, "A", false, NULL);
	get_one(env, "B", true, "near");
	get_one(env, "P", true, "process");
	get_one(env, "F", true, "forced");
	get_one(env, "F", false, "process");
	get_one(env, "EMPTY", true, "");
	get_one(env, "BAD", true, NULL);
	get_one(env, "NONE", true, NULL);
	CLEANUP_STR struct str expected = STR_INIT;
	path_join(&expected, root, "ws/x/y");
	get_one(env, "R", true, expected.buf);
	assert_null(cargoenv_warning(env));
}

/* Flags joined by '|'; NULL: not to be known. */
static void flags_one(const char *config, char *variable, const char *expected)
{
	put_config("ws/.cargo", config);
	char *const variables[] = {variable, NULL};
	CLEANUP_CARGOENV struct cargoenv *env = load(variables);
	struct span *flag = NULL;
	size_t count = 0;
	bool known = cargoenv_rustflags(env, &flag, &count);
	assert_int_equal(known, expected != NULL);
	CLEANUP_STR struct str seen = STR_INIT;
	for (size_t i = 0; i < count; i++)
		str_printf(&seen, "%.*s|", SPAN_ARG(flag[i]));
	if (expected != NULL)
		assert_string_equal(seen.buf, expected);
}

static void rustflags(void **state)
{
	(void)state;
	flags_one("", NULL, "");
	flags_one("", "RUSTFLAGS= -C  debuginfo=0 ", "-C|debuginfo=0|");
	flags_one("",
		"CARGO_ENCODED_RUSTFLAGS=-C\x1f"
		"a b",
		"-C|a b|");
	flags_one("[build]\nrustflags = [\"-C\", \"a b\"]\n", NULL, "-C|a b|");
	flags_one("[build]\nrustflags = \"-C x\"\n", NULL, "-C|x|");
	flags_one("[build]\nrustflags = \"-C x\"\n", "RUSTFLAGS=", "");
	flags_one("[build]\nrustflags = \"-C x\"\n", "CARGO_BUILD_RUSTFLAGS=-y", NULL);
	flags_one("", "CARGO_BUILD_RUSTFLAGS=-y", "-y|");
	flags_one("[target.'cfg(unix)']\nrustflags = [\"-x\"]\n", NULL, NULL);
	flags_one("[target.'cfg(unix)']\nrustflags = [\"-x\"]\n", "RUSTFLAGS=-y", "-y|");
	flags_one("", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS=-y", NULL);
}

/* Words joined by '|'; NULL: no alias. */
static void alias_one(const struct cargoenv *env, const char *name, const char *expected)
{
	struct span *word = NULL;
	size_t count = 0;
	assert_int_equal(cargoenv_alias(env, name, &word, &count), expected != NULL);
	CLEANUP_STR struct str seen = STR_INIT;
	for (size_t i = 0; i < count; i++)
		str_printf(&seen, "%.*s|", SPAN_ARG(word[i]));
	if (expected != NULL)
		assert_string_equal(seen.buf, expected);
}

static void aliases(void **state)
{
	(void)state;
	put_config("home", "[alias]\nx = \"far\"\nfar = \" run  --quiet \"\n");
	put_config("ws/.cargo",
		"[alias]\nx = [\"build\", \"--target-dir\", \"a b\"]\nnone = \"\"\nempty = []\nv = \"file\"\n");
	char *const variables[] = {"CARGO_ALIAS_V=test --all", "CARGO_ALIAS_TWO_WORDS=check", NULL};
	CLEANUP_CARGOENV struct cargoenv *env = load(variables);
	alias_one(env, "x", "build|--target-dir|a b|");
	alias_one(env, "far", "run|--quiet|");
	alias_one(env, "v", "test|--all|");
	alias_one(env, "two-words", "check|");
	alias_one(env, "none", NULL);
	alias_one(env, "empty", NULL);
	alias_one(env, "nextest", NULL);
}

static void warns(void **state)
{
	(void)state;
	put_config("ws/.cargo", "[env\n");
	char *const variables[] = {NULL};
	CLEANUP_CARGOENV struct cargoenv *env = load(variables);
	assert_non_null(cargoenv_warning(env));
	assert_non_null(strstr(cargoenv_warning(env), "config.toml"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(layers, make_root, drop_root),
		cmocka_unit_test_setup_teardown(rustflags, make_root, drop_root),
		cmocka_unit_test_setup_teardown(aliases, make_root, drop_root),
		cmocka_unit_test_setup_teardown(warns, make_root, drop_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
