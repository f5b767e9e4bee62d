/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stored-target.h"

#include "error.h"

#define BOOT_ID "ab64c49c-f668-4e67-b399-dd5fa69d728e"

static const DhStoredTarget some_target = {
  .pid = 4711,
  .start_time = G_MAXUINT64,
  .owner = { .uids = { 1000, 1001, 1002, 4294967295 }, .gids = { 100, 101, 102, 0 } },
  .ratio = 5000,
};

static GKeyFile *
record (const DhStoredTarget *target)
{
  g_autofree char *text = dh_stored_target_format (target, BOOT_ID);
  g_autoptr (GError) error = NULL;
  GKeyFile *file = g_key_file_new ();

  g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  return file;
}

static void
test_comes_back_as_it_was (void)
{
  for (guint flags = 0; flags < 8; flags++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GKeyFile) file = NULL;
    DhStoredTarget given = some_target;
    DhStoredTarget target = { 0 };

    given.owner.capable = (flags & 1) != 0;
    given.owner.dumpable = (flags & 2) != 0;
    given.enabled = (flags & 4) != 0;
    given.ratio = flags == 0 ? 0 : 10000;
    file = record (&given);

    g_assert_true (dh_stored_target_parse (file, &target, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (target.pid, ==, given.pid);
    g_assert_cmpuint (target.start_time, ==, given.start_time);
    g_assert_cmpmem (&target.owner, sizeof target.owner, &given.owner, sizeof given.owner);
    g_assert_cmpint (target.enabled, ==, given.enabled);
    g_assert_cmpuint (target.ratio, ==, given.ratio);
  }
}

static void
test_belongs_to_one_boot (void)
{
  g_autoptr (GKeyFile) file = record (&some_target);

  g_assert_true (dh_stored_target_is_of_boot (file, BOOT_ID));
  g_assert_false (dh_stored_target_is_of_boot (file, "00000000-0000-4000-8000-000000000000"));
  g_assert_false (dh_stored_target_is_of_boot (file, ""));
  g_key_file_remove_key (file, "Target", "BootId", NULL);
  g_assert_false (dh_stored_target_is_of_boot (file, BOOT_ID));
}

static void
test_is_read_whole_or_not_at_all (void)
{
  const struct {
    const char *key;
    const char *value; /* NULL: the key is missing */
  } rows[] = {
    { "Pid", NULL },
    { "Pid", "0" },
    { "Pid", "2147483648" },
    { "Pid", "-5" },
    { "Pid", "5x" },
    { "Pid", "" },
    { "StartTime", NULL },
    { "StartTime", "soon" },
    { "StartTime", "18446744073709551616" },
    { "Uids", NULL },
    { "Uids", "0;0;0" },
    { "Uids", "0;0;0;0;0" },
    { "Uids", "0;0;0;-1" },
    { "Uids", "0;0;0;4294967296" },
    { "Gids", NULL },
    { "Gids", "0" },
    { "Capable", NULL },
    { "Capable", "maybe" },
    { "Dumpable", NULL },
    { "Enabled", NULL },
    { "Ratio", NULL },
    { "Ratio", "10001" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GKeyFile) file = record (&some_target);
    g_autoptr (GError) error = NULL;
    DhStoredTarget target = { .pid = 1 };

    if (rows[i].value != NULL)
      g_key_file_set_value (file, "Target", rows[i].key, rows[i].value);
    else
      g_key_file_remove_key (file, "Target", rows[i].key, NULL);

    g_assert_false (dh_stored_target_parse (file, &target, &error));
    g_assert_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE);
    g_assert_true (g_str_has_prefix (error->message, rows[i].key));
    g_assert_cmpuint (target.pid, ==, 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stored-target/comes-back-as-it-was", test_comes_back_as_it_was);
  g_test_add_func ("/stored-target/belongs-to-one-boot", test_belongs_to_one_boot);
  g_test_add_func ("/stored-target/is-read-whole-or-not-at-all", test_is_read_whole_or_not_at_all);
  return g_test_run ();
}
