/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

User *
user_lookup (const char *name)
{
  const struct passwd *entry = getpwnam (name);
  User *user;

  if (entry == NULL)
    g_error ("There is no user %s: run the tests by scripts/test", name);
  user = g_new0 (User, 1);
  user->name = g_strdup (name);
  user->uid = entry->pw_uid;
  user->gid = entry->pw_gid;
  user->n_groups = 64;
  user->groups = g_new (gid_t, user->n_groups);
  if (getgrouplist (name, user->gid, user->groups, &user->n_groups) < 0)
    g_error ("User %s has too many groups", name);
  return user;
}

void
user_free (User *user)
{
  g_free (user->name);
  g_free (user->groups);
  g_free (user);
}

void
user_become (const User *user)
{
  if (setgroups ((size_t) user->n_groups, user->groups) < 0
      || setresgid (user->gid, user->gid, user->gid) < 0
      || setresuid (user->uid, user->uid, user->uid) < 0)
    _exit (126);
}

/* The kernel notes the effective IDs and the groups of whoever connects a socket. */
static void
change_effective (uid_t uid, gid_t gid, int n_groups, const gid_t *groups)
{
  /* Groups and gid may be changed as root only. */
  if (seteuid (0) < 0 || setgroups ((size_t) n_groups, groups) < 0 || setegid (gid) < 0
      || seteuid (uid) < 0)
    g_error ("Cannot become user %u: %s", uid, g_strerror (errno));
}

GDBusConnection *
user_connect (const User *user, const char *address, GError **error)
{
  gid_t groups[64];
  int n_groups = getgroups (G_N_ELEMENTS (groups), groups);
  gid_t gid = getegid ();
  uid_t uid = geteuid ();
  GDBusConnection *connection;

  g_assert_cmpint (n_groups, >=, 0);
  change_effective (user->uid, user->gid, user->n_groups, user->groups);
  connection = g_dbus_connection_new_for_address_sync (
    address,
    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
    NULL, NULL, error);
  change_effective (uid, gid, n_groups, groups);
  /* A change of the effective user takes it away: leak checks and debuggers need it. */
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
  return connection;
}
