#include "steady/cli/shimsteps.h"

#include "steady/cli/keeping.h"
#include "steady/core/aliaspath.h"
#include "steady/core/digestcache.h"
#include "steady/core/keeper.h"
#include "steady/core/mark.h"
#include "steady/core/pyenv.h"
#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Returned, as a positive condition, where there is nothing for us to do. */
#define NOTHING_HERE 1

void shimsteps_log(const struct shim *s, const char *fmt, ...)
{
	if (!s->log)
		return;
	CLEANUP_STR struct str text = STR_INIT;
	va_list args;
	va_start(args, fmt);
	str_vprintf(&text, fmt, args);
	va_end(args);
	ui_say(s->ui, "steady: %s", text.buf);
}

static void set_variable(struct shim *s, const char *name, const char *value)
{
	const char *old = getenv(name);
	if (s->nbefore == COUNT_OF(s->before))
		return;
	s->before[s->nbefore++] =
		(struct shim_variable){name, old != NULL ? arena_strdup(s->mem, old) : NULL};
	shimsteps_log(
		s, "%s=%s, was %s", name, value != NULL ? value : "(not set)", old != NULL ? old : "not set");
	(void)(value != NULL ? setenv(name, value, 1) : unsetenv(name));
}

static void put_back_variables(struct shim *s)
{
	while (s->nbefore != 0) {
		const struct shim_variable *v = &s->before[--s->nbefore];
		(void)(v->value != NULL ? setenv(v->name, v->value, 1) : unsetenv(v->name));
	}
}

/* Where cargo will build. NOTHING_HERE where it will not find a workspace. */
static int find_place(struct shim *s, struct err *err)
{
	const struct cargoargs *args = s->args;
	const char *manifest = args->manifest_path;
	if (args->package_dir != NULL)
		manifest = arena_printf(s->mem, "%s/Cargo.toml", args->package_dir);
	const struct locate_request request = {
		.target_dir = args->target_dir,
		.manifest_path = manifest,
		.directory = args->directory,
		.config_dir = args->package_dir,
		.of_cargo = true,
	};
	int code = locate(&request, s->mem, &s->where, err);
	if (code == -ENOENT || (code == 0 && s->where.workspace_root == NULL))
		return NOTHING_HERE;
	if (code == 0 && s->where.warning != NULL)
		return err_set(err, ENOTSUP, "%s", s->where.warning);
	return code;
}

/* Good for any environment. */
static bool is_for_all(const struct swap_change *change)
{
	return strcmp(change->name, "PYTHONDONTWRITEBYTECODE") == 0;
}

/* The variable of which cargo hands on another value than ours, if that matters to what is replaced. */
static const char *configured(const struct shim *s, const struct swap *swap)
{
	const char *dir = s->args->package_dir != NULL ? s->args->package_dir : s->args->directory;
	bool any = false;
	for (size_t i = 0; i < swap->count; i++)
		any |= !is_for_all(&swap->change[i]);
	return any ? pyenv_configured(s->mem, dir) : NULL;
}

static void swap_variables(struct shim *s)
{
	const bool runs = s->args->kind != CARGO_BUILD;
	struct swap swap;
	/* Where else it builds is not known: units that we do not judge would take all environments for one. */
	if (s->args->kind == CARGO_EXTERNAL)
		return;
	swap_decide(&swap_environment, runs ? SWAP_RUNS : SWAP_BUILDS, s->mem, &swap);
	const char *set = configured(s, &swap);
	for (size_t i = 0; i < swap.count; i++) {
		if (set == NULL || is_for_all(&swap.change[i]))
			set_variable(s, swap.change[i].name, swap.change[i].value);
	}
	if (set != NULL)
		shimsteps_log(s, "the environment stays: cargo's configuration sets %s", set);
	if (swap.why != NULL)
		shimsteps_log(s, "the throw-away environment stays: %s", swap.why);
}

static void say_waiting(const char *path, void *ctx)
{
	const struct shim *s = ctx;
	shimsteps_log(s, "waiting for %s", path);
	ui_status(s->ui, "Blocking", "waiting for file lock on build directory");
}

/* cargo's locks. BUILDLOCK_BUSY only for programs of others, of which we do not know that they build. */
static int lock_units(struct shim *s, int buildfd, bool wait, struct buildlock **ret, struct err *err)
{
	CLEANUP_CLOSE int target = -1;
	if (strcmp(s->where.build_dir, s->where.target_dir) != 0)
		target = fsio_open_root(s->where.target_dir, NULL);
	const int dirs[2] = {buildfd, target};
	return buildlock_take_profile(dirs, s->profile, wait ? say_waiting : NULL, s, ret, err);
}

static size_t count_kept(const struct keeper *k)
{
	size_t kept = 0;
	for (size_t i = 0; i < k->target->count; i++)
		kept += verdict_stays(k->verification->unit[i].verdict);
	return kept;
}

