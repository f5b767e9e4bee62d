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

static gboolean
wait_until_deadline (WaitCondition condition, gpointer data, gint64 deadline)
{
  guint source = g_timeout_add (CHECK_MILLISECONDS, wake_up, NULL);
  gboolean met;

  while (!(met = condition (data)) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  return met;
}

gboolean
wait_until (WaitCondition condition, gpointer data, guint seconds)
{
  return wait_until_deadline (condition, data, wait_deadline (seconds));
}

static gboolean
never (gpointer data)
{
  return FALSE;
}

void
wait_for (guint milliseconds)
{
  wait_until_deadline (never, NULL, g_get_monotonic_time () + (gint64) milliseconds * 1000);
}
