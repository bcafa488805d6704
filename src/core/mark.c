#include "steady/core/mark.h"

#include "steady/util/fsio.h"
#include "steady/util/str.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER "cargo-steady mark 1\n"
#define MAX_BYTES ((size_t)64 * 1024)
/* Seconds between the mark's mtime and its last change, the renaming into place. */
#define AT_ONCE 5

/* What the mark says of a work tree when its own inode is `inode`. */
static int text_of(const char *workspace_root, ino_t inode, struct str *out, struct err *err)
{
	struct stat root;
	if (stat(workspace_root, &root) < 0)
		return err_sys(err, errno, "cannot look at %s", workspace_root);
	str_printf(out, HEADER "%s\nroot %ju %ju\nself %ju\n", workspace_root, (uintmax_t)root.st_dev,
		(uintmax_t)root.st_ino, (uintmax_t)inode);
	return 0;
}

int mark_leave(int buildfd, const char *workspace_root, struct err *err)
{
	const struct file_meta meta = {.mode = 0644, .unsynced = true};
	CLEANUP_STR struct str text = STR_INIT;
	struct stat st;
	int code = fsio_mkdir(buildfd, STEADY_STATE_DIR, err);
	if (code == 0)
		code = fsio_replace(buildfd, MARK_FILE, span_of(""), &meta, err);
	if (code < 0)
		return code;
	CLEANUP_CLOSE int fd = fsio_open(buildfd, MARK_FILE, O_WRONLY, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "cannot look at %s", MARK_FILE);
	code = text_of(workspace_root, st.st_ino, &text, err);
	if (code == 0 && write(fd, text.buf, text.len) != (ssize_t)text.len)
		return err_sys(err, errno, "cannot write %s", MARK_FILE);
	return code;
}

bool mark_read(int buildfd, const char *workspace_root, struct timespec *ret_time)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_STR struct str expected = STR_INIT;
	struct span text;
	struct stat st;
	if (fsio_read(buildfd, MARK_FILE, MAX_BYTES, mem, &text, &st, NULL) != 0)
		return false;
	if (text_of(workspace_root, st.st_ino, &expected, NULL) < 0 || !span_eq(text, str_span(&expected)))
		return false;
	if (timespec_cmp(st.st_ctim, st.st_mtim) < 0 || st.st_ctim.tv_sec - st.st_mtim.tv_sec > AT_ONCE)
		return false;
	*ret_time = st.st_mtim;
	return true;
}
