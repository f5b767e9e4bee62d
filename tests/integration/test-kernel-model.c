/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "kernel-model-case.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel's model as files: what Linux 7.3 with RFC v3's module was seen to answer, row by row.
 */

static const struct {
  const char *name;
  mode_t mode;
  const char *initial;
} files[] = {
  { "addr_unit", 0600, "1\n" },
  { "aggr_interval", 0600, "100000\n" },
  { "bytes_hugepage_regions", 0400, "0\n" },
  { "bytes_hugepage_tried_regions", 0400, "0\n" },
  { "commit_inputs", 0600, "N\n" },
  { "enabled", 0600, "N\n" },
  { "kdamond_pid", 0400, "-1\n" },
  { "max_nr_regions", 0600, "1000\n" },
  { "min_age", 0600, "100000\n" },
  { "min_nr_regions", 0600, "10\n" },
  { "monitored_pid", 0600, "0\n" },
  { "nr_hugepage_regions", 0400, "0\n" },
  { "nr_hugepage_tried_regions", 0400, "0\n" },
  { "nr_quota_exceeds", 0400, "0\n" },
  { "quota_autotune_feedback", 0600, "0\n" },
  { "quota_ms", 0600, "10\n" },
  { "quota_percentage_hugepage", 0600, "100\n" },
  { "quota_reset_interval_ms", 0600, "1000\n" },
  { "quota_sz", 0600, "134217728\n" },
  { "sample_interval", 0600, "5000\n" },
};

static void
test_files (ModelCase *self, gconstpointer data)
{
  g_autofree char *folder = kernel_model_get_path (self->model, "");
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  guint n_entries = 0;

  while (g_dir_read_name (entries) != NULL)
    n_entries++;
  g_assert_cmpuint (n_entries, ==, G_N_ELEMENTS (files));
  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = kernel_model_get_path (self->model, files[i].name);
    g_autofree char *content = read_once (self->model, files[i].name);
    struct stat status;

    g_assert_no_errno (stat (path, &status));
    g_assert_cmpuint (status.st_mode, ==, S_IFREG | files[i].mode);
    g_assert_cmpuint (status.st_uid, ==, 0);
    g_assert_cmpint (status.st_size, ==, 4096);
    g_assert_cmpstr (content, ==, files[i].initial);
    if (files[i].mode == 0400)
      g_assert_cmpint (kernel_model_write (self->model, files[i].name, "5"), ==, EACCES);
  }
}

static char *
ask_as (ModelCase *self, const char *user, const char *command)
{
  g_autofree char *path = kernel_model_get_path (self->model, "");
  g_autofree char *script = g_strdup_printf ("cd %s; %s", path, command);
  Child *shell = fixture_spawn_as (&self->fixture, user, "/bin/sh", "-c", script, NULL);

  return child_expect_line (shell, "", 10);
}

static void
test_other_users (ModelCase *self, gconstpointer data)
{
  g_autofree char *path = kernel_model_get_path (self->model, "quota_ms");
  g_autofree char *listed = ask_as (self, "bob", "ls | wc -l");
  g_autofree char *denied = ask_as (self, "bob", "cat quota_ms || echo no");
  g_autofree char *read = NULL, *written = NULL;

  g_assert_cmpstr (listed, ==, "20");
  g_assert_cmpstr (denied, ==, "no");
  g_assert_no_errno (chmod (path, 0644));
  read = ask_as (self, "bob", "cat quota_ms");
  g_assert_cmpstr (read, ==, "10");
  g_assert_no_errno (chown (path, 18102, 18102));
  written = ask_as (self, "bob", "echo 9 >quota_ms && echo yes");
  g_assert_cmpstr (written, ==, "yes");
  assert_parameter (self->model, "quota_ms", "9");
}

