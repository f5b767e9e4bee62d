/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-case.h"

#include <signal.h>
#include <string.h>

/* What watching the module's files costs where nobody is served. */

static GDir *
open_folder (ModuleCase *self, const char *name)
{
  g_autofree char *path =
    g_strdup_printf ("/proc/%d/%s", child_get_pid (self->fixture.service), name);
  GDir *folder = g_dir_open (path, 0, NULL);

  g_assert_nonnull (folder);
  return folder;
}

/* What follows @key in a file of each entry of the folder, in sum. */
static guint64
sum_up (ModuleCase *self, const char *folder_name, const char *file, const char *key)
{
  g_autoptr (GDir) folder = open_folder (self, folder_name);
  guint64 sum = 0;
  const char *name;

  while ((name = g_dir_read_name (folder))) {
    g_autofree char *path = g_strdup_printf (
      "/proc/%d/%s/%s%s", child_get_pid (self->fixture.service), folder_name, name, file);
    g_autofree char *text = NULL;
    const char *found;

    if (g_file_get_contents (path, &text, NULL, NULL) && (found = strstr (text, key)))
      sum += g_ascii_strtoull (found + strlen (key), NULL, 10);
  }
  return sum;
}

static guint
count_threads (ModuleCase *self)
{
  g_autoptr (GDir) folder = open_folder (self, "task");
  guint n_threads = 0;

  while (g_dir_read_name (folder))
    n_threads++;
  return n_threads;
}

/* How many inotify watches it has. */
static guint
count_watches (ModuleCase *self)
{
  g_autoptr (GDir) folder = open_folder (self, "fdinfo");
  guint n_watches = 0;
  const char *name;

  while ((name = g_dir_read_name (folder))) {
    g_autofree char *path =
      g_strdup_printf ("/proc/%d/fdinfo/%s", child_get_pid (self->fixture.service), name);
    g_autofree char *text = NULL;

    if (!g_file_get_contents (path, &text, NULL, NULL))
      continue;
    for (const char *line = text; (line = strstr (line, "inotify wd:")); line++)
      n_watches++;
  }
  return n_watches;
}

/* GLib's threads without work wait 15 s for some and then end. The main one, GDBus's, GLib's own
 * and the module's writer stay. */
#define LASTING_THREADS 4

static gboolean
is_at_rest (gpointer data)
{
  return count_threads (data) <= LASTING_THREADS;
}

static void
assert_sleeps (ModuleCase *cases, guint n_cases)
{
  guint64 before[3];

  g_assert_cmpuint (n_cases, <=, G_N_ELEMENTS (before));
  for (guint i = 0; i < n_cases; i++)
    wait_until (is_at_rest, &cases[i], 20);
  for (guint i = 0; i < n_cases; i++)
    before[i] = sum_up (&cases[i], "task", "/status", "\nvoluntary_ctxt_switches:\t");
  wait_for (10000);
  for (guint i = 0; i < n_cases; i++) {
    const guint64 after = sum_up (&cases[i], "task", "/status", "\nvoluntary_ctxt_switches:\t");

    g_test_message ("Service %u: %" G_GUINT64_FORMAT " wakeups", i, after - before[i]);
    g_assert_cmpuint (after - before[i], <=, 1);
  }
}

/* Before any target, after the last one, and where there is no module, all at a time. */
static void
test_sleeps (void)
{
  ModuleCase cases[3] = { 0 };
  guint32 pid;
  Child *target;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    module_case_set_up_model (&cases[i], NULL);
  module_case_start (&cases[0], NULL);
  module_case_start (&cases[1], NULL);
  target = fixture_poser_as (&cases[1].fixture, "alice", &pid, NULL);
  module_case_serve (&cases[1], pid, MODULE_QUICKLY);
  kernel_model_command (cases[1].model, "allow-hurt");
  child_signal (target, SIGKILL);
  g_assert_true (child_wait (target, 10, NULL));
  module_case_wait_state (&cases[1], "target-exited", 10);
  kernel_model_command (cases[2].model, "shape none");
  module_case_start (&cases[2], "--engine=auto", NULL);

  assert_sleeps (cases, G_N_ELEMENTS (cases));
  g_assert_cmpuint (count_watches (&cases[0]), ==, 1);
  g_assert_cmpuint (count_watches (&cases[1]), ==, 1);
  g_assert_cmpuint (count_watches (&cases[2]), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    module_case_tear_down (&cases[i], NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/module/quiet/sleeps", test_sleeps);
  return g_test_run ();
}
