#include "steady/core/cargoenv.h"

#include "steady/format/toml.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"
#include "steady/util/strmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

/* A variable of [env]. */
struct entry {
	struct span value;
	bool force;
};

struct cargoenv {
	struct arena *mem;
	/** Name -> char * (value). */
	struct strmap *process;
	/** Name -> struct entry *. */
	struct strmap *config;
	/** Name -> const struct toml_value *, of [alias]. */
	struct strmap *alias;
	/** Name -> const struct toml_value *, of [term]. */
	struct strmap *term;
	/** build.rustflags of the nearest file that has it; how many have it; does any have flags for a target? */
	const struct toml_value *build_flags;
	unsigned build_flags_seen;
	bool target_flags;
	const char *warning;
};

static int read_config(struct arena *mem, const char *path, struct toml_value **ret, struct err *err)
{
	char *real = realpath(path, NULL);
	if (real == NULL)
		return errno == ENOENT || errno == ENOTDIR ? FSIO_MISSING
							   : err_sys(err, errno, "cannot read %s", path);
	struct span text;
	CLEANUP_CLOSE int root = fsio_open_root("/", err);
	int code = root < 0 ? root : fsio_read(root, real + 1, TOML_MAX_BYTES, mem, &text, NULL, err);
	free(real);
	if (code == 0)
		code = toml_parse(mem, text, ret, err);
	return code < 0 ? err_wrap(err, "%s", path) : code;
}

/* `base`: what relative values are relative to. */
static void add_env(struct cargoenv *env, const struct toml_value *doc, const char *base)
{
	toml_each (item, toml_get(doc, "env")) {
		struct span value;
		bool force = false, relative = false;
		if (!toml_string(item, &value) && !toml_string(toml_get(item, "value"), &value))
			continue;
		(void)toml_bool(toml_get(item, "force"), &force);
		(void)toml_bool(toml_get(item, "relative"), &relative);
		if (strmap_get(env->config, item->key) != NULL)
			continue;
		struct entry *entry = arena_alloc(env->mem, sizeof(*entry));
		*entry = (struct entry){.value = value, .force = force};
		if (relative) {
			CLEANUP_STR struct str path = STR_INIT;
			path_join(&path, base, arena_strndup(env->mem, value.ptr, value.len));
			entry->value = span_make(arena_strdup(env->mem, path.buf), path.len);
		}
		(void)strmap_put(env->config, item->key, entry);
	}
}

static void add_flags(struct cargoenv *env, const struct toml_value *doc)
{
	const struct toml_value *flags = toml_get(doc, "build.rustflags");
	if (flags != NULL && env->build_flags_seen++ == 0)
		env->build_flags = flags;
	toml_each (target, toml_get(doc, "target"))
		env->target_flags |= toml_get(target, "rustflags") != NULL;
	env->target_flags |= toml_get(doc, "host") != NULL;
}

/* What a nearer file says stays. */
static void add_table(struct strmap *map, const struct toml_value *table)
{
	toml_each (item, table) {
		if (strmap_get(map, item->key) == NULL)
			(void)strmap_put(map, item->key, (void *)(uintptr_t)item);
	}
}

/* The one of the two names that cargo takes: the old one if both are there. */
static void add_dir(struct cargoenv *env, const char *config_dir, const char *base)
{
	static const char *const names[] = {"config", "config.toml"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct err err = ERR_INIT;
		struct toml_value *doc;
		const char *path = arena_printf(env->mem, "%s/%s", config_dir, names[i]);
		int code = read_config(env->mem, path, &doc, &err);
		if (code == FSIO_MISSING)
			continue;
		if (code < 0) {
			env->warning = arena_strdup(env->mem, err.msg);
			return;
		}
		add_env(env, doc, base);
		add_flags(env, doc);
		add_table(env->alias, toml_get(doc, "alias"));
		add_table(env->term, toml_get(doc, "term"));
		if (toml_get(doc, "include") != NULL)
			env->warning = arena_printf(
				env->mem, "%s includes other files, which are not read here", path);
		return;
	}
}

static void add_files(struct cargoenv *env, const struct cargoenv_options *options)
{
	const char *home = options->cargo_home;
	struct span dir = span_of(options->cwd);
	while (dir.len != 0) {
		CLEANUP_STR struct str config_dir = STR_INIT;
		const char *base = arena_strndup(env->mem, dir.ptr, dir.len);
		path_join(&config_dir, base, ".cargo");
		/* CARGO_HOME may lie on the way up; it comes last. */
		if (home == NULL || strcmp(config_dir.buf, home) != 0)
			add_dir(env, config_dir.buf, base);
		if (dir.len == 1)
			break;
		dir = path_dir(dir);
	}
	if (home != NULL) {
		struct span parent = path_dir(span_of(home));
		add_dir(env, home, arena_strndup(env->mem, parent.ptr, parent.len));
	}
}

int cargoenv_load(const struct cargoenv_options *options, struct cargoenv **ret, struct err *err)
{
	if (options->cwd == NULL || options->cwd[0] != '/')
		return err_set(err, EINVAL, "the working directory's path is not absolute");
	struct cargoenv *env = xcalloc(1, sizeof(*env));
	env->mem = arena_new();
	env->process = strmap_new();
	env->config = strmap_new();
	env->alias = strmap_new();
	env->term = strmap_new();
	char *const *variables = options->variables != NULL ? options->variables : environ;
	for (; variables != NULL && *variables != NULL; variables++) {
		struct span text = span_of(*variables);
		size_t equals = span_find(text, '=');
		if (equals == 0 || equals == text.len)
			continue;
		char *value = arena_strdup(env->mem, *variables + equals + 1);
		(void)strmap_put(env->process, span_make(text.ptr, equals), value);
	}
	add_files(env, options);
	*ret = env;
	return 0;
}

