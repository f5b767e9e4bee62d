/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store-fixture.h"

/* What a service started now would begin with. */
static guint64
read_stored (StoreFixture *fixture, const char *engine, DhSetting setting)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings settings = fixture->defaults;

  dh_store_load_settings (store, engine, &settings);
  return settings.values[setting];
}

static void
assert_both_ignored (StoreFixture *fixture)
{
  g_autoptr (DhStore) store = NULL;
  DhSettings settings = fixture->defaults;

  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "*stored is ignored: *settings is not*");
  store = open_store (fixture);
  g_test_assert_expected_messages ();
  dh_store_load_settings (store, "bpf", &settings);
  g_assert_cmpmem (&settings, sizeof settings, &fixture->defaults, sizeof fixture->defaults);

  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*stored is ignored: *targets is not*");
  g_assert_cmpuint (count_targets (store), ==, 0);
  g_test_assert_expected_messages ();
}

/* Milliseconds until the main loop would wake up by itself; -1: never. */
static int
get_next_wakeup (void)
{
  GMainContext *context = g_main_context_default ();
  GPollFD fds[8];
  int priority;
  int timeout;

  while (g_main_context_iteration (context, FALSE))
    continue;
  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, priority, &timeout, fds, G_N_ELEMENTS (fds));
  g_main_context_release (context);
  return timeout;
}

static void
test_starts_empty (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings settings = fixture->defaults;

  dh_store_load_settings (store, "bpf", &settings);
  g_assert_cmpmem (&settings, sizeof settings, &fixture->defaults, sizeof fixture->defaults);
  g_assert_cmpuint (count_targets (store), ==, 0);
  g_assert_cmpint (get_next_wakeup (), ==, -1);
}

static void
test_keeps_settings_per_engine (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings bpf = fixture->defaults;
  DhSettings damon = fixture->defaults;

  bpf.values[DH_SETTING_RATIO] = 5000;
  bpf.values[DH_SETTING_QUOTA_SIZE] = G_GUINT64_CONSTANT (1) << 60;
  bpf.values[DH_SETTING_STATISTICS_INTERVAL] = 0;
  damon.values[DH_SETTING_RATIO] = 100;
  dh_store_save_settings (store, "bpf", &bpf, &fixture->defaults);
  dh_store_save_settings (store, "damon", &damon, &fixture->defaults);
  dh_store_flush (store);

  assert_mode (fixture->settings_path, 0600);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_RATIO), ==, 5000);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_QUOTA_SIZE), ==,
                    G_GUINT64_CONSTANT (1) << 60);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_STATISTICS_INTERVAL), ==, 0);
  g_assert_cmpuint (read_stored (fixture, "damon", DH_SETTING_RATIO), ==, 100);
  g_assert_cmpuint (read_stored (fixture, "damon", DH_SETTING_QUOTA_SIZE), ==, 134217728);
  g_assert_cmpuint (read_stored (fixture, "module", DH_SETTING_RATIO), ==, 10000);
}

static void
test_stores_only_what_differs_and_may_be_stored (StoreFixture *fixture,
                                                 gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings settings = fixture->defaults;
  g_autofree char *text = NULL;

  settings.values[DH_SETTING_FEEDBACK] = 7777;
  settings.values[DH_SETTING_MIN_AGE] = 200000;
  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  dh_store_flush (store);

  g_assert_true (g_file_get_contents (fixture->settings_path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "[bpf]\nMinAgeUSec=200000\n");
}

static void
test_forgets_what_is_the_default_again (StoreFixture *fixture,
                                        gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings settings = fixture->defaults;

  settings.values[DH_SETTING_RATIO] = 5000;
  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  dh_store_flush (store);
  dh_store_save_settings (store, "bpf", &fixture->defaults, &fixture->defaults);
  dh_store_flush (store);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_RATIO), ==, 10000);
}

static void
test_coalesces_writes_of_settings (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings settings = fixture->defaults;
  const gint64 start = g_get_monotonic_time ();

  for (guint i = 1; i <= 100; i++) {
    settings.values[DH_SETTING_RATIO] = i;
    dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  }
  g_assert_cmpint (get_next_wakeup (), >, 0);
  g_assert_cmpint (get_next_wakeup (), <=, DH_STORE_DELAY_MSEC);
  assert_exists (fixture->settings_path, FALSE);

  while (!g_file_test (fixture->settings_path, G_FILE_TEST_EXISTS)) {
    g_assert_cmpint (g_get_monotonic_time () - start, <, 20 * G_TIME_SPAN_SECOND);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_cmpint (g_get_monotonic_time () - start, >=, DH_STORE_DELAY_MSEC * 1000 - 10000);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_RATIO), ==, 100);

  dh_store_flush (store);
  g_assert_cmpint (get_next_wakeup (), ==, -1);
}

