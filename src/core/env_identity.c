#include "rewrite_priv.h"

#include "steady/core/aliaspath.h"
#include "steady/util/path.h"

#include <stdlib.h>
#include <string.h>

/* A build directory holds the environments of a few builds; a forged one any number of them. */
#define MAX_ENVS 1000

struct rewrite_env *env_identity_find(const struct rewriter *r, struct span env)
{
	size_t number = (uintptr_t)strmap_get(r->env_number, env);
	return number != 0 ? &r->envs.data[number - 1] : NULL;
}

/* Compares one recorded config of the environment; false if it tells of another interpreter. */
static bool compare(struct rewriter *r, struct rewrite_env *env, const struct config_sighting *seen)
{
	struct str why = STR_INIT;
	if (env->recorded_in == NULL)
		env->recorded_in = seen->path;
	bool agrees = r->request->now != NULL && interpreter_agrees(&seen->config, r->request->now, &why);
	if (!agrees && r->request->now != NULL)
		env->why = arena_printf(r->mem, "%s (%s)", why.buf, seen->path);
	else if (!agrees)
		env->why = arena_printf(r->mem,
			"its interpreter is recorded (%s), but %s has none that could be compared with it",
			seen->path, r->request->map.to);
	str_release(&why);
	return agrees;
}

/*
 * Nothing recorded: the file system can still tell, where the old environment is there and its interpreter is
 * the same file as the new one's. Neither is run for that.
 */
static bool same_on_disk(const struct rewriter *r, struct span env)
{
	static const char *const names[] = {"bin/python", "bin/python3"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *old = arena_printf(r->mem, "%.*s/%s", SPAN_ARG(env), names[i]);
		const char *new = arena_printf(r->mem, "%s/%s", r->request->map.to, names[i]);
		if (interpreter_same_file(old, new))
			return true;
	}
	return false;
}

static bool is_alias(struct span env)
{
	return span_eq_str(path_base(path_dir(env)), ALIAS_DIRECTORY);
}

static void decide(struct rewriter *r, struct rewrite_env *env)
{
	env->accepted = true;
	if (r->request->force_identity)
		return;
	/* An alias of another home directory says in its name whose it is. */
	bool known = r->request->must_rerun != NULL && is_alias(env->path);
	if (known && !span_eq(path_base(env->path), path_base(span_of(r->request->map.to)))) {
		env->accepted = false;
		env->why = "it is the alias of another interpreter";
		return;
	}
	for (size_t i = 0; env->accepted && i < r->configs.len; i++) {
		const struct config_sighting *seen = &r->configs.data[i];
		if (!path_has_prefix(seen->config.executable, env->path))
			continue;
		known = true;
		env->accepted = compare(r, env, seen);
	}
	if (known || same_on_disk(r, env->path))
		return;
	env->accepted = false;
	env->why = "nothing is recorded about its interpreter, and it is not there any more to be compared";
}

void env_identity_decide(struct rewriter *r)
{
	size_t last_unit = UNIT_NONE;
	for (size_t i = 0; i < r->sightings.len; i++) {
		const struct sighting *seen = &r->sightings.data[i];
		struct rewrite_env *env = env_identity_find(r, seen->env);
		if (env == NULL && r->envs.len == MAX_ENVS)
			continue;
		if (env == NULL) {
			env = vec_add(&r->envs);
			*env = (struct rewrite_env){.path = seen->env};
			(void)strmap_put(r->env_number, seen->env, (void *)(uintptr_t)r->envs.len);
		}
		env->units += seen->unit != last_unit || env->units == 0;
		last_unit = seen->unit;
	}
	vec_each (env, &r->envs)
		decide(r, env);
}
