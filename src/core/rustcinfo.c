#include "steady/core/rustcinfo.h"

#include "steady/format/json.h"
#include "steady/util/fsio.h"

#include <cjson/cJSON.h>

#define MAX_BYTES ((size_t)4 * 1024 * 1024)

/* The rest of the line that begins with `key`. */
static const char *line_of(struct arena *mem, struct span text, struct span key)
{
	struct span line;
	while (span_next_line(&text, &line)) {
		if (span_starts(line, key)) {
			line = span_trim(span_skip(line, key.len));
			return arena_strndup(mem, line.ptr, line.len);
		}
	}
	return NULL;
}

static unsigned minor_of(const char *release)
{
	struct span rest = span_of(release);
	uint64_t minor = 0;
	size_t dot = span_find(rest, '.');
	if (!span_eq_str(span_make(rest.ptr, dot), "1"))
		return 0;
	rest = span_skip(rest, dot < rest.len ? dot + 1 : dot);
	dot = span_find(rest, '.');
	return span_u64(span_make(rest.ptr, dot), &minor) && minor < 100000 ? (unsigned)minor : 0;
}

static bool is_verbose_version(struct span text)
{
	return span_starts(text, SPAN_LIT("rustc ")) &&
		span_find_span(text, SPAN_LIT("\nrelease: ")) != text.len;
}

bool rustcinfo_read(int buildfd, struct arena *mem, struct rustcinfo *ret)
{
	struct span text, out;
	CLEANUP_JSON struct cJSON *json = NULL;
	if (fsio_read(buildfd, ".rustc_info.json", MAX_BYTES, mem, &text, NULL, NULL) != 0 ||
		json_parse(text, MAX_BYTES, &json, NULL) < 0)
		return false;
	const struct cJSON *outputs = cJSON_GetObjectItemCaseSensitive(json, "outputs");
	const struct cJSON *item;
	cJSON_ArrayForEach(item, outputs)
	{
		if (!json_string(cJSON_GetObjectItemCaseSensitive(item, "stdout"), &out) ||
			!is_verbose_version(out))
			continue;
		out = span_make(arena_strndup(mem, out.ptr, out.len), out.len);
		*ret = (struct rustcinfo){.verbose = out,
			.release = line_of(mem, out, SPAN_LIT("release:")),
			.host = line_of(mem, out, SPAN_LIT("host:"))};
		ret->minor = ret->release != NULL ? minor_of(ret->release) : 0;
		return true;
	}
	return false;
}
