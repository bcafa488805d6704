#include "steady/format/fingerprint.h"

#include "steady/format/json.h"

#include <cjson/cJSON.h>
#include <errno.h>

/*
 * The keys come in one order only, so a reader walks along the members of an object. The first surprise
 * stays in `bad` and makes every later step a no-op.
 */
struct reader {
	struct arena *mem;
	const cJSON *next;
	const char *bad;
};

static struct reader reader_inside(const struct reader *outer, const cJSON *container)
{
	return (struct reader){.mem = outer->mem, .next = container->child, .bad = outer->bad};
}

/* The next member if it has this key. */
static const cJSON *member(struct reader *r, const char *key)
{
	const cJSON *item = r->next;
	if (r->bad != NULL)
		return NULL;
	if (item == NULL || item->string == NULL || strcmp(item->string, key) != 0) {
		r->bad = key;
		return NULL;
	}
	r->next = item->next;
	return item;
}

static bool follows(const struct reader *r, const char *key)
{
	return r->bad == NULL && r->next != NULL && r->next->string != NULL &&
		strcmp(r->next->string, key) == 0;
}

static void expect_end(struct reader *r, const char *where)
{
	if (r->bad == NULL && r->next != NULL)
		r->bad = where;
}

static struct span string_of(struct reader *r, const cJSON *item, const char *key)
{
	struct span text = {NULL, 0};
	if (r->bad != NULL)
		return text;
	if (!json_string(item, &text)) {
		r->bad = key;
		return text;
	}
	return span_make(arena_strndup(r->mem, text.ptr, text.len), text.len);
}

static struct span string_member(struct reader *r, const char *key)
{
	return string_of(r, member(r, key), key);
}

static uint64_t u64_member(struct reader *r, const char *key)
{
	uint64_t value = 0;
	const cJSON *item = member(r, key);
	if (r->bad == NULL && !json_u64(item, &value))
		r->bad = key;
	return value;
}

/* The array's first element and their number; NULL and 0 for anything else. */
static const cJSON *array_member(struct reader *r, const char *key, size_t *ret_count)
{
	const cJSON *array = member(r, key);
	*ret_count = 0;
	if (r->bad == NULL && !cJSON_IsArray(array))
		r->bad = key;
	if (r->bad != NULL)
		return NULL;
	for (const cJSON *item = array->child; item != NULL; item = item->next)
		++*ret_count;
	return array->child;
}

static struct span *strings_member(struct reader *r, const char *key, size_t *ret_count)
{
	const cJSON *item = array_member(r, key, ret_count);
	struct span *list = *ret_count != 0 ? arena_array(r->mem, *ret_count, sizeof(*list)) : NULL;
	for (size_t i = 0; i < *ret_count; i++, item = item->next)
		list[i] = string_of(r, item, key);
	return list;
}

/* [pkg_id, "name", public, hash] */
static bool read_dep(struct reader *r, const cJSON *array, struct fingerprint_dep *ret)
{
	const cJSON *item = cJSON_IsArray(array) ? array->child : NULL;
	if (item == NULL || !json_u64(item, &ret->pkg_id))
		return false;
	item = item->next;
	struct span name;
	if (item == NULL || !json_string(item, &name))
		return false;
	ret->name = span_make(arena_strndup(r->mem, name.ptr, name.len), name.len);
	item = item->next;
	if (item == NULL || !cJSON_IsBool(item))
		return false;
	ret->is_public = cJSON_IsTrue(item);
	item = item->next;
	return item != NULL && json_u64(item, &ret->hash) && item->next == NULL;
}

static void read_deps(struct reader *r, struct fingerprint *fp)
{
	const cJSON *item = array_member(r, "deps", &fp->ndep);
	fp->dep = fp->ndep != 0 ? arena_array(r->mem, fp->ndep, sizeof(*fp->dep)) : NULL;
	for (size_t i = 0; r->bad == NULL && i < fp->ndep; i++, item = item->next) {
		if (!read_dep(r, item, &fp->dep[i]))
			r->bad = "deps";
	}
}

static void read_precalculated(struct reader *r, const cJSON *value, struct local *ret)
{
	ret->text = string_of(r, value, "Precalculated");
}

