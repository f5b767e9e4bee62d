/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "wait.h"

#define CHECK_MILLISECONDS 10

static double
factor (void)
{
  const char *text = g_getenv ("TEST_TIMEOUT_FACTOR");
  double value = text != NULL ? g_ascii_strtod (text, NULL) : 1;

  return value > 0 ? value : 1;
}

gint64
wait_deadline (guint seconds)
{
  return g_get_monotonic_time () + (gint64) (seconds * factor () * G_USEC_PER_SEC);
}

int
wait_milliseconds (guint seconds)
{
  return (int) (seconds * factor () * 1000);
}

static gboolean
wake_up (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

gboolean
wait_until (WaitCondition condition, gpointer data, guint seconds)
{
  const gint64 deadline = wait_deadline (seconds);
  guint source = g_timeout_add (CHECK_MILLISECONDS, wake_up, NULL);
  gboolean met;

  while (!(met = condition (data)) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  return met;
}

static gboolean
end_wait (gpointer data)
{
  gboolean *is_over = data;

  *is_over = TRUE;
  return G_SOURCE_REMOVE;
}

/* Nothing is looked at meanwhile: who wakes up takes the processor from what is measured. */
void
wait_for (guint milliseconds)
{
  gboolean is_over = FALSE;

  g_timeout_add (milliseconds, end_wait, &is_over);
  while (!is_over)
    g_main_context_iteration (NULL, TRUE);
}
