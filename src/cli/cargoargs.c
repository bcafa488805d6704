#include "steady/cli/cargoargs.h"

#include <string.h>

/* A subcommand: what it does, in which profile, and from which operand on the words are not cargo's. */
struct subcommand {
	const char *name;
	enum cargo_kind kind;
	const char *profile;
	bool operands_end;
	/** One letter: an alias of cargo's, which the user's may replace. External: rustup's or somebody else's, known well. */
	bool builtin;
};

static const struct subcommand subcommands[] = {
	{"add", CARGO_NOTHING, NULL, false, true},
	{"b", CARGO_BUILD, "debug", false, false},
	{"bench", CARGO_TEST, "release", false, true},
	{"build", CARGO_BUILD, "debug", false, true},
	{"c", CARGO_BUILD, "debug", false, false},
	{"check", CARGO_BUILD, "debug", false, true},
	{"clean", CARGO_NOTHING, NULL, false, true},
	{"clippy", CARGO_BUILD, "debug", false, false},
	{"config", CARGO_NOTHING, NULL, false, true},
	{"d", CARGO_BUILD, "debug", false, false},
	{"doc", CARGO_BUILD, "debug", false, true},
	{"fetch", CARGO_NOTHING, NULL, false, true},
	{"fix", CARGO_BUILD, "debug", false, true},
	{"fmt", CARGO_NOTHING, NULL, false, false},
	{"generate-lockfile", CARGO_NOTHING, NULL, false, true},
	{"git-checkout", CARGO_NOTHING, NULL, false, true},
	{"help", CARGO_NOTHING, NULL, false, true},
	{"info", CARGO_NOTHING, NULL, false, true},
	{"init", CARGO_NOTHING, NULL, false, true},
	{"install", CARGO_BUILD, "release", false, true},
	{"locate-project", CARGO_NOTHING, NULL, false, true},
	{"login", CARGO_NOTHING, NULL, false, true},
	{"logout", CARGO_NOTHING, NULL, false, true},
	{"metadata", CARGO_NOTHING, NULL, false, true},
	{"new", CARGO_NOTHING, NULL, false, true},
	{"owner", CARGO_NOTHING, NULL, false, true},
	{"package", CARGO_BUILD, "debug", false, true},
	{"pkgid", CARGO_NOTHING, NULL, false, true},
	{"publish", CARGO_BUILD, "debug", false, true},
	{"r", CARGO_RUN, "debug", true, false},
	{"read-manifest", CARGO_NOTHING, NULL, false, true},
	{"remove", CARGO_NOTHING, NULL, false, true},
	{"report", CARGO_NOTHING, NULL, false, true},
	{"rm", CARGO_NOTHING, NULL, false, false},
	{"run", CARGO_RUN, "debug", true, true},
	{"rustc", CARGO_BUILD, "debug", true, true},
	{"rustdoc", CARGO_BUILD, "debug", true, true},
	{"search", CARGO_NOTHING, NULL, false, true},
	{"steady", CARGO_NOTHING, NULL, false, false},
	{"t", CARGO_TEST, "debug", false, false},
	{"test", CARGO_TEST, "debug", false, true},
	{"tree", CARGO_NOTHING, NULL, false, true},
	{"uninstall", CARGO_NOTHING, NULL, false, true},
	{"update", CARGO_NOTHING, NULL, false, true},
	{"vendor", CARGO_NOTHING, NULL, false, true},
	{"verify-project", CARGO_NOTHING, NULL, false, true},
	{"version", CARGO_NOTHING, NULL, false, true},
	{"yank", CARGO_NOTHING, NULL, false, true},
};

static const struct subcommand external = {NULL, CARGO_EXTERNAL, NULL, false, false};

/* Long options whose value may be the next word. */
static const char *const long_with_value[] = {
	"artifact-dir",
	"bench",
	"bin",
	"branch",
	"color",
	"config",
	"crate-type",
	"example",
	"exclude",
	"explain",
	"features",
	"git",
	"index",
	"jobs",
	"lockfile-path",
	"manifest-path",
	"message-format",
	"out-dir",
	"package",
	"path",
	"print",
	"profile",
	"registry",
	"rev",
	"root",
	"tag",
	"target",
	"target-dir",
	"test",
	"token",
};
/* Letters, likewise. */
#define SHORT_WITH_VALUE "CFZjp"

