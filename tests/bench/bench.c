/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Runs the measurements, each in a process of its own, and says which bounds are met. */

#include "measurement.h"

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

#define MEASUREMENT_SECONDS 600

static gboolean smoke, is_long;

/* What runs besides, by the variable that the fixture and the measurements know it by. */
static const struct {
  const char *name;
  const char *path; /* in the build folder */
} programs[] = {
  { "DH_SERVICE", "service/damon-hugepaged" },
  { "DH_HUGEPAGECTL", "client/hugepagectl/hugepagectl" },
  { "DH_HOTMAP", "tests/programs/hotmap" },
  { "DH_HOSTMEM_WARM", "tests/programs/hostmem-warm" },
  { "DH_PARKED", "tests/programs/parked" },
  { "DH_MIXMAP", "tests/bench/mixmap" },
  { "DH_PLAIN_SERVICE", "tests/bench/plain-service" },
  { "DH_PLAIN_CLIENT", "tests/bench/plain-client" },
  { "DH_CALLER", "tests/bench/caller" },
  { "DH_FLOODER", "tests/bench/flooder" },
};

/* Whoever names another program in the environment gets that. */
static void
name_programs (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++) {
    g_autofree char *path = g_build_filename (BUILD_FOLDER, programs[i].path, NULL);

    g_setenv (programs[i].name, path, FALSE);
  }
  g_setenv ("DH_DATA", DATA_FOLDER, FALSE);
}

/* In the process of a measurement stdout is for its figures alone. */
static void
print_to_stderr (const char *text)
{
  fputs (text, stderr);
}

static void
run_measurement (gconstpointer data)
{
  const Measurement *measurement = data;

  measurement->run (smoke, is_long);
}

static int
measure (const char *program, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/bench/%s", name);
  g_autofree char *program_copy = g_strdup (program);
  char *arguments[] = { program_copy, NULL };
  char **argv = arguments;
  int argc = 1;

  g_set_print_handler (print_to_stderr);
  g_test_init (&argc, &argv, NULL);
  for (const Measurement *measurement = measurements; measurement->name; measurement++)
    if (g_str_equal (measurement->name, name))
      g_test_add_data_func (path, measurement, run_measurement);
  return g_test_run ();
}

/* Of one figure: what the table says. */
typedef struct {
  const Figure *figure;
  Estimate estimate;
  gboolean measured;
  gboolean met;
} Outcome;

typedef struct {
  GArray *outcomes; /* Outcome */
  gboolean failed;
} Bench;

static double
get_number (JsonObject *object, const char *name)
{
  return json_object_get_null_member (object, name) ? G_MAXDOUBLE
                                                    : json_object_get_double_member (object, name);
}

static void
take_line (const char *line, GHashTable *seen)
{
  g_autoptr (JsonNode) node = json_from_string (line, NULL);
  const Figure *figure;
  JsonObject *object;
  Outcome *outcome;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return;
  object = json_node_get_object (node);
  figure = figure_find (json_object_get_string_member_with_default (object, "name", ""));
  if (!figure)
    return;
  puts (line);
  fflush (stdout);
  outcome = g_new (Outcome, 1);
  *outcome = (Outcome){ .figure = figure,
                        .estimate = { get_number (object, "value"), get_number (object, "low"),
                                      get_number (object, "high") },
                        .measured = TRUE,
                        .met = json_object_get_boolean_member_with_default (object, "met", FALSE) };
  g_hash_table_insert (seen, (gpointer) figure, outcome);
}

static gboolean
kill_late (gpointer data)
{
  g_printerr ("  too long: ended\n");
  g_subprocess_force_exit (data);
  return G_SOURCE_REMOVE;
}

static void
on_exited (GObject *source, GAsyncResult *result, gpointer data)
{
  gboolean *done = data;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  *done = TRUE;
}

