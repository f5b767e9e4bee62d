/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engine-case.h"
#include "module-case.h"

#include <signal.h>
#include <string.h>

/* The kernel's five counters, of one target; and what is measured of its memory. */

#define SECONDS 10
#define BLOCK PAGE_TABLES_BLOCK_SIZE

static const struct {
  const char *key;
  const char *file;
} counters[] = {
  { "tried-regions", "nr_hugepage_tried_regions" },
  { "tried-bytes", "bytes_hugepage_tried_regions" },
  { "collapsed-regions", "nr_hugepage_regions" },
  { "collapsed-bytes", "bytes_hugepage_regions" },
  { "quota-exceeds", "nr_quota_exceeds" },
};

static const struct {
  const char *key;
  const char *type;
} measured[] = {
  { "timestamp", "t" },      { "goal", "u" },  { "anonymous-bytes", "t" },
  { "hugepage-bytes", "t" }, { "ratio", "u" },
};

#define N_KEYS (G_N_ELEMENTS (counters) + G_N_ELEMENTS (measured))

/* Nothing moves them but set-counters: regions never grow as old. */
#define AT_REST                                                                                    \
  ", 'StatisticsIntervalUSec': <@t 250000>, 'MinAgeUSec': <@t 3600000000>,"                        \
  " 'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 20000>,"                       \
  " 'QuotaResetIntervalUSec': <@t 3600000000>"

static GVariant *
get_figures (ModuleCase *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
    call_method (self->fixture.connection, "GetStatistics", NULL, CALL_PLAIN, &error);

  g_assert_no_error (error);
  return g_variant_get_child_value (reply, 0);
}

/* Of the five, in their order. */
static gboolean
are_counters (GVariant *figures, const guint64 *expected)
{
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++) {
    guint64 value;

    if (!g_variant_lookup (figures, counters[i].key, "t", &value) || value != expected[i])
      return FALSE;
  }
  return TRUE;
}

typedef struct {
  ModuleCase *self;
  const guint64 *expected;
} Wanted;

static gboolean
have_counters (gpointer data)
{
  const Wanted *wanted = data;
  g_autoptr (GVariant) figures = get_figures (wanted->self);

  return are_counters (figures, wanted->expected);
}

static void
assert_counters (ModuleCase *self, const guint64 *expected)
{
  g_autoptr (GVariant) figures = NULL;
  g_autofree char *text = NULL;

  if (wait_until (have_counters, &(Wanted){ self, expected }, 2))
    return;
  figures = get_figures (self);
  text = g_variant_print (figures, FALSE);
  g_error ("The counters are not as they should be: %s", text);
}

static void
assert_keys (GVariant *figures)
{
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    g_assert_true (g_variant_lookup (figures, counters[i].key, "t", NULL));
  for (guint i = 0; i < G_N_ELEMENTS (measured); i++)
    g_assert_true (g_variant_lookup (figures, measured[i].key, measured[i].type, NULL));
  g_assert_cmpuint (g_variant_n_children (figures), ==, N_KEYS);
}

static void
set_counters (ModuleCase *self, const guint64 *values)
{
  kernel_model_command (self->model,
                        "set-counters %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                        " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                        values[0], values[1], values[2], values[3], values[4]);
}

static const guint64 nothing[] = { 0, 0, 0, 0, 0 };
static const guint64 before[] = { 100, G_GUINT64_CONSTANT (200000000000), 30, 40000, 5 };
static const guint64 moved[] = { 101, G_GUINT64_CONSTANT (200000000002), 33, 40004, 10 };
static const guint64 difference[] = { 1, 2, 3, 4, 5 };

static void
test_since_enabled (ModuleCase *self, gconstpointer data)
{
  module_case_start (self, NULL);
  set_counters (self, before);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), AT_REST);
  assert_counters (self, nothing);
  set_counters (self, moved);
  assert_counters (self, difference);
  module_case_configure (self, "{'Ratio': <@u 55>}");
  assert_counters (self, difference);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  assert_counters (self, nothing);
  module_case_configure (self, "{'Enabled': <false>}");
  set_counters (self, before);
  module_case_configure (self, "{'Enabled': <true>}");
  module_case_wait_state (self, "running", SECONDS);
  assert_counters (self, nothing);
}

static void
test_go_on_after_a_crash (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  module_case_start (self, NULL);
  set_counters (self, before);
  module_case_serve (self, pid, AT_REST);
  assert_counters (self, nothing);
  wait_for_files ();
  for (guint i = 0; i < 2; i++) {
    fixture_service_kill (&self->fixture);
    set_counters (self, moved);
    module_case_start (self, NULL);
    module_case_wait_state (self, "running", SECONDS);
    assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (pid));
    assert_counters (self, difference);
  }
}

