/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "module-parameters.h"
#include "writer.h"

/* Writes to the module's parameters that can be taken back. Blocks; one thread. */
typedef struct _DhTransaction DhTransaction;

/* @root: where /proc is found. @current: what the files hold. @writer: whose job this is, told how
 * long each step may take (nullable). All but @current live as long as it does. */
DhTransaction *dh_transaction_new (const DhParameterFiles *files, const char *root,
                                   const DhParameterValues *current, DhWriter *writer);
void dh_transaction_free (DhTransaction *transaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTransaction, dh_transaction_free)

/* What the files hold by what was read and written. (transfer none) */
const DhParameterValues *dh_transaction_get_current (const DhTransaction *transaction);

/* Writes @value unless the file holds it, or does not exist. */
gboolean dh_transaction_put (DhTransaction *transaction, DhParameter parameter, guint64 value,
                             GError **error);

/* The same with all inputs that are known in @values, each at most once: not enabled, commit_inputs
 * and monitored_pid, which are steps of their own. */
gboolean dh_transaction_put_inputs (DhTransaction *transaction, const DhParameterValues *values,
                                    GError **error);

/* Until what was committed, by whomever, is taken: before that nothing is to be written.
 * @kdamond_pid: whose end ends the waiting. Errors: DH_ERROR_KERNEL_REJECTED if it ended. */
gboolean dh_transaction_wait_taken (DhTransaction *transaction, gint kdamond_pid, GError **error);

/* Has the running kdamond take all inputs, and waits until it has: nothing is written meanwhile.
 * One that would be refused is not seen here: the kernel says nothing. Errors: as above. */
gboolean dh_transaction_commit (DhTransaction *transaction, gint kdamond_pid, GError **error);

/* Reads the writable parameters. Errors: DH_ERROR_CONFLICT if one holds something else than was
 * written. */
gboolean dh_transaction_verify (DhTransaction *transaction, GError **error);

/* Takes back what was put since the last call of this or of dh_transaction_keep(), the last first,
 * commits that if something was committed since and @kdamond_pid still lives, and reads it back.
 * What cannot be taken back is a warning. Returns: whether all stands as it did. */
gboolean dh_transaction_take_back (DhTransaction *transaction, gint kdamond_pid);

/* Whether anything was put since then. */
gboolean dh_transaction_has_written (const DhTransaction *transaction);

/* What was put so far stays. */
void dh_transaction_keep (DhTransaction *transaction);

/* Lets time pass, or less if the kdamond ends. Returns: whether it lives. */
gboolean dh_transaction_sleep (DhTransaction *transaction, guint64 usec, gint kdamond_pid);
