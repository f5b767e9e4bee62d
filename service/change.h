/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "process.h"
#include "settings.h"

/* What one request wants to be different. Set, Configure and Reset all become one of these and go
 * one way from there. */
typedef struct {
  gboolean has_setting[DH_N_SETTINGS];
  guint64 settings[DH_N_SETTINGS];
  gboolean has_enabled;
  gboolean enabled;
  gboolean has_pid;
  guint32 pid;
  gboolean resets;    /* every number to its default */
  DhProcess *process; /* (nullable): pid's, opened by dh_manager_check() */
  gboolean has_owner;
  DhOwner owner; /* of the process that Pid and Enabled are about, as it was authorized */
} DhChange;

DhChange *dh_change_new (void);
void dh_change_free (DhChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhChange, dh_change_free)

/* "Pid = 4711, Enabled = true": for the log. Returns: (transfer full). */
char *dh_change_describe (const DhChange *change);
