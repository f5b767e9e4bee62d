/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "engines/module-record.h"

#include <glib/gstdio.h>

#include <string.h>
#include <sys/stat.h>

#define BOOT_ID "ab64c49c-f668-4e67-b399-dd5fa69d728e"
#define OTHER_BOOT_ID "00000000-0000-4000-8000-000000000000"

typedef struct {
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("module-record-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->directory, "module", NULL);
}

/* Whatever else was left behind, such as a temporary file, fails the test. */
static void
tear_down (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_remove (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->path);
}

static gboolean
is_of_group (DhParameter parameter, gboolean found)
{
  const DhParameterInfo *info = dh_parameter_info (parameter);

  return found ? info->writable : !info->writable && info->kind == DH_PARAMETER_NUMBER;
}

static guint64
some_value (DhParameter parameter)
{
  return dh_parameter_info (parameter)->kind == DH_PARAMETER_BOOL ? 1 : G_MAXUINT64 - parameter;
}

static DhModuleRecord
some_record (void)
{
  DhModuleRecord record = {
    .held = TRUE,
    .pid = G_MAXINT32,
    .start_time = G_MAXUINT64,
    .needs_reboot = TRUE,
    .clean_tried_regions = 12,
    .clean_quota_exceeds = G_MAXUINT64,
  };

  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++) {
    if (is_of_group (i, TRUE))
      dh_parameter_values_set (i % 2 ? &record.found : &record.in_force, i, some_value (i));
    else if (is_of_group (i, FALSE))
      dh_parameter_values_set (&record.base, i, some_value (i));
  }
  return record;
}

static void
assert_values (const DhParameterValues *a, const DhParameterValues *b)
{
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++) {
    g_assert_cmpint (a->known[i], ==, b->known[i]);
    g_assert_cmpuint (a->values[i], ==, b->values[i]);
  }
}

static void
assert_record (const DhModuleRecord *a, const DhModuleRecord *b)
{
  g_assert_cmpint (a->held, ==, b->held);
  assert_values (&a->found, &b->found);
  assert_values (&a->in_force, &b->in_force);
  g_assert_cmpuint (a->kdamond_pid, ==, b->kdamond_pid);
  g_assert_cmpuint (a->pid, ==, b->pid);
  g_assert_cmpuint (a->start_time, ==, b->start_time);
  assert_values (&a->base, &b->base);
  g_assert_cmpint (a->suspect, ==, b->suspect);
  g_assert_cmpint (a->needs_reboot, ==, b->needs_reboot);
  g_assert_cmpint (a->left_clean, ==, b->left_clean);
  g_assert_cmpuint (a->clean_tried_regions, ==, b->clean_tried_regions);
  g_assert_cmpuint (a->clean_quota_exceeds, ==, b->clean_quota_exceeds);
}

static void
save (Fixture *fixture, const DhModuleRecord *record)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (dh_module_record_save (record, fixture->path, BOOT_ID, &error));
  g_assert_no_error (error);
}

static DhModuleRecord
load (Fixture *fixture, const char *boot_id)
{
  DhModuleRecord record;

  memset (&record, 0xff, sizeof record);
  dh_module_record_load (&record, fixture->path, boot_id);
  return record;
}

static void
assert_empty (Fixture *fixture, const char *boot_id)
{
  const DhModuleRecord empty = { 0 };
  const DhModuleRecord record = load (fixture, boot_id);

  assert_record (&record, &empty);
}

static void
assert_ignored (Fixture *fixture, const char *cause)
{
  g_autofree char *pattern = g_strdup_printf ("*module*%s*", cause);

  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, pattern);
  assert_empty (fixture, BOOT_ID);
  g_test_assert_expected_messages ();
}

static void
test_comes_back_as_it_was (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  for (guint flags = 0; flags < 16; flags++) {
    DhModuleRecord given = some_record ();
    DhModuleRecord record;

    given.held = (flags & 1) != 0;
    given.needs_reboot = (flags & 2) != 0;
    given.left_clean = (flags & 4) != 0;
    given.suspect = (flags & 8) != 0;
    save (fixture, &given);
    record = load (fixture, BOOT_ID);
    assert_record (&record, &given);
  }
}

