/*
 * A record: what one unit was built from, kept beside cargo's fingerprint of the unit.
 *
 * The file (all numbers are LEB128 varints unless said otherwise; `signed` is zigzag):
 *
 *	"steadyR"  version byte (2)
 *	8 bytes    XXH3-64 of everything behind them, little endian
 *	16 bytes   the text of the unit's hash file
 *	time       mtime of the unit's invoked.timestamp: signed seconds, nanoseconds
 *	16 bytes   digest of the unit's outputs and of its dep-info
 *	text       workspace root: length, bytes
 *	text       the same without links on the way, empty where that is no other path
 *	count      of dependencies, as many as the fingerprint has and in its order; for each
 *	    time       mtime of that unit's invoked.timestamp
 *	    text       for one that needs no record, digest of what it and those below it left: 16 bytes; or empty
 *	count      of inputs; for each
 *	    byte       kind
 *	    byte       root, 0x80 added if cargo compares the input's mtime with the reference
 *	    path       bytes it shares with the path before it, length of the rest, the rest
 *	    size
 *	    16 bytes   digest
 *	    time       mtime
 *
 * A record binds to one build of one unit by the first two fields. It may have been written by anybody: the
 * parser is bounded by the file's size, no path in it is ever written to, and it can only make a unit Fresh
 * that whoever wrote it could have put there as well.
 */
#ifndef STEADY_FORMAT_RECORD_H
#define STEADY_FORMAT_RECORD_H

#include "steady/format/fingerprint.h"
#include "steady/util/base.h"
#include "steady/util/digest.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#include <time.h>

#define RECORD_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define RECORD_MAX_PATH ((size_t)16 * 1024)

/** What is known about an input, and so what its digest means. The values are those of the file. */
enum input_kind {
	/** A regular file's bytes. */
	INPUT_FILE = 1,
	/** A symbolic link's text; a link on the way to another input. */
	INPUT_LINK = 2,
	/** A directory as cargo walks it: names, kinds and contents of everything below, through links. */
	INPUT_TREE = 3,
	/** Nothing was there. */
	INPUT_ABSENT = 4,
	/** The files that cargo lists for the package in this directory. */
	INPUT_PACKAGE = 5,
	/** The same less Rust's own files: what a macro of the package may have read. */
	INPUT_DATA = 6,
	/** All files of the workspace that a pattern matches; the path is the pattern. */
	INPUT_GLOB = 7,
	/** What the path in a git directory means (core/gitwatch.h): the commit and branch, references, the index. */
	INPUT_GIT = 8,
	/** A file that a script wrote into the workspace, with its bytes; a directory of such files must be there. */
	INPUT_SIDE = 9,
	/** Which program stands behind a virtual environment's interpreter. */
	INPUT_INTERPRETER = 10,
	/** What is installed in the Python environment that a script saw; the path is the list (core/pydist.h). */
	INPUT_ENVIRONMENT = 11,
	/** Where that environment lies: for scripts whose output holds its path, which is the path of this input. */
	INPUT_ENVIRONMENT_PATH = 12,
	/** The files that cargo lists for the package in this directory, less what Python's build tools write there. */
	INPUT_BESIDE = 13,
};
#define INPUT_KIND_MAX INPUT_BESIDE

enum input_root {
	INPUT_ABSOLUTE = 0,
	/** Relative to the workspace root. */
	INPUT_WORKSPACE = 1,
	/** Relative to the build directory. */
	INPUT_BUILD = 2,
};
#define INPUT_ROOT_MAX INPUT_BUILD

struct input {
	enum input_kind kind;
	enum input_root root;
	/** cargo compares its mtime with the unit's reference. */
	bool compared;
	struct span path;
	uint64_t size;
	struct digest digest;
	/** The newest one that cargo would see below it; zero where there is none. */
	struct timespec mtime;
};

struct record {
	/** Of the hash file. */
	char hash[HASHFILE_LEN];
	struct timespec invoked;
	struct digest outputs;
	struct span root;
	/** realpath() of the root; empty if that is the same. */
	struct span real_root;
	/** The dependencies' invoked stamps. */
	struct timespec *dep;
	/** What a dependency without a record stands on (core/bedrock.h); zeros for the others. */
	struct digest *bedrock;
	size_t ndep;
	struct input *input;
	size_t ninput;
};

/** Spans point into mem. -EBADMSG for damage, -ENOTSUP for a version that this program does not know. */
int record_parse(struct arena *mem, struct span bytes, struct record *ret, struct err *err);
/** Appends the bytes; record_parse(record_format(x)) == x. */
void record_format(const struct record *record, struct str *out);

#endif