static void
test_of_theirs (ModuleCase *self, gconstpointer data)
{
  g_autoptr (SignalWatch) watch =
    signal_watch_new (self->fixture.connection, NULL, "StatisticsUpdated");
  g_autoptr (GVariant) figures = NULL;
  guint32 goal;

  kernel_model_set (self->model, "quota_percentage_hugepage", "432\n");
  module_case_begin_foreign (self, fixture_process_of (&self->fixture, "alice"));
  kernel_model_set (self->model, "min_age", "3600000000\n");
  kernel_model_set (self->model, "quota_reset_interval_ms", "3600000\n");
  kernel_model_set (self->model, "commit_inputs", "Y\n");
  assert_parameter_eventually (self->model, "commit_inputs", "N", 1);
  set_counters (self, before);
  wait_for (100); /* as read by everybody */
  kernel_model_command (self->model, "clear-log");
  module_case_start (self, NULL);
  assert_counters (self, before);
  module_case_configure_service (self, "[Defaults module]\nStatisticsIntervalUSec=250000\n");
  module_case_stop (self);
  module_case_start (self, NULL);
  g_assert_true (signal_watch_wait (watch, 2, 2));
  set_counters (self, moved);
  assert_counters (self, moved);
  figures = get_figures (self);
  assert_keys (figures);
  g_assert_true (g_variant_lookup (figures, "goal", "u", &goal));
  g_assert_cmpuint (goal, ==, 432);
  module_case_assert_unwritten (self);
}

/* What counted for ours does not count for theirs. */
static void
test_of_theirs_after_ours (ModuleCase *self, gconstpointer data)
{
  const guint32 theirs = fixture_process_of (&self->fixture, "bob");

  module_case_start (self, NULL);
  set_counters (self, before);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), AT_REST);
  assert_counters (self, nothing);
  module_case_configure (self, "{'Enabled': <false>}");
  kernel_model_set (self->model, "monitored_pid", "%u\n", theirs);
  kernel_model_set (self->model, "enabled", "Y\n");
  set_counters (self, moved);
  assert_property_eventually (self->fixture.connection, "Pid", g_variant_new_uint32 (theirs), 1);
  assert_counters (self, moved);
}

static guint64
look_up (GVariant *figures, const char *key)
{
  guint64 value;

  g_assert_true (g_variant_lookup (figures, key, "t", &value));
  return value;
}

/* Ends with the target at rest, some of its memory huge. */
static Child *
serve_until_huge (ModuleCase *self)
{
  Child *hotmap = fixture_hotmap_as (&self->fixture, "alice", NULL, "--hot=16", "--cold=16", NULL);
  const gint64 end = wait_deadline (SECONDS);

  module_case_serve (self, (guint32) child_get_pid (hotmap),
                     MODULE_QUICKLY ", 'Ratio': <@u 9000>, 'QuotaTimeUSec': <@t 0>,"
                                    " 'StatisticsIntervalUSec': <@t 250000>");
  kernel_model_command (self->model, "height 67108864");
  while (engine_read_memory (child_get_pid (hotmap), "AnonHugePages") < 4 * BLOCK) {
    g_assert_cmpint (g_get_monotonic_time (), <, end);
    wait_for (50);
  }
  module_case_configure (self, "{'MinAgeUSec': <@t 3600000000>}");
  child_signal (hotmap, SIGSTOP);
  return hotmap;
}

static gboolean
is_measured (gpointer data)
{
  ModuleCase *self = data;
  const GPid pid = (GPid) kernel_model_get_number (self->model, "target-pid");
  g_autoptr (GVariant) figures = get_figures (self);

  return look_up (figures, "anonymous-bytes") == engine_read_memory (pid, "Anonymous")
         && look_up (figures, "hugepage-bytes") == engine_read_memory (pid, "AnonHugePages");
}

static void
test_measured_as_by_the_kernel (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GVariant) figures = NULL;
  guint32 ratio;

  module_case_start (self, NULL);
  serve_until_huge (self);
  g_assert_true (wait_until (is_measured, self, 2));
  figures = get_figures (self);
  assert_keys (figures);
  g_assert_true (g_variant_lookup (figures, "ratio", "u", &ratio));
  g_assert_cmpuint (look_up (figures, "hugepage-bytes"), >=, 4 * BLOCK);
  g_assert_cmpuint (
    ratio, ==, look_up (figures, "hugepage-bytes") * 10000 / look_up (figures, "anonymous-bytes"));
  g_assert_cmpuint (look_up (figures, "collapsed-bytes"), <=, look_up (figures, "tried-bytes"));
  g_assert_cmpuint (look_up (figures, "tried-regions"), >, 0);
}

