/*
 * killat: runs a command and kills it, or fails one of its system calls, at the N-th call that changes a
 * file.
 *
 *     killat [--count N] [--calls NAME,NAME...] [--before | --after | --fail ERRNO] [--report FILE] [--trace]
 * -- CMD...
 *
 * The command, its threads and its children are followed by ptrace. Calls that match one of the names are
 * counted over all of them; `openat` counts only with O_CREAT or O_TRUNC, and nothing counts on descriptors 1
 * and 2. At the N-th:
 *
 *     --before (default)  everything is killed by SIGKILL, and the call does not happen
 *     --after             the same when the call has just returned
 *     --fail ERRNO        that call does not happen and returns the error (a number, or ENOSPC, EIO, EACCES,
 * EDQUOT, EROFS, EINTR); the command goes on
 *
 * One line goes to the report (stderr without --report): `killat: CALLS calls, killed at NAME`,
 * `killat: CALLS calls, failed NAME, exit STATUS` or `killat: CALLS calls, exit STATUS`. With --trace, one
 * line per matching call before it: `NUMBER NAME`.
 *
 * Exit: 42 if the command was killed; 0 if it ended by itself first (whatever its status; see the line); with
 * --fail the command's own status (128 + signal). 125: wrong usage, or no ptrace here. --count 0, the
 * default, only counts.
 *
 * Linux on x86-64 and aarch64, kernel >= 5.3. LeakSanitizer cannot run under another tracer: set
 * ASAN_OPTIONS=detect_leaks=0 for commands built with it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_KILLED = 42, EXIT_TROUBLE = 125, MAX_PROCESSES = 4096 };

enum mode { KILL_BEFORE, KILL_AFTER, FAIL };

/* What a descriptor argument means for counting. */
enum kind { PLAIN, ON_FD, OPENS_AT };

struct call {
	const char *name;
	long number;
	enum kind kind;
};

static const struct call all_calls[] = {
	{"write", SYS_write, ON_FD},
	{"writev", SYS_writev, ON_FD},
	{"pwrite64", SYS_pwrite64, ON_FD},
	{"pwritev", SYS_pwritev, ON_FD},
	{"copy_file_range", SYS_copy_file_range, PLAIN},
	{"sendfile", SYS_sendfile, ON_FD},
	{"fsync", SYS_fsync, PLAIN},
	{"fdatasync", SYS_fdatasync, PLAIN},
	{"ftruncate", SYS_ftruncate, PLAIN},
	{"fallocate", SYS_fallocate, PLAIN},
	{"fchmod", SYS_fchmod, PLAIN},
	{"fchmodat", SYS_fchmodat, PLAIN},
	{"utimensat", SYS_utimensat, PLAIN},
	{"renameat2", SYS_renameat2, PLAIN},
	{"unlinkat", SYS_unlinkat, PLAIN},
	{"mkdirat", SYS_mkdirat, PLAIN},
	{"linkat", SYS_linkat, PLAIN},
	{"symlinkat", SYS_symlinkat, PLAIN},
	{"openat", SYS_openat, OPENS_AT},
#ifdef SYS_renameat
	{"renameat", SYS_renameat, PLAIN},
#endif
#ifdef SYS_rename /* the older spellings, which aarch64 never had */
	{"rename", SYS_rename, PLAIN},
	{"unlink", SYS_unlink, PLAIN},
	{"rmdir", SYS_rmdir, PLAIN},
	{"mkdir", SYS_mkdir, PLAIN},
	{"link", SYS_link, PLAIN},
	{"symlink", SYS_symlink, PLAIN},
	{"chmod", SYS_chmod, PLAIN},
	{"creat", SYS_creat, PLAIN},
#endif
};
enum { N_CALLS = sizeof(all_calls) / sizeof(*all_calls) };

struct tracer {
	enum mode mode;
	int error;        /* for FAIL: what the call returns */
	unsigned long at; /* 0: never */
	unsigned long counted;
	bool wanted[N_CALLS];
	bool trace;
	FILE *report;
	const struct call *hit; /* the N-th call, once it was reached */
	pid_t hit_by;           /* the thread whose exit from that call we wait for; 0 if none */
	bool killing;
	pid_t command;
	int command_status; /* from waitpid */
	pid_t known[MAX_PROCESSES];
	size_t n_known;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "killat: %s: %s\n", what, strerror(errno));
	exit(EXIT_TROUBLE);
}

