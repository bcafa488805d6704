/* The bytes that cargo hashes for a unit, and their hash: the other half of fingerprint.h. */
#include "steady/format/fingerprint.h"
#include "steady/format/siphash.h"

/* Where the bytes go, under the rules of one epoch. All integers are those of a 64-bit little-endian host. */
struct stream {
	const struct epoch *epoch;
	struct str *out;
};

static void put_u64(struct stream *s, uint64_t value)
{
	char bytes[8];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(unsigned char)(value >> (8 * i));
	str_add_mem(s->out, bytes, sizeof(bytes));
}

static void put_byte(struct stream *s, unsigned char byte)
{
	str_add_mem(s->out, &byte, 1);
}

/* The discriminant of an enum: an isize, which the stable hasher shortens to a byte if it is below 0xff. */
static void put_discriminant(struct stream *s, unsigned char value)
{
	if (s->epoch->hasher == HASHER_STABLE)
		put_byte(s, value);
	else
		put_u64(s, value);
}

static void put_str(struct stream *s, struct span text)
{
	str_add_span(s->out, text);
	put_byte(s, 0xff);
}

/* Cuts the piece up to the next '/' off *rest (the slash is dropped). */
static struct span next_piece(struct span *rest)
{
	struct span piece = span_make(rest->ptr, span_find(*rest, '/'));
	*rest = span_skip(*rest, piece.len + 1);
	return piece;
}

static bool is_dot(struct span piece)
{
	return piece.len == 1 && piece.ptr[0] == '.';
}

static bool is_absolute(struct span path)
{
	return path.len != 0 && path.ptr[0] == '/';
}

enum component { ROOT_DIR = 1, CUR_DIR, PARENT_DIR, NORMAL };

/* Each Component with its discriminant; names as length and bytes. */
static void put_path_components(struct stream *s, struct span path)
{
	if (is_absolute(path))
		put_discriminant(s, ROOT_DIR);
	for (struct span rest = path; rest.len != 0;) {
		bool first = rest.ptr == path.ptr;
		struct span piece = next_piece(&rest);
		if (is_dot(piece)) {
			if (first)
				put_discriminant(s, CUR_DIR);
		} else if (span_eq_str(piece, "..")) {
			put_discriminant(s, PARENT_DIR);
		} else if (piece.len != 0) {
			put_discriminant(s, NORMAL);
			put_u64(s, piece.len);
			str_add_span(s->out, piece);
		}
	}
}

/* The pieces without delimiters, then a number made of their lengths. A "." counts only as the beginning. */
static void put_path_pieces(struct stream *s, struct span path)
{
	uint64_t tail = 0;
	for (struct span rest = path; rest.len != 0;) {
		bool first = rest.ptr == path.ptr;
		struct span piece = next_piece(&rest);
		if (piece.len == 0 || (is_dot(piece) && !first))
			continue;
		str_add_span(s->out, piece);
		tail += piece.len;
		if (s->epoch->paths == PATHS_CHUNKBITS)
			tail = tail >> 2 | tail << 62;
	}
	put_u64(s, tail);
}

static void put_path(struct stream *s, struct span path)
{
	if (s->epoch->paths == PATHS_COMPONENTS)
		put_path_components(s, path);
	else
		put_path_pieces(s, path);
}

static void put_method(struct stream *s, enum local_method method)
{
	switch (method) {
	case METHOD_ABSENT:
		break;
	case METHOD_CHECKSUM_FALSE:
	case METHOD_CHECKSUM_TRUE:
		put_byte(s, method == METHOD_CHECKSUM_TRUE);
		break;
	case METHOD_MTIME:
	case METHOD_CONTENT:
		put_discriminant(s, method == METHOD_CONTENT);
		break;
	}
}

static void put_local(struct stream *s, const struct local *local)
{
	put_discriminant(s, (unsigned char)local->kind);
	switch (local->kind) {
	case LOCAL_PRECALCULATED:
		put_str(s, local->text);
		break;
	case LOCAL_CHECK_DEP_INFO:
		put_path(s, local->text);
		put_method(s, local->method);
		break;
	case LOCAL_RERUN_IF_CHANGED:
		put_path(s, local->text);
		put_u64(s, local->npath);
		for (size_t i = 0; i < local->npath; i++)
			put_path(s, local->path[i]);
		break;
	case LOCAL_RERUN_IF_ENV_CHANGED:
		put_str(s, local->text);
		put_discriminant(s, local->has_value);
		if (local->has_value)
			put_str(s, local->value);
		break;
	}
}

static void put_dep(struct stream *s, const struct fingerprint_dep *dep)
{
	put_u64(s, dep->pkg_id);
	put_str(s, dep->name);
	put_byte(s, dep->is_public);
	put_u64(s, dep->hash);
}

