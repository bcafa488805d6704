#include "steady/cli/command.h"

#include "steady/cli/commands.h"
#include "steady/cli/termconfig.h"
#include "steady/cli/typo.h"
#include "steady/cli/usage.h"
#include "steady/cli/version.h"

#include <errno.h>
#include <string.h>

const struct command *const steady_commands[] = {
	&command_completions,
	&command_env,
	&command_explain,
	&command_help,
	&command_mtimes,
	&command_restore,
	&command_rewrite,
	&command_save,
	&command_scan,
	&command_shim,
	NULL,
};

struct program_args {
	bool version;
};

static const struct opt program_opts[] = {
	{"version", 'V', OPT_FLAG, offsetof(struct program_args, version), NULL, NULL,
		"Print the version, and with -v those of the libraries too"},
	OPT_END,
};

const struct command steady_program = {
	.name = "",
	.summary = "Keep cargo's caches warm, and never a stale build",
	.operand = "<COMMAND>",
	.opts = program_opts,
};

const struct opt steady_common_opts[] = {
	{"quiet", 'q', OPT_FLAG, offsetof(struct ui_options, quiet), NULL, NULL,
		"Print nothing but warnings and errors, and the data asked for"},
	{"verbose", 'v', OPT_COUNT, offsetof(struct ui_options, verbose), NULL, NULL,
		"Say more; twice for even more"},
	{"color", 0, OPT_CHOICE, offsetof(struct ui_options, color), "WHEN", "auto|always|never",
		"When to use colours"},
	{"help", 'h', OPT_HELP, 0, NULL, NULL, "Print help"},
	OPT_END,
};

const struct opt steady_target_opts[] = {
	{"target-dir", 0, OPT_STRING, offsetof(struct target_args, target_dir), "DIRECTORY", NULL,
		"Target directory, instead of the one cargo would use here"},
	{"manifest-path", 0, OPT_STRING, offsetof(struct target_args, manifest_path), "FILE", NULL,
		"Path to the Cargo.toml of the workspace, instead of the one around"},
	OPT_END,
};

const struct command *command_find(struct span name)
{
	for (const struct command *const *c = steady_commands; *c != NULL; c++) {
		if (span_eq_str(name, (*c)->name))
			return *c;
	}
	return NULL;
}

int command_unknown(const char *name, struct err *err)
{
	struct typo typo = typo_begin(span_of(name));
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		typo_consider(&typo, (*c)->name);
	int result = err_set(err, EINVAL, "no such command: `%s`", name);
	if (typo.best != NULL)
		(void)err_hint(err, "a command with a similar name exists: `%s`", typo.best);
	else
		(void)err_hint(err, "`cargo steady --help` lists the commands");
	return result;
}

static int complain(struct ui *ui, const struct command *command, const struct err *err)
{
	CLEANUP_STR struct str usage = STR_INIT;
	usage_line(&usage, command);
	ui_fail(ui, err);
	ui_say(ui, "%s", "");
	ui_say(ui, "Usage: %s", usage.buf);
	ui_say(ui, "%s", "");
	ui_say(ui, "For more information, try '--help'.");
	return STEADY_EXIT_USAGE;
}

static int print_help(struct ui *ui, const struct command *command)
{
	CLEANUP_STR struct str text = STR_INIT;
	usage_help(&text, command, ui->out_colour);
	ui_raw(ui, str_span(&text));
	return STEADY_EXIT_DONE;
}

/* Without a command nothing was asked for: the help is then a complaint. */
static int print_help_as_complaint(struct ui *ui)
{
	CLEANUP_STR struct str text = STR_INIT;
	usage_help(&text, &steady_program, ui->err_colour);
	(void)fwrite(text.buf, 1, text.len, ui->err);
	return STEADY_EXIT_USAGE;
}

