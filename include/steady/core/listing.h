/*
 * A directory as cargo walks it: everything below it, reached through links.
 *
 *	struct listing list = {.filter = ...};
 *	listing_walk(mem, contents, "/ws/proto", &list);
 *	contents_settle(contents, progress);
 *	listing_finish(&list);			the digest, and whether all of it could be read
 *	listing_release(&list);
 *
 * The digest covers relative paths, kinds, contents, the texts of links and what lies behind them. Directories
 * called __pycache__ are left out of it: whoever imports from the directory makes them, nobody builds from them.
 */
#ifndef STEADY_CORE_LISTING_H
#define STEADY_CORE_LISTING_H

#include "steady/core/contents.h"
#include "steady/util/base.h"
#include "steady/util/mem.h"

#include <sys/stat.h>

enum listing_type {
	LISTED_FILE = 'f',
	LISTED_DIRECTORY = 'd',
	LISTED_LINK_TO_FILE = 'l',
	LISTED_LINK_TO_DIRECTORY = 'L',
	/** A link to nothing, or to a directory that it lies in itself. */
	LISTED_DEAD_LINK = 'x',
};

struct listing_entry {
	/** Relative to the directory listed. */
	const char *path;
	enum listing_type type;
	/** Of a link, else NULL. */
	const char *text;
	/** Of a file, or the directory's stamps. */
	const struct content *content;
	/** Stamps when it was listed. */
	struct timespec mtime, ctime;
};

/** Is the entry wanted? For a directory `false` means that it is not entered. */
typedef bool listing_filter(const char *path, bool is_directory, const void *ctx);

struct listing {
	/** NULL: everything. */
	listing_filter *filter;
	const void *ctx;
	/** Links to directories are listed, and not entered. */
	bool stay;
	/** The stamps of a directory do not count where they are those of the birth of something in it that is left out: whoever
	 * imports from it, or installs what was built, makes that. */
	bool births;
	/** Of Rust's own files the names count, not the contents: the compiler tells which it read. */
	bool names_of_rust;

	/** Sorted by path after listing_finish. */
	struct listing_entry *entry;
	size_t count, room;
	const struct content *top;
	struct timespec top_mtime;
	uint64_t size;
	struct digest digest;
	/** The newest mtime as cargo sees it, and the newest of mtimes and ctimes. */
	struct timespec mtime, youngest;
	/** Why it cannot be relied upon, or NULL. */
	const char *why;
};

/** Entries of one directory tree, after which it is given up. */
#define LISTING_MAX_ENTRIES ((size_t)2000000)

/** Finds the entries and asks `contents` for the files. A directory that is not there is an empty listing. */
void listing_walk(struct arena *mem, struct contents *contents, const char *directory, struct listing *ret);
void listing_finish(struct arena *mem, struct listing *list);
void listing_release(struct listing *list);

#endif
