/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "tree.h"

#include <sys/types.h>

/* The way of one open, read or write: locks, what tests make go wrong, the file's own doing, the
 * log. They take the locks themselves. */

/* @flags: of open(2). Returns: 0 or -errno. */
int access_open (Model *model, Node *node, int flags);

/* Appends what reading from the beginning gives. Returns: 0 or -errno. */
int access_read (Model *model, Node *node, GString *text);

/* @writer: thread ID. Returns: how much was taken, or -errno. */
int access_write (Model *model, Node *node, pid_t writer, const char *buffer, gsize length);