/* Steps by which units stay fresh that cargo alone would build. */
static size_t settled(const struct keeper *k)
{
	const size_t *acts = k->plan->acts;
	return acts[STAMP_PUT_BACK] + acts[STAMP_SET] + acts[STAMP_SET_TREE] + k->rehash->nfile;
}

static void log_recording(const struct shim *s, const struct keeper *k)
{
	const struct recording *r = k->recording;
	for (size_t i = 0; s->log && i < k->target->count; i++) {
		if (r->unit[i].state == RECORDED_REFUSED)
			shimsteps_log(s, "%s is not recorded: %s", unit_title(s->mem, &k->target->unit[i]),
				r->unit[i].reason);
	}
	shimsteps_log(s, "recorded %zu new units, %zu stay, %zu cannot be", r->states[RECORDED_NEW],
		r->states[RECORDED_KEPT], r->states[RECORDED_REFUSED]);
}

static int record(struct shim *s, struct keeper *k, struct err *err)
{
	const struct keeper_wanted all = {.npackage = 0};
	int code = keeper_record(k, &all, NULL, err);
	if (code == 0)
		code = recording_write(k->target, k->recording, err);
	if (code == 0)
		log_recording(s, k);
	return code;
}

static void log_units(const struct shim *s, const struct keeper *k)
{
	for (size_t i = 0; s->log && i < k->target->count; i++) {
		const struct unit_verdict *v = &k->verification->unit[i];
		if (!verdict_stays(v->verdict))
			shimsteps_log(s, "%s: %s", unit_title(s->mem, &k->target->unit[i]),
				v->reason != NULL ? v->reason : verdict_name(v->verdict));
	}
	shimsteps_log(s, "%zu of %zu units are kept, %zu steps", count_kept(k), k->target->count,
		k->plan->count + k->rehash->nfile);
}

static void log_adoption(const struct shim *s, const struct keeper *k)
{
	if (k->adoption == NULL)
		return;
	if (k->adoption->plan == NULL)
		shimsteps_log(s, "throw-away environments stay recorded: %s", k->adoption->why);
	else
		shimsteps_log(s, "adopted %zu units for %s, left %zu alone", k->adoption->plan->edited,
			k->adoption->alias.dir, k->adoption->plan->nleft);
}

/* Did an earlier call of this tree leave units that it did not record, being executed or killed? */
static bool left_unrecorded(const struct shim *s, int buildfd)
{
	struct timespec left;
	return mark_is_open(buildfd, s->where.workspace_root, s->profile) &&
		mark_read(buildfd, s->where.workspace_root, s->profile, &left) &&
		target_built_since(buildfd, s->profile, left);
}

/* Will cargo compare with an alias? Otherwise it may find the throw-away path that was recorded, and keep what is there. */
static bool names_alias(void)
{
	static const char *const names[] = {"PYO3_PYTHON", "PYTHON_SYS_EXECUTABLE", "VIRTUAL_ENV"};
	bool any = false;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		any |= getenv(names[i]) != NULL && alias_is(getenv(names[i]));
	return any;
}

/* What an earlier build left unrecorded, if it was one of this tree, is recorded; then every unit is judged. */
static int verify_units(struct shim *s, int buildfd, struct err *err)
{
	CLEANUP_DIGESTCACHE struct digestcache *digests = keeping_digests(s->mem, &s->where);
	CLEANUP_KEEPER struct keeper *k = NULL;
	const struct keeper_options options = {.where = &s->where, .profile = s->profile, .digests = digests};
	int code = keeper_open(&options, &k, err);
	if (code == 0 && left_unrecorded(s, buildfd))
		code = record(s, k, err);
	if (code == 0)
		code = names_alias() ? keeper_adopt(k, NULL, err) : 0;
	struct progress progress = ui_progress_start(s->ui, "Verifying");
	if (code == 0)
		code = keeper_verify(k, &progress, err);
	ui_progress_end(s->ui);
	if (code == 0)
		code = keeper_restore(k, err);
	if (code < 0)
		return code;
	digestcache_write(digests);
	log_adoption(s, k);
	log_units(s, k);
	if (settled(k) != 0)
		ui_status(s->ui, "Restored", "%zu of %zu units", count_kept(k), k->target->count);
	return 0;
}

static void drop_shared_lock(struct shim *s)
{
	if (s->lock.held != NULL)
		steady_cleanup_close(&s->lock.fd);
	s->lock = (struct sharedlock){.fd = -1};
}

/*
 * Of a directory that other trees may build into, or builds in other environments that cargo takes for this one: what they
 * build between our look and our cargo would be ours. Programs of others, which may not build, wait for nobody.
 */
static int take_shared_lock(struct shim *s, int buildfd, struct err *err)
{
	const bool wait = s->args->kind != CARGO_EXTERNAL;
	s->shared = sharedlock_is_needed(&s->where) || pyenv_is_pinned();
	return s->shared ? sharedlock_take(buildfd, s->args->profile, wait ? say_waiting : NULL, s, s->mem,
				   &s->lock, err)
			 : 0;
}

