#include "steady/util/term.h"

#include <sys/ioctl.h>
#include <unistd.h>

bool term_is_tty(FILE *stream)
{
	int fd = fileno(stream);
	return fd >= 0 && isatty(fd) == 1;
}

unsigned term_columns(FILE *stream)
{
	int fd = fileno(stream);
	struct winsize size;
	if (fd < 0 || ioctl(fd, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}
