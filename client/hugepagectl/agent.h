/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>

/* On a terminal where no desktop answers for polkit, somebody has to ask for the password. Starts
 * polkit's own text agent for this process and waits until it is ready. Returns: (transfer full)
 * (nullable): NULL where there is no terminal, no agent, or no need. */
GSubprocess *hctl_agent_start (void);

/* @agent: (nullable). */
void hctl_agent_stop (GSubprocess *agent);
