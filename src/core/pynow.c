#include "steady/core/pynow.h"

#include "steady/core/observe.h"
#include "steady/core/pydist.h"
#include "steady/core/pyscripts.h"

#include <stdlib.h>

struct pynow {
	struct arena *mem;
	struct observer *observer;
	/** NULL where it cannot be told. */
	const struct observation *installed, *place;
};

struct pynow *pynow_look(const char *workspace_root)
{
	const struct observer_options options = {.workspace_root = workspace_root};
	const struct pyenv_values none = {.known = {false}};
	struct pynow *now = xcalloc(1, sizeof(*now));
	struct pyenv env;
	now->mem = arena_new();
	now->observer = observer_new(&options);
	pyenv_find(now->mem, &none, &env);
	if (env.why != NULL)
		return now;
	now->installed = observer_want(now->observer, INPUT_ENVIRONMENT, pydist_key(&env, now->mem));
	now->place = observer_want(now->observer, INPUT_ENVIRONMENT_PATH, pyenv_place(&env, now->mem));
	observer_look(now->observer, NULL);
	return now;
}

struct pynow *pynow_free(struct pynow *now)
{
	if (now == NULL)
		return NULL;
	(void)observer_free(now->observer);
	(void)arena_free(now->mem);
	free(now);
	return NULL;
}

static bool is_same(const struct observation *seen, const struct input *input)
{
	return seen != NULL && seen->state == OBSERVED && seen->size == input->size &&
		digest_eq(&seen->digest, &input->digest);
}

bool pynow_vouches(const struct pynow *now, const struct record *record)
{
	bool vouches = false;
	for (size_t i = 0; i < record->ninput; i++) {
		const struct input *input = &record->input[i];
		if (input->kind == INPUT_ENVIRONMENT)
			vouches = is_same(now->installed, input);
		else if (input->kind == INPUT_ENVIRONMENT_PATH && !is_same(now->place, input))
			return false;
	}
	return vouches;
}
