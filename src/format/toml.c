#include "steady/format/toml.h"

#include "steady/util/str.h"
#include "steady/util/strmap.h"
#include "toml_priv.h"

#include <errno.h>

/* How a table or array came to be decides who may add to it. */
enum origin {
	/** [it], or an element of [[it]]. */
	BY_HEADER,
	/** [it.other]: may still get its own header. */
	BY_SUB_HEADER,
	/** it.key = 1 */
	BY_DOTTED_KEY,
	/** { } and [ ], which are complete where they end, and plain values. */
	BY_VALUE,
	/** [[it]] */
	BY_ARRAY_HEADER,
};

struct node {
	struct toml_value value;
	enum origin origin;
	struct toml_value *last;
};

struct parser {
	struct toml_cursor c;
	struct node *root;
	/* Members of all tables: the table's address and the key's text. */
	struct strmap *index;
	/* The key for a look-up in `index`, kept for its memory. */
	struct str scratch;
	size_t values;
};

struct key {
	struct span part[TOML_MAX_DEPTH];
	size_t count;
};

static struct node *node_of(struct toml_value *value)
{
	return (struct node *)(void *)value;
}

static struct span index_key(struct parser *p, const struct node *table, struct span key)
{
	str_clear(&p->scratch);
	str_add_mem(&p->scratch, &table, sizeof(table));
	str_add_span(&p->scratch, key);
	return str_span(&p->scratch);
}

static struct node *find(struct parser *p, const struct node *table, struct span key)
{
	return strmap_get(p->index, index_key(p, table, key));
}

/* A new last member or element, for the caller to fill; NULL if there are too many. */
static struct node *append(struct parser *p, struct node *container)
{
	if (p->values++ >= TOML_MAX_VALUES)
		return NULL;
	struct node *n = arena_alloc(p->c.mem, sizeof(*n));
	n->value.line = p->c.line;
	n->origin = BY_VALUE;
	if (container->last != NULL)
		container->last->next = &n->value;
	else
		container->value.first = &n->value;
	container->last = &n->value;
	container->value.count++;
	return n;
}

static int add_member(struct parser *p, struct node *table, struct span key, struct node **ret)
{
	if (find(p, table, key) != NULL)
		return err_set(p->c.err, EEXIST, "line %zu: `%.*s` is given twice", p->c.line, SPAN_ARG(key));
	struct node *n = append(p, table);
	if (n == NULL)
		return toml_bad(&p->c, "too many values");
	n->value.key = key;
	(void)strmap_put(p->index, index_key(p, table, key), n);
	*ret = n;
	return 0;
}

static int add_table(
	struct parser *p, struct node *table, struct span key, enum origin origin, struct node **ret)
{
	int r = add_member(p, table, key, ret);
	if (r < 0)
		return r;
	(*ret)->value.type = TOML_TABLE;
	(*ret)->origin = origin;
	return 0;
}

static bool is_bare_key(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		c == '-';
}

static int read_key_part(struct parser *p, struct span *ret)
{
	if (toml_peek(&p->c, 0) == '"' || toml_peek(&p->c, 0) == '\'')
		return toml_read_string(&p->c, false, ret);
	size_t start = p->c.at;
	while (is_bare_key(toml_peek(&p->c, 0)))
		p->c.at++;
	if (p->c.at == start)
		return toml_bad(&p->c, "a key is missing");
	*ret = span_make(p->c.text.ptr + start, p->c.at - start);
	return 0;
}

/* Parts with dots between; blanks around each are passed. */
static int read_key(struct parser *p, struct key *ret)
{
	ret->count = 0;
	for (;;) {
		if (ret->count == TOML_MAX_DEPTH)
			return toml_bad(&p->c, "a key of too many parts");
		toml_skip_blanks(&p->c);
		int r = read_key_part(p, &ret->part[ret->count++]);
		if (r < 0)
			return r;
		toml_skip_blanks(&p->c);
		if (toml_peek(&p->c, 0) != '.')
			return 0;
		p->c.at++;
	}
}

static int conflict(struct parser *p, struct span key)
{
	return err_set(p->c.err, EEXIST,
		"line %zu: `%.*s` is defined already, in a way that cannot be extended", p->c.line,
		SPAN_ARG(key));
}

