/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* What is written to the module, in which order, and what is never written. */

#define SECONDS 10
#define COMMIT_DELAY_MSEC 300

/* FIRST and SECOND stand for PIDs. */
typedef struct {
  const char *settings;
  const char *written;
} Step;

#define QUICK                                                                                      \
  "'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>, "                        \
  "'QuotaResetIntervalUSec': <@t 10000>"

/* Windows that are full at once. */
#define FULL QUICK ", 'MinAgeUSec': <@t 0>, 'QuotaSize': <@t 65536>"

/* What a drain writes besides the age that nothing reaches. */
#define NO_LIMITS                                                                                  \
  "quota_ms 0, quota_sz 0, quota_reset_interval_ms 0, quota_percentage_hugepage 1000000000, "

static char *
fill_in (const char *text, const guint32 *pids)
{
  static const char *const words[] = { "FIRST", "SECOND" };
  GString *filled = g_string_new (text);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    g_autofree char *pid = g_strdup_printf ("%u", pids[i]);

    g_string_replace (filled, words[i], pid, 0);
  }
  return g_string_free (filled, FALSE);
}

static void
assert_written (ModuleCase *self, const char *expected)
{
  g_autofree char *written = module_case_take_writes (self);

  g_assert_cmpstr (written, ==, expected);
}

static void
assert_running_in_order (ModuleCase *self)
{
  assert_parameter (self->model, "enabled", "Y");
  assert_parameter (self->model, "commit_inputs", "N");
  module_case_assert_in_force (self);
}

static void
take_step (ModuleCase *self, const Step *step, const guint32 *pids)
{
  g_autofree char *settings = fill_in (step->settings, pids);
  g_autofree char *expected = fill_in (step->written, pids);

  g_test_message ("%s", settings);
  module_case_configure (self, settings);
  assert_written (self, expected);
  if (kernel_model_get_number (self->model, "running"))
    assert_running_in_order (self);
}

static void
take_steps (ModuleCase *self, const Step *steps, guint n_steps)
{
  const guint32 pids[] = { fixture_process_of (&self->fixture, "alice"),
                           fixture_process_of (&self->fixture, "alice") };

  for (guint i = 0; i < n_steps; i++)
    take_step (self, &steps[i], pids);
}

static const Step life[] = {
  { "{}", "" },
  { "{'MinAgeUSec': <@t 100000>}", "" },
  { "{'MinAgeUSec': <@t 200000>}", "min_age 200000" },
  { "{'MinAgeUSec': <@t 200000>}", "" },
  { "{'QuotaResetIntervalUSec': <@t 2000000>, 'QuotaTimeUSec': <@t 20000>}",
    "quota_ms 20, quota_reset_interval_ms 2000" },
  { "{'StatisticsIntervalUSec': <@t 600000000>}", "" },
  { "{'Pid': <@u FIRST>}", "monitored_pid FIRST" },
  { "{'Pid': <@u FIRST>}", "" },
  { "{'Enabled': <true>}", "enabled Y" },
  { "{'Enabled': <true>, 'Pid': <@u FIRST>}", "" },
  { "{'Ratio': <@u 500>}", "quota_percentage_hugepage 500, commit_inputs Y" },
  { "{'Ratio': <@u 500>}", "" },
  { "{'Ratio': <@u 500>, 'Feedback': <@u 9000>}", "quota_autotune_feedback 9000, commit_inputs Y" },
  { "{'MaxRegions': <@t 3000>, 'MinRegions': <@t 2000>}",
    "min_nr_regions 2000, max_nr_regions 3000, commit_inputs Y" },
  { "{'MaxRegions': <@t 40>, 'MinRegions': <@t 30>}",
    "min_nr_regions 30, max_nr_regions 40, commit_inputs Y" },
  { "{'AggregationIntervalUSec': <@t 300000>, 'SampleIntervalUSec': <@t 150000>}",
    "sample_interval 150000, aggr_interval 300000, commit_inputs Y" },
  { "{'StatisticsIntervalUSec': <@t 0>}", "" },
  { "{" QUICK "}", "quota_ms 5, quota_reset_interval_ms 10, sample_interval 1000, aggr_interval "
                   "5000, commit_inputs Y" },
  { "{'Enabled': <false>}",
    "min_age 21474836475000, " NO_LIMITS
    "quota_autotune_feedback 0, sample_interval 5000, commit_inputs Y, enabled N, min_age 200000, "
    "quota_ms 5, quota_sz 134217728, quota_reset_interval_ms 10, quota_percentage_hugepage 500, "
    "quota_autotune_feedback 9000, sample_interval 1000" },
  { "{'Enabled': <false>}", "" },
  { "{'Feedback': <@u 10000>}", "quota_autotune_feedback 10000" },
  { "{'Pid': <@u SECOND>}", "monitored_pid SECOND" },
  { "{'Pid': <@u 0>}", "monitored_pid 0" },
};

