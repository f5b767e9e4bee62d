/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "parameter-case.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

static const struct {
  DhParameter parameter;
  guint64 value;
  const char *written;
} writes[] = {
  { DH_PARAMETER_ENABLED, 1, "Y" },
  { DH_PARAMETER_ENABLED, 0, "N" },
  { DH_PARAMETER_COMMIT_INPUTS, 1, "Y" },
  { DH_PARAMETER_MONITORED_PID, 0, "0" },
  { DH_PARAMETER_MONITORED_PID, 2147483647, "2147483647" },
  { DH_PARAMETER_MIN_AGE, 429496729500000, "429496729500000" },
  { DH_PARAMETER_QUOTA_MS, 0, "0" },
  { DH_PARAMETER_QUOTA_SZ, G_MAXUINT64, "18446744073709551615" },
  { DH_PARAMETER_QUOTA_RESET_INTERVAL, 0, "0" },
  { DH_PARAMETER_RATIO, 1, "1" },
  { DH_PARAMETER_RATIO, 1000000000, "1000000000" },
  { DH_PARAMETER_FEEDBACK, 0, "0" },
  { DH_PARAMETER_ADDR_UNIT, 1, "1" },
  { DH_PARAMETER_ADDR_UNIT, 2, "2" },
  { DH_PARAMETER_ADDR_UNIT, 4096, "4096" },
  { DH_PARAMETER_SAMPLE_INTERVAL, 8, "8" },
  { DH_PARAMETER_AGGR_INTERVAL, 100000, "100000" },
  { DH_PARAMETER_MIN_NR_REGIONS, 3, "3" },
  { DH_PARAMETER_MAX_NR_REGIONS, 5, "5" },
};

static void
test_writes (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);
  const guint n_open = count_descriptors ();

  for (guint i = 0; i < G_N_ELEMENTS (writes); i++) {
    g_autoptr (GError) error = NULL;

    set_bytes (root, writes[i].parameter, "", 0);
    g_assert_true (dh_parameter_files_write (files, writes[i].parameter, writes[i].value, &error));
    g_assert_no_error (error);
    assert_contents (root, writes[i].parameter, writes[i].written);
  }
  g_assert_cmpuint (count_descriptors (), ==, n_open);
}

static const struct {
  DhParameter parameter;
  guint64 value;
  const char *detail;
} harmful[] = {
  { DH_PARAMETER_ENABLED, 2, "cannot be set to 2: it must be 0 or 1" },
  { DH_PARAMETER_COMMIT_INPUTS, G_MAXUINT64, "18446744073709551615: it must be 0 or 1" },
  { DH_PARAMETER_RATIO, 0, "cannot be set to 0: it must not be 0" },
  { DH_PARAMETER_ADDR_UNIT, 0, "cannot be set to 0: it must be a power of two from 1 to 4096" },
  { DH_PARAMETER_ADDR_UNIT, 3, "to 3: " },
  { DH_PARAMETER_ADDR_UNIT, 5, "to 5: " },
  { DH_PARAMETER_ADDR_UNIT, 4095, "to 4095: " },
  { DH_PARAMETER_ADDR_UNIT, 4097, "to 4097: " },
  { DH_PARAMETER_ADDR_UNIT, 8192, "to 8192: " },
  { DH_PARAMETER_ADDR_UNIT, G_GUINT64_CONSTANT (1) << 32, "to 4294967296: " },
  { DH_PARAMETER_ADDR_UNIT, G_GUINT64_CONSTANT (1) << 63, "to 9223372036854775808: " },
  { DH_PARAMETER_ADDR_UNIT, G_MAXUINT64, "to 18446744073709551615: " },
  { DH_PARAMETER_MONITORED_PID, G_GUINT64_CONSTANT (2147483648),
    "cannot be set to 2147483648: it must be 0 to 2147483647" },
  { DH_PARAMETER_MONITORED_PID, G_GUINT64_CONSTANT (4294967297), "to 4294967297: " },
  { DH_PARAMETER_MONITORED_PID, G_MAXUINT64, "to 18446744073709551615: " },
};

static void
test_harmful (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  for (guint i = 0; i < G_N_ELEMENTS (harmful); i++) {
    assert_cannot_write (files, harmful[i].parameter, harmful[i].value, DH_ERROR_INVALID_VALUE,
                         harmful[i].detail);
    assert_contents (root, harmful[i].parameter, files_of_v3[harmful[i].parameter].contents);
  }
  /* Not even opened. */
  for (guint i = 0; i < G_N_ELEMENTS (harmful); i++) {
    g_autofree char *path = dup_path (root, harmful[i].parameter);

    unlink (path);
    assert_cannot_write (files, harmful[i].parameter, harmful[i].value, DH_ERROR_INVALID_VALUE,
                         harmful[i].detail);
  }
}

