#include "steady/util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void format_into(char *buf, size_t size, const char *fmt, va_list args)
{
	(void)vsnprintf(buf, size, fmt, args);
	/* One line, whatever a file's name or contents smuggle in. */
	for (char *c = buf; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	if (e != NULL) {
		va_list args;
		va_start(args, fmt);
		format_into(e->msg, sizeof(e->msg), fmt, args);
		va_end(args);
		e->code = code;
		e->hint[0] = '\0';
	}
	return -code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	if (e != NULL) {
		va_list args;
		va_start(args, fmt);
		format_into(e->msg, sizeof(e->msg), fmt, args);
		va_end(args);
		size_t len = strlen(e->msg);
		(void)snprintf(e->msg + len, sizeof(e->msg) - len, ": %s", strerror(code));
		e->code = code;
		e->hint[0] = '\0';
	}
	return -code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	if (e == NULL)
		return -1;
	char context[sizeof(e->msg)];
	va_list args;
	va_start(args, fmt);
	format_into(context, sizeof(context), fmt, args);
	va_end(args);

	char whole[sizeof(context) + sizeof(e->msg) + 2];
	(void)snprintf(whole, sizeof(whole), "%s: %s", context, e->msg);
	whole[sizeof(e->msg) - 1] = '\0';
	memcpy(e->msg, whole, strlen(whole) + 1);
	return -e->code;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	if (e == NULL)
		return -1;
	va_list args;
	va_start(args, fmt);
	format_into(e->hint, sizeof(e->hint), fmt, args);
	va_end(args);
	return -e->code;
}