static void
test_life (ModuleCase *self, gconstpointer data)
{
  take_steps (self, life, G_N_ELEMENTS (life));
}

#define ALL_SETTINGS                                                                               \
  "'Ratio': <@u 11>, 'Feedback': <@u 12>, 'MinAgeUSec': <@t 13>, 'QuotaTimeUSec': <@t 4000>, "     \
  "'QuotaSize': <@t 15>, 'QuotaResetIntervalUSec': <@t 16000>, 'AddressUnit': <@t 2>, "            \
  "'SampleIntervalUSec': <@t 1001>, 'AggregationIntervalUSec': <@t 5001>, 'MinRegions': <@t 17>, " \
  "'MaxRegions': <@t 18>, 'StatisticsIntervalUSec': <@t 1000000>"

#define ALL_FILES                                                                                  \
  "min_age 13, quota_ms 4, quota_sz 15, quota_reset_interval_ms 16, quota_percentage_hugepage "    \
  "11, quota_autotune_feedback 12, addr_unit 2, sample_interval 1001, aggr_interval 5001, "        \
  "min_nr_regions 17, max_nr_regions 18"

#define FILES_AT_FIRST                                                                             \
  "min_age 100000, quota_ms 10, quota_sz 134217728, quota_reset_interval_ms 1000, "                \
  "quota_percentage_hugepage 100, quota_autotune_feedback 0, addr_unit 1, sample_interval 5000, "  \
  "aggr_interval 100000, min_nr_regions 10, max_nr_regions 1000"

static void
reset (ModuleCase *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_method (self->fixture.connection, "Reset", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
}

static void
test_everything_at_once (ModuleCase *self, gconstpointer data)
{
  static const Step start = { "{'Enabled': <true>, " ALL_SETTINGS ", 'Pid': <@u FIRST>}",
                              ALL_FILES ", monitored_pid FIRST, enabled Y" };
  static const Step change = { "{" ALL_SETTINGS "}", ALL_FILES ", commit_inputs Y" };
  static const Step nothing = { "{" ALL_SETTINGS ", 'Enabled': <true>, 'Pid': <@u FIRST>}", "" };
  static const Step stop = {
    "{'Enabled': <false>}",
    "min_age 21474836475000, " NO_LIMITS "aggr_interval 5000, commit_inputs Y, enabled N, "
    "min_age 100000, quota_ms 10, quota_sz 134217728, quota_reset_interval_ms 1000, "
    "quota_percentage_hugepage 100, aggr_interval 100000"
  };
  const guint32 pids[] = { fixture_process_of (&self->fixture, "alice"), 0 };

  take_step (self, &start, pids);
  reset (self);
  assert_written (self, FILES_AT_FIRST ", commit_inputs Y");
  assert_running_in_order (self);
  reset (self);
  assert_written (self, "");
  take_step (self, &change, pids);
  take_step (self, &nothing, pids);
  reset (self);
  kernel_model_command (self->model, "clear-log");
  take_step (self, &stop, pids);
  reset (self);
  assert_written (self, "");
}

static guint
count_lines (char **lines, guint begin, const char *line)
{
  guint n = 0;

  while (lines[begin + n] && g_str_equal (lines[begin + n], line))
    n++;
  return n;
}

static guint
find_line (char **lines, const char *line)
{
  for (guint i = 0; lines[i]; i++)
    if (g_str_equal (lines[i], line))
      return i;
  g_error ("The log has no line \"%s\"", line);
}

/* The commit is waited for by nothing but reading whether it is taken; then all is read back. */
static void
test_waits_for_the_commit (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *log = NULL;
  g_auto (GStrv) lines = NULL;
  gint64 begin;
  guint commit, n_reads;

  module_case_serve (self, pid, ", " QUICK);
  kernel_model_command (self->model, "commit-delay %d", COMMIT_DELAY_MSEC);
  kernel_model_command (self->model, "clear-log");
  kernel_model_command (self->model, "log-reads on");
  begin = g_get_monotonic_time ();
  module_case_configure (self, "{'Ratio': <@u 500>, 'QuotaSize': <@t 4096>}");
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, COMMIT_DELAY_MSEC * 1000);
  kernel_model_command (self->model, "log-reads off");
  log = kernel_model_dup_log (self->model);
  lines = g_strsplit (log, "\n", -1);
  commit = find_line (lines, "write commit_inputs Y ok");
  g_assert_cmpuint (find_line (lines, "write quota_sz 4096 ok"), <, commit);
  g_assert_cmpuint (find_line (lines, "write quota_percentage_hugepage 500 ok"), <, commit);
  n_reads = count_lines (lines, commit + 1, "read commit_inputs");
  g_assert_cmpuint (n_reads, >=, 2);
  find_line (lines + commit + 1 + n_reads, "read quota_sz");
  find_line (lines + commit + 1 + n_reads, "read quota_percentage_hugepage");
  assert_running_in_order (self);
}

