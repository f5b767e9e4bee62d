/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The pace of looking. Observing a target costs processor time; all looking together stays below
 * 1/DH_PACE_SHARE of a core, divided equally between the users whose targets are watched. Each user
 * has a timeline of his own on which his targets' epochs are booked, first come first served:
 *
 *   start = max (now, free),  then  free = start + cost × DH_PACE_SHARE × users
 *
 * so that an epoch is followed by so much rest as makes it his part of the share. Targets that are
 * due at once are thereby spread, and one that is dear to look at delays its own user's alone.
 *
 * Users are those who have lanes or whose timeline is booked beyond now: who leaves and comes again
 * is counted in between, or coming and going would make room that is not there.
 *
 * Thread-safe. No clock of its own: times are monotonic microseconds. */
#define DH_PACE_SHARE 125

typedef struct _DhPace DhPace;

DhPace *dh_pace_new (void);
DhPace *dh_pace_ref (DhPace *pace);
void dh_pace_unref (DhPace *pace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPace, dh_pace_unref)

/* A lane of the user begins to watch. What he has booked before still holds. */
void dh_pace_join (DhPace *pace, uid_t uid);

/* One that has joined ends. */
void dh_pace_leave (DhPace *pace, uid_t uid);

/* An epoch of a lane that has joined is due: books it for @cost microseconds of processor time, as
 * the last one took (0: unknown, free until it is settled). Returns: when it may begin, @now or
 * later. */
guint64 dh_pace_book (DhPace *pace, uid_t uid, guint64 now, guint64 cost);

/* An epoch that was booked for @booked has cost @actual; 0 if there was none. The user's later
 * bookings move by the difference, but none to before one that was already given out. */
void dh_pace_settle (DhPace *pace, uid_t uid, guint64 booked, guint64 actual);
