/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "parameter-faults.h"

#include <string.h>

/* In the model's orders \n and \0 are written as such. */
const ParameterFault parameter_faults[] = {
  { "missing", "remove FILE" },
  { "unreadable", "mode FILE 000" },
  { "empty", "content FILE " },
  { "without a newline", "content FILE 55" },
  { "letters", "content FILE abc\\n" },
  { "a NUL", "content FILE 5\\0\\n" },
  { "a blank before", "content FILE  5\\n" },
  { "a blank behind", "content FILE 5 \\n" },
  { "two signs", "content FILE --5\\n" },
  { "two lines", "content FILE 5\\n5\\n" },
  { "an escape", "content FILE \\x1b[31m\\n" },
  { "5000 bytes", NULL },
  { "beyond 64 bits", "content FILE 18446744073709551616\\n" },
  { "an input error", "fail read FILE EIO" },
};

const guint n_parameter_faults = G_N_ELEMENTS (parameter_faults);

const ParameterFile parameter_files[N_PARAMETER_FILES] = {
  { "enabled", "Enabled", TRUE, TRUE },
  { "commit_inputs", NULL, TRUE, TRUE },
  { "monitored_pid", "Pid", TRUE, TRUE },
  { "min_age", "MinAgeUSec", FALSE, TRUE },
  { "quota_ms", "QuotaTimeUSec", FALSE, TRUE },
  { "quota_sz", "QuotaSize", FALSE, TRUE },
  { "quota_reset_interval_ms", "QuotaResetIntervalUSec", FALSE, TRUE },
  { "quota_percentage_hugepage", "Ratio", FALSE, TRUE },
  { "quota_autotune_feedback", "Feedback", FALSE, TRUE },
  { "addr_unit", "AddressUnit", FALSE, TRUE },
  { "sample_interval", "SampleIntervalUSec", FALSE, TRUE },
  { "aggr_interval", "AggregationIntervalUSec", FALSE, TRUE },
  { "min_nr_regions", "MinRegions", FALSE, TRUE },
  { "max_nr_regions", "MaxRegions", FALSE, TRUE },
  { "kdamond_pid", NULL, FALSE, FALSE },
  { "nr_hugepage_tried_regions", NULL, FALSE, FALSE },
  { "bytes_hugepage_tried_regions", NULL, FALSE, FALSE },
  { "nr_hugepage_regions", NULL, FALSE, FALSE },
  { "bytes_hugepage_regions", NULL, FALSE, FALSE },
  { "nr_quota_exceeds", NULL, FALSE, FALSE },
};

void
parameter_fault_make (ModuleCase *self, const ParameterFault *fault, const ParameterFile *file)
{
  g_autoptr (GString) order = g_string_new (fault->order ? fault->order : "content FILE ");

  g_string_replace (order, "FILE", file->name, 1);
  for (guint i = 0; !fault->order && i < 5000; i++)
    g_string_append_c (order, '1');
  kernel_model_command (self->model, "%s", order->str);
}

void
parameter_fault_mend (ModuleCase *self, const ParameterFile *file)
{
  kernel_model_command (self->model, "restore %s", file->name);
  kernel_model_command (self->model, "mode %s %o", file->name, file->writable ? 0600 : 0400);
  kernel_model_command (self->model, "content-reset %s", file->name);
  kernel_model_command (self->model, "fail read %s EIO 0", file->name);
}

gsize
parameter_fault_get_log_length (ModuleCase *self)
{
  g_autofree char *log = fixture_service_read_log (&self->fixture);

  return strlen (log);
}

void
parameter_fault_assert_logged (ModuleCase *self, const ParameterFile *file, gsize position,
                               guint max_lines)
{
  g_autofree char *log = fixture_service_read_log (&self->fixture);
  g_autofree char *name = g_strconcat ("/", file->name, NULL);
  g_auto (GStrv) lines = g_strsplit (log + position, "\n", -1);
  guint n_lines = 0;

  for (guint i = 0; lines[i]; i++)
    n_lines += strstr (lines[i], name) != NULL;
  if (n_lines == 0 || n_lines > max_lines)
    g_error ("%u lines name %s, of:\n%s", n_lines, file->name, log + position);
}