typedef struct {
  ModuleCase *test;
  gint64 than;
} Growth;

static gboolean
has_tried_more (gpointer data)
{
  const Growth *growth = data;
  g_autofree char *tried = kernel_model_read (growth->test->model, "nr_hugepage_tried_regions");

  return g_ascii_strtoll (tried, NULL, 10) > growth->than;
}

static void
assert_works (ModuleCase *self)
{
  g_autofree char *tried = kernel_model_read (self->model, "nr_hugepage_tried_regions");

  g_assert_true (
    wait_until (has_tried_more, &(Growth){ self, g_ascii_strtoll (tried, NULL, 10) }, SECONDS));
}

/* A stop while windows are full, which without a drain would be the last one. */
typedef struct {
  const char *name;
  const char *order;  /* to the model (nullable) */
  const char *change; /* before the stop (nullable) */
} Stop;

static const Stop stops[] = {
  { "in short intervals", NULL, NULL },
  { "in the default intervals", NULL,
    "{'SampleIntervalUSec': <@t 5000>, 'AggregationIntervalUSec': <@t 100000>}" },
  { "with a second between samples", NULL,
    "{'SampleIntervalUSec': <@t 1000000>, 'AggregationIntervalUSec': <@t 10000000>}" },
  { "over the goal", "huge-ratio 10000", "{'Ratio': <@u 50>}" },
  { "far below the goal", "huge-ratio 0", "{'Ratio': <@u 10000>}" },
  { "with a quota below a region", NULL, "{'QuotaSize': <@t 15>}" },
  { "while told of success", NULL, "{'Feedback': <@u 20000>}" },
};

static void
stop_with_full_windows (ModuleCase *self, const Stop *stop, guint32 pid)
{
  g_autofree char *before = NULL, *after = NULL, *written = NULL;

  g_test_message ("%s", stop->name);
  kernel_model_command (self->model, "height 65536");
  module_case_serve (self, pid, ", " FULL);
  assert_works (self);
  kernel_model_wait (self->model, "mark", "1", SECONDS);
  if (stop->order)
    kernel_model_command (self->model, "%s", stop->order);
  if (stop->change)
    module_case_configure (self, stop->change);
  wait_for (100);
  before = module_case_dup_inputs (self);
  kernel_model_command (self->model, "clear-log");
  module_case_configure (self, "{'Enabled': <false>}");
  g_assert_cmpint (kernel_model_get_number (self->model, "mark"), ==, 0);
  g_assert_cmpint (kernel_model_get_number (self->model, "trapped"), ==, 0);
  written = module_case_take_writes (self);
  g_assert_nonnull (strstr (written, "commit_inputs Y, enabled N, "));
  g_assert_null (strstr (strstr (written, "commit_inputs") + 1, "commit_inputs"));
  after = module_case_dup_inputs (self);
  g_assert_cmpstr (strchr (after, '\n'), ==, strchr (before, '\n'));
  assert_parameter (self->model, "enabled", "N");
}

