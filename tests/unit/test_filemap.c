#include "steady/util/filemap.h"
#include "steady/util/fsio.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir_path[] = "/tmp/steady-filemap-XXXXXX";
static int dir;

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir_path) == NULL)
		return -1;
	dir = fsio_open_root(dir_path, NULL);
	return dir < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	int fd = fsio_open_root("/tmp", NULL);
	int code = fsio_remove_tree(fd, dir_path + strlen("/tmp/"), NULL);
	(void)close(fd);
	(void)close(dir);
	return code;
}

static void maps_what_is_there(void **state)
{
	(void)state;
	const struct file_meta meta = {.mode = 0644};
	struct filemap map;
	assert_int_equal(fsio_create(dir, "some", SPAN_LIT("bytes"), &meta, NULL), 0);
	assert_int_equal(fsio_create(dir, "empty", SPAN_LIT(""), &meta, NULL), 0);
	assert_int_equal(filemap_open(dir, "some", &map, NULL), 0);
	assert_int_equal(map.len, 5);
	assert_memory_equal(map.bytes, "bytes", 5);
	filemap_touch(&map, 3);
	filemap_close(&map);
	assert_null(map.bytes);
	filemap_close(&map);
	assert_int_equal(filemap_open(dir, "empty", &map, NULL), 0);
	assert_null(map.bytes);
	filemap_touch(&map, 0);
	filemap_close(&map);
}

static void refuses_what_is_no_file(void **state)
{
	(void)state;
	struct filemap map;
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(symlinkat("some", dir, "link"), 0);
	assert_int_equal(filemap_open(dir, "fifo", &map, NULL), -EINVAL);
	assert_true(filemap_open(dir, "link", &map, NULL) < 0);
	assert_true(filemap_open(dir, "missing", &map, NULL) < 0);
	assert_true(filemap_open(dir, ".", &map, NULL) < 0);
}

/* A file of holes: pages that were given back read the same again. */
static void gives_pages_back(void **state)
{
	(void)state;
	struct filemap map;
	const size_t len = (size_t)80 << 20;
	int fd = openat(dir, "large", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(pwrite(fd, "x", 1, 7), 1);
	(void)close(fd);
	assert_int_equal(filemap_open(dir, "large", &map, NULL), 0);
	for (size_t at = 0; at < len; at += 64 * 1024) {
		filemap_touch(&map, at);
		assert_int_equal(map.bytes[at], 0);
	}
	filemap_touch(&map, len);
	assert_true(map.touched_count < len / (64 * 1024));
	assert_int_equal(map.bytes[7], 'x');
	filemap_close(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_what_is_there),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(gives_pages_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
