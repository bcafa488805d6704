#include "rewrite_priv.h"

#include "steady/core/recordfile.h"
#include "steady/core/venvlink.h"
#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An input that is replaced as well: the record follows, if it spoke of the bytes before. */
static bool follow_file(const struct rewrite_file *file, size_t nfile, struct input *input)
{
	if (input->root != INPUT_BUILD || input->kind != INPUT_FILE)
		return false;
	for (size_t i = 0; i < nfile; i++) {
		if (!span_eq_str(input->path, file[i].path))
			continue;
		const struct digest before = digest_of(file[i].before);
		if (!digest_eq(&input->digest, &before))
			return false;
		input->digest = digest_of(file[i].after);
		input->size = file[i].after.len;
		return true;
	}
	return false;
}

/* The new environment's pyvenv.cfg is of an interpreter that agrees: env_identity.c saw to that. */
static bool read_pyvenv(struct arena *mem, const char *path, struct input *input)
{
	struct venvlink link;
	struct stat st;
	if (input->kind == INPUT_INTERPRETER) {
		if (!venvlink_read(mem, path, &link) || link.is_copy)
			return false;
		input->size = strlen(link.program);
		input->digest = digest_of(span_of(link.program));
	} else {
		CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
			digest_fd(fd, &input->digest, &input->size, NULL) != 0)
			return false;
		input->mtime = st.st_mtim;
	}
	input->path = span_of(path);
	return true;
}

static bool follow_env(const struct rewriter *r, struct input *input)
{
	struct span env;
	if (input->root != INPUT_ABSOLUTE ||
		(input->kind != INPUT_FILE && input->kind != INPUT_INTERPRETER) ||
		!pathmap_find(&r->request->map, input->path, 0, &env) || env.ptr != input->path.ptr ||
		!span_eq_str(span_skip(input->path, env.len), "/pyvenv.cfg"))
		return false;
	const struct rewrite_env *known = env_identity_find(r, env);
	if (known == NULL || !known->accepted)
		return false;
	return read_pyvenv(r->mem, arena_printf(r->mem, "%s/pyvenv.cfg", r->request->map.to), input);
}

/*
 * A record binds to the unit's hash, so it has to follow. What it says of the inputs stays: they are the same, but for
 * files that are replaced too, and the file that names an environment's interpreter.
 */
static void add_record(struct rewriter *r, const struct unit *u, uint64_t hash, size_t nfile,
	struct rewrite_file_list *files)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	const char *path = recordfile_path(mem, u);
	struct span bytes;
	struct stat st;
	struct record record;
	if (fsio_read(r->t->fd, path, RECORD_MAX_BYTES, mem, &bytes, &st, NULL) != 0 ||
		record_parse(mem, bytes, &record, NULL) < 0 || !record_has_hash(&record, u))
		return;
	bool changed = hash != u->hash;
	for (size_t i = 0; i < record.ninput; i++)
		changed |=
			follow_file(files->data, nfile, &record.input[i]) || follow_env(r, &record.input[i]);
	if (!changed)
		return;
	char text[HASHFILE_LEN + 1];
	hashfile_format(hash, text);
	memcpy(record.hash, text, sizeof(record.hash));
	CLEANUP_STR struct str after = STR_INIT;
	record_format(&record, &after);
	rewrite_add_file(files, arena_strdup(r->mem, path),
		span_make(arena_strndup(r->mem, bytes.ptr, bytes.len), bytes.len),
		span_make(arena_strndup(r->mem, after.buf, after.len), after.len), &st.st_mtim, st.st_mode);
}

void rewrite_add_records(struct rewriter *r, const struct rehash *rehash, struct rewrite_file_list *files)
{
	const size_t nfile = files->len;
	if (nfile == 0 && rehash->count == 0)
		return;
	for (size_t i = 0; i < r->t->count; i++) {
		const struct unit *u = &r->t->unit[i];
		if (u->proof == PROOF_VERIFIED)
			add_record(r, u, rehash->unit[i].hash, nfile, files);
	}
}