static void
test_last_figures_stay (ModuleCase *self, gconstpointer data)
{
  Child *target;
  g_autoptr (GVariant) last = NULL, after = NULL, of_next = NULL;
  g_autoptr (GError) error = NULL;

  module_case_start (self, NULL);
  target = serve_until_huge (self);
  g_assert_true (wait_until (is_measured, self, 2));
  last = get_figures (self);
  kernel_model_command (self->model, "allow-hurt");
  child_signal (target, SIGKILL);
  g_assert_true (child_wait (target, SECONDS, NULL));
  module_case_wait_state (self, "target-exited", SECONDS);
  wait_for (600);
  after = get_figures (self);
  assert_keys (after);
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    g_assert_cmpuint (look_up (after, counters[i].key), >=, look_up (last, counters[i].key));
  g_assert_cmpuint (look_up (after, "anonymous-bytes"), ==, look_up (last, "anonymous-bytes"));
  g_assert_cmpuint (look_up (after, "hugepage-bytes"), ==, look_up (last, "hugepage-bytes"));
  set_property (self->fixture.connection, "Pid",
                g_variant_new_uint32 (fixture_process_of (&self->fixture, "bob")), CALL_PLAIN,
                &error);
  g_assert_no_error (error);
  of_next = get_figures (self);
  g_assert_cmpuint (g_variant_n_children (of_next), ==, 0);
}

static void
test_broadcast (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) bob = fixture_connection_as (&self->fixture, "bob");
  g_autoptr (SignalWatch) watch = signal_watch_new (bob, NULL, "StatisticsUpdated");
  g_autoptr (GVariant) figures = NULL;

  module_case_start (self, NULL);
  wait_for_bus (bob);
  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), AT_REST);
  wait_for (2000);
  g_assert_cmpuint (watch->count, >=, 6);
  g_assert_cmpuint (watch->count, <=, 9);
  figures = g_variant_get_child_value (watch->arguments, 0);
  assert_keys (figures);
  g_assert_cmpuint (g_get_monotonic_time () - (gint64) look_up (figures, "timestamp"), <,
                    G_USEC_PER_SEC);
  module_case_configure (self, "{'StatisticsIntervalUSec': <@t 0>}");
  wait_for (100);
  watch->count = 0;
  wait_for (700);
  g_assert_cmpuint (watch->count, ==, 0);
}

/* A counter that the kernel does not have is not made up. Without kdamond_pid all else works. */
static void
test_without_a_file (ModuleCase *self, gconstpointer data)
{
  const guint missing = GPOINTER_TO_UINT (data);
  const gboolean is_counter = missing < G_N_ELEMENTS (counters);
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *found = module_case_dup_inputs (self);
  g_autofree char *left = NULL;
  g_autoptr (GVariant) figures = NULL;

  set_counters (self, before);
  kernel_model_command (self->model, "remove %s",
                        is_counter ? counters[missing].file : "kdamond_pid");
  module_case_start (self, NULL);
  module_case_serve (self, pid, AT_REST);
  wait_for (300);
  figures = get_figures (self);
  for (guint i = 0; i < G_N_ELEMENTS (counters); i++)
    g_assert_cmpint (g_variant_lookup (figures, counters[i].key, "t", NULL), ==, i != missing);
  if (!is_counter)
    assert_property (self->fixture.connection, "KdamondPid", g_variant_new_int32 (-1));
  module_case_configure (self, "{'Ratio': <@u 55>}");
  module_case_configure (self, "{'Enabled': <false>}");
  module_case_serve (self, pid, "");
  g_assert_cmpint (kernel_model_get_number (self->model, "target-pid"), ==, pid);
  module_case_stop (self);
  left = module_case_dup_inputs (self);
  g_assert_cmpstr (left, ==, found);
}

static void
add (const char *group, const char *name, gconstpointer data,
     void (*function) (ModuleCase *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/module/statistics/", group, name, NULL);

  g_test_add (path, ModuleCase, data, module_case_set_up_model, function, module_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("since-enabled", "", NULL, test_since_enabled);
  add ("go-on-after-a-crash", "", NULL, test_go_on_after_a_crash);
  add ("of-theirs", "", NULL, test_of_theirs);
  add ("of-theirs-after-ours", "", NULL, test_of_theirs_after_ours);
  add ("measured-as-by-the-kernel", "", NULL, test_measured_as_by_the_kernel);
  add ("last-figures-stay", "", NULL, test_last_figures_stay);
  add ("broadcast", "", NULL, test_broadcast);
  for (guint i = 0; i <= G_N_ELEMENTS (counters); i++)
    add ("without/", i < G_N_ELEMENTS (counters) ? counters[i].file : "kdamond_pid",
         GUINT_TO_POINTER (i), test_without_a_file);
  return g_test_run ();
}
