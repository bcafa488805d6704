#include "steady/cli/complete.h"

static const char head[] = "# PowerShell completion for cargo-steady\n"
			   "Register-ArgumentCompleter -Native -CommandName 'cargo-steady' -ScriptBlock {\n"
			   "    param($wordToComplete, $commandAst, $cursorPosition)\n"
			   "    $commands = @(";

static const char middle[] =
	")\n"
	"    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { \"$_\" })\n"
	"    $command = @($words | Where-Object { $_ -ne $wordToComplete -and $commands -contains $_ })[0]\n"
	"    switch ($command) {\n";

static const char tail[] =
	"    }\n"
	"    $candidates | Where-Object { $_[0] -like \"$wordToComplete*\" } | ForEach-Object {\n"
	"        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])\n"
	"    }\n"
	"}\n";

/* It takes no candidate without a text. */
static void add_candidate(struct str *out, const char *word, const char *text)
{
	str_printf(out, "            , @('%s', ", word);
	complete_add_quoted(out, text[0] != '\0' ? text : word, '\'');
	str_add(out, ")\n");
}

static void add_command(struct str *out, const struct command *command)
{
	if (command == &steady_program)
		str_add(out, "        default {\n");
	else
		str_printf(out, "        '%s' {\n", command->name);
	str_add(out, "            $candidates = @(\n");
	complete_each_word(command, add_candidate, out);
	str_add(out, "            )\n        }\n");
}

void complete_powershell(struct str *out)
{
	str_add(out, head);
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		str_printf(out, "%s'%s'", c != steady_commands ? ", " : "", (*c)->name);
	str_add(out, middle);
	for (const struct command *const *c = steady_commands; *c != NULL; c++)
		add_command(out, *c);
	add_command(out, &steady_program);
	str_add(out, tail);
}
