/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "trusted-file.h"

#include "descriptors.h"

#include <glib/gstdio.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GOOD "[Service]\nengine=bpf\n"
#define LIMIT 65536

typedef struct {
  char *directory;
  char *path;
  char *other; /* what a link may point to */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  fixture->directory = g_dir_make_tmp ("trusted-file-XXXXXX", &error);
  g_assert_no_error (error);
  fixture->path = g_build_filename (fixture->directory, "file", NULL);
  fixture->other = g_build_filename (fixture->directory, "other", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_remove (fixture->path);
  g_remove (fixture->other);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->other);
}

static void
write_file (const char *path, const char *data, gssize size)
{
  g_autoptr (GError) error = NULL;

  g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_CONSISTENT, 0644, &error);
  g_assert_no_error (error);
}

static void
assert_refused (const char *path, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (dh_trusted_file_load (path, &error));
  g_assert_error (error, domain, code);
  g_assert_true (g_str_has_prefix (error->message, path));
}

static void
assert_not_trusted (const char *path)
{
  assert_refused (path, G_FILE_ERROR, G_FILE_ERROR_PERM);
}

static void
test_loads_a_good_file (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const mode_t modes[] = { 0600, 0644, 0444, 0755 };

  write_file (fixture->path, GOOD, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GKeyFile) file = NULL;
    g_autofree char *engine = NULL;

    g_assert_cmpint (g_chmod (fixture->path, modes[i]), ==, 0);
    file = dh_trusted_file_load (fixture->path, &error);
    g_assert_no_error (error);
    engine = g_key_file_get_string (file, "Service", "engine", NULL);
    g_assert_cmpstr (engine, ==, "bpf");
  }
}

static void
test_loads_an_empty_file (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) file = NULL;

  write_file (fixture->path, "", 0);
  file = dh_trusted_file_load (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (file);
}

