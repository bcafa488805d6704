/* Where cargo keeps what it builds: the rules one by one, and once against cargo itself. */
#include "steady/core/locate.h"

#include "tempdir.h"

#include "steady/util/path.h"
#include "steady/util/proc.h"

#include <cjson/cJSON.h>

static const char *const variables[] = {
	"CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR"};

static void put_package(const char *path, const char *more)
{
	const char *name = strrchr(path, '/') + 1;
	temp_put(arena_printf(temp_mem, "%s/Cargo.toml", path),
		arena_printf(temp_mem, "[package]\nname = \"%s\"\nversion = \"0.1.0\"\n%s", name, more));
	temp_put(arena_printf(temp_mem, "%s/src/lib.rs", path), "");
}

static int make_workspace(void **state)
{
	if (temp_setup(state) != 0)
		return -1;
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		(void)unsetenv(variables[i]);
	(void)setenv("CARGO_HOME", temp_path("home/.cargo"), 1);
	temp_mkdirs("home/.cargo");
	temp_put("ws/Cargo.toml", "[workspace]\nmembers = [\"app\", \"ex/member\"]\nexclude = [\"ex\"]\n");
	put_package("ws/app", "");
	put_package("ws/ex/member", "");
	put_package("ws/ex/out", "");
	temp_mkdirs("ws/app/src/deep");
	return 0;
}

static int leave(void **state)
{
	return chdir("/") < 0 ? -1 : temp_teardown(state);
}

#define WORKSPACE_TEST(fn) cmocka_unit_test_setup_teardown(fn, make_workspace, leave)

static struct location locate_in(const char *dir, const struct locate_request *request)
{
	struct location where = {.target_dir = NULL};
	struct err err = ERR_INIT;
	assert_int_equal(chdir(temp_path(dir)), 0);
	if (locate(request, temp_mem, &where, &err) != 0)
		fail_msg("%s", err.msg);
	return where;
}

static void expect_path(const char *got, const char *expected)
{
	if (expected == NULL)
		assert_null(got);
	else
		assert_string_equal(got, temp_path(expected));
}

static void locate_one(const char *dir, const char *root, const char *target, const char *build)
{
	const struct locate_request nothing = {.target_dir = NULL};
	struct location where = locate_in(dir, &nothing);
	expect_path(where.workspace_root, root);
	expect_path(where.target_dir, target);
	expect_path(where.build_dir, build);
	assert_false(where.named);
}

static void test_workspaces(void **state)
{
	(void)state;
	locate_one("ws", "ws", "ws/target", "ws/target");
	locate_one("ws/app", "ws", "ws/target", "ws/target");
	locate_one("ws/app/src/deep", "ws", "ws/target", "ws/target");
	locate_one("ws/ex/out", "ws/ex/out", "ws/ex/out/target", "ws/ex/out/target");
	locate_one("ws/ex/member", "ws", "ws/target", "ws/target");
	put_package("elsewhere/p", "workspace = \"../../ws\"\n");
	locate_one("elsewhere/p", "ws", "ws/target", "ws/target");
	put_package("elsewhere/p/q", "");
	locate_one("elsewhere/p/q", "ws", "ws/target", "ws/target");
	put_package("alone/p", "[workspace]\n");
	locate_one("alone/p/src", "alone/p", "alone/p/target", "alone/p/target");
}

static void test_precedence(void **state)
{
	(void)state;
	temp_put("home/.cargo/config.toml", "build.target-dir = \"from-home\"\n");
	locate_one("ws/app", "ws", "home/from-home", "home/from-home");
	temp_put("ws/.cargo/config.toml", "[build]\ntarget-dir = \"from-ws\"\n");
	locate_one("ws/app", "ws", "ws/from-ws", "ws/from-ws");
	temp_put("ws/app/.cargo/config.toml", "[build]\ntarget-dir = \"../from-app\"\n");
	locate_one("ws/app/src", "ws", "ws/from-app", "ws/from-app");
	/* The old name goes before the new one, as for cargo. */
	temp_put("ws/app/.cargo/config", "[build]\ntarget-dir = \"old-name\"\n");
	locate_one("ws/app", "ws", "ws/app/old-name", "ws/app/old-name");
	/* Not read from above the package, only from above the current directory. */
	locate_one("ws/ex/member", "ws", "ws/from-ws", "ws/from-ws");
	(void)setenv("CARGO_BUILD_TARGET_DIR", "by-build-variable", 1);
	locate_one("ws/app", "ws", "ws/app/by-build-variable", "ws/app/by-build-variable");
	(void)setenv("CARGO_TARGET_DIR", temp_path("by-variable"), 1);
	locate_one("ws/app", "ws", "by-variable", "by-variable");
	const struct locate_request flag = {.target_dir = "../by-flag/./x"};
	struct location where = locate_in("ws/app", &flag);
	expect_path(where.target_dir, "ws/by-flag/x");
	expect_path(where.build_dir, "ws/by-flag/x");
	expect_path(where.workspace_root, "ws");
	assert_true(where.named);
}

