#include "steady/format/record.h"

#include <errno.h>
#include <string.h>

#define MAGIC "steadyR"
#define VERSION 2
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define HEADER_LEN (MAGIC_LEN + 1 + 8)
#define COMPARED 0x80
/* The fewest bytes a dependency and an input take: counts are checked against what is left of the file. */
#define MIN_DEP 3
#define MIN_INPUT (2 + 3 + 16 + 2)

static void add_number(struct str *out, uint64_t value)
{
	while (value >= 0x80) {
		str_add_char(out, (char)(unsigned char)(value | 0x80));
		value >>= 7;
	}
	str_add_char(out, (char)value);
}

static void add_time(struct str *out, struct timespec t)
{
	uint64_t seconds = (uint64_t)(int64_t)t.tv_sec;
	add_number(out, (seconds << 1) ^ (t.tv_sec < 0 ? UINT64_MAX : 0));
	add_number(out, (uint64_t)t.tv_nsec);
}

static void add_text(struct str *out, struct span text)
{
	add_number(out, text.len);
	str_add_span(out, text);
}

static void add_input(struct str *out, const struct input *input, struct span before)
{
	str_add_char(out, (char)input->kind);
	str_add_char(out, (char)(unsigned char)((unsigned)input->root | (input->compared ? COMPARED : 0)));
	size_t shared = 0;
	while (shared < before.len && shared < input->path.len &&
		before.ptr[shared] == input->path.ptr[shared])
		shared++;
	add_number(out, shared);
	add_text(out, span_skip(input->path, shared));
	add_number(out, input->size);
	str_add_mem(out, input->digest.byte, sizeof(input->digest.byte));
	add_time(out, input->mtime);
}

static void add_dep(struct str *out, struct timespec invoked, const struct digest *bedrock)
{
	static const struct digest none = {{0}};
	add_time(out, invoked);
	size_t len = digest_eq(bedrock, &none) ? 0 : sizeof(bedrock->byte);
	add_text(out, span_make((const char *)bedrock->byte, len));
}

static void checksum_bytes(struct span body, unsigned char ret[8])
{
	uint64_t sum = digest_u64(body);
	for (size_t i = 0; i < 8; i++)
		ret[i] = (unsigned char)(sum >> (8 * i));
}

void record_format(const struct record *record, struct str *out)
{
	size_t start = out->len;
	str_add(out, MAGIC);
	str_add_char(out, VERSION);
	str_add_mem(out, "\0\0\0\0\0\0\0", 8);
	str_add_mem(out, record->hash, sizeof(record->hash));
	add_time(out, record->invoked);
	str_add_mem(out, record->outputs.byte, sizeof(record->outputs.byte));
	add_text(out, record->root);
	add_text(out, record->real_root);
	add_number(out, record->ndep);
	for (size_t i = 0; i < record->ndep; i++)
		add_dep(out, record->dep[i], &record->bedrock[i]);
	add_number(out, record->ninput);
	struct span before = SPAN_LIT("");
	for (size_t i = 0; i < record->ninput; i++) {
		add_input(out, &record->input[i], before);
		before = record->input[i].path;
	}
	unsigned char sum[8];
	checksum_bytes(span_skip(str_span(out), start + HEADER_LEN), sum);
	memcpy(out->buf + start + MAGIC_LEN + 1, sum, sizeof(sum));
}

/* All take_ functions cut what they read off *rest and return false where it is not there. */
static bool take_bytes(struct span *rest, void *ret, size_t len)
{
	if (rest->len < len)
		return false;
	memcpy(ret, rest->ptr, len);
	*rest = span_skip(*rest, len);
	return true;
}

static bool take_number(struct span *rest, uint64_t *ret)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		unsigned char byte;
		if (!take_bytes(rest, &byte, 1))
			return false;
		uint64_t bits = byte & 0x7f;
		if (shift == 63 && bits > 1)
			return false;
		value |= bits << shift;
		if ((byte & 0x80) == 0) {
			*ret = value;
			/* One spelling per number, so that parsing and formatting are inverse. */
			return byte != 0 || shift == 0;
		}
	}
	return false;
}

static bool take_time(struct span *rest, struct timespec *ret)
{
	uint64_t zigzag, nanoseconds;
	if (!take_number(rest, &zigzag) || !take_number(rest, &nanoseconds) || nanoseconds > 999999999)
		return false;
	uint64_t seconds = (zigzag >> 1) ^ (0 - (zigzag & 1));
	*ret = (struct timespec){.tv_sec = (time_t)(int64_t)seconds, .tv_nsec = (long)nanoseconds};
	return true;
}

static bool take_text(struct span *rest, size_t max, struct span *ret)
{
	uint64_t len;
	if (!take_number(rest, &len) || len > max || len > rest->len)
		return false;
	*ret = span_make(rest->ptr, (size_t)len);
	*rest = span_skip(*rest, (size_t)len);
	return true;
}

static bool take_count(struct span *rest, size_t min_size, size_t *ret)
{
	uint64_t count;
	if (!take_number(rest, &count) || count > rest->len / min_size)
		return false;
	*ret = (size_t)count;
	return true;
}

static bool has_nul(struct span text)
{
	return span_find(text, '\0') != text.len;
}

