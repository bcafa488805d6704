#include "steady/cli/opt.h"
#include "steady/cli/typo.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct args {
	bool dry_run;
	unsigned verbose;
	const char *to;
	struct opt_list package;
	int format;
	uint64_t jobs;
	uint64_t limit;
};

static const struct opt table[] = {
	{"dry-run", 'n', OPT_FLAG, offsetof(struct args, dry_run), NULL, NULL, "Change nothing"},
	{"verbose", 'v', OPT_COUNT, offsetof(struct args, verbose), NULL, NULL, "Say more"},
	{"to", 't', OPT_STRING, offsetof(struct args, to), "DIRECTORY", NULL, "Where to"},
	{"package", 'p', OPT_LIST, offsetof(struct args, package), "SPEC", NULL, "Which"},
	{"format", 0, OPT_CHOICE, offsetof(struct args, format), "FMT", "text|json|markdown", "How"},
	{"jobs", 'j', OPT_NUMBER, offsetof(struct args, jobs), "N", NULL, "How many"},
	{"limit", 0, OPT_SIZE, offsetof(struct args, limit), "BYTES", NULL, "How much"},
	{"help", 'h', OPT_HELP, 0, NULL, NULL, "Print help"},
	OPT_END,
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

struct parsed {
	struct arena *mem;
	struct args args;
	struct opt_parser parser;
	struct err err;
	int result;
};

static struct parsed parse(const char *const *words, bool stop)
{
	struct parsed p = {.mem = arena_new(), .err = ERR_INIT};
	p.parser = (struct opt_parser){.mem = p.mem, .argv = words};
	struct args args = {.dry_run = false};
	opt_add(&p.parser, table, &args);
	p.result = opt_parse(&p.parser, stop, &p.err);
	p.args = args;
	return p;
}

static void done(struct parsed *p)
{
	p->mem = arena_free(p->mem);
}

static void flags_one(const char *const *words, bool dry_run, unsigned verbose)
{
	struct parsed p = parse(words, false);
	assert_int_equal(p.result, 0);
	assert_int_equal(p.args.dry_run, dry_run);
	assert_int_equal(p.args.verbose, verbose);
	done(&p);
}

static void test_flags(void **state)
{
	(void)state;
	flags_one(WORDS("--dry-run"), true, 0);
	flags_one(WORDS("-n"), true, 0);
	flags_one(WORDS("-nv"), true, 1);
	flags_one(WORDS("-vvn", "--verbose"), true, 3);
	flags_one(WORDS("x", "-v"), false, 1);
	flags_one(WORDS("--", "-v"), false, 0);
	flags_one(WORDS("-"), false, 0);
}

static void string_one(const char *const *words, const char *to)
{
	struct parsed p = parse(words, false);
	assert_int_equal(p.result, 0);
	assert_string_equal(p.args.to, to);
	done(&p);
}

static void test_spellings_of_a_value(void **state)
{
	(void)state;
	string_one(WORDS("--to", "a"), "a");
	string_one(WORDS("--to=a"), "a");
	string_one(WORDS("--to=a=b"), "a=b");
	string_one(WORDS("--to=-x"), "-x");
	string_one(WORDS("-t", "a"), "a");
	string_one(WORDS("-ta"), "a");
	string_one(WORDS("-t=a"), "a");
	string_one(WORDS("-nta"), "a");
	string_one(WORDS("-nt", "-"), "-");
	string_one(WORDS("--to", "\xff\n"), "\xff\n");
}

static void test_lists_and_operands_keep_their_order(void **state)
{
	(void)state;
	struct parsed p =
		parse(WORDS("-pa", "x", "-p", "b", "--package=c", "-pd", "y", "-pe", "--", "-z"), false);
	assert_int_equal(p.result, 0);
	assert_int_equal(p.args.package.count, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(p.args.package.item[i][0], "abcde"[i]);
	assert_int_equal(p.parser.operands.count, 3);
	assert_string_equal(p.parser.operands.item[0], "x");
	assert_string_equal(p.parser.operands.item[1], "y");
	assert_string_equal(p.parser.operands.item[2], "-z");
	done(&p);
}

static void test_choices_and_numbers(void **state)
{
	(void)state;
	struct parsed p = parse(WORDS("--format=markdown", "-j8", "--limit", "3M"), false);
	assert_int_equal(p.result, 0);
	assert_int_equal(p.args.format, 2);
	assert_int_equal(p.args.jobs, 8);
	assert_int_equal(p.args.limit, 3 * 1024 * 1024);
	done(&p);
	p = parse(WORDS("--limit=18446744073709551615"), false);
	assert_int_equal(p.result, 0);
	assert_true(p.args.limit == UINT64_MAX);
	done(&p);
}

static void failure_one(const char *const *words, const char *message, const char *hint)
{
	struct parsed p = parse(words, false);
	assert_int_equal(p.result, -EINVAL);
	assert_string_equal(p.err.msg, message);
	assert_string_equal(p.err.hint, hint);
	done(&p);
}

static void test_complaints(void **state)
{
	(void)state;
	failure_one(WORDS("--dryrun"), "unexpected argument '--dryrun' found",
		"a similar argument exists: '--dry-run'");
	failure_one(WORDS("--pack=x"), "unexpected argument '--pack' found",
		"a similar argument exists: '--package'");
	failure_one(WORDS("--nonsense"), "unexpected argument '--nonsense' found", "");
	failure_one(WORDS("-nx"), "unexpected argument '-x' found", "");
	failure_one(WORDS("--to"), "a value is required for '--to <DIRECTORY>' but none was supplied", "");
	failure_one(WORDS("--to="), "a value is required for '--to <DIRECTORY>' but none was supplied", "");
	failure_one(
		WORDS("--to", ""), "a value is required for '--to <DIRECTORY>' but none was supplied", "");
	failure_one(WORDS("--to", "--dry-run"),
		"a value is required for '--to <DIRECTORY>' but none was supplied", "");
	failure_one(WORDS("-t="), "a value is required for '--to <DIRECTORY>' but none was supplied", "");
	failure_one(
		WORDS("--to=a", "-tb"), "the argument '--to <DIRECTORY>' cannot be used multiple times", "");
	failure_one(WORDS("-nn"), "the argument '--dry-run' cannot be used multiple times", "");
	failure_one(WORDS("--dry-run=yes"),
		"unexpected value 'yes' for '--dry-run' found; no more were expected", "");
	failure_one(WORDS("-n=1"), "unexpected value '1' for '--dry-run' found; no more were expected", "");
	failure_one(WORDS("--format", "jsn"), "invalid value 'jsn' for '--format <FMT>'",
		"possible values: text, json, markdown");
	failure_one(WORDS("-j", "many"), "invalid value 'many' for '--jobs <N>'", "a number is needed");
	failure_one(WORDS("-j8K"), "invalid value '8K' for '--jobs <N>'", "a number is needed");
	failure_one(WORDS("--limit=K"), "invalid value 'K' for '--limit <BYTES>'",
		"a number of bytes is needed, such as 4096, 64K, 10M or 2G");
	failure_one(WORDS("--limit=99999999999T"), "invalid value '99999999999T' for '--limit <BYTES>'",
		"a number of bytes is needed, such as 4096, 64K, 10M or 2G");
}

static void test_help_stops_at_once(void **state)
{
	(void)state;
	struct parsed p = parse(WORDS("-n", "-h", "--nonsense"), false);
	assert_int_equal(p.result, OPT_HELP_WANTED);
	done(&p);
}

static void test_stops_at_the_command_and_goes_on_behind_it(void **state)
{
	(void)state;
	struct parsed p = parse(WORDS("-v", "scan", "-v", "-n"), true);
	assert_int_equal(p.result, 0);
	assert_int_equal(p.args.verbose, 1);
	assert_string_equal(p.parser.argv[0], "scan");
	done(&p);
}

static void distance_one(const char *a, const char *b, size_t distance)
{
	assert_int_equal(typo_distance(span_of(a), span_of(b)), distance);
	assert_int_equal(typo_distance(span_of(b), span_of(a)), distance);
}

static void test_typo_distance(void **state)
{
	(void)state;
	distance_one("", "", 0);
	distance_one("", "abc", 3);
	distance_one("save", "save", 0);
	distance_one("save", "svae", 1);
	distance_one("save", "sav", 1);
	distance_one("save", "saves", 1);
	distance_one("kitten", "sitting", 3);
	distance_one("restore", "restroe", 1);
	/* Longer words are compared by their first 64 letters; what counts is that nothing is overrun. */
	char many[200];
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	distance_one(many, "x", 63);
}

static void suggestion_one(const char *word, const char *expected)
{
	static const char *const known[] = {"scan", "save", "restore", "rewrite", "explain", "completions"};
	struct typo typo = typo_begin(span_of(word));
	for (size_t i = 0; i < COUNT_OF(known); i++)
		typo_consider(&typo, known[i]);
	if (expected == NULL)
		assert_null(typo.best);
	else
		assert_string_equal(typo.best, expected);
}

static void test_suggestions(void **state)
{
	(void)state;
	suggestion_one("sacn", "scan");
	suggestion_one("restroe", "restore");
	suggestion_one("comp", "completions");
	suggestion_one("rewite", "rewrite");
	suggestion_one("x", NULL);
	suggestion_one("", NULL);
	suggestion_one("frobnicate", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_spellings_of_a_value),
		cmocka_unit_test(test_lists_and_operands_keep_their_order),
		cmocka_unit_test(test_choices_and_numbers),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_help_stops_at_once),
		cmocka_unit_test(test_stops_at_the_command_and_goes_on_behind_it),
		cmocka_unit_test(test_typo_distance),
		cmocka_unit_test(test_suggestions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
