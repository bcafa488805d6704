#include "steady/core/before.h"

#include "steady/util/fsio.h"

/* cargo compares with the newest output; of a dependency that is compiled beside the unit with the rmeta alone. */
static bool newest_output(const struct unit_files *files, bool rmeta_only, struct timespec *ret)
{
	bool any = false;
	*ret = (struct timespec){0, 0};
	for (size_t n = 0; n < files->noutput; n++) {
		const struct unit_output *output = &files->outputs[n];
		if (!output->file.present)
			return false;
		if (rmeta_only && !output->is_rmeta)
			continue;
		any = true;
		if (timespec_cmp(output->file.st.st_mtim, *ret) > 0)
			*ret = output->file.st.st_mtim;
	}
	return any;
}

static bool has_rmeta(const struct unit_files *files)
{
	bool any = false;
	for (size_t n = 0; n < files->noutput; n++)
		any |= files->outputs[n].is_rmeta;
	return any;
}

static bool is_above_dependencies(
	const struct unit *u, struct unitfiles *files, const struct unit_files *own, const bool *fresh)
{
	struct timespec outputs;
	if (!newest_output(own, false, &outputs))
		return false;
	for (size_t d = 0; d < u->fingerprint->ndep; d++) {
		struct timespec below;
		if (u->dep[d] == UNIT_NONE || !fresh[u->dep[d]])
			return false;
		const struct unit_files *dep = unitfiles_get(files, u->dep[d]);
		if (!newest_output(dep, has_rmeta(own) && has_rmeta(dep), &below) ||
			timespec_cmp(below, outputs) > 0)
			return false;
	}
	return true;
}

static bool was_fresh(const struct target *t, struct unitfiles *files, const struct verification *v,
	const bool *fresh, size_t i)
{
	const struct unit *u = &t->unit[i];
	const struct unit_files *own = unitfiles_get(files, i);
	const struct unit_watched *watched = &v->watched[i];
	if (unit_unfit(u) != NULL || v->revived[i] || watched->missing || watched->other_text)
		return false;
	if (own->reference_state != REFERENCE_NONE &&
		(own->reference_state != REFERENCE_READ ||
			timespec_cmp(watched->newest, own->reference.st.st_mtim) > 0))
		return false;
	return is_above_dependencies(u, files, own, fresh);
}

bool *before_find(
	const struct target *t, struct unitfiles *files, const struct verification *v, struct arena *mem)
{
	bool *fresh = arena_array(mem, t->count, sizeof(*fresh));
	for (size_t n = 0; n < t->count; n++)
		fresh[v->order[n]] = was_fresh(t, files, v, fresh, v->order[n]);
	return fresh;
}
