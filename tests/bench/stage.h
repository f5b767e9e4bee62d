/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "subject.h"

/* A service, and beside it a hotmap that it may serve: what the measurements of the engine stand
 * on. The only caller is root, so there is no polkit. */
typedef struct {
  Fixture fixture;
  Subject subject;
  Child *warmer; /* of stage_keep_warm() */
} Stage;

/* Service and bus alone. */
void stage_set_up_service (Fixture *fixture);

void stage_set_up (Stage *self, const SubjectSize *size);
void stage_tear_down (Stage *self);

/* Where a host takes back memory that has been free for two seconds, the next use of a huge page
 * costs it ten times what the kernel takes: from now on a few are touched and given back all the
 * time. That takes time of the processor that the service's calls run on. */
void stage_keep_warm (Stage *self);

/* Has the hotmap served by a new target. Returns: (transfer full): its path. */
char *stage_serve (Stage *self);

/* Ends that, and puts all memory back to 4 KiB pages. Frees @path. */
void stage_stop_serving (Stage *self, char *path);

/* Waits until the service has begun to collapse. */
void stage_wait_for_work (Stage *self, const char *path, guint seconds);
