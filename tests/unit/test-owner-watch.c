/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "owner-watch.h"

#include "child.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/stat.h>

/* A process that changes its owner when it is told to, and one that does something else. It needs
 * root. */

#define SOMEBODY 65534
#define SOMEBODY_ELSE 65533
#define LOOK_MSEC 1000

static char *program; /* a copy of an ordinary one that waits */

static void
become (uid_t uid)
{
  if (setresgid (uid, uid, uid) < 0 || setresuid (uid, uid, uid) < 0
      || prctl (PR_SET_DUMPABLE, 1) < 0)
    _exit (1);
}

static void
change_user (int number)
{
  become (SOMEBODY_ELSE);
}

/* Only its saved ID stays. */
static void
change_effective_user (int number)
{
  if (seteuid (SOMEBODY_ELSE) < 0 || prctl (PR_SET_DUMPABLE, 1) < 0)
    _exit (1);
}

static void
hide (int number)
{
  prctl (PR_SET_DUMPABLE, 0);
}

static void
execute (int number)
{
  execl (program, program, "60", (char *) NULL);
  _exit (1);
}

static void
ignore (int number)
{
}

static void
become_somebody (void)
{
  become (SOMEBODY);
}

/* Somebody who may become somebody else. */
static void
become_half (void)
{
  if (setresuid (SOMEBODY, SOMEBODY, SOMEBODY_ELSE) < 0 || prctl (PR_SET_DUMPABLE, 1) < 0)
    _exit (1);
}

static void
stay_root (void)
{
}

typedef struct {
  const char *name;
  void (*prepare) (void);
  void (*act) (int number);
  mode_t mode; /* of the program */
  gboolean changes;
} Row;

static const Row rows[] = {
  { "changes-its-user", stay_root, change_user, 0755, TRUE },
  { "changes-its-effective-user", become_half, change_effective_user, 0755, TRUE },
  { "cannot-be-looked-into-any-more", become_somebody, hide, 0755, TRUE },
  { "executes-a-set-user-id-program", become_somebody, execute, 04755, TRUE },
  { "executes-a-set-group-id-program", become_somebody, execute, 02755, TRUE },
  { "executes-an-ordinary-program", become_somebody, execute, 0755, FALSE },
  { "stays", become_somebody, ignore, 0755, FALSE },
};

static const Row *current;

static void
prepare (void)
{
  signal (SIGUSR1, current->act);
  current->prepare ();
}

typedef struct {
  guint count;
  DhOwnerWatch *watch; /* freed when called (nullable) */
} Calls;

static void
on_changed (gpointer user_data)
{
  Calls *calls = user_data;

  calls->count++;
  g_clear_pointer (&calls->watch, dh_owner_watch_free);
}

static gboolean
stop_waiting (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (guint msec)
{
  gboolean over = FALSE;

  g_timeout_add (msec, stop_waiting, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
install (mode_t mode)
{
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents ("/bin/sleep", &text, &length, NULL));
  unlink (program);
  g_assert_true (g_file_set_contents_full (program, text, (gssize) length, G_FILE_SET_CONTENTS_NONE,
                                           0755, NULL));
  g_assert_no_errno (chmod (program, mode));
}

static DhOwner
read_owner (DhProcess *process)
{
  g_autoptr (GError) error = NULL;
  DhOwner owner;

  g_assert_true (dh_process_read_owner (process, &owner, &error));
  g_assert_no_error (error);
  return owner;
}

static void
test_row (gconstpointer data)
{
  const Row *row = current = data;
  Calls calls = { 0 };
  g_autoptr (Child) child = NULL;
  g_autoptr (DhProcess) process = NULL;
  DhOwner owner;

  if (geteuid () != 0) {
    g_test_skip ("Only root can start somebody's processes");
    return;
  }
  install (row->mode);
  child = child_new (prepare);
  process = dh_process_open ("/", (guint64) child->pid, NULL);
  owner = read_owner (process);
  calls.watch = dh_owner_watch_new (process, &owner, on_changed, &calls);
  run_for (LOOK_MSEC / 5);
  g_assert_cmpuint (calls.count, ==, 0);
  g_assert_no_errno (kill (child->pid, SIGUSR1));
  run_for (LOOK_MSEC + LOOK_MSEC / 5);
  g_assert_cmpuint (calls.count, ==, row->changes ? 1 : 0);
  g_clear_pointer (&calls.watch, dh_owner_watch_free);
}

/* Whoever exits is nobody's, and others' to notice. */
static void
test_exit (void)
{
  Calls calls = { 0 };
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhProcess) process = dh_process_open ("/", (guint64) child->pid, NULL);
  const DhOwner owner = read_owner (process);

  calls.watch = dh_owner_watch_new (process, &owner, on_changed, &calls);
  child_kill (child);
  run_for (LOOK_MSEC + LOOK_MSEC / 5);
  child_reap (child);
  run_for (LOOK_MSEC + LOOK_MSEC / 5);
  g_assert_cmpuint (calls.count, ==, 0);
  dh_owner_watch_free (calls.watch);
}

/* What it has become meanwhile was authorized. */
static void
test_new_owner (void)
{
  Calls calls = { 0 };
  g_autoptr (Child) child = child_new (NULL);
  g_autoptr (DhProcess) process = dh_process_open ("/", (guint64) child->pid, NULL);
  const DhOwner now = read_owner (process);
  DhOwner before = now;

  before.uids[1] = before.uids[1] + 1;
  calls.watch = dh_owner_watch_new (process, &before, on_changed, &calls);
  dh_owner_watch_set_owner (calls.watch, &now);
  run_for (LOOK_MSEC + LOOK_MSEC / 2);
  g_assert_cmpuint (calls.count, ==, 0);
  dh_owner_watch_set_owner (calls.watch, &before);
  run_for (LOOK_MSEC + LOOK_MSEC / 2);
  g_assert_cmpuint (calls.count, ==, 1);
  g_assert_null (calls.watch);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = NULL;
  int result;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("owner-watch-XXXXXX", NULL);
  g_assert_no_errno (chmod (folder, 0755));
  program = g_build_filename (folder, "sleep", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/owner-watch/", rows[i].name, NULL);

    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func ("/owner-watch/exit", test_exit);
  g_test_add_func ("/owner-watch/new-owner", test_new_owner);
  result = g_test_run ();
  unlink (program);
  rmdir (folder);
  g_free (program);
  return result;
}