/* The table that a header's parts before the last lead to. */
static int walk_header(struct parser *p, const struct key *key, struct node **ret)
{
	struct node *table = p->root;
	for (size_t i = 0; i + 1 < key->count; i++) {
		struct node *next = find(p, table, key->part[i]);
		if (next == NULL) {
			int r = add_table(p, table, key->part[i], BY_SUB_HEADER, &next);
			if (r < 0)
				return r;
		} else if (next->origin == BY_VALUE) {
			return conflict(p, key->part[i]);
		} else if (next->origin == BY_ARRAY_HEADER) {
			next = node_of(next->last);
		}
		table = next;
	}
	*ret = table;
	return 0;
}

/* [key] */
static int open_table(struct parser *p, const struct key *key, struct node **ret)
{
	struct node *parent;
	int r = walk_header(p, key, &parent);
	if (r < 0)
		return r;
	struct span name = key->part[key->count - 1];
	struct node *table = find(p, parent, name);
	if (table == NULL)
		return add_table(p, parent, name, BY_HEADER, ret);
	if (table->origin != BY_SUB_HEADER)
		return conflict(p, name);
	table->origin = BY_HEADER;
	*ret = table;
	return 0;
}

/* [[key]] */
static int open_element(struct parser *p, const struct key *key, struct node **ret)
{
	struct node *parent;
	int r = walk_header(p, key, &parent);
	if (r < 0)
		return r;
	struct span name = key->part[key->count - 1];
	struct node *array = find(p, parent, name);
	if (array == NULL) {
		r = add_member(p, parent, name, &array);
		if (r < 0)
			return r;
		array->value.type = TOML_ARRAY;
		array->origin = BY_ARRAY_HEADER;
	} else if (array->origin != BY_ARRAY_HEADER) {
		return conflict(p, name);
	}
	struct node *element = append(p, array);
	if (element == NULL)
		return toml_bad(&p->c, "too many values");
	element->value.type = TOML_TABLE;
	element->origin = BY_HEADER;
	*ret = element;
	return 0;
}

static int read_header(struct parser *p, struct node **ret)
{
	bool is_array = toml_looking_at(&p->c, "[[");
	struct key key;
	p->c.at += is_array ? 2 : 1;
	int r = read_key(p, &key);
	if (r < 0)
		return r;
	if (!toml_looking_at(&p->c, is_array ? "]]" : "]"))
		return toml_bad(&p->c, "a table's header without its end");
	p->c.at += is_array ? 2 : 1;
	return is_array ? open_element(p, &key, ret) : open_table(p, &key, ret);
}

static int read_value(struct parser *p, struct node *ret, unsigned depth);

/* key = value */
static int read_assignment(struct parser *p, struct node *table, unsigned depth)
{
	struct key key;
	int r = read_key(p, &key);
	for (size_t i = 0; r == 0 && i + 1 < key.count; i++) {
		struct node *next = find(p, table, key.part[i]);
		if (next == NULL)
			r = add_table(p, table, key.part[i], BY_DOTTED_KEY, &next);
		else if (next->origin != BY_DOTTED_KEY)
			r = conflict(p, key.part[i]);
		table = next;
	}
	if (r < 0)
		return r;
	if (toml_peek(&p->c, 0) != '=')
		return toml_bad(&p->c, "a key without '='");
	p->c.at++;
	toml_skip_blanks(&p->c);
	struct node *member;
	r = add_member(p, table, key.part[key.count - 1], &member);
	return r < 0 ? r : read_value(p, member, depth);
}

static int read_element(struct parser *p, struct node *array, unsigned depth)
{
	struct node *element = append(p, array);
	if (element == NULL)
		return toml_bad(&p->c, "too many values");
	return read_value(p, element, depth);
}

/* What stands between brackets or braces: items with commas between, a last comma allowed. */
static int read_items(struct parser *p, struct node *container, char end,
	int (*read)(struct parser *p, struct node *container, unsigned depth), unsigned depth)
{
	p->c.at++;
	for (;;) {
		toml_skip_space(&p->c);
		if (toml_peek(&p->c, 0) == end)
			break;
		int r = read(p, container, depth + 1);
		if (r < 0)
			return r;
		toml_skip_space(&p->c);
		if (toml_peek(&p->c, 0) == end)
			break;
		if (toml_peek(&p->c, 0) != ',')
			return toml_bad(&p->c, "a comma or a closing bracket is missing");
		p->c.at++;
	}
	p->c.at++;
	return 0;
}

