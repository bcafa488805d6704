#include "steady/util/self.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>

static bool own_name(char *buf, size_t size)
{
	uint32_t len = (uint32_t)size;
	return _NSGetExecutablePath(buf, &len) == 0;
}

int self_stat(struct stat *ret)
{
	char name[PATH_MAX];
	if (!own_name(name, sizeof(name)))
		return -ENAMETOOLONG;
	return stat(name, ret) < 0 ? -errno : 0;
}
#else
#define OWN_LINK "/proc/self/exe"

static bool own_name(char *buf, size_t size)
{
	ssize_t len = readlink(OWN_LINK, buf, size);
	if (len <= 0 || (size_t)len >= size)
		return false;
	buf[len] = '\0';
	return true;
}

/* The link leads to the file itself, even if its name is gone. */
int self_stat(struct stat *ret)
{
	return stat(OWN_LINK, ret) < 0 ? -errno : 0;
}
#endif

bool self_path(struct str *ret)
{
	char name[PATH_MAX];
	struct stat self, named;
	if (!own_name(name, sizeof(name)) || self_stat(&self) < 0)
		return false;
	CLEANUP_FREE char *real = realpath(name, NULL);
	if (real == NULL || stat(real, &named) < 0 || named.st_dev != self.st_dev ||
		named.st_ino != self.st_ino)
		return false;
	str_clear(ret);
	str_add(ret, real);
	return true;
}
