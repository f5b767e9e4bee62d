/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Arithmetic that stops at 0 and G_MAXUINT64 instead of wrapping. */

static inline guint64
dh_add (guint64 a, guint64 b)
{
  return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

static inline guint64
dh_subtract (guint64 a, guint64 b)
{
  return a > b ? a - b : 0;
}

/* a × b ÷ c rounded down, exact in between. @c: not 0. */
static inline guint64
dh_multiply_divide (guint64 a, guint64 b, guint64 c)
{
  __extension__ typedef unsigned __int128 Wide;
  Wide result = (Wide) a * b / c;

  return result > G_MAXUINT64 ? G_MAXUINT64 : (guint64) result;
}
