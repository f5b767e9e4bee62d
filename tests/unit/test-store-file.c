/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store-file.h"

#include <glib/gstdio.h>

#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char *directory;
  char *path;
  DhStoreFile *file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("store-file-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->directory, "file", NULL);
  fixture->file = dh_store_file_new (fixture->path);
}

/* Whatever else was left behind, such as a temporary file, fails the test. */
static void
tear_down (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_clear_pointer (&fixture->file, dh_store_file_unref);
  g_remove (fixture->path);
  if (g_file_test (fixture->directory, G_FILE_TEST_EXISTS))
    g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->path);
}

/* @content: NULL where there must be no file. */
static void
assert_content (Fixture *fixture, const char *content)
{
  g_autofree char *found = NULL;

  g_file_get_contents (fixture->path, &found, NULL, NULL);
  g_assert_cmpstr (found, ==, content);
}

static void
test_writes_for_its_owner_only (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  GStatBuf status;

  g_assert_cmpstr (dh_store_file_get_path (fixture->file), ==, fixture->path);
  dh_store_file_write (fixture->file, g_strdup ("secret"));
  dh_store_file_wait (fixture->file);
  assert_content (fixture, "secret");
  g_assert_cmpint (g_stat (fixture->path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0600);
}

static void
test_deletes (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  dh_store_file_write (fixture->file, g_strdup ("content"));
  dh_store_file_wait (fixture->file);
  for (guint i = 0; i < 2; i++) {
    dh_store_file_write (fixture->file, NULL);
    dh_store_file_wait (fixture->file);
    assert_content (fixture, NULL);
  }
}

static void
test_has_nothing_to_wait_for_at_first (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  alarm (10);
  dh_store_file_wait (fixture->file);
  alarm (0);
  assert_content (fixture, NULL);
}

static void
test_the_last_content_wins (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  for (guint round = 0; round < 60; round++) {
    g_autofree char *last = NULL;

    for (guint i = 0; i < 10; i++) {
      g_free (last);
      last = (i + round) % 3 == 0 ? NULL : g_strdup_printf ("%u of round %u", i, round);
      dh_store_file_write (fixture->file, g_strdup (last));
      if (i == round % 10)
        g_usleep (500);
    }
    dh_store_file_wait (fixture->file);
    assert_content (fixture, last);
  }
}

static void
test_a_reader_sees_whole_contents_only (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autofree char *a = g_strnfill (30000, 'a');
  g_autofree char *b = g_strnfill (20000, 'b');

  dh_store_file_write (fixture->file, g_strdup (a));
  dh_store_file_wait (fixture->file);
  for (guint i = 0; i < 200; i++) {
    g_autofree char *found = NULL;

    dh_store_file_write (fixture->file, g_strdup (i % 2 == 0 ? b : a));
    g_assert_true (g_file_get_contents (fixture->path, &found, NULL, NULL));
    g_assert_true (g_str_equal (found, a) || g_str_equal (found, b));
  }
  dh_store_file_wait (fixture->file);
  assert_content (fixture, a);
}

static void
test_outlives_its_user (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (DhStoreFile) file = dh_store_file_ref (fixture->file);

  dh_store_file_write (fixture->file, g_strdup ("content"));
  g_clear_pointer (&fixture->file, dh_store_file_unref);
  dh_store_file_wait (file);
  assert_content (fixture, "content");
}

static void
expect_failure (Fixture *fixture, const char *content, const char *warning)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, warning);
  dh_store_file_write (fixture->file, g_strdup (content));
  dh_store_file_wait (fixture->file);
  g_test_assert_expected_messages ();
}

static void
test_a_missing_directory_is_a_warning (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  expect_failure (fixture, "content", "*file cannot be written: *");
  dh_store_file_write (fixture->file, NULL);
  dh_store_file_wait (fixture->file);

  g_assert_cmpint (g_mkdir (fixture->directory, 0700), ==, 0);
  dh_store_file_write (fixture->file, g_strdup ("content"));
  dh_store_file_wait (fixture->file);
  assert_content (fixture, "content");
}

static void
test_what_cannot_be_replaced_is_a_warning (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  expect_failure (fixture, "content", "*file cannot be written: *");
  expect_failure (fixture, NULL, "*file cannot be deleted: *");
}

#define NOBODY 65534

static void
test_a_read_only_directory_is_a_warning (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const uid_t user = geteuid ();

  /* No mode keeps root out. */
  if (user == 0) {
    g_assert_cmpint (chown (fixture->directory, NOBODY, (gid_t) -1), ==, 0);
    g_assert_cmpint (seteuid (NOBODY), ==, 0);
  }
  g_assert_cmpint (g_chmod (fixture->directory, 0500), ==, 0);
  expect_failure (fixture, "content", "*file cannot be written: *");
  g_assert_cmpint (g_chmod (fixture->directory, 0700), ==, 0);
  g_assert_cmpint (seteuid (user), ==, 0);
}

#define ADD(name, function)                                                                        \
  g_test_add ("/store-file/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("writes-for-its-owner-only", test_writes_for_its_owner_only);
  ADD ("deletes", test_deletes);
  ADD ("has-nothing-to-wait-for-at-first", test_has_nothing_to_wait_for_at_first);
  ADD ("the-last-content-wins", test_the_last_content_wins);
  ADD ("a-reader-sees-whole-contents-only", test_a_reader_sees_whole_contents_only);
  ADD ("outlives-its-user", test_outlives_its_user);
  ADD ("a-missing-directory-is-a-warning", test_a_missing_directory_is_a_warning);
  ADD ("what-cannot-be-replaced-is-a-warning", test_what_cannot_be_replaced_is_a_warning);
  ADD ("a-read-only-directory-is-a-warning", test_a_read_only_directory_is_a_warning);
  return g_test_run ();
}