/* CARGO_HOME on the way up is read where it stands. */
static void test_home_on_the_way(void **state)
{
	(void)state;
	temp_put(".cargo/config.toml", "build.target-dir = \"above\"\n");
	temp_put("home/.cargo/config.toml", "build.target-dir = \"from-home\"\n");
	put_package("home/p", "");
	locate_one("home/p", "home/p", "home/from-home", "home/from-home");
	(void)setenv("CARGO_HOME", temp_path("home/.cargo/"), 1);
	locate_one("home/p", "home/p", "home/from-home", "home/from-home");
	locate_one("ws", "ws", "above", "above");
}

static void test_build_dir(void **state)
{
	(void)state;
	temp_put("ws/.cargo/config.toml", "[build]\nbuild-dir = \"b\"\n");
	locate_one("ws/app", "ws", "ws/target", "ws/b");
	temp_put("ws/.cargo/config.toml", "[build]\nbuild-dir = \"{workspace-root}/x/../y\"\n");
	locate_one("ws/app", "ws", "ws/target", "ws/y");
	temp_put("ws/.cargo/config.toml", "[build]\nbuild-dir = \"{cargo-cache-home}/b\"\n");
	locate_one("ws/app", "ws", "ws/target", "home/.cargo/b");
	(void)setenv("CARGO_BUILD_BUILD_DIR", "by-variable", 1);
	locate_one("ws/app", "ws", "ws/target", "ws/app/by-variable");
}

/* cargo's own words: its --target-dir leaves the build directory alone, its -C comes before everything. */
static void test_words_of_cargo(void **state)
{
	(void)state;
	temp_put("ws/.cargo/config.toml", "[build]\nbuild-dir = \"b\"\n");
	struct locate_request request = {.target_dir = "t", .of_cargo = true};
	struct location where = locate_in("ws/app", &request);
	expect_path(where.target_dir, "ws/app/t");
	expect_path(where.build_dir, "ws/b");
	request.directory = "../ex/out";
	where = locate_in("ws/app", &request);
	expect_path(where.workspace_root, "ws/ex/out");
	expect_path(where.target_dir, "ws/ex/out/t");
	request = (struct locate_request){.directory = "../ws/app", .of_cargo = true};
	where = locate_in("home", &request);
	expect_path(where.workspace_root, "ws");
	expect_path(where.target_dir, "ws/target");
	/* Ours means both. */
	where = locate_in("ws/app", &(struct locate_request){.target_dir = "t"});
	expect_path(where.build_dir, "ws/app/t");
}

static void fail_one(const char *dir, const struct locate_request *request, int code, const char *word)
{
	struct location where = {.target_dir = "untouched"};
	struct err err = ERR_INIT;
	assert_int_equal(chdir(temp_path(dir)), 0);
	assert_int_equal(locate(request, temp_mem, &where, &err), code);
	if (strstr(err.msg, word) == NULL)
		fail_msg("%s", err.msg);
	assert_string_equal(where.target_dir, "untouched");
	assert_non_null(strstr(err.hint, "--target-dir"));
}

