/*
 * Runs a fuzz target over every file below the directories given: fuzzing without a fuzzer, so that each seed
 * and each crash once found is an ordinary test with any compiler. A directory without files is a failure.
 */
#include "fuzz.h"

#include "steady/util/str.h"

#include <ftw.h>

static size_t replayed;

static int replay(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	if (type != FTW_F)
		return 0;
	FILE *f = fopen(path, "re");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	CLEANUP_STR struct str bytes = STR_INIT;
	char buf[4096];
	for (size_t n; (n = fread(buf, 1, sizeof(buf), f)) != 0;)
		str_add_mem(&bytes, buf, n);
	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput((const uint8_t *)bytes.buf, bytes.len);
	replayed++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		size_t before = replayed;
		if (nftw(argv[i], replay, 16, FTW_PHYS) != 0 || replayed == before) {
			(void)fprintf(stderr, "%s: nothing to replay\n", argv[i]);
			return 1;
		}
	}
	(void)printf("%zu files\n", replayed);
	return argc < 2;
}
