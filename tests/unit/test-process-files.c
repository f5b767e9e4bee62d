/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "child.h"
#include "error.h"

#include <glib/gstdio.h>

/* A /proc of our own, with one process in it: what a kernel could say of a process that lives. */
typedef struct {
  Child *child;
  char *root;
  char *directory;
} Fixture;

#define STAT_AFTER_NAME "S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1000 2000"
#define STATUS_BEGIN "Name:\tname\nUmask:\t0022\nState:\tS (sleeping)\n"
#define STATUS_IDS "Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\n"
#define STATUS_MEMORY "VmSize:\t    2280 kB\n"

static void
write_file (Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->directory, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

/* Writes what /proc/PID/status begins with, @memory and @rest after it. */
static void
write_status_with (Fixture *fixture, int tgid, const char *rest, const char *memory)
{
  g_autofree char *text = g_strdup_printf (STATUS_BEGIN "Tgid:\t%d\nPid:\t%d\n%s%s", tgid,
                                           fixture->child->pid, memory, rest);

  write_file (fixture, "status", text);
}

static void
write_status (Fixture *fixture, int tgid, const char *rest)
{
  write_status_with (fixture, tgid, rest, STATUS_MEMORY);
}

static void
write_stat (Fixture *fixture, const char *name, const char *rest)
{
  g_autofree char *text = g_strdup_printf ("%d (%s) %s\n", fixture->child->pid, name, rest);

  write_file (fixture, "stat", text);
}

static void
set_up (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autofree char *number = NULL;
  g_autoptr (GError) error = NULL;

  fixture->child = child_new (NULL);
  number = g_strdup_printf ("%d", fixture->child->pid);
  fixture->root = g_dir_make_tmp ("process-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->directory = g_build_filename (fixture->root, "proc", number, NULL);
  g_assert_cmpint (g_mkdir_with_parents (fixture->directory, 0700), ==, 0);
  write_stat (fixture, "name", STAT_AFTER_NAME);
  write_status (fixture, fixture->child->pid, STATUS_IDS "CapPrm:\t0000000000000000\n");
  write_file (fixture, "maps", "");
}

static void
tear_down (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const names[] = { "stat", "status", "maps" };
  g_autofree char *proc = g_path_get_dirname (fixture->directory);

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = g_build_filename (fixture->directory, names[i], NULL);

    g_remove (path);
  }
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_assert_cmpint (g_rmdir (proc), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);
  child_free (fixture->child);
  g_free (fixture->root);
  g_free (fixture->directory);
}

static DhProcess *
open_process (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  DhProcess *process = dh_process_open (fixture->root, fixture->child->pid, &error);

  g_assert_no_error (error);
  return process;
}

static void
assert_refused (Fixture *fixture, DhError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dh_process_open (fixture->root, fixture->child->pid, &error));
  g_assert_error (error, DH_ERROR, (int) code);
}

static void
test_finds_the_fields_after_any_name (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const names[] = {
    "name", "",     "two words",  "a) b",
    "((",   "))) ", "x) Z 1 1 1", ") S 1 1 1 0 -1 2129984 1 2 3 4 5 6 7 8 20 0 1 0 99 "
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (DhProcess) process = NULL;

    write_stat (fixture, names[i], STAT_AFTER_NAME);
    process = open_process (fixture);
    g_assert_cmpuint (dh_process_get_start_time (process), ==, 4711);
  }
}

static void
test_tells_what_is_no_target (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *stat;
    DhError code;
  } rows[] = {
    /* PF_KTHREAD among other flags, and alone. */
    { "S 2 0 0 0 -1 2129984 1 2 3 4 5 6 7 8 20 0 1 0 4711 0 0", DH_ERROR_PROCESS_NOT_PERMITTED },
    { "S 2 0 0 0 -1 2097152 1 2 3 4 5 6 7 8 20 0 1 0 4711 0 0", DH_ERROR_PROCESS_NOT_PERMITTED },
    { "Z 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 0 0", DH_ERROR_NO_SUCH_PROCESS },
    { "X 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 0 0", DH_ERROR_NO_SUCH_PROCESS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    write_stat (fixture, "name", rows[i].stat);
    assert_refused (fixture, rows[i].code);
  }
}

