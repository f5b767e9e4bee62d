/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <stdlib.h>

/* Writes that the kernel does not come back from in time. */

#define SECONDS 10
#define LONGEST_ANSWER_MSEC 100
#define LEAST_WAIT_MSEC 4500
#define LONGEST_WAIT_MSEC 8000

/* What is asked for while a write is blocked, and what has become of it when it is not any more.
 * FIRST and SECOND stand for PIDs. */
typedef struct {
  const char *name;
  const char *order;   /* to the model, … */
  const char *release; /* … and its end */
  const char *settings;
  const char *state;
  const char *property;
  const char *value;
} Row;

static const Row rows[] = {
  { "a start", "block write enabled", "release", "{'Pid': <@u FIRST>, 'Enabled': <true>}",
    "running", "Pid", "@u FIRST" },
  { "a parameter", "block write quota_sz", "release", "{'QuotaSize': <@t 8192>, 'Ratio': <@u 600>}",
    "running", "Ratio", "@u 600" },
  { "a commit", "block write commit_inputs", "release", "{'Ratio': <@u 500>}", "running", "Ratio",
    "@u 500" },
  { "a commit that is not taken", "commit-delay 120000", "commit-delay 0", "{'Feedback': <@u 9>}",
    "running", "Feedback", "@u 9" },
  { "a change of process", "block write monitored_pid", "release", "{'Pid': <@u SECOND>}",
    "running", "Pid", "@u SECOND" },
  { "a stop", "block write enabled", "release", "{'Enabled': <false>}", "disabled", "Enabled",
    "false" },
};

#define SHORT_INTERVALS "{'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>}"

static void
set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up (self, data);
  module_case_configure (self, SHORT_INTERVALS);
}

static char *
fill_in (const char *text, const guint32 *pids)
{
  g_autofree char *first = g_strdup_printf ("%u", pids[0]);
  g_autofree char *second = g_strdup_printf ("%u", pids[1]);
  GString *filled = g_string_new (text);

  g_string_replace (filled, "FIRST", first, 0);
  g_string_replace (filled, "SECOND", second, 0);
  return g_string_free (filled, FALSE);
}

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  return value;
}

static Call *
configure_begin (GDBusConnection *connection, const char *settings)
{
  g_autofree char *text = g_strdup_printf ("(%s, @a{sv} {})", settings);
  g_autoptr (GVariant) arguments = parse (text);

  return call_begin (connection, SERVICE_INTERFACE, "Configure", arguments, CALL_PLAIN);
}

static gint64
get_msec_since (gint64 begin)
{
  return (g_get_monotonic_time () - begin) / 1000;
}

/* The best of several: the machine may be busy. */
static void
assert_answers_quickly (ModuleCase *self)
{
  gint64 best = G_MAXINT64;

  for (guint i = 0; i < 5; i++) {
    const gint64 begin = g_get_monotonic_time ();
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) all = get_all_properties (self->fixture.connection, &error);

    g_assert_no_error (error);
    best = MIN (best, get_msec_since (begin));
  }
  g_assert_cmpint (best, <, LONGEST_ANSWER_MSEC);
}

static void
assert_busy (ModuleCase *self)
{
  static const char *const settings[] = { "{'Ratio': <@u 77>}", "{'Enabled': <false>}",
                                          "{'Pid': <@u 0>}", SHORT_INTERVALS };
  g_autoptr (GDBusConnection) other = fixture_connection_as (&self->fixture, "root");
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  set_property (other, "Feedback", g_variant_new_uint32 (77), CALL_PLAIN, &error);
  assert_error_name (error, SERVICE_ERROR "Busy");
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    configure (other, settings[i], CALL_PLAIN, &error);
    assert_error_name (error, SERVICE_ERROR "Busy");
  }
  g_assert_null (call_method (other, "Reset", NULL, CALL_PLAIN, &error));
  assert_error_name (error, SERVICE_ERROR "Busy");
  g_assert_cmpint (get_msec_since (begin), <, 1000);
}

