/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Ends the service when nothing needs it: it is activated by the bus again. What needs it holds;
 * from the last release on, the time runs. Main thread only. */
typedef struct _DhIdle DhIdle;

/* @seconds: 0 never. @func is called once. */
DhIdle *dh_idle_new (guint seconds, GSourceOnceFunc func, gpointer user_data);
void dh_idle_free (DhIdle *idle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhIdle, dh_idle_free)

void dh_idle_hold (DhIdle *idle);
void dh_idle_release (DhIdle *idle);

/* Something happened: the time begins anew. */
void dh_idle_touch (DhIdle *idle);
