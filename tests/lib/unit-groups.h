/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* A system unit and a unit of a user's manager that have the same name, as the control groups in
 * which systemd would put their processes: real ones of the machine, which is as it was when they
 * are freed, and also when the test dies. */
typedef struct _UnitGroups UnitGroups;

#define UNIT_NAME "damon-hugepage-test.service"

/* @uid: of the user. Returns: (transfer full) (nullable): NULL where control groups cannot be made.
 */
UnitGroups *unit_groups_new (uid_t uid);

/* Without a process in them. */
void unit_groups_free (UnitGroups *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UnitGroups, unit_groups_free)

void unit_groups_put_in_system (UnitGroups *self, pid_t pid);
void unit_groups_put_in_user (UnitGroups *self, pid_t pid);

/* Back to where there is no unit. */
void unit_groups_take_out (UnitGroups *self, pid_t pid);
