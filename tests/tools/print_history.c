/*
 * print_history REPOSITORY [OPTION...]: "path TAB commit TAB committer time" for each file of HEAD, for tests
 * and benchmarks. Paths are quoted as git quotes them. Options are members of struct history_options;
 * "listings" prints directories alone, "stats" only counts.
 */
#include "steady/core/history.h"

#include <stdio.h>
#include <string.h>

static bool has(char **argv, const char *option)
{
	for (; *argv != NULL; argv++) {
		if (strcmp(*argv, option) == 0)
			return true;
	}
	return false;
}

static void print_quoted(struct span path)
{
	bool plain = true;
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		plain &= c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
	}
	if (plain) {
		printf("%.*s", SPAN_ARG(path));
		return;
	}
	putchar('"');
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.ptr[i];
		static const char names[] = "abtnvfr";
		if (c >= 7 && c <= 13)
			printf("\\%c", names[c - 7]);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			printf("\\%03o", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_path(const struct history *h, const struct history_path *path)
{
	print_quoted(path->path);
	if (path->commit == HISTORY_NONE) {
		puts("\t-\t-");
		return;
	}
	const struct history_commit *c = &h->commit[path->commit];
	putchar('\t');
	for (size_t i = 0; i < c->id.len; i++)
		printf("%02x", c->id.byte[i]);
	printf("\t%lld\n", (long long)c->committer);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	char **options = argv + 2;
	struct err err = ERR_INIT;
	CLEANUP_GITREPO struct gitrepo *repo = NULL;
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct history h = {.path_count = 0};
	struct history_options o = {.first_parent = has(options, "first-parent"),
		.merges = has(options, "merges"),
		.oldest = has(options, "oldest"),
		.no_cache = has(options, "no-cache"),
		.listings = has(options, "listings")};
	int code = gitrepo_open(&(struct gitrepo_where){.start = argv[1]}, &repo, &err);
	if (code == 0)
		code = history_read(repo, &o, mem, &h, &err);
	if (code != 0) {
		fprintf(stderr, "%d: %s\n", code, err.msg);
		return 1;
	}
	history_remember(repo, &h);
	if (has(options, "stats")) {
		printf("%zu paths, %zu commits visited\n", h.path_count, h.visited);
		return 0;
	}
	for (size_t i = 0; i < h.path_count; i++) {
		if ((h.path[i].mode == GIT_MODE_TREE) == o.listings)
			print_path(&h, &h.path[i]);
	}
	return 0;
}
