/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store-fixture.h"

static gboolean
has_target (StoreFixture *fixture, DhStoredTarget *ret_target)
{
  g_autoptr (DhStore) store = open_store (fixture);

  return dh_store_load_target (store, ret_target);
}

static void
test_keeps_the_target_at_once (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  const gint64 start = g_get_monotonic_time ();
  DhStoredTarget target = { 0 };

  dh_store_save_target (store, &some_target);
  /* The main loop does not run: the worker alone writes. */
  while (!g_file_test (fixture->target_path, G_FILE_TEST_EXISTS)) {
    g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
    g_thread_yield ();
  }
  assert_mode (fixture->target_path, 0600);

  g_assert_true (has_target (fixture, &target));
  g_assert_cmpuint (target.pid, ==, some_target.pid);
  g_assert_cmpuint (target.start_time, ==, some_target.start_time);
  g_assert_true (dh_owner_equal (&target.owner, &some_target.owner));
  g_assert_true (target.enabled);
  g_assert_cmpuint (target.ratio, ==, 5000);
}

static void
test_forgets_the_target (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhStoredTarget target;

  dh_store_save_target (store, &some_target);
  dh_store_flush (store);
  assert_exists (fixture->target_path, TRUE);

  dh_store_save_target (store, NULL);
  dh_store_flush (store);
  assert_exists (fixture->target_path, FALSE);
  g_assert_false (has_target (fixture, &target));

  dh_store_save_target (store, NULL);
  dh_store_flush (store);
}

static void
test_a_target_of_another_boot_is_none (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhStoredTarget target;

  dh_store_save_target (store, &some_target);
  dh_store_flush (store);
  g_assert_true (has_target (fixture, &target));

  write_file (fixture->boot_id_path, OTHER_BOOT_ID "\n");
  g_assert_false (has_target (fixture, &target));
}

static void
test_a_target_that_is_not_whole_is_none (StoreFixture *fixture,
                                         gconstpointer user_data G_GNUC_UNUSED)
{
  g_autofree char *text = g_strdup_printf ("[Target]\nBootId=%s\nPid=4711\nStartTime=5\n", BOOT_ID);
  DhStoredTarget target;

  write_file (fixture->target_path, text);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*target is ignored: Uids is missing*");
  g_assert_false (has_target (fixture, &target));
  g_test_assert_expected_messages ();
}

static void
test_records_no_target_without_a_boot_id (StoreFixture *fixture,
                                          gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = NULL;
  DhStoredTarget target;

  g_remove (fixture->boot_id_path);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "No target will be recorded: *");
  store = open_store (fixture);
  g_test_assert_expected_messages ();
  dh_store_save_target (store, &some_target);
  dh_store_flush (store);
  assert_exists (fixture->target_path, FALSE);
  g_assert_false (dh_store_load_target (store, &target));
}

#define ADD(name, function)                                                                        \
  g_test_add ("/store/" name, StoreFixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("keeps-the-target-at-once", test_keeps_the_target_at_once);
  ADD ("forgets-the-target", test_forgets_the_target);
  ADD ("a-target-of-another-boot-is-none", test_a_target_of_another_boot_is_none);
  ADD ("a-target-that-is-not-whole-is-none", test_a_target_that_is_not_whole_is_none);
  ADD ("records-no-target-without-a-boot-id", test_records_no_target_without_a_boot_id);
  return g_test_run ();
}
