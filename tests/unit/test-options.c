/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "verbs.h"

/* Returns: (transfer full) (element-type utf8): @line as a shell would split it. */
static char **
split (const char *line)
{
  g_autoptr (GError) error = NULL;
  char **words = NULL;

  if (*line == '\0')
    return g_new0 (char *, 1);
  g_shell_parse_argv (line, NULL, &words, &error);
  g_assert_no_error (error);
  return words;
}

/* Returns: (transfer full): what was given, "json ratio=50%". */
static char *
describe (const HctlOptions *options)
{
  const struct {
    const char *name;
    gboolean given;
    const char *value;
  } members[] = {
    { "json", options->json, NULL },
    { "all", options->all, NULL },
    { "ascii", options->ascii, NULL },
    { "primary", options->primary, NULL },
    { "ratio=", options->ratio != NULL, options->ratio },
    { "feedback=", options->feedback != NULL, options->feedback },
    { "reason=", options->reason != NULL, options->reason },
    { "application-id=", options->application_id != NULL, options->application_id },
    { "no-ask-password", !options->ask, NULL },
  };
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (members[i].given)
      g_string_append_printf (text, "%s%s%s", text->len > 0 ? " " : "", members[i].name,
                              members[i].value != NULL ? members[i].value : "");
  return g_string_free (text, FALSE);
}

static char *
join (char **words)
{
  return words != NULL ? g_strjoinv ("|", words) : g_strdup ("none");
}

typedef struct {
  const char *line;
  const char *verb;
  const char *arguments; /* joined by | */
  const char *command;   /* the same; "none" where the verb takes none */
  const char *options;
} Right;

static const Right plain[] = {
  { "status", "status", "", "none", "" },
  { "status --json", "status", "", "none", "json" },
  { "--json status", "status", "", "none", "json" },
  { "--no-ask-password enable 4711", "enable", "4711", "none", "no-ask-password" },
  { "enable -- -1", "enable", "-1", "none", "" },
  { "-- enable 1", "enable", "1", "none", "" },
  { "get", "get", "", "none", "" },
  { "get Ratio --json Pid", "get", "Ratio|Pid", "none", "json" },
  { "set Ratio -- -1", "set", "Ratio|-1", "none", "" },
  { "set -- Ratio --json", "set", "Ratio|--json", "none", "" },
  { "list --all --json", "list", "", "none", "json all" },
  { "targets --json", "targets", "", "none", "json" },
  { "remove t12", "remove", "t12", "none", "" },
  { "stats", "stats", "", "none", "" },
  { "stats --json 4711", "stats", "4711", "none", "json" },
  { "heatmap --ascii t1", "heatmap", "t1", "none", "ascii" },
  { "undo --json", "undo", "", "none", "json" },
  { "undo - ", "undo", "-", "none", "" },
};

static const Right values[] = {
  { "add 1 --ratio=50%", "add", "1", "none", "ratio=50%" },
  { "add --ratio 50% 1", "add", "1", "none", "ratio=50%" },
  { "--ratio 50% add 1", "add", "1", "none", "ratio=50%" },
  { "add 1 --primary --feedback=1 --reason='a b' --application-id org.x.Y", "add", "1", "none",
    "primary feedback=1 reason=a b application-id=org.x.Y" },
  { "add 1 --reason --json", "add", "1", "none", "reason=--json" },
  { "add 1 --reason=", "add", "1", "none", "reason=" },
  { "add 1 --ratio=1 --ratio=2", "add", "1", "none", "ratio=2" },
};

static const Right commands[] = {
  { "run sleep 1", "run", "", "sleep|1", "" },
  { "run -- sleep 1", "run", "", "sleep|1", "" },
  { "run --ratio=50% -- redis-server --json --ratio=1", "run", "", "redis-server|--json|--ratio=1",
    "ratio=50%" },
  { "run --ratio 50% redis-server --help", "run", "", "redis-server|--help", "ratio=50%" },
  { "--reason=x run ls --reason y", "run", "", "ls|--reason|y", "reason=x" },
  { "--no-ask-password run -- ls --no-ask-password", "run", "", "ls|--no-ask-password",
    "no-ask-password" },
  { "run -- -x", "run", "", "-x", "" },
  { "run -- --", "run", "", "--", "" },
  { "run ls -- -l", "run", "", "ls|--|-l", "" },
  { "run -- run -- ls", "run", "", "run|--|ls", "" },
  { "-- run -- ls", "run", "", "ls", "" },
  { "run '' x", "run", "", "|x", "" },
  { "feedback 4711 -- sh -c 'echo 1'", "feedback", "4711", "sh|-c|echo 1", "" },
  { "feedback 4711 sh --json", "feedback", "4711", "sh|--json", "" },
  { "feedback --no-ask-password t1 -- --version", "feedback", "t1", "--version",
    "no-ask-password" },
};

