/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* The parameters of the kernel module DAMON_HUGEPAGE (RFC v3), which are files of
 * /sys/module/damon_hugepage/parameters/: their names and formats, one read or one write at a time.
 * Every function here that touches a file may block for as long as the kernel likes, because all
 * built-in modules share one lock for their parameters. */
typedef enum {
  DH_PARAMETER_ENABLED,
  DH_PARAMETER_COMMIT_INPUTS,
  DH_PARAMETER_MONITORED_PID,
  DH_PARAMETER_MIN_AGE,              /* microseconds */
  DH_PARAMETER_QUOTA_MS,             /* milliseconds of work in each window; 0: no limit */
  DH_PARAMETER_QUOTA_SZ,             /* bytes in each window; 0: no limit */
  DH_PARAMETER_QUOTA_RESET_INTERVAL, /* milliseconds: the window */
  DH_PARAMETER_RATIO,                /* basis points of huge pages, of the whole system */
  DH_PARAMETER_FEEDBACK,             /* 10000: goal met; 0: off */
  DH_PARAMETER_ADDR_UNIT,
  DH_PARAMETER_SAMPLE_INTERVAL, /* microseconds */
  DH_PARAMETER_AGGR_INTERVAL,   /* microseconds */
  DH_PARAMETER_MIN_NR_REGIONS,
  DH_PARAMETER_MAX_NR_REGIONS,
  DH_PARAMETER_KDAMOND_PID, /* -1: none */
  DH_PARAMETER_TRIED_REGIONS,
  DH_PARAMETER_TRIED_BYTES,
  DH_PARAMETER_COLLAPSED_REGIONS,
  DH_PARAMETER_COLLAPSED_BYTES,
  DH_PARAMETER_QUOTA_EXCEEDS,
} DhParameter;

#define DH_N_PARAMETERS (DH_PARAMETER_QUOTA_EXCEEDS + 1)

typedef enum {
  DH_PARAMETER_BOOL,   /* Y or N; 1 or 0 here */
  DH_PARAMETER_NUMBER, /* unsigned, 64 bits */
  DH_PARAMETER_PID,    /* signed, 32 bits; here its two's complement in 64 */
} DhParameterKind;

typedef struct {
  const char *name; /* the file's */
  DhParameterKind kind;
  gboolean writable; /* 0600; the others are 0400 */
  gboolean required; /* without it the module cannot be driven */
} DhParameterInfo;

const DhParameterInfo *dh_parameter_info (DhParameter parameter);

/* What parameters hold, or are to hold. */
typedef struct {
  gboolean known[DH_N_PARAMETERS];
  guint64 values[DH_N_PARAMETERS];
} DhParameterValues;

void dh_parameter_values_set (DhParameterValues *values, DhParameter parameter, guint64 value);

/* The folder, held open: it stays the same one whatever takes its name. */
typedef struct _DhParameterFiles DhParameterFiles;

/* @root: where /sys is found. Reads each file once and notes which exist. Errors: DH_UNAVAILABLE:
 * there is no such module (or only RFC v4's damon_sample_hugepage, which has no commit_inputs and
 * no statistics), a required file is missing or cannot be written, or one that is there, required
 * or not, cannot be read or holds nonsense; the message names the file. Returns: (transfer full).
 */
DhParameterFiles *dh_parameter_files_open (const char *root, GError **error);
void dh_parameter_files_free (DhParameterFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhParameterFiles, dh_parameter_files_free)

/* The folder's path as messages name it, without the root. (transfer none) */
const char *dh_parameter_files_get_path (const DhParameterFiles *files);

/* Whether the file was there when the folder was opened. */
gboolean dh_parameter_files_has (const DhParameterFiles *files, DhParameter parameter);

/* Whether the module is still there: its `enabled` is, whatever can be read of it. */
gboolean dh_parameter_files_exist (const DhParameterFiles *files);

/* Reads one: what the kernel prints, a decimal number or Y or N and one newline, nothing else.
 * Errors, each naming the file: DH_ERROR_NOT_AVAILABLE if it is gone or may not be read;
 * DH_ERROR_KERNEL_REJECTED for all else. */
gboolean dh_parameter_files_read (const DhParameterFiles *files, DhParameter parameter,
                                  guint64 *ret_value, GError **error);

/* Reads all that dh_parameter_files_has(); the others are not known. */
gboolean dh_parameter_files_read_all (const DhParameterFiles *files, DhParameterValues *ret_values,
                                      GError **error);

/* Writes @value once, in decimal (Y or N), in one write(2); interrupted before anything was done,
 * again. Values that can hurt a kernel are never written: a ratio of 0, an addr_unit that is no
 * power of two from 1 to 4096, a PID beyond 31 bits. Errors, each naming file and value:
 * DH_ERROR_CONFLICT for EBUSY; DH_ERROR_NOT_AVAILABLE if it is gone or may not be written;
 * DH_ERROR_INVALID_VALUE for one that hurts; DH_ERROR_KERNEL_REJECTED for all else. */
gboolean dh_parameter_files_write (const DhParameterFiles *files, DhParameter parameter,
                                   guint64 value, GError **error);