static enum local_method read_method(struct reader *r)
{
	if (follows(r, "checksum")) {
		const cJSON *item = member(r, "checksum");
		if (!cJSON_IsBool(item))
			r->bad = "checksum";
		return cJSON_IsTrue(item) ? METHOD_CHECKSUM_TRUE : METHOD_CHECKSUM_FALSE;
	}
	if (!follows(r, "fingerprint"))
		return METHOD_ABSENT;
	struct span word = string_member(r, "fingerprint");
	if (!span_eq_str(word, "mtime") && !span_eq_str(word, "content"))
		r->bad = "fingerprint";
	return span_eq_str(word, "content") ? METHOD_CONTENT : METHOD_MTIME;
}

static void read_check_dep_info(struct reader *r, const cJSON *value, struct local *ret)
{
	struct reader in = reader_inside(r, value);
	ret->text = string_member(&in, "dep_info");
	ret->method = read_method(&in);
	expect_end(&in, "CheckDepInfo");
	r->bad = in.bad;
}

static void read_rerun_if_changed(struct reader *r, const cJSON *value, struct local *ret)
{
	struct reader in = reader_inside(r, value);
	ret->text = string_member(&in, "output");
	ret->path = strings_member(&in, "paths", &ret->npath);
	expect_end(&in, "RerunIfChanged");
	r->bad = in.bad;
}

static void read_rerun_if_env(struct reader *r, const cJSON *value, struct local *ret)
{
	struct reader in = reader_inside(r, value);
	ret->text = string_member(&in, "var");
	const cJSON *val = member(&in, "val");
	if (in.bad == NULL && !cJSON_IsNull(val)) {
		ret->has_value = true;
		ret->value = string_of(&in, val, "val");
	}
	expect_end(&in, "RerunIfEnvChanged");
	r->bad = in.bad;
}

static const struct variant {
	const char *name;
	bool is_object;
	void (*read)(struct reader *r, const cJSON *value, struct local *ret);
} variants[] = {
	[LOCAL_PRECALCULATED] = {"Precalculated", false, read_precalculated},
	[LOCAL_CHECK_DEP_INFO] = {"CheckDepInfo", true, read_check_dep_info},
	[LOCAL_RERUN_IF_CHANGED] = {"RerunIfChanged", true, read_rerun_if_changed},
	[LOCAL_RERUN_IF_ENV_CHANGED] = {"RerunIfEnvChanged", true, read_rerun_if_env},
};

/* {"Variant": value} */
static void read_local(struct reader *r, const cJSON *item, struct local *ret)
{
	const cJSON *value = cJSON_IsObject(item) ? item->child : NULL;
	for (size_t i = 0; value != NULL && value->next == NULL && i < COUNT_OF(variants); i++) {
		const struct variant *v = &variants[i];
		if (strcmp(value->string, v->name) != 0 || (v->is_object && !cJSON_IsObject(value)))
			continue;
		ret->kind = (enum local_kind)i;
		v->read(r, value, ret);
		return;
	}
	r->bad = "local";
}

static void read_locals(struct reader *r, struct fingerprint *fp)
{
	const cJSON *item = array_member(r, "local", &fp->nlocal);
	fp->local = fp->nlocal != 0 ? arena_array(r->mem, fp->nlocal, sizeof(*fp->local)) : NULL;
	for (size_t i = 0; r->bad == NULL && i < fp->nlocal; i++, item = item->next)
		read_local(r, item, &fp->local[i]);
}

static void read_fingerprint(struct reader *r, struct fingerprint *fp)
{
	fp->rustc = u64_member(r, "rustc");
	fp->features = string_member(r, "features");
	fp->has_declared_features = follows(r, "declared_features");
	if (fp->has_declared_features)
		fp->declared_features = string_member(r, "declared_features");
	fp->target = u64_member(r, "target");
	fp->profile = u64_member(r, "profile");
	fp->path = u64_member(r, "path");
	read_deps(r, fp);
	read_locals(r, fp);
	fp->rustflag = strings_member(r, "rustflags", &fp->nrustflag);
	fp->has_metadata = follows(r, "metadata");
	if (fp->has_metadata)
		fp->metadata = u64_member(r, "metadata");
	fp->config = u64_member(r, "config");
	fp->lacks_compile_kind = r->bad == NULL && r->next == NULL;
	if (!fp->lacks_compile_kind)
		fp->compile_kind = u64_member(r, "compile_kind");
	expect_end(r, "end");
}