static void
assert_right (const Right *row)
{
  g_auto (GStrv) words = split (row->line);
  g_auto (HctlOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *arguments = NULL, *command = NULL, *given = NULL;

  g_test_message ("%s", row->line);
  g_assert_true (hctl_options_parse (words, &options, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (options.verb->name, ==, row->verb);
  arguments = join (options.arguments);
  command = join (options.command);
  given = describe (&options);
  g_assert_cmpstr (arguments, ==, row->arguments);
  g_assert_cmpstr (command, ==, row->command);
  g_assert_cmpstr (given, ==, row->options);
  g_assert_false (options.help || options.version);
}

static void
test_plain (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (plain); i++)
    assert_right (&plain[i]);
}

static void
test_values (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (values); i++)
    assert_right (&values[i]);
}

static void
test_commands (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    assert_right (&commands[i]);
}

static void
test_wrong_use (void)
{
  static const struct {
    const char *line;
    const char *message;
  } rows[] = {
    { "", "No verb is given" },
    { "--json", "No verb is given" },
    { "''", "There is no verb “”" },
    { "Status", "There is no verb “Status”" },
    { "status extra", "It is used so: hugepagectl status" },
    { "enable", "It is used so: hugepagectl enable PID" },
    { "add", "It is used so: hugepagectl add PID" },
    { "add 1 2", "It is used so: hugepagectl add PID" },
    { "remove", "It is used so: hugepagectl remove TARGET" },
    { "heatmap", "It is used so: hugepagectl heatmap TARGET" },
    { "stats 1 2", "It is used so: hugepagectl stats [TARGET]" },
    { "run", "It is used so: hugepagectl run -- CMD..." },
    { "run --", "It is used so: hugepagectl run -- CMD..." },
    { "run --ratio --", "It is used so: hugepagectl run -- CMD..." },
    { "feedback", "It is used so: hugepagectl feedback TARGET -- CMD..." },
    { "feedback 1", "It is used so: hugepagectl feedback TARGET -- CMD..." },
    { "feedback -- 1", "It is used so: hugepagectl feedback TARGET -- CMD..." },
    { "--jason status", "Unknown option --jason" },
    { "enable -1", "Unknown option -1" },
    { "add 1 --ratio", "Missing argument for --ratio" },
    { "enable 1 --json", "enable has nothing to print as JSON" },
    { "run --json ls", "run has nothing to print as JSON" },
    { "feedback --json 1 -- ls", "feedback has nothing to print as JSON" },
    { "enable 1 --ratio=1", "enable has no option --ratio" },
    { "status --all", "status has no option --all" },
    { "run --primary ls", "run has no option --primary" },
    { "feedback 1 --feedback=1 ls", "feedback has no option --feedback" },
    { "list --ascii", "list has no option --ascii" },
    { "set Ratio 1 --reason=", "set has no option --reason" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) words = split (rows[i].line);
    g_auto (HctlOptions) options = { 0 };
    g_autoptr (GError) error = NULL;

    g_test_message ("%s", rows[i].line);
    g_assert_false (hctl_options_parse (words, &options, &error));
    g_assert_cmpuint (error->domain, ==, G_OPTION_ERROR);
    g_assert_cmpstr (error->message, ==, rows[i].message);
  }
}

/* A command's words are the kernel's business, others are text. */
static void
test_what_is_no_text (void)
{
  char *refused[] = { (char *) "get", (char *) "\xff", NULL };
  char *passed_on[] = { (char *) "run", (char *) "ls", (char *) "\xff", NULL };
  g_auto (HctlOptions) options = { 0 }, others = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (hctl_options_parse (refused, &options, &error));
  g_assert_error (error, G_CONVERT_ERROR, G_CONVERT_ERROR_ILLEGAL_SEQUENCE);
  g_clear_error (&error);
  g_assert_true (hctl_options_parse (passed_on, &others, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (others.command[1], ==, "\xff");
}

static void
test_help_and_version (void)
{
  static const struct {
    const char *line;
    const char *verb; /* or NULL */
    gboolean version;
  } rows[] = {
    { "--help", NULL, FALSE },
    { "-h", NULL, FALSE },
    { "--version", NULL, TRUE },
    { "run --help", "run", FALSE },
    { "-h feedback", "feedback", FALSE },
    { "--help nonsense", NULL, FALSE },
    { "add --help 1 2 3", "add", FALSE },
    { "status --version", "status", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) words = split (rows[i].line);
    g_auto (HctlOptions) options = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_true (hctl_options_parse (words, &options, &error));
    g_assert_no_error (error);
    g_assert_cmpint (options.help, ==, !rows[i].version);
    g_assert_cmpint (options.version, ==, rows[i].version);
    g_assert_cmpstr (options.verb != NULL ? options.verb->name : NULL, ==, rows[i].verb);
  }
}

static void
test_every_example (void)
{
  gsize n_verbs;
  const HctlVerb *verbs = hctl_verbs_get_all (&n_verbs);

  for (gsize i = 0; i < n_verbs; i++) {
    g_auto (GStrv) words = split (verbs[i].example);
    g_auto (HctlOptions) options = { 0 };
    g_autoptr (GError) error = NULL;

    g_assert_cmpstr (words[0], ==, "hugepagectl");
    g_assert_true (hctl_options_parse (words + 1, &options, &error));
    g_assert_no_error (error);
    g_assert_true (options.verb == &verbs[i]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/options/verbs-and-their-words", test_plain);
  g_test_add_func ("/options/values", test_values);
  g_test_add_func ("/options/a-commands-words-are-its-own", test_commands);
  g_test_add_func ("/options/wrong-use", test_wrong_use);
  g_test_add_func ("/options/what-is-no-text", test_what_is_no_text);
  g_test_add_func ("/options/help-and-version", test_help_and_version);
  g_test_add_func ("/options/every-example-is-right-use", test_every_example);
  return g_test_run ();
}
