/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "kernel-model.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARAMETERS "module/damon_hugepage/parameters"

struct _KernelModel {
  char *root;
  char *mount_point;
  Child *program; /* NULL: stopped */
};

static void
make_root (KernelModel *self)
{
  g_autofree char *proc = g_build_filename (self->root, "proc", NULL);

  /* A second model in the same test finds the first one's. */
  if (g_file_test (self->root, G_FILE_TEST_IS_DIR)) {
    umount2 (self->mount_point, MNT_DETACH);
    return;
  }
  g_assert_no_errno (mkdir (self->root, 0755));
  g_assert_no_errno (mkdir (self->mount_point, 0755));
  g_assert_no_errno (symlink ("/proc", proc));
}

KernelModel *
kernel_model_start (Fixture *self)
{
  const char *program = g_getenv ("DH_KERNEL_MODEL");
  KernelModel *model = g_new0 (KernelModel, 1);
  g_autofree char *ready = NULL;

  g_assert_nonnull (program);
  model->root = fixture_path (self, "root");
  model->mount_point = g_build_filename (model->root, "sys", NULL);
  make_root (model);
  model->program = child_spawn ((const char *const[]){ program, model->mount_point, NULL },
                                &(ChildOptions){ .pipe_output = TRUE });
  ready = child_expect_line (model->program, "ready", 10);
  return model;
}

void
kernel_model_stop (KernelModel *self)
{
  int status;

  child_signal (self->program, SIGTERM);
  if (!child_wait (self->program, 10, &status))
    g_error ("The kernel's model does not end");
  g_assert_cmpint (status, ==, 0);
  g_clear_pointer (&self->program, child_free);
}

void
kernel_model_free (KernelModel *self)
{
  if (self->program != NULL)
    kernel_model_stop (self);
  g_free (self->root);
  g_free (self->mount_point);
  g_free (self);
}

const char *
kernel_model_get_root (KernelModel *self)
{
  return self->root;
}

char *
kernel_model_get_path (KernelModel *self, const char *file)
{
  return g_build_filename (self->mount_point, strchr (file, '/') != NULL ? "" : PARAMETERS, file,
                           NULL);
}

char *
kernel_model_read (KernelModel *self, const char *file)
{
  g_autofree char *path = kernel_model_get_path (self, file);
  g_autoptr (GError) error = NULL;
  gsize length;
  char *text;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  if (length > 0 && text[length - 1] == '\n')
    text[length - 1] = '\0';
  return text;
}

int
kernel_model_write (KernelModel *self, const char *file, const char *text)
{
  g_autofree char *path = kernel_model_get_path (self, file);
  const int fd = open (path, O_WRONLY | O_CLOEXEC);
  ssize_t length;
  int number;

  if (fd < 0)
    return errno;
  length = write (fd, text, strlen (text));
  number = errno;
  close (fd);
  if (length < 0)
    return number;
  g_assert_cmpint (length, ==, (ssize_t) strlen (text));
  return 0;
}

void
kernel_model_set (KernelModel *self, const char *file, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;
  int number;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  number = kernel_model_write (self, file, text);
  if (number != 0)
    g_error ("Cannot write %s to %s: %s", text, file, g_strerror (number));
}

void
kernel_model_command (KernelModel *self, const char *format, ...)
{
  g_autofree char *order = NULL;
  va_list arguments;
  int number;

  va_start (arguments, format);
  order = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  number = kernel_model_write (self, ".model/control", order);
  if (number != 0)
    g_error ("The kernel's model does not take \"%s\": %s", order, g_strerror (number));
}

typedef struct {
  KernelModel *model;
  const char *name;
  const char *expected;
  char *(*get) (KernelModel *model, const char *name);
} Expectation;

static gboolean
is_as_expected (gpointer data)
{
  const Expectation *expectation = data;
  g_autofree char *value = expectation->get (expectation->model, expectation->name);

  return strcmp (value, expectation->expected) == 0;
}

void
kernel_model_check (const char *domain, const char *path, int line, const char *function,
                    KernelModel *self, const char *file, const char *expected, guint seconds)
{
  Expectation expectation = { self, file, expected, kernel_model_read };
  g_autofree char *value = NULL, *message = NULL;

  if (wait_until (is_as_expected, &expectation, seconds))
    return;
  value = kernel_model_read (self, file);
  message = g_strdup_printf ("%s is %s, not %s, after %u s", file, value, expected, seconds);
  g_assertion_message (domain, path, line, function, message);
}

/* Returns: (nullable) (transfer full) */
static char *
find_line (KernelModel *self, const char *prefix)
{
  g_autofree char *state = kernel_model_read (self, ".model/state");
  g_auto (GStrv) lines = g_strsplit (state, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++) {
    if (g_str_has_prefix (lines[i], prefix))
      return g_strdup (lines[i]);
  }
  return NULL;
}

char *
kernel_model_get (KernelModel *self, const char *key)
{
  g_autofree char *prefix = g_strconcat (key, "=", NULL);
  g_autofree char *line = find_line (self, prefix);

  if (line == NULL)
    g_error ("The state of the kernel's model has no %s", key);
  return g_strdup (line + strlen (prefix));
}

gint64
kernel_model_get_number (KernelModel *self, const char *key)
{
  g_autofree char *value = kernel_model_get (self, key);

  return g_ascii_strtoll (value, NULL, 10);
}

void
kernel_model_wait (KernelModel *self, const char *key, const char *value, guint seconds)
{
  Expectation expectation = { self, key, value, kernel_model_get };
  g_autofree char *last = NULL;

  if (wait_until (is_as_expected, &expectation, seconds))
    return;
  last = kernel_model_get (self, key);
  g_error ("The kernel's model has %s=%s, not %s, after %u s", key, last, value, seconds);
}

char *
kernel_model_dup_log (KernelModel *self)
{
  return kernel_model_read (self, ".model/log");
}

guint
kernel_model_count_writes (KernelModel *self, const char *file)
{
  g_autofree char *log = kernel_model_dup_log (self);
  g_autofree char *prefix = g_strconcat ("write ", file, file != NULL ? " " : NULL, NULL);
  g_auto (GStrv) lines = g_strsplit (log, "\n", -1);
  guint n_writes = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    n_writes += g_str_has_prefix (lines[i], prefix);
  return n_writes;
}

void
kernel_model_assert_unhurt (KernelModel *self)
{
  g_autofree char *state = NULL;

  if (kernel_model_get_number (self, "hurts") == 0)
    return;
  state = kernel_model_read (self, ".model/state");
  g_test_fail_printf ("What was done can hurt a kernel:\n%s", strstr (state, "hurts="));
}
