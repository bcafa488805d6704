#include "steady/util/proc.h"

#include "steady/util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static bool is_changed(const char *assignment, const char *const change[])
{
	for (size_t i = 0; change != NULL && change[i] != NULL; i++) {
		size_t len = strcspn(change[i], "=");
		if (strncmp(assignment, change[i], len) == 0 && assignment[len] == '=')
			return true;
	}
	return false;
}

/* The environment with its changes; free() the array, not the strings. */
static char **changed_environment(const char *const change[])
{
	size_t count = 0, changes = 0;
	while (environ[count] != NULL)
		count++;
	while (change != NULL && change[changes] != NULL)
		changes++;
	char **env = xcalloc(count + changes + 1, sizeof(*env));
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!is_changed(environ[i], change))
			env[kept++] = environ[i];
	}
	for (size_t i = 0; i < changes; i++) {
		/* posix_spawn does not write to it. */
		if (strchr(change[i], '=') != NULL)
			memcpy(&env[kept++], &change[i], sizeof(*env));
	}
	return env;
}

/* A child starts with SIGPIPE as usual, whatever we do about it. */
static int default_signals(posix_spawnattr_t *attr)
{
	sigset_t signals;
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGPIPE);
	int code = posix_spawnattr_setsigdefault(attr, &signals);
	return code != 0 ? code : posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF);
}

static int add_input(posix_spawn_file_actions_t *actions, int in_fd)
{
	if (in_fd < 0)
		return posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	return posix_spawn_file_actions_adddup2(actions, in_fd, STDIN_FILENO);
}

static int spawn(const char *const argv[], const char *const change[], int in_fd, int out_fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int code = posix_spawn_file_actions_init(&actions);
	if (code != 0)
		return code;
	code = posix_spawnattr_init(&attr);
	if (code != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return code;
	}
	code = default_signals(&attr);
	if (code == 0)
		code = add_input(&actions, in_fd);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	if (code == 0)
		code = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (code == 0) {
		CLEANUP_FREE char **env = changed_environment(change);
		/* posix_spawn does not write to argv, whatever its old prototype says. */
		CLEANUP_FREE char **args = NULL;
		size_t count = 0;
		while (argv[count] != NULL)
			count++;
		args = xcalloc(count + 1, sizeof(*args));
		memcpy(args, argv, count * sizeof(*args));
		code = posix_spawn(ret_pid, argv[0], &actions, &attr, args, env);
	}
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return code;
}

static int64_t now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads until the end, the limit or the deadline; 0 or an errno value. */
static int drain(int fd, int64_t deadline, size_t max_out, struct proc_result *result)
{
	char buf[4096];
	for (;;) {
		int64_t left = deadline - now_ms();
		if (left <= 0)
			return ETIMEDOUT;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (ready < 0 && errno != EINTR)
			return errno;
		if (ready <= 0)
			continue;
		ssize_t got = read(fd, buf, sizeof(buf));
		if (got < 0 && errno != EINTR)
			return errno;
		if (got == 0)
			return 0;
		if (got < 0)
			continue;
		size_t room = max_out - result->out.len;
		result->truncated |= (size_t)got > room;
		str_add_mem(&result->out, buf, (size_t)got < room ? (size_t)got : room);
	}
}

static int reap(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Waits for the end of a child that has closed its output, which most do by ending; 0 or ETIMEDOUT. */
static int wait_for_end(pid_t pid, int64_t deadline)
{
	struct timespec pause = {.tv_nsec = 100000};
	for (;;) {
		siginfo_t info = {.si_pid = 0};
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno != EINTR)
			return errno;
		if (info.si_pid == pid)
			return 0;
		if (now_ms() >= deadline)
			return ETIMEDOUT;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 10000000)
			pause.tv_nsec *= 2;
	}
}

int proc_start(
	const char *const argv[], const char *const change[], int in_fd, struct proc *ret, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	CLEANUP_CLOSE int out = ends[0];
	CLEANUP_CLOSE int in = ends[1];
	pid_t pid = -1;
	int code = spawn(argv, change, in_fd, in, &pid);
	if (code != 0)
		return err_sys(err, code, "cannot run %s", argv[0]);
	*ret = (struct proc){.out = TAKE_FD(out), .pid = (int)pid};
	return 0;
}

int proc_finish(struct proc *p)
{
	steady_cleanup_close(&p->out);
	p->out = -1;
	return reap(p->pid);
}

bool proc_find(const char *name, struct str *ret)
{
	const char *path = getenv("PATH");
	struct span rest = path != NULL ? span_of(path) : SPAN_LIT("/usr/bin:/bin");
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		struct span dir = span_make(rest.ptr, len);
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		/* A relative directory would let the project around us choose the program. */
		if (dir.len == 0 || dir.ptr[0] != '/')
			continue;
		str_clear(ret);
		str_printf(ret, "%.*s/%s", SPAN_ARG(dir), name);
		struct stat st;
		if (stat(ret->buf, &st) == 0 && S_ISREG(st.st_mode) && access(ret->buf, X_OK) == 0)
			return true;
	}
	return false;
}

int proc_capture(const char *const argv[], const char *const change[], unsigned timeout_ms, size_t max_out,
	struct proc_result *ret, struct err *err)
{
	struct proc child;
	int code = proc_start(argv, change, -1, &child, err);
	if (code < 0)
		return code;
	CLEANUP_CLOSE int out = child.out;
	pid_t pid = child.pid;

	struct proc_result result = {.status = 0, .out = STR_INIT, .truncated = false};
	int64_t deadline = now_ms() + timeout_ms;
	code = drain(out, deadline, max_out, &result);
	if (code == 0)
		code = wait_for_end(pid, deadline);
	if (code != 0)
		(void)kill(pid, SIGKILL);
	result.status = reap(pid);
	if (code != 0) {
		str_release(&result.out);
		return err_sys(err, code, "%s does not answer", argv[0]);
	}
	*ret = result;
	return 0;
}
