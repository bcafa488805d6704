#include "steady/cli/opt.h"

#include "steady/cli/typo.h"

#include <errno.h>
#include <string.h>

/* One option as it stands on the command line. */
struct given {
	struct opt_set *set;
	const struct opt *opt;
	/* What it is set to by "=" or by letters behind a short name; ptr NULL if there is nothing. */
	struct span attached;
};

void opt_add(struct opt_parser *p, const struct opt *opts, void *values)
{
	p->set[p->sets++] = (struct opt_set){.opts = opts, .values = values, .seen = 0};
}

bool opt_takes_value(const struct opt *opt)
{
	return opt->kind != OPT_FLAG && opt->kind != OPT_COUNT && opt->kind != OPT_HELP;
}

void opt_label(struct str *out, const struct opt *opt)
{
	str_printf(out, "--%s", opt->name);
	if (opt_takes_value(opt))
		str_printf(out, " <%s>", opt->arg);
}

bool opt_next_value(struct span *rest, struct span *ret_value)
{
	if (rest->len == 0)
		return false;
	size_t end = span_find(*rest, '|');
	*ret_value = span_make(rest->ptr, end);
	*rest = span_skip(*rest, end + 1);
	return true;
}

bool opt_given(const struct opt_set *set, const char *name)
{
	opt_each (opt, set->opts) {
		if (strcmp(opt->name, name) == 0)
			return (set->seen >> (opt - set->opts) & 1) != 0;
	}
	return false;
}

static bool find_long(struct opt_parser *p, struct span name, struct given *ret)
{
	for (size_t i = 0; i < p->sets; i++) {
		opt_each (opt, p->set[i].opts) {
			if (span_eq_str(name, opt->name)) {
				*ret = (struct given){&p->set[i], opt, {NULL, 0}};
				return true;
			}
		}
	}
	return false;
}

static bool find_short(struct opt_parser *p, char alias, struct given *ret)
{
	for (size_t i = 0; i < p->sets; i++) {
		opt_each (opt, p->set[i].opts) {
			if (opt->alias == alias) {
				*ret = (struct given){&p->set[i], opt, {NULL, 0}};
				return true;
			}
		}
	}
	return false;
}

static int unknown_long(struct opt_parser *p, struct span name, struct err *err)
{
	struct typo typo = typo_begin(name);
	for (size_t i = 0; i < p->sets; i++) {
		opt_each (opt, p->set[i].opts)
			typo_consider(&typo, opt->name);
	}
	int result = err_set(err, EINVAL, "unexpected argument '--%.*s' found", SPAN_ARG(name));
	if (typo.best != NULL)
		(void)err_hint(err, "a similar argument exists: '--%s'", typo.best);
	return result;
}

static int bad_value(const struct opt *opt, const char *value, const char *expected, struct err *err)
{
	CLEANUP_STR struct str label = STR_INIT;
	opt_label(&label, opt);
	int result = err_set(err, EINVAL, "invalid value '%s' for '%s'", value, label.buf);
	(void)err_hint(err, "%s", expected);
	return result;
}

static int store_choice(const struct opt *opt, const char *value, int *field, struct err *err)
{
	CLEANUP_STR struct str expected = STR_INIT;
	struct span rest = span_of(opt->values), choice;
	str_add(&expected, "possible values: ");
	for (int i = 0; opt_next_value(&rest, &choice); i++) {
		if (span_eq_str(choice, value)) {
			*field = i;
			return 0;
		}
		str_printf(&expected, "%s%.*s", i != 0 ? ", " : "", SPAN_ARG(choice));
	}
	return bad_value(opt, value, expected.buf, err);
}

static int store_number(const struct opt *opt, const char *value, uint64_t *field, struct err *err)
{
	static const char units[] = "KMGT";
	struct span digits = span_of(value);
	uint64_t number, factor = 1;
	const char *unit = NULL;
	if (opt->kind == OPT_SIZE && digits.len != 0)
		unit = strchr(units, digits.ptr[digits.len - 1]);
	if (unit != NULL) {
		factor = UINT64_C(1) << 10 * (unit - units + 1);
		digits.len--;
	}
	if (!span_u64(digits, &number) || __builtin_mul_overflow(number, factor, &number)) {
		bool size = opt->kind == OPT_SIZE;
		return bad_value(opt, value,
			size ? "a number of bytes is needed, such as 4096, 64K, 10M or 2G"
			     : "a number is needed",
			err);
	}
	*field = number;
	return 0;
}

