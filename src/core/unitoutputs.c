/* rustc's .d file of a unit, and the outputs that it names. */
#include "unitfiles_priv.h"

#include "steady/util/fsio.h"
#include "steady/util/path.h"

#include <string.h>

/* What rustc puts out for one unit; more is no .d file of cargo's making. */
#define MAX_OUTPUTS 64

void unit_file_stat(struct fsnear *near, struct unit_file *file)
{
	file->present = fsnear_stat(near, file->path, &file->st) == 0;
}

/* rustc's name of the crate. */
static char *crate_name(struct arena *mem, const char *target)
{
	char *name = arena_strdup(mem, target);
	for (char *c = name; *c != '\0'; c++) {
		if (*c == '-')
			*c = '_';
	}
	return name;
}

/* Where rustc writes, relative to the build directory. */
static char *out_dir(struct arena *mem, const struct unit *u)
{
	if (u->layout == LAYOUT_NEW)
		return arena_printf(mem, "%s/build/%s/%s/out", u->place->path, u->package, u->meta);
	if (u->kind == UNIT_BUILD_SCRIPT)
		return arena_printf(mem, "%s/build/%s-%s", u->place->path, u->package, u->meta);
	if (u->kind == UNIT_EXAMPLE || strncmp(u->base, "test-example-", 13) == 0)
		return arena_printf(mem, "%s/examples", u->place->path);
	return arena_printf(mem, "%s/deps", u->place->path);
}

/* There must be room. */
static void add_output(struct unit_reader *r, struct unit_files *u, struct unit_output output)
{
	struct span path = span_of(output.file.path);
	output.is_rmeta = span_ends(path, SPAN_LIT(".rmeta"));
	output.is_rlib = span_ends(path, SPAN_LIT(".rlib"));
	unit_file_stat(output.in_target_dir ? &r->doc : &r->out, &output.file);
	u->outputs[u->noutput++] = output;
}

/*
 * Names in the .d file are those of the machine and directory that built: only their last parts count here.
 * rustc 1.63 writes the name of metadata without its "lib".
 */
static void outputs_from_rustc(
	struct unit_reader *r, struct unit_files *u, const char *dir, const char *crate)
{
	struct span library = span_of(arena_printf(r->mem, "lib%s", crate));
	size_t room = u->rustc.noutput < MAX_OUTPUTS ? u->rustc.noutput : MAX_OUTPUTS;
	u->outputs = arena_array(r->mem, room, sizeof(*u->outputs));
	for (size_t i = 0; i < u->rustc.noutput && u->noutput < room; i++) {
		struct span name = path_base(u->rustc.output[i]);
		if (span_ends(name, SPAN_LIT(".d")) || !path_is_inside(name))
			continue;
		const bool bare = span_ends(name, SPAN_LIT(".rmeta")) && !span_starts(name, library);
		struct unit_output output = {.file.path = arena_printf(r->mem, "%s/%s%.*s", dir,
						     bare ? "lib" : "", SPAN_ARG(name))};
		add_output(r, u, output);
	}
}

static bool read_rustc(struct unit_reader *r, struct unit_files *u, const char *path)
{
	struct span text;
	struct stat st;
	if (fsnear_read(&r->out, path, RUSTCDEP_MAX_BYTES, r->mem, &text, &st, NULL) != 0)
		return false;
	u->rustc_file = (struct unit_file){.path = path, .present = true, .st = st};
	u->has_rustc = rustcdep_parse(r->mem, text, &u->rustc, NULL) == 0;
	return true;
}

/* The forms of names that rustc gives outputs, for when there is no .d file. */
static const struct {
	bool hashed, library;
	const char *suffix;
} output_form[] = {
	{true, true, ".rmeta"},
	{true, true, ".rlib"},
	{true, true, ".so"},
	{true, true, ".dylib"},
	{true, true, ".a"},
	{true, false, ".dll"},
	{true, false, ".wasm"},
	{true, false, ""},
	{true, false, ".exe"},
	{false, true, ".rlib"},
	{false, true, ".so"},
	{false, true, ".dylib"},
	{false, true, ".a"},
	{false, false, ".dll"},
	{false, false, ".wasm"},
	{false, false, ""},
	{false, false, ".exe"},
};

static void guess_outputs(struct unit_reader *r, struct unit_files *u, const char *dir, const char *crate)
{
	u->outputs = arena_array(r->mem, COUNT_OF(output_form), sizeof(*u->outputs));
	u->outputs_guessed = true;
	bool is_lib = u->unit->kind == UNIT_LIB;
	for (int hashed = 1; hashed >= 0 && u->noutput == 0; hashed--) {
		for (size_t i = 0; i < COUNT_OF(output_form); i++) {
			if (output_form[i].hashed != (hashed != 0))
				continue;
			struct unit_output output = {
				.file.path = arena_printf(r->mem, "%s/%s%s%s%s%s", dir,
					output_form[i].library ? "lib" : "", crate, hashed != 0 ? "-" : "",
					hashed != 0 ? u->unit->meta : "", output_form[i].suffix)};
			unit_file_stat(&r->out, &output.file);
			if (output.file.present)
				add_output(r, u, output);
		}
	}
	if (u->noutput == 0)
		add_output(r, u,
			(struct unit_output){
				.file.path = arena_printf(r->mem, "%s/%s%s-%s%s", dir, is_lib ? "lib" : "",
					crate, u->unit->meta, is_lib ? ".rmeta" : "")});
}

static void doc_output(struct unit_reader *r, struct unit_files *u, const char *crate)
{
	u->outputs = arena_alloc(r->mem, sizeof(*u->outputs));
	const char *triple = u->unit->place->triple;
	struct unit_output output = {.in_target_dir = true,
		.file.path = arena_printf(r->mem, "%s%sdoc/%s/index.html", triple != NULL ? triple : "",
			triple != NULL ? "/" : "", crate)};
	add_output(r, u, output);
}

void unit_read_outputs(struct unit_reader *r, struct unit_files *u)
{
	const char *crate = crate_name(r->mem, u->unit->target);
	if (u->unit->kind == UNIT_DOC) {
		doc_output(r, u, crate);
		return;
	}
	const char *dir = out_dir(r->mem, u->unit);
	const char *hashed = arena_printf(r->mem, "%s/%s-%s.d", dir, crate, u->unit->meta);
	u->rustc_file.path = hashed;
	if (!read_rustc(r, u, hashed))
		(void)read_rustc(r, u, arena_printf(r->mem, "%s/%s.d", dir, crate));
	if (u->has_rustc)
		outputs_from_rustc(r, u, dir, crate);
	if (u->noutput == 0)
		guess_outputs(r, u, dir, crate);
}
