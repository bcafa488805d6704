#include "steady/format/depinfo.h"

#include "steady/format/json.h"
#include "vectors.h"

#include <cjson/cJSON.h>
#include <errno.h>

#define DEPINFO_VECTORS 22

static void check_file(const struct vector *v, const struct depinfo_file *file, const cJSON *expected)
{
	struct span path;
	uint64_t type, size;
	assert_true(json_u64(cJSON_GetObjectItem(expected, "type"), &type));
	assert_true(json_string(cJSON_GetObjectItem(expected, "path"), &path));
	assert_int_equal(file->root, type);
	if (!span_eq(file->path, path))
		fail_msg("%s: path %.*s", v->name, SPAN_ARG(file->path));

	const cJSON *checksum = cJSON_GetObjectItem(expected, "checksum");
	assert_int_equal(file->has_checksum, cJSON_IsArray(checksum));
	if (file->has_checksum) {
		struct span text;
		assert_true(json_u64(checksum->child, &size));
		assert_true(json_string(checksum->child->next, &text));
		assert_int_equal(file->size, size);
		assert_true(span_eq(file->checksum, text));
	}
}

static void check_env(const struct depinfo_env *env, const cJSON *expected)
{
	struct span key, value;
	assert_true(json_string(expected->child, &key));
	assert_true(span_eq(env->key, key));
	assert_int_equal(env->has_value, !cJSON_IsNull(expected->child->next));
	if (env->has_value) {
		assert_true(json_string(expected->child->next, &value));
		assert_true(span_eq(env->value, value));
	}
}

static void check_decoding(const struct vector *v, const struct depinfo *info, const cJSON *expected)
{
	struct span version;
	assert_true(json_string(cJSON_GetObjectItem(expected, "format"), &version));
	assert_true(span_eq_str(version, info->version == DEPINFO_V1 ? "v1" : "v0"));

	const cJSON *files = cJSON_GetObjectItem(expected, "files"),
		    *env = cJSON_GetObjectItem(expected, "env");
	assert_int_equal(info->nfile, cJSON_GetArraySize(files));
	assert_int_equal(info->nenv, cJSON_GetArraySize(env));
	for (size_t i = 0; i < info->nfile; i++)
		check_file(v, &info->file[i], cJSON_GetArrayItem(files, (int)i));
	for (size_t i = 0; i < info->nenv; i++)
		check_env(&info->env[i], cJSON_GetArrayItem(env, (int)i));
}

static void format_is(const struct depinfo *info, struct span expected)
{
	CLEANUP_STR struct str out = STR_INIT;
	depinfo_format(info, &out);
	assert_true(span_eq(str_span(&out), expected));
}

static void vector_one(struct arena *mem, const struct vector *v)
{
	struct span bytes = vector_read(mem, v->stem, ".depinfo");
	struct depinfo info;
	struct err err = ERR_INIT;
	if (depinfo_parse(mem, bytes, false, &info, &err) < 0)
		fail_msg("%s: %s", v->name, err.msg);
	assert_int_equal(info.trailing.len, 0);
	format_is(&info, bytes);

	CLEANUP_JSON cJSON *expected = NULL;
	if (json_parse(vector_read(mem, v->stem, ".depinfo.json"), 1 << 20, &expected, &err) < 0)
		fail_msg("%s: %s", v->name, err.msg);
	check_decoding(v, &info, expected);
}

static void test_vectors(void **state)
{
	(void)state;
	vectors_each(".depinfo", DEPINFO_VECTORS, vector_one);
}

/* Each beginning, in memory of its own so that a read behind the end is seen, is refused. Bytes behind the
 * end are not. */
static void truncated_one(struct arena *mem, const struct vector *v)
{
	struct span bytes = vector_read(mem, v->stem, ".depinfo");
	struct depinfo info = {.nfile = 77};
	for (size_t len = 0; len < bytes.len; len++) {
		CLEANUP_FREE char *exact = xmalloc(len);
		memcpy(exact, bytes.ptr, len);
		for (int method = 0; method < 2; method++)
			assert_int_equal(
				depinfo_parse(mem, span_make(exact, len), method, &info, NULL), -EBADMSG);
	}
	assert_int_equal(info.nfile, 77);

	CLEANUP_STR struct str more = STR_INIT;
	str_add_span(&more, bytes);
	str_add(&more, "more");
	assert_int_equal(depinfo_parse(mem, str_span(&more), false, &info, NULL), 0);
	assert_true(span_eq_str(info.trailing, "more"));
	format_is(&info, str_span(&more));
}

static void test_truncated(void **state)
{
	(void)state;
	vectors_each(".depinfo", DEPINFO_VECTORS, truncated_one);
}

#define V1 "\1\0\0\0\xff\1"
#define NONE "\0\0\0\0"

static void bytes_one(struct span bytes, bool has_method, int expected, size_t nfile, size_t nenv)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct depinfo info;
	int code = depinfo_parse(mem, bytes, has_method, &info, NULL);
	assert_int_equal(code, expected);
	assert_true(arena_used(mem) < 4096);
	if (code < 0)
		return;
	assert_int_equal(info.nfile, nfile);
	assert_int_equal(info.nenv, nenv);
	format_is(&info, bytes);
}

static void test_shapes(void **state)
{
	(void)state;
	bytes_one(SPAN_LIT(NONE NONE), false, 0, 0, 0);
	bytes_one(SPAN_LIT(NONE NONE), true, 0, 0, 0);
	bytes_one(SPAN_LIT(V1 NONE NONE), false, 0, 0, 0);
	bytes_one(SPAN_LIT(V1 NONE NONE), true, 0, 0, 0);
	/* The same file without and with a checksum's flag. */
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\0\1\0\0\0a" NONE),
		false, 0, 1, 0);
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\0\1\0\0\0a"
			   "\0" NONE),
		true, 0, 1, 0);
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\1\0\0\0\0"
			   "\1"
			   "\7\0\0\0\0\0\0\0"
			   "\1\0\0\0s" NONE),
		true, 0, 1, 0);
	/* Paths are bytes, variables are text. */
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\0\1\0\0\0\xff" NONE),
		false, 0, 1, 0);
	bytes_one(SPAN_LIT(NONE "\1\0\0\0"
				"\1\0\0\0K"
				"\1"
				"\1\0\0\0v"),
		false, 0, 0, 1);
	bytes_one(SPAN_LIT(NONE "\1\0\0\0"
				"\1\0\0\0K"
				"\0"),
		false, 0, 0, 1);
}

static void test_refused(void **state)
{
	(void)state;
	bytes_one(SPAN_LIT(""), false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT("\1\0\0\0\xff\2" NONE NONE), true, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT("\2\0\0\0\xff\1" NONE NONE), true, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\2\1\0\0\0a" NONE),
		false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\0\1\0\0\0a"
			   "\2" NONE),
		true, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT(NONE "\1\0\0\0"
				"\1\0\0\0K"
				"\2"),
		false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT(NONE "\1\0\0\0"
				"\1\0\0\0\xff"
				"\0"),
		false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT(NONE "\1\0\0\0"
				"\1\0\0\0K"
				"\1"
				"\1\0\0\0\xff"),
		false, -EBADMSG, 0, 0);
	/* Counts and lengths beyond the file. */
	bytes_one(SPAN_LIT("\xff\xff\xff\xff" NONE), false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT(V1 "\xff\xff\xff\xff" NONE), false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT(NONE "\xff\xff\xff\xff"), false, -EBADMSG, 0, 0);
	bytes_one(SPAN_LIT("\1\0\0\0"
			   "\0\xff\xff\xff\xff" NONE),
		false, -EBADMSG, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
