/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-transaction.h"

#include "error.h"
#include "kdamond.h"

#define POLL_USEC 2000
#define SLEEP_USEC 20000
#define USEC_PER_MSEC 1000

#define COMMIT_MSEC 5000

typedef struct {
  DhParameter parameter;
  guint64 before;
} Written;

struct _DhTransaction {
  const DhParameterFiles *files;
  const char *root;
  DhWriter *writer; /* (nullable) */
  DhParameterValues current;
  GArray *written; /* Written */
  gboolean committed;
};

DhTransaction *
dh_transaction_new (const DhParameterFiles *files, const char *root,
                    const DhParameterValues *current, DhWriter *writer)
{
  DhTransaction *transaction = g_new0 (DhTransaction, 1);

  transaction->files = files;
  transaction->root = root;
  transaction->writer = writer;
  transaction->current = *current;
  transaction->written = g_array_new (FALSE, FALSE, sizeof (Written));
  return transaction;
}

void
dh_transaction_free (DhTransaction *transaction)
{
  g_array_unref (transaction->written);
  g_free (transaction);
}

const DhParameterValues *
dh_transaction_get_current (const DhTransaction *transaction)
{
  return &transaction->current;
}

static void
allow (DhTransaction *transaction, guint64 msec)
{
  if (transaction->writer)
    dh_writer_allow (transaction->writer, (guint) MIN (msec, G_MAXINT));
}

static gboolean
write_value (DhTransaction *transaction, DhParameter parameter, guint64 value, GError **error)
{
  allow (transaction, DH_WRITER_STEP_MSEC);
  if (!dh_parameter_files_write (transaction->files, parameter, value, error))
    return FALSE;
  transaction->current.values[parameter] = value;
  return TRUE;
}

gboolean
dh_transaction_put (DhTransaction *transaction, DhParameter parameter, guint64 value,
                    GError **error)
{
  Written written = { parameter, transaction->current.values[parameter] };

  if (!transaction->current.known[parameter] || written.before == value)
    return TRUE;
  if (!write_value (transaction, parameter, value, error))
    return FALSE;
  g_array_append_val (transaction->written, written);
  return TRUE;
}

gboolean
dh_transaction_put_inputs (DhTransaction *transaction, const DhParameterValues *values,
                           GError **error)
{
  for (DhParameter i = DH_PARAMETER_MIN_AGE; i <= DH_PARAMETER_MAX_NR_REGIONS; i++)
    if (values->known[i] && !dh_transaction_put (transaction, i, values->values[i], error))
      return FALSE;
  return TRUE;
}

/* It is taken at the next sample, behind a collapse under way. */
static guint64
get_patience_msec (const DhTransaction *transaction)
{
  guint64 longest = transaction->current.values[DH_PARAMETER_SAMPLE_INTERVAL];

  for (guint i = 0; i < transaction->written->len; i++) {
    const Written *written = &g_array_index (transaction->written, Written, i);

    if (written->parameter == DH_PARAMETER_SAMPLE_INTERVAL)
      longest = MAX (longest, written->before);
  }
  return COMMIT_MSEC + 2 * (longest / USEC_PER_MSEC);
}

gboolean
dh_transaction_wait_taken (DhTransaction *transaction, gint kdamond_pid, GError **error)
{
  const guint64 msec = get_patience_msec (transaction);
  const gint64 end = g_get_monotonic_time () + (gint64) (msec * USEC_PER_MSEC);
  guint64 pending = TRUE;

  allow (transaction, msec);
  while (
    dh_parameter_files_read (transaction->files, DH_PARAMETER_COMMIT_INPUTS, &pending, error)) {
    transaction->current.values[DH_PARAMETER_COMMIT_INPUTS] = pending;
    if (!pending)
      return TRUE;
    /* One whose end cannot be seen is not waited for for ever. */
    if (kdamond_pid == DH_KDAMOND_UNKNOWN ? g_get_monotonic_time () > end
                                          : !dh_kdamond_lives (transaction->root, kdamond_pid)) {
      g_set_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED,
                   "%s/commit_inputs still reads Y, and the kernel has stopped working",
                   dh_parameter_files_get_path (transaction->files));
      return FALSE;
    }
    g_usleep (POLL_USEC);
  }
  return FALSE;
}

