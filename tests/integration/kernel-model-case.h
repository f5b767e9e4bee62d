/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "kernel-model.h"
#include "targets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the tests of the kernel's model have in common: the model, and a fixture without a service.
 */
typedef struct {
  Fixture fixture;
  KernelModel *model;
} ModelCase;

static inline void
model_case_set_up (ModelCase *self, gconstpointer data)
{
  fixture_set_up (&self->fixture, data);
  self->model = kernel_model_start (&self->fixture);
}

static inline void
model_case_tear_down (ModelCase *self, gconstpointer data)
{
  kernel_model_assert_unhurt (self->model);
  kernel_model_free (self->model);
  fixture_tear_down (&self->fixture, data);
}

static inline void
model_case_add (const char *path, void (*test) (ModelCase *self, gconstpointer data))
{
  g_test_add (path, ModelCase, NULL, model_case_set_up, test, model_case_tear_down);
}

/* Returns: what one open and one read give; errno's name in case of failure. */
static inline char *
read_once (KernelModel *model, const char *file)
{
  g_autofree char *path = kernel_model_get_path (model, file);
  const int fd = open (path, O_RDONLY | O_CLOEXEC);
  char buffer[8192];
  ssize_t length = fd >= 0 ? read (fd, buffer, sizeof buffer) : -1;
  const int number = errno;

  if (fd >= 0)
    close (fd);
  return length >= 0 ? g_strndup (buffer, (gsize) length) : g_strdup (strerrorname_np (number));
}

/* Returns: what one write takes, or -errno. */
static inline gssize
write_once (KernelModel *model, const char *file, int flags, const char *text, gsize length)
{
  g_autofree char *path = kernel_model_get_path (model, file);
  const int fd = open (path, O_WRONLY | O_CLOEXEC | flags);
  gssize result = fd >= 0 ? write (fd, text, length) : -1;

  if (result < 0)
    result = -errno;
  if (fd >= 0)
    close (fd);
  return result;
}

/* At a process of alice's, which is returned. */
static inline guint32
model_case_aim (ModelCase *self)
{
  const guint32 pid = fixture_process_of (&self->fixture, "alice");

  kernel_model_set (self->model, "monitored_pid", "%u", pid);
  return pid;
}

static inline pid_t
model_case_get_kdamond (ModelCase *self)
{
  g_autofree char *pid = kernel_model_read (self->model, "kdamond_pid");

  return atoi (pid);
}

static inline gboolean
is_kdamond (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/comm", pid);
  g_autofree char *name = NULL;

  return g_file_get_contents (path, &name, NULL, NULL) && strcmp (name, "kdamond.0\n") == 0;
}

/* Returns: the kdamond. */
static inline pid_t
model_case_start (ModelCase *self)
{
  pid_t kdamond;

  kernel_model_set (self->model, "enabled", "Y");
  kdamond = model_case_get_kdamond (self);
  g_assert_cmpint (kdamond, >, 0);
  g_assert_true (is_kdamond (kdamond));
  return kdamond;
}

static inline void
model_case_commit (ModelCase *self)
{
  kernel_model_set (self->model, "commit_inputs", "Y");
  assert_parameter_eventually (self->model, "commit_inputs", "N", 5);
}

typedef struct {
  const char *file;
  const char *value;
} Setting;

/* Returns: the value that the file had. */
static inline char *
model_case_exchange (ModelCase *self, const Setting *setting)
{
  char *old = kernel_model_read (self->model, setting->file);

  kernel_model_set (self->model, setting->file, "%s", setting->value);
  return old;
}

/* What is refused when it is to come into force, with all else as it is at first. */
static const Setting refused_settings[] = {
  { "monitored_pid", "0" },
  { "monitored_pid", "4194305" },
  { "monitored_pid", "18446744073709551615" },
  { "aggr_interval", "0" },
  { "sample_interval", "100001" },
  { "min_nr_regions", "2" },
  { "min_nr_regions", "1001" },
  { "quota_percentage_hugepage", "0" },
  { "addr_unit", "5" },
};
