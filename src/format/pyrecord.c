#include "steady/format/pyrecord.h"

#include "steady/util/path.h"

#include <string.h>

#define DIST_INFO ".dist-info"

/* Position of the last comma before `end`, or `end` if there is none. */
static size_t comma_before(struct span line, size_t end)
{
	for (size_t i = end; i > 0; i--) {
		if (line.ptr[i - 1] == ',')
			return i - 1;
	}
	return end;
}

static struct span unquoted(struct span path)
{
	if (path.len >= 2 && path.ptr[0] == '"' && path.ptr[path.len - 1] == '"')
		return span_make(path.ptr + 1, path.len - 2);
	return path;
}

/* Files that the installer writes about itself. */
static bool is_installers(struct span path)
{
	static const char *const name[] = {
		"INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "RECORD.jws", "RECORD.p7s"};
	struct span base = path_base(path);
	if (!span_ends(path_dir(path), SPAN_LIT(DIST_INFO)))
		return false;
	for (size_t i = 0; i < COUNT_OF(name); i++) {
		if (span_eq_str(base, name[i]))
			return true;
	}
	return span_starts(base, SPAN_LIT("uv_"));
}

/* Their first line is the interpreter of the environment, and so another one in each. Other data is the wheel's own. */
static bool is_script(struct span path)
{
	struct span above = path_base(path_dir(path));
	return !path_is_inside(path) && (span_eq_str(above, "bin") || span_eq_str(above, "Scripts"));
}

bool pyrecord_next(struct span *rest, struct pyrecord_line *ret)
{
	struct span line;
	do {
		if (!span_next_line(rest, &line))
			return false;
		line = span_trim(line);
	} while (line.len == 0);
	size_t size = comma_before(line, line.len);
	size_t hash = comma_before(line, size);
	/* Of fewer than three fields the first is the path. */
	if (size == line.len || hash == size) {
		hash = span_find(line, ',');
		size = hash;
	}
	ret->path = unquoted(span_make(line.ptr, hash));
	ret->hash = hash < size ? span_make(line.ptr + hash + 1, size - hash - 1) : SPAN_LIT("");
	ret->both = span_make(line.ptr, size);
	ret->passed_over =
		is_script(ret->path) || span_ends(ret->path, SPAN_LIT(".pyc")) || is_installers(ret->path);
	return true;
}

void pyrecord_add(struct pyrecord_sum *sum, struct span thing)
{
	uint64_t part[2];
	struct digest digest = digest_of(thing);
	memcpy(part, digest.byte, sizeof(part));
	sum->part[0] += part[0];
	sum->part[1] += part[1];
	sum->count++;
}

struct digest pyrecord_digest(const struct pyrecord_sum *sum)
{
	return digest_of(span_make((const char *)sum, sizeof(*sum)));
}

bool pyrecord_name(struct span directory, struct span *ret_name, struct span *ret_version)
{
	if (!span_ends(directory, SPAN_LIT(DIST_INFO)))
		return false;
	struct span whole = span_make(directory.ptr, directory.len - strlen(DIST_INFO));
	for (size_t i = whole.len; i > 1; i--) {
		if (whole.ptr[i - 1] != '-' || i == whole.len)
			continue;
		*ret_name = span_make(whole.ptr, i - 1);
		*ret_version = span_skip(whole, i);
		return true;
	}
	return false;
}
