/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Processes that sleep: one that has not been on a processor touches nothing, has no new memory and
 * is still whose it was, so there is nothing to look at before it runs. One thread looks at their
 * processor time (clock_getcpuclockid(3)), a few at a time, so that many sleepers cost hardly more
 * than one; it lives while there are any. Thread-safe. */
typedef struct _DhSlumber DhSlumber;
typedef struct _DhSleeper DhSleeper;

/* How often it looks, microseconds, and at how many: 64 of them have all been looked at sooner than
 * an idle process that is awake. */
#define DH_SLUMBER_LOOK_USEC ((guint64) 4 * G_USEC_PER_SEC)
#define DH_SLUMBER_LOOKS 12

/* Called once, in the slumber's thread, with nothing locked that the caller knows of. */
typedef void (*DhSleeperFunc) (gpointer user_data);

/* Returns: (transfer full). */
DhSlumber *dh_slumber_new (void);
DhSlumber *dh_slumber_ref (DhSlumber *slumber);
void dh_slumber_unref (DhSlumber *slumber);

/* Processor time of the whole process so far, in nanoseconds. A number that is used again has
 * another process's time. Returns: 0 where there is none, which no process that ran has. */
guint64 dh_slumber_read_clock (pid_t pid);

/* @pid sleeps, its processor time being @clock: @wake is called when that has changed. Returns:
 * (transfer full). */
DhSleeper *dh_slumber_join (DhSlumber *slumber, pid_t pid, guint64 clock, DhSleeperFunc wake,
                            gpointer user_data);

/* @sleeper: (transfer full). Once this has returned its function is not called any more; waits for
 * one that is. */
void dh_slumber_leave (DhSleeper *sleeper);
