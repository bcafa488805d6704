/*
 * The error of a failed call, with the context a user needs.
 *
 *	struct err err = ERR_INIT;
 *	if (thing_read(path, &thing, &err) < 0)
 *		return err_wrap(&err, "cannot read the thing");
 *
 * Functions return 0 (or a documented positive condition) on success and a negative errno value on failure.
 * Whoever finds the failure fills the record, callers may prefix what they were doing. The record lives on
 * the caller's stack, owns nothing and needs no release. A NULL record is accepted everywhere: the code is
 * returned, the text is dropped.
 */
#ifndef STEADY_UTIL_ERR_H
#define STEADY_UTIL_ERR_H

#include "steady/util/base.h"

struct err {
	/** Positive errno value, 0 while nothing has failed. */
	int code;
	/** One line, without a final stop or newline. */
	char msg[600];
	/** What the user can do about it, or empty. One line. */
	char hint[300];
};

#define ERR_INIT                                                                                             \
	{                                                                                                    \
		.code = 0, .msg = "", .hint = ""                                                             \
	}

/** Fills the record and returns -code. An older message is replaced. */
int err_set(struct err *e, int code, const char *fmt, ...) STEADY_PRINTF(3, 4);
/** As err_set, with ": " and the text of the errno value `code` appended. */
int err_sys(struct err *e, int code, const char *fmt, ...) STEADY_PRINTF(3, 4);
/** Puts "context: " before what a callee said; returns the record's -code. */
int err_wrap(struct err *e, const char *fmt, ...) STEADY_PRINTF(2, 3);
/** Adds the remedy; returns the record's -code. */
int err_hint(struct err *e, const char *fmt, ...) STEADY_PRINTF(2, 3);

#endif
