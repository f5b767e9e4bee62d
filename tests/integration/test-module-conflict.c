/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Others who use DAMON, or write what the service writes. */

#define SECONDS 10
#define WRITING_MSEC 1500
#define SLOTS "kernel/mm/damon/admin/kdamonds/"
#define CONFLICT SERVICE_ERROR "Conflict"

/* Until a call has certainly been planned, and until what was written last has been looked at. */
#define PLANNED_MSEC 300
#define QUIET_MSEC 300

typedef struct {
  const char *file;
  const char *on;
  const char *off;
  const char *named; /* in the message; PID stands for what is in pid_file */
  const char *pid_file;
} Holder;

static const Holder holders[] = {
  { "module/damon_stat/parameters/enabled", "Y", "N",
    "the module damon_stat (/sys/module/damon_stat/parameters/enabled is Y)", NULL },
  { "module/damon_reclaim/parameters/enabled", "Y", "N",
    "the module damon_reclaim (/sys/module/damon_reclaim/parameters/enabled is Y)", NULL },
  { "module/damon_lru_sort/parameters/enabled", "Y", "N",
    "the module damon_lru_sort (/sys/module/damon_lru_sort/parameters/enabled is Y)", NULL },
  { SLOTS "0/state", "on", "off", "kdamond PID of /sys/kernel/mm/damon/admin/kdamonds/0",
    SLOTS "0/pid" },
};

static void
set_up (ModuleCase *self, gconstpointer data)
{
  module_case_set_up (self, data);
  kernel_model_set (self->model, SLOTS "nr_kdamonds", "1");
  kernel_model_set (self->model, SLOTS "0/contexts/nr_contexts", "1");
  kernel_model_set (self->model, SLOTS "0/contexts/0/operations", "paddr");
  /* So that stops are short. */
  module_case_configure (self,
                         "{'SampleIntervalUSec': <@t 1000>, 'AggregationIntervalUSec': <@t 5000>}");
}

/* Returns: (transfer full) */
static char *
dup_named (ModuleCase *self, const Holder *holder)
{
  g_autoptr (GString) named = g_string_new (holder->named);
  g_autofree char *pid =
    holder->pid_file ? kernel_model_read (self->model, holder->pid_file) : NULL;

  if (pid)
    g_string_replace (named, "PID", pid, 0);
  return g_string_free (g_steal_pointer (&named), FALSE);
}

static void
assert_conflict_with (ModuleCase *self, const Holder *holder, const char *settings)
{
  g_autofree char *named = dup_named (self, holder);
  g_autofree char *before = module_case_dup_inputs (self), *after = NULL;
  g_autoptr (Standstill) standstill = standstill_new (&self->fixture);
  g_autoptr (GError) error = NULL;

  configure (self->fixture.connection, settings, CALL_PLAIN, &error);
  g_assert_nonnull (error);
  if (!strstr (error->message, named))
    g_error ("\"%s\" does not name %s", error->message, named);
  assert_error_name (error, CONFLICT);
  after = module_case_dup_inputs (self);
  g_assert_cmpstr (after, ==, before);
  assert_standstill (standstill);
  assert_parameter (self->model, holder->file, holder->on);
}

static void
test_there_before (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *all = g_strdup_printf (
    "{'Pid': <@u %u>, 'Enabled': <true>, 'Ratio': <@u 77>, 'MinAgeUSec': <@t 5>}", pid);
  g_autofree char *pid_alone = g_strdup_printf ("{'Pid': <@u %u>}", pid);

  for (guint i = 0; i < G_N_ELEMENTS (holders); i++) {
    const Holder *holder = &holders[i];

    g_test_message ("%s", holder->file);
    kernel_model_set (self->model, holder->file, "%s", holder->on);
    assert_conflict_with (self, holder, all);
    /* Nothing is said against what needs no kdamond. */
    module_case_configure (self, pid_alone);
    module_case_configure (self, "{'QuotaSize': <@t 8192>}");
    assert_conflict_with (self, holder, "{'Enabled': <true>}");
    kernel_model_set (self->model, holder->file, "%s", holder->off);
    module_case_serve (self, pid, "");
    module_case_configure (self, "{'Pid': <@u 0>, 'QuotaSize': <@t 4096>}");
  }
}

