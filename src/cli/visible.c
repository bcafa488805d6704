#include "steady/cli/visible.h"

uint32_t visible_code_point(const char *s, size_t len)
{
	static const unsigned char first_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t code = (unsigned char)s[0] & first_mask[len];
	for (size_t i = 1; i < len; i++)
		code = code << 6 | ((unsigned char)s[i] & 0x3f);
	return code;
}

bool visible_is_unsafe(uint32_t c)
{
	bool control = c < 0x20 || (c >= 0x7f && c <= 0x9f);
	bool separator = c == 0x2028 || c == 0x2029 || c == 0xfeff;
	bool direction = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069);
	return control || separator || direction;
}

static void add_escaped(struct str *out, uint32_t code)
{
	switch (code) {
	case '\n':
		str_add(out, "\\n");
		break;
	case '\r':
		str_add(out, "\\r");
		break;
	case '\t':
		str_add(out, "\\t");
		break;
	default:
		str_printf(out, "\\u{%x}", (unsigned)code);
	}
}

void visible_add(struct str *out, struct span text)
{
	while (text.len != 0) {
		size_t step = span_utf8_step(text);
		uint32_t code = step != 0 ? visible_code_point(text.ptr, step) : 0;
		if (step == 0) {
			step = 1;
			str_printf(out, "\\x%02x", (unsigned)(unsigned char)text.ptr[0]);
		} else if (visible_is_unsafe(code)) {
			add_escaped(out, code);
		} else {
			str_add_mem(out, text.ptr, step);
		}
		text = span_skip(text, step);
	}
}

size_t visible_width(struct span text)
{
	size_t width = 0;
	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
	return width;
}
