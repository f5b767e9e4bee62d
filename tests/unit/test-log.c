/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "log.h"

#include <string.h>

static GHashTable *fields; /* of the last message */
static GLogLevelFlags last_level;

static GLogWriterOutput
keep_fields (GLogLevelFlags level, const GLogField *entries, gsize n_entries,
             gpointer data G_GNUC_UNUSED)
{
  last_level = level;
  g_hash_table_remove_all (fields);
  for (gsize i = 0; i < n_entries; i++) {
    /* GLib's own fields are text, too. */
    g_hash_table_insert (fields, g_strdup (entries[i].key), g_strdup (entries[i].value));
  }
  return G_LOG_WRITER_HANDLED;
}

static void
assert_field (const char *key, const char *expected)
{
  g_assert_cmpstr (g_hash_table_lookup (fields, key), ==, expected);
}

static void
test_change_has_its_fields (void)
{
  dh_log_change (":1.42", 1000, DH_ACTION_TARGET_ANY | DH_ACTION_TUNE, 4242, "Ratio = 500");

  g_assert_cmpint (last_level & G_LOG_LEVEL_MASK, ==, G_LOG_LEVEL_MESSAGE);
  assert_field ("MESSAGE_ID", DH_LOG_MESSAGE_ID_CHANGE);
  assert_field ("DAMON_HUGEPAGE_SENDER", ":1.42");
  assert_field ("DAMON_HUGEPAGE_UID", "1000");
  assert_field ("DAMON_HUGEPAGE_ACTION", "org.damon.Hugepage.target-any org.damon.Hugepage.tune");
  assert_field ("DAMON_HUGEPAGE_PID", "4242");
  assert_field ("DAMON_HUGEPAGE_CHANGE", "Ratio = 500");
  assert_field ("MESSAGE", "Ratio = 500 by uid 1000 (:1.42), target PID 4242, allowed by "
                           "org.damon.Hugepage.target-any org.damon.Hugepage.tune");
}

static void
test_change_that_needs_no_action (void)
{
  dh_log_change (":1.1", 0, 0, 0, "Reset");

  assert_field ("DAMON_HUGEPAGE_ACTION", "");
  assert_field ("DAMON_HUGEPAGE_PID", "0");
  assert_field ("MESSAGE", "Reset by uid 0 (:1.1)");
}

static void
test_nobody_forges_a_line (void)
{
  dh_log_change (":1.1", 1000, DH_ACTION_TARGET_OWN, 7, "reason \"x\ny\033[2J\"");

  g_assert_null (strpbrk (g_hash_table_lookup (fields, "MESSAGE"), "\n\033"));
  g_assert_null (strpbrk (g_hash_table_lookup (fields, "DAMON_HUGEPAGE_CHANGE"), "\n\033"));
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  dh_log_init ();
  g_log_set_writer_func (keep_fields, NULL, NULL);

  g_test_add_func ("/log/change-has-its-fields", test_change_has_its_fields);
  g_test_add_func ("/log/change-that-needs-no-action", test_change_that_needs_no_action);
  g_test_add_func ("/log/nobody-forges-a-line", test_nobody_forges_a_line);

  status = g_test_run ();
  g_hash_table_unref (fields);
  return status;
}
