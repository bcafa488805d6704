#include "steady/util/machine.h"

#ifdef __linux__
#include "steady/util/fsio.h"
#include "steady/util/mem.h"

/* A UUID and a line end, see random(4). */
#define BOOT_ID_DIR "/proc/sys/kernel/random"
#define BOOT_ID_LEN 37

bool machine_boot(struct digest *ret)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	CLEANUP_CLOSE int fd = fsio_open_root(BOOT_ID_DIR, NULL);
	struct span text;
	if (fd < 0 || fsio_read(fd, "boot_id", BOOT_ID_LEN, mem, &text, NULL, NULL) != 0 ||
		text.len != BOOT_ID_LEN)
		return false;
	*ret = digest_of(text);
	return true;
}
#else
bool machine_boot(struct digest *ret)
{
	(void)ret;
	return false;
}
#endif
