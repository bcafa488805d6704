/*
 * PyO3's interpreter configuration: the text behind PYO3_CONFIG_FILE, OUT_DIR/pyo3-build-config.txt and, as
 * lower-case hexadecimal, `cargo:PYO3_CONFIG=` in a script's output.
 *
 * One key=value per line, split at the first '=', values trimmed. Keys in pyo3's order of writing:
 * implementation, version, shared, abi3 (0.29 and later: target_abi), lib_name, lib_dir, executable,
 * pointer_width, build_flags, python_framework_prefix, suppress_build_script_link_lines,
 * extra_build_script_line (repeated). Source: pyo3-build-config, InterpreterConfig::{from_reader,to_writer}.
 * Unknown keys are kept.
 *
 * Texts round trip byte for byte: only the value asked for is replaced.
 */
#ifndef STEADY_FORMAT_PYCONFIG_H
#define STEADY_FORMAT_PYCONFIG_H

#include "steady/util/base.h"
#include "steady/util/err.h"
#include "steady/util/span.h"
#include "steady/util/str.h"

#define PYCONFIG_MAX_BYTES ((size_t)256 * 1024)

/** Application binary interface of an interpreter, as far as extension modules care. */
enum py_abi {
	PY_ABI_UNKNOWN,
	/** With the global interpreter lock. */
	PY_ABI_GIL,
	PY_ABI_FREE_THREADED,
	/** The stable ABI: the config's version is the oldest Python it will load in, not the interpreter's.
	 */
	PY_ABI_ABI3,
	PY_ABI_ABI3T,
};

struct py_config {
	/** The whole text; all spans point into it. An absent key has ptr NULL. */
	struct span text;
	/** CPython, PyPy, GraalPy, RustPython; CPython (outside of `text`) if the text does not say. */
	struct span implementation;
	/** major.minor */
	struct span version;
	struct span lib_name, lib_dir, executable, framework_prefix;
	/** Comma-separated: Py_DEBUG, Py_GIL_DISABLED, ... */
	struct span build_flags;
	/** 0 if not known. */
	unsigned pointer_width;
	enum py_abi abi;
	/** The config was narrowed to the stable ABI (abi3=true, or a stable target_abi). */
	bool stable_abi;
	/** Py_GIL_DISABLED among the flags, or a free-threaded target_abi. */
	bool gil_disabled;
	/** Py_DEBUG among the flags. */
	bool debug;
};

/** 0; -EBADMSG for a line without '=', text that is not UTF-8, or one without a version. Of a key given twice
 * the last counts, as for pyo3. */
int pyconfig_parse(struct span text, struct py_config *ret, struct err *err);
/** Is this line of a script's output the hexadecimal config (key PYO3_CONFIG)? Appends the text if so. */
bool pyconfig_from_hex(struct span key, struct span value, struct str *ret_text);
/** Appends the text with another executable; a config that has none is appended as it is. */
void pyconfig_set_executable(const struct py_config *config, struct span executable, struct str *out);

#endif
