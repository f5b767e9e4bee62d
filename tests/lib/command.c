/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "command.h"

#include <string.h>

#define RUN_SECONDS 60

typedef struct {
  gboolean done;
  GBytes *output;
  GBytes *errors;
} Run;

static void
on_ended (GObject *process, GAsyncResult *result, gpointer data)
{
  Run *run = data;
  g_autoptr (GError) error = NULL;

  g_subprocess_communicate_finish (G_SUBPROCESS (process), result, &run->output, &run->errors,
                                   &error);
  g_assert_no_error (error);
  run->done = TRUE;
}

static gboolean
is_done (gpointer data)
{
  const Run *run = data;

  return run->done;
}

static char *
bytes_to_text (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  char *text = g_strndup (data != NULL ? data : "", length);

  g_assert_cmpuint (strlen (text), ==, length);
  g_bytes_unref (bytes);
  return text;
}

Outcome *
fixture_run_as (Fixture *self, const char *user, const char *const *argv)
{
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_autoptr (User) entry = user_lookup (user);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GError) error = NULL;
  Outcome *outcome = g_new0 (Outcome, 1);
  Run run = { 0 };

  g_subprocess_launcher_set_environ (launcher, self->environment);
  g_subprocess_launcher_set_child_setup (launcher, child_prepare, entry, NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, &error);
  g_assert_no_error (error);
  g_subprocess_communicate_async (process, NULL, NULL, on_ended, &run);
  if (!wait_until (is_done, &run, RUN_SECONDS))
    g_error ("%s still runs after %d s", argv[0], RUN_SECONDS);

  if (!g_subprocess_get_if_exited (process))
    g_error ("%s was ended by signal %d", argv[0], g_subprocess_get_term_sig (process));
  outcome->status = g_subprocess_get_exit_status (process);
  outcome->output = bytes_to_text (run.output);
  outcome->errors = bytes_to_text (run.errors);
  return outcome;
}

void
outcome_free (Outcome *outcome)
{
  g_free (outcome->output);
  g_free (outcome->errors);
  g_free (outcome);
}

/* Returns: (transfer full): what runs hugepagectl with @words. */
static GStrv
make_argv (Fixture *self, const char *user, const char *words)
{
  const char *program = g_getenv ("DH_HUGEPAGECTL");
  g_autofree char *shown = g_strescape (words, NULL);
  g_autofree char *installed = NULL;
  g_autofree char *line = NULL;
  g_autoptr (GError) error = NULL;
  GStrv argv;

  g_assert_nonnull (program);
  g_test_message ("%s: hugepagectl %.100s", user, shown);
  installed = fixture_install (self, program);
  line = g_strconcat (installed, " ", words, NULL);
  g_shell_parse_argv (line, NULL, &argv, &error);
  g_assert_no_error (error);
  return argv;
}

Outcome *
hugepagectl (Fixture *self, const char *user, const char *words)
{
  g_auto (GStrv) argv = make_argv (self, user, words);

  return fixture_run_as (self, user, (const char *const *) argv);
}

char *
hugepagectl_done (Fixture *self, const char *user, const char *words)
{
  g_autoptr (Outcome) outcome = hugepagectl (self, user, words);

  g_assert_cmpstr (outcome->errors, ==, "");
  g_assert_cmpint (outcome->status, ==, 0);
  return g_steal_pointer (&outcome->output);
}

JsonNode *
hugepagectl_json (Fixture *self, const char *user, const char *words)
{
  g_autofree char *with_option = g_strconcat ("--json ", words, NULL);
  g_autofree char *text = hugepagectl_done (self, user, with_option);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (node);
  g_assert_true (g_str_is_ascii (text));
  return node;
}

void
assert_failure (const Outcome *outcome, int status, const char *word)
{
  g_test_message ("%d: %.200s", outcome->status, g_strchomp (outcome->errors));
  g_assert_cmpint (outcome->status, ==, status);
  g_assert_cmpstr (outcome->output, ==, "");
  g_assert_true (g_str_has_prefix (outcome->errors, "hugepagectl: "));
  g_assert_null (strchr (outcome->errors, '\n'));
  g_assert_null (strstr (outcome->errors, "GDBus"));
  if (strstr (outcome->errors, word) == NULL)
    g_error ("%s: nothing about %s", outcome->errors, word);
}

void
hugepagectl_fails (Fixture *self, const char *user, const char *words, int status, const char *word)
{
  g_autoptr (Outcome) outcome = hugepagectl (self, user, words);

  assert_failure (outcome, status, word);
}

Child *
hugepagectl_begin (Fixture *self, const char *user, const char *words)
{
  g_auto (GStrv) argv = make_argv (self, user, words);
  g_autoptr (User) entry = user_lookup (user);
  g_autofree char *log = fixture_path (self, "hugepagectl.log");
  const ChildOptions options = { .user = entry,
                                 .environment = (const char *const *) self->environment,
                                 .log = log,
                                 .pipe_output = TRUE };
  Child *child = child_spawn ((const char *const *) argv, &options);

  g_ptr_array_add (self->children, child);
  return child;
}

char *
hugepagectl_read_errors (Fixture *self)
{
  g_autofree char *log = fixture_path (self, "hugepagectl.log");
  g_autoptr (GError) error = NULL;
  char *text;

  g_file_get_contents (log, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

typedef struct {
  Fixture *fixture;
  const char *word;
} ErrorWait;

static gboolean
has_error (gpointer data)
{
  const ErrorWait *wait = data;
  g_autofree char *text = hugepagectl_read_errors (wait->fixture);

  return strstr (text, wait->word) != NULL;
}

void
hugepagectl_expect_error (Fixture *self, const char *word, guint seconds)
{
  if (!wait_until (has_error, &(ErrorWait){ self, word }, seconds)) {
    g_autofree char *text = hugepagectl_read_errors (self);

    g_error ("nothing about %s in: %s", word, text);
  }
}

void
fixture_install_hugepagectl (Fixture *self)
{
  g_autofree char *program = fixture_install (self, g_getenv ("DH_HUGEPAGECTL"));
  g_autofree char *folder = g_path_get_dirname (program);
  g_autofree char *path = g_strconcat (folder, ":/usr/local/bin:/usr/bin:/bin", NULL);

  self->environment = g_environ_setenv (self->environment, "PATH", path, TRUE);
}

gboolean
has_row (const char *text, const char *line)
{
  g_auto (GStrv) rows = g_strsplit (text, "\n", -1);

  for (gsize i = 0; rows[i] != NULL; i++) {
    g_autoptr (GRegex) blanks = g_regex_new (" {2,}", 0, 0, NULL);
    g_autofree char *row = g_regex_replace_literal (blanks, rows[i], -1, 0, " ", 0, NULL);

    if (g_str_equal (g_strstrip (row), line))
      return TRUE;
  }
  return FALSE;
}

JsonObject *
find_object (JsonNode *list, const char *key, guint32 pid)
{
  JsonArray *array = json_node_get_array (list);

  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonObject *object = json_array_get_object_element (array, i);

    if (json_object_get_int_member (object, key) == pid)
      return object;
  }
  return NULL;
}

GStrv
find_row (const char *text, guint column, guint32 pid)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *number = g_strdup_printf ("%u", pid);

  for (gsize i = 0; lines[i] != NULL; i++) {
    GStrv fields = g_regex_split_simple (" {2,}", lines[i], 0, 0);

    if (g_strv_length (fields) > column && g_str_equal (fields[column], number))
      return fields;
    g_strfreev (fields);
  }
  return NULL;
}