static void
test_refuses_files_that_are_nonsense (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const texts[] = { "",
                                "nonsense",
                                "5 (name",
                                "5 (name)",
                                "5 (name) ",
                                "5 (name) S 1 1 1",
                                "5 (name) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    write_file (fixture, "stat", texts[i]);
    assert_refused (fixture, DH_ERROR_NOT_AVAILABLE);
  }
  write_stat (fixture, "name", STAT_AFTER_NAME);
  write_file (fixture, "status", "Name:\tTgid:\n");
  assert_refused (fixture, DH_ERROR_NOT_AVAILABLE);
}

static void
test_refuses_a_thread_whatever_the_pidfd_says (Fixture *fixture,
                                               gconstpointer user_data G_GNUC_UNUSED)
{
  write_status (fixture, fixture->child->pid + 1, STATUS_IDS);
  assert_refused (fixture, DH_ERROR_PROCESS_NOT_PERMITTED);
}

static void
test_finds_no_process_without_its_directory (Fixture *fixture,
                                             gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *proc = g_path_get_dirname (fixture->directory);

  /* A root without /proc: the pidfd alone is not enough. */
  g_assert_null (dh_process_open (proc, fixture->child->pid, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_SUCH_PROCESS);
}

static void
test_refuses_what_died_after_its_files_were_read (Fixture *fixture,
                                                  gconstpointer user_data G_GNUC_UNUSED)
{
  child_kill (fixture->child);
  assert_refused (fixture, DH_ERROR_NO_SUCH_PROCESS);
}

static void
test_the_owner_of_the_dead_is_not_told (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhProcess) process = open_process (fixture);
  g_autoptr (GError) error = NULL;
  DhOwner owner;

  g_assert_true (dh_process_read_owner (process, &owner, NULL));
  child_kill (fixture->child);
  g_assert_false (dh_process_read_owner (process, &owner, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED);
}

/* It has let go of its memory, and its pidfd does not tell yet. */
static void
test_the_owner_of_the_dying_is_not_told (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhProcess) process = open_process (fixture);
  g_autoptr (GError) error = NULL;
  DhOwner owner;

  write_status_with (fixture, fixture->child->pid, STATUS_IDS, "");
  g_assert_false (dh_process_read_owner (process, &owner, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_PROCESS_EXITED);
}

static void
test_reads_every_id (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhProcess) process = open_process (fixture);
  DhOwner owner;

  g_assert_true (dh_process_read_owner (process, &owner, NULL));
  for (guint i = 0; i < 4; i++) {
    g_assert_cmpuint (owner.uids[i], ==, 1 + i);
    g_assert_cmpuint (owner.gids[i], ==, 5 + i);
  }
  g_assert_false (owner.capable);
  /* The maps are ours, the process is user 2's. */
  g_assert_false (owner.dumpable);
}

static void
test_takes_the_worst_for_granted (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *rest;
    gboolean capable;
  } rows[] = {
    { STATUS_IDS "CapPrm:\t0000000000000000\nCapEff:\t0\n", FALSE },
    { STATUS_IDS "CapPrm:\t0000000000000001\nCapEff:\t0\n", TRUE },
    { STATUS_IDS "CapPrm:\t8000000000000000\n", TRUE },
    { STATUS_IDS "CapInh:\t0000000000000000\n", TRUE },
    { STATUS_IDS "CapPrm:\t00000000", TRUE },
    { STATUS_IDS "CapPrm:\t", TRUE },
    { STATUS_IDS, TRUE },
  };
  g_autoptr (DhProcess) process = open_process (fixture);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    DhOwner owner;

    write_status (fixture, fixture->child->pid, rows[i].rest);
    g_assert_true (dh_process_read_owner (process, &owner, NULL));
    g_assert_cmpint (owner.capable, ==, rows[i].capable);
  }
}

static void
test_a_long_line_of_groups_hides_no_capability (Fixture *fixture,
                                                gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhProcess) process = open_process (fixture);
  g_autofree char *groups = g_strnfill (100000, '1');
  g_autofree char *rest =
    g_strdup_printf (STATUS_IDS "Groups:\t%s\nCapPrm:\t0000000000000001\n", groups);
  DhOwner owner;

  write_status (fixture, fixture->child->pid, rest);
  g_assert_true (dh_process_read_owner (process, &owner, NULL));
  g_assert_true (owner.capable);
}

