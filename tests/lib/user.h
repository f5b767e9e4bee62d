/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* Other users than root, which the tests run as: "alice", a member of the group damon-hugepage, and
 * "bob", who is not. */

typedef struct {
  char *name;
  uid_t uid;
  gid_t gid;
  gid_t *groups; /* as after a login */
  int n_groups;
} User;

/* From the user database; ends the test if there is none. */
User *user_lookup (const char *name);
void user_free (User *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (User, user_free)

/* Makes the calling process one of the user's for good, as a login would: to be called between fork
 * and exec. Ends the process on failure. */
void user_become (const User *user);

/* A connection to the message bus at @address whose peer, to the bus, is the user. */
GDBusConnection *user_connect (const User *user, const char *address, GError **error);