static void
test_stops (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  for (guint i = 0; i < G_N_ELEMENTS (stops); i++) {
    stop_with_full_windows (self, &stops[i], pid);
    kernel_model_command (self->model, "huge-ratio target");
    reset (self);
    kernel_model_command (self->model, "height 65536");
    module_case_serve (self, pid, ", " FULL);
    assert_works (self);
    module_case_configure (self, "{'Enabled': <false>}");
  }
}

#define DRAIN                                                                                      \
  "min_age 21474836475000, " NO_LIMITS "sample_interval 5000, commit_inputs Y, enabled N, "

static const Step switches[] = {
  { "{'Pid': <@u FIRST>, 'Enabled': <true>, " FULL "}",
    "min_age 0, quota_ms 5, quota_sz 65536, quota_reset_interval_ms 10, sample_interval 1000, "
    "aggr_interval 5000, monitored_pid FIRST, enabled Y" },
  { "{'Pid': <@u SECOND>}",
    DRAIN "min_age 0, quota_ms 5, quota_sz 65536, quota_reset_interval_ms 10, "
          "quota_percentage_hugepage 100, sample_interval 1000, monitored_pid SECOND, enabled Y" },
  { "{'Pid': <@u FIRST>, 'Ratio': <@u 900>, 'MinAgeUSec': <@t 7>, 'QuotaSize': <@t 65537>}",
    DRAIN "min_age 7, quota_ms 5, quota_sz 65537, quota_reset_interval_ms 10, "
          "quota_percentage_hugepage 900, sample_interval 1000, monitored_pid FIRST, enabled Y" },
  { "{'Pid': <@u SECOND>, 'Enabled': <false>}",
    DRAIN "min_age 7, quota_ms 5, quota_sz 65537, quota_reset_interval_ms 10, "
          "quota_percentage_hugepage 900, sample_interval 1000, monitored_pid SECOND" },
  { "{'Enabled': <true>}", "enabled Y" },
};

/* The ranges of one are never those of the other. */
static void
test_change_of_process (ModuleCase *self, gconstpointer data)
{
  const guint32 pids[] = { fixture_process_of (&self->fixture, "alice"),
                           fixture_process_of (&self->fixture, "alice") };

  kernel_model_command (self->model, "height 65536");
  for (guint i = 0; i < G_N_ELEMENTS (switches); i++) {
    take_step (self, &switches[i], pids);
    g_assert_cmpint (kernel_model_get_number (self->model, "stale-ranges"), ==, 0);
    if (kernel_model_get_number (self->model, "running"))
      assert_works (self);
  }
}

static void
test_many_at_once (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  Call *calls[50];

  module_case_serve (self, pid, ", " QUICK);
  kernel_model_command (self->model, "clear-log");
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    calls[i] = set_property_begin (self->fixture.connection, "Feedback",
                                   g_variant_new_uint32 (5001 + i), CALL_PLAIN);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_answer (calls[i], NULL);
  assert_parameter (self->model, "quota_autotune_feedback", "5050");
  assert_property (self->fixture.connection, "Feedback", g_variant_new_uint32 (5050));
  assert_running_in_order (self);
  g_assert_cmpuint (kernel_model_count_writes (self->model, "quota_autotune_feedback"), ==, 50);
  g_assert_cmpuint (kernel_model_count_writes (self->model, "commit_inputs"), ==, 50);
  g_assert_cmpuint (kernel_model_count_writes (self->model, NULL), ==, 100);
}

#define ADD(path, test)                                                                            \
  g_test_add ("/module/protocol/" path, ModuleCase, NULL, module_case_set_up, test,                \
              module_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("a-life", test_life);
  ADD ("everything-at-once", test_everything_at_once);
  ADD ("waits-for-the-commit", test_waits_for_the_commit);
  ADD ("stops", test_stops);
  ADD ("change-of-process", test_change_of_process);
  ADD ("many-at-once", test_many_at_once);
  return g_test_run ();
}