/* The path of an input from what it shares with the one before; NUL-terminated behind its end. */
static bool take_path(struct arena *mem, struct span *rest, struct span before, struct span *ret)
{
	uint64_t shared;
	struct span tail;
	if (!take_number(rest, &shared) || shared > before.len || !take_text(rest, RECORD_MAX_PATH, &tail))
		return false;
	if (shared + tail.len > RECORD_MAX_PATH || has_nul(tail))
		return false;
	/* The longest beginning must be shared, or there would be two spellings. */
	if (shared < before.len && tail.len != 0 && before.ptr[shared] == tail.ptr[0])
		return false;
	char *path = arena_alloc(mem, (size_t)shared + tail.len + 1);
	if (shared != 0)
		memcpy(path, before.ptr, (size_t)shared);
	if (tail.len != 0)
		memcpy(path + shared, tail.ptr, tail.len);
	*ret = span_make(path, (size_t)shared + tail.len);
	return true;
}

static bool take_input(struct arena *mem, struct span *rest, struct span before, struct input *ret)
{
	unsigned char kind, root;
	if (!take_bytes(rest, &kind, 1) || !take_bytes(rest, &root, 1))
		return false;
	ret->compared = (root & COMPARED) != 0;
	root &= (unsigned char)~COMPARED;
	if (kind == 0 || kind > INPUT_KIND_MAX || root > INPUT_ROOT_MAX)
		return false;
	ret->kind = (enum input_kind)kind;
	ret->root = (enum input_root)root;
	return take_path(mem, rest, before, &ret->path) && take_number(rest, &ret->size) &&
		take_bytes(rest, ret->digest.byte, sizeof(ret->digest.byte)) && take_time(rest, &ret->mtime);
}

static bool take_inputs(struct arena *mem, struct span *rest, struct record *ret)
{
	if (!take_count(rest, MIN_INPUT, &ret->ninput))
		return false;
	ret->input = arena_array(mem, ret->ninput, sizeof(*ret->input));
	struct span before = SPAN_LIT("");
	/* Shared beginnings could unfold a small file into a huge one. */
	size_t unfolded = 0;
	for (size_t i = 0; i < ret->ninput; i++) {
		if (!take_input(mem, rest, before, &ret->input[i]))
			return false;
		before = ret->input[i].path;
		unfolded += before.len;
		if (unfolded > 4 * RECORD_MAX_BYTES)
			return false;
	}
	return true;
}

/* A digest of zeros is spelt as none. */
static bool take_bedrock(struct span *rest, struct digest *ret)
{
	static const struct digest none = {{0}};
	struct span bytes;
	if (!take_text(rest, sizeof(ret->byte), &bytes))
		return false;
	*ret = none;
	if (bytes.len == 0)
		return true;
	if (bytes.len != sizeof(ret->byte))
		return false;
	memcpy(ret->byte, bytes.ptr, bytes.len);
	return !digest_eq(ret, &none);
}

static bool take_record(struct arena *mem, struct span *rest, struct record *ret)
{
	struct span root, real_root;
	if (!take_bytes(rest, ret->hash, sizeof(ret->hash)) || !take_time(rest, &ret->invoked) ||
		!take_bytes(rest, ret->outputs.byte, sizeof(ret->outputs.byte)) ||
		!take_text(rest, RECORD_MAX_PATH, &root) || has_nul(root) ||
		!take_text(rest, RECORD_MAX_PATH, &real_root) || has_nul(real_root) ||
		!take_count(rest, MIN_DEP, &ret->ndep))
		return false;
	ret->root = span_make(arena_strndup(mem, root.ptr, root.len), root.len);
	ret->real_root = span_make(arena_strndup(mem, real_root.ptr, real_root.len), real_root.len);
	ret->dep = arena_array(mem, ret->ndep, sizeof(*ret->dep));
	ret->bedrock = arena_array(mem, ret->ndep, sizeof(*ret->bedrock));
	for (size_t i = 0; i < ret->ndep; i++) {
		if (!take_time(rest, &ret->dep[i]) || !take_bedrock(rest, &ret->bedrock[i]))
			return false;
	}
	return take_inputs(mem, rest, ret) && rest->len == 0;
}

int record_parse(struct arena *mem, struct span bytes, struct record *ret, struct err *err)
{
	if (bytes.len < HEADER_LEN || memcmp(bytes.ptr, MAGIC, MAGIC_LEN) != 0)
		return err_set(err, EBADMSG, "not a record");
	if (bytes.ptr[MAGIC_LEN] != VERSION)
		return err_set(err, ENOTSUP, "a record of version %u, which this program does not know",
			(unsigned)(unsigned char)bytes.ptr[MAGIC_LEN]);
	struct span rest = span_skip(bytes, HEADER_LEN);
	unsigned char sum[8];
	checksum_bytes(rest, sum);
	if (memcmp(sum, bytes.ptr + MAGIC_LEN + 1, sizeof(sum)) != 0)
		return err_set(err, EBADMSG, "a damaged record");
	struct record record = {.ndep = 0};
	if (!take_record(mem, &rest, &record))
		return err_set(err, EBADMSG, "a malformed record");
	*ret = record;
	return 0;
}
