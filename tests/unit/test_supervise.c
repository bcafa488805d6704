/* A program run in our place: how it ends, which signals reach it. What needs a terminal is tested end to end. */
#include "steady/util/supervise.h"

#include "tempdir.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* Runs the script under supervision in a process of its own and gives that one's wait status. */
static pid_t start(const char *script)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct err err = ERR_INIT;
	int status;
	if (supervise("/bin/sh", argv, &status, &err) < 0)
		_exit(99);
	_exit(supervise_end(status));
}

static int end_of(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Waits until the file is there. */
static void await_file(const char *path)
{
	const struct timespec pause = {.tv_nsec = 2000000};
	for (int i = 0; i < 5000 && access(path, F_OK) != 0; i++)
		(void)nanosleep(&pause, NULL);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_exit_status(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(end_of(start("exit 0"))), 0);
	assert_int_equal(WEXITSTATUS(end_of(start("exit 101"))), 101);
}

static void test_death_is_mirrored(void **state)
{
	(void)state;
	static const struct {
		const char *script;
		int sig;
	} rows[] = {{"kill -TERM $$", SIGTERM}, {"kill -SEGV $$", SIGSEGV}, {"kill -KILL $$", SIGKILL},
		{"kill -INT $$", SIGINT}};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int status = end_of(start(rows[i].script));
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), rows[i].sig);
		assert_false(WCOREDUMP(status));
	}
}

static void test_not_there(void **state)
{
	(void)state;
	const char *const argv[] = {"cargo", NULL};
	struct err err = ERR_INIT;
	int status;
	assert_int_equal(supervise(temp_path("none"), argv, &status, &err), -ENOENT);
	assert_non_null(strstr(err.msg, "none"));
	assert_int_equal(supervise_become(temp_path("none"), argv, NULL), -ENOENT);
}

static void test_signals_are_handed_on(void **state)
{
	(void)state;
	static const int rows[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *ready = temp_path("ready");
		(void)unlink(ready);
		pid_t pid = start(arena_printf(temp_mem,
			"trap 'exit 42' TERM INT HUP USR1; : >%s; while :; do sleep 0.01; done", ready));
		await_file(ready);
		assert_int_equal(kill(pid, rows[i]), 0);
		int status = end_of(pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 42);
	}
}

/* What was ignored stays ignored, in the child too. */
static void test_ignored_stays_ignored(void **state)
{
	(void)state;
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
	(void)sigemptyset(&ignore.sa_mask);
	assert_int_equal(sigaction(SIGHUP, &ignore, &before), 0);
	const char *ready = temp_path("ready");
	pid_t pid = start(arena_printf(temp_mem, "kill -HUP $$; : >%s; sleep 0.1; exit 7", ready));
	(void)sigaction(SIGHUP, &before, NULL);
	await_file(ready);
	assert_int_equal(kill(pid, SIGHUP), 0);
	assert_int_equal(WEXITSTATUS(end_of(pid)), 7);
}

static void test_stops_are_followed(void **state)
{
	(void)state;
	const char *going = temp_path("going");
	pid_t pid = start(arena_printf(temp_mem, "kill -STOP $$; : >%s; exit 3", going));
	int status;
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_not_equal(access(going, F_OK), 0);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(WEXITSTATUS(end_of(pid)), 3);
	assert_int_equal(access(going, F_OK), 0);
}

#ifdef __linux__
static void test_dies_with_its_parent(void **state)
{
	(void)state;
	const char *ready = temp_path("ready");
	pid_t pid = start(
		arena_printf(temp_mem, "echo $$ >%s.new; mv %s.new %s; exec sleep 60", ready, ready, ready));
	await_file(ready);
	struct span text;
	uint64_t child;
	assert_int_equal(fsio_read(temp_fd, "ready", 100, temp_mem, &text, NULL, NULL), 0);
	assert_true(span_u64(span_trim(text), &child));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_true(WIFSIGNALED(end_of(pid)));
	const struct timespec pause = {.tv_nsec = 2000000};
	char name[64];
	/* It may stay for a while as a dead one that nobody has waited for. */
	(void)snprintf(name, sizeof(name), "/proc/%ju/exe", (uintmax_t)child);
	char link[16];
	for (int i = 0; i < 2500 && readlink(name, link, sizeof(link)) > 0; i++)
		(void)nanosleep(&pause, NULL);
	assert_true(readlink(name, link, sizeof(link)) < 0);
}
#endif

/* The child has the mask and the dispositions that we came with, and none of our descriptors. */
static void test_child_is_as_without_us(void **state)
{
	(void)state;
	pid_t pid = start(arena_printf(temp_mem,
		"grep -E '^Sig(Blk|Ign)' /proc/self/status >%s; ls /proc/self/fd >%s; exit 0",
		temp_path("with"), temp_path("fds")));
	assert_int_equal(WEXITSTATUS(end_of(pid)), 0);
	pid = fork();
	if (pid == 0) {
		const char *script = arena_printf(temp_mem,
			"grep -E '^Sig(Blk|Ign)' /proc/self/status >%s; ls /proc/self/fd >%s; exit 0",
			temp_path("without"), temp_path("fds2"));
		(void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(98);
	}
	assert_int_equal(WEXITSTATUS(end_of(pid)), 0);
	static const char *const pairs[][2] = {{"with", "without"}, {"fds", "fds2"}};
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct span with, without;
		assert_int_equal(fsio_read(temp_fd, pairs[i][0], 4096, temp_mem, &with, NULL, NULL), 0);
		assert_int_equal(fsio_read(temp_fd, pairs[i][1], 4096, temp_mem, &without, NULL, NULL), 0);
		assert_true(span_eq(with, without));
	}
}

int main(void)
{
	/* A shell ignores them for what runs in its background. */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	const struct CMUnitTest tests[] = {
		TEMP_TEST(test_exit_status),
		TEMP_TEST(test_death_is_mirrored),
		TEMP_TEST(test_not_there),
		TEMP_TEST(test_signals_are_handed_on),
		TEMP_TEST(test_ignored_stays_ignored),
		TEMP_TEST(test_stops_are_followed),
#ifdef __linux__
		TEMP_TEST(test_dies_with_its_parent),
		TEMP_TEST(test_child_is_as_without_us),
#endif
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
