#include "steady/core/realcargo.h"

#include "steady/util/digest.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/self.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "cargo"
#define MAX_VISITED 32
#define MAX_PROGRAM ((size_t)64 << 20)
/* So often may one file be chosen in a row, with other words each time. A cargo in a build script of a cargo in ... is
 * nowhere near. */
#define MAX_ROUNDS 16

struct file {
	uint64_t dev, inode;
};

struct visited {
	struct file file[MAX_VISITED];
	size_t count;
	/** What was chosen last, how it was called, how often in a row. */
	struct file last;
	uint64_t call, rounds;
};

static struct file file_of(const struct stat *st)
{
	return (struct file){(uint64_t)st->st_dev, (uint64_t)st->st_ino};
}

static bool same_file(struct file a, struct file b)
{
	return a.dev == b.dev && a.inode == b.inode;
}

static bool is_visited(const struct visited *v, struct file file)
{
	for (size_t i = 0; i < v->count; i++) {
		if (same_file(v->file[i], file))
			return true;
	}
	return false;
}

static void add(struct visited *v, struct file file)
{
	if (v->count < MAX_VISITED && !is_visited(v, file))
		v->file[v->count++] = file;
}

/* One number in hexadecimal, up to `end` or the end of the text, which is cut off. */
static bool take_hex(struct span *rest, char end, uint64_t *ret)
{
	size_t len = span_find(*rest, end);
	uint64_t value = 0;
	if (len == 0 || len > 16)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *digits = "0123456789abcdef";
		const char *digit = strchr(digits, rest->ptr[i]);
		if (digit == NULL || *digit == '\0')
			return false;
		value = value << 4 | (uint64_t)(digit - digits);
	}
	*ret = value;
	*rest = span_skip(*rest, len < rest->len ? len + 1 : len);
	return true;
}

static bool parse(struct span text, struct visited *v)
{
	size_t at = span_find(text, '@');
	struct span last = span_skip(text, at);
	struct span list = span_make(text.ptr, at);
	while (list.len != 0) {
		size_t len = span_find(list, ',');
		struct span item = span_make(list.ptr, len);
		struct file file;
		if (!take_hex(&item, ':', &file.dev) || !take_hex(&item, ':', &file.inode))
			return false;
		add(v, file);
		list = span_skip(list, len < list.len ? len + 1 : len);
	}
	if (last.len == 0)
		return true;
	last = span_skip(last, 1);
	return take_hex(&last, ':', &v->last.dev) && take_hex(&last, ':', &v->last.inode) &&
		take_hex(&last, ':', &v->call) && take_hex(&last, ':', &v->rounds);
}

static const char *format(const struct visited *v, struct arena *mem)
{
	CLEANUP_STR struct str text = STR_INIT;
	for (size_t i = 0; i < v->count; i++)
		str_printf(&text, "%s%jx:%jx", i != 0 ? "," : "", (uintmax_t)v->file[i].dev,
			(uintmax_t)v->file[i].inode);
	str_printf(&text, "@%jx:%jx:%jx:%jx", (uintmax_t)v->last.dev, (uintmax_t)v->last.inode,
		(uintmax_t)v->call, (uintmax_t)v->rounds);
	return arena_strdup(mem, text.buf);
}

/* The words, the place, and what a cargo sets for what it starts: equal when a wrapper calls us again at once. */
static uint64_t digest_of_call(const char *const argv[])
{
	static const char *const set_by_cargo[] = {
		"CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "OUT_DIR", "RUST_RECURSION_COUNT"};
	CLEANUP_STR struct str text = STR_INIT;
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
		str_add_mem(&text, argv[i], strlen(argv[i]) + 1);
	str_printf(&text, "\n%s\n", cwd != NULL ? cwd : "");
	for (size_t i = 0; i < COUNT_OF(set_by_cargo); i++) {
		const char *value = getenv(set_by_cargo[i]);
		str_printf(&text, "%s\n", value != NULL ? value : "");
	}
	return digest_u64(str_span(&text));
}

/* Is there a program of that name in the directory? Its path replaces *path. */
static bool look_into(struct span dir, struct str *path, struct stat *ret)
{
	if (dir.len == 0 || dir.ptr[0] != '/')
		return false;
	str_clear(path);
	str_printf(path, "%.*s/" NAME, SPAN_ARG(dir));
	return stat(path->buf, ret) == 0 && S_ISREG(ret->st_mode) && access(path->buf, X_OK) == 0;
}

/* The first one on PATH that was not visited (`v` may be NULL). */
static bool search(const struct visited *v, struct str *path, struct file *ret)
{
	const char *value = getenv("PATH");
	struct span rest = value != NULL ? span_of(value) : SPAN_LIT("/usr/local/bin:/usr/bin:/bin");
	while (rest.len != 0) {
		size_t len = span_find(rest, ':');
		struct span dir = span_make(rest.ptr, len);
		struct stat st;
		rest = span_skip(rest, len < rest.len ? len + 1 : len);
		if (!look_into(dir, path, &st) || (v != NULL && is_visited(v, file_of(&st))))
			continue;
		*ret = file_of(&st);
		return true;
	}
	return false;
}

int realcargo_find(const char *const argv[], struct arena *mem, struct realcargo *ret, struct err *err)
{
	struct visited v = {.count = 0};
	struct stat self;
	const char *before = getenv(REALCARGO_VISITED);
	if (before != NULL && !parse(span_of(before), &v))
		v = (struct visited){.count = 0};
	int code = self_stat(&self);
	if (code < 0)
		return err_sys(err, -code, "cannot find out which program this is");
	add(&v, file_of(&self));

	CLEANUP_STR struct str path = STR_INIT;
	struct file found;
	const uint64_t call = digest_of_call(argv);
	bool any = search(&v, &path, &found);
	if (any && same_file(found, v.last) && (call == v.call || v.rounds >= MAX_ROUNDS)) {
		add(&v, found);
		any = search(&v, &path, &found);
	}
	if (!any) {
		(void)err_set(err, ENOENT, "there is no cargo on PATH behind the shim of cargo-steady");
		return err_hint(err, "install Rust, or put the directory of its cargo on PATH");
	}
	v.rounds = same_file(found, v.last) ? v.rounds + 1 : 1;
	v.last = found;
	v.call = call;
	ret->path = arena_strdup(mem, path.buf);
	ret->visited = format(&v, mem);
	return 0;
}

const char *realcargo_first(struct arena *mem)
{
	CLEANUP_STR struct str path = STR_INIT;
	struct file unused;
	return search(NULL, &path, &unused) ? arena_strdup(mem, path.buf) : NULL;
}

/* Both paths are absolute and without links. */
static bool have_same_bytes(const char *a, const char *b)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int root = fsio_open_root("/", NULL);
	struct span x, y;
	return root >= 0 && fsio_read(root, a + 1, MAX_PROGRAM, mem, &x, NULL, NULL) == 0 &&
		fsio_read(root, b + 1, MAX_PROGRAM, mem, &y, NULL, NULL) == 0 && span_eq(x, y);
}

bool realcargo_is_shim(const char *path)
{
	struct stat self, there;
	CLEANUP_STR struct str own = STR_INIT;
	if (stat(path, &there) < 0)
		return false;
	const bool known = self_stat(&self) == 0;
	if (known && same_file(file_of(&self), file_of(&there)))
		return true;
	CLEANUP_FREE char *real = realpath(path, NULL);
	if (real == NULL || span_eq_str(path_base(span_of(real)), "cargo-steady"))
		return real != NULL;
	return known && self.st_size == there.st_size && self_path(&own) && have_same_bytes(own.buf, real);
}
