/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* What the service costs where it has nothing to do, and that it keeps nothing of what it did. */

static GDir *
open_folder (Fixture *self, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", child_get_pid (self->service), name);
  GDir *folder = g_dir_open (path, 0, NULL);

  g_assert_nonnull (folder);
  return folder;
}

static guint
count_entries (Fixture *self, const char *name)
{
  g_autoptr (GDir) folder = open_folder (self, name);
  guint n_entries = 0;

  while (g_dir_read_name (folder) != NULL)
    n_entries++;
  return n_entries;
}

/* How often each of its threads has gone to sleep: as often as something woke it. */
static guint64
count_wakeups (Fixture *self)
{
  static const char key[] = "\nvoluntary_ctxt_switches:\t";
  g_autoptr (GDir) threads = open_folder (self, "task");
  guint64 wakeups = 0;
  const char *name;

  while ((name = g_dir_read_name (threads)) != NULL) {
    g_autofree char *path =
      g_strdup_printf ("/proc/%d/task/%s/status", child_get_pid (self->service), name);
    g_autofree char *status = NULL;

    if (g_file_get_contents (path, &status, NULL, NULL))
      wakeups += g_ascii_strtoull (strstr (status, key) + strlen (key), NULL, 10);
  }
  return wakeups;
}

typedef struct {
  Fixture *fixture;
  guint threads;
} ThreadsWait;

static gboolean
has_threads (gpointer data)
{
  const ThreadsWait *wait = data;

  return count_entries (wait->fixture, "task") <= wait->threads;
}

static void
assert_sleeps (Fixture *self, guint seconds)
{
  guint64 before, after;
  guint threads;

  /* GLib's threads without work wait 15 s for some and then end: the main one, GDBus's and one more
   * of GLib's stay. */
  wait_until (has_threads, &(ThreadsWait){ self, 3 }, 20);
  threads = count_entries (self, "task");
  before = count_wakeups (self);
  wait_for (seconds * 1000);
  after = count_wakeups (self);
  g_test_message ("%" G_GUINT64_FORMAT " wakeups of %u threads in %u s", after - before, threads,
                  seconds);
  g_assert_cmpuint (after - before, <=, 1);
}

static void
test_sleeps_after_the_last_target (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  g_autoptr (GError) error = NULL;

  serve (alice, pid, &error);
  g_assert_no_error (error);
  assert_property_eventually (alice, "State", g_variant_new_string ("running"), 5);
  set_property (alice, "Enabled", g_variant_new_boolean (FALSE), CALL_PLAIN, &error);
  g_assert_no_error (error);
  serve (alice, pid, &error);
  g_assert_no_error (error);
  child_signal (process, SIGKILL);
  assert_property_eventually (alice, "State", g_variant_new_string ("target-exited"), 5);
  assert_sleeps (self, 12);
}

/* A client that is told everything and reads nothing is the bus's affair. */
static void
test_keeps_no_descriptors (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pids[] = { fixture_process_of (self, "alice"), fixture_process_of (self, "alice") };
  guint before = 0;

  for (guint i = 0; i < 220; i++) {
    g_autoptr (GError) error = NULL;

    if (i == 20) {
      wait_for (300);
      before = count_entries (self, "fd");
    }
    serve (i % 2 ? alice : self->connection, pids[i / 2 % 2], &error);
    g_assert_no_error (error);
    set_property (self->connection, "Enabled", g_variant_new_boolean (FALSE), CALL_PLAIN, &error);
    g_assert_no_error (error);
    /* What is refused opens processes as well. */
    serve (self->connection, 2, &error);
    g_clear_error (&error);
    configure_dry_run (alice, "{'Pid': <@u 1>}", CALL_PLAIN, &error);
    g_clear_error (&error);
  }
  wait_for (300);
  g_assert_cmpuint (count_entries (self, "fd"), <=, before + 1);
  g_assert_cmpuint (count_entries (self, "task"), <, 16);
}

static void
test_keeps_no_descriptors_of_the_dead (Fixture *self, gconstpointer data)
{
  guint before = 0;

  for (guint i = 0; i < 60; i++) {
    guint32 pid;
    Child *process = fixture_poser_as (self, "alice", &pid, NULL);

    fixture_serve (self, pid);
    child_signal (process, SIGKILL);
    assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                                5);
    g_assert_true (child_wait (process, 5, NULL));
    if (i == 10)
      before = count_entries (self, "fd");
  }
  wait_for (300);
  g_assert_cmpuint (count_entries (self, "fd"), <=, before + 1);
}

