/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "stored-target.h"

#include "error.h"

#define GROUP "Target 3"

static const DhStoredTarget some_target = {
  .pid = 4711,
  .start_time = G_MAXUINT64,
  .owner = { .uids = { 1000, 1001, 1002, 4294967295 }, .gids = { 100, 101, 102, 0 } },
  .adder = 4294967295,
  .ratio = 5000,
};

static GKeyFile *
record (const DhStoredTarget *target)
{
  g_autoptr (GKeyFile) written = g_key_file_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  GKeyFile *file = g_key_file_new ();

  dh_stored_target_write (written, GROUP, target);
  text = g_key_file_to_data (written, NULL, NULL);
  g_key_file_load_from_data (file, text, -1, G_KEY_FILE_NONE, &error);
  g_assert_no_error (error);
  return file;
}

static void
test_comes_back_as_it_was (void)
{
  for (guint flags = 0; flags < 128; flags++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GKeyFile) file = NULL;
    DhStoredTarget given = some_target;
    DhStoredTarget target = { 0 };

    given.owner.capable = (flags & 1) != 0;
    given.owner.dumpable = (flags & 2) != 0;
    given.enabled = (flags & 4) != 0;
    given.primary = (flags & 8) != 0;
    given.set = (flags & 16) != 0;
    given.added = (flags & 32) != 0;
    given.reason = (flags & 64) != 0 ? (char *) " it is; slow\\" : NULL;
    given.application_id = (flags & 64) != 0 ? (char *) "org.example.App" : NULL;
    given.ratio = flags == 0 ? 1 : 10000;
    file = record (&given);

    g_assert_true (dh_stored_target_parse (file, GROUP, &target, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (target.pid, ==, given.pid);
    g_assert_cmpuint (target.start_time, ==, given.start_time);
    g_assert_cmpmem (&target.owner, sizeof target.owner, &given.owner, sizeof given.owner);
    g_assert_cmpuint (target.adder, ==, given.adder);
    g_assert_cmpint (target.enabled, ==, given.enabled);
    g_assert_cmpint (target.primary, ==, given.primary);
    g_assert_cmpint (target.set, ==, given.set);
    g_assert_cmpint (target.added, ==, given.added);
    g_assert_cmpuint (target.ratio, ==, given.ratio);
    g_assert_cmpstr (target.reason, ==, given.reason);
    g_assert_cmpstr (target.application_id, ==, given.application_id);
    dh_stored_target_clear (&target);
  }
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
    { "Adder", NULL },
    { "Adder", "4294967296" },
    { "Enabled", NULL },
    { "Primary", NULL },
    { "Set", "2" },
    { "Added", NULL },
    { "Ratio", NULL },
    { "Ratio", "0" },
    { "Ratio", "10001" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GKeyFile) file = record (&some_target);
    g_autoptr (GError) error = NULL;
    DhStoredTarget target = { .pid = 1 };

    if (rows[i].value != NULL)
      g_key_file_set_value (file, GROUP, rows[i].key, rows[i].value);
    else
      g_key_file_remove_key (file, GROUP, rows[i].key, NULL);

    g_assert_false (dh_stored_target_parse (file, GROUP, &target, &error));
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
  g_test_add_func ("/stored-target/is-read-whole-or-not-at-all", test_is_read_whole_or_not_at_all);
  return g_test_run ();
}