struct cargoenv *cargoenv_free(struct cargoenv *env)
{
	if (env == NULL)
		return NULL;
	(void)strmap_free(env->process);
	(void)strmap_free(env->config);
	(void)strmap_free(env->alias);
	(void)strmap_free(env->term);
	(void)arena_free(env->mem);
	free(env);
	return NULL;
}

void cargoenv_cleanup(struct cargoenv **env)
{
	*env = cargoenv_free(*env);
}

bool cargoenv_get(const struct cargoenv *env, struct span name, bool config, struct span *ret)
{
	const char *value = strmap_get(env->process, name);
	const struct entry *entry = config ? strmap_get(env->config, name) : NULL;
	struct span found;
	if (entry != NULL && (entry->force || value == NULL))
		found = entry->value;
	else if (value != NULL)
		found = span_of(value);
	else
		return false;
	if (!span_is_utf8(found))
		return false;
	*ret = found;
	return true;
}

struct flags {
	struct arena *mem;
	VEC(struct span) list;
};

/* Cuts at `separator`; `trim`: pieces of white space are dropped. */
static void split(struct flags *f, struct span text, char separator, bool trim)
{
	for (;;) {
		size_t len = span_find(text, separator);
		struct span piece = span_make(text.ptr, len);
		if (trim)
			piece = span_trim(piece);
		if (piece.len != 0 || !trim)
			*vec_add(&f->list) = piece;
		if (len == text.len)
			return;
		text = span_skip(text, len + 1);
	}
}

static bool flags_from_process(const struct cargoenv *env, struct flags *f)
{
	struct span value;
	if (cargoenv_get(env, SPAN_LIT("CARGO_ENCODED_RUSTFLAGS"), false, &value)) {
		if (value.len != 0)
			split(f, value, '\x1f', false);
		return true;
	}
	if (!cargoenv_get(env, SPAN_LIT("RUSTFLAGS"), false, &value))
		return false;
	split(f, value, ' ', true);
	return true;
}

static int is_target_flags(struct span name, void *value, void *ctx)
{
	(void)value;
	(void)ctx;
	return span_starts(name, SPAN_LIT("CARGO_TARGET_")) && span_ends(name, SPAN_LIT("_RUSTFLAGS"));
}

static bool flags_from_config(const struct cargoenv *env, struct flags *f)
{
	struct span value;
	const bool in_process = cargoenv_get(env, SPAN_LIT("CARGO_BUILD_RUSTFLAGS"), false, &value);
	if (env->target_flags || strmap_each(env->process, is_target_flags, NULL) != 0 ||
		env->build_flags_seen + (in_process ? 1u : 0u) > 1)
		return false;
	if (in_process || toml_string(env->build_flags, &value)) {
		split(f, value, ' ', true);
		return true;
	}
	toml_each (item, env->build_flags) {
		if (toml_string(item, &value))
			*vec_add(&f->list) = value;
	}
	return true;
}

bool cargoenv_rustflags(const struct cargoenv *env, struct span **ret_flags, size_t *ret_count)
{
	struct flags f = {.mem = env->mem, .list = VEC_INIT};
	bool known = flags_from_process(env, &f) || flags_from_config(env, &f);
	if (known) {
		*ret_flags = vec_copy(env->mem, &f.list);
		*ret_count = f.list.len;
	}
	vec_release(&f.list);
	return known;
}

/* CARGO_TABLE_NAME, as cargo spells the key of a configuration in a variable. */
static const char *variable_of(struct arena *mem, const char *table, const char *name)
{
	char *variable = arena_printf(mem, "CARGO_%s_%s", table, name);
	for (char *c = variable; *c != '\0'; c++)
		*c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	return variable;
}

bool cargoenv_alias(const struct cargoenv *env, const char *name, struct span **ret_words, size_t *ret_count)
{
	struct flags words = {.mem = env->mem, .list = VEC_INIT};
	const struct toml_value *alias = strmap_get(env->alias, span_of(name));
	struct span text;
	if (cargoenv_get(env, span_of(variable_of(env->mem, "ALIAS", name)), false, &text) ||
		toml_string(alias, &text))
		split(&words, text, ' ', true);
	else
		toml_each (item, alias)
			if (toml_string(item, &text))
				*vec_add(&words.list) = text;
	const bool any = words.list.len != 0;
	if (any) {
		*ret_count = words.list.len;
		*ret_words = vec_copy(env->mem, &words.list);
	}
	vec_release(&words.list);
	return any;
}

bool cargoenv_term(const struct cargoenv *env, const char *key)
{
	struct span value;
	bool on = false;
	if (cargoenv_get(env, span_of(variable_of(env->mem, "TERM", key)), false, &value))
		return span_eq_str(value, "true");
	(void)toml_bool(strmap_get(env->term, span_of(key)), &on);
	return on;
}

const char *cargoenv_warning(const struct cargoenv *env)
{
	return env->warning;
}
