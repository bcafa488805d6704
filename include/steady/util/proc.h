/*
 * Running another program to hear what it says.
 */
#ifndef STEADY_UTIL_PROC_H
#define STEADY_UTIL_PROC_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/str.h"

struct proc_result {
	/** Exit status, or 128 + the signal's number. */
	int status;
	/** Standard output, cut at the limit (then `truncated`). */
	struct str out;
	bool truncated;
};

/**
 * Runs argv[0] (a path, PATH is not searched) with standard input from /dev/null, standard error dropped and
 * the current environment less the variables named in `change` (NULL-terminated, may be NULL); "NAME=VALUE" there sets
 * one. Kills it after timeout_ms (-ETIMEDOUT). str_release(&ret->out) afterwards. Not for use while other threads run.
 */
int proc_capture(const char *const argv[], const char *const change[], unsigned timeout_ms, size_t max_out,
	struct proc_result *ret, struct err *err);

/** A program whose output is read while it comes. */
struct proc {
	/** Its standard output. */
	int out;
	int pid;
};

/**
 * Starts argv as proc_capture does, with standard input from in_fd (-1: /dev/null), which stays the caller's.
 */
int proc_start(
	const char *const argv[], const char *const change[], int in_fd, struct proc *ret, struct err *err);
/** Closes its output, which ends a program that still writes, and waits; the status as in proc_result. */
int proc_finish(struct proc *p);

/** The file that `name` means, searched in the absolute directories of PATH; false if there is none. */
bool proc_find(const char *name, struct str *ret);

#endif
