#include "steady/format/rustcmeta.h"

#define MAX_PATH_LENGTH ((size_t)16383) /* two bytes of LEB128 */
#define TEXT_END 0xC1
#define DIGEST_ROOM 0x20
#define MAX_DIGEST_KIND 3

static unsigned char byte_at(struct span text, size_t at)
{
	return at < text.len ? (unsigned char)text.ptr[at] : 0;
}

/* The text that starts at `at`, if its length stands before it and its end behind it; else an empty one. */
static struct span text_at(struct span text, size_t at)
{
	struct span from = span_skip(text, at);
	size_t len = span_find(from, (char)TEXT_END);
	if (len == from.len || len > MAX_PATH_LENGTH)
		return SPAN_LIT("");
	bool one = len < 0x80 && at >= 1 && byte_at(text, at - 1) == len;
	bool two = len >= 0x80 && at >= 2 && byte_at(text, at - 1) == len >> 7 &&
		byte_at(text, at - 2) == ((len & 0x7f) | 0x80);
	return one || two ? span_make(from.ptr, len) : SPAN_LIT("");
}

/* Is the path one of the unit's sources, below a directory? *ret_dir is that directory. */
static bool is_own(struct span path, const struct rustcdep *own, struct span *ret_dir)
{
	for (size_t i = 0; i < own->nfile; i++) {
		struct span file = own->file[i];
		if (file.len == 0 || file.ptr[0] == '/' || path.len < file.len + 2 ||
			!span_ends(path, file) || path.ptr[path.len - file.len - 1] != '/')
			continue;
		*ret_dir = span_make(path.ptr, path.len - file.len - 1);
		return true;
	}
	return false;
}

static bool has_digest(struct span text, size_t end)
{
	bool old = byte_at(text, end) <= MAX_DIGEST_KIND && byte_at(text, end + 1) == DIGEST_ROOM;
	bool since = byte_at(text, end) == 0 && byte_at(text, end + 1) <= MAX_DIGEST_KIND &&
		byte_at(text, end + 2) == DIGEST_ROOM;
	return end + 2 < text.len && (old || since);
}

/* A source file's path, and its digest behind it. */
static bool is_source(struct span text, size_t at, const struct rustcdep *own, struct span *ret_dir)
{
	struct span path = text_at(text, at);
	size_t end = at + path.len + 1;
	if (path.len == 0 || !is_own(path, own, ret_dir))
		return false;
	return has_digest(text, end);
}

/* Where the text that begins at `at` ends, and the next one begins behind its length. */
static size_t next_text(struct span text, size_t at)
{
	size_t next = at + text_at(text, at).len + 2;
	return (byte_at(text, next - 1) & 0x80) != 0 ? next + 1 : next;
}

/* The directory that rustc ran in: what follows is a source file in it. */
static bool is_working_directory(struct span text, size_t at, const struct rustcdep *own)
{
	struct span dir = text_at(text, at), of_file;
	if (dir.len == 0)
		return false;
	return is_source(text, next_text(text, at), own, &of_file) && span_eq(dir, of_file);
}

/* Is it the full path of a source file, as it stands before and behind the directory that rustc ran in? */
static bool is_full_path(struct span text, size_t at, const struct rustcdep *own)
{
	struct span path = text_at(text, at);
	bool named = false;
	for (size_t i = 0; i < own->nfile; i++)
		named |= path.len != 0 && path.ptr[0] == '/' && span_eq(path, own->file[i]);
	if (!named || has_digest(text, at + path.len + 1))
		return named;
	size_t directory = next_text(text, at), again = next_text(text, directory);
	return text_at(text, directory).len != 0 && span_eq(text_at(text, again), path) &&
		has_digest(text, again + path.len + 1);
}

bool rustcmeta_holds(struct span text, struct span root, bool full, const struct rustcdep *own)
{
	for (size_t at = 0;;) {
		struct span dir;
		size_t found = span_find_span(span_skip(text, at), root);
		if (at + found >= text.len)
			return false;
		at += found;
		if (!is_source(text, at, own, &dir) && !is_working_directory(text, at, own) &&
			!(full && is_full_path(text, at, own)))
			return true;
		at += root.len;
	}
}

/* The source file's name stands at `at`: where does the path that ends in it begin? */
static bool root_before(struct span text, size_t at, const struct rustcdep *own, struct span *ret)
{
	for (size_t start = at; start > 0 && at - start < MAX_PATH_LENGTH; start--) {
		char byte = text.ptr[start - 1];
		if (byte == '\0' || byte == '\n')
			return false;
		if (byte == '/' && is_source(text, start - 1, own, ret) && ret->len == at - start + 1)
			return true;
	}
	return false;
}

bool rustcmeta_root(struct span text, struct span own, struct span *ret)
{
	struct span file = own;
	const struct rustcdep only = {.file = &file, .nfile = 1};
	struct span root;
	if (own.len == 0 || own.ptr[0] == '/')
		return false;
	for (size_t at = 0;;) {
		size_t found = span_find_span(span_skip(text, at), own);
		if (at + found >= text.len)
			return false;
		at += found;
		if (at > 1 && text.ptr[at - 1] == '/' && root_before(text, at - 1, &only, &root)) {
			*ret = root;
			return true;
		}
		at += own.len;
	}
}
