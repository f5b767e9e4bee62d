/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <sys/types.h>

/* What process ID @id, as the task @who knows it, is here: their PID namespaces may differ. @who 0:
 * the kernel itself, which knows no other than the first. Returns: 0 if there is none. */
pid_t namespaces_translate (pid_t id, pid_t who);
