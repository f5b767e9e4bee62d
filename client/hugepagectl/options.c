/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "options.h"

#include "verbs.h"

static const struct {
  const char *name;
  char letter; /* or 0 */
  int option;  /* an HctlOption; 0: every verb takes it */
  int flags;   /* of GOptionFlags */
  gsize offset;
  const char *value; /* what the help calls its value; NULL: it has none */
  const char *help;
} rows[] = {
  { "all", 0, HCTL_OPTION_ALL, 0, G_STRUCT_OFFSET (HctlOptions, all), NULL,
    "Other users' processes as well" },
  { "ascii", 0, HCTL_OPTION_ASCII, 0, G_STRUCT_OFFSET (HctlOptions, ascii), NULL,
    "Draw with plain ASCII" },
  { "primary", 0, HCTL_OPTION_PRIMARY, 0, G_STRUCT_OFFSET (HctlOptions, primary), NULL,
    "Make it the primary target, as enable does" },
  { "ratio", 0, HCTL_OPTION_RATIO, 0, G_STRUCT_OFFSET (HctlOptions, ratio), "SHARE",
    "Wanted share of huge pages, basis points or with %" },
  { "feedback", 0, HCTL_OPTION_FEEDBACK, 0, G_STRUCT_OFFSET (HctlOptions, feedback), "VALUE",
    "How well it does: 100% is \"goal met\", below, more is done" },
  { "reason", 0, HCTL_OPTION_REASON, 0, G_STRUCT_OFFSET (HctlOptions, reason), "TEXT",
    "A few words for those who look at the target" },
  { "application-id", 0, HCTL_OPTION_APPLICATION_ID, 0,
    G_STRUCT_OFFSET (HctlOptions, application_id), "ID",
    "Application on whose behalf it is added" },
  { "json", 0, HCTL_OPTION_JSON, 0, G_STRUCT_OFFSET (HctlOptions, json), NULL, "Print JSON" },
  { "no-ask-password", 0, 0, G_OPTION_FLAG_REVERSE, G_STRUCT_OFFSET (HctlOptions, ask), NULL,
    "Fail where a password would have to be asked for" },
  { "help", 'h', 0, 0, G_STRUCT_OFFSET (HctlOptions, help), NULL, "Show this help, or a verb's" },
  { "version", 0, 0, 0, G_STRUCT_OFFSET (HctlOptions, version), NULL, "Show the version" },
};

/* The words of a command line, told apart. */
typedef struct {
  GPtrArray *options; /* for GOption: begins with a program's name */
  GPtrArray *words;
  char **command;
} Split;

/* Whether the value of the option @word is the word after it. */
static gboolean
has_value_apart (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].value != NULL && g_str_has_prefix (word, "--")
        && g_str_equal (word + strlen ("--"), rows[i].name))
      return TRUE;
  return FALSE;
}

static void
split_words (char **words, Split *split)
{
  const HctlVerb *verb = NULL;
  gboolean only_words = FALSE;

  for (; *words != NULL; words++) {
    gboolean takes_command = verb != NULL && verb->takes_command;

    if (takes_command && g_str_equal (*words, "--")) {
      split->command = words + 1;
      return;
    }
    if (!only_words && g_str_equal (*words, "--")) {
      only_words = TRUE;
    } else if (!only_words && **words == '-' && (*words)[1] != '\0') {
      g_ptr_array_add (split->options, *words);
      if (has_value_apart (*words) && words[1] != NULL)
        g_ptr_array_add (split->options, *++words);
    } else if (takes_command && split->words->len - 1 == verb->max_arguments) {
      split->command = words;
      return;
    } else {
      g_ptr_array_add (split->words, *words);
      if (split->words->len == 1)
        verb = hctl_verbs_find (*words);
    }
  }
  split->command = words;
}

static gboolean
parse_options (GPtrArray *words, HctlOptions *options, GError **error)
{
  g_autoptr (GOptionContext) parser = g_option_context_new (NULL);
  GOptionEntry entries[G_N_ELEMENTS (rows) + 1] = { 0 };
  int n_words = (int) words->len;
  char **list;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    entries[i] = (GOptionEntry){
      .long_name = rows[i].name,
      .short_name = rows[i].letter,
      .flags = rows[i].flags,
      .arg = rows[i].value != NULL ? G_OPTION_ARG_STRING : G_OPTION_ARG_NONE,
      .arg_data = G_STRUCT_MEMBER_P (options, rows[i].offset),
    };
  options->ask = TRUE;
  g_ptr_array_add (words, NULL);
  list = (char **) words->pdata;
  g_option_context_set_help_enabled (parser, FALSE);
  g_option_context_add_main_entries (parser, entries, NULL);
  return g_option_context_parse (parser, &n_words, &list, error);
}