/* Not the order of the JSON: path comes before profile, and the dependencies come last. */
static void put_fingerprint(struct stream *s, const struct fingerprint *fp)
{
	put_u64(s, fp->rustc);
	put_str(s, fp->features);
	if (fp->has_declared_features)
		put_str(s, fp->declared_features);
	put_u64(s, fp->target);
	put_u64(s, fp->path);
	put_u64(s, fp->profile);
	put_u64(s, fp->nlocal);
	for (size_t i = 0; i < fp->nlocal; i++)
		put_local(s, &fp->local[i]);
	if (fp->has_metadata)
		put_u64(s, fp->metadata);
	put_u64(s, fp->config);
	if (!fp->lacks_compile_kind)
		put_u64(s, fp->compile_kind);
	put_u64(s, fp->nrustflag);
	for (size_t i = 0; i < fp->nrustflag; i++)
		put_str(s, fp->rustflag[i]);
	put_u64(s, fp->ndep);
	for (size_t i = 0; i < fp->ndep; i++)
		put_dep(s, &fp->dep[i]);
}

static uint64_t hash_bytes(enum fingerprint_hasher hasher, const struct str *bytes)
{
	return hasher == HASHER_STABLE ? siphash13_folded(str_span(bytes)) : siphash24(str_span(bytes));
}

void fingerprint_stream(const struct fingerprint *fp, const struct epoch *epoch, struct str *out)
{
	struct stream s = {.epoch = epoch, .out = out};
	put_fingerprint(&s, fp);
}

uint64_t fingerprint_hash(const struct fingerprint *fp, const struct epoch *epoch)
{
	CLEANUP_STR struct str bytes = STR_INIT;
	str_reserve(&bytes, 1023);
	fingerprint_stream(fp, epoch, &bytes);
	return hash_bytes(epoch->hasher, &bytes);
}

enum fingerprint_hasher fingerprint_hasher(const struct fingerprint *fp)
{
	return fp->has_metadata ? HASHER_SIP24 : HASHER_STABLE;
}

bool fingerprint_has_paths(const struct fingerprint *fp)
{
	for (size_t i = 0; i < fp->nlocal; i++) {
		enum local_kind kind = fp->local[i].kind;
		if (kind == LOCAL_CHECK_DEP_INFO || kind == LOCAL_RERUN_IF_CHANGED)
			return true;
	}
	return false;
}

unsigned fingerprint_matching_paths(const struct fingerprint *fp, uint64_t hash)
{
	unsigned matching = 0;
	for (int i = 0; i < PATHS_COUNT_OF; i++) {
		const struct epoch epoch = {fingerprint_hasher(fp), (enum fingerprint_paths)i};
		if (fingerprint_hash(fp, &epoch) == hash)
			matching |= 1u << i;
	}
	return matching;
}

const char *epoch_name(const struct epoch *epoch)
{
	static const char *const name[2][PATHS_COUNT_OF] = {
		[HASHER_SIP24] = {"sip24/components", "sip24/count", "sip24/chunkbits"},
		[HASHER_STABLE] = {"stable/components", "stable/count", "stable/chunkbits"},
	};
	return name[epoch->hasher][epoch->paths];
}

bool hashfile_parse(struct span text, uint64_t *ret)
{
	uint64_t hash = 0;
	if (text.len != HASHFILE_LEN)
		return false;
	for (unsigned i = 0; i < HASHFILE_LEN; i++) {
		char c = text.ptr[i];
		bool is_letter = c >= 'a' && c <= 'f';
		if (!is_letter && (c < '0' || c > '9'))
			return false;
		uint64_t nibble = (uint64_t)(is_letter ? c - 'a' + 10 : c - '0');
		hash |= nibble << (8 * (i / 2) + (i % 2 == 0 ? 4 : 0));
	}
	*ret = hash;
	return true;
}

void hashfile_format(uint64_t hash, char ret_text[HASHFILE_LEN + 1])
{
	static const char digit[] = "0123456789abcdef";
	for (unsigned i = 0; i < HASHFILE_LEN; i++)
		ret_text[i] = digit[hash >> (8 * (i / 2) + (i % 2 == 0 ? 4 : 0)) & 15];
	ret_text[HASHFILE_LEN] = '\0';
}

uint64_t fingerprint_hash_str(enum fingerprint_hasher hasher, struct span text)
{
	CLEANUP_STR struct str bytes = STR_INIT;
	struct stream s = {.epoch = NULL, .out = &bytes};
	put_str(&s, text);
	return hash_bytes(hasher, &bytes);
}

uint64_t fingerprint_hash_path(const struct epoch *epoch, struct span path)
{
	CLEANUP_STR struct str bytes = STR_INIT;
	struct stream s = {.epoch = epoch, .out = &bytes};
	put_path(&s, path);
	return hash_bytes(epoch->hasher, &bytes);
}
