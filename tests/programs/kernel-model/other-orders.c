/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "faults.h"
#include "order.h"

#include <errno.h>
#include <string.h>

static int
order_release (const Order *order)
{
  faults_release (order->model);
  return 0;
}

static int
order_commit_delay (const Order *order)
{
  return order_get_number (order, 1, 10, &order->model->kdamond.orders.commit_delay) ? 0 : -EINVAL;
}

static int
order_start_delay (const Order *order)
{
  return order_get_number (order, 1, 10, &order->model->kdamond.orders.start_delay) ? 0 : -EINVAL;
}

static int
order_stop_delay (const Order *order)
{
  return order_get_number (order, 1, 10, &order->model->kdamond.orders.stop_delay) ? 0 : -EINVAL;
}

static int
order_update_interval (const Order *order)
{
  return order_get_number (order, 1, 10, &order->model->kdamond.orders.update) ? 0 : -EINVAL;
}

static int
order_refuse_commit (const Order *order)
{
  order->model->kdamond.orders.refuse_commit = TRUE;
  return 0;
}

static int
order_die (const Order *order)
{
  if (!order->model->kdamond.running)
    return -EINVAL;
  order->model->kdamond.orders.die = TRUE;
  g_cond_broadcast (&order->model->changed);
  return 0;
}

static int
order_set_counters (const Order *order)
{
  guint64 statistics[N_STATISTICS];

  for (guint i = 0; i < N_STATISTICS; i++) {
    if (!order_get_number (order, i + 1, 10, &statistics[i]))
      return -EINVAL;
  }
  memcpy (order->model->kdamond.scheme.statistics, statistics, sizeof statistics);
  module_set_statistics (&order->model->module, statistics);
  return 0;
}

static int
order_trap (const Order *order)
{
  scheme_trap (&order->model->kdamond.scheme);
  return 0;
}

static int
order_height (const Order *order)
{
  guint64 bytes;

  if (!order_get_number (order, 1, 10, &bytes) || bytes > G_MAXINT64 / 10000)
    return -EINVAL;
  order->model->kdamond.scheme.height = bytes * 10000;
  return 0;
}

static int
order_huge_ratio (const Order *order)
{
  gint64 *ratio = &order->model->kdamond.orders.huge_ratio;
  guint64 number;

  if (order_choose (order, 1, (const char *[]){ "target", NULL }) == 0)
    *ratio = -1;
  else if (order_get_number (order, 1, 10, &number) && number <= 10000)
    *ratio = (gint64) number;
  else
    return -EINVAL;
  return 0;
}

static int
set_switch (const Order *order, gboolean *ret_on)
{
  const int on = order_choose (order, 1, (const char *[]){ "off", "on", NULL });

  if (on < 0)
    return -EINVAL;
  *ret_on = on;
  return 0;
}

static int
order_old_core (const Order *order)
{
  return set_switch (order, &order->model->kdamond.orders.old_core);
}

static int
order_log_reads (const Order *order)
{
  return set_switch (order, &order->model->log_reads);
}

static int
order_kill (const Order *order)
{
  const int when = order_choose (order, 2, (const char *[]){ "before", "after", NULL });
  guint64 n;

  if (when < 0 || !order_get_number (order, 1, 10, &n) || n == 0 || n > G_MAXUINT)
    return -EINVAL;
  order->model->kill_order = (KillOrder){ (guint) n, when };
  return 0;
}

static int
order_allow_hurt (const Order *order)
{
  g_ptr_array_add (order->model->allowed, g_strdup (order->n_words > 1 ? order->words[1] : ""));
  return 0;
}

static int
order_clear_log (const Order *order)
{
  g_string_truncate (order->model->log, 0);
  return 0;
}

static int
order_clear_hurts (const Order *order)
{
  g_ptr_array_set_size (order->model->hurts, 0);
  return 0;
}

const OrderKind other_orders[] = {
  { "release", order_release },
  { "commit-delay", order_commit_delay },
  { "start-delay", order_start_delay },
  { "stop-delay", order_stop_delay },
  { "update-interval", order_update_interval },
  { "refuse-commit", order_refuse_commit },
  { "die", order_die },
  { "set-counters", order_set_counters },
  { "trap", order_trap },
  { "height", order_height },
  { "huge-ratio", order_huge_ratio },
  { "old-core", order_old_core },
  { "log-reads", order_log_reads },
  { "kill", order_kill },
  { "allow-hurt", order_allow_hurt },
  { "clear-log", order_clear_log },
  { "clear-hurts", order_clear_hurts },
  { NULL, NULL },
};
