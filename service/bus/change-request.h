/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* Makes @change, and answers with (), the path of the new target (o), or what an undo came to (tt).
 * @dry_run: all but the change itself. @invocation, @change: (transfer full). */
void dh_request_change (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                        DhChange *change, gboolean dry_run);