/* Returns: (transfer full): @words after the first, or NULL. */
static char **
take_arguments (GPtrArray *words, GError **error)
{
  g_autoptr (GStrvBuilder) arguments = g_strv_builder_new ();

  for (guint i = 1; i < words->len; i++) {
    g_autofree char *text = g_locale_to_utf8 (words->pdata[i], -1, NULL, NULL, error);

    if (text == NULL)
      return NULL;
    g_strv_builder_add (arguments, text);
  }
  return g_strv_builder_end (arguments);
}

/* Whether @verb takes all options that were given. */
static gboolean
check_options (const HctlVerb *verb, const HctlOptions *options, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    gconstpointer member = G_STRUCT_MEMBER_P (options, rows[i].offset);
    gboolean given =
      rows[i].value != NULL ? *(char *const *) member != NULL : *(const gboolean *) member;

    if (!given || rows[i].option == 0 || (verb->options & (guint) rows[i].option) != 0)
      continue;
    if (rows[i].option == HCTL_OPTION_JSON)
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "%s has nothing to print as JSON",
                   verb->name);
    else
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION, "%s has no option --%s",
                   verb->name, rows[i].name);
    return FALSE;
  }
  return TRUE;
}

/* Errors: G_OPTION_ERROR. */
static gboolean
check_use (const HctlOptions *options, guint n_arguments, GError **error)
{
  const HctlVerb *verb = options->verb;

  if (n_arguments < verb->min_arguments || n_arguments > verb->max_arguments
      || (verb->takes_command && *options->command == NULL)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "It is used so: hugepagectl %s%s",
                 verb->name, verb->arguments);
    return FALSE;
  }
  return check_options (verb, options, error);
}

static gboolean
understand (const Split *split, HctlOptions *options, GError **error)
{
  const char *name = split->words->len > 0 ? split->words->pdata[0] : NULL;

  options->verb = name != NULL ? hctl_verbs_find (name) : NULL;
  if (options->help || options->version)
    return TRUE;

  if (name == NULL) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "No verb is given");
    return FALSE;
  }
  if (options->verb == NULL) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, "There is no verb “%s”", name);
    return FALSE;
  }

  options->command = options->verb->takes_command ? split->command : NULL;
  if (!check_use (options, split->words->len - 1, error))
    return FALSE;
  options->arguments = take_arguments (split->words, error);
  return options->arguments != NULL;
}

gboolean
hctl_options_parse (char **words, HctlOptions *options, GError **error)
{
  g_autoptr (GPtrArray) given = g_ptr_array_new ();
  g_autoptr (GPtrArray) rest = g_ptr_array_new ();
  Split split = { .options = given, .words = rest };

  g_ptr_array_add (given, (gpointer) "hugepagectl");
  split_words (words, &split);
  return parse_options (given, options, error) && understand (&split, options, error);
}

void
hctl_options_clear (HctlOptions *options)
{
  g_clear_pointer (&options->arguments, g_strfreev);
  g_clear_pointer (&options->ratio, g_free);
  g_clear_pointer (&options->feedback, g_free);
  g_clear_pointer (&options->reason, g_free);
  g_clear_pointer (&options->application_id, g_free);
}

char *
hctl_options_describe (guint mask)
{
  GString *text = g_string_new ("Options:\n");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) names = g_string_new (NULL);

    if (rows[i].option != 0 && (mask & (guint) rows[i].option) == 0)
      continue;
    if (rows[i].letter != 0)
      g_string_append_printf (names, "-%c, ", rows[i].letter);
    g_string_append_printf (names, "--%s", rows[i].name);
    if (rows[i].value != NULL)
      g_string_append_printf (names, "=%s", rows[i].value);
    g_string_append_printf (text, "  %-19s  %s\n", names->str, rows[i].help);
  }
  return g_string_free (text, FALSE);
}
