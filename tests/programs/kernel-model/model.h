/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "kdamond.h"
#include "module.h"
#include "other-users.h"
#include "tree.h"

#include <sys/types.h>

/* The whole of it. There are two locks, taken in this order. `lock` is the kernel's own, of the
 * parameters of all modules: held for as long as a read or a write of one of them takes, whatever
 * it waits for. `mutex` is that of the data below and of all that hangs on it; who waits gives it
 * up. Functions of the model are called with the mutex held unless they say otherwise. */

typedef struct {
  guint countdown; /* writes of damon_hugepage's parameters until a writer is killed; 0: none is */
  gboolean after;  /* what it has written takes effect first */
} KillOrder;

struct _Model {
  GMutex lock;
  GMutex mutex;
  GCond changed; /* something that somebody may wait for */
  Tree *tree;
  Module module;
  Kdamond kdamond; /* of damon_hugepage */
  OtherUsers others;
  guint n_running; /* kdamonds, of all users of DAMON */
  gboolean exclusive;
  gboolean crashed; /* as after an oops under the lock: all parameters give EIO */
  pid_t writer;     /* the thread whose write is under way */
  guint n_blocked;  /* operations that wait for "release" */
  KillOrder kill_order;
  GString *log;
  gboolean log_reads;
  GPtrArray *hurts;   /* what was done that can hurt a kernel, "word: what" */
  GPtrArray *allowed; /* words that are no reproach */
};

/* Takes the mutex itself. Returns: (transfer full), for good. */
Model *model_new (void);

/* Ends every kdamond, of whomever, for there will be nobody to do so. Takes the mutex, and keeps
 * it. */
void model_end (Model *self);

/* Notes something that can hurt a kernel; the text begins with a word and a colon. */
void model_hurt (Model *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* The same, and the kernel does not survive it. */
void model_crash (Model *self, const char *why);

gboolean model_allows (Model *self, const char *hurt);

/* Waits for the time, in milliseconds, whatever happens meanwhile. */
void model_sleep (Model *self, guint64 milliseconds);
