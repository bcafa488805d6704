#include "freshfacts_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gather_warn(struct gather *g, const char *fmt, ...)
{
	struct freshfacts *facts = g->facts;
	char text[1000];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (facts->nwarning == FRESHFACTS_MAX_WARNINGS ||
		(facts->nwarning != 0 && strcmp(facts->warning[facts->nwarning - 1], text) == 0))
		return;
	facts->warning[facts->nwarning++] = arena_strdup(g->mem, text);
}

/* What a cargo of this shape of fingerprints is at least, where the compiler's version is not known. */
static unsigned minor_of_shape(const struct target *t)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct fingerprint *fp = t->unit[i].fingerprint;
		if (fp != NULL && fingerprint_hasher(fp) == HASHER_SIP24)
			return fp->has_declared_features ? 80 : 68;
	}
	return 0;
}

unsigned freshfacts_minor(const struct target *t)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct rustcinfo rustc;
	return rustcinfo_read(t->fd, mem, &rustc) ? rustc.minor : minor_of_shape(t);
}

/* Are there units whose hash is understood? If none is, hashes are taken as they are. */
static bool any_verified(const struct target *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->unit[i].proof == PROOF_VERIFIED)
			return true;
	}
	return false;
}

/* Which units get RUSTFLAGS: with --target (then there is a directory for it) only those built for the triple. */
static bool gets_rustflags(const struct target *t, const struct unit *u)
{
	if (u->kind == UNIT_DOC)
		return false;
	/* Runs of scripts hold them since 1.79. */
	if (u->kind == UNIT_RUN_BUILD_SCRIPT && u->fingerprint->nrustflag == 0 &&
		fingerprint_hasher(u->fingerprint) == HASHER_SIP24)
		return false;
	if (u->place->triple != NULL)
		return true;
	for (size_t i = 0; i < t->nplace; i++) {
		if (t->place[i].triple != NULL)
			return false;
	}
	return true;
}

struct flags {
	bool known;
	struct span *flag;
	size_t count;
};

static bool same_flags(const struct flags *flags, const struct fingerprint *fp)
{
	if (flags->count != fp->nrustflag)
		return false;
	for (size_t i = 0; i < flags->count; i++) {
		if (!span_eq(flags->flag[i], fp->rustflag[i]))
			return false;
	}
	return true;
}

static bool other_toolchain(const struct gather *g, const struct unit *u)
{
	if (!g->facts->has_rustc)
		return false;
	uint64_t hash = fingerprint_hash_str(fingerprint_hasher(u->fingerprint), g->facts->rustc.verbose);
	return hash != u->fingerprint->rustc;
}

static void fill_unit(struct gather *g, size_t i, const struct flags *flags, bool opaque)
{
	const struct unit *from = &g->t->unit[i];
	struct fresh_unit *u = &g->facts->facts.unit[i];
	u->package = from->package;
	u->hash_file = from->hash_state == HASH_ABSENT ? HASHFILE_ABSENT
		: from->hash_state == HASH_PRESENT     ? HASHFILE_HASH
						       : HASHFILE_OTHER;
	u->hash = from->hash;
	u->fingerprint = from->fingerprint;
	if (u->fingerprint != NULL) {
		u->epoch = from->epoch;
		u->opaque = opaque;
		u->other_toolchain = other_toolchain(g, from);
		u->other_rustflags =
			flags->known && gets_rustflags(g->t, from) && !same_flags(flags, u->fingerprint);
		gather_locals(g, i, u);
	}
	gather_inputs(g, i, u);
}

int freshfacts_gather(const struct target *t, struct unitfiles *files,
	const struct freshfacts_options *options, struct freshfacts **ret, struct err *err)
{
	(void)err;
	struct freshfacts *facts = xcalloc(1, sizeof(*facts));
	facts->mem = arena_new();
	facts->warning = arena_array(facts->mem, FRESHFACTS_MAX_WARNINGS, sizeof(*facts->warning));
	facts->facts.unit = arena_array(facts->mem, t->count, sizeof(*facts->facts.unit));
	facts->facts.count = t->count;
	facts->facts.workspace_root = unitfiles_workspace_root(files);
	facts->has_rustc = rustcinfo_read(t->fd, facts->mem, &facts->rustc);
	struct gather g = {.t = t,
		.files = files,
		.options = options,
		.facts = facts,
		.mem = facts->mem,
		.inputs = strmap_new(),
		.input = VEC_INIT,
		.packages = strmap_new()};
	g.minor = facts->has_rustc ? facts->rustc.minor : minor_of_shape(t);

	struct flags flags = {.known = false};
	flags.known = cargoenv_rustflags(options->env, &flags.flag, &flags.count);
	unitfiles_preload(files);
	const bool opaque = !any_verified(t);
	for (size_t i = 0; i < t->count; i++)
		fill_unit(&g, i, &flags, opaque);
	gather_links(&g);
	gather_stat(&g);
	g.inputs = strmap_free(g.inputs);
	g.packages = strmap_free(g.packages);
	vec_release(&g.input);
	*ret = facts;
	return 0;
}

struct freshfacts *freshfacts_free(struct freshfacts *facts)
{
	if (facts == NULL)
		return NULL;
	(void)arena_free(facts->mem);
	free(facts);
	return NULL;
}

void freshfacts_cleanup(struct freshfacts **facts)
{
	*facts = freshfacts_free(*facts);
}