static void test_errors(void **state)
{
	(void)state;
	const struct locate_request nothing = {.target_dir = NULL};
	const struct locate_request manifest = {.manifest_path = "none/Cargo.toml"};
	fail_one("home", &nothing, -ENOENT, "no Cargo.toml");
	fail_one("home", &manifest, -ENOENT, "no Cargo.toml");
	temp_put("ws/.cargo/config.toml", "[build\n");
	fail_one("ws/app", &nothing, -EBADMSG, "ws/.cargo/config.toml");
	assert_int_equal(unlinkat(temp_fd, "ws/.cargo/config.toml", 0), 0);
	/* A FIFO is not waited for. */
	assert_int_equal(mkfifoat(temp_fd, "ws/.cargo/config.toml", 0600), 0);
	fail_one("ws/app", &nothing, -EINVAL, "ws/.cargo/config.toml");
	assert_int_equal(unlinkat(temp_fd, "ws/.cargo/config.toml", 0), 0);
	temp_put("ws/.cargo/config.toml", "[build]\nbuild-dir = \"{unknown}/b\"\n");
	fail_one("ws/app", &nothing, -EBADMSG, "{unknown}");
	temp_put("ws/.cargo/config.toml", "include = \"more.toml\"\n");
	assert_non_null(locate_in("ws/app", &nothing).warning);
	/* With the directory named, none of this matters. */
	const struct locate_request flag = {.target_dir = "t"};
	expect_path(locate_in("home", &flag).target_dir, "home/t");
}

/* What cargo itself says here, or NULL where there is none (or one too old to tell the build directory). */
static cJSON *ask_cargo(void)
{
	CLEANUP_STR struct str path = STR_INIT;
	if (!proc_find("cargo", &path))
		return NULL;
	const char *const argv[] = {
		path.buf, "metadata", "--no-deps", "--offline", "--format-version", "1", NULL};
	struct proc_result result;
	if (proc_capture(argv, NULL, 60000, 1 << 20, &result, NULL) != 0)
		return NULL;
	cJSON *answer = result.status == 0 ? cJSON_Parse(result.out.buf) : NULL;
	str_release(&result.out);
	return answer;
}

static void expect_same(const cJSON *answer, const char *key, const char *got)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, key));
	CLEANUP_STR struct str normal = STR_INIT;
	if (text == NULL)
		return;
	path_normalize(&normal, span_of(text));
	assert_string_equal(normal.buf, got);
}

static bool cargo_one(const char *dir, const char *config)
{
	const struct locate_request nothing = {.target_dir = NULL};
	temp_put("ws/.cargo/config.toml", config);
	struct location where = locate_in(dir, &nothing);
	cJSON *answer = ask_cargo();
	if (answer == NULL)
		return false;
	expect_same(answer, "workspace_root", where.workspace_root);
	expect_same(answer, "target_directory", where.target_dir);
	expect_same(answer, "build_directory", where.build_dir);
	cJSON_Delete(answer);
	return true;
}

static void test_against_cargo(void **state)
{
	(void)state;
	/* A toolchain is found through the user's own home. */
	if (getenv("RUSTUP_HOME") == NULL && getenv("HOME") != NULL)
		(void)setenv("RUSTUP_HOME", arena_printf(temp_mem, "%s/.rustup", getenv("HOME")), 1);
	if (!cargo_one("ws/app/src", ""))
		skip();
	static const char *const configs[] = {
		"[build]\ntarget-dir = \"t\"\n",
		"[build]\nbuild-dir = \"b\"\n",
		"[build]\ntarget-dir = \"t\"\nbuild-dir = \"{workspace-path-hash}/b\"\n",
		"[build]\nbuild-dir = \"{workspace-root}/x\"\n",
		"[build]\nbuild-dir = \"{cargo-cache-home}/b/{workspace-path-hash}\"\n",
	};
	for (size_t i = 0; i < COUNT_OF(configs); i++)
		assert_true(cargo_one("ws/app", configs[i]));
	assert_true(cargo_one("ws/ex/member", ""));
	assert_true(cargo_one("ws/ex/out", ""));
	temp_put("home/.cargo/config.toml", "[build]\ntarget-dir = \"from-home\"\n");
	assert_true(cargo_one("ws", ""));
	(void)setenv("CARGO_BUILD_BUILD_DIR", "relative", 1);
	assert_true(cargo_one("ws/app", ""));
	(void)setenv("CARGO_TARGET_DIR", "relative-target", 1);
	assert_true(cargo_one("ws/app", configs[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORKSPACE_TEST(test_workspaces),
		WORKSPACE_TEST(test_precedence),
		WORKSPACE_TEST(test_home_on_the_way),
		WORKSPACE_TEST(test_build_dir),
		WORKSPACE_TEST(test_words_of_cargo),
		WORKSPACE_TEST(test_errors),
		WORKSPACE_TEST(test_against_cargo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
