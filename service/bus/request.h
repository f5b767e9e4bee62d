/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "authority.h"
#include "change.h"
#include "idle.h"
#include "manager.h"

/* What a call goes through: wait for the engines, check, find out who asks, authorize, look
 * everything up again, act, reply. Each step may wait, and after each wait the request is looked at
 * from the beginning: what was true before may not be any more. */
typedef struct {
  DhManager *manager;
  DhAuthority *authority;
  DhIdle *idle;
} DhRequestContext;

/* Changes what @change says and answers with (). @dry_run: all but the change itself. @invocation,
 * @change: (transfer full). @context must live as long as the program. */
void dh_request_change (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                        DhChange *change, gboolean dry_run);

/* Answers with the figures of the primary target: (a{sv}). @invocation: (transfer full). */
void dh_request_statistics (const DhRequestContext *context, GDBusMethodInvocation *invocation);
