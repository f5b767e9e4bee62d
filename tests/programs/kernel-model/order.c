/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "order.h"

#include <string.h>

Node *
order_find_node (const Order *order, guint word)
{
  g_autofree char *path = NULL;

  if (word >= order->n_words)
    return NULL;
  path = g_strconcat ("/", order->words[word], NULL);
  if (strchr (order->words[word], '/') == NULL && tree_find (order->model->tree, path) == NULL) {
    g_free (path);
    path = g_strconcat (MODULE_FOLDER "/parameters/", order->words[word], NULL);
  }
  return tree_find (order->model->tree, path);
}

Node *
order_find_file (const Order *order, guint word)
{
  Node *node = order_find_node (order, word);

  return node != NULL && node->operations != NULL ? node : NULL;
}

gboolean
order_get_number (const Order *order, guint word, guint base, guint64 *ret_number)
{
  return word < order->n_words
         && g_ascii_string_to_unsigned (order->words[word], base, 0, G_MAXUINT64, ret_number, NULL);
}

int
order_choose (const Order *order, guint word, const char *const *choices)
{
  for (int i = 0; word < order->n_words && choices[i] != NULL; i++) {
    if (strcmp (order->words[word], choices[i]) == 0)
      return i;
  }
  return -1;
}