static void
assert_unknown (ModuleCase *self)
{
  GDBusConnection *connection = self->fixture.connection;

  assert_property (connection, "State", g_variant_new_string ("failed"));
  assert_property (connection, "LastError", g_variant_new_string (SERVICE_ERROR "Timeout"));
  assert_property (connection, "ActiveTargets", g_variant_new_uint32 (0));
  assert_property (connection, "Engine", g_variant_new_string ("module"));
}

/* Asked meanwhile, before the time is over. */
static void
assert_others_wait_in_vain (ModuleCase *self, Call *call)
{
  Call *later;

  wait_for (100);
  assert_answers_quickly (self);
  g_assert_false (call_is_done (call));
  later = set_property_begin (self->fixture.connection, "MinAgeUSec", g_variant_new_uint64 (77),
                              CALL_PLAIN);
  wait_for (100);
  g_assert_false (call_is_done (later));
  assert_answer (call, SERVICE_ERROR "Timeout");
  assert_answer (later, SERVICE_ERROR "Busy");
}

/* Also to what needs no writing. */
static void
assert_asks_only (ModuleCase *self)
{
  g_autoptr (GError) error = NULL;

  configure_dry_run (self->fixture.connection, "{'Ratio': <@u 5>}", CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
assert_shows_what_is_there (ModuleCase *self, const Row *row, const guint32 *pids)
{
  g_autofree char *value = fill_in (row->value, pids);
  g_autofree char *ratio = NULL, *size = NULL, *feedback = NULL;
  GDBusConnection *connection = self->fixture.connection;

  module_case_wait_state (self, row->state, SECONDS);
  assert_property (connection, "LastError", g_variant_new_string (""));
  assert_property (connection, row->property, parse (value));
  ratio = kernel_model_read (self->model, "quota_percentage_hugepage");
  size = kernel_model_read (self->model, "quota_sz");
  feedback = kernel_model_read (self->model, "quota_autotune_feedback");
  assert_property (connection, "Ratio", g_variant_new_uint32 ((guint32) atoi (ratio)));
  assert_property (connection, "Feedback", g_variant_new_uint32 ((guint32) atoi (feedback)));
  assert_property (connection, "QuotaSize",
                   g_variant_new_uint64 (g_ascii_strtoull (size, NULL, 10)));
  assert_parameter (self->model, "min_age", "100000");
  assert_property (connection, "MinAgeUSec", g_variant_new_uint64 (100000));
}

static void
block_and_release (ModuleCase *self, const Row *row, const guint32 *pids)
{
  g_autofree char *settings = fill_in (row->settings, pids);
  g_autoptr (GVariant) engines = get_property (self->fixture.connection, "Engines", NULL);
  const gint64 begin = g_get_monotonic_time ();
  Call *call;

  g_test_message ("%s", row->name);
  kernel_model_command (self->model, "%s", row->order);
  call = configure_begin (self->fixture.connection, settings);
  assert_others_wait_in_vain (self, call);
  g_assert_cmpint (get_msec_since (begin), >=, LEAST_WAIT_MSEC);
  g_assert_cmpint (get_msec_since (begin), <, LONGEST_WAIT_MSEC);
  assert_unknown (self);
  assert_answers_quickly (self);
  assert_busy (self);
  assert_asks_only (self);
  assert_property (self->fixture.connection, "Engines", engines);
  kernel_model_command (self->model, "%s", row->release);
  assert_shows_what_is_there (self, row, pids);
}

static void
test_rows (ModuleCase *self, gconstpointer data)
{
  const guint32 pids[] = { fixture_process_of (&self->fixture, "alice"),
                           fixture_process_of (&self->fixture, "alice") };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    block_and_release (self, &rows[i], pids);
    /* All works again. */
    module_case_configure (self, "{'MinAgeUSec': <@t 99999>}");
    module_case_configure (self, "{'MinAgeUSec': <@t 100000>}");
    if (g_str_equal (rows[i].state, "running"))
      module_case_assert_in_force (self);
  }
  module_case_serve (self, pids[0], "");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/module/blocked/writes", ModuleCase, NULL, set_up, test_rows, module_case_tear_down);
  return g_test_run ();
}
