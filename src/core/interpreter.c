#include "interpreter_priv.h"

#include "steady/util/proc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 10000
#define ASK_MAX_OUT ((size_t)64 * 1024)

/*
 * Isolated and without site: nothing of the project, the user or the environment's packages runs. The prefixes are changed
 * at the end, for Debian's site.py names other directories where they are the base's.
 */
static const char question[] =
	"import json, os, site, struct, sys, sysconfig\n"
	"v = sysconfig.get_config_var\n"
	"names = {'cpython': 'CPython', 'pypy': 'PyPy', 'graalpy': 'GraalPy'}\n"
	"name = sys.implementation.name\n"
	"def read(file):\n"
	"    with open(file, encoding='utf-8', errors='surrogateescape') as f:\n"
	"        parts = (line.partition('=') for line in f)\n"
	"        return {key.strip().lower(): value.strip() for key, _, value in parts}\n"
	"def base(path):\n"
	"    for _ in range(8):\n"
	"        path = os.path.realpath(path)\n"
	"        above = os.path.dirname(path)\n"
	"        files = [os.path.join(dir, 'pyvenv.cfg') for dir in (above, os.path.dirname(above))]\n"
	"        keys = next((read(f) for f in files if os.path.isfile(f)), {})\n"
	"        names = os.path.basename(path), 'python%d.%d' % sys.version_info[:2], 'python3', 'python'\n"
	"        there = [keys.get('executable', ''), keys.get('base-executable', '')]\n"
	"        there += [os.path.join(keys.get('home', ''), n) for n in names]\n"
	"        there = [p for p in there if os.path.isabs(p) and os.access(p, os.X_OK)]\n"
	"        if not there or 'home' not in keys:\n"
	"            return path\n"
	"        path = there[0]\n"
	"    return ''\n"
	"def listed(dirs, root=''):\n"
	"    return os.pathsep.join(d[len(root):].lstrip('/') if root else d for d in dirs if d.startswith(root))\n"
	"library = os.path.join(v('LIBDIR') or '', v('INSTSONAME') or '')\n"
	"answer = {\n"
	"    'implementation': names.get(name, name),\n"
	"    'major': sys.version_info[0], 'minor': sys.version_info[1], 'version': sys.version,\n"
	"    'lib_dir': v('LIBDIR') or '', 'lib_name': v('LDLIBRARY') or '',\n"
	"    'abiflags': getattr(sys, 'abiflags', ''), 'platform': sysconfig.get_platform(),\n"
	"    'pointer_width': struct.calcsize('P') * 8,\n"
	"    'gil_disabled': bool(v('Py_GIL_DISABLED')), 'debug': bool(v('Py_DEBUG')),\n"
	"    'base': base(sys.executable),\n"
	"    'executable': sys.executable, 'multiarch': v('MULTIARCH') or '',\n"
	"    'library': library if v('Py_ENABLE_SHARED') and os.path.isfile(library) else '',\n"
	"    'prefix': sys.prefix, 'path': sys.path}\n"
	"sys.prefix, sys.exec_prefix = sys.base_prefix, sys.base_exec_prefix\n"
	"answer['system_site'] = listed(site.getsitepackages([sys.prefix, sys.exec_prefix]))\n"
	"sys.prefix = sys.exec_prefix = '/=/'\n"
	"answer['site_packages'] = listed(site.getsitepackages(['/=/']), '/=/')\n"
	"print(json.dumps(answer))\n";

static const char *text_of(const cJSON *answer, const char *key, struct arena *mem)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, key));
	return text != NULL ? arena_strdup(mem, text) : NULL;
}

/* A key that older answers, or stand-ins for an interpreter, lack. */
static const char *optional_of(const cJSON *answer, const char *key, struct arena *mem)
{
	const char *text = text_of(answer, key, mem);
	return text != NULL ? text : "";
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
	now->base = optional_of(answer, "base", mem);
	now->told = optional_of(answer, "executable", mem);
	now->multiarch = optional_of(answer, "multiarch", mem);
	now->library = optional_of(answer, "library", mem);
	now->site_packages = optional_of(answer, "site_packages", mem);
	now->system_site = optional_of(answer, "system_site", mem);
	return now->implementation != NULL && now->full_version != NULL && now->lib_dir != NULL &&
		now->lib_name != NULL && now->abi_flags != NULL && now->platform != NULL &&
		number_of(answer, "major", &now->major) && number_of(answer, "minor", &now->minor) &&
		number_of(answer, "pointer_width", &now->pointer_width);
}

int interpreter_parse(struct span answer, struct arena *mem, struct interpreter *ret)
{
	struct interpreter now = {.executable = NULL};
	cJSON *json = cJSON_ParseWithLength(answer.ptr, answer.len);
	bool understood = json != NULL && read_answer(json, mem, &now);
	cJSON_Delete(json);
	if (!understood)
		return -EPROTO;
	*ret = now;
	return 0;
}

int interpreter_run(const char *executable, bool with_site, const char *const change[], struct arena *mem,
	struct span *ret_answer, struct err *err)
{
	const char *const isolated[] = {executable, "-I", "-S", "-B", "-c", question, NULL};
	const char *const usual[] = {executable, "-I", "-B", "-c", question, NULL};
	if (access(executable, F_OK) < 0)
		return err_sys(err, errno, "no interpreter at %s", executable);
	struct proc_result result;
	int code =
		proc_capture(with_site ? usual : isolated, change, ASK_TIMEOUT_MS, ASK_MAX_OUT, &result, err);
	if (code < 0)
		return code;
	*ret_answer = span_make(arena_strndup(mem, result.out.buf, result.out.len), result.out.len);
	str_release(&result.out);
	if (result.status != 0)
		return err_set(err, EPROTO,
			"%s does not answer as a Python interpreter does (exit status %d)", executable,
			result.status);
	return 0;
}

int interpreter_ask_text(const char *executable, struct arena *mem, struct interpreter *ret,
	struct span *ret_answer, struct err *err)
{
	struct span answer;
	int code = interpreter_run(executable, false, NULL, mem, &answer, err);
	if (code < 0)
		return code;
	struct interpreter now;
	if (interpreter_parse(answer, mem, &now) < 0)
		return err_set(err, EPROTO, "%s does not answer as a Python interpreter does (exit status 0)",
			executable);
	now.executable = arena_strdup(mem, executable);
	*ret_answer = answer;
	*ret = now;
	return 0;
}

int interpreter_ask(const char *executable, struct arena *mem, struct interpreter *ret, struct err *err)
{
	struct span answer;
	return interpreter_ask_text(executable, mem, ret, &answer, err);
}

static void add_field(struct str *text, const char *name, const char *value)
{
	str_printf(text, "%s %zu %s\n", name, strlen(value), value);
}

void interpreter_identity(const struct interpreter *i, struct digest *ret)
{
	CLEANUP_STR struct str text = STR_INIT;
	add_field(&text, "implementation", i->implementation);
	add_field(&text, "version", i->full_version);
	add_field(&text, "abiflags", i->abi_flags);
	add_field(&text, "base", i->base);
	add_field(&text, "lib_dir", i->lib_dir);
	add_field(&text, "lib_name", i->lib_name);
	add_field(&text, "platform", i->platform);
	add_field(&text, "multiarch", i->multiarch);
	str_printf(
		&text, "%u.%u %u %d %d\n", i->major, i->minor, i->pointer_width, i->gil_disabled, i->debug);
	*ret = digest_of(str_span(&text));
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
