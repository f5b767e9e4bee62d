/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "accounts.h"

#include "error.h"
#include "joined-tasks.h"
#include "text.h"

#include <errno.h>
#include <pwd.h>

#define FIRST_BUFFER_BYTES 1024
#define MAX_BUFFER_BYTES (1024 * 1024) /* a directory service must not eat the memory */
#define MAX_NAME_BYTES 256

/* One call asks for the same user several times, and the next one soon after. */
#define KEPT_USEC (2 * G_USEC_PER_SEC)
#define MAX_KEPT 64 /* whoever is many users is no reason to grow */

typedef struct {
  DhAccount account;
  gint64 found_at; /* monotonic time */
} KeptAccount;

/* The main thread's. */
static GHashTable *kept;       /* uid → KeptAccount */
static DhJoinedTasks *waiting; /* by uid */

void
dh_account_free (DhAccount *account)
{
  g_free (account->name);
  g_free (account);
}

static DhAccount *
copy_account (const DhAccount *account)
{
  DhAccount *copy = g_new0 (DhAccount, 1);

  copy->name = g_strdup (account->name);
  copy->gid = account->gid;
  return copy;
}

static void
free_kept (gpointer data)
{
  KeptAccount *entry = data;

  g_free (entry->account.name);
  g_free (entry);
}

/* Who is unknown is not kept: he may be added at any time. @asked_at: when the database was asked,
 * which is how old the answer can be. */
static void
keep (uid_t uid, const DhAccount *account, gint64 asked_at)
{
  KeptAccount *entry = g_new0 (KeptAccount, 1);

  if (!kept)
    kept = g_hash_table_new_full (NULL, NULL, NULL, free_kept);
  if (g_hash_table_size (kept) >= MAX_KEPT)
    g_hash_table_remove_all (kept);
  *entry = (KeptAccount){ { g_strdup (account->name), account->gid }, asked_at };
  g_hash_table_insert (kept, GUINT_TO_POINTER (uid), entry);
}

DhAccount *
dh_accounts_find_kept (uid_t uid)
{
  const KeptAccount *entry = kept ? g_hash_table_lookup (kept, GUINT_TO_POINTER (uid)) : NULL;

  if (!entry)
    return NULL;
  if (g_get_monotonic_time () - entry->found_at < KEPT_USEC)
    return copy_account (&entry->account);
  g_hash_table_remove (kept, GUINT_TO_POINTER (uid));
  return NULL;
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

typedef struct {
  const DhAccount *account; /* NULL: @error says why */
  const GError *error;
} Answer;

static void
return_answer (GTask *task, gpointer user_data)
{
  const Answer *answer = user_data;

  if (answer->account)
    g_task_return_pointer (task, copy_account (answer->account), (GDestroyNotify) dh_account_free);
  else
    g_task_return_error (task, g_error_copy (answer->error));
}

typedef struct {
  uid_t uid;
  gint64 asked_at;
} Question;

static void
on_found (GObject *source G_GNUC_UNUSED, GAsyncResult *result, gpointer user_data)
{
  g_autofree Question *question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhAccount) account = g_task_propagate_pointer (G_TASK (result), &error);

  if (account != NULL)
    keep (question->uid, account, question->asked_at);
  dh_joined_tasks_answer (waiting, GUINT_TO_POINTER (question->uid), return_answer,
                          &(Answer){ account, error });
}

static void
ask (uid_t uid)
{
  Question *question = g_new0 (Question, 1);
  g_autoptr (GTask) task = g_task_new (NULL, NULL, on_found, question);

  *question = (Question){ uid, g_get_monotonic_time () };
  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  g_task_run_in_thread (task, look_up_in_thread);
}

/* Returns at once when cancelled: who cancels does not wait for the name service. */
static void
look_up_cancellable (GTask *task, uid_t uid)
{
  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread (task, look_up_in_thread);
}

void
dh_accounts_lookup_async (uid_t uid, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (DhAccount) known = dh_accounts_find_kept (uid);

  if (known != NULL) {
    g_task_return_pointer (task, g_steal_pointer (&known), (GDestroyNotify) dh_account_free);
    return;
  }
  if (cancellable != NULL) {
    look_up_cancellable (task, uid);
    return;
  }
  if (!waiting)
    waiting = dh_joined_tasks_new (NULL, NULL, NULL);
  if (dh_joined_tasks_add (waiting, GUINT_TO_POINTER (uid), task))
    ask (uid);
}

DhAccount *
dh_accounts_lookup_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
