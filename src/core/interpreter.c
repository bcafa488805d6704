#include "steady/core/interpreter.h"

#include "steady/util/path.h"
#include "steady/util/proc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 10000
#define ASK_MAX_OUT ((size_t)64 * 1024)

/* Isolated and without site: nothing of the project, the user or the environment's packages runs. */
static const char question[] =
	"import json, struct, sys, sysconfig\n"
	"v = sysconfig.get_config_var\n"
	"names = {'cpython': 'CPython', 'pypy': 'PyPy', 'graalpy': 'GraalPy'}\n"
	"name = sys.implementation.name\n"
	"print(json.dumps({\n"
	"    'implementation': names.get(name, name),\n"
	"    'major': sys.version_info[0], 'minor': sys.version_info[1], 'version': sys.version,\n"
	"    'lib_dir': v('LIBDIR') or '', 'lib_name': v('LDLIBRARY') or '',\n"
	"    'abiflags': getattr(sys, 'abiflags', ''), 'platform': sysconfig.get_platform(),\n"
	"    'pointer_width': struct.calcsize('P') * 8,\n"
	"    'gil_disabled': bool(v('Py_GIL_DISABLED')), 'debug': bool(v('Py_DEBUG'))}))\n";

static const char *text_of(const cJSON *answer, const char *key, struct arena *mem)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, key));
	return text != NULL ? arena_strdup(mem, text) : NULL;
}

static bool number_of(const cJSON *answer, const char *key, unsigned *ret)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(answer, key);
	if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 1000)
		return false;
	*ret = (unsigned)item->valuedouble;
	return true;
}

static bool read_answer(const cJSON *answer, struct arena *mem, struct interpreter *now)
{
	now->implementation = text_of(answer, "implementation", mem);
	now->full_version = text_of(answer, "version", mem);
	now->lib_dir = text_of(answer, "lib_dir", mem);
	now->lib_name = text_of(answer, "lib_name", mem);
	now->abi_flags = text_of(answer, "abiflags", mem);
	now->platform = text_of(answer, "platform", mem);
	now->gil_disabled = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "gil_disabled"));
	now->debug = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "debug"));
	return now->implementation != NULL && now->full_version != NULL && now->lib_dir != NULL &&
		now->lib_name != NULL && now->abi_flags != NULL && now->platform != NULL &&
		number_of(answer, "major", &now->major) && number_of(answer, "minor", &now->minor) &&
		number_of(answer, "pointer_width", &now->pointer_width);
}

int interpreter_ask(const char *executable, struct arena *mem, struct interpreter *ret, struct err *err)
{
	const char *const argv[] = {executable, "-I", "-S", "-B", "-c", question, NULL};
	if (access(executable, F_OK) < 0)
		return err_sys(err, errno, "no interpreter at %s", executable);
	struct proc_result result;
	int code = proc_capture(argv, NULL, ASK_TIMEOUT_MS, ASK_MAX_OUT, &result, err);
	if (code < 0)
		return code;
	struct interpreter now = {.executable = arena_strdup(mem, executable)};
	cJSON *answer = result.status == 0 ? cJSON_ParseWithLength(result.out.buf, result.out.len) : NULL;
	bool understood = answer != NULL && read_answer(answer, mem, &now);
	cJSON_Delete(answer);
	int status = result.status;
	str_release(&result.out);
	if (!understood)
		return err_set(err, EPROTO,
			"%s does not answer as a Python interpreter does (exit status %d)", executable,
			status);
	*ret = now;
	return 0;
}

int interpreter_of_env(const char *env_dir, struct arena *mem, const char **ret_executable, struct err *err)
{
	static const char *const names[] = {"bin/python", "bin/python3", "Scripts/python.exe"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *path = arena_printf(mem, "%s/%s", env_dir, names[i]);
		if (access(path, X_OK) == 0) {
			*ret_executable = path;
			return 0;
		}
	}
	return err_set(err, ENOENT, "%s has no interpreter (bin/python)", env_dir);
}

static void differs(struct str *why, const char *what, struct span recorded, const char *now)
{
	if (why->len != 0)
		str_add(why, ", ");
	str_printf(why, "%s %.*s was recorded, the new one has %s", what, SPAN_ARG(recorded), now);
}

static bool parse_version(struct span text, unsigned *ret_major, unsigned *ret_minor)
{
	size_t dot = span_find(text, '.');
	uint64_t major, minor;
	if (dot == text.len || !span_u64(span_make(text.ptr, dot), &major) ||
		!span_u64(span_skip(text, dot + 1), &minor) || major > 99 || minor > 999)
		return false;
	*ret_major = (unsigned)major;
	*ret_minor = (unsigned)minor;
	return true;
}

/* A config narrowed to the stable ABI records the oldest Python it will load in. */
static void compare_version(const struct py_config *recorded, const struct interpreter *now, struct str *why)
{
	unsigned major, minor;
	char text[32];
	(void)snprintf(text, sizeof(text), "%u.%u", now->major, now->minor);
	bool agrees = parse_version(recorded->version, &major, &minor) && major == now->major &&
		(recorded->stable_abi ? minor <= now->minor : minor == now->minor);
	if (!agrees)
		differs(why, "version", recorded->version, text);
}

bool interpreter_agrees(const struct py_config *recorded, const struct interpreter *now, struct str *ret_why)
{
	size_t before = ret_why->len;
	char width[16];
	if (!span_eq_str(recorded->implementation, now->implementation))
		differs(ret_why, "implementation", recorded->implementation, now->implementation);
	compare_version(recorded, now, ret_why);
	if (recorded->gil_disabled != now->gil_disabled)
		differs(ret_why, "ABI", span_of(recorded->gil_disabled ? "free-threaded" : "with GIL"),
			now->gil_disabled ? "none" : "the GIL");
	if (recorded->debug != now->debug)
		differs(ret_why, "ABI", span_of(recorded->debug ? "of a debug build" : "of a release build"),
			now->debug ? "a debug build's" : "a release build's");
	(void)snprintf(width, sizeof(width), "%u", now->pointer_width);
	if (recorded->pointer_width != 0 && recorded->pointer_width != now->pointer_width)
		differs(ret_why, "pointer width", span_of(recorded->pointer_width == 32 ? "32" : "64"),
			width);
	if (recorded->lib_dir.ptr != NULL && now->lib_dir[0] != '\0' &&
		!span_eq_str(recorded->lib_dir, now->lib_dir))
		differs(ret_why, "lib_dir", recorded->lib_dir, now->lib_dir);
	return ret_why->len == before;
}

bool interpreter_same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
		x.st_ino == y.st_ino;
}