static int read_value(struct parser *p, struct node *ret, unsigned depth)
{
	if (depth > TOML_MAX_DEPTH)
		return toml_bad(&p->c, "too deep nesting");
	ret->value.line = p->c.line;
	switch (toml_peek(&p->c, 0)) {
	case '"':
	case '\'':
		ret->value.type = TOML_STRING;
		return toml_read_string(&p->c, true, &ret->value.text);
	case '[':
		ret->value.type = TOML_ARRAY;
		return read_items(p, ret, ']', read_element, depth);
	case '{':
		ret->value.type = TOML_TABLE;
		return read_items(p, ret, '}', read_assignment, depth);
	default:
		ret->value.type = TOML_BARE;
		return toml_read_bare(&p->c, &ret->value.text);
	}
}

static int expect_line_end(struct parser *p)
{
	toml_skip_blanks(&p->c);
	if (toml_peek(&p->c, 0) == '#')
		p->c.at += span_find(span_skip(p->c.text, p->c.at), '\n');
	if (p->c.at == p->c.text.len || toml_newline(&p->c))
		return 0;
	return toml_bad(&p->c, "more than one thing on the line");
}

static int read_document(struct parser *p)
{
	struct node *table = p->root;
	for (;;) {
		toml_skip_space(&p->c);
		if (p->c.at == p->c.text.len)
			return 0;
		int r = toml_peek(&p->c, 0) == '[' ? read_header(p, &table) : read_assignment(p, table, 0);
		if (r == 0)
			r = expect_line_end(p);
		if (r < 0)
			return r;
	}
}

int toml_parse(struct arena *mem, struct span bytes, struct toml_value **ret, struct err *err)
{
	if (bytes.len > TOML_MAX_BYTES)
		return err_set(err, EBADMSG, "%zu bytes of TOML, more than %zu", bytes.len, TOML_MAX_BYTES);
	if (!span_is_utf8(bytes))
		return err_set(err, EBADMSG, "TOML that is not UTF-8");
	struct span bom = SPAN_LIT("\xef\xbb\xbf");
	if (span_starts(bytes, bom))
		bytes = span_skip(bytes, bom.len);

	CLEANUP_STRMAP struct strmap *index = strmap_new();
	struct parser p = {
		.c = {.text = bytes, .line = 1, .mem = mem, .err = err},
		.root = arena_alloc(mem, sizeof(*p.root)),
		.index = index,
		.scratch = STR_INIT,
	};
	p.root->value.type = TOML_TABLE;
	p.root->value.line = 1;
	int r = read_document(&p);
	str_release(&p.scratch);
	if (r == 0)
		*ret = &p.root->value;
	return r;
}

const struct toml_value *toml_first(const struct toml_value *container)
{
	return container != NULL ? container->first : NULL;
}

const struct toml_value *toml_member(const struct toml_value *table, struct span key)
{
	if (table == NULL || table->type != TOML_TABLE)
		return NULL;
	toml_each (member, table) {
		if (span_eq(member->key, key))
			return member;
	}
	return NULL;
}

const struct toml_value *toml_get(const struct toml_value *table, const char *path)
{
	struct span rest = span_of(path);
	while (rest.len != 0) {
		size_t dot = span_find(rest, '.');
		table = toml_member(table, span_make(rest.ptr, dot));
		rest = span_skip(rest, dot + 1);
	}
	return table;
}

bool toml_string(const struct toml_value *value, struct span *ret)
{
	if (value == NULL || value->type != TOML_STRING)
		return false;
	*ret = value->text;
	return true;
}

bool toml_bool(const struct toml_value *value, bool *ret)
{
	if (value == NULL || value->type != TOML_BARE)
		return false;
	bool is_true = span_eq_str(value->text, "true");
	if (!is_true && !span_eq_str(value->text, "false"))
		return false;
	*ret = is_true;
	return true;
}