static void
test_says_that_there_is_none (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  assert_refused (fixture->path, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static void
test_refuses_what_others_may_write (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const mode_t modes[] = { 0620, 0602, 0664, 0646, 0666, 0777 };

  write_file (fixture->path, GOOD, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++) {
    g_assert_cmpint (g_chmod (fixture->path, modes[i]), ==, 0);
    assert_not_trusted (fixture->path);
  }
}

static void
test_refuses_a_file_of_somebody_else (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  if (geteuid () != 0) {
    g_test_skip ("only root can give a file away");
    return;
  }
  write_file (fixture->path, GOOD, -1);
  g_assert_cmpint (chown (fixture->path, 65534, -1), ==, 0);
  assert_not_trusted (fixture->path);
}

static void
test_refuses_a_link (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  write_file (fixture->other, GOOD, -1);
  g_assert_cmpint (symlink (fixture->other, fixture->path), ==, 0);
  assert_not_trusted (fixture->path);
}

static void
test_refuses_a_link_to_nothing (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_assert_cmpint (symlink (fixture->other, fixture->path), ==, 0);
  assert_not_trusted (fixture->path);
}

static void
test_refuses_a_directory (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_assert_cmpint (g_mkdir (fixture->path, 0700), ==, 0);
  assert_not_trusted (fixture->path);
}

/* Nobody writes to it: opening it must not wait. */
static void
test_refuses_a_fifo_without_waiting (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  alarm (10);
  assert_not_trusted (fixture->path);
  alarm (0);
}

static void
test_refuses_a_socket (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpuint (g_strlcpy (address.sun_path, fixture->path, sizeof address.sun_path), <,
                    sizeof address.sun_path);
  g_assert_cmpint (bind (fd, (const struct sockaddr *) &address, sizeof address), ==, 0);
  assert_not_trusted (fixture->path);
  close (fd);
}

static void
test_refuses_more_than_64_kib (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autofree char *data = g_malloc (LIMIT + 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) file = NULL;

  memset (data, '#', LIMIT + 1);
  write_file (fixture->path, data, LIMIT + 1);
  assert_not_trusted (fixture->path);

  write_file (fixture->path, data, LIMIT);
  file = dh_trusted_file_load (fixture->path, &error);
  g_assert_no_error (error);
  g_assert_nonnull (file);
}

static void
test_refuses_nonsense (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const struct {
    const char *data;
    gssize size;
    GKeyFileError code;
  } rows[] = {
    { "[Service]\nengine=b\xff\xfe\n", -1, G_KEY_FILE_ERROR_UNKNOWN_ENCODING },
    { "\x7f"
      "ELF\x02\x01\x01\0\0\0\0",
      12, G_KEY_FILE_ERROR_UNKNOWN_ENCODING },
    { "[Service]\nengine=bpf\0\n", 22, G_KEY_FILE_ERROR_UNKNOWN_ENCODING },
    { "\0", 1, G_KEY_FILE_ERROR_UNKNOWN_ENCODING },
    { "[Service]\neng", -1, G_KEY_FILE_ERROR_PARSE },
    { "[Serv", -1, G_KEY_FILE_ERROR_PARSE },
    { "engine=bpf\n", -1, G_KEY_FILE_ERROR_GROUP_NOT_FOUND },
    { "once upon a time\n", -1, G_KEY_FILE_ERROR_PARSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    write_file (fixture->path, rows[i].data, rows[i].size);
    assert_refused (fixture->path, G_KEY_FILE_ERROR, rows[i].code);
  }
}

static void
test_quotes_nonsense_in_printable_form (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  g_autoptr (GError) error = NULL;

  write_file (fixture->path, "\033]0;owned\a\n", -1);
  g_assert_null (dh_trusted_file_load (fixture->path, &error));
  g_assert_null (strchr (error->message, '\033'));
  g_assert_nonnull (strstr (error->message, "\\x1b]0;owned\\x07"));
}

static void
test_does_not_leak_descriptors (Fixture *fixture, gconstpointer user_data G_GNUC_UNUSED)
{
  const guint before = count_descriptors ();

  for (guint i = 0; i < 3; i++) {
    g_autoptr (GKeyFile) file = NULL;

    write_file (fixture->path, i == 0 ? GOOD : "nonsense", -1);
    g_assert_cmpint (g_chmod (fixture->path, i == 2 ? 0666 : 0600), ==, 0);
    file = dh_trusted_file_load (fixture->path, NULL);
  }
  g_assert_cmpuint (count_descriptors (), ==, before);
}

static void
test_warns_of_what_is_ignored (void)
{
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "/some/file: [Gr\\x0aoup] k\\x1by is ignored: it is wrong");
  dh_trusted_file_warn ("/some/file", "Gr\noup", "k\033y", "it is wrong");
  g_test_assert_expected_messages ();

  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                         "/some/file: [Group] is ignored: it is wrong");
  dh_trusted_file_warn ("/some/file", "Group", NULL, "it is wrong");
  g_test_assert_expected_messages ();
}

#define ADD(name, function)                                                                        \
  g_test_add ("/trusted-file/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("loads-a-good-file", test_loads_a_good_file);
  ADD ("loads-an-empty-file", test_loads_an_empty_file);
  ADD ("says-that-there-is-none", test_says_that_there_is_none);
  ADD ("refuses-what-others-may-write", test_refuses_what_others_may_write);
  ADD ("refuses-a-file-of-somebody-else", test_refuses_a_file_of_somebody_else);
  ADD ("refuses-a-link", test_refuses_a_link);
  ADD ("refuses-a-link-to-nothing", test_refuses_a_link_to_nothing);
  ADD ("refuses-a-directory", test_refuses_a_directory);
  ADD ("refuses-a-fifo-without-waiting", test_refuses_a_fifo_without_waiting);
  ADD ("refuses-a-socket", test_refuses_a_socket);
  ADD ("refuses-more-than-64-kib", test_refuses_more_than_64_kib);
  ADD ("refuses-nonsense", test_refuses_nonsense);
  ADD ("quotes-nonsense-in-printable-form", test_quotes_nonsense_in_printable_form);
  ADD ("does-not-leak-descriptors", test_does_not_leak_descriptors);
  g_test_add_func ("/trusted-file/warns-of-what-is-ignored", test_warns_of_what_is_ignored);
  return g_test_run ();
}