/* Runs it; @seen: (element-type Figure Outcome): what it reported. */
static gboolean
spawn (const char *program, const Measurement *measurement, GHashTable *seen)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GFileIOStream) stream = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GSubprocess) process = NULL;
  g_autoptr (GFile) file = g_file_new_tmp ("bench-XXXXXX", &stream, NULL);
  g_autofree char *output = NULL, *path = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean done = FALSE;
  guint late;

  g_assert_nonnull (file);
  path = g_file_get_path (file);
  g_ptr_array_add (argv, (gpointer) program);
  g_ptr_array_add (argv, (gpointer) "--measure");
  g_ptr_array_add (argv, (gpointer) measurement->name);
  if (smoke)
    g_ptr_array_add (argv, (gpointer) "--smoke");
  if (is_long)
    g_ptr_array_add (argv, (gpointer) "--long");
  g_ptr_array_add (argv, NULL);
  g_subprocess_launcher_set_stdout_file_path (launcher, path);
  process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, NULL);
  g_assert_nonnull (process);
  late = g_timeout_add_seconds (is_long ? 2 * MEASUREMENT_SECONDS : MEASUREMENT_SECONDS, kill_late,
                                process);
  g_subprocess_wait_async (process, NULL, on_exited, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  if (g_main_context_find_source_by_id (NULL, late))
    g_source_remove (late);
  if (g_file_get_contents (path, &output, NULL, NULL))
    lines = g_strsplit (output, "\n", -1);
  for (char **line = lines; line && *line; line++)
    take_line (*line, seen);
  g_file_delete (file, NULL, NULL);
  return g_subprocess_get_successful (process);
}

static void
run_one (Bench *self, const char *program, const Measurement *measurement)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  const gint64 start = g_get_monotonic_time ();

  g_printerr ("%s\n", measurement->name);
  if (!spawn (program, measurement, seen)) {
    g_printerr ("%s could not be measured\n", measurement->name);
    self->failed = TRUE;
  }
  for (const Figure *figure = figures; figure->name; figure++) {
    const Outcome *outcome = g_hash_table_lookup (seen, figure);

    if (!g_str_equal (figure->measurement, measurement->name))
      continue;
    if (outcome) {
      g_array_append_vals (self->outcomes, outcome, 1);
      self->failed |= !outcome->met && !smoke;
    } else {
      g_array_append_vals (self->outcomes, &(Outcome){ .figure = figure }, 1);
      self->failed = TRUE;
    }
  }
  g_printerr ("  %d s\n", (int) ((g_get_monotonic_time () - start) / G_USEC_PER_SEC));
}

static void
print_table (const Bench *self)
{
  fprintf (stderr, "\n%-22s %10s %10s %10s  %-9s %-8s\n", "figure", "value", "low", "high", "unit",
           "bound");
  for (guint i = 0; i < self->outcomes->len; i++) {
    const Outcome *outcome = &g_array_index (self->outcomes, Outcome, i);
    g_autofree char *bound = figure_format_bound (outcome->figure);
    const gboolean is_held = outcome->figure->kind != BOUND_NONE && !smoke;
    const char *verdict = !outcome->measured ? "not measured"
                          : !is_held         ? ""
                          : outcome->met     ? "met"
                                             : "MISSED";

    fprintf (stderr, "%-22s %10.4g %10.4g %10.4g  %-9s %-8s %s\n", outcome->figure->name,
             outcome->estimate.value, outcome->estimate.low, outcome->estimate.high,
             outcome->figure->unit, bound, verdict);
  }
}

/* Whether it measures one of @names, figures' or its own; all of them are measured for none. */
static gboolean
is_wanted (const Measurement *measurement, char *const *names)
{
  for (; names && *names; names++) {
    const Figure *figure = figure_find (*names);

    if (g_str_equal (measurement->name, *names)
        || (figure && g_str_equal (figure->measurement, measurement->name)))
      return TRUE;
    if (!names[1])
      return FALSE;
  }
  return TRUE;
}

static int
run_all (const char *program, char *const *names)
{
  g_autoptr (GArray) outcomes = g_array_new (FALSE, FALSE, sizeof (Outcome));
  Bench bench = { .outcomes = outcomes };

  for (const Measurement *measurement = measurements; measurement->name; measurement++)
    if (is_wanted (measurement, names))
      run_one (&bench, program, measurement);
  print_table (&bench);
  if (outcomes->len == 0) {
    g_printerr ("There is no such figure\n");
    return EXIT_FAILURE;
  }
  return bench.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  g_auto (GStrv) only = NULL;
  g_autofree char *measured = NULL;
  const GOptionEntry entries[] = {
    { "only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &only, "Measure this figure; may be repeated",
      "NAME" },
    { "smoke", 0, 0, G_OPTION_ARG_NONE, &smoke, "Short: only whether it runs", NULL },
    { "long", 0, 0, G_OPTION_ARG_NONE, &is_long, "A flood of ten minutes instead of three", NULL },
    { "measure", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &measured, NULL, NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  name_programs ();
  return measured ? measure (argv[0], measured) : run_all (argv[0], only);
}
