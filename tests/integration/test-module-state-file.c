/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "recovery-case.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The service is killed, and what it has noted of the module is lost or spoilt: it goes on with
 * what the kernel has. */

#define SECONDS 10

#define CANNOT_SAVE "After a crash nothing will be known of the module"

static void
lose (const char *path)
{
  g_assert_no_errno (g_unlink (path));
}

static void
write_text (const char *path, const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, (gssize) length, &error);
  g_assert_no_error (error);
  g_assert_no_errno (chmod (path, 0600));
}

static void
empty (const char *path)
{
  write_text (path, "", 0);
}

static void
cut_in_half (const char *path)
{
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  write_text (path, text, length / 2);
}

static void
fill_with_garbage (const char *path)
{
  write_text (path, "\001\377[\n=", 5);
}

static void
replace (const char *path, const char *key, const char *value)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;

  g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  g_key_file_set_value (file, "Module", key, value);
  g_key_file_save_to_file (file, path, &error);
  g_assert_no_error (error);
}

static void
name_another_boot (const char *path)
{
  replace (path, "BootId", "00000000-0000-0000-0000-000000000000");
}

static void
exceed_a_pid (const char *path)
{
  replace (path, "Pid", "4294967297");
}

static void
open_to_others (const char *path)
{
  g_assert_no_errno (chmod (path, 0602));
}

static void
make_a_folder (const char *path)
{
  lose (path);
  g_assert_no_errno (mkdir (path, 0700));
}

static void
make_a_link (const char *path)
{
  g_autofree char *elsewhere = g_strconcat (path, ".elsewhere", NULL);

  g_assert_no_errno (g_rename (path, elsewhere));
  g_assert_no_errno (symlink (elsewhere, path));
}

static void
keep (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_no_errno (chmod (folder, 0500));
}

typedef struct {
  const char *name;
  void (*spoil) (const char *path);
  const char *warning; /* NULL: none */
  gboolean is_good;    /* it can be read */
  gboolean is_stuck;   /* and cannot be written */
} Row;

static const Row rows[] = {
  { "missing", lose, NULL, FALSE, FALSE },
  { "empty", empty, "is ignored", FALSE, FALSE },
  { "cut-in-half", cut_in_half, "ignored", FALSE, FALSE },
  { "garbage", fill_with_garbage, "is ignored", FALSE, FALSE },
  { "of-another-boot", name_another_boot, NULL, FALSE, FALSE },
  { "with-a-pid-beyond-31-bits", exceed_a_pid, "Pid is missing or out of range", FALSE, FALSE },
  { "writable-by-others", open_to_others, "others may write to it", FALSE, FALSE },
  { "a-link", make_a_link, "symbolic link", FALSE, FALSE },
  { "a-folder", make_a_folder, "is ignored", FALSE, TRUE },
  { "in-a-folder-that-cannot-be-written", keep, CANNOT_SAVE, TRUE, TRUE },
};

static void
begin_start (RecoveryCase *self)
{
  recovery_case_begin_call (self, self->pids[0], ", 'Enabled': <true>, 'Ratio': <@u 5000>");
}

static const RecoveryOperation start = { "start", NULL, begin_start, recovery_case_finish_call };

static void
spoil (RecoveryCase *self, const Row *row)
{
  g_autofree char *path = g_build_filename (self->module.fixture.directory, "state/module", NULL);

  row->spoil (path);
}

static void
mend (RecoveryCase *self)
{
  g_autofree char *folder = fixture_path (&self->module.fixture, "state");
  g_autofree char *path = g_build_filename (folder, "module", NULL);

  g_assert_no_errno (chmod (folder, 0700));
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    g_assert_no_errno (rmdir (path));
}

/* @words: NULL: of nothing. */
static void
assert_warned (RecoveryCase *self, const char *words)
{
  g_autofree char *log = fixture_service_read_log (&self->module.fixture);
  const char *warning = strstr (log + self->log_length, "WARNING **");

  if (words ? !warning || !strstr (warning, words) : warning != NULL)
    g_error ("The log should warn of %s:\n%s", words ? words : "nothing", log + self->log_length);
}

static gboolean
is_recorded_enabled (gpointer data)
{
  return recovery_case_get_recorded (data, "targets", "Enabled") == 1;
}

static gboolean
is_recorded_disabled (gpointer data)
{
  return !is_recorded_enabled (data);
}

/* It works from there, and what it notes then is good for the next time. */
static void
assert_works (RecoveryCase *self, const Row *row)
{
  module_case_configure (&self->module, "{'Enabled': <false>}");
  assert_parameter (self->module.model, "enabled", "N");
  /* No reply waits for the file of the targets. */
  if (!row->is_stuck)
    g_assert_true (wait_until (is_recorded_disabled, self, SECONDS));
  g_assert_cmpint (kernel_model_get_number (self->module.model, "trapped"), ==, 0);
  recovery_case_serve (self);
  if (!row->is_stuck) {
    g_assert_true (wait_until (is_recorded_enabled, self, SECONDS));
    recovery_case_kill (self);
    recovery_case_assert_recovered (self);
  }
  assert_warned (self, row->is_stuck ? CANNOT_SAVE : NULL);
  module_case_stop (&self->module);
  assert_parameter (self->module.model, "enabled", "N");
  assert_parameter (self->module.model, "commit_inputs", "N");
  g_assert_cmpint (kernel_model_get_number (self->module.model, "trapped"), ==, 0);
  mend (self);
}

/* What is served goes on: it is somebody's, if not known to be the service's own. */
static void
test_while_served (RecoveryCase *self, gconstpointer data)
{
  const Row *row = data;

  recovery_case_begin_round (self);
  recovery_case_serve (self);
  wait_for_files ();
  recovery_case_kill (self);
  spoil (self, row);
  recovery_case_start_again (self);
  module_case_wait_state (&self->module, "running", SECONDS);
  assert_property (self->module.fixture.connection, "Pid", g_variant_new_uint32 (self->pids[0]));
  g_assert_cmpint (kernel_model_get_number (self->module.model, "target-pid"), ==, self->pids[0]);
  if (!row->is_good)
    assert_warned (self, row->warning);
  assert_works (self, row);
}

/* Nothing runs, and some of the inputs are the service's. */
static void
test_in_the_middle_of_a_start (RecoveryCase *self, gconstpointer data)
{
  const Row *row = data;

  recovery_case_die_at (self, &start, 2, "before");
  spoil (self, row);
  recovery_case_start_again (self);
  assert_property (self->module.fixture.connection, "State", g_variant_new_string ("disabled"));
  assert_property (self->module.fixture.connection, "Pid", g_variant_new_uint32 (0));
  assert_parameter_eventually (self->module.model, "quota_percentage_hugepage",
                               row->is_good ? "300" : "5000", SECONDS);
  assert_warned (self, row->warning);
  assert_works (self, row);
}

static void
add (const char *situation, const Row *row, void (*test) (RecoveryCase *, gconstpointer))
{
  g_autofree char *path = g_strdup_printf ("/module/state-file/%s/%s", situation, row->name);

  g_test_add (path, RecoveryCase, row, recovery_case_set_up, test, recovery_case_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    add ("killed-while-serving", &rows[i], test_while_served);
    add ("killed-in-the-middle-of-a-start", &rows[i], test_in_the_middle_of_a_start);
  }
  return g_test_run ();
}
