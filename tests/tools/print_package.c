/*
 * print_package [--minor N] WORKSPACE PACKAGE: the files of the package as core/pkglist.h and pkggit.h list them, a line
 * each relative to the package; the last line is the text of the newest one. For tests, which compare with cargo's own.
 */
#include "steady/core/pkggit.h"
#include "steady/core/pkglist.h"
#include "steady/util/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct pkglist_options options = {0};
	int at = 1;
	if (argc > 3 && strcmp(argv[1], "--minor") == 0) {
		uint64_t minor = 0;
		(void)span_u64(span_of(argv[2]), &minor);
		options.minor = (unsigned)minor;
		at = 3;
	}
	if (argc != at + 2) {
		(void)fprintf(stderr, "usage: print_package [--minor N] WORKSPACE PACKAGE\n");
		return 2;
	}
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_PKGGIT struct pkggit *git = pkggit_new();
	struct pkglist list;
	struct err err = ERR_INIT;
	options.workspace_root = argv[at];
	options.git = pkggit_lister(git);
	if (pkglist_read(&options, argv[at + 1], mem, &list, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	for (size_t i = 0; i < list.count; i++) {
		struct span name = path_below(span_of(list.file[i].path), span_of(list.root));
		(void)printf("%.*s\n", SPAN_ARG(name));
	}
	(void)printf("%s\n", pkglist_newest(&list, SPAN_LIT(""), mem));
	return 0;
}
