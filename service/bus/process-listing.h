/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "request.h"

/* Answers with the processes that could become targets, (aa{sv}): the caller's own, or @all.
 * @invocation: (transfer full). */
void dh_request_process_list (const DhRequestContext *context, GDBusMethodInvocation *invocation,
                              gboolean all);
