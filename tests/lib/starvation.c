/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "starvation.h"

#include <sys/resource.h>

typedef struct {
  GPid pid;
  struct rlimit usual;
  WaitCondition condition;
  gpointer data;
} Starvation;

static gboolean
has_open (GPid pid, rlim_t number)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd/%lu", pid, (gulong) number);

  return g_file_test (path, G_FILE_TEST_IS_SYMLINK);
}

/* What is opened gets the lowest number that is free, and that is as many as it may have. One that
 * was open for a moment only is free the next time. */
static gboolean
starve (gpointer data)
{
  Starvation *self = data;
  struct rlimit limit = { .rlim_cur = 0, .rlim_max = self->usual.rlim_max };

  if (self->condition (self->data))
    return TRUE;
  while (has_open (self->pid, limit.rlim_cur))
    limit.rlim_cur++;
  g_assert_no_errno (prlimit (self->pid, RLIMIT_NOFILE, &limit, NULL));
  return FALSE;
}

gboolean
fixture_service_starve_until (Fixture *self, WaitCondition condition, gpointer data, guint seconds)
{
  Starvation starvation = { .pid = child_get_pid (self->service),
                            .condition = condition,
                            .data = data };
  gboolean came;

  g_assert_no_errno (prlimit (starvation.pid, RLIMIT_NOFILE, NULL, &starvation.usual));
  came = wait_until (starve, &starvation, seconds);
  g_assert_no_errno (prlimit (starvation.pid, RLIMIT_NOFILE, &starvation.usual, NULL));
  return came;
}
