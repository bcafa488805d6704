#include "steady/core/macros.h"

#include "steady/core/unitorder.h"

#include <stdlib.h>
#include <string.h>

/* In the order of strcmp. */
static const char *const reader[] = {
	"actix-web-static-files",
	"askama",
	"askama_derive",
	"diesel_migrations",
	"embed-doc-image",
	"fluent-templates",
	"i18n-embed",
	"include-flate",
	"include_dir",
	"include_dir_macros",
	"migrations_macros",
	"refinery",
	"refinery-macros",
	"rinja",
	"rinja_derive",
	"rstest",
	"rust-embed",
	"rust-embed-impl",
	"rust-i18n",
	"rust_i18n",
	"sailfish",
	"sailfish-macros",
	"sea-orm-migration",
	"slint",
	"sqlx",
	"sqlx-macros",
	"sqlx-macros-core",
	"static-files",
	"tera-embed",
	"test-generator",
	"wasmtime-component-macro",
	"wit-bindgen",
	"wit-bindgen-rust-macro",
};

static int by_name(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

bool macros_reads_directories(const char *package)
{
	return bsearch(package, reader, COUNT_OF(reader), sizeof(reader[0]), by_name) != NULL;
}

bool *macros_find(const struct target *t, struct arena *mem)
{
	return unit_order_above(t, mem, macros_reads_directories);
}
