/*
 * What asking (interpreter.c), remembering (askcache.c) and the alias share: the answer as text.
 */
#ifndef STEADY_SRC_CORE_INTERPRETER_PRIV_H
#define STEADY_SRC_CORE_INTERPRETER_PRIV_H

#include "steady/core/interpreter.h"

/**
 * Runs the interpreter with the question: isolated, and without site unless with_site. The answer, JSON if all is well, is
 * in mem; it also has `executable`, `prefix` and `path` as the interpreter sees them. -EPROTO for another exit status.
 */
int interpreter_run(const char *executable, bool with_site, const char *const change[], struct arena *mem,
	struct span *ret_answer, struct err *err);
/** interpreter_ask, with the text of the answer. */
int interpreter_ask_text(const char *executable, struct arena *mem, struct interpreter *ret,
	struct span *ret_answer, struct err *err);

#endif
