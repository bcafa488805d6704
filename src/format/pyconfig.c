#include "steady/format/pyconfig.h"

#include <errno.h>

/* One key=value line, the value without white space around it. False for anything else. */
static bool split_line(struct span line, struct span *ret_key, struct span *ret_value)
{
	size_t equals = span_find(line, '=');
	if (equals == line.len)
		return false;
	*ret_key = span_make(line.ptr, equals);
	*ret_value = span_trim_unicode(span_skip(line, equals + 1));
	return true;
}

/* Is the word one of the comma-separated ones? */
static bool has_flag(struct span flags, const char *flag)
{
	while (flags.len != 0) {
		size_t comma = span_find(flags, ',');
		if (span_eq_str(span_make(flags.ptr, comma), flag))
			return true;
		flags = span_skip(flags, comma + 1);
	}
	return false;
}

/* The kind in <Implementation>-<kind>-<major>.<minor>. */
static enum py_abi target_abi(struct span text)
{
	static const struct {
		const char *kind;
		enum py_abi abi;
	} known[] = {
		{"gil_enabled", PY_ABI_GIL},
		{"free_threaded", PY_ABI_FREE_THREADED},
		{"abi3", PY_ABI_ABI3},
		{"abi3t", PY_ABI_ABI3T},
	};
	struct span kind = span_skip(text, span_find(text, '-') + 1);
	kind.len = span_find(kind, '-');
	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (span_eq_str(kind, known[i].kind))
			return known[i].abi;
	}
	return PY_ABI_UNKNOWN;
}

/* What the text says about the ABI, in the spellings before and since pyo3 0.29. */
struct abi_lines {
	bool abi3;
	struct span target_abi;
};

static void take(struct py_config *config, struct abi_lines *abi, struct span key, struct span value)
{
	const struct {
		const char *key;
		struct span *value;
	} text[] = {
		{"implementation", &config->implementation},
		{"version", &config->version},
		{"lib_name", &config->lib_name},
		{"lib_dir", &config->lib_dir},
		{"executable", &config->executable},
		{"python_framework_prefix", &config->framework_prefix},
		{"build_flags", &config->build_flags},
		{"target_abi", &abi->target_abi},
	};
	for (size_t i = 0; i < COUNT_OF(text); i++) {
		if (span_eq_str(key, text[i].key))
			*text[i].value = value;
	}
	uint64_t width;
	if (span_eq_str(key, "pointer_width") && span_u64(value, &width) && width <= 128)
		config->pointer_width = (unsigned)width;
	if (span_eq_str(key, "abi3"))
		abi->abi3 = span_eq_str(value, "true");
}

static void settle_abi(struct py_config *config, const struct abi_lines *abi)
{
	config->debug = has_flag(config->build_flags, "Py_DEBUG");
	config->gil_disabled = has_flag(config->build_flags, "Py_GIL_DISABLED");
	if (abi->target_abi.ptr != NULL)
		config->abi = target_abi(abi->target_abi);
	else if (abi->abi3)
		config->abi = PY_ABI_ABI3;
	else
		config->abi = config->gil_disabled ? PY_ABI_FREE_THREADED : PY_ABI_GIL;
	config->gil_disabled = config->gil_disabled || config->abi == PY_ABI_FREE_THREADED;
	config->stable_abi = config->abi == PY_ABI_ABI3 || config->abi == PY_ABI_ABI3T;
}

int pyconfig_parse(struct span text, struct py_config *ret, struct err *err)
{
	if (text.len > PYCONFIG_MAX_BYTES)
		return err_set(err, EBADMSG, "an interpreter configuration of %zu bytes", text.len);
	if (!span_is_utf8(text))
		return err_set(err, EBADMSG, "an interpreter configuration that is not UTF-8");

	struct py_config config = {.text = text, .implementation = SPAN_LIT("CPython")};
	struct abi_lines abi = {.abi3 = false};
	struct span rest = text, line, key, value;
	for (size_t number = 1; span_next_line(&rest, &line); number++) {
		if (!split_line(line, &key, &value))
			return err_set(err, EBADMSG,
				"line %zu of the interpreter configuration is not key=value", number);
		take(&config, &abi, key, value);
	}
	if (config.version.len == 0)
		return err_set(err, EBADMSG, "an interpreter configuration without a version");
	settle_abi(&config, &abi);
	*ret = config;
	return 0;
}

bool pyconfig_from_hex(struct span key, struct span value, struct str *ret_text)
{
	return span_eq_str(key, "PYO3_CONFIG") && value.len != 0 && value.len <= 2 * PYCONFIG_MAX_BYTES &&
		str_add_unhex(ret_text, value);
}

void pyconfig_set_executable(const struct py_config *config, struct span executable, struct str *out)
{
	const char *copied = config->text.ptr;
	struct span rest = config->text, line, key, value;
	while (span_next_line(&rest, &line)) {
		if (!split_line(line, &key, &value) || !span_eq_str(key, "executable"))
			continue;
		str_add_mem(out, copied, (size_t)(value.ptr - copied));
		str_add_span(out, executable);
		copied = value.ptr + value.len;
	}
	str_add_mem(out, copied, config->text.len - (size_t)(copied - config->text.ptr));
}
