#include "steady/util/supervise.h"

#include "steady/util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* What is handed on, if it does not come from the terminal. */
static const int handed_on[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT};

struct signals {
	/** As they were when we came. */
	sigset_t mask;
	struct sigaction child;
	/** What we wait for. */
	sigset_t awaited;
};

/* Blocks what we wait for. What is ignored stays so: the child ignores it as well. */
static void hold_signals(struct signals *s)
{
	(void)sigemptyset(&s->awaited);
	(void)sigaddset(&s->awaited, SIGCHLD);
	for (size_t i = 0; i < COUNT_OF(handed_on); i++) {
		struct sigaction now;
		if (sigaction(handed_on[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			(void)sigaddset(&s->awaited, handed_on[i]);
	}
	(void)sigprocmask(SIG_BLOCK, &s->awaited, &s->mask);
	/* Whoever ignores SIGCHLD never hears how a child ended. */
	struct sigaction plain = {.sa_handler = SIG_DFL};
	(void)sigemptyset(&plain.sa_mask);
	(void)sigaction(SIGCHLD, &plain, &s->child);
}

static void release_signals(const struct signals *s)
{
	(void)sigaction(SIGCHLD, &s->child, NULL);
	(void)sigprocmask(SIG_SETMASK, &s->mask, NULL);
}

/* Prepares the child to die with its parent; the parent may be gone already. */
static void follow_parent(pid_t parent)
{
#ifdef __linux__
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		(void)raise(SIGKILL);
#else
	(void)parent;
#endif
}

static STEADY_NORETURN void be_child(
	const char *path, const char *const argv[], const struct signals *s, pid_t parent, int failure)
{
	follow_parent(parent);
	release_signals(s);
	/* execv does not write to argv, whatever its old prototype says. */
	(void)execv(path, (char *const *)(uintptr_t)argv);
	int code = errno;
	ssize_t told;
	do
		told = write(failure, &code, sizeof(code));
	while (told < 0 && errno == EINTR);
	for (;;)
		(void)raise(SIGKILL);
}

/* Did the child fail to become the program? 0 or the errno value; closes the pipe's end by reading to its end. */
static int startup_error(int failure)
{
	int code = 0;
	ssize_t got;
	do
		got = read(failure, &code, sizeof(code));
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(code) ? code : 0;
}

/* The terminal sent it to the whole group, the child included. */
static bool is_of_terminal(int sig, bool by_kernel)
{
	return by_kernel && (sig == SIGINT || sig == SIGQUIT || sig == SIGTSTP || sig == SIGHUP);
}

static int await(const sigset_t *awaited, bool *ret_by_kernel)
{
#ifdef __linux__
	siginfo_t info;
	int sig = sigwaitinfo(awaited, &info);
	*ret_by_kernel = sig > 0 && info.si_code == SI_KERNEL;
	return sig;
#else
	int sig = 0;
	*ret_by_kernel = true;
	return sigwait(awaited, &sig) == 0 ? sig : -1;
#endif
}

/* Stops as the child did. SIGCONT, which ends that, is held and then handed on. */
static void stop_too(int sig)
{
	sigset_t one;
	(void)sigemptyset(&one);
	(void)sigaddset(&one, sig);
	(void)raise(sig);
	if (sig == SIGSTOP)
		return;
	/* A stop that was held comes now. */
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
	(void)sigprocmask(SIG_BLOCK, &one, NULL);
}

/* Has the child ended? Then *ret_status says how. */
static bool look_at_child(pid_t pid, int *ret_status)
{
	int status;
	for (;;) {
		pid_t got = waitpid(pid, &status, WUNTRACED | WNOHANG);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != pid)
			return false;
		if (!WIFSTOPPED(status))
			break;
		stop_too(WSTOPSIG(status));
	}
	*ret_status = status;
	return true;
}

static void watch(pid_t pid, const struct signals *s, int *ret_status)
{
	/* It may have ended before its signal was held. */
	while (!look_at_child(pid, ret_status)) {
		bool by_kernel;
		int sig = await(&s->awaited, &by_kernel);
		if (sig > 0 && sig != SIGCHLD && !is_of_terminal(sig, by_kernel))
			(void)kill(pid, sig);
	}
}

int supervise(const char *path, const char *const argv[], int *ret_status, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "cannot make a pipe");
	CLEANUP_CLOSE int heard = ends[0];
	CLEANUP_CLOSE int told = ends[1];
	struct signals s;
	hold_signals(&s);
	const pid_t self = getpid();
	pid_t pid = fork();
	if (pid == 0)
		be_child(path, argv, &s, self, told);
	int code = pid < 0 ? errno : 0;
	if (pid > 0) {
		steady_cleanup_close(&told);
		told = -1;
		code = startup_error(heard);
		watch(pid, &s, ret_status);
	}
	release_signals(&s);
	return code == 0 ? 0 : err_sys(err, code, "cannot run %s", path);
}

static void die_of(int sig)
{
	const struct rlimit none = {0, 0};
	struct sigaction plain = {.sa_handler = SIG_DFL};
	sigset_t one;
	(void)setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	/* A core that is piped to a program knows no limit. */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	(void)sigemptyset(&plain.sa_mask);
	(void)sigaction(sig, &plain, NULL);
	(void)sigemptyset(&one);
	(void)sigaddset(&one, sig);
	(void)raise(sig);
	(void)sigprocmask(SIG_UNBLOCK, &one, NULL);
}

int supervise_end(int status)
{
	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	die_of(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}

int supervise_become(const char *path, const char *const argv[], struct err *err)
{
	(void)execv(path, (char *const *)(uintptr_t)argv);
	return err_sys(err, errno, "cannot run %s", path);
}
