#include "historywalk_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Commits between two calls of the progress function. */
#define PROGRESS_STEP 1024u

/* A walk that makes more visits than this does not end. */
#define MAX_VISITS ((size_t)100000)
#define VISITS_EACH ((size_t)20)

static struct walk_commit *state_of(struct historywalk *w, uint32_t commit)
{
	while (w->at.len <= commit)
		*vec_add(&w->at) = (struct walk_commit){.open = NULL};
	return &w->at.data[commit];
}

uint64_t *historywalk_set(struct historywalk *w)
{
	if (w->spare.len != 0)
		return w->spare.data[--w->spare.len];
	return xcalloc(w->words, sizeof(uint64_t));
}

/* Takes a set back that has been cleared. */
static void spare_set(struct historywalk *w, uint64_t *set)
{
	*vec_add(&w->spare) = set;
}

static void drop_set(struct historywalk *w, uint64_t *set)
{
	if (set == NULL)
		return;
	memset(set, 0, w->words * sizeof(*set));
	spare_set(w, set);
}

static void clear_bit(uint64_t *set, uint32_t bit)
{
	set[bit / 64] &= ~((uint64_t)1 << bit % 64);
}

static void set_bit(uint64_t *set, uint32_t bit)
{
	set[bit / 64] |= (uint64_t)1 << bit % 64;
}

static bool is_empty(const struct historywalk *w, const uint64_t *set)
{
	for (size_t i = 0; i < w->words; i++) {
		if (set[i] != 0)
			return false;
	}
	return true;
}

/* Is commit a to be visited before b? Children come before parents as far as generations and clocks tell. */
static bool is_before(const struct historywalk *w, uint32_t a, uint32_t b)
{
	const struct commit *x = &w->commits.commit.data[a];
	const struct commit *y = &w->commits.commit.data[b];
	if (x->generation != y->generation)
		return x->generation > y->generation;
	if (x->time != y->time)
		return x->time > y->time;
	return a < b;
}

