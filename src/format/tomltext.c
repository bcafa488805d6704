/* The words of TOML: space, strings, numbers. */
#include "toml_priv.h"

#include "steady/util/str.h"

#include <errno.h>

int toml_bad(const struct toml_cursor *c, const char *what)
{
	return err_set(c->err, EBADMSG, "line %zu: %s", c->line, what);
}

char toml_peek(const struct toml_cursor *c, size_t ahead)
{
	return ahead < c->text.len - c->at ? c->text.ptr[c->at + ahead] : '\0';
}

bool toml_looking_at(const struct toml_cursor *c, const char *literal)
{
	return span_starts(span_skip(c->text, c->at), span_of(literal));
}

bool toml_newline(struct toml_cursor *c)
{
	size_t len = toml_looking_at(c, "\r\n") ? 2 : toml_looking_at(c, "\n") ? 1 : 0;
	c->at += len;
	c->line += len != 0;
	return len != 0;
}

void toml_skip_blanks(struct toml_cursor *c)
{
	while (toml_peek(c, 0) == ' ' || toml_peek(c, 0) == '\t')
		c->at++;
}

void toml_skip_space(struct toml_cursor *c)
{
	do {
		toml_skip_blanks(c);
		if (toml_peek(c, 0) == '#')
			c->at += span_find(span_skip(c->text, c->at), '\n');
	} while (toml_newline(c));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void add_utf8(struct str *out, uint32_t code)
{
	if (code < 0x80) {
		str_add_char(out, (char)code);
		return;
	}
	unsigned more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
	str_add_char(out, (char)(unsigned char)(lead[more] | code >> (6 * more)));
	while (more-- != 0)
		str_add_char(out, (char)(unsigned char)(0x80 | (code >> (6 * more) & 0x3f)));
}

/* The code point behind \x, \u or \U. */
static int read_code_point(struct toml_cursor *c, unsigned digits, struct str *out)
{
	uint32_t code = 0;
	for (unsigned i = 0; i < digits; i++) {
		int value = hex_value(toml_peek(c, i));
		if (value < 0)
			return toml_bad(c, "an escape with too few hexadecimal digits");
		code = code << 4 | (uint32_t)value;
	}
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return toml_bad(c, "an escape that is no character");
	c->at += digits;
	add_utf8(out, code);
	return 0;
}

/* A backslash at the end of a line: the white space that follows does not count. */
static bool skip_line_ending(struct toml_cursor *c)
{
	struct toml_cursor ahead = *c;
	toml_skip_blanks(&ahead);
	if (!toml_newline(&ahead))
		return false;
	do {
		toml_skip_blanks(&ahead);
	} while (toml_newline(&ahead));
	*c = ahead;
	return true;
}

/* What follows a backslash. */
static int read_escape(struct toml_cursor *c, bool multi_line, struct str *out)
{
	static const char simple[] = "b\bt\tn\nf\fr\re\x1b\"\"\\\\";
	if (multi_line && skip_line_ending(c))
		return 0;
	char letter = toml_peek(c, 0);
	for (const char *pair = simple; letter != '\0' && *pair != '\0'; pair += 2) {
		if (*pair == letter) {
			str_add_char(out, pair[1]);
			c->at++;
			return 0;
		}
	}
	unsigned digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
	if (digits == 0)
		return toml_bad(c, "an unknown escape");
	c->at++;
	return read_code_point(c, digits, out);
}

/* The delimiter at the position is passed if it ends the string. One or two quotes may stand right before the
 * three that end a multi-line string; more are a string that has ended and something behind it. */
static bool ends_here(struct toml_cursor *c, char quote, size_t quotes)
{
	size_t run = 0;
	while (run < 6 && toml_peek(c, run) == quote)
		run++;
	if (run < quotes || (quotes == 3 && (run == 4 || run == 5)))
		return false;
	c->at += quotes;
	return true;
}

/* One character, or one escape, of a string. */
static int read_character(struct toml_cursor *c, bool literal, bool multi_line, struct str *out)
{
	if (c->at == c->text.len)
		return toml_bad(c, "a string without its end");
	unsigned char byte = (unsigned char)c->text.ptr[c->at];
	size_t start = c->at;
	if (toml_newline(c)) {
		if (!multi_line)
			return toml_bad(c, "a string without its end on the line before");
		str_add_mem(out, c->text.ptr + start, c->at - start);
		return 0;
	}
	if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
		return toml_bad(c, "a control character in a string");
	c->at++;
	if (byte == '\\' && !literal)
		return read_escape(c, multi_line, out);
	str_add_char(out, (char)byte);
	return 0;
}

int toml_read_string(struct toml_cursor *c, bool may_span_lines, struct span *ret)
{
	char quote = toml_peek(c, 0);
	bool multi_line = toml_looking_at(c, quote == '"' ? "\"\"\"" : "'''");
	if (multi_line && !may_span_lines)
		return toml_bad(c, "a key over several lines");

	CLEANUP_STR struct str contents = STR_INIT;
	size_t quotes = multi_line ? 3 : 1;
	c->at += quotes;
	if (multi_line)
		(void)toml_newline(c);
	while (!ends_here(c, quote, quotes)) {
		int r = read_character(c, quote == '\'', multi_line, &contents);
		if (r < 0)
			return r;
	}
	*ret = span_make(arena_strndup(c->mem, contents.buf, contents.len), contents.len);
	return 0;
}

static bool is_bare(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c != '\0' && strchr("+-._:", c) != NULL);
}

static bool is_keyword(struct span word)
{
	if (word.len != 0 && (word.ptr[0] == '+' || word.ptr[0] == '-'))
		word = span_skip(word, 1);
	return (word.len != 0 && is_digit(word.ptr[0])) || span_eq_str(word, "inf") ||
		span_eq_str(word, "nan") || span_eq_str(word, "true") || span_eq_str(word, "false");
}

int toml_read_bare(struct toml_cursor *c, struct span *ret)
{
	size_t start = c->at;
	while (is_bare(toml_peek(c, 0)))
		c->at++;
	struct span word = span_make(c->text.ptr + start, c->at - start);
	if (!is_keyword(word))
		return toml_bad(c, "a value is missing or unknown");
	/* 1979-05-27 07:32:00 */
	if (word.len == 10 && word.ptr[4] == '-' && toml_peek(c, 0) == ' ' && is_digit(toml_peek(c, 1))) {
		c->at++;
		while (is_bare(toml_peek(c, 0)))
			c->at++;
		word.len = c->at - start;
	}
	*ret = word;
	return 0;
}
