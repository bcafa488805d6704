#include "steady/util/procid.h"

#ifdef __linux__
#include "steady/util/fsio.h"
#include "steady/util/machine.h"
#include "steady/util/mem.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAT_MAX 4096
/* Which field of /proc/PID/stat, counted from the one behind the name, see proc(5): starttime is number 22 of all. */
#define START_FIELD 19

/* Start of a process in clock ticks. FSIO_MISSING if there is none of that number. */
static int start_of(uint64_t pid, uint64_t *ret)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int fd = fsio_open_root("/proc", NULL);
	struct span text;
	int code = fd < 0 ? fd
			  : fsio_read(fd, arena_printf(mem, "%ju/stat", (uintmax_t)pid), STAT_MAX, mem, &text,
				    NULL, NULL);
	if (code != 0)
		return code;
	/* The name, in parentheses, may hold anything. */
	size_t name_end = 0;
	for (size_t i = 0; i < text.len; i++)
		name_end = text.ptr[i] == ')' ? i + 1 : name_end;
	text = span_skip(text, name_end);
	for (int field = 0; field <= START_FIELD && text.len != 0; field++) {
		size_t blank = span_find(text, ' ');
		text = span_skip(text, blank < text.len ? blank + 1 : blank);
	}
	return span_u64(span_make(text.ptr, span_find(text, ' ')), ret) ? 0 : -EBADMSG;
}

/* Where numbers of processes mean the same: "boot.namespace." */
static bool add_realm(struct str *out)
{
	struct digest boot;
	struct stat st;
	char hex[DIGEST_HEX_LEN + 1];
	if (!machine_boot(&boot) || stat("/proc/self/ns/pid", &st) < 0)
		return false;
	digest_hex(&boot, hex);
	str_printf(out, "%s.%ju.", hex, (uintmax_t)st.st_ino);
	return true;
}

void procid_add(struct str *out)
{
	CLEANUP_STR struct str name = STR_INIT;
	uint64_t start;
	if (!add_realm(&name) || start_of((uint64_t)getpid(), &start) != 0) {
		str_add_char(out, '-');
		return;
	}
	str_printf(&name, "%ju.%ju", (uintmax_t)getpid(), (uintmax_t)start);
	str_add_span(out, str_span(&name));
}

bool procid_is_over(struct span name)
{
	CLEANUP_STR struct str realm = STR_INIT;
	uint64_t pid, start, now;
	if (!add_realm(&realm) || !span_starts(name, str_span(&realm)))
		return false;
	name = span_skip(name, realm.len);
	size_t dot = span_find(name, '.');
	if (dot == name.len || !span_u64(span_make(name.ptr, dot), &pid) ||
		!span_u64(span_skip(name, dot + 1), &start))
		return false;
	int code = start_of(pid, &now);
	return code == FSIO_MISSING || (code == 0 && now != start);
}
#else
void procid_add(struct str *out)
{
	str_add_char(out, '-');
}

bool procid_is_over(struct span name)
{
	(void)name;
	return false;
}
#endif
