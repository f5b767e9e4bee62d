/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store-fixture.h"

static guint
count_stored (StoreFixture *fixture)
{
  g_autoptr (DhStore) store = open_store (fixture);

  return count_targets (store);
}

static void
test_keeps_the_targets_at_once (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  g_autoptr (DhStore) next = NULL;
  g_autoptr (GArray) targets = g_array_new (FALSE, FALSE, sizeof (DhStoredTarget));
  g_autoptr (GArray) stored = NULL;
  const gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < 64; i++) {
    DhStoredTarget target = some_target;

    target.pid += i;
    target.primary = target.set = i == 7;
    g_array_append_val (targets, target);
  }
  dh_store_save_targets (store, targets);
  /* The main loop does not run: the worker alone writes. */
  while (!g_file_test (fixture->targets_path, G_FILE_TEST_EXISTS)) {
    g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
    g_thread_yield ();
  }
  assert_mode (fixture->targets_path, 0600);

  next = open_store (fixture);
  stored = dh_store_load_targets (next);
  g_assert_cmpuint (stored->len, ==, 64);
  for (guint i = 0; i < stored->len; i++) {
    const DhStoredTarget *target = &g_array_index (stored, DhStoredTarget, i);

    g_assert_cmpuint (target->pid, ==, some_target.pid + i);
    g_assert_cmpuint (target->start_time, ==, some_target.start_time);
    g_assert_true (dh_owner_equal (&target->owner, &some_target.owner));
    g_assert_true (target->enabled);
    g_assert_cmpint (target->primary, ==, i == 7);
    g_assert_cmpuint (target->ratio, ==, 5000);
  }
}

static void
test_forgets_the_targets (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);

  save_target (store, &some_target);
  dh_store_flush (store);
  assert_exists (fixture->targets_path, TRUE);

  dh_store_save_targets (store, NULL);
  dh_store_flush (store);
  assert_exists (fixture->targets_path, FALSE);
  g_assert_cmpuint (count_stored (fixture), ==, 0);

  dh_store_save_targets (store, NULL);
  dh_store_flush (store);
}

/* Which this run has not written itself. */
static void
test_forgets_the_targets_of_an_earlier_run (StoreFixture *fixture,
                                            gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  g_autoptr (DhStore) next = NULL;

  save_target (store, &some_target);
  dh_store_flush (store);
  next = open_store (fixture);
  g_assert_cmpuint (count_targets (next), ==, 1);
  dh_store_save_targets (next, NULL);
  dh_store_flush (next);
  assert_exists (fixture->targets_path, FALSE);
}

static void
test_writes_nothing_that_is_there_already (StoreFixture *fixture,
                                           gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);

  save_target (store, &some_target);
  dh_store_flush (store);
  g_assert_cmpint (g_remove (fixture->targets_path), ==, 0);
  save_target (store, &some_target);
  dh_store_flush (store);
  assert_exists (fixture->targets_path, FALSE);
}

static void
test_targets_of_another_boot_are_none (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);

  save_target (store, &some_target);
  dh_store_flush (store);
  g_assert_cmpuint (count_stored (fixture), ==, 1);

  write_file (fixture->boot_id_path, OTHER_BOOT_ID "\n");
  g_assert_cmpuint (count_stored (fixture), ==, 0);
}

static void
test_a_target_that_is_not_whole_is_none (StoreFixture *fixture,
                                         gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  g_autofree char *whole = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  save_target (store, &some_target);
  dh_store_flush (store);
  g_file_get_contents (fixture->targets_path, &whole, NULL, &error);
  g_assert_no_error (error);
  text = g_strconcat (whole, "[Target 2]\nPid=4712\nStartTime=5\n[Targets]\nPid=5\n", NULL);
  write_file (fixture->targets_path, text);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "*targets: ?Target 2? is ignored: Uids is missing*");
  g_assert_cmpuint (count_stored (fixture), ==, 1);
  g_test_assert_expected_messages ();
}

static void
test_records_no_target_without_a_boot_id (StoreFixture *fixture,
                                          gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = NULL;

  g_remove (fixture->boot_id_path);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "No target will be recorded: *");
  store = open_store (fixture);
  g_test_assert_expected_messages ();
  save_target (store, &some_target);
  dh_store_flush (store);
  assert_exists (fixture->targets_path, FALSE);
  g_assert_cmpuint (count_targets (store), ==, 0);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/store/" name, StoreFixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("keeps-the-targets-at-once", test_keeps_the_targets_at_once);
  ADD ("forgets-the-targets", test_forgets_the_targets);
  ADD ("forgets-the-targets-of-an-earlier-run", test_forgets_the_targets_of_an_earlier_run);
  ADD ("writes-nothing-that-is-there-already", test_writes_nothing_that_is_there_already);
  ADD ("targets-of-another-boot-are-none", test_targets_of_another_boot_are_none);
  ADD ("a-target-that-is-not-whole-is-none", test_a_target_that_is_not_whole_is_none);
  ADD ("records-no-target-without-a-boot-id", test_records_no_target_without_a_boot_id);
  return g_test_run ();
}
