/*
 * Memory. Running out of it aborts in one place (mem.c): what is on disk is kept safe by the journal, not by
 * error paths that nobody can test. An arena owns everything that dies together, such as the facts of one
 * scan.
 *
 *	struct arena *a = arena_new();
 *	char *copy = arena_strdup(a, text);
 *	a = arena_free(a);
 */
#ifndef STEADY_UTIL_MEM_H
#define STEADY_UTIL_MEM_H

#include "steady/util/base.h"

void *xmalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *xrealloc(void *old, size_t size) __attribute__((returns_nonnull));
/** realloc for count elements of size bytes; an overflow aborts like a failure. */
void *xreallocarray(void *old, size_t count, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *xstrndup(const char *s, size_t len) __attribute__((malloc, returns_nonnull));

struct arena;

struct arena *arena_new(void);
/** Accepts NULL, returns NULL. */
struct arena *arena_free(struct arena *a);
void arena_cleanup(struct arena **a);
#define CLEANUP_ARENA CLEANUP(arena_cleanup)

/** Zeroed memory, aligned for any type, valid until the arena is freed. */
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
void *arena_array(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));
/** Copies an array; an empty one may be NULL. */
void *arena_copy(struct arena *a, const void *data, size_t count, size_t size)
	__attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s) __attribute__((returns_nonnull));
/** Copies len bytes and adds a NUL. */
char *arena_strndup(struct arena *a, const char *s, size_t len) __attribute__((returns_nonnull));
char *arena_printf(struct arena *a, const char *fmt, ...) STEADY_PRINTF(2, 3)
	__attribute__((returns_nonnull));
/** Bytes handed out so far. */
size_t arena_used(const struct arena *a);

/*
 * A growable array of any element type; the elements live on the heap.
 *
 *	VEC(int) numbers = VEC_INIT;
 *	*vec_add(&numbers) = 7;
 *	vec_release(&numbers);
 */
#define VEC(type)                                                                                            \
	struct {                                                                                             \
		type *data;                                                                                  \
		size_t len, cap;                                                                             \
	}
#define VEC_INIT                                                                                             \
	{                                                                                                    \
		NULL, 0, 0                                                                                   \
	}
/** Address of a new, uninitialised last element. */
#define vec_add(v)                                                                                           \
	((v)->data = vec_room((v)->data, (v)->len, &(v)->cap, sizeof(*(v)->data)), &(v)->data[(v)->len++])
#define vec_each(item, v)                                                                                    \
	for (__typeof__((v)->data) item = (v)->data; item != NULL && item != (v)->data + (v)->len; item++)
/** A copy of the elements in an arena, to keep when the array is released. */
#define vec_copy(a, v) ((__typeof__((v)->data))arena_copy(a, (v)->data, (v)->len, sizeof(*(v)->data)))
#define vec_release(v) (free((v)->data), (v)->data = NULL, (v)->len = (v)->cap = 0)

void *vec_room(void *data, size_t len, size_t *cap, size_t size) __attribute__((returns_nonnull));

#endif