static void
test_numbers (ModelCase *self, gconstpointer data)
{
  static const struct {
    const char *text;
    int error;
    const char *value;
  } cases[] = {
    { "7", 0, "7" },
    { "7\n", 0, "7" },
    { "0", 0, "0" },
    { "+5", 0, "5" },
    { "0x10", 0, "16" },
    { "0X1f", 0, "31" },
    { "010", 0, "8" },
    { "18446744073709551615", 0, "18446744073709551615" },
    { "18446744073709551616", ERANGE, "10" },
    { "99999999999999999999x", ERANGE, "10" },
    { "-1", EINVAL, "10" },
    { " 5", EINVAL, "10" },
    { "5 ", EINVAL, "10" },
    { "5\n\n", EINVAL, "10" },
    { "1.5", EINVAL, "10" },
    { "5abc", EINVAL, "10" },
    { "abc", EINVAL, "10" },
    { "08", EINVAL, "10" },
    { "0x", EINVAL, "10" },
    { "++5", EINVAL, "10" },
    { "\n", EINVAL, "10" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    kernel_model_set (self->model, "quota_ms", "10");
    g_assert_cmpint (kernel_model_write (self->model, "quota_ms", cases[i].text), ==,
                     cases[i].error);
    assert_parameter (self->model, "quota_ms", cases[i].value);
  }
  g_assert_cmpint (kernel_model_write (self->model, "addr_unit", "0"), ==, EINVAL);
  assert_parameter (self->model, "addr_unit", "1");
  kernel_model_command (self->model, "allow-hurt addr_unit");
}

static void
test_letters (ModelCase *self, gconstpointer data)
{
  static const char *const texts[][14] = {
    { "N", "n", "no", "f", "false", "d", "0", "of", "OFF", "N\n", "0x", NULL },
    { "Y", "y", "yes", "t", "true", "e", "1", "on", "On", "Y\n", "enable", "1x", NULL },
    { "2", " Y", "\n", "garbage", "o", "ox", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    for (guint j = 0; texts[i][j] != NULL; j++) {
      kernel_model_set (self->model, "commit_inputs", i == 0 ? "Y" : "N");
      g_assert_cmpint (kernel_model_write (self->model, "commit_inputs", texts[i][j]), ==,
                       i == 2 ? EINVAL : 0);
      assert_parameter (self->model, "commit_inputs", i == 1 ? "Y" : "N");
    }
  }
}

static void
test_lengths (ModelCase *self, gconstpointer data)
{
  char zeros[5000];

  g_assert_cmpint (write_once (self->model, "quota_ms", 0, "", 0), ==, 0);
  assert_parameter (self->model, "quota_ms", "10");
  g_assert_cmpint (write_once (self->model, "quota_ms", 0, "5\0junk", 6), ==, 6);
  assert_parameter (self->model, "quota_ms", "5");
  g_assert_cmpint (write_once (self->model, "quota_ms", O_TRUNC, "12\n", 3), ==, 3);
  assert_parameter (self->model, "quota_ms", "12");
  memset (zeros, '0', sizeof zeros);
  g_assert_cmpint (write_once (self->model, "quota_ms", 0, zeros, sizeof zeros), ==, 4096);
  assert_parameter (self->model, "quota_ms", "0");
}

/* What was read first stays until reading begins again. */
static void
test_pieces (ModelCase *self, gconstpointer data)
{
  g_autofree char *path = kernel_model_get_path (self->model, "quota_ms");
  const int fd = open (path, O_RDONLY | O_CLOEXEC);
  char buffer[8] = "";

  g_assert_no_errno (fd);
  g_assert_cmpint (read (fd, buffer, 1), ==, 1);
  kernel_model_set (self->model, "quota_ms", "77");
  g_assert_cmpint (read (fd, buffer + 1, 7), ==, 2);
  g_assert_cmpstr (buffer, ==, "10\n");
  g_assert_cmpint (read (fd, buffer, 8), ==, 0);
  g_assert_cmpint (pread (fd, buffer, 8, 0), ==, 3);
  g_assert_cmpstr (buffer, ==, "77\n");
  close (fd);
}

static void
test_what_is_the_hosts (ModelCase *self, gconstpointer data)
{
  g_autofree char *size = NULL, *host = NULL;
  g_autofree char *release =
    g_build_filename (kernel_model_get_root (self->model), "proc/sys/kernel/osrelease", NULL);

  size = kernel_model_read (self->model, "kernel/mm/transparent_hugepage/hpage_pmd_size");
  g_assert_cmpstr (size, ==, "2097152");
  g_assert_true (g_file_get_contents (release, &host, NULL, NULL));
}

static int
watch (KernelModel *model, const char *file)
{
  g_autofree char *path = kernel_model_get_path (model, file);
  const int fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);

  g_assert_no_errno (inotify_add_watch (fd, path, IN_OPEN | IN_MODIFY | IN_ATTRIB));
  return fd;
}

/* Returns: what has happened since the last time, a letter each. */
static char *
take_events (int fd)
{
  char buffer[4096] __attribute__ ((aligned (8)));
  const ssize_t length = read (fd, buffer, sizeof buffer);
  GString *events = g_string_new (NULL);

  for (ssize_t i = 0; i < length;) {
    const struct inotify_event *event = (gpointer) (buffer + i);

    g_string_append_c (events, event->mask & IN_OPEN ? 'o' : event->mask & IN_MODIFY ? 'm' : 'a');
    i += (ssize_t) (sizeof *event + event->len);
  }
  return g_string_free (events, FALSE);
}

/* Of what others do, as from sysfs; what the kernel itself changes happens in silence. */
static void
test_watches (ModelCase *self, gconstpointer data)
{
  const int fd = watch (self->model, "quota_ms"), folder = watch (self->model, "");
  const int silent = watch (self->model, "commit_inputs");
  g_autofree char *path = kernel_model_get_path (self->model, "quota_ms");
  g_autofree char *of_file = NULL, *of_folder = NULL, *of_commit = NULL;

  kernel_model_set (self->model, "quota_ms", "11");
  g_assert_cmpint (kernel_model_write (self->model, "quota_ms", "x"), ==, EINVAL);
  g_assert_no_errno (chmod (path, 0640));
  g_assert_cmpint (write_once (self->model, "quota_ms", O_TRUNC, "", 0), ==, 0);
  of_file = take_events (fd);
  g_assert_cmpstr (of_file, ==, "omoaom");
  of_folder = take_events (folder);
  g_assert_cmpstr (of_folder, ==, of_file);
  assert_parameter (self->model, "quota_ms", "11");
  model_case_aim (self);
  model_case_start (self);
  kernel_model_set (self->model, "commit_inputs", "Y");
  wait_for (50);
  of_commit = take_events (silent);
  g_assert_cmpstr (of_commit, ==, "om");
  close (fd);
  close (folder);
  close (silent);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  model_case_add ("/kernel-model/files-and-what-is-in-them", test_files);
  model_case_add ("/kernel-model/other-users", test_other_users);
  model_case_add ("/kernel-model/numbers", test_numbers);
  model_case_add ("/kernel-model/letters", test_letters);
  model_case_add ("/kernel-model/lengths", test_lengths);
  model_case_add ("/kernel-model/read-in-pieces", test_pieces);
  model_case_add ("/kernel-model/what-is-the-hosts", test_what_is_the_hosts);
  model_case_add ("/kernel-model/watches", test_watches);
  return g_test_run ();
}
