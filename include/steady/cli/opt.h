/*
 * Options: one table of rows per command, which parsing, --help, the completion scripts and the check of the
 * manual pages all read.
 *
 *	struct scan_args { enum report_format format; struct opt_list package; bool dry_run; };
 *	static const struct opt scan_opts[] = {
 *		{"dry-run", 'n', OPT_FLAG, offsetof(struct scan_args, dry_run), .help = "Change nothing"},
 *		{"package", 'p', OPT_LIST, offsetof(struct scan_args, package), .arg = "SPEC", .help = "..."},
 *		{"format", 0, OPT_CHOICE, offsetof(struct scan_args, format), .arg = "FMT",
 *			.values = "text|json", .help = "Output format"},
 *		OPT_END};
 *
 * Understood: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, -n=VALUE, joined flags (-vn), `--` before
 * operands, operands anywhere. A value may not be empty, and only behind `=` may it begin with a dash. An
 * option that takes one value, and a flag, may be given once.
 */
#ifndef STEADY_CLI_OPT_H
#define STEADY_CLI_OPT_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/mem.h"
#include "steady/util/str.h"

/** What is stored at the option's offset. */
enum opt_kind {
	/** bool, set to true. */
	OPT_FLAG,
	/** unsigned, the number of times it was given. */
	OPT_COUNT,
	/** const char *, pointing into argv. */
	OPT_STRING,
	/** struct opt_list, in the order given. */
	OPT_LIST,
	/** int: the position of the value in `values`. An enum that starts at 0 in the same order fits. */
	OPT_CHOICE,
	/** uint64_t, decimal. */
	OPT_NUMBER,
	/** uint64_t, bytes: decimal, with K, M, G or T (powers of 1024) behind it if wanted. */
	OPT_SIZE,
	/** Nothing: opt_parse returns OPT_HELP_WANTED at once. */
	OPT_HELP,
};

struct opt {
	/** The long name without its dashes. */
	const char *name;
	/** The short name, or 0. */
	char alias;
	enum opt_kind kind;
	size_t offset;
	/** Name of the value in --help, in capitals: FILE and DIRECTORY are completed as such. */
	const char *arg;
	/** OPT_CHOICE: the possible values with '|' between them. */
	const char *values;
	/** One sentence or more, without the final stop. */
	const char *help;
};

/** Ends a table. */
#define OPT_END                                                                                              \
	{                                                                                                    \
		.name = NULL                                                                                 \
	}
#define opt_each(opt, table) for (const struct opt *opt = (table); opt->name != NULL; opt++)

struct opt_list {
	const char **item;
	size_t count;
};

/** At most this many options in a table. */
#define OPT_MAX 64
/** At most this many tables at once. */
#define OPT_SETS 4

/** A table and the struct that its offsets mean. */
struct opt_set {
	const struct opt *opts;
	void *values;
	/** Bit i: row i was given. Ours to keep. */
	uint64_t seen;
};

struct opt_parser {
	struct opt_set set[OPT_SETS];
	size_t sets;
	/** Holds the arrays of lists and operands. */
	struct arena *mem;
	/** What is left to parse; NULL-terminated. */
	const char *const *argv;
	struct opt_list operands;
};

/** Returned, as a positive condition, where help is asked for. */
#define OPT_HELP_WANTED 1

/** Adds a table; `values` must hold the defaults. Names must differ from those of the tables added before. */
void opt_add(struct opt_parser *p, const struct opt *opts, void *values);
/**
 * Parses p->argv, up to the first operand if stop_at_operand (p->argv then begins with it), else to the end
 * with the operands in p->operands. May be called again with more tables. 0, OPT_HELP_WANTED, or -EINVAL with
 * the complaint (and what was perhaps meant as its hint).
 */
int opt_parse(struct opt_parser *p, bool stop_at_operand, struct err *err);
/** "--name <ARG>" or "--name", as messages name an option. */
void opt_label(struct str *out, const struct opt *opt);
/** Was the row with this name given? */
bool opt_given(const struct opt_set *set, const char *name);
bool opt_takes_value(const struct opt *opt);
/** Cuts the next of `values` (or of any list with '|' between) off *rest; false at the end. */
bool opt_next_value(struct span *rest, struct span *ret_value);

#endif
