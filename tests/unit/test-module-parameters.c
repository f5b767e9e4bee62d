/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "parameter-case.h"

#define FOLDER_OF_V4 "sys/module/damon_sample_hugepage/parameters"

static void
assert_cannot_open_folder (FakeRoot *root, DhUnavailable code, const char *path, const char *detail)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dh_parameter_files_open (root->path, &error));
  g_assert_error (error, DH_UNAVAILABLE, (int) code);
  assert_about (error, path, detail);
}

static void
test_infos (void)
{
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    const DhParameterInfo *info = dh_parameter_info (i);

    g_assert_cmpstr (info->name, ==, files_of_v3[i].name);
    g_assert_cmpint (info->kind, ==, files_of_v3[i].kind);
    g_assert_cmpint (info->writable, ==, files_of_v3[i].writable);
    g_assert_cmpint (info->required, ==, files_of_v3[i].required);
  }
}

static void
test_words (void)
{
  for (guint i = 0; i < DH_UNAVAILABLE_NOT_DRIVEN; i++)
    g_assert_cmpstr (dh_unavailable_to_reason (i), ==, dh_unavailable_to_word (i));
  g_assert_cmpstr (dh_unavailable_to_word (DH_UNAVAILABLE_NOT_DRIVEN), ==, "not-driven");
  g_assert_cmpstr (dh_unavailable_to_reason (DH_UNAVAILABLE_NOT_DRIVEN), ==,
                   "kernel-support-missing");
}

static void
test_all (FakeRoot *root, gconstpointer data)
{
  const guint n_open = count_descriptors ();
  DhParameterFiles *files = open_files (root);
  g_autoptr (GError) error = NULL;
  DhParameterValues values;

  g_assert_cmpstr (dh_parameter_files_get_path (files), ==, "/" FOLDER);
  g_assert_true (dh_parameter_files_read_all (files, &values, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    g_assert_true (dh_parameter_files_has (files, i));
    assert_reads (files, i, files_of_v3[i].value);
    g_assert_true (values.known[i]);
    g_assert_cmphex (values.values[i], ==, files_of_v3[i].value);
  }
  dh_parameter_files_free (files);
  g_assert_cmpuint (count_descriptors (), ==, n_open);
}

static void
assert_does_without (FakeRoot *root, DhParameter parameter)
{
  g_autoptr (DhParameterFiles) files = open_files (root);
  g_autoptr (GError) error = NULL;
  DhParameterValues values;

  g_assert_true (dh_parameter_files_read_all (files, &values, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    g_assert_cmpint (dh_parameter_files_has (files, i), ==, i != parameter);
    g_assert_cmpint (values.known[i], ==, i != parameter);
  }
  assert_cannot_read (files, parameter, DH_ERROR_NOT_AVAILABLE, "No such file");
}

static void
test_each_missing (FakeRoot *root, gconstpointer data)
{
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    remove_file (root, i);
    if (files_of_v3[i].required)
      assert_cannot_open (root, DH_UNAVAILABLE_KERNEL_SUPPORT, i, "is not there");
    else
      assert_does_without (root, i);
    set_bytes (root, i, files_of_v3[i].contents, strlen (files_of_v3[i].contents));
  }
}

static void
test_required_are_enough (FakeRoot *root, gconstpointer data)
{
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    if (!files_of_v3[i].required)
      remove_file (root, i);
  }
  dh_parameter_files_free (open_files (root));
}

static void
test_values_set (void)
{
  DhParameterValues values = { 0 };

  dh_parameter_values_set (&values, DH_PARAMETER_QUOTA_MS, G_MAXUINT64);
  for (guint i = 0; i < DH_N_PARAMETERS; i++)
    g_assert_cmpint (values.known[i], ==, i == DH_PARAMETER_QUOTA_MS);
  g_assert_cmphex (values.values[DH_PARAMETER_QUOTA_MS], ==, G_MAXUINT64);
}

static void
test_no_module (FakeRoot *root, gconstpointer data)
{
  assert_cannot_open_folder (root, DH_UNAVAILABLE_KERNEL_SUPPORT, FOLDER,
                             "is not there: this kernel has no DAMON_HUGEPAGE module");
}

static void
test_only_v4 (FakeRoot *root, gconstpointer data)
{
  fake_root_add_file (root, FOLDER_OF_V4 "/enabled", "N\n");
  fake_root_add_file (root, FOLDER_OF_V4 "/target_pid", "0\n");
  assert_cannot_open_folder (root, DH_UNAVAILABLE_NOT_DRIVEN, FOLDER_OF_V4, "commit_inputs");
}

