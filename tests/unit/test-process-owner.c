/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "child.h"
#include "error.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>

#define SOMEBODY 65534
#define SOMEBODY_ELSE 65533

static DhOwner
read_owner (void (*prepare) (void))
{
  g_autoptr (Child) child = child_new (prepare);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhProcess) process = dh_process_open ("/", child->pid, &error);
  DhOwner owner;

  g_assert_no_error (error);
  g_assert_true (dh_process_read_owner (process, &owner, &error));
  g_assert_no_error (error);
  return owner;
}

/* A change of uid makes a process undumpable until it says otherwise. */
static void
become (uid_t real, uid_t effective, uid_t saved, gid_t real_gid, gid_t saved_gid)
{
  if (setresgid (real_gid, SOMEBODY, saved_gid) < 0 || setresuid (real, effective, saved) < 0
      || prctl (PR_SET_DUMPABLE, 1) < 0)
    _exit (1);
}

static void
become_somebody (void)
{
  become (SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY);
}

static void
keep_real_uid (void)
{
  become (SOMEBODY_ELSE, SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY);
}

static void
keep_saved_uid (void)
{
  become (SOMEBODY, SOMEBODY, SOMEBODY_ELSE, SOMEBODY, SOMEBODY);
}

static void
keep_saved_root (void)
{
  become (SOMEBODY, SOMEBODY, 0, SOMEBODY, SOMEBODY);
}

static void
keep_real_gid (void)
{
  become (SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY_ELSE, SOMEBODY);
}

static void
keep_saved_gid (void)
{
  become (SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY, SOMEBODY_ELSE);
}

static void
keep_capabilities (void)
{
  if (prctl (PR_SET_KEEPCAPS, 1) < 0)
    _exit (1);
  become_somebody ();
}

static void
become_undumpable (void)
{
  become_somebody ();
  if (prctl (PR_SET_DUMPABLE, 0) < 0)
    _exit (1);
}

static void
change_file_system_ids (void)
{
  setfsuid (SOMEBODY_ELSE);
  setfsgid (SOMEBODY);
}

static void
test_only_a_process_of_ones_own_is_own (void)
{
  const struct {
    void (*prepare) (void);
    gboolean own;
    gboolean capable;
    gboolean dumpable;
  } rows[] = {
    { become_somebody, TRUE, FALSE, TRUE },   { keep_real_uid, FALSE, FALSE, TRUE },
    { keep_saved_uid, FALSE, FALSE, TRUE },   { keep_saved_root, FALSE, TRUE, TRUE },
    { keep_real_gid, FALSE, FALSE, TRUE },    { keep_saved_gid, FALSE, FALSE, TRUE },
    { keep_capabilities, FALSE, TRUE, TRUE }, { become_undumpable, FALSE, FALSE, FALSE },
  };

  if (geteuid () != 0) {
    g_test_skip ("only root can become another user");
    return;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    const DhOwner owner = read_owner (rows[i].prepare);

    g_test_message ("row %" G_GSIZE_FORMAT, i);
    g_assert_cmpint (dh_owner_is_own (&owner, SOMEBODY, SOMEBODY), ==, rows[i].own);
    g_assert_cmpint (owner.capable, ==, rows[i].capable);
    g_assert_cmpint (owner.dumpable, ==, rows[i].dumpable);
    g_assert_false (dh_owner_is_own (&owner, 0, 0));
    g_assert_false (dh_owner_is_own (&owner, SOMEBODY_ELSE, SOMEBODY));
    g_assert_false (dh_owner_is_own (&owner, SOMEBODY, SOMEBODY_ELSE));
  }
}

static void
test_reads_all_four_ids_in_order (void)
{
  DhOwner owner;

  if (geteuid () != 0) {
    g_test_skip ("only root can become another user");
    return;
  }
  owner = read_owner (keep_real_uid);
  g_assert_cmpuint (owner.uids[0], ==, SOMEBODY_ELSE);
  g_assert_cmpuint (owner.uids[1], ==, SOMEBODY);
  g_assert_cmpuint (owner.uids[2], ==, SOMEBODY);
  g_assert_cmpuint (owner.uids[3], ==, SOMEBODY);

  owner = read_owner (keep_saved_gid);
  g_assert_cmpuint (owner.gids[0], ==, SOMEBODY);
  g_assert_cmpuint (owner.gids[1], ==, SOMEBODY);
  g_assert_cmpuint (owner.gids[2], ==, SOMEBODY_ELSE);
  g_assert_cmpuint (owner.gids[3], ==, SOMEBODY);

  owner = read_owner (change_file_system_ids);
  g_assert_cmpuint (owner.uids[2], ==, 0);
  g_assert_cmpuint (owner.uids[3], ==, SOMEBODY_ELSE);
  g_assert_cmpuint (owner.gids[2], ==, getgid ());
  g_assert_cmpuint (owner.gids[3], ==, SOMEBODY);
}

static void
test_root_is_capable_and_taken_for_dumpable (void)
{
  DhOwner owner;

  if (geteuid () != 0) {
    g_test_skip ("not run by root");
    return;
  }
  owner = read_owner (NULL);
  g_assert_true (owner.capable);
  g_assert_true (owner.dumpable);
  g_assert_false (dh_owner_is_own (&owner, 0, getgid ()));
}

static void
test_a_process_of_ones_own_stays_so_when_asked_again (void)
{
  const DhOwner first = read_owner (NULL);
  const DhOwner second = read_owner (NULL);

  g_assert_true (dh_owner_equal (&first, &second));
}

static DhOwner
make_owner (void)
{
  return (DhOwner){ .uids = { 1000, 1000, 1000, 1000 },
                    .gids = { 100, 100, 100, 100 },
                    .dumpable = TRUE };
}

static void
test_every_part_counts (void)
{
  const DhOwner base = make_owner ();

  g_assert_true (dh_owner_is_own (&base, 1000, 100));
  g_assert_true (dh_owner_equal (&base, &base));

  for (guint part = 0; part < 10; part++) {
    DhOwner owner = base;

    if (part < 4)
      owner.uids[part] = 1001;
    else if (part < 8)
      owner.gids[part - 4] = 101;
    else if (part == 8)
      owner.capable = TRUE;
    else
      owner.dumpable = FALSE;

    g_test_message ("part %u", part);
    g_assert_false (dh_owner_is_own (&owner, 1000, 100));
    g_assert_false (dh_owner_equal (&owner, &base));
    g_assert_false (dh_owner_equal (&base, &owner));
    g_assert_true (dh_owner_equal (&owner, &owner));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/process-owner/only-a-process-of-ones-own-is-own",
                   test_only_a_process_of_ones_own_is_own);
  g_test_add_func ("/process-owner/reads-all-four-ids-in-order", test_reads_all_four_ids_in_order);
  g_test_add_func ("/process-owner/root-is-capable-and-taken-for-dumpable",
                   test_root_is_capable_and_taken_for_dumpable);
  g_test_add_func ("/process-owner/is-the-same-when-asked-again",
                   test_a_process_of_ones_own_stays_so_when_asked_again);
  g_test_add_func ("/process-owner/every-part-counts", test_every_part_counts);
  return g_test_run ();
}
