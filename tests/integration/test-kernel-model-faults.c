/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "kernel-model-case.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What tests can make go wrong with the kernel's model. */

static void
test_faults (ModelCase *self, gconstpointer data)
{
  g_autofree char *refused = NULL, *empty = NULL, *strange = NULL, *log = NULL;

  kernel_model_command (self->model, "fail write quota_ms EBUSY 2");
  g_assert_cmpint (kernel_model_write (self->model, "quota_ms", "1"), ==, EBUSY);
  g_assert_cmpint (kernel_model_write (self->model, "quota_ms", "1"), ==, EBUSY);
  kernel_model_set (self->model, "quota_ms", "1");
  kernel_model_command (self->model, "fail read quota_ms EIO");
  refused = read_once (self->model, "quota_ms");
  g_assert_cmpstr (refused, ==, "EIO");
  kernel_model_command (self->model, "fail read quota_ms EIO 0");
  kernel_model_command (self->model, "fail open quota_ms EPERM 1");
  g_assert_cmpint (kernel_model_write (self->model, "quota_ms", "2"), ==, EPERM);
  kernel_model_command (self->model, "content quota_ms");
  empty = read_once (self->model, "quota_ms");
  g_assert_cmpstr (empty, ==, "");
  kernel_model_command (self->model, "content quota_ms %s", "1 2\\x41\\n\\\\");
  strange = read_once (self->model, "quota_ms");
  g_assert_cmpstr (strange, ==, "1 2A\n\\");
  kernel_model_command (self->model, "content-reset quota_ms");
  assert_parameter (self->model, "quota_ms", "1");
  kernel_model_command (self->model, "short write quota_ms 1");
  g_assert_cmpint (write_once (self->model, "quota_ms", 0, "23", 2), ==, 1);
  kernel_model_command (self->model, "short write quota_ms off");
  assert_parameter (self->model, "quota_ms", "2");
  log = kernel_model_dup_log (self->model);
  g_assert_cmpstr (log, ==,
                   "write quota_ms 1 EBUSY\nwrite quota_ms 1 EBUSY\nwrite quota_ms 1 ok\n"
                   "write quota_ms 2 ok");
  g_assert_cmpuint (kernel_model_count_writes (self->model, "quota_ms"), ==, 4);
}

static gboolean
exists (ModelCase *self, const char *file)
{
  g_autofree char *path = kernel_model_get_path (self->model, file);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
test_presence (ModelCase *self, gconstpointer data)
{
  g_autofree char *path = kernel_model_get_path (self->model, "quota_ms");
  const int fd = open (path, O_WRONLY | O_CLOEXEC);

  kernel_model_command (self->model, "remove quota_ms");
  g_assert_false (exists (self, "quota_ms"));
  g_assert_cmpint (write (fd, "1", 1), ==, -1);
  g_assert_cmpint (errno, ==, ENODEV);
  kernel_model_command (self->model, "restore quota_ms");
  assert_parameter (self->model, "quota_ms", "10");
  kernel_model_command (self->model, "mode quota_ms 0400");
  g_assert_cmpint (kernel_model_write (self->model, "quota_ms", "1"), ==, EACCES);
  kernel_model_command (self->model, "shape v4");
  g_assert_false (exists (self, "enabled"));
  g_assert_true (exists (self, "module/damon_sample_hugepage/parameters/target_pid"));
  kernel_model_command (self->model, "shape none");
  g_assert_false (exists (self, "module/damon_sample_hugepage"));
  kernel_model_command (self->model, "remove firmware");
  g_assert_false (exists (self, "./firmware"));
  g_assert_cmpint (kernel_model_write (self->model, ".model/control", "nonsense"), ==, EINVAL);
  close (fd);
}

static void
kill_writer (ModelCase *self, const char *when, const char *value)
{
  g_autofree char *path = kernel_model_get_path (self->model, "quota_ms");
  g_autofree char *script =
    g_strdup_printf ("echo 1 >%s; echo 2 >%s; echo 3 >%s", path, path, path);
  Child *writer;
  int status;

  kernel_model_command (self->model, "kill 2 %s", when);
  writer = fixture_spawn_as (&self->fixture, "root", "/bin/sh", "-c", script, NULL);
  g_assert_true (child_wait (writer, 10, &status));
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  assert_parameter (self->model, "quota_ms", value);
}

static void
test_killed_writers (ModelCase *self, gconstpointer data)
{
  kill_writer (self, "before", "1");
  kill_writer (self, "after", "2");
  g_assert_cmpuint (kernel_model_count_writes (self->model, NULL), ==, 4);
}

static gpointer
write_in_thread (gpointer model)
{
  return GINT_TO_POINTER (kernel_model_write (model, "quota_ms", "5"));
}

static gpointer
read_in_thread (gpointer model)
{
  return kernel_model_read (model, "module/damon_stat/parameters/enabled");
}

/* One lock for the parameters of all modules, and for nothing else. */
static void
test_lock (ModelCase *self, gconstpointer data)
{
  GThread *writer, *readers[20];

  kernel_model_command (self->model, "block write quota_ms");
  writer = g_thread_new ("writer", write_in_thread, self->model);
  kernel_model_wait (self->model, "blocked", "1", 5);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++)
    readers[i] = g_thread_new ("reader", read_in_thread, self->model);
  wait_for (100);
  g_assert_true (exists (self, "quota_ms"));
  g_assert_cmpuint (kernel_model_count_writes (self->model, NULL), ==, 0);
  kernel_model_set (self->model, "kernel/mm/damon/admin/kdamonds/nr_kdamonds", "1");
  kernel_model_command (self->model, "release");
  g_assert_cmpint (GPOINTER_TO_INT (g_thread_join (writer)), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++) {
    g_autofree char *value = g_thread_join (readers[i]);

    g_assert_cmpstr (value, ==, "N");
  }
  assert_parameter (self->model, "quota_ms", "5");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  model_case_add ("/kernel-model-faults/of-single-accesses", test_faults);
  model_case_add ("/kernel-model-faults/presence", test_presence);
  model_case_add ("/kernel-model-faults/killed-writers", test_killed_writers);
  model_case_add ("/kernel-model-faults/lock", test_lock);
  return g_test_run ();
}
