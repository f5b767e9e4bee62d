/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "accounts.h"

#include "error.h"
#include "text.h"

#include <errno.h>
#include <pwd.h>

#define FIRST_BUFFER_BYTES 1024
#define MAX_BUFFER_BYTES (1024 * 1024) /* a directory service must not eat the memory */
#define MAX_NAME_BYTES 256

void
dh_account_free (DhAccount *account)
{
  g_free (account->name);
  g_free (account);
}

/* Returns: 0 or an errno; *ret_account stays NULL for an unknown user, too. */
static int
look_up (uid_t uid, DhAccount **ret_account)
{
  for (gsize size = FIRST_BUFFER_BYTES; size <= MAX_BUFFER_BYTES; size *= 2) {
    g_autofree char *buffer = g_malloc (size);
    struct passwd entry;
    struct passwd *found = NULL;
    int errnum;

    do
      errnum = getpwuid_r (uid, &entry, buffer, size, &found);
    while (errnum == EINTR);

    if (errnum == ERANGE)
      continue;
    if (found != NULL) {
      *ret_account = g_new0 (DhAccount, 1);
      (*ret_account)->name = dh_text_printable (entry.pw_name, -1, MAX_NAME_BYTES);
      (*ret_account)->gid = entry.pw_gid;
    }
    return errnum;
  }
  return ERANGE;
}

static void
look_up_in_thread (GTask *task, gpointer source G_GNUC_UNUSED, gpointer task_data,
                   GCancellable *cancellable G_GNUC_UNUSED)
{
  const uid_t uid = GPOINTER_TO_UINT (task_data);
  g_autoptr (DhAccount) account = NULL;
  const int errnum = look_up (uid, &account);

  if (account != NULL)
    g_task_return_pointer (task, g_steal_pointer (&account), (GDestroyNotify) dh_account_free);
  else
    g_task_return_new_error (task, DH_ERROR, DH_ERROR_ACCESS_DENIED,
                             "User %u cannot be found in the user database: %s", uid,
                             errnum != 0 ? g_strerror (errnum) : "there is no such entry");
}

void
dh_accounts_lookup_async (uid_t uid, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  /* Who cancels does not wait for the name service. */
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, look_up_in_thread);
}

DhAccount *
dh_accounts_lookup_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
