/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "authority.h"

/* MESSAGE_ID of an accepted change: journalctl MESSAGE_ID=… lists who changed what. */
#define DH_LOG_MESSAGE_ID_CHANGE "11681824ec774c50b317e1e9c0eec09e"

/* Before the first message and the first thread. */
void dh_log_init (void);

/* The audit line of an accepted change, logged whatever the level. In the journal its fields are
 * DAMON_HUGEPAGE_SENDER, _UID, _ACTION (the polkit actions that allowed it, space-separated),
 * _PID and _CHANGE.
 * @actions: 0 where none was needed. @target_pid: 0 where no process is meant.
 * @what: what is different now, such as "Ratio = 500". */
void dh_log_change (const char *sender, guint32 uid, DhActions actions, guint32 target_pid,
                    const char *what);