static void queue_add(struct historywalk *w, uint32_t commit)
{
	(void)vec_add(&w->queue);
	uint32_t *heap = w->queue.data;
	size_t i = w->queue.len - 1;
	for (; i != 0 && is_before(w, commit, heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = commit;
}

static uint32_t queue_take(struct historywalk *w)
{
	uint32_t *heap = w->queue.data;
	uint32_t first = heap[0];
	uint32_t moved = heap[--w->queue.len];
	size_t len = w->queue.len;
	size_t i = 0;
	for (size_t child = 1; child < len; child = 2 * i + 1) {
		if (child + 1 < len && is_before(w, heap[child + 1], heap[child]))
			child++;
		if (!is_before(w, heap[child], moved))
			break;
		heap[i] = heap[child];
		i = child;
	}
	if (len != 0)
		heap[i] = moved;
	return first;
}

static void enqueue(struct historywalk *w, uint32_t commit)
{
	struct walk_commit *state = state_of(w, commit);
	if (!state->queued) {
		state->queued = true;
		queue_add(w, commit);
	}
}

/* Adds the paths of *set to a commit's; the set is used up. */
static void give(struct historywalk *w, uint64_t **to, uint64_t *set)
{
	if (*to == NULL) {
		*to = set;
		return;
	}
	for (size_t i = 0; i < w->words; i++) {
		(*to)[i] |= set[i];
		set[i] = 0;
	}
	spare_set(w, set);
}

/* One of the two questions a commit can be asked: about open paths, or about what the cached run knows. */
enum question { OPEN, KNOWN };

static uint64_t **slot_of(struct historywalk *w, uint32_t commit, enum question question)
{
	struct walk_commit *state = state_of(w, commit);
	return question == OPEN ? &state->open : &state->known;
}

/* Moves the bits in w->tree.changed out of `set` into a new one; NULL if there are none. */
static uint64_t *split_changed(struct historywalk *w, uint64_t *set)
{
	if (w->tree.changed.len == 0)
		return NULL;
	uint64_t *changed = historywalk_set(w);
	vec_each (bit, &w->tree.changed) {
		clear_bit(set, *bit);
		set_bit(changed, *bit);
	}
	return changed;
}

/* Which paths of `set` differ between a commit and a parent: w->tree.changed. */
static int diff(struct historywalk *w, uint32_t commit, uint32_t parent, const uint64_t *set, struct err *err)
{
	const struct commit *commits = w->commits.commit.data;
	w->tree.set = set;
	w->tree.changed.len = 0;
	if (w->diff != NULL)
		return w->diff(w->diff_ctx, commit, parent, err);
	if (parent != COMMIT_NONE && commits[commit].generation != COMMIT_NO_GENERATION &&
		commits[parent].generation >= commits[commit].generation)
		return err_set(err, EBADMSG, "the commit-graph is damaged");
	return treewalk_diff(
		&w->tree, commits[commit].tree, parent == COMMIT_NONE ? NULL : commits[parent].tree, err);
}

/*
 * Asks one parent about the paths of *set: those it has with an equal entry become the parent's, the rest
 * stays. *set becomes NULL when nothing is left.
 */
static int ask_parent(struct historywalk *w, uint32_t commit, uint32_t parent, enum question question,
	uint64_t **set, struct err *err)
{
	int code = commits_load(&w->commits, parent, err);
	if (code == 0)
		code = diff(w, commit, parent, *set, err);
	if (code < 0)
		return code;
	uint64_t *changed = split_changed(w, *set);
	if (changed != NULL && is_empty(w, *set)) {
		spare_set(w, *set);
	} else {
		give(w, slot_of(w, parent, question), *set);
		enqueue(w, parent);
	}
	*set = changed;
	return 0;
}

/* The same for a merge that counts as a change wherever it differs from any parent. */
static int ask_all_parents(
	struct historywalk *w, uint32_t commit, enum question question, uint64_t **set, struct err *err)
{
	const struct commit *c = &w->commits.commit.data[commit];
	uint32_t first = c->first_parent, count = c->parent_count;
	uint64_t *differ = historywalk_set(w);
	uint64_t *same = *set;
	*set = differ;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t parent = w->commits.parent.data[first + i];
		int code = commits_load(&w->commits, parent, err);
		if (code == 0)
			code = diff(w, commit, parent, same, err);
		if (code < 0) {
			drop_set(w, same);
			return code;
		}
		vec_each (bit, &w->tree.changed) {
			clear_bit(same, *bit);
			set_bit(differ, *bit);
		}
	}
	uint32_t parent = w->commits.parent.data[first];
	give(w, slot_of(w, parent, question), same);
	enqueue(w, parent);
	return 0;
}

/* Passes the paths of *set on to the commit's parents; what they do not have stays in *set. */
static int ask_parents(
	struct historywalk *w, uint32_t commit, enum question question, uint64_t **set, struct err *err)
{
	const struct commit *c = &w->commits.commit.data[commit];
	uint32_t first = c->first_parent;
	uint32_t count = w->options->first_parent && c->parent_count > 1 ? 1 : c->parent_count;
	if (w->options->merges && count > 1)
		return ask_all_parents(w, commit, question, set, err);
	int code = 0;
	for (uint32_t i = 0; code == 0 && *set != NULL && i < count; i++)
		code = ask_parent(w, commit, w->commits.parent.data[first + i], question, set, err);
	return code;
}

/* Every path of the set gets this answer (HISTORY_NONE beyond the end of a shallow clone). */
static void answer_all(struct historywalk *w, uint64_t *set, uint32_t answer)
{
	for (size_t i = 0; i < w->words; i++) {
		for (uint64_t word = set[i]; word != 0; word &= word - 1) {
			w->answer[i * 64 + (size_t)__builtin_ctzll(word)] = answer;
			w->unexplained--;
		}
		set[i] = 0;
	}
	spare_set(w, set);
}

/* Paths that both runs have brought here: the cached answer is theirs. */
static void take_known(struct historywalk *w, uint64_t *open, uint64_t *known)
{
	for (size_t i = 0; i < w->words; i++) {
		uint64_t both = open[i] & known[i];
		open[i] &= ~both;
		known[i] &= ~both;
		w->taken[i] |= both;
		for (; both != 0; both &= both - 1) {
			size_t bit = i * 64 + (size_t)__builtin_ctzll(both);
			w->answer[bit] = w->cached[bit];
			w->unexplained--;
		}
	}
}

static int visit(struct historywalk *w, uint32_t commit, struct err *err)
{
	int code = 0;
	struct walk_commit *state = state_of(w, commit);
	uint64_t *open = TAKE_PTR(state->open);
	uint64_t *known = TAKE_PTR(state->known);
	state->queued = false;
	if (open != NULL && known != NULL)
		take_known(w, open, known);
	if (open != NULL && is_empty(w, open)) {
		spare_set(w, open);
		open = NULL;
	}
	if (open != NULL)
		code = ask_parents(w, commit, OPEN, &open, err);
	if (code == 0 && open != NULL)
		answer_all(
			w, TAKE_PTR(open), w->commits.commit.data[commit].boundary ? HISTORY_NONE : commit);
	/* The cached run's commits may be gone, after a rebase and a garbage collection. */
	if (code == 0 && known != NULL && w->unexplained != 0)
		(void)ask_parents(w, commit, KNOWN, &known, NULL);
	drop_set(w, open);
	drop_set(w, known);
	return code;
}

static void report(struct historywalk *w)
{
	size_t paths = w->tree.nodes->node.len;
	if (++w->visited % PROGRESS_STEP == 0)
		progress_to(w->options->progress, paths - w->unexplained, paths);
}

int historywalk_start(struct historywalk *w, uint32_t head, uint64_t *open, struct err *err)
{
	int code = commits_load(&w->commits, head, err);
	give(w, slot_of(w, head, OPEN), open);
	if (code == 0)
		enqueue(w, head);
	return code;
}

void historywalk_add_known(struct historywalk *w, uint32_t head, uint64_t *known)
{
	give(w, slot_of(w, head, KNOWN), known);
	if (commits_load(&w->commits, head, NULL) == 0)
		enqueue(w, head);
}

int historywalk_run(struct historywalk *w, struct err *err)
{
	int code = 0;
	while (code == 0 && w->unexplained != 0 && w->queue.len != 0) {
		code = visit(w, queue_take(w), err);
		report(w);
		/* Only damage can make a commit its own ancestor; wrong clocks cost a few visits more. */
		if (code == 0 && w->visited > MAX_VISITS + VISITS_EACH * w->commits.commit.len)
			code = err_set(err, EBADMSG, "the history goes round in circles");
	}
	return code;
}

/* The paths that this commit changed: it differs in them from all its parents. */
static int visit_oldest(struct historywalk *w, uint32_t commit, const uint64_t *open, struct err *err)
{
	const struct commit c = w->commits.commit.data[commit];
	uint64_t *set = historywalk_set(w);
	memcpy(set, open, w->words * sizeof(*set));
	uint32_t count = w->options->first_parent && c.parent_count > 1 ? 1 : c.parent_count;
	int code = 0;
	for (uint32_t i = 0; code == 0 && i < (count == 0 ? 1 : count); i++) {
		uint32_t parent = count == 0 ? COMMIT_NONE : w->commits.parent.data[c.first_parent + i];
		code = diff(w, commit, parent, set, err);
		memset(set, 0, w->words * sizeof(*set));
		if (code == 0) {
			vec_each (bit, &w->tree.changed)
				set_bit(set, *bit);
		}
	}
	/* What a shallow clone begins with may be older. */
	if (code == 0) {
		vec_each (bit, &w->tree.changed)
			w->answer[*bit] = c.boundary ? HISTORY_NONE : commit;
	}
	drop_set(w, set);
	return code;
}

int historywalk_run_oldest(struct historywalk *w, struct err *err)
{
	int code = 0;
	uint32_t head = w->queue.data[0];
	uint64_t *open = TAKE_PTR(state_of(w, head)->open);
	while (code == 0 && w->queue.len != 0) {
		uint32_t commit = queue_take(w);
		const struct commit c = w->commits.commit.data[commit];
		uint32_t count = w->options->first_parent && c.parent_count > 1 ? 1 : c.parent_count;
		for (uint32_t i = 0; code == 0 && i < count; i++) {
			uint32_t parent = w->commits.parent.data[c.first_parent + i];
			code = commits_load(&w->commits, parent, err);
			if (code == 0)
				enqueue(w, parent); /* stays marked: each commit is visited once */
		}
		if (code == 0)
			code = visit_oldest(w, commit, open, err);
		report(w);
	}
	drop_set(w, open);
	return code;
}

void historywalk_release(struct historywalk *w)
{
	vec_each (state, &w->at) {
		free(state->open);
		free(state->known);
	}
	vec_each (set, &w->spare)
		free(*set);
	vec_release(&w->at);
	vec_release(&w->queue);
	vec_release(&w->spare);
	vec_release(&w->tree.changed);
	free(w->answer);
	free(w->cached);
	free(w->taken);
	commits_release(&w->commits);
}