static void
test_v4_too (FakeRoot *root, gconstpointer data)
{
  fake_root_add_file (root, FOLDER_OF_V4 "/enabled", "N\n");
  dh_parameter_files_free (open_files (root));
}

static void
test_v4_is_no_folder (FakeRoot *root, gconstpointer data)
{
  fake_root_add_file (root, FOLDER_OF_V4, "N\n");
  assert_cannot_open_folder (root, DH_UNAVAILABLE_KERNEL_SUPPORT, FOLDER, "is not there");
}

static void
test_no_folder (FakeRoot *root, gconstpointer data)
{
  fake_root_add_file (root, FOLDER, "N\n");
  fake_root_add_file (root, FOLDER_OF_V4 "/enabled", "N\n");
  assert_cannot_open_folder (root, DH_UNAVAILABLE_KERNEL_SUPPORT, FOLDER,
                             "cannot be opened: Not a directory");
}

typedef struct {
  const char *bytes;
  gsize length;
} Bytes;

#define BYTES(literal)                                                                             \
  {                                                                                                \
    literal, sizeof literal - 1                                                                    \
  }

static const struct {
  DhParameter parameter;
  const char *line;
  guint64 value;
} good[] = {
  { DH_PARAMETER_ENABLED, "Y\n", 1 },
  { DH_PARAMETER_ENABLED, "N\n", 0 },
  { DH_PARAMETER_QUOTA_SZ, "0\n", 0 },
  { DH_PARAMETER_QUOTA_SZ, "9\n", 9 },
  { DH_PARAMETER_QUOTA_SZ, "10\n", 10 },
  { DH_PARAMETER_QUOTA_SZ, "1844674407370955161\n", G_GUINT64_CONSTANT (1844674407370955161) },
  { DH_PARAMETER_QUOTA_SZ, "9999999999999999999\n", G_GUINT64_CONSTANT (9999999999999999999) },
  { DH_PARAMETER_QUOTA_SZ, "18446744073709551609\n", G_MAXUINT64 - 6 },
  { DH_PARAMETER_QUOTA_SZ, "18446744073709551615\n", G_MAXUINT64 },
  { DH_PARAMETER_MONITORED_PID, "4294967297\n", G_GUINT64_CONSTANT (4294967297) },
  { DH_PARAMETER_KDAMOND_PID, "-1\n", G_MAXUINT64 },
  { DH_PARAMETER_KDAMOND_PID, "0\n", 0 },
  { DH_PARAMETER_KDAMOND_PID, "231\n", 231 },
  { DH_PARAMETER_KDAMOND_PID, "2147483647\n", G_MAXINT32 },
  { DH_PARAMETER_KDAMOND_PID, "-2147483648\n", (guint64) G_MININT32 },
};

static const Bytes bad_bools[] = {
  BYTES (""),       BYTES ("\n"),    BYTES ("Y"),     BYTES ("y\n"),   BYTES ("n\n"),
  BYTES ("1\n"),    BYTES ("0\n"),   BYTES ("YN\n"),  BYTES ("Yes\n"), BYTES ("Y\n\n"),
  BYTES ("Y\nN\n"), BYTES (" Y\n"),  BYTES ("Y \n"),  BYTES ("Y\r\n"), BYTES ("Y\0"),
  BYTES ("Y\0\n"),  BYTES ("Y\n\0"), BYTES ("\0Y\n"), BYTES ("\xd9\n")
};

static const Bytes bad_numbers[] = { BYTES (""),
                                     BYTES ("\n"),
                                     BYTES ("5"),
                                     BYTES ("55"),
                                     BYTES ("5\n\n"),
                                     BYTES ("\n5\n"),
                                     BYTES ("5\n6\n"),
                                     BYTES ("5\r\n"),
                                     BYTES (" 5\n"),
                                     BYTES ("5 \n"),
                                     BYTES ("\t5\n"),
                                     BYTES ("+5\n"),
                                     BYTES ("-5\n"),
                                     BYTES ("-1\n"),
                                     BYTES ("-\n"),
                                     BYTES ("05\n"),
                                     BYTES ("00\n"),
                                     BYTES ("0x5\n"),
                                     BYTES ("5a\n"),
                                     BYTES ("a\n"),
                                     BYTES ("f\n"),
                                     BYTES ("1.5\n"),
                                     BYTES ("1,000\n"),
                                     BYTES ("1e3\n"),
                                     BYTES ("/\n"),
                                     BYTES (":\n"),
                                     BYTES ("Y\n"),
                                     BYTES ("\0\n"),
                                     BYTES ("5\0\n"),
                                     BYTES ("5\n\0"),
                                     BYTES ("5\0junk\n"),
                                     BYTES ("\xd9\xa5\n"),
                                     BYTES ("\xff\xfe\n"),
                                     BYTES ("18446744073709551616\n"),
                                     BYTES ("18446744073709551619\n"),
                                     BYTES ("18446744073709551620\n"),
                                     BYTES ("36893488147419103232\n"),
                                     BYTES ("99999999999999999999999999999999\n") };