static void
test_read_only_parameters (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    if (files_of_v3[i].writable)
      continue;
    assert_cannot_write (files, i, (guint64) -1, DH_ERROR_NOT_AVAILABLE,
                         files_of_v3[i].kind == DH_PARAMETER_PID
                           ? "cannot be set to -1: it can only be read"
                           : "cannot be set to 18446744073709551615: it can only be read");
    assert_contents (root, i, files_of_v3[i].contents);
  }
}

/* Until the limit is lifted, files may not become longer. */
static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &limit));
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &limit));
}

static void
test_not_all_taken (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);
  g_autoptr (GError) short_error = NULL, error = NULL;
  gboolean short_done, done;

  set_bytes (root, DH_PARAMETER_QUOTA_SZ, "", 0);
  limit_files (2);
  short_done = dh_parameter_files_write (files, DH_PARAMETER_QUOTA_SZ, 12345, &short_error);
  limit_files (0);
  done = dh_parameter_files_write (files, DH_PARAMETER_QUOTA_SZ, 12345, &error);
  limit_files (RLIM_INFINITY);

  g_assert_false (short_done);
  g_assert_error (short_error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  assert_about_file (short_error, DH_PARAMETER_QUOTA_SZ, "to 12345: the kernel did not take all");
  assert_contents (root, DH_PARAMETER_QUOTA_SZ, "12");
  g_assert_false (done);
  g_assert_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED);
  assert_about_file (error, DH_PARAMETER_QUOTA_SZ, "cannot be set to 12345: File too large");
}

/* A pipe that is full is the file, so that writing to it waits, and can be interrupted. */
typedef struct {
  int fd;
  int capacity;
  guint n_signals;
} Pipe;

static Pipe pipe_in_place;

/* Makes room, but not before the second time. */
static void
on_alarm (int number)
{
  char bytes[4096];

  if (++pipe_in_place.n_signals < 2)
    return;
  while (read (pipe_in_place.fd, bytes, sizeof bytes) > 0)
    continue;
}