/* While one is served, others are kept out; as soon as it is not, they get in. */
static void
test_there_after (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  for (guint i = 0; i < G_N_ELEMENTS (holders); i++) {
    const Holder *holder = &holders[i];

    g_test_message ("%s", holder->file);
    module_case_serve (self, pid, "");
    g_assert_cmpint (kernel_model_write (self->model, holder->file, holder->on), ==, EBUSY);
    module_case_configure (self, "{'Ratio': <@u 90>}");
    module_case_assert_in_force (self);
    module_case_configure (self, "{'Enabled': <false>}");
    kernel_model_set (self->model, holder->file, "%s", holder->on);
    assert_conflict_with (self, holder, "{'Enabled': <true>, 'Ratio': <@u 91>}");
    kernel_model_set (self->model, holder->file, "%s", holder->off);
  }
}

/* Between the end of one and the start of the next somebody else gets in: the first cannot be had
 * back, and that is told. */
static void
test_there_between (ModuleCase *self, gconstpointer data)
{
  const guint32 first = fixture_process_of (&self->fixture, "alice");
  const guint32 second = fixture_process_of (&self->fixture, "alice");
  Call *call;

  module_case_serve (self, first, "");
  kernel_model_command (self->model, "block write monitored_pid");
  call = call_begin (self->fixture.connection, SERVICE_INTERFACE, "Configure",
                     g_variant_new_parsed ("({'Pid': <%u>}, @a{sv} {})", second), CALL_PLAIN);
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  g_assert_cmpint (kernel_model_get_number (self->model, "running"), ==, 0);
  kernel_model_set (self->model, SLOTS "0/state", "on");
  kernel_model_command (self->model, "release");
  assert_answer (call, CONFLICT);
  assert_property_eventually (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE),
                              SECONDS);
  assert_property (self->fixture.connection, "KdamondPid", g_variant_new_int32 (-1));
  assert_property (self->fixture.connection, "Pid", g_variant_new_uint32 (first));
  assert_parameter (self->model, "enabled", "N");
  assert_parameter (self->model, SLOTS "0/state", "on");
  kernel_model_set (self->model, SLOTS "0/state", "off");
  module_case_serve (self, second, "");
}

/* Asked for while nothing ran, it is taken behind the next start: nothing is written until then. */
static void
test_a_commit_is_left (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  g_autofree char *all = g_strdup_printf ("{'Pid': <@u %u>, 'Enabled': <true>}", pid);

  module_case_configure (
    self, "{'SampleIntervalUSec': <@t 300000>, 'AggregationIntervalUSec': <@t 300000>}");
  kernel_model_set (self->model, "commit_inputs", "Y");
  module_case_configure (self, all);
  module_case_configure (self, "{'MinRegions': <@t 2000>, 'MaxRegions': <@t 3000>}");
  module_case_assert_in_force (self);
  module_case_configure (self, "{'Enabled': <false>}");
  kernel_model_set (self->model, "commit_inputs", "Y");
  module_case_configure (self, all);
  module_case_configure (self, "{'Enabled': <false>}");
}

/* While a change is waited for. */
static void
test_switched_off_meanwhile (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  Call *call;

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "commit-delay 60000");
  call =
    set_property_begin (self->fixture.connection, "Ratio", g_variant_new_uint32 (500), CALL_PLAIN);
  assert_parameter_eventually (self->model, "commit_inputs", "Y", SECONDS);
  kernel_model_set (self->model, "enabled", "N");
  assert_answer (call, CONFLICT);
  kernel_model_command (self->model, "commit-delay 0");
  assert_property_eventually (self->fixture.connection, "Enabled", g_variant_new_boolean (FALSE),
                              SECONDS);
  assert_property (self->fixture.connection, "Ratio", g_variant_new_uint32 (100));
  module_case_serve (self, pid, "");
  assert_parameter_eventually (self->model, "commit_inputs", "N", SECONDS);
  module_case_configure (self, "{'Ratio': <@u 600>}");
  module_case_assert_in_force (self);
}

typedef struct {
  KernelModel *model;
  gint stop;
  guint n_writes;
} Rival;