/*
 * What the mark left by keeper_restore is to say. In a shared directory, only who keeps the others out until it has
 * recorded can be sure of what was built; the others say so, and whoever comes after one of another tree, which may be
 * building still, trusts nothing of what is built now.
 */
static int settle_mark(struct shim *s, int buildfd, bool intruded, struct err *err)
{
	const char *root = s->where.workspace_root;
	s->ready = true;
	s->recordable = mark_read(buildfd, root, s->profile, &s->mark) && !intruded;
	if (intruded) {
		mark_drop(buildfd, s->profile);
		shimsteps_log(
			s, "nothing will be recorded: another work tree or environment may be building here");
		return 0;
	}
	return s->shared && s->args->kind != CARGO_BUILD
		? mark_amend(buildfd, root, s->profile, MARK_UNLOCKED, &s->mark, err)
		: 0;
}

static int judge_locked(struct shim *s, int buildfd, struct err *err)
{
	CLEANUP_BUILDLOCK struct buildlock *lock = NULL;
	int code = lock_units(s, buildfd, s->args->kind != CARGO_EXTERNAL, &lock, err);
	bool intruded = s->shared && mark_is_of_intruder(buildfd, s->where.workspace_root, s->profile);
	if (code == 0)
		code = verify_units(s, buildfd, err);
	return code == 0 ? settle_mark(s, buildfd, intruded, err) : code;
}

static int judge(struct shim *s, struct err *err)
{
	CLEANUP_CLOSE int fd = fsio_open_root(s->where.build_dir, NULL);
	if (fd < 0) {
		/* Whether somebody else's program will build here is not known. */
		if (s->args->kind == CARGO_EXTERNAL)
			return 0;
		int code = keeper_make(&s->where, err);
		s->made = code == 0;
		fd = code < 0 ? code : fsio_open_root(s->where.build_dir, err);
	}
	if (fd < 0)
		return fd;
	/* An interrupted change may concern all profiles. */
	s->profile = journal_is_pending(fd) ? NULL : s->args->profile;
	int code = take_shared_lock(s, fd, err);
	if (code == 0)
		code = judge_locked(s, fd, err);
	if (s->args->kind != CARGO_BUILD)
		drop_shared_lock(s);
	else if (s->lock.held != NULL)
		set_variable(s, SHAREDLOCK_HELD, s->lock.held);
	return code;
}

void shimsteps_before(struct shim *s)
{
	struct err err = ERR_INIT;
	s->lock = (struct sharedlock){.fd = -1};
	int code = find_place(s, &err);
	if (code == 0) {
		swap_variables(s);
		code = judge(s, &err);
	}
	if (code == 0)
		return;
	put_back_variables(s);
	drop_shared_lock(s);
	s->ready = s->recordable = false;
	if (code < 0)
		ui_warn(s->ui, "%s; cargo runs as it would without cargo-steady", err.msg);
	else
		shimsteps_log(s, "nothing to do here");
}

/* A mark of another time means that somebody else built in between; several trees may have, where the directory is shared. */
static int record_units(struct shim *s, int buildfd, struct err *err)
{
	struct timespec now;
	if (!mark_read(buildfd, s->where.workspace_root, s->profile, &now) ||
		(s->shared && timespec_cmp(now, s->mark) != 0)) {
		shimsteps_log(s, "nothing is recorded: another build was started here");
		return 0;
	}
	if (!target_built_since(buildfd, s->profile, now)) {
		shimsteps_log(s, "nothing was built");
		return mark_amend(buildfd, s->where.workspace_root, s->profile, MARK_RECORDED, &s->mark, err);
	}
	CLEANUP_DIGESTCACHE struct digestcache *digests = keeping_digests(s->mem, &s->where);
	CLEANUP_KEEPER struct keeper *k = NULL;
	const struct keeper_options options = {.where = &s->where, .profile = s->profile, .digests = digests};
	int code = keeper_open(&options, &k, err);
	if (code == 0)
		code = record(s, k, err);
	digestcache_write(digests);
	return code < 0
		? code
		: mark_amend(buildfd, s->where.workspace_root, s->profile, MARK_RECORDED, &s->mark, err);
}

void shimsteps_after(struct shim *s)
{
	struct err err = ERR_INIT;
	/* cargo did not like what it was told. The lock in a shared directory may be waited for: it stays. */
	if (s->made && !s->shared)
		keeper_unmake(s->where.build_dir);
	if (!s->recordable) {
		drop_shared_lock(s);
		return;
	}
	CLEANUP_CLOSE int fd = fsio_open_root(s->where.build_dir, NULL);
	CLEANUP_BUILDLOCK struct buildlock *lock = NULL;
	/* Whoever builds now is not waited for; the mark stays open, and the next one records. */
	int code = fd < 0 ? fd : lock_units(s, fd, false, &lock, &err);
	if (code == BUILDLOCK_BUSY)
		shimsteps_log(s, "nothing is recorded now: somebody builds here");
	else if (code == 0)
		code = record_units(s, fd, &err);
	drop_shared_lock(s);
	if (code < 0)
		shimsteps_log(s, "nothing is recorded: %s", err.msg);
}
