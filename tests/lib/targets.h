/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* Processes that are to become targets, or to be refused, and what calls about them changed. The
 * environment says where poser is: DH_POSER. */

/* poser with these options, ready. @ret_id, which may be NULL: the ID it gives, of itself but for
 * --thread and --zombie. Returns: (transfer none) */
Child *fixture_poser_as (Fixture *self, const char *user, guint32 *ret_id,
                         ...) G_GNUC_NULL_TERMINATED;

/* Just its PID. */
guint32 fixture_process_of (Fixture *self, const char *user);

/* A process of @user that has just this PID, which must be free. */
pid_t process_with_pid (guint32 pid, const char *user);
void end_process_with_pid (pid_t pid);

typedef enum {
  PRIVILEGE_SETUID, /* to root */
  PRIVILEGE_SETGID, /* to root's group */
  PRIVILEGE_CAPABILITY,
} Privilege;

/* A copy of poser that gives its privilege to whoever runs it. Returns: (transfer full): its path
 */
char *fixture_install_privileged (Fixture *self, Privilege privilege);

/* Pid and Enabled in one call. */
gboolean serve (GDBusConnection *connection, guint32 pid, GError **error);
/* The same in the background, and its answer: NULL is success. */
Call *serve_begin (GDBusConnection *connection, guint32 pid);
void assert_answer (Call *call, const char *error_name);
/* Asked for when polkit hangs: not yet answered. */
Call *fixture_serve_unanswered (Fixture *self, GDBusConnection *connection, guint32 pid);

/* As root, until State is "running"; ends the test if that fails. */
void fixture_serve (Fixture *self, guint32 pid);

/* What is the same after a refused call as before: all properties of the root object, the targets
 * and theirs, and the files of the service; and nothing is announced. */
typedef struct _Standstill Standstill;

Standstill *standstill_new (Fixture *fixture);
void standstill_free (Standstill *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Standstill, standstill_free)

#define assert_standstill(standstill)                                                              \
  standstill_check (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, standstill, FALSE)
/* With the files, which are written a while after what they are about. */
#define assert_lasting_standstill(standstill)                                                      \
  standstill_check (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, standstill, TRUE)
void standstill_check (const char *domain, const char *file, int line, const char *function,
                       Standstill *self, gboolean lasting);

/* Until what has changed so far is written. */
void wait_for_files (void);