static _Noreturn void usage(const char *why)
{
	fprintf(stderr,
		"killat: %s\nusage: killat [--count N] [--calls NAME,...] [--before|--after|--fail ERRNO] [--report FILE]"
		" [--trace] -- CMD...\n",
		why);
	exit(EXIT_TROUBLE);
}

/* Registers: the only part that depends on the processor. */
#if defined(__x86_64__)
static void skip_call(pid_t pid)
{
	struct user_regs_struct regs;
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0) {
		regs.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
	}
}

static void set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;
	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0) {
		regs.rax = (unsigned long long)result;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
	}
}
#elif defined(__aarch64__)
static void skip_call(pid_t pid)
{
	int none = -1;
	struct iovec part = {.iov_base = &none, .iov_len = sizeof none};
	ptrace(PTRACE_SETREGSET, pid, (void *)(uintptr_t)NT_ARM_SYSTEM_CALL, &part);
}

static void set_result(pid_t pid, long result)
{
	struct user_regs_struct regs;
	struct iovec part = {.iov_base = &regs, .iov_len = sizeof regs};
	if (ptrace(PTRACE_GETREGSET, pid, (void *)(uintptr_t)NT_PRSTATUS, &part) == 0) {
		regs.regs[0] = (unsigned long long)result;
		ptrace(PTRACE_SETREGSET, pid, (void *)(uintptr_t)NT_PRSTATUS, &part);
	}
}
#else
#error "killat knows x86-64 and aarch64 only"
#endif

static bool is_output(uint64_t fd)
{
	return fd == STDOUT_FILENO || fd == STDERR_FILENO;
}

/* The call that a thread is entering, if it is one of those we count; else NULL. */
static const struct call *match(const struct tracer *t, const struct __ptrace_syscall_info *info)
{
	for (size_t i = 0; i < N_CALLS; i++) {
		const struct call *call = &all_calls[i];
		if (!t->wanted[i] || (uint64_t)call->number != info->entry.nr)
			continue;
		if (call->kind == ON_FD && is_output(info->entry.args[0]))
			return NULL;
		if (call->kind == OPENS_AT && !(info->entry.args[2] & (O_CREAT | O_TRUNC)))
			return NULL;
		return call;
	}
	return NULL;
}

static void remember(struct tracer *t, pid_t pid)
{
	for (size_t i = 0; i < t->n_known; i++)
		if (t->known[i] == pid)
			return;
	if (t->n_known == MAX_PROCESSES) {
		errno = EAGAIN;
		die("too many processes");
	}
	t->known[t->n_known++] = pid;
}

static void forget(struct tracer *t, pid_t pid)
{
	for (size_t i = 0; i < t->n_known; i++)
		if (t->known[i] == pid)
			t->known[i--] = t->known[--t->n_known];
}

static void kill_all(struct tracer *t)
{
	t->killing = true;
	for (size_t i = 0; i < t->n_known; i++)
		kill(t->known[i], SIGKILL);
}

/* A thread enters a system call. */
static void on_entry(struct tracer *t, pid_t pid, const struct __ptrace_syscall_info *info)
{
	const struct call *call = match(t, info);
	if (!call)
		return;
	t->counted++;
	if (t->trace)
		fprintf(t->report, "%lu %s\n", t->counted, call->name);
	if (t->counted != t->at)
		return;
	t->hit = call;
	if (t->mode == KILL_AFTER) {
		t->hit_by = pid;
		return;
	}
	skip_call(pid);
	if (t->mode == KILL_BEFORE)
		kill_all(t);
	else
		t->hit_by = pid;
}

/* The thread that made the N-th call comes back from it. */
static void on_exit_of_hit(struct tracer *t, pid_t pid)
{
	t->hit_by = 0;
	if (t->mode == KILL_AFTER)
		kill_all(t);
	else
		set_result(pid, -(long)t->error);
}

static void on_syscall(struct tracer *t, pid_t pid)
{
	struct __ptrace_syscall_info info;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) < 0)
		return; /* it was killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		on_entry(t, pid, &info);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT && pid == t->hit_by)
		on_exit_of_hit(t, pid);
}

/* Whether this stop is a real one (SIGSTOP, SIGTSTP...), in which the thread has to stay. */
static bool is_group_stop(int signal, int event)
{
	return event == PTRACE_EVENT_STOP && signal != SIGTRAP;
}