static void
test_does_not_wake_up_for_nothing (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);
  DhSettings settings = fixture->defaults;

  settings.values[DH_SETTING_FEEDBACK] = 5000;
  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  g_assert_cmpint (get_next_wakeup (), ==, -1);

  settings.values[DH_SETTING_RATIO] = 5000;
  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  dh_store_flush (store);
  g_assert_cmpint (get_next_wakeup (), ==, -1);

  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  g_assert_cmpint (get_next_wakeup (), ==, -1);
}

static void
test_the_last_reference_writes (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  DhStore *store = open_store (fixture);
  DhSettings settings = fixture->defaults;

  settings.values[DH_SETTING_RATIO] = 5000;
  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  g_object_unref (store);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_RATIO), ==, 5000);
  g_assert_cmpint (get_next_wakeup (), ==, -1);
}

static void
test_ignores_a_stored_setting_that_is_wrong (StoreFixture *fixture,
                                             gconstpointer user_data G_GNUC_UNUSED)
{
  write_file (fixture->settings_path, "[bpf]\nRatio=0\nQuotaSize=5\n");
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*settings: [bpf] Ratio is ignored: *");
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_QUOTA_SIZE), ==, 5);
  g_test_assert_expected_messages ();
}

static void
test_ignores_files_that_are_nonsense (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const texts[] = { "[bpf]\nRat", "[bp",
                                "\x7f"
                                "ELF\x02",
                                "\xff\xfe\xfd", "Ratio=5\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    write_file (fixture->settings_path, texts[i]);
    write_file (fixture->targets_path, texts[i]);
    assert_both_ignored (fixture);
  }
}

static void
test_ignores_files_that_others_may_write (StoreFixture *fixture,
                                          gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = open_store (fixture);

  write_file (fixture->settings_path, "[bpf]\nRatio=5000\n");
  save_target (store, &some_target);
  dh_store_flush (store);
  g_assert_cmpuint (read_stored (fixture, "bpf", DH_SETTING_RATIO), ==, 5000);

  g_assert_cmpint (g_chmod (fixture->settings_path, 0666), ==, 0);
  g_assert_cmpint (g_chmod (fixture->targets_path, 0660), ==, 0);
  assert_both_ignored (fixture);
}

static void
test_a_missing_directory_is_a_warning (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStore) store = NULL;
  DhSettings settings = fixture->defaults;

  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  store = open_store (fixture);

  settings.values[DH_SETTING_RATIO] = 5000;
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*settings cannot be written: *");
  dh_store_save_settings (store, "bpf", &settings, &fixture->defaults);
  dh_store_flush (store);
  g_test_assert_expected_messages ();

  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "*targets cannot be written: *");
  save_target (store, &some_target);
  dh_store_flush (store);
  g_test_assert_expected_messages ();
  assert_exists (fixture->directory, FALSE);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/store/" name, StoreFixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("starts-empty", test_starts_empty);
  ADD ("keeps-settings-per-engine", test_keeps_settings_per_engine);
  ADD ("stores-only-what-differs-and-may-be-stored",
       test_stores_only_what_differs_and_may_be_stored);
  ADD ("forgets-what-is-the-default-again", test_forgets_what_is_the_default_again);
  ADD ("coalesces-writes-of-settings", test_coalesces_writes_of_settings);
  ADD ("does-not-wake-up-for-nothing", test_does_not_wake_up_for_nothing);
  ADD ("the-last-reference-writes", test_the_last_reference_writes);
  ADD ("ignores-a-stored-setting-that-is-wrong", test_ignores_a_stored_setting_that_is_wrong);
  ADD ("ignores-files-that-are-nonsense", test_ignores_files_that_are_nonsense);
  ADD ("ignores-files-that-others-may-write", test_ignores_files_that_others_may_write);
  ADD ("a-missing-directory-is-a-warning", test_a_missing_directory_is_a_warning);
  return g_test_run ();
}