static void
test_tells_no_owner_without_all_ids (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const rests[] = { "", "Uid:\t1\t2\t3\t4\n", "Gid:\t1\t2\t3\t4\n",
                                "Uid:\t1\t2\t3\nGid:\t1\t2\t3\t4\n",
                                "Uid:\t1\t2\t3\t4\nGid:\tx\t2\t3\t4\n" };
  g_autoptr (DhProcess) process = open_process (fixture);

  for (gsize i = 0; i < G_N_ELEMENTS (rests); i++) {
    g_autoptr (GError) error = NULL;
    DhOwner owner;

    write_status (fixture, fixture->child->pid, rests[i]);
    g_assert_false (dh_process_read_owner (process, &owner, &error));
    g_assert_error (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE);
  }
}

static void
test_huge_pages_are_allowed_unless_the_kernel_says_no (Fixture *fixture,
                                                       gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *rest;
    gboolean enabled;
  } rows[] = {
    { STATUS_IDS, TRUE },
    { STATUS_IDS "THP_enabled:\t1\n", TRUE },
    { STATUS_IDS "THP_enabled:\t0\n", FALSE },
  };
  g_autoptr (DhProcess) process = open_process (fixture);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    write_status (fixture, fixture->child->pid, rows[i].rest);
    g_assert_cmpint (dh_process_thp_enabled (process), ==, rows[i].enabled);
  }
}

static void
test_reads_the_anonymous_memory (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *rest;
    guint64 bytes;
  } rows[] = {
    { STATUS_IDS "VmRSS:\t    9 kB\nRssAnon:\t       0 kB\nRssFile:\t    7 kB\n", 0 },
    { STATUS_IDS "VmRSS:\t    9 kB\nRssAnon:\t     132 kB\n", 132 * 1024 },
    { STATUS_IDS "RssAnon:\t17179869184 kB\n", G_GUINT64_CONSTANT (1) << 44 },
  };
  g_autoptr (DhProcess) process = open_process (fixture);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 bytes;

    write_status (fixture, fixture->child->pid, rows[i].rest);
    g_assert_true (dh_process_read_anonymous (process, &bytes, NULL));
    g_assert_cmpuint (bytes, ==, rows[i].bytes);
  }
}

static void
test_tells_no_memory_that_is_not_known (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhProcess) process = open_process (fixture);
  g_autoptr (GError) unknown = NULL, gone = NULL;
  guint64 bytes = 4711;

  g_assert_false (dh_process_read_anonymous (process, &bytes, &unknown));
  g_assert_error (unknown, DH_ERROR, DH_ERROR_NOT_AVAILABLE);
  write_status (fixture, fixture->child->pid, STATUS_IDS "RssAnon:\t       1 kB\n");
  child_kill (fixture->child);
  g_assert_false (dh_process_read_anonymous (process, &bytes, &gone));
  g_assert_error (gone, DH_ERROR, DH_ERROR_PROCESS_EXITED);
  g_assert_cmpuint (bytes, ==, 4711);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/process-files/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("finds-the-fields-after-any-name", test_finds_the_fields_after_any_name);
  ADD ("tells-what-is-no-target", test_tells_what_is_no_target);
  ADD ("refuses-files-that-are-nonsense", test_refuses_files_that_are_nonsense);
  ADD ("refuses-a-thread-whatever-the-pidfd-says", test_refuses_a_thread_whatever_the_pidfd_says);
  ADD ("finds-no-process-without-its-directory", test_finds_no_process_without_its_directory);
  ADD ("refuses-what-died-after-its-files-were-read",
       test_refuses_what_died_after_its_files_were_read);
  ADD ("the-owner-of-the-dead-is-not-told", test_the_owner_of_the_dead_is_not_told);
  ADD ("the-owner-of-the-dying-is-not-told", test_the_owner_of_the_dying_is_not_told);
  ADD ("reads-every-id", test_reads_every_id);
  ADD ("takes-the-worst-for-granted", test_takes_the_worst_for_granted);
  ADD ("a-long-line-of-groups-hides-no-capability", test_a_long_line_of_groups_hides_no_capability);
  ADD ("tells-no-owner-without-all-ids", test_tells_no_owner_without_all_ids);
  ADD ("huge-pages-are-allowed-unless-the-kernel-says-no",
       test_huge_pages_are_allowed_unless_the_kernel_says_no);
  ADD ("reads-the-anonymous-memory", test_reads_the_anonymous_memory);
  ADD ("tells-no-memory-that-is-not-known", test_tells_no_memory_that_is_not_known);
  return g_test_run ();
}
