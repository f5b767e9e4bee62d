/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* The user database, asked off the main loop: a name service may take seconds. What it says of a
 * user is kept for 2 s. */
typedef struct {
  char *name; /* made printable */
  gid_t gid;  /* primary group */
} DhAccount;

void dh_account_free (DhAccount *account);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhAccount, dh_account_free)

/* What is kept of @uid, without asking. Returns: (transfer full) (nullable). */
DhAccount *dh_accounts_find_kept (uid_t uid);

void dh_accounts_lookup_async (uid_t uid, GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);

/* Errors: DH_ERROR_ACCESS_DENIED where the database does not know @uid (who is unknown owns
 * nothing), or G_IO_ERROR_CANCELLED. Returns: (transfer full). */
DhAccount *dh_accounts_lookup_finish (GAsyncResult *result, GError **error);