static void list_add(struct arena *mem, struct opt_list *list, const char *value)
{
	/* Room doubles at each power of two; what is outgrown dies with the arena. */
	if ((list->count & (list->count - 1)) == 0) {
		const char **grown = arena_array(mem, list->count != 0 ? list->count * 2 : 1, sizeof(*grown));
		if (list->count != 0)
			memcpy(grown, list->item, list->count * sizeof(*grown));
		list->item = grown;
	}
	list->item[list->count++] = value;
}

static int store(struct opt_parser *p, const struct given *g, const char *value, struct err *err)
{
	void *field = (char *)g->set->values + g->opt->offset;
	switch (g->opt->kind) {
	case OPT_FLAG:
		*(bool *)field = true;
		return 0;
	case OPT_COUNT:
		++*(unsigned *)field;
		return 0;
	case OPT_STRING:
		*(const char **)field = value;
		return 0;
	case OPT_LIST:
		list_add(p->mem, field, value);
		return 0;
	case OPT_CHOICE:
		return store_choice(g->opt, value, field, err);
	case OPT_NUMBER:
	case OPT_SIZE:
		return store_number(g->opt, value, field, err);
	case OPT_HELP:
		break;
	}
	return OPT_HELP_WANTED;
}

static int mark_seen(const struct given *g, struct err *err)
{
	uint64_t bit = UINT64_C(1) << (g->opt - g->set->opts);
	bool may_repeat = g->opt->kind == OPT_LIST || g->opt->kind == OPT_COUNT;
	if ((g->set->seen & bit) != 0 && !may_repeat) {
		CLEANUP_STR struct str label = STR_INIT;
		opt_label(&label, g->opt);
		return err_set(err, EINVAL, "the argument '%s' cannot be used multiple times", label.buf);
	}
	g->set->seen |= bit;
	return 0;
}

/* The value that belongs to the option: what is attached, or the next word. */
static int take_value(struct opt_parser *p, const struct given *g, const char **ret, struct err *err)
{
	const char *value = g->attached.ptr;
	if (value == NULL) {
		value = p->argv[0];
		if (value != NULL && (value[0] != '-' || value[1] == '\0'))
			p->argv++;
		else
			value = NULL;
	}
	if (value == NULL || value[0] == '\0') {
		CLEANUP_STR struct str label = STR_INIT;
		opt_label(&label, g->opt);
		return err_set(err, EINVAL, "a value is required for '%s' but none was supplied", label.buf);
	}
	*ret = value;
	return 0;
}

static int apply(struct opt_parser *p, const struct given *g, struct err *err)
{
	const char *value = NULL;
	int result = mark_seen(g, err);
	if (result == 0 && opt_takes_value(g->opt))
		result = take_value(p, g, &value, err);
	else if (result == 0 && g->attached.ptr != NULL)
		result = err_set(err, EINVAL, "unexpected value '%s' for '--%s' found; no more were expected",
			g->attached.ptr, g->opt->name);
	return result != 0 ? result : store(p, g, value, err);
}

static int parse_long(struct opt_parser *p, const char *word, struct err *err)
{
	struct given g;
	struct span text = span_of(word);
	size_t equals = span_find(text, '=');
	struct span name = span_make(word, equals);
	if (!find_long(p, name, &g))
		return unknown_long(p, name, err);
	if (equals < text.len)
		g.attached = span_skip(text, equals + 1);
	return apply(p, &g, err);
}

/* Letters behind one dash: flags, until one that takes the rest as its value. */
static int parse_short(struct opt_parser *p, const char *letters, struct err *err)
{
	int result = 0;
	for (const char *c = letters; result == 0 && *c != '\0'; c++) {
		struct given g;
		if (!find_short(p, *c, &g))
			return err_set(err, EINVAL, "unexpected argument '-%c' found", *c);
		bool last = false;
		if (opt_takes_value(g.opt) || c[1] == '=') {
			const char *rest = c[1] == '=' ? c + 2 : c + 1;
			if (c[1] != '\0')
				g.attached = span_of(rest);
			last = true;
		}
		result = apply(p, &g, err);
		if (last)
			break;
	}
	return result;
}

int opt_parse(struct opt_parser *p, bool stop_at_operand, struct err *err)
{
	int result = 0;
	while (result == 0 && p->argv[0] != NULL) {
		const char *word = p->argv[0];
		bool is_option = word[0] == '-' && word[1] != '\0';
		if (!is_option && stop_at_operand)
			break;
		p->argv++;
		if (!is_option) {
			list_add(p->mem, &p->operands, word);
		} else if (strcmp(word, "--") == 0) {
			if (stop_at_operand)
				break;
			while (p->argv[0] != NULL)
				list_add(p->mem, &p->operands, *p->argv++);
		} else if (word[1] == '-') {
			result = parse_long(p, word + 2, err);
		} else {
			result = parse_short(p, word + 1, err);
		}
	}
	return result;
}