static void
put_full_pipe_in_place (FakeRoot *root, DhParameter parameter)
{
  const struct sigaction action = { .sa_handler = on_alarm };
  const struct itimerval timer = { { 0, 20000 }, { 0, 20000 } };
  g_autofree char *path = dup_path (root, parameter);

  remove_file (root, parameter);
  g_assert_no_errno (mkfifo (path, 0600));
  pipe_in_place.fd = open (path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (pipe_in_place.fd, >=, 0);
  while (write (pipe_in_place.fd, "x", 1) == 1)
    pipe_in_place.capacity++;
  g_assert_cmpint (pipe_in_place.capacity, >, 0);
  g_assert_no_errno (sigaction (SIGALRM, &action, NULL));
  g_assert_no_errno (setitimer (ITIMER_REAL, &timer, NULL));
}

static void
test_interrupted (FakeRoot *root, gconstpointer data)
{
  const struct itimerval none = { 0 };
  g_autoptr (DhParameterFiles) files = open_files (root);
  g_autoptr (GError) error = NULL;
  char bytes[16] = "";

  put_full_pipe_in_place (root, DH_PARAMETER_QUOTA_SZ);
  dh_parameter_files_write (files, DH_PARAMETER_QUOTA_SZ, 12345, &error);
  g_assert_no_errno (setitimer (ITIMER_REAL, &none, NULL));
  g_assert_no_error (error);
  g_assert_cmpuint (pipe_in_place.n_signals, >=, 2);
  g_assert_cmpint (read (pipe_in_place.fd, bytes, sizeof bytes), ==, 5);
  g_assert_cmpstr (bytes, ==, "12345");
  close (pipe_in_place.fd);
}

static void
put_folder_in_place (FakeRoot *root, DhParameter parameter)
{
  g_autofree char *path = dup_path (root, parameter);

  remove_file (root, parameter);
  g_assert_no_errno (mkdir (path, 0700));
}

static void
test_not_files (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  put_folder_in_place (root, DH_PARAMETER_QUOTA_MS);
  assert_cannot_read (files, DH_PARAMETER_QUOTA_MS, DH_ERROR_KERNEL_REJECTED, "Is a directory");
  assert_cannot_write (files, DH_PARAMETER_QUOTA_MS, 5, DH_ERROR_KERNEL_REJECTED,
                       "cannot be set to 5: Is a directory");
  assert_cannot_open (root, DH_UNAVAILABLE_KERNEL_SUPPORT, DH_PARAMETER_QUOTA_MS,
                      "cannot be read: Is a directory");
}

static void
put_link_in_place (FakeRoot *root, DhParameter parameter)
{
  g_autofree char *path = dup_path (root, parameter);
  g_autofree char *target = g_strconcat (path, ".target", NULL);

  g_assert_no_errno (rename (path, target));
  g_assert_no_errno (symlink (target, path));
}

static void
test_links (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  put_link_in_place (root, DH_PARAMETER_MIN_AGE);
  assert_cannot_read (files, DH_PARAMETER_MIN_AGE, DH_ERROR_KERNEL_REJECTED, "symbolic link");
  assert_cannot_write (files, DH_PARAMETER_MIN_AGE, 5, DH_ERROR_KERNEL_REJECTED, "symbolic link");
  assert_contents (root, DH_PARAMETER_MIN_AGE, "100000\n");
  assert_cannot_open (root, DH_UNAVAILABLE_KERNEL_SUPPORT, DH_PARAMETER_MIN_AGE, "symbolic link");
}

static void
test_gone (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  remove_file (root, DH_PARAMETER_QUOTA_MS);
  g_assert_true (dh_parameter_files_has (files, DH_PARAMETER_QUOTA_MS));
  assert_cannot_read (files, DH_PARAMETER_QUOTA_MS, DH_ERROR_NOT_AVAILABLE,
                      "cannot be read: No such file");
  assert_cannot_write (files, DH_PARAMETER_QUOTA_MS, 5, DH_ERROR_NOT_AVAILABLE,
                       "cannot be set to 5: No such file");
}

static void
test_unwritable (FakeRoot *root, gconstpointer data)
{
  g_autoptr (DhParameterFiles) files = open_files (root);

  set_override (FALSE);
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    set_mode (root, i, 0400);
    if (files_of_v3[i].required)
      assert_cannot_open (root, DH_UNAVAILABLE_PERMISSION, i,
                          "cannot be written: Permission denied");
    else
      dh_parameter_files_free (open_files (root));
    if (files_of_v3[i].writable)
      assert_cannot_write (files, i, 1, DH_ERROR_NOT_AVAILABLE, "Permission denied");
    set_mode (root, i, 0600);
  }
  set_override (TRUE);
}

/* In a child: its mounts are its own. Ends it. */
G_NORETURN static void
look_at_read_only_mount (FakeRoot *root)
{
  g_autoptr (DhParameterFiles) files = NULL;
  const char *path = root->path;

  if (unshare (CLONE_NEWNS) < 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
      || mount (path, path, NULL, MS_BIND, NULL) < 0)
    _exit (77);
  files = open_files (root);
  g_assert_no_errno (mount (NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
  assert_reads (files, DH_PARAMETER_QUOTA_MS, 10);
  assert_cannot_write (files, DH_PARAMETER_QUOTA_MS, 5, DH_ERROR_NOT_AVAILABLE,
                       "cannot be set to 5: Read-only file system");
  assert_cannot_open (root, DH_UNAVAILABLE_PERMISSION, DH_PARAMETER_ENABLED,
                      "cannot be written: Read-only file system");
  _exit (0);
}

static void
test_read_only_mount (FakeRoot *root, gconstpointer data)
{
  const pid_t child = fork ();
  int status;

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    look_at_read_only_mount (root);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    g_test_skip ("Only root may mount");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
add (const char *path, void (*test) (FakeRoot *, gconstpointer))
{
  g_test_add (path, FakeRoot, NULL, set_up_module, test, fake_root_tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("/module-parameters-write/one-value", test_writes);
  add ("/module-parameters-write/never-what-hurts", test_harmful);
  add ("/module-parameters-write/never-what-can-only-be-read", test_read_only_parameters);
  add ("/module-parameters-write/not-all-taken", test_not_all_taken);
  add ("/module-parameters-write/interrupted", test_interrupted);
  add ("/module-parameters-write/unwritable", test_unwritable);
  add ("/module-parameters-write/read-only-mount", test_read_only_mount);
  add ("/module-parameters-write/folders", test_not_files);
  add ("/module-parameters-write/links", test_links);
  add ("/module-parameters-write/gone", test_gone);

  return g_test_run ();
}