struct parser {
	const char *const *next;
	const struct subcommand *sub;
	struct cargoargs *ret;
	const char *profile, *install_path;
	bool release, debug, prints, no_run, done;
};

static const struct subcommand *find(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(subcommands); i++) {
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	}
	return NULL;
}

bool cargoargs_is_builtin(const char *name)
{
	const struct subcommand *sub = find(name);
	return sub != NULL && sub->builtin;
}

static bool has_value(struct span name)
{
	for (size_t i = 0; i < COUNT_OF(long_with_value); i++) {
		if (span_eq_str(name, long_with_value[i]))
			return true;
	}
	return false;
}

/* The next word, if it can be a value. */
static const char *take_value(struct parser *p)
{
	if (*p->next == NULL || (*p->next)[0] == '-')
		return NULL;
	return *p->next++;
}

/* What is set on the command line may move the target directory, or make other commands of words. */
static void settle_config(struct parser *p, const char *value)
{
	static const char *const tables[] = {"build", "alias", "env", "include"};
	struct span text = span_of(value);
	size_t equals = span_find(text, '=');
	struct span key = span_trim(span_make(text.ptr, equals));
	struct span table = span_trim(span_make(key.ptr, span_find(key, '.')));
	if (equals == text.len) {
		p->ret->doubt = "--config names a file";
		return;
	}
	/* Quotes may hide a name; inside other tables they hide nothing that matters. */
	bool quoted = span_find(key, '"') != key.len || span_find(key, '\'') != key.len;
	bool known = span_starts(key, SPAN_LIT("build.")) && !quoted &&
		!span_eq_str(key, "build.target-dir") && !span_eq_str(key, "build.build-dir");
	bool harmful = table.len == 0 || table.ptr[0] == '"' || table.ptr[0] == '\'';
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		harmful |= !known && span_eq_str(table, tables[i]);
	p->ret->quiet |=
		span_eq_str(key, "term.quiet") && span_eq_str(span_trim(span_skip(text, equals + 1)), "true");
	if (harmful)
		p->ret->doubt = "--config sets what tells where to build, or with which variables";
}

static void settle_long(struct parser *p, struct span name, const char *value)
{
	struct cargoargs *ret = p->ret;
	if (span_eq_str(name, "target-dir"))
		ret->target_dir = value;
	else if (span_eq_str(name, "manifest-path"))
		ret->manifest_path = value;
	else if (span_eq_str(name, "path"))
		p->install_path = value;
	else if (span_eq_str(name, "profile"))
		p->profile = value;
	else if (span_eq_str(name, "color"))
		ret->color = value;
	else if (span_eq_str(name, "config"))
		settle_config(p, value);
}

static void settle_flag(struct parser *p, struct span name)
{
	static const char *const printing[] = {
		"help", "version", "list", "explain", "unit-graph", "build-plan"};
	p->release |= span_eq_str(name, "release");
	p->debug |= span_eq_str(name, "debug");
	p->no_run |= span_eq_str(name, "no-run");
	p->ret->quiet |= span_eq_str(name, "quiet");
	p->ret->verbose += span_eq_str(name, "verbose");
	for (size_t i = 0; i < COUNT_OF(printing); i++)
		p->prints |= span_eq_str(name, printing[i]);
}

static void parse_long(struct parser *p, const char *word)
{
	struct span text = span_of(word + 2);
	size_t equals = span_find(text, '=');
	struct span name = span_make(text.ptr, equals);
	/* `install --version 1.0` */
	bool version = p->sub != NULL && strcmp(p->sub->name != NULL ? p->sub->name : "", "install") == 0 &&
		(span_eq_str(name, "version") || span_eq_str(name, "vers"));
	const char *value = equals < text.len ? text.ptr + equals + 1
		: has_value(name) || version  ? take_value(p)
					      : NULL;
	if (!version)
		settle_flag(p, name);
	if (value != NULL)
		settle_long(p, name, value);
}

