/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "model.h"

/* One order that a test has written to the file control. */
typedef struct {
  Model *model;
  GStrv words;
  guint n_words;
  const char *text; /* what follows the first two words and a blank; NULL: nothing does */
} Order;

/* A kind of them. It is carried out with the model's mutex held and returns 0 or -EINVAL. */
typedef struct {
  const char *name;
  int (*carry_out) (const Order *order);
} OrderKind;

/* What is done to files, and what to all else; both end with a name that is NULL. */
extern const OrderKind file_orders[];
extern const OrderKind other_orders[];

/* What a word stands for; the order may be too short for it. */

/* Returns: (transfer none) (nullable): also one that was removed. */
Node *order_find_node (const Order *order, guint word);
/* The same, but a plain file. */
Node *order_find_file (const Order *order, guint word);
gboolean order_get_number (const Order *order, guint word, guint base, guint64 *ret_number);
/* Returns: the place of the word in @choices, which end with NULL, or -1. */
int order_choose (const Order *order, guint word, const char *const *choices);