static const Bytes bad_pids[] = { BYTES (""),
                                  BYTES ("-1"),
                                  BYTES ("-\n"),
                                  BYTES ("--1\n"),
                                  BYTES ("-0\n"),
                                  BYTES ("-01\n"),
                                  BYTES ("- 1\n"),
                                  BYTES ("-+1\n"),
                                  BYTES ("+1\n"),
                                  BYTES ("2147483648\n"),
                                  BYTES ("-2147483649\n"),
                                  BYTES ("4294967295\n"),
                                  BYTES ("18446744073709551615\n") };

static void
test_good (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    set_bytes (root, good[i].parameter, good[i].line, strlen (good[i].line));
    assert_reads (files, good[i].parameter, good[i].value);
    dh_parameter_files_free (open_files (root));
  }
}

static void
assert_all_bad (FakeRoot *root, DhParameter parameter, const Bytes *bytes, guint n)
{
  const char *contents = files_of_v3[parameter].contents;
  g_autoptr (DhParameterFiles) files = open_files (root);

  for (guint i = 0; i < n; i++) {
    set_bytes (root, parameter, bytes[i].bytes, bytes[i].length);
    assert_cannot_read (files, parameter, DH_ERROR_KERNEL_REJECTED, "holds “");
    assert_cannot_open (root, DH_UNAVAILABLE_KERNEL_SUPPORT, parameter, "holds “");
  }
  set_bytes (root, parameter, contents, strlen (contents));
}

static void
test_bad (FakeRoot *root, gconstpointer data)
{
  assert_all_bad (root, DH_PARAMETER_ENABLED, bad_bools, G_N_ELEMENTS (bad_bools));
  assert_all_bad (root, DH_PARAMETER_QUOTA_SZ, bad_numbers, G_N_ELEMENTS (bad_numbers));
  assert_all_bad (root, DH_PARAMETER_KDAMOND_PID, bad_pids, G_N_ELEMENTS (bad_pids));
}

static const struct {
  DhParameter parameter;
  Bytes bytes;
  const char *detail;
} quotes[] = {
  { DH_PARAMETER_ENABLED, BYTES ("\x1b[2J\0“Y”\n"),
    "holds “\\x1b[2J\\x00“Y”\\x0a”, which is not Y or N" },
  { DH_PARAMETER_QUOTA_SZ, BYTES ("12\\\xff"),
    "holds “12\\\\\\xff”, which is not a decimal number of 64 bits" },
  { DH_PARAMETER_KDAMOND_PID, BYTES (""), "holds “”, which is not a decimal number of 32 bits" },
};

static void
test_quotes (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  for (guint i = 0; i < G_N_ELEMENTS (quotes); i++) {
    set_bytes (root, quotes[i].parameter, quotes[i].bytes.bytes, quotes[i].bytes.length);
    assert_cannot_read (files, quotes[i].parameter, DH_ERROR_KERNEL_REJECTED, quotes[i].detail);
  }
}

/* However much there is, whether it begins well or not. */
static void
test_long (FakeRoot *root, gconstpointer data)
{
  static const gsize lengths[] = { 22, 64, 65, 255, 256, 257, 4096, 1 << 20 };
  g_autoptr (DhParameterFiles) files = open_files (root);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    for (const char *filler = "0\n "; *filler != '\0'; filler++) {
      g_autofree char *bytes = g_strnfill (lengths[i], *filler);

      bytes[0] = '5';
      bytes[lengths[i] - 1] = '\n';
      set_bytes (root, DH_PARAMETER_MIN_AGE, bytes, lengths[i]);
      assert_cannot_read (files, DH_PARAMETER_MIN_AGE, DH_ERROR_KERNEL_REJECTED, "holds “5");
    }
  }
}