static void
test_an_empty_one_is_written_too (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const DhModuleRecord given = some_record ();
  const DhModuleRecord empty = { 0 };

  save (fixture, &given);
  save (fixture, &empty);
  assert_empty (fixture, BOOT_ID);
}

static void
test_keeps_what_is_not_known (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  for (DhParameter i = 0; i < DH_N_PARAMETERS; i++) {
    DhModuleRecord given = { 0 };
    DhModuleRecord record;

    if (is_of_group (i, TRUE))
      dh_parameter_values_set (&given.found, i, 0);
    if (is_of_group (i, FALSE))
      dh_parameter_values_set (&given.base, i, 0);
    save (fixture, &given);
    record = load (fixture, BOOT_ID);
    assert_record (&record, &given);
  }
}

static void
test_is_for_its_owner_only (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const DhModuleRecord given = some_record ();
  GStatBuf status;

  g_assert_true (g_file_set_contents (fixture->path, "old", -1, NULL));
  g_assert_cmpint (g_chmod (fixture->path, 0666), ==, 0);
  save (fixture, &given);
  g_assert_cmpint (g_stat (fixture->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0600);
}

static void
test_reads_like_this (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  DhModuleRecord given = {
    .held = TRUE, .pid = 4711, .start_time = 5, .kdamond_pid = 77, .clean_tried_regions = 6
  };
  g_autofree char *text = NULL;

  dh_parameter_values_set (&given.found, DH_PARAMETER_MIN_AGE, 100000);
  dh_parameter_values_set (&given.base, DH_PARAMETER_QUOTA_EXCEEDS, 3);
  save (fixture, &given);
  g_assert_true (g_file_get_contents (fixture->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==,
                   "[Module]\nBootId=" BOOT_ID
                   "\nHeld=1\nPid=4711\nStartTime=5\nKdamondPid=77\nSuspect=0\n"
                   "NeedsReboot=0\nLeftClean=0\nCleanTriedRegions=6\nCleanQuotaExceeds=0\n\n"
                   "[Found]\nmin_age=100000\n\n[Base]\nnr_quota_exceeds=3\n");
}

static void
test_none_is_no_warning (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  assert_empty (fixture, BOOT_ID);
}

static void
test_belongs_to_one_boot (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const DhModuleRecord given = some_record ();

  save (fixture, &given);
  assert_empty (fixture, OTHER_BOOT_ID);
  assert_empty (fixture, "");
  assert_empty (fixture, NULL);

  /* What it means in another boot is nothing, whatever it is. */
  g_assert_true (g_file_set_contents_full (fixture->path,
                                           "[Module]\nBootId=" OTHER_BOOT_ID "\nPid=-5\n", -1,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  assert_empty (fixture, BOOT_ID);
}

static const struct {
  const char *group;
  const char *key;
  const char *value; /* NULL: the key is missing */
  const char *cause;
} broken_rows[] = {
  { "Module", "BootId", NULL, "missing" },
  { "Module", "Held", NULL, "missing" },
  { "Module", "Held", "2", "missing or out of range" },
  { "Module", "Held", "maybe", "missing or out of range" },
  { "Module", "Pid", NULL, "missing" },
  { "Module", "Pid", "2147483648", "missing or out of range" },
  { "Module", "Pid", "-5", "missing or out of range" },
  { "Module", "Pid", "5x", "missing or out of range" },
  { "Module", "Pid", "", "missing or out of range" },
  { "Module", "StartTime", NULL, "missing" },
  { "Module", "StartTime", "18446744073709551616", "missing or out of range" },
  { "Module", "KdamondPid", NULL, "missing" },
  { "Module", "KdamondPid", "2147483648", "missing or out of range" },
  { "Module", "Suspect", NULL, "missing" },
  { "Module", "NeedsReboot", NULL, "missing" },
  { "Module", "LeftClean", NULL, "missing" },
  { "Module", "CleanTriedRegions", NULL, "missing" },
  { "Module", "CleanTriedRegions", "many", "missing or out of range" },
  { "Module", "CleanQuotaExceeds", NULL, "missing" },
  { "Module", "Colour", "1", "unknown" },
  { "Found", "min_age", "soon", "missing or out of range" },
  { "Found", "min_age", "18446744073709551616", "missing or out of range" },
  { "Found", "enabled", "Y", "missing or out of range" },
  { "Found", "enabled", "2", "missing or out of range" },
  { "Found", "colour", "1", "unknown" },
  { "Found", "kdamond_pid", "1", "unknown" },
  { "Found", "nr_quota_exceeds", "1", "unknown" },
  { "Base", "nr_quota_exceeds", "-1", "missing or out of range" },
  { "Base", "min_age", "1", "unknown" },
  { "Base", "kdamond_pid", "1", "unknown" },
  { "Colour", "min_age", "1", "unknown" },
};

static void
test_is_read_whole_or_not_at_all (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const DhModuleRecord given = some_record ();

  for (gsize i = 0; i < G_N_ELEMENTS (broken_rows); i++) {
    g_autoptr (GKeyFile) file = g_key_file_new ();
    g_autofree char *text = NULL;
    g_autofree char *cause = NULL;

    save (fixture, &given);
    g_assert_true (g_key_file_load_from_file (file, fixture->path, G_KEY_FILE_NONE, NULL));
    if (broken_rows[i].value)
      g_key_file_set_value (file, broken_rows[i].group, broken_rows[i].key, broken_rows[i].value);
    else
      g_assert_true (g_key_file_remove_key (file, broken_rows[i].group, broken_rows[i].key, NULL));
    text = g_key_file_to_data (file, NULL, NULL);
    g_assert_true (g_file_set_contents_full (fixture->path, text, -1,
                                             G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));

    cause = g_strdup_printf ("ignored: *%s*is %s", broken_rows[i].group, broken_rows[i].cause);
    assert_ignored (fixture, cause);
  }
}

static void
test_nonsense_is_a_warning (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const char *const texts[] = { "", "[Module]\n", "[Found]\nmin_age=1\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_assert_true (g_file_set_contents_full (fixture->path, texts[i], -1,
                                             G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
    assert_ignored (fixture, "ignored: *BootId is missing");
  }
  g_assert_true (g_file_set_contents_full (fixture->path, "\x01\xff", -1,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
  assert_ignored (fixture, "ignored: * is not a key file: ");
}

static void
test_what_others_may_write_is_a_warning (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const DhModuleRecord given = some_record ();

  save (fixture, &given);
  g_assert_cmpint (g_chmod (fixture->path, 0620), ==, 0);
  assert_ignored (fixture, "ignored: * is not trusted: ");
}

static void
test_a_failed_write_changes_nothing (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const DhModuleRecord given = some_record ();
  g_autofree char *path = g_build_filename (fixture->directory, "none", "module", NULL);
  g_autofree char *message = g_strdup_printf ("%s cannot be written: ", path);
  g_autoptr (GError) error = NULL;

  g_assert_false (dh_module_record_save (&given, path, BOOT_ID, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_assert_true (g_str_has_prefix (error->message, message));
  g_clear_error (&error);

  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  g_assert_false (dh_module_record_save (&given, fixture->path, BOOT_ID, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain == G_FILE_ERROR);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/module-record/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("comes-back-as-it-was", test_comes_back_as_it_was);
  ADD ("an-empty-one-is-written-too", test_an_empty_one_is_written_too);
  ADD ("keeps-what-is-not-known", test_keeps_what_is_not_known);
  ADD ("is-for-its-owner-only", test_is_for_its_owner_only);
  ADD ("reads-like-this", test_reads_like_this);
  ADD ("none-is-no-warning", test_none_is_no_warning);
  ADD ("belongs-to-one-boot", test_belongs_to_one_boot);
  ADD ("is-read-whole-or-not-at-all", test_is_read_whole_or_not_at_all);
  ADD ("nonsense-is-a-warning", test_nonsense_is_a_warning);
  ADD ("what-others-may-write-is-a-warning", test_what_others_may_write_is_a_warning);
  ADD ("a-failed-write-changes-nothing", test_a_failed_write_changes_nothing);
  return g_test_run ();
}
