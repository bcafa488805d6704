#include "steady/format/depinfo.h"

#include <errno.h>

static const char magic[] = {1, 0, 0, 0, '\xff'};
#define VERSION_1 1

/* A position in the bytes; the first fault stays in `bad` and makes every later step a no-op. */
struct cursor {
	struct span bytes;
	size_t at;
	const char *bad;
};

static void fault(struct cursor *c, const char *what)
{
	if (c->bad == NULL)
		c->bad = what;
}

/* NULL, and a fault, if there are not that many. */
static const char *take(struct cursor *c, size_t count)
{
	if (c->bad != NULL)
		return NULL;
	if (c->bytes.len - c->at < count) {
		fault(c, "the end is missing");
		return NULL;
	}
	const char *p = c->bytes.ptr + c->at;
	c->at += count;
	return p;
}

static uint64_t take_integer(struct cursor *c, size_t width)
{
	const char *p = take(c, width);
	uint64_t value = 0;
	for (size_t i = 0; p != NULL && i < width; i++)
		value |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return value;
}

static bool take_flag(struct cursor *c)
{
	uint64_t value = take_integer(c, 1);
	if (value > 1)
		fault(c, "a flag is neither 0 nor 1");
	return value == 1;
}

static struct span take_bytes(struct cursor *c)
{
	size_t len = (size_t)take_integer(c, 4);
	const char *p = take(c, len);
	return span_make(p != NULL ? p : "", p != NULL ? len : 0);
}

static struct span take_text(struct cursor *c)
{
	struct span text = take_bytes(c);
	if (!span_is_utf8(text))
		fault(c, "text that is not UTF-8");
	return text;
}

/* A count of things that take at least `least` bytes each. */
static size_t take_count(struct cursor *c, size_t least)
{
	size_t count = (size_t)take_integer(c, 4);
	if (c->bad == NULL && count > (c->bytes.len - c->at) / least)
		fault(c, "a count that the file cannot hold");
	return c->bad == NULL ? count : 0;
}

static void take_file(struct cursor *c, enum depinfo_version version, struct depinfo_file *ret)
{
	uint64_t root = take_integer(c, 1);
	if (root > DEPINFO_BUILD)
		fault(c, "an unknown type of path");
	ret->root = root == DEPINFO_BUILD ? DEPINFO_BUILD : DEPINFO_PACKAGE;
	ret->path = take_bytes(c);
	if (version == DEPINFO_V0)
		return;
	ret->has_checksum = take_flag(c);
	if (ret->has_checksum) {
		ret->size = take_integer(c, 8);
		ret->checksum = take_text(c);
	}
}

static void take_files(struct cursor *c, struct arena *mem, struct depinfo *info)
{
	info->nfile = take_count(c, info->version == DEPINFO_V0 ? 5 : 6);
	info->file = arena_array(mem, info->nfile, sizeof(*info->file));
	for (size_t i = 0; c->bad == NULL && i < info->nfile; i++)
		take_file(c, info->version, &info->file[i]);
}

static void take_env(struct cursor *c, struct arena *mem, struct depinfo *info)
{
	info->nenv = take_count(c, 5);
	info->env = arena_array(mem, info->nenv, sizeof(*info->env));
	for (size_t i = 0; c->bad == NULL && i < info->nenv; i++) {
		info->env[i].key = take_text(c);
		info->env[i].has_value = take_flag(c);
		if (info->env[i].has_value)
			info->env[i].value = take_text(c);
	}
}

/* The magic reads as one file of an impossible type to cargos that do not know it. */
static enum depinfo_version take_version(struct cursor *c, bool has_method)
{
	if (!span_starts(c->bytes, span_make(magic, sizeof(magic))))
		return has_method ? DEPINFO_V0C : DEPINFO_V0;
	(void)take(c, sizeof(magic));
	if (take_integer(c, 1) != VERSION_1)
		fault(c, "an unknown version");
	return DEPINFO_V1;
}

int depinfo_parse(struct arena *mem, struct span bytes, bool has_method, struct depinfo *ret, struct err *err)
{
	struct cursor c = {.bytes = bytes};
	struct depinfo info = {.version = take_version(&c, has_method)};
	take_files(&c, mem, &info);
	take_env(&c, mem, &info);
	if (c.bad != NULL)
		return err_set(err, EBADMSG, "not cargo's dep-info: %s, at byte %zu", c.bad, c.at);
	info.trailing = span_skip(bytes, c.at);
	*ret = info;
	return 0;
}

static void put_integer(struct str *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		str_add_char(out, (char)(unsigned char)(value >> (8 * i)));
}

static void put_bytes(struct str *out, struct span bytes)
{
	put_integer(out, bytes.len, 4);
	str_add_span(out, bytes);
}

void depinfo_format(const struct depinfo *info, struct str *out)
{
	if (info->version == DEPINFO_V1) {
		str_add_mem(out, magic, sizeof(magic));
		put_integer(out, VERSION_1, 1);
	}
	put_integer(out, info->nfile, 4);
	for (size_t i = 0; i < info->nfile; i++) {
		const struct depinfo_file *file = &info->file[i];
		put_integer(out, (uint64_t)file->root, 1);
		put_bytes(out, file->path);
		if (info->version == DEPINFO_V0)
			continue;
		put_integer(out, file->has_checksum, 1);
		if (file->has_checksum) {
			put_integer(out, file->size, 8);
			put_bytes(out, file->checksum);
		}
	}
	put_integer(out, info->nenv, 4);
	for (size_t i = 0; i < info->nenv; i++) {
		put_bytes(out, info->env[i].key);
		put_integer(out, info->env[i].has_value, 1);
		if (info->env[i].has_value)
			put_bytes(out, info->env[i].value);
	}
	str_add_span(out, info->trailing);
}