static gpointer
write_on_and_on (gpointer data)
{
  Rival *rival = data;

  while (!g_atomic_int_get (&rival->stop)) {
    g_autofree char *value = g_strdup_printf ("%u", 4096 + rival->n_writes++ % 64);

    g_assert_cmpint (kernel_model_write (rival->model, "quota_sz", value), ==, 0);
    g_usleep (500);
  }
  return NULL;
}

/* Conflict or success, and nothing else. */
static void
configure_against (ModuleCase *self, guint i)
{
  g_autofree char *settings =
    i % 3 == 0 ? g_strdup_printf ("{'Enabled': <%s>}", i % 2 == 0 ? "false" : "true")
               : g_strdup_printf ("{'QuotaSize': <@t %u>, 'Feedback': <@u %u>}", 8192 + i, i);
  g_autoptr (GError) error = NULL;

  if (!configure (self->fixture.connection, settings, CALL_PLAIN, &error))
    assert_error_name (error, CONFLICT);
}

/* Returns: whether the property is @expected, which is sunk. */
static gboolean
shows (ModuleCase *self, const char *name, GVariant *expected)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (expected), value = NULL;
  g_autoptr (GError) error = NULL;

  value = get_property (self->fixture.connection, name, &error);
  g_assert_no_error (error);
  return g_variant_equal (value, owned);
}

static gboolean
shows_what_is_there (gpointer data)
{
  ModuleCase *self = data;
  g_autofree char *quota = kernel_model_read (self->model, "quota_sz");
  g_autofree char *feedback = kernel_model_read (self->model, "quota_autotune_feedback");
  g_autofree char *enabled = kernel_model_read (self->model, "enabled");
  g_autofree char *kdamond = kernel_model_read (self->model, "kdamond_pid");
  g_autofree char *commits = kernel_model_read (self->model, "commit_inputs");

  return g_str_equal (commits, "N")
         && shows (self, "QuotaSize", g_variant_new_uint64 (g_ascii_strtoull (quota, NULL, 10)))
         && shows (self, "Feedback",
                   g_variant_new_uint32 ((guint32) g_ascii_strtoull (feedback, NULL, 10)))
         && shows (self, "Enabled", g_variant_new_boolean (g_str_equal (enabled, "Y")))
         && shows (self, "KdamondPid", g_variant_new_int32 (atoi (kdamond)));
}

/* The service may still be ending what it was serving: until then the files change. */
static void
assert_shows_what_is_there (ModuleCase *self)
{
  g_autofree char *inputs = NULL, *state = NULL;
  g_autoptr (GVariant) properties = NULL;

  if (wait_until (shows_what_is_there, self, SECONDS))
    return;
  inputs = module_case_dup_inputs (self);
  state = kernel_model_read (self->model, ".model/state");
  properties = get_all_properties (self->fixture.connection, NULL);
  g_error ("What is there is not shown:\n%s\n%s\n%s", inputs, state,
           properties != NULL ? g_variant_print (properties, FALSE) : "");
}

/* Read back, it is not what was written: nobody knows what the kernel took. */
static void
test_written_meanwhile (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  Call *call;

  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  kernel_model_command (self->model, "commit-delay 300");
  kernel_model_command (self->model, "allow-hurt early");
  call = set_property_begin (self->fixture.connection, "QuotaSize", g_variant_new_uint64 (8192),
                             CALL_PLAIN);
  assert_parameter_eventually (self->model, "commit_inputs", "Y", SECONDS);
  kernel_model_set (self->model, "quota_sz", "5555");
  reply = call_finish (call, SECONDS, &error);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "/sys/module/damon_hugepage/parameters/quota_sz"));
  assert_error_name (error, CONFLICT);
  kernel_model_command (self->model, "commit-delay 0");
  assert_shows_what_is_there (self);
  module_case_configure (self, "{'Feedback': <@u 5>}");
  module_case_assert_in_force (self);
}

/* Somebody writes a parameter again and again. The drain of a stop can be disturbed by nothing that
 * quota_sz is. */
