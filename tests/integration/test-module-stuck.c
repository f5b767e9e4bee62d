/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <sys/stat.h>

/* Reads that the kernel does not come back from in time, and ends while it does not. */

#define SECONDS 10
#define LONGEST_END_SECONDS 15
#define LONGEST_ANSWER_MSEC 100

static void
set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up (self, data);
  module_case_configure (self,
                         "{'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>}");
}

static void
assert_given_back (ModuleCase *self)
{
  assert_parameter (self->model, "enabled", "N");
  assert_parameter (self->model, "commit_inputs", "N");
  assert_parameter (self->model, "monitored_pid", "0");
  assert_parameter (self->model, "min_age", "100000");
  assert_parameter (self->model, "quota_sz", "134217728");
  assert_parameter (self->model, "quota_reset_interval_ms", "1000");
  assert_parameter (self->model, "quota_percentage_hugepage", "100");
  assert_parameter (self->model, "sample_interval", "5000");
  assert_parameter (self->model, "aggr_interval", "100000");
}

static gboolean
has_left_the_bus (gpointer data)
{
  const ModuleCase *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) state = get_property (self->fixture.connection, "State", &error);

  return state == NULL;
}

/* It leaves; the thread that is in the kernel can only go when that lets it. What it knows is in
 * its file, and the next one puts all in order. */
static void
test_ends_all_the_same (ModuleCase *self, gconstpointer data)
{
  const gint64 begin = g_get_monotonic_time ();
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  Call *call;

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "block write quota_sz");
  call = set_property_begin (self->fixture.connection, "QuotaSize", g_variant_new_uint64 (4096),
                             CALL_PLAIN);
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  child_signal (self->fixture.service, SIGTERM);
  g_assert_true (wait_until (has_left_the_bus, self, SECONDS));
  /* No caller is left without an answer. */
  g_assert_cmpint (g_get_monotonic_time (), <, begin + LONGEST_END_SECONDS * G_USEC_PER_SEC);
  call_forget (call);
  kernel_model_command (self->model, "release");
  g_assert_cmpint (fixture_service_wait_exit (&self->fixture, SECONDS), ==, 0);
  module_case_start (self, NULL);
  assert_parameter_eventually (self->model, "enabled", "N", SECONDS);
  module_case_stop (self);
  assert_given_back (self);
}

/* Let go in time, all ends in order. */
static void
test_ends_in_order (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  Call *call;

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "block write commit_inputs");
  call = set_property_begin (self->fixture.connection, "QuotaSize", g_variant_new_uint64 (4096),
                             CALL_PLAIN);
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  child_signal (self->fixture.service, SIGTERM);
  wait_for (500);
  kernel_model_command (self->model, "release");
  g_assert_cmpint (fixture_service_wait_exit (&self->fixture, SECONDS), ==, 0);
  assert_answer (call, NULL);
  assert_given_back (self);
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
    best = MIN (best, g_get_monotonic_time () - begin);
  }
  g_assert_cmpint (best, <, LONGEST_ANSWER_MSEC * 1000);
}

/* Has the service look, as if somebody had written. */
static void
touch (ModuleCase *self, const char *file)
{
  g_autofree char *path = kernel_model_get_path (self->model, file);

  g_assert_no_errno (chmod (path, 0640));
}

static void
assert_busy (ModuleCase *self)
{
  g_autoptr (GError) error = NULL;

  set_property (self->fixture.connection, "Feedback", g_variant_new_uint32 (77), CALL_PLAIN,
                &error);
  assert_error_name (error, SERVICE_ERROR "Busy");
}

static gboolean
is_set (gpointer data)
{
  const ModuleCase *self = data;
  g_autoptr (GError) error = NULL;

  if (set_property (self->fixture.connection, "Feedback", g_variant_new_uint32 (78), CALL_PLAIN,
                    &error))
    return TRUE;
  assert_error_name (error, SERVICE_ERROR "Busy");
  return FALSE;
}

/* Nothing was to be changed, so nothing is unknown. */
static void
test_a_read_while_it_serves (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autoptr (GVariant) engines = get_property (self->fixture.connection, "Engines", NULL);

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "block read quota_ms");
  touch (self, "min_age");
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  assert_answers_quickly (self);
  /* Behind it, and so in vain. */
  assert_busy (self);
  assert_answers_quickly (self);
  assert_busy (self);
  assert_property (self->fixture.connection, "Engines", g_variant_ref (engines));
  assert_property (self->fixture.connection, "Feedback", g_variant_new_uint32 (0));
  kernel_model_command (self->model, "release");
  assert_parameter (self->model, "quota_autotune_feedback", "0");
  g_assert_true (wait_until (is_set, self, SECONDS));
  module_case_wait_state (self, "running", SECONDS);
  module_case_assert_in_force (self);
  module_case_configure (self, "{'Enabled': <false>}");
}

/* The engine is looked at again before it is used again: that cannot be waited for for ever. */
static void
test_a_read_before_it_serves (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  kernel_model_command (self->model, "block read quota_ms");
  g_assert_false (serve (self->fixture.connection, pid, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (g_get_monotonic_time (), <, begin + SECONDS * G_USEC_PER_SEC);
  assert_answers_quickly (self);
  kernel_model_command (self->model, "release");
  assert_property_eventually (self->fixture.connection, "State", g_variant_new_string ("disabled"),
                              SECONDS);
  module_case_serve (self, pid, "");
  module_case_assert_in_force (self);
}

typedef struct {
  ModuleCase *test;
  guint32 pid;
} Serving;

static gboolean
is_served (gpointer data)
{
  const Serving *serving = data;

  return serve (serving->test->fixture.connection, serving->pid, NULL);
}

/* What could not be read when the service started is there when it can be. */
static void
test_a_read_at_the_start (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  kernel_model_command (self->model, "block read quota_ms");
  module_case_start (self, NULL);
  assert_property (self->fixture.connection, "State", g_variant_new_string ("unavailable"));
  assert_answers_quickly (self);
  kernel_model_command (self->model, "release");
  g_assert_true (wait_until (is_served, &(Serving){ self, pid }, SECONDS));
  assert_property (self->fixture.connection, "Engine", g_variant_new_string ("module"));
  module_case_assert_in_force (self);
  module_case_configure (self, "{'Enabled': <false>}");
}

#define ADD(path, set_up, test)                                                                    \
  g_test_add ("/module/stuck/" path, ModuleCase, NULL, set_up, test, module_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("ends-all-the-same", set_up, test_ends_all_the_same);
  ADD ("ends-in-order", set_up, test_ends_in_order);
  ADD ("a-read-while-it-serves", set_up, test_a_read_while_it_serves);
  ADD ("a-read-before-it-serves", set_up, test_a_read_before_it_serves);
  ADD ("a-read-at-the-start", module_case_set_up_model, test_a_read_at_the_start);
  return g_test_run ();
}
