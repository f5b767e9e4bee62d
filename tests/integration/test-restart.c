/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include <signal.h>
#include <string.h>

/* What is remembered over an orderly stop, and over a crash. */

#define WAIT_SECONDS 5

static void
change (Fixture *self, const char *settings)
{
  g_autoptr (GError) error = NULL;

  configure (self->connection, settings, CALL_PLAIN, &error);
  g_assert_no_error (error);
}

static void
start_again (Fixture *self)
{
  fixture_service_start (self, NULL);
  fixture_service_wait_probed (self);
}

static char *
get_record (Fixture *self)
{
  return g_build_filename (self->directory, "state", "targets", NULL);
}

typedef struct {
  Fixture *fixture;
  const char *line; /* NULL: there is no record */
} RecordWait;

static gboolean
is_recorded (gpointer data)
{
  const RecordWait *wait = data;
  g_autofree char *path = get_record (wait->fixture), *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return wait->line == NULL;
  return wait->line != NULL && strstr (text, wait->line) != NULL;
}

/* As soon as this is on the disk. */
static void
crash (Fixture *self, const char *line)
{
  g_assert_true (wait_until (is_recorded, &(RecordWait){ self, line }, WAIT_SECONDS));
  fixture_service_kill (self);
}

#define SERVED "\nEnabled=true\n"
#define NOT_SERVED "\nEnabled=false\n"

static void
assert_nothing_remembered (Fixture *self)
{
  g_autofree char *record = get_record (self);

  assert_property (self->connection, "Pid", g_variant_new_uint32 (0));
  assert_property (self->connection, "Enabled", g_variant_new_boolean (FALSE));
  assert_property (self->connection, "State", g_variant_new_string ("disabled"));
  /* Nor at the next start. */
  fixture_service_stop (self);
  g_assert_false (g_file_test (record, G_FILE_TEST_EXISTS));
}

static void
test_settings_persist (Fixture *self, gconstpointer data)
{
  g_autoptr (GVariant) before = NULL, after = NULL;
  g_autoptr (GError) error = NULL;

  change (self, "{'Ratio': <@u 1>, 'MinAgeUSec': <@t 3>, 'QuotaTimeUSec': <@t 4>,"
                " 'QuotaSize': <@t 5>, 'QuotaResetIntervalUSec': <@t 60000>,"
                " 'StatisticsIntervalUSec': <@t 700000>}");
  before = get_all_properties (self->connection, &error);
  change (self, "{'Feedback': <@u 2>}");
  fixture_service_stop (self);
  start_again (self);
  after = get_all_properties (self->connection, &error);
  g_assert_cmpvariant (after, before);

  g_clear_pointer (&after, g_variant_unref);
  crash (self, NULL);
  start_again (self);
  after = get_all_properties (self->connection, &error);
  g_assert_cmpvariant (after, before);
}

static void
test_reset_persists (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  change (self, "{'Ratio': <@u 1>, 'QuotaSize': <@t 5>}");
  fixture_service_stop (self);
  start_again (self);
  reply = call_method (self->connection, "Reset", NULL, CALL_PLAIN, &error);
  g_assert_no_error (error);
  fixture_service_stop (self);
  start_again (self);
  assert_property (self->connection, "Ratio", g_variant_new_uint32 (10000));
  assert_property (self->connection, "QuotaSize", g_variant_new_uint64 (134217728));
}

static void
test_stop_forgets_the_target (Fixture *self, gconstpointer data)
{
  fixture_serve (self, fixture_process_of (self, "alice"));
  fixture_service_stop (self);
  start_again (self);
  assert_nothing_remembered (self);
}

static void
test_crash_takes_up_the_target (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");

  fixture_serve (self, pid);
  change (self, "{'Feedback': <@u 5000>}");
  for (guint i = 0; i < 2; i++) {
    crash (self, SERVED);
    start_again (self);
    assert_property_eventually (self->connection, "State", g_variant_new_string ("running"),
                                WAIT_SECONDS);
    assert_property (self->connection, "Pid", g_variant_new_uint32 (pid));
    assert_property (self->connection, "Enabled", g_variant_new_boolean (TRUE));
    assert_property (self->connection, "Feedback", g_variant_new_uint32 (0));
  }
  fixture_service_stop (self);
  start_again (self);
  assert_nothing_remembered (self);
}

static void
test_crash_takes_up_what_was_not_served (Fixture *self, gconstpointer data)
{
  const guint32 pid = fixture_process_of (self, "alice");
  g_autofree char *settings = g_strdup_printf ("{'Pid': <@u %u>}", pid);

  change (self, settings);
  crash (self, NOT_SERVED);
  start_again (self);
  assert_property_eventually (self->connection, "Pid", g_variant_new_uint32 (pid), WAIT_SECONDS);
  assert_property (self->connection, "State", g_variant_new_string ("disabled"));
}

/* Its own ratio comes back with it, and goes with it. */
static void
test_crash_keeps_the_targets_ratio (Fixture *self, gconstpointer data)
{
  g_autoptr (GDBusConnection) alice = fixture_connection_as (self, "alice");
  const guint32 pid = fixture_process_of (self, "alice");
  g_autoptr (GError) error = NULL;

  serve (alice, pid, &error);
  set_property (alice, "Ratio", g_variant_new_uint32 (4321), CALL_PLAIN, &error);
  g_assert_no_error (error);
  crash (self, "\nRatio=4321\n");
  start_again (self);
  assert_property_eventually (alice, "Pid", g_variant_new_uint32 (pid), WAIT_SECONDS);
  assert_property (alice, "Ratio", g_variant_new_uint32 (4321));
  fixture_service_stop (self);
  start_again (self);
  assert_property (alice, "Ratio", g_variant_new_uint32 (10000));
}