static void parse_letters(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c != '\0'; c++) {
		p->release |= *c == 'r';
		p->prints |= *c == 'h' || *c == 'V';
		p->ret->quiet |= *c == 'q';
		p->ret->verbose += *c == 'v';
		if (strchr(SHORT_WITH_VALUE, *c) == NULL)
			continue;
		const char *value = c[1] == '=' ? c + 2 : c[1] != '\0' ? c + 1 : take_value(p);
		if (*c == 'C' && p->sub == NULL)
			p->ret->directory = value;
		return;
	}
}

static void parse_operand(struct parser *p, const char *const *word)
{
	if (p->sub != NULL) {
		p->done = p->sub->operands_end;
		return;
	}
	p->sub = find(*word);
	if (p->sub == NULL)
		p->sub = &external;
	p->ret->subcommand = *word;
}

/* cargo's names of profiles, and the directories they have. */
static const char *profile_directory(const struct parser *p)
{
	static const char *const debug[] = {"dev", "test"};
	if (p->profile == NULL)
		return p->release ? "release" : p->debug ? "debug" : p->sub->profile;
	for (size_t i = 0; i < COUNT_OF(debug); i++) {
		if (strcmp(p->profile, debug[i]) == 0)
			return "debug";
	}
	/* Of old: `cargo rustc --profile check`. */
	if (strcmp(p->profile, "check") == 0)
		return "debug";
	return strcmp(p->profile, "bench") == 0 ? "release" : p->profile;
}

static void settle_install(struct parser *p)
{
	p->ret->package_dir = p->install_path;
	/* From a registry or a repository, into a directory of its own. */
	if (p->install_path == NULL)
		p->ret->kind = CARGO_NOTHING;
}

static bool is_script(const char *word)
{
	return word != NULL && (strchr(word, '/') != NULL || span_ends(span_of(word), SPAN_LIT(".rs")));
}

static void settle(struct parser *p)
{
	struct cargoargs *ret = p->ret;
	ret->kind = p->sub == NULL || p->prints ? CARGO_NOTHING : p->sub->kind;
	/* What help means to somebody else's program is not known. */
	if (ret->kind == CARGO_NOTHING)
		return;
	if (ret->kind == CARGO_TEST && p->no_run)
		ret->kind = CARGO_BUILD;
	ret->profile = profile_directory(p);
	if (p->sub == &external)
		ret->profile = NULL;
	if (p->sub->name != NULL && strcmp(p->sub->name, "install") == 0)
		settle_install(p);
	if (is_script(ret->subcommand) ||
		(ret->manifest_path != NULL && span_ends(span_of(ret->manifest_path), SPAN_LIT(".rs"))))
		ret->doubt = "a script that is its own package";
}

void cargoargs_parse(const char *const argv[], struct cargoargs *ret)
{
	struct parser p = {.next = argv, .ret = ret};
	*ret = (struct cargoargs){.kind = CARGO_NOTHING};
	if (*p.next != NULL)
		p.next++;
	if (*p.next != NULL && (*p.next)[0] == '+')
		p.next++;
	while (*p.next != NULL && !p.done) {
		const char *const *word = p.next++;
		if (strcmp(*word, "--") == 0)
			break;
		if (strncmp(*word, "--", 2) == 0)
			parse_long(&p, *word);
		else if ((*word)[0] == '-' && (*word)[1] != '\0')
			parse_letters(&p, *word);
		else
			parse_operand(&p, word);
		if (ret->subcommand != NULL && ret->at == 0)
			ret->at = (size_t)(word - argv);
	}
	settle(&p);
}

const char *const *cargoargs_expand(
	const char *const argv[], size_t at, const struct span *word, size_t count, struct arena *mem)
{
	size_t all = 0;
	while (argv[all] != NULL)
		all++;
	const char **out = arena_array(mem, all + count, sizeof(*out));
	memcpy(out, argv, at * sizeof(*out));
	for (size_t i = 0; i < count; i++)
		out[at + i] = arena_strndup(mem, word[i].ptr, word[i].len);
	memcpy(out + at + count, argv + at + 1, (all - at - 1) * sizeof(*out));
	return out;
}