gboolean
dh_transaction_commit (DhTransaction *transaction, gint kdamond_pid, GError **error)
{
  if (!dh_transaction_wait_taken (transaction, kdamond_pid, error)
      || !write_value (transaction, DH_PARAMETER_COMMIT_INPUTS, TRUE, error))
    return FALSE;
  transaction->committed = TRUE;
  if (dh_transaction_wait_taken (transaction, kdamond_pid, error))
    return TRUE;
  /* Nobody is there to take it: it would wait for the next start. */
  if (!dh_kdamond_lives (transaction->root, kdamond_pid))
    write_value (transaction, DH_PARAMETER_COMMIT_INPUTS, FALSE, NULL);
  return FALSE;
}

gboolean
dh_transaction_verify (DhTransaction *transaction, GError **error)
{
  allow (transaction, DH_WRITER_STEP_MSEC);
  for (DhParameter i = DH_PARAMETER_MONITORED_PID; i <= DH_PARAMETER_MAX_NR_REGIONS; i++) {
    const guint64 expected = transaction->current.values[i];
    guint64 value;

    if (!transaction->current.known[i])
      continue;
    if (!dh_parameter_files_read (transaction->files, i, &value, error))
      return FALSE;
    transaction->current.values[i] = value;
    if (value == expected)
      continue;
    g_set_error (error, DH_ERROR, DH_ERROR_CONFLICT,
                 "%s/%s reads %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT
                 ": somebody else writes it",
                 dh_parameter_files_get_path (transaction->files), dh_parameter_info (i)->name,
                 value, expected);
    return FALSE;
  }
  return TRUE;
}

static gboolean
take_back_last (DhTransaction *transaction)
{
  const guint last = transaction->written->len - 1;
  const Written written = g_array_index (transaction->written, Written, last);
  g_autoptr (GError) error = NULL;

  g_array_set_size (transaction->written, last);
  if (write_value (transaction, written.parameter, written.before, &error))
    return TRUE;
  g_warning ("What was changed stays: %s", error->message);
  return FALSE;
}

gboolean
dh_transaction_take_back (DhTransaction *transaction, gint kdamond_pid)
{
  gboolean commits = transaction->committed && dh_kdamond_lives (transaction->root, kdamond_pid);
  g_autoptr (GError) error = NULL;
  gboolean good = TRUE;

  while (transaction->written->len > 0)
    if (!take_back_last (transaction))
      good = FALSE;
  if (commits && !dh_transaction_commit (transaction, kdamond_pid, &error)) {
    g_warning ("What was changed back is not in force: %s", error->message);
    g_clear_error (&error);
    good = FALSE;
  }
  if (!dh_transaction_verify (transaction, &error)) {
    g_warning ("After changing back: %s", error->message);
    good = FALSE;
  }
  transaction->committed = FALSE;
  return good;
}

gboolean
dh_transaction_has_written (const DhTransaction *transaction)
{
  return transaction->written->len > 0;
}

void
dh_transaction_keep (DhTransaction *transaction)
{
  g_array_set_size (transaction->written, 0);
  transaction->committed = FALSE;
}

gboolean
dh_transaction_sleep (DhTransaction *transaction, guint64 usec, gint kdamond_pid)
{
  const gint64 end = g_get_monotonic_time () + (gint64) usec;

  allow (transaction, DH_WRITER_STEP_MSEC + usec / USEC_PER_MSEC);
  while (g_get_monotonic_time () < end && dh_kdamond_lives (transaction->root, kdamond_pid))
    g_usleep (MIN (SLEEP_USEC, usec));
  return dh_kdamond_lives (transaction->root, kdamond_pid);
}
