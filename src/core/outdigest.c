#include "steady/core/outdigest.h"

#include "steady/core/aside.h"
#include "steady/util/path.h"
#include "steady/util/str.h"

#include <string.h>

struct part {
	const char *name;
	const struct observation *seen;
	bool may_be_missing;
};

struct outdigest {
	struct part *part;
	size_t count;
};

static void add_part(struct outdigest *d, struct observer *o, struct arena *mem, enum input_kind kind,
	const char *dir, const char *path)
{
	d->part[d->count++] = (struct part){
		.name = path,
		.seen = observer_want(o, kind, arena_printf(mem, "%s/%s", dir, path)),
		.may_be_missing = kind == INPUT_TREE,
	};
}

/* A reference that is set aside is still the unit's. */
static const char *reference(const struct unit_files *f, struct arena *mem)
{
	return f->reference_state == REFERENCE_MISSING ? aside_path(mem, f) : f->reference.path;
}

struct outdigest *outdigest_want(struct observer *o, struct unitfiles *files, struct arena *mem, size_t unit)
{
	const struct unit_files *f = unitfiles_get(files, unit);
	const char *build_dir = unitfiles_build_dir(files);
	struct outdigest *d = arena_alloc(mem, sizeof(*d));
	d->part = arena_array(mem, f->noutput + 2, sizeof(*d->part));
	const struct unit_beside *beside = f->unit->beside;
	if (f->reference_state == REFERENCE_READ && f->unit->kind != UNIT_RUN_BUILD_SCRIPT &&
		beside != NULL && beside->depinfo.ptr != NULL)
		observer_hint(o, arena_printf(mem, "%s/%s", build_dir, f->reference.path), beside->depinfo,
			&beside->depinfo_stat, unitfiles_began(files));
	if (f->reference_state != REFERENCE_NONE) {
		add_part(d, o, mem, INPUT_FILE, build_dir, reference(f, mem));
		d->part[0].name = f->reference.path;
	}
	if (f->unit->kind == UNIT_RUN_BUILD_SCRIPT) {
		add_part(d, o, mem, INPUT_TREE, build_dir, unit_out_dir(mem, f->unit));
		return d;
	}
	for (size_t i = 0; i < f->noutput; i++) {
		if (!f->outputs[i].in_target_dir)
			add_part(d, o, mem, INPUT_FILE, build_dir, f->outputs[i].file.path);
	}
	return d;
}

void outdigest_add(struct str *text, const char *path, const struct digest *digest)
{
	str_add_mem(text, path, strlen(path) + 1);
	str_add_mem(text, digest->byte, sizeof(digest->byte));
}

struct digest outdigest_get(const struct outdigest *d)
{
	CLEANUP_STR struct str text = STR_INIT;
	for (size_t i = 0; i < d->count; i++) {
		const struct part *part = &d->part[i];
		bool missing = part->seen->state == OBSERVED_MISSING && part->may_be_missing;
		if (part->seen->state != OBSERVED && !missing)
			return (struct digest){{0}};
		outdigest_add(&text, part->name, &part->seen->digest);
	}
	return digest_of(str_span(&text));
}

bool outdigest_agree(const struct digest *a, const struct digest *b)
{
	static const struct digest none = {{0}};
	return digest_eq(a, b) && !digest_eq(a, &none);
}