static void
test_crash_after_the_exit (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);

  fixture_serve (self, pid);
  child_signal (process, SIGKILL);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("target-exited"),
                              WAIT_SECONDS);
  crash (self, NULL);
  start_again (self);
  assert_nothing_remembered (self);
}

static void
test_process_exits_meanwhile (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);

  fixture_serve (self, pid);
  crash (self, SERVED);
  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  start_again (self);
  assert_nothing_remembered (self);
}

static void
test_pid_is_used_again (Fixture *self, gconstpointer data)
{
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, NULL);
  pid_t recycled;

  fixture_serve (self, pid);
  crash (self, SERVED);
  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  recycled = process_with_pid (pid, "alice");
  start_again (self);
  assert_nothing_remembered (self);
  end_process_with_pid (recycled);
}

static void
test_owner_changes_meanwhile (Fixture *self, gconstpointer data)
{
  g_autofree char *program = fixture_install_privileged (self, PRIVILEGE_SETUID);
  g_autofree char *become = g_strconcat ("--become=", program, NULL);
  guint32 pid;
  Child *process = fixture_poser_as (self, "alice", &pid, become, NULL);
  g_autofree char *ready = NULL;

  fixture_serve (self, pid);
  crash (self, SERVED);
  child_signal (process, SIGUSR1);
  ready = child_expect_line (process, "ready ", WAIT_SECONDS);
  start_again (self);
  assert_nothing_remembered (self);
}

/* A record of another boot, of another process, or of nobody: each line of it matters. */
static const struct {
  const char *name;
  const char *key;
  const char *value; /* NULL: without the key */
} edits[] = {
  { "other-boot", "Id", "00000000-0000-0000-0000-000000000000" },
  { "no-boot", "Id", NULL },
  { "other-start", "StartTime", "1" },
  { "no-start", "StartTime", NULL },
  { "huge-start", "StartTime", "18446744073709551616" },
  { "other-users", "Uids", "0;0;0;0" },
  { "too-few-users", "Uids", "18101;18101;18101" },
  { "no-users", "Uids", "" },
  { "other-groups", "Gids", "0;0;0;0" },
  { "negative-group", "Gids", "-1;-1;-1;-1" },
  { "capable", "Capable", "true" },
  { "not-dumpable", "Dumpable", "false" },
  { "pid-0", "Pid", "0" },
  { "pid-1", "Pid", "1" },
  { "pid-2^32", "Pid", "4294967296" },
  { "pid-of-nobody", "Pid", "4194304" },
  { "pid-in-words", "Pid", "\\033[31mone" },
  { "ratio-too-large", "Ratio", "10001" },
  { "adder-in-words", "Adder", "alice" },
  { "neither-primary-nor-not", "Primary", "" },
  { "enabled-in-between", "Enabled", "perhaps" },
};

static void
test_edited_record (Fixture *self, gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const char *group = g_str_equal (edits[i].key, "Id") ? "Boot" : "Target 1";
  g_autofree char *path = get_record (self);
  g_autoptr (GKeyFile) record = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  fixture_serve (self, fixture_process_of (self, "alice"));
  crash (self, SERVED);
  g_key_file_load_from_file (record, path, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  g_assert_true (g_key_file_has_key (record, group, edits[i].key, NULL));
  if (edits[i].value != NULL)
    g_key_file_set_value (record, group, edits[i].key, edits[i].value);
  else
    g_key_file_remove_key (record, group, edits[i].key, NULL);
  g_key_file_save_to_file (record, path, &error);
  g_assert_no_error (error);
  start_again (self);
  assert_nothing_remembered (self);
}

/* A crash of the machine, too, may leave half of it. */
static void
test_truncated_record (Fixture *self, gconstpointer data)
{
  g_autofree char *path = get_record (self), *whole = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  fixture_serve (self, fixture_process_of (self, "alice"));
  crash (self, SERVED);
  g_file_get_contents (path, &whole, &length, &error);
  g_assert_no_error (error);
  for (gsize size = 0; size + 12 < length; size += 11) {
    g_file_set_contents (path, whole, (gssize) size, &error);
    g_assert_no_error (error);
    start_again (self);
    assert_nothing_remembered (self);
  }
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
  add ("/restart/settings-persist", test_settings_persist);
  add ("/restart/reset-persists", test_reset_persists);
  add ("/restart/stop-forgets-the-target", test_stop_forgets_the_target);
  add ("/restart/crash-takes-up-the-target", test_crash_takes_up_the_target);
  add ("/restart/crash-takes-up-what-was-not-served", test_crash_takes_up_what_was_not_served);
  add ("/restart/crash-keeps-the-target's-ratio", test_crash_keeps_the_targets_ratio);
  add ("/restart/crash-after-the-exit", test_crash_after_the_exit);
  add ("/restart/process-exits-meanwhile", test_process_exits_meanwhile);
  add ("/restart/pid-is-used-again", test_pid_is_used_again);
  add ("/restart/owner-changes-meanwhile", test_owner_changes_meanwhile);
  add ("/restart/truncated-record", test_truncated_record);
  for (guint i = 0; i < G_N_ELEMENTS (edits); i++) {
    g_autofree char *path = g_strconcat ("/restart/edited-record/", edits[i].name, NULL);

    g_test_add (path, Fixture, GUINT_TO_POINTER (i), fixture_set_up_all, test_edited_record,
                fixture_tear_down);
  }
  return g_test_run ();
}