int fingerprint_parse(struct arena *mem, struct span json, struct fingerprint *ret, struct err *err)
{
	CLEANUP_JSON cJSON *tree = NULL;
	int code = json_parse(json, FINGERPRINT_MAX_BYTES, &tree, err);
	if (code < 0)
		return code;
	if (!cJSON_IsObject(tree))
		return err_set(err, EBADMSG, "not the fingerprint of a unit: no JSON object");

	struct fingerprint fp = {0};
	struct reader reader = {.mem = mem, .next = tree->child};
	read_fingerprint(&reader, &fp);
	if (reader.bad != NULL)
		return err_set(
			err, EBADMSG, "not a known shape of a unit's fingerprint (at \"%s\")", reader.bad);

	CLEANUP_STR struct str again = STR_INIT;
	str_reserve(&again, json.len);
	fingerprint_format(&fp, &again);
	if (!span_eq(str_span(&again), json))
		return err_set(err, EBADMSG, "a unit's fingerprint that cargo has not written in this form");
	*ret = fp;
	return 0;
}

static void format_u64(struct str *out, const char *key, uint64_t value)
{
	str_add(out, key);
	json_add_u64(out, value);
}

static void format_string(struct str *out, const char *key, struct span value)
{
	str_add(out, key);
	json_add_string(out, value);
}

static void format_strings(struct str *out, const char *key, const struct span *list, size_t count)
{
	str_add(out, key);
	for (size_t i = 0; i < count; i++) {
		str_add(out, i != 0 ? "," : "");
		json_add_string(out, list[i]);
	}
	str_add_char(out, ']');
}

static void format_dep(struct str *out, const struct fingerprint_dep *dep)
{
	format_u64(out, "[", dep->pkg_id);
	format_string(out, ",", dep->name);
	str_add(out, dep->is_public ? ",true" : ",false");
	format_u64(out, ",", dep->hash);
	str_add_char(out, ']');
}

static void format_local(struct str *out, const struct local *local)
{
	static const char *const method[] = {
		[METHOD_ABSENT] = "",
		[METHOD_CHECKSUM_FALSE] = ",\"checksum\":false",
		[METHOD_CHECKSUM_TRUE] = ",\"checksum\":true",
		[METHOD_MTIME] = ",\"fingerprint\":\"mtime\"",
		[METHOD_CONTENT] = ",\"fingerprint\":\"content\"",
	};

	switch (local->kind) {
	case LOCAL_PRECALCULATED:
		format_string(out, "{\"Precalculated\":", local->text);
		break;
	case LOCAL_CHECK_DEP_INFO:
		format_string(out, "{\"CheckDepInfo\":{\"dep_info\":", local->text);
		str_add(out, method[local->method]);
		str_add_char(out, '}');
		break;
	case LOCAL_RERUN_IF_CHANGED:
		format_string(out, "{\"RerunIfChanged\":{\"output\":", local->text);
		format_strings(out, ",\"paths\":[", local->path, local->npath);
		str_add_char(out, '}');
		break;
	case LOCAL_RERUN_IF_ENV_CHANGED:
		format_string(out, "{\"RerunIfEnvChanged\":{\"var\":", local->text);
		str_add(out, ",\"val\":");
		if (local->has_value)
			json_add_string(out, local->value);
		else
			str_add(out, "null");
		str_add_char(out, '}');
		break;
	}
	str_add_char(out, '}');
}

void fingerprint_format(const struct fingerprint *fp, struct str *out)
{
	format_u64(out, "{\"rustc\":", fp->rustc);
	format_string(out, ",\"features\":", fp->features);
	if (fp->has_declared_features)
		format_string(out, ",\"declared_features\":", fp->declared_features);
	format_u64(out, ",\"target\":", fp->target);
	format_u64(out, ",\"profile\":", fp->profile);
	format_u64(out, ",\"path\":", fp->path);
	str_add(out, ",\"deps\":[");
	for (size_t i = 0; i < fp->ndep; i++) {
		str_add(out, i != 0 ? "," : "");
		format_dep(out, &fp->dep[i]);
	}
	str_add(out, "],\"local\":[");
	for (size_t i = 0; i < fp->nlocal; i++) {
		str_add(out, i != 0 ? "," : "");
		format_local(out, &fp->local[i]);
	}
	format_strings(out, "],\"rustflags\":[", fp->rustflag, fp->nrustflag);
	if (fp->has_metadata)
		format_u64(out, ",\"metadata\":", fp->metadata);
	format_u64(out, ",\"config\":", fp->config);
	if (!fp->lacks_compile_kind)
		format_u64(out, ",\"compile_kind\":", fp->compile_kind);
	str_add_char(out, '}');
}
