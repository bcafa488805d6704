#include "steady/util/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARENA_BLOCK ((size_t)64 * 1024)

void steady_cleanup_free(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void steady_cleanup_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

void *steady_take_ptr(void *pointer_to_pointer)
{
	void **p = pointer_to_pointer;
	void *taken = *p;
	*p = NULL;
	return taken;
}

int steady_take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

STEADY_NORETURN static void out_of_memory(void)
{
	static const char text[] = "error: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
	(void)ignored;
	abort();
}

static size_t multiply(size_t a, size_t b)
{
	size_t product;
	if (__builtin_mul_overflow(a, b, &product))
		out_of_memory();
	return product;
}

void *xmalloc(size_t size)
{
	void *p = malloc(size != 0 ? size : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count != 0 ? count : 1, size != 0 ? size : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

void *xrealloc(void *old, size_t size)
{
	void *p = realloc(old, size != 0 ? size : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
	return xrealloc(old, multiply(count, size));
}

char *xstrndup(const char *s, size_t len)
{
	char *copy = xmalloc(len + 1);
	if (len != 0)
		memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

void *vec_room(void *data, size_t len, size_t *cap, size_t size)
{
	if (data != NULL && len < *cap)
		return data;
	size_t wanted = *cap != 0 ? multiply(*cap, 2) : 8;
	void *grown = xreallocarray(data, wanted, size);
	*cap = wanted;
	return grown;
}

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct arena_block *head;
	size_t used;
};

struct arena *arena_new(void)
{
	return xcalloc(1, sizeof(struct arena));
}

struct arena *arena_free(struct arena *a)
{
	if (a == NULL)
		return NULL;
	for (struct arena_block *b = a->head; b != NULL;) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
	free(a);
	return NULL;
}

void arena_cleanup(struct arena **a)
{
	*a = arena_free(*a);
}

static struct arena_block *block_new(size_t size)
{
	if (size > SIZE_MAX - sizeof(struct arena_block))
		out_of_memory();
	struct arena_block *b = xmalloc(sizeof(struct arena_block) + size);
	b->used = 0;
	b->size = size;
	b->next = NULL;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	if (size > SIZE_MAX - align)
		out_of_memory();
	size = (size + align - 1) / align * align;

	struct arena_block *b = a->head;
	if (b == NULL || b->size - b->used < size) {
		if (size > ARENA_BLOCK / 4 && b != NULL) {
			/* A large piece gets its own block behind the current one, which stays in use. */
			struct arena_block *own = block_new(size);
			own->next = b->next;
			b->next = own;
			b = own;
		} else {
			struct arena_block *fresh = block_new(size > ARENA_BLOCK ? size : ARENA_BLOCK);
			fresh->next = a->head;
			a->head = fresh;
			b = fresh;
		}
	}
	void *p = b->data + b->used;
	b->used += size;
	a->used += size;
	memset(p, 0, size);
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	return arena_alloc(a, multiply(count, size));
}

void *arena_copy(struct arena *a, const void *data, size_t count, size_t size)
{
	void *copy = arena_array(a, count, size);
	if (count != 0)
		memcpy(copy, data, count * size);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);
	if (len != 0)
		memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char small[256];
	va_list args, again;
	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(small, sizeof(small), fmt, args);
	va_end(args);
	if (len < 0)
		out_of_memory();
	char *text = arena_alloc(a, (size_t)len + 1);
	if ((size_t)len < sizeof(small))
		memcpy(text, small, (size_t)len);
	else
		(void)vsnprintf(text, (size_t)len + 1, fmt, again);
	va_end(again);
	return text;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}
