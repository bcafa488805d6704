/*
 * What every file may use: attributes, cleanup on scope exit, hand-over of ownership.
 *
 * A variable declared with CLEANUP(fn) is passed to fn by address when its scope ends. TAKE_PTR hands a
 * pointer over to somebody else, leaving NULL behind, which every destructor accepts.
 */
#ifndef STEADY_UTIL_BASE_H
#define STEADY_UTIL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STEADY_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define STEADY_NODISCARD __attribute__((warn_unused_result))
#define STEADY_NORETURN __attribute__((noreturn))
#define STEADY_UNUSED __attribute__((unused))

#define CLEANUP(fn) __attribute__((cleanup(fn)))
/** free() at scope exit, for a variable of any object pointer type. */
#define CLEANUP_FREE CLEANUP(steady_cleanup_free)
/** close() at scope exit, for an int; negative values are ignored. */
#define CLEANUP_CLOSE CLEANUP(steady_cleanup_close)

#define TAKE_PTR(p) ((__typeof__(p))steady_take_ptr((void *)&(p)))
#define TAKE_FD(fd) steady_take_fd(&(fd))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

void steady_cleanup_free(void *pointer_to_pointer);
void steady_cleanup_close(int *fd);
void *steady_take_ptr(void *pointer_to_pointer);
int steady_take_fd(int *fd);

#endif
