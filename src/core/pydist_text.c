/* What is installed, as text: one thing a line, "name version digest", version "-" where there is none. */
#include "pydist_priv.h"

#include <stdlib.h>
#include <string.h>

#define INTERPRETER "python"
#define ENVIRONMENT "the Python environment"

static int by_name(const void *a, const void *b)
{
	const struct pydist_item *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	if (order == 0)
		order = strcmp(x->version != NULL ? x->version : "", y->version != NULL ? y->version : "");
	return order != 0 ? order : memcmp(x->digest.byte, y->digest.byte, sizeof(x->digest.byte));
}

/* A line break in a name would make it two. */
static void add_word(struct str *out, const char *word)
{
	for (; *word != '\0'; word++)
		str_add_char(out, *word == '\n' ? '?' : *word);
}

void pydist_text(struct pydist *dist, struct str *out)
{
	if (dist->item.len != 0)
		qsort(dist->item.data, dist->item.len, sizeof(*dist->item.data), by_name);
	str_add(out, INTERPRETER " ");
	add_word(out, dist->env->program != NULL ? dist->env->program : "-");
	str_add_char(out, '\n');
	vec_each (item, &dist->item) {
		char hex[DIGEST_HEX_LEN + 1];
		digest_hex(&item->digest, hex);
		add_word(out, item->name);
		str_add_char(out, ' ');
		add_word(out, item->version != NULL ? item->version : "-");
		str_printf(out, " %s\n", hex);
	}
}

struct line {
	struct span name, version, digest;
};

/* The interpreter's line has no digest, and its path for a version. */
static void take_apart(struct span line, bool first, struct line *ret)
{
	size_t last = line.len, before;
	while (!first && last > 0 && line.ptr[last - 1] != ' ')
		last--;
	if (first || last == 0) {
		last = span_find(line, ' ');
		*ret = (struct line){span_make(line.ptr, last), span_skip(line, last + 1), SPAN_LIT("")};
		return;
	}
	ret->digest = span_skip(line, last);
	for (before = last - 1; before > 0 && line.ptr[before - 1] != ' ';)
		before--;
	ret->version = span_make(line.ptr + before, last - 1 - before);
	ret->name = span_make(line.ptr, before > 0 ? before - 1 : 0);
}

static bool find(struct span text, struct span name, struct line *ret)
{
	struct span line;
	for (bool first = true; span_next_line(&text, &line); first = false) {
		take_apart(line, first, ret);
		if (!first && span_eq(ret->name, name))
			return true;
	}
	return false;
}

static bool is_loose(const struct line *line)
{
	return span_eq_str(line->version, "-");
}

static const char *changed(const struct line *before, const struct line *now, struct arena *mem)
{
	if (!span_eq(before->version, now->version))
		return arena_printf(mem, "%.*s %.*s -> %.*s in " ENVIRONMENT, SPAN_ARG(before->name),
			SPAN_ARG(before->version), SPAN_ARG(now->version));
	if (span_eq(before->digest, now->digest))
		return NULL;
	if (is_loose(now))
		return arena_printf(mem, "%.*s in " ENVIRONMENT " has changed", SPAN_ARG(now->name));
	return arena_printf(mem, "%.*s %.*s in " ENVIRONMENT " has other contents", SPAN_ARG(now->name),
		SPAN_ARG(now->version));
}

static const char *came_or_went(const struct line *line, const char *what, struct arena *mem)
{
	if (is_loose(line))
		return arena_printf(mem, "%.*s %s " ENVIRONMENT, SPAN_ARG(line->name), what);
	return arena_printf(
		mem, "%.*s %.*s %s " ENVIRONMENT, SPAN_ARG(line->name), SPAN_ARG(line->version), what);
}

const char *pydist_difference(struct span before, struct span now, struct arena *mem)
{
	struct line old, new;
	struct span rest = before, line, other;
	const char *gone = NULL, *said = NULL;
	struct span rest_now = now;
	if (span_next_line(&rest, &line) && span_next_line(&rest_now, &other) && !span_eq(line, other)) {
		take_apart(line, true, &old);
		take_apart(other, true, &new);
		return arena_printf(mem, "the environment's interpreter is %.*s, it was %.*s",
			SPAN_ARG(new.version), SPAN_ARG(old.version));
	}
	while (said == NULL && span_next_line(&rest, &line)) {
		take_apart(line, false, &old);
		if (find(now, old.name, &new))
			said = changed(&old, &new, mem);
		else if (gone == NULL)
			gone = came_or_went(&old, "is no longer in", mem);
	}
	if (said != NULL || gone != NULL)
		return said != NULL ? said : gone;
	while (span_next_line(&rest_now, &line)) {
		take_apart(line, false, &new);
		if (!find(before, new.name, &old))
			return came_or_went(&new, "is new in", mem);
	}
	return ENVIRONMENT " has changed";
}

/* Pinned or not, named, program, then the directories of packages. */
const char *pydist_key(const struct pyenv *env, struct arena *mem)
{
	CLEANUP_STR struct str out = STR_INIT;
	str_printf(&out, "%s\n%s\n%s\n", env->pinned ? "pinned" : "", env->named != NULL ? env->named : "",
		env->program != NULL ? env->program : "");
	for (size_t i = 0; i < env->nsite; i++)
		str_printf(&out, "%s\n", env->site[i]);
	return arena_strndup(mem, out.buf, out.len);
}

void pydist_from_key(const char *key, struct arena *mem, struct pyenv *ret)
{
	struct span rest = span_of(key), line;
	*ret = (struct pyenv){.site = arena_array(mem, PYENV_MAX_SITES, sizeof(*ret->site))};
	for (size_t i = 0; span_next_line(&rest, &line); i++) {
		const char *text = line.len != 0 ? arena_strndup(mem, line.ptr, line.len) : NULL;
		if (i == 0)
			ret->pinned = text != NULL;
		else if (i == 1)
			ret->named = text;
		else if (i == 2)
			ret->program = text;
		else if (ret->nsite < PYENV_MAX_SITES && text != NULL)
			ret->site[ret->nsite++] = text;
	}
}
