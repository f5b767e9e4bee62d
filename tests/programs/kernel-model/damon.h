/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct _Model Model;

/* What all users of DAMON share: who may start, and kernel threads, which are child processes of
 * the same name. With the model's mutex held. */
typedef struct {
  pid_t pid; /* -1: none */
  int life;  /* the process ends when this is closed, the model's own end included */
  gboolean exclusive;
} DamonThread;

#define DAMON_THREAD_NONE ((DamonThread){ .pid = -1, .life = -1 })

/* @exclusive: nobody else may run, before or after. Returns: 0, -EBUSY, or -ENOMEM if no process
 * can be made. */
int damon_start (Model *model, gboolean exclusive, DamonThread *ret_thread);

/* Ends the thread; it is gone from /proc on return. */
void damon_end (Model *model, DamonThread *thread);