/* What was read before the failure is not handed out. */
static void
test_read_all_fails (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);
  g_autoptr (GError) error = NULL;
  DhParameterValues values = { 0 };

  set_bytes (root, DH_PARAMETER_QUOTA_EXCEEDS, "-1\n", 3);
  g_assert_false (dh_parameter_files_read_all (files, &values, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  assert_about_file (error, DH_PARAMETER_QUOTA_EXCEEDS, "“-1\\x0a”");
  for (guint i = 0; i < DH_N_PARAMETERS; i++)
    g_assert_false (values.known[i]);
}

static void
test_same_folder (FakeRoot *root, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (root->path, FOLDER, NULL);
  g_autofree char *aside = g_strconcat (folder, ".aside", NULL);
  g_autoptr (DhParameterFiles) files = open_files (root);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (rename (folder, aside));
  fake_root_add_file (root, FOLDER "/quota_ms", "77\n");
  assert_reads (files, DH_PARAMETER_QUOTA_MS, 10);
  g_assert_true (dh_parameter_files_write (files, DH_PARAMETER_QUOTA_MS, 55, &error));
  g_assert_no_error (error);
  assert_contents (root, DH_PARAMETER_QUOTA_MS, "77\n");
  assert_reads (files, DH_PARAMETER_QUOTA_MS, 55);
}

static void
test_unreadable (FakeRoot *root, gconstpointer data)
{
  static const DhParameter parameters[] = { DH_PARAMETER_ENABLED, DH_PARAMETER_MIN_AGE,
                                            DH_PARAMETER_QUOTA_EXCEEDS };
  g_autoptr (DhParameterFiles) files = open_files (root);

  set_override (FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (parameters); i++) {
    set_mode (root, parameters[i], 0200);
    assert_cannot_read (files, parameters[i], DH_ERROR_NOT_AVAILABLE,
                        "cannot be read: Permission denied");
    assert_cannot_open (root, DH_UNAVAILABLE_PERMISSION, parameters[i],
                        "cannot be read: Permission denied");
    set_mode (root, parameters[i], 0600);
  }
  set_override (TRUE);
}

static void
test_forbidden_folder (FakeRoot *root, gconstpointer data)
{
  g_autofree char *module = g_build_filename (root->path, "sys/module/damon_hugepage", NULL);

  set_override (FALSE);
  g_assert_no_errno (chmod (module, 0));
  assert_cannot_open_folder (root, DH_UNAVAILABLE_PERMISSION, FOLDER,
                             "cannot be opened: Permission denied");
  g_assert_no_errno (chmod (module, 0755));
  set_override (TRUE);
}

static void
add (const char *path, void (*test) (FakeRoot *, gconstpointer))
{
  g_test_add (path, FakeRoot, NULL, set_up_module, test, fake_root_tear_down);
}

static void
add_without_module (const char *path, void (*test) (FakeRoot *, gconstpointer))
{
  g_test_add (path, FakeRoot, NULL, fake_root_set_up, test, fake_root_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/module-parameters/names-and-kinds", test_infos);
  g_test_add_func ("/module-parameters/words-for-clients", test_words);
  g_test_add_func ("/module-parameters/values-are-set", test_values_set);
  add ("/module-parameters/open/all-are-read", test_all);
  add ("/module-parameters/open/each-missing", test_each_missing);
  add ("/module-parameters/open/the-required-are-enough", test_required_are_enough);
  add ("/module-parameters/open/v4-besides-does-no-harm", test_v4_too);
  add_without_module ("/module-parameters/open/no-module", test_no_module);
  add_without_module ("/module-parameters/open/only-v4", test_only_v4);
  add_without_module ("/module-parameters/open/v4-is-no-folder", test_v4_is_no_folder);
  add_without_module ("/module-parameters/open/no-folder", test_no_folder);
  add ("/module-parameters/open/forbidden-folder", test_forbidden_folder);
  add ("/module-parameters/open/it-stays-the-same-folder", test_same_folder);
  add ("/module-parameters/read/what-the-kernel-prints", test_good);
  add ("/module-parameters/read/nothing-else", test_bad);
  add ("/module-parameters/read/nonsense-is-quoted", test_quotes);
  add ("/module-parameters/read/long-nonsense", test_long);
  add ("/module-parameters/read/all-or-nothing", test_read_all_fails);
  add ("/module-parameters/read/unreadable", test_unreadable);

  return g_test_run ();
}
