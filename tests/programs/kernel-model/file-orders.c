/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "faults.h"
#include "order.h"

#include <errno.h>
#include <string.h>

/* Returns: the errno of that name, or 0. */
static int
find_errno (const char *name)
{
  for (int i = 1; i < 200; i++) {
    if (g_strcmp0 (strerrorname_np (i), name) == 0)
      return i;
  }
  return 0;
}

static int
order_shape (const Order *order)
{
  const int shape = order_choose (order, 1, (const char *[]){ "none", "v3", "v4", "both", NULL });

  if (shape < 0)
    return -EINVAL;
  other_users_set_shape (order->model, shape & 1, shape & 2);
  return 0;
}

static int
set_removed (const Order *order, gboolean removed)
{
  Node *node = order_find_node (order, 1);

  if (node == NULL)
    return -EINVAL;
  node->removed = removed;
  return 0;
}

static int
order_remove (const Order *order)
{
  return set_removed (order, TRUE);
}

static int
order_restore (const Order *order)
{
  return set_removed (order, FALSE);
}

static int
order_mode (const Order *order)
{
  Node *node = order_find_node (order, 1);
  guint64 mode;

  if (node == NULL || !order_get_number (order, 2, 8, &mode) || mode > 07777)
    return -EINVAL;
  node->mode = (node->mode & S_IFMT) | (mode_t) mode;
  return 0;
}

static int
order_content (const Order *order)
{
  Node *node = order_find_file (order, 1);

  if (node == NULL)
    return -EINVAL;
  faults_set_content (node, order->text != NULL ? order->text : "");
  return 0;
}

static int
order_content_reset (const Order *order)
{
  Node *node = order_find_file (order, 1);

  if (node == NULL)
    return -EINVAL;
  faults_set_content (node, NULL);
  return 0;
}

static const char *const actions[] = { "open", "read", "write", NULL };

static int
order_fail (const Order *order)
{
  const int action = order_choose (order, 1, actions);
  Node *node = order_find_file (order, 2);
  const int number = order->n_words > 3 ? find_errno (order->words[3]) : 0;
  guint64 count = G_MAXUINT;

  if (action < 0 || node == NULL || number == 0
      || (order->n_words > 4 && !order_get_number (order, 4, 10, &count)))
    return -EINVAL;
  faults_set_failure (node, (Action) action, number, (guint) MIN (count, G_MAXUINT));
  return 0;
}

static int
order_short (const Order *order)
{
  Node *node = order_find_file (order, 2);
  guint64 bytes = G_MAXUINT64;

  if (order_choose (order, 1, actions) != ACTION_WRITE || node == NULL || order->n_words != 4
      || (strcmp (order->words[3], "off") != 0 && !order_get_number (order, 3, 10, &bytes)))
    return -EINVAL;
  node->faults.short_write = bytes <= G_MAXINT32 ? (gssize) bytes : -1;
  return 0;
}

static int
order_block (const Order *order)
{
  const int action = order_choose (order, 1, actions);
  Node *node = order_find_file (order, 2);

  if (action < ACTION_READ || node == NULL)
    return -EINVAL;
  node->faults.blocked[action] = TRUE;
  return 0;
}

const OrderKind file_orders[] = {
  { "shape", order_shape }, { "remove", order_remove },   { "restore", order_restore },
  { "mode", order_mode },   { "content", order_content }, { "content-reset", order_content_reset },
  { "fail", order_fail },   { "short", order_short },     { "block", order_block },
  { NULL, NULL },
};
