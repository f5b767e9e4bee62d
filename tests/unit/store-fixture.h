/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "store.h"

#include <glib/gstdio.h>

#include <sys/stat.h>

#define BOOT_ID "ab64c49c-f668-4e67-b399-dd5fa69d728e"
#define OTHER_BOOT_ID "00000000-0000-4000-8000-000000000000"

static const DhStoredTarget some_target = {
  .pid = 4711,
  .start_time = G_GUINT64_CONSTANT (98765432109876),
  .owner = { .uids = { 1000, 1001, 1002, 4294967295 },
             .gids = { 100, 101, 102, 0 },
             .capable = FALSE,
             .dumpable = TRUE },
  .adder = 1001,
  .enabled = TRUE,
  .primary = TRUE,
  .set = TRUE,
  .ratio = 5000,
};

/* Just that one. */
static inline void
save_target (DhStore *store, const DhStoredTarget *target)
{
  g_autoptr (GArray) targets = g_array_new (FALSE, FALSE, sizeof *target);

  g_array_append_vals (targets, target, 1);
  dh_store_save_targets (store, targets);
}

static inline guint
count_targets (DhStore *store)
{
  g_autoptr (GArray) targets = dh_store_load_targets (store);

  return targets->len;
}

/* A state directory and a boot of its own. */
typedef struct {
  char *root;
  char *directory;
  char *settings_path;
  char *targets_path;
  char *boot_id_path;
  DhSettings defaults;
} StoreFixture;

static inline void
write_file (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error);
  g_assert_no_error (error);
}

static inline void
set_up (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *random_path = NULL;

  fixture->root = g_dir_make_tmp ("store-XXXXXX", &error);
  g_assert_no_error (error);
  random_path = g_build_filename (fixture->root, "proc/sys/kernel/random", NULL);
  fixture->boot_id_path = g_build_filename (random_path, "boot_id", NULL);
  fixture->directory = g_build_filename (fixture->root, "state", NULL);
  fixture->settings_path = g_build_filename (fixture->directory, "settings", NULL);
  fixture->targets_path = g_build_filename (fixture->directory, "targets", NULL);
  g_assert_cmpint (g_mkdir_with_parents (random_path, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (fixture->directory, 0700), ==, 0);
  write_file (fixture->boot_id_path, BOOT_ID "\n");
  dh_settings_init_defaults (&fixture->defaults);
}

/* Whatever else was left behind, such as a temporary file, fails the test. */
static inline void
tear_down (StoreFixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const directories[] = { "state", "proc/sys/kernel/random", "proc/sys/kernel",
                                      "proc/sys", "proc" };

  g_remove (fixture->settings_path);
  g_remove (fixture->targets_path);
  g_remove (fixture->boot_id_path);
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++) {
    g_autofree char *path = g_build_filename (fixture->root, directories[i], NULL);

    if (g_file_test (path, G_FILE_TEST_EXISTS))
      g_assert_cmpint (g_rmdir (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (fixture->root), ==, 0);

  g_free (fixture->root);
  g_free (fixture->directory);
  g_free (fixture->settings_path);
  g_free (fixture->targets_path);
  g_free (fixture->boot_id_path);
}

static inline DhStore *
open_store (StoreFixture *fixture)
{
  return dh_store_new (fixture->directory, fixture->root);
}

static inline void
assert_mode (const char *path, mode_t mode)
{
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, mode);
}

static inline void
assert_exists (const char *path, gboolean exists)
{
  g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, exists);
}