static void on_stop(struct tracer *t, pid_t pid, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	remember(t, pid);
	if (t->killing) {
		kill(pid, SIGKILL);
		return;
	}
	if (is_group_stop(signal, event)) {
		ptrace(PTRACE_LISTEN, pid, 0, 0);
		return;
	}
	if (signal == (SIGTRAP | 0x80)) {
		on_syscall(t, pid);
		signal = 0;
	} else if (event) {
		signal = 0;
	}
	if (!t->killing)
		ptrace(PTRACE_SYSCALL, pid, 0, (void *)(uintptr_t)signal);
}

/* Until nothing that we follow is left. */
static void follow(struct tracer *t)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return;
		if (WIFSTOPPED(status)) {
			on_stop(t, pid, status);
			continue;
		}
		forget(t, pid);
		if (pid == t->command)
			t->command_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* Starts the command, seized and stopped before its exec. */
static void start(struct tracer *t, char **argv)
{
	static const uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
		PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int gate[2];
	char go = 0;

	if (pipe2(gate, O_CLOEXEC) < 0)
		die("pipe");
	t->command = fork();
	if (t->command < 0)
		die("fork");
	if (t->command == 0) {
		close(gate[1]);
		if (read(gate[0], &go, 1) == 1)
			execvp(argv[0], argv);
		fprintf(stderr, "killat: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(gate[0]);
	int status;
	if (ptrace(PTRACE_SEIZE, t->command, 0, (void *)options) < 0 ||
		ptrace(PTRACE_INTERRUPT, t->command, 0, 0) < 0 || waitpid(t->command, &status, __WALL) < 0)
		die("ptrace");
	on_stop(t, t->command, status);
	if (write(gate[1], &go, 1) != 1)
		die("write");
	close(gate[1]);
}

static void choose_calls(struct tracer *t, const char *list)
{
	memset(t->wanted, 0, sizeof t->wanted);
	while (*list) {
		size_t length = strcspn(list, ",");
		bool known = false;
		for (size_t i = 0; i < N_CALLS; i++)
			if (strlen(all_calls[i].name) == length &&
				memcmp(all_calls[i].name, list, length) == 0)
				known = t->wanted[i] = true;
		/* A spelling that this processor lacks is no mistake: rename on aarch64. */
		if (!known && !memchr("rumlsc", list[0], 6))
			usage("unknown call in --calls");
		list += length;
		list += *list == ',';
	}
}

static int parse_error(const char *text)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EACCES", EACCES}, {"EDQUOT", EDQUOT},
		{"EROFS", EROFS}, {"EINTR", EINTR}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].name, text) == 0)
			return names[i].value;
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*end || value < 1 || value > 4095)
		usage("--fail wants an errno");
	return (int)value;
}

static void parse_options(struct tracer *t, int argc, char **argv)
{
	static const struct option options[] = {
		{"count", required_argument, NULL, 'n'},
		{"calls", required_argument, NULL, 'c'},
		{"before", no_argument, NULL, 'b'},
		{"after", no_argument, NULL, 'a'},
		{"fail", required_argument, NULL, 'f'},
		{"report", required_argument, NULL, 'r'},
		{"trace", no_argument, NULL, 't'},
		{NULL, 0, NULL, 0},
	};
	int option;
	char *end;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (option) {
		case 'n':
			t->at = strtoul(optarg, &end, 10);
			if (*end)
				usage("--count wants a number");
			break;
		case 'c':
			choose_calls(t, optarg);
			break;
		case 'b':
			t->mode = KILL_BEFORE;
			break;
		case 'a':
			t->mode = KILL_AFTER;
			break;
		case 'f':
			t->mode = FAIL, t->error = parse_error(optarg);
			break;
		case 't':
			t->trace = true;
			break;
		case 'r':
			t->report = fopen(optarg, "we");
			if (!t->report)
				die(optarg);
			break;
		default:
			usage("wrong option");
		}
	}
	if (optind == argc)
		usage("no command");
}

int main(int argc, char **argv)
{
	static struct tracer t = {.mode = KILL_BEFORE};

	t.report = stderr;
	memset(t.wanted, true, sizeof t.wanted);
	parse_options(&t, argc, argv);
	start(&t, argv + optind);
	follow(&t);
	fprintf(t.report, "killat: %lu calls, ", t.counted);
	if (t.hit && t.mode != FAIL)
		fprintf(t.report, "killed at %s\n", t.hit->name);
	else if (t.hit)
		fprintf(t.report, "failed %s, exit %d\n", t.hit->name, t.command_status);
	else
		fprintf(t.report, "exit %d\n", t.command_status);
	if (fclose(t.report) != 0)
		die("report");
	if (t.mode == FAIL)
		return t.command_status;
	return t.hit ? EXIT_KILLED : 0;
}
