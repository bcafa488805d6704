#include "steady/core/userpython.h"

#include "steady/util/proc.h"
#include "steady/util/str.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Unset and empty are the same to pyo3's users, though not to cargo. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* A name is searched on PATH. */
static size_t add(struct arena *mem, const char *name, const char *ret_path[], size_t count)
{
	CLEANUP_STR struct str found = STR_INIT;
	if (name[0] == '/')
		str_add(&found, name);
	else if (strchr(name, '/') != NULL || !proc_find(name, &found))
		return count;
	if (access(found.buf, X_OK) < 0)
		return count;
	ret_path[count] = arena_strdup(mem, found.buf);
	return count + 1;
}

size_t userpython_find(struct arena *mem, const char *ret_path[USERPYTHON_MAX])
{
	const char *named = variable("PYO3_PYTHON");
	const char *venv = variable("VIRTUAL_ENV"), *conda = variable("CONDA_PREFIX");
	if (named != NULL)
		return add(mem, named, ret_path, 0);
	if ((venv == NULL) != (conda == NULL)) {
		const char *env = venv != NULL ? venv : conda;
		return env[0] == '/' ? add(mem, arena_printf(mem, "%s/bin/python", env), ret_path, 0) : 0;
	}
	return add(mem, "python3", ret_path, add(mem, "python", ret_path, 0));
}