static void
test_a_rival (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  const gint64 end = g_get_monotonic_time () + WRITING_MSEC * 1000;
  Rival rival = { self->model, FALSE, 0 };
  GThread *thread;

  module_case_serve (self, pid, "");
  /* Two who write are early to each other. */
  kernel_model_command (self->model, "allow-hurt early");
  thread = g_thread_new ("rival", write_on_and_on, &rival);
  for (guint i = 1; g_get_monotonic_time () < end || i < 10; i++)
    configure_against (self, i);
  g_atomic_int_set (&rival.stop, TRUE);
  g_thread_join (thread);
  assert_shows_what_is_there (self);
  module_case_configure (self, "{'QuotaSize': <@t 9999>}");
  assert_parameter (self->model, "quota_sz", "9999");
  module_case_serve (self, pid, "");
  module_case_assert_in_force (self);
}

/* What the service reads next is stuck on its way, but not what it may be reading already: that
 * would keep everybody from writing. */
static void
block_next_look (ModuleCase *self)
{
  kernel_model_command (self->model, "block read max_nr_regions");
  wait_for (QUIET_MSEC);
  while (kernel_model_get_number (self->model, "blocked") != 0) {
    kernel_model_command (self->model, "release");
    kernel_model_command (self->model, "block read max_nr_regions");
    wait_for (QUIET_MSEC);
  }
}

/* That it was switched off is found when a change has been planned already, which takes it for
 * being on and has it begun anew. */
static void
test_switched_off_before (ModuleCase *self, gconstpointer data)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  Call *call;

  module_case_serve (self, fixture_process_of (&self->fixture, "alice"), "");
  block_next_look (self);
  kernel_model_set (self->model, "enabled", "N");
  kernel_model_wait (self->model, "blocked", "1", SECONDS);
  call =
    set_property_begin (self->fixture.connection, "Feedback", g_variant_new_uint32 (7), CALL_PLAIN);
  wait_for (PLANNED_MSEC);
  kernel_model_command (self->model, "release");
  reply = call_finish (call, SECONDS, &error);
  g_assert_no_error (error);
  assert_parameter (self->model, "enabled", "Y");
  assert_shows_what_is_there (self);
}

/* One who switches it off and on. */
static gpointer
switch_on_and_on (gpointer data)
{
  Rival *rival = data;

  for (; !g_atomic_int_get (&rival->stop); rival->n_writes++) {
    kernel_model_write (rival->model, "enabled", rival->n_writes % 2 == 0 ? "N" : "Y");
    g_usleep (7000);
  }
  return NULL;
}

static void
test_a_rival_at_the_switch (ModuleCase *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");
  const gint64 end = g_get_monotonic_time () + WRITING_MSEC * 1000;
  Rival rival = { self->model, FALSE, 0 };
  GThread *thread;

  module_case_serve (self, pid, "");
  kernel_model_command (self->model, "allow-hurt early");
  kernel_model_command (self->model, "allow-hurt undrained");
  thread = g_thread_new ("rival", switch_on_and_on, &rival);
  for (guint i = 1; g_get_monotonic_time () < end; i++) {
    g_autofree char *settings = g_strdup_printf ("{'Feedback': <@u %u>}", i);
    g_autoptr (GError) error = NULL;

    if (!configure (self->fixture.connection, settings, CALL_PLAIN, &error))
      g_test_message ("%s", error->message);
  }
  g_atomic_int_set (&rival.stop, TRUE);
  g_thread_join (thread);
  assert_shows_what_is_there (self);
  module_case_serve (self, pid, "");
  module_case_configure (self, "{'Feedback': <@u 5000>}");
  module_case_assert_in_force (self);
}

#define ADD(path, test)                                                                            \
  g_test_add ("/module/conflict/" path, ModuleCase, NULL, set_up, test, module_case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("there-before", test_there_before);
  ADD ("there-after", test_there_after);
  ADD ("there-between", test_there_between);
  ADD ("a-commit-is-left", test_a_commit_is_left);
  ADD ("switched-off-meanwhile", test_switched_off_meanwhile);
  ADD ("switched-off-before", test_switched_off_before);
  ADD ("written-meanwhile", test_written_meanwhile);
  ADD ("a-rival", test_a_rival);
  ADD ("a-rival-at-the-switch", test_a_rival_at_the_switch);
  return g_test_run ();
}
