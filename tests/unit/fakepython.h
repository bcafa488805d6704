/*
 * A stand-in for a Python: a shell script that answers as one, and leaves a line in a file for each start. As an alias it
 * knows its prefix and STEADY_SITE from how it is called, as a real one does.
 *
 *	fake_python("base/bin/python3", "3.12.4 (main)", "");
 */
#ifndef STEADY_TESTS_FAKEPYTHON_H
#define STEADY_TESTS_FAKEPYTHON_H

#include "tempdir.h"

/** `more` is JSON that is put in front of what is said by itself, so that it counts: "\"debug\":true,". */
static inline const char *fake_python(const char *path, const char *version, const char *more)
{
	const char *full = temp_path(path);
	temp_put(path,
		arena_printf(temp_mem,
			"#!/bin/sh\n"
			"echo start >>'%s'\n"
			"real='%s'\n"
			"prefix=${0%%/bin/*}\n"
			"printf '{%%s\"implementation\":\"CPython\",\"version\":\"%s\",\"lib_dir\":\"/x/lib\",' '%s'\n"
			"printf '\"lib_name\":\"l.so\",\"abiflags\":\"\",\"platform\":\"linux-x86_64\",\"major\":3,'\n"
			"printf '\"minor\":12,\"pointer_width\":64,\"base\":\"%%s\",\"executable\":\"%%s\",' \"$real\" \"$0\"\n"
			"printf '\"multiarch\":\"x86_64-linux-gnu\",\"library\":\"\",\"prefix\":\"%%s\",' \"$prefix\"\n"
			"printf '\"site_packages\":\"lib/python3.12/site-packages\",\"path\":[\"%%s\"]}\\n' "
			"\"$STEADY_SITE\"\n",
			temp_path("starts"), full, version, more));
	assert_int_equal(chmod(full, 0755), 0);
	return full;
}

/** How often any of them was started so far. */
static inline size_t fake_starts(void)
{
	return temp_exists("starts") ? (size_t)temp_stat("starts").st_size / strlen("start\n") : 0;
}

#endif
