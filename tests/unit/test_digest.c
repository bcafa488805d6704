#include "steady/util/digest.h"

#include "tempdir.h"

/* From xxHash's own test vectors and command (xxhsum -H2) over the same bytes. */
static void known_one(const char *text, const char *hex)
{
	struct digest d = digest_of(span_of(text)), parsed;
	char got[DIGEST_HEX_LEN + 1];
	digest_hex(&d, got);
	assert_string_equal(got, hex);
	assert_true(digest_parse(span_of(hex), &parsed));
	assert_true(digest_eq(&d, &parsed));
}

static void test_known(void **state)
{
	(void)state;
	known_one("", "99aa06d3014798d86001c324468d497f");
	known_one("a", "a96faf705af16834e6c632b61e964e1f");
	known_one("abc", "06b05ab6733a618578af5f94892f3950");
	assert_true(digest_u64(SPAN_LIT("")) == 0x2d06800538d394c2u);
}

static void parse_one(const char *hex, bool valid)
{
	struct digest d = {{7}};
	assert_int_equal(digest_parse(span_of(hex), &d), valid);
	if (!valid)
		assert_int_equal(d.byte[0], 7);
}

static void test_parse(void **state)
{
	(void)state;
	parse_one("99aa06d3014798d86001c324468d497f", true);
	parse_one("99aa06d3014798d86001c324468d497", false);
	parse_one("99aa06d3014798d86001c324468d497f0", false);
	parse_one("99AA06d3014798d86001c324468d497f", false);
	parse_one("99aa06d3014798d86001c324468d497g", false);
	parse_one("", false);
}

/* The digest of a file is that of its bytes, however many reads that takes. */
static void file_one(size_t size)
{
	char *bytes = arena_alloc(temp_mem, size + 1);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 31 + i / 251);
	temp_put_bytes("file", span_make(bytes, size));
	CLEANUP_CLOSE int fd = fsio_open(temp_fd, "file", O_RDONLY, NULL);
	struct digest of_file, of_bytes = digest_of(span_make(bytes, size));
	uint64_t read_size = 0;
	/* From its start, wherever the offset is. */
	assert_true(lseek(fd, (off_t)(size / 2), SEEK_SET) >= 0);
	assert_int_equal(digest_fd(fd, &of_file, &read_size, NULL), 0);
	assert_true(digest_eq(&of_file, &of_bytes));
	assert_int_equal(read_size, size);
	assert_int_equal(digest_fd(fd, &of_file, NULL, NULL), 0);
}

static void test_files(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 1000, 262143, 262144, 262145, 524288, 1000003};
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		file_one(sizes[i]);
}

static void test_unreadable(void **state)
{
	(void)state;
	struct digest d = {{7}};
	struct err err = ERR_INIT;
	assert_int_equal(digest_fd(temp_fd, &d, NULL, &err), -EISDIR);
	assert_int_equal(err.code, EISDIR);
	assert_int_equal(d.byte[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_parse),
		TEMP_TEST(test_files),
		TEMP_TEST(test_unreadable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