static void
begin_stalling (Fixture *self, gconstpointer data)
{
  fixture_set_up_bus (self, data);
  fixture_service_capture_notify (self);
  fixture_service_set_environment (self, "WATCHDOG_USEC", "1000000");
  fixture_service_start (self, "--stall-collapse=30", NULL);
  fixture_service_wait_probed (self);
}

/* Whether one of its threads is in clock_nanosleep(2), as nothing but the stall is for long. */
static gboolean
has_sleeping_thread (Fixture *self)
{
  g_autofree char *prefix = g_strdup_printf ("%d ", SYS_clock_nanosleep);
  g_autoptr (GDir) threads = open_folder (self, "task");
  const char *name;

  while ((name = g_dir_read_name (threads)) != NULL) {
    g_autofree char *path =
      g_strdup_printf ("/proc/%d/task/%s/syscall", child_get_pid (self->service), name);
    g_autofree char *call = NULL;

    if (g_file_get_contents (path, &call, NULL, NULL) && g_str_has_prefix (call, prefix))
      return TRUE;
  }
  return FALSE;
}

static void
wait_for_stall (Fixture *self)
{
  Child *hotmap = fixture_hotmap_as (self, "alice", NULL, "--hot=32", "--cold=4", NULL);
  const gint64 deadline = wait_deadline (20);
  guint sleeping = 0;

  fixture_serve (self, (guint32) child_get_pid (hotmap));
  while (sleeping < 5) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    wait_for (100);
    sleeping = has_sleeping_thread (self) ? sleeping + 1 : 0;
    fixture_service_forget_notified (self); /* its socket holds ten messages */
  }
}

static void
assert_quick (gint64 begin)
{
  g_assert_cmpint (g_get_monotonic_time () - begin, <, G_USEC_PER_SEC);
}

static void
test_stalled_collapse_delays_nothing (Fixture *self, gconstpointer data)
{
  const guint32 other = fixture_process_of (self, "bob");
  g_autoptr (GError) error = NULL;
  gint64 begin;

  wait_for_stall (self);
  fixture_service_forget_notified (self);
  for (guint i = 0; i < 10; i++) {
    g_autoptr (GVariant) all = NULL, statistics = NULL;

    begin = g_get_monotonic_time ();
    all = get_all_properties (self->connection, &error);
    statistics = call_method (self->connection, "GetStatistics", NULL, CALL_PLAIN, &error);
    g_assert_no_error (error);
    assert_quick (begin);
    wait_for (100);
  }
  g_assert_true (fixture_service_has_notified (self, "WATCHDOG=1"));
  begin = g_get_monotonic_time ();
  configure (self->connection, "{'Ratio': <@u 5000>, 'QuotaTimeUSec': <@t 0>}", CALL_PLAIN, &error);
  g_assert_no_error (error);
  fixture_serve (self, other);
  set_property (self->connection, "Enabled", g_variant_new_boolean (FALSE), CALL_PLAIN, &error);
  g_assert_no_error (error);
  set_property (self->connection, "Pid", g_variant_new_uint32 (0), CALL_PLAIN, &error);
  g_assert_no_error (error);
  assert_quick (begin);
  fixture_service_stop_within (self, 1);
}

static void
test_stalled_collapse_does_not_hold_the_service (Fixture *self, gconstpointer data)
{
  wait_for_stall (self);
  fixture_service_stop_within (self, 1);
}

static void
add (const char *path, void (*function) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, NULL, fixture_set_up_all, function, fixture_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add ("/quiet/sleeps-after-the-last-target", test_sleeps_after_the_last_target);
  add ("/quiet/keeps-no-descriptors", test_keeps_no_descriptors);
  add ("/quiet/keeps-no-descriptors-of-the-dead", test_keeps_no_descriptors_of_the_dead);
  g_test_add ("/quiet/stalled-collapse-delays-nothing", Fixture, NULL, begin_stalling,
              test_stalled_collapse_delays_nothing, fixture_tear_down);
  g_test_add ("/quiet/stalled-collapse-does-not-hold-the-service", Fixture, NULL, begin_stalling,
              test_stalled_collapse_does_not_hold_the_service, fixture_tear_down);
  return g_test_run ();
}