static int check_operands(const struct call *call, struct err *err)
{
	const struct command *command = call->command;
	if (call->operands < command->min_operands)
		return err_set(err, EINVAL, "a required argument was not provided: %s", command->operand);
	if (call->operands > command->max_operands)
		return err_set(
			err, EINVAL, "unexpected argument '%s' found", call->operand[command->max_operands]);
	return 0;
}

static int run(const struct call *call)
{
	struct err err = ERR_INIT;
	int status = call->command->run(call, &err);
	if (status == STEADY_EXIT_USAGE && err.code != 0)
		return complain(call->ui, call->command, &err);
	if (err.code != 0 && status != STEADY_EXIT_DONE)
		ui_fail(call->ui, &err);
	return status < 0 ? STEADY_EXIT_ENVIRONMENT : status;
}

/* Options may stand before and behind the command; this settles what they say together. */
static int settle_options(struct ui *ui, struct ui_options *options, const struct opt_set *set,
	bool reads_config, struct err *err)
{
	options->color_given = opt_given(set, "color");
	bool conflict = options->quiet && options->verbose != 0;
	if (conflict)
		options->quiet = false;
	if (reads_config)
		termconfig_read(NULL, options);
	ui_configure(ui, options);
	return conflict ? err_set(err, EINVAL, "cannot set both --verbose and --quiet") : 0;
}

static int run_command(struct ui *ui, const struct command *command, struct opt_parser *p)
{
	struct err err = ERR_INIT;
	struct ui_options *options = p->set[0].values;
	struct target_args target = {NULL, NULL};
	void *args = arena_alloc(p->mem, command->args_size);
	if (command->defaults != NULL)
		memcpy(args, command->defaults, command->args_size);
	p->sets = 1;
	if (command->opts != NULL)
		opt_add(p, command->opts, args);
	if (command->reads_target)
		opt_add(p, steady_target_opts, &target);

	p->argv++;
	int parsed = opt_parse(p, false, &err);
	struct err conflict = ERR_INIT;
	int settled = settle_options(ui, options, &p->set[0], command->reads_target, &conflict);
	if (parsed == OPT_HELP_WANTED)
		return print_help(ui, command);
	if (parsed < 0 || settled < 0)
		return complain(ui, command, parsed < 0 ? &err : &conflict);

	struct call call = {
		.ui = ui,
		.command = command,
		.args = args,
		.target = command->reads_target ? &target : NULL,
		.operand = p->operands.item,
		.operands = p->operands.count,
		.mem = p->mem,
	};
	if (check_operands(&call, &err) < 0)
		return complain(ui, command, &err);
	return run(&call);
}

int command_main(struct ui *ui, const char *const *argv)
{
	CLEANUP_ARENA struct arena *mem = arena_new();
	struct err err = ERR_INIT;
	struct ui_options options = {.quiet = false};
	struct program_args args = {.version = false};
	struct opt_parser parser = {.mem = mem, .argv = argv};
	if (*parser.argv != NULL)
		parser.argv++;
	if (*parser.argv != NULL && strcmp(*parser.argv, "steady") == 0)
		parser.argv++;
	opt_add(&parser, steady_common_opts, &options);
	opt_add(&parser, program_opts, &args);

	int parsed = opt_parse(&parser, true, &err);
	struct err conflict = ERR_INIT;
	int settled = settle_options(ui, &options, &parser.set[0], false, &conflict);
	if (parsed == OPT_HELP_WANTED)
		return print_help(ui, &steady_program);
	if (parsed < 0 || settled < 0)
		return complain(ui, &steady_program, parsed < 0 ? &err : &conflict);
	if (args.version) {
		version_print(ui, options.verbose != 0);
		return STEADY_EXIT_DONE;
	}
	if (*parser.argv == NULL)
		return print_help_as_complaint(ui);
	const struct command *command = command_find(span_of(*parser.argv));
	if (command != NULL)
		return run_command(ui, command, &parser);
	(void)command_unknown(*parser.argv, &err);
	return complain(ui, &steady_program, &err);
}
