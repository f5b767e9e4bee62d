/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-parameters.h"

#include "error.h"
#include "text.h"
#include "unavailable.h"
#include "util-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define FOLDER "/sys/module/damon_hugepage/parameters"
#define FOLDER_OF_V4 "/sys/module/damon_sample_hugepage/parameters"

#define MAX_FILE_BYTES 256 /* no number is longer than 20 digits: the rest is for the message */
#define MAX_QUOTE_BYTES 64
#define MAX_ADDR_UNIT 4096

struct _DhParameterFiles {
  int directory;
  gboolean present[DH_N_PARAMETERS];
};

static const DhParameterInfo infos[DH_N_PARAMETERS] = {
  [DH_PARAMETER_ENABLED] = { "enabled", DH_PARAMETER_BOOL, TRUE, TRUE },
  [DH_PARAMETER_COMMIT_INPUTS] = { "commit_inputs", DH_PARAMETER_BOOL, TRUE, TRUE },
  [DH_PARAMETER_MONITORED_PID] = { "monitored_pid", DH_PARAMETER_NUMBER, TRUE, TRUE },
  [DH_PARAMETER_MIN_AGE] = { "min_age", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_QUOTA_MS] = { "quota_ms", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_QUOTA_SZ] = { "quota_sz", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_QUOTA_RESET_INTERVAL] = { "quota_reset_interval_ms", DH_PARAMETER_NUMBER, TRUE,
                                          FALSE },
  [DH_PARAMETER_RATIO] = { "quota_percentage_hugepage", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_FEEDBACK] = { "quota_autotune_feedback", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_ADDR_UNIT] = { "addr_unit", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_SAMPLE_INTERVAL] = { "sample_interval", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_AGGR_INTERVAL] = { "aggr_interval", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_MIN_NR_REGIONS] = { "min_nr_regions", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_MAX_NR_REGIONS] = { "max_nr_regions", DH_PARAMETER_NUMBER, TRUE, FALSE },
  [DH_PARAMETER_KDAMOND_PID] = { "kdamond_pid", DH_PARAMETER_PID, FALSE, FALSE },
  [DH_PARAMETER_TRIED_REGIONS] = { "nr_hugepage_tried_regions", DH_PARAMETER_NUMBER, FALSE, FALSE },
  [DH_PARAMETER_TRIED_BYTES] = { "bytes_hugepage_tried_regions", DH_PARAMETER_NUMBER, FALSE,
                                 FALSE },
  [DH_PARAMETER_COLLAPSED_REGIONS] = { "nr_hugepage_regions", DH_PARAMETER_NUMBER, FALSE, FALSE },
  [DH_PARAMETER_COLLAPSED_BYTES] = { "bytes_hugepage_regions", DH_PARAMETER_NUMBER, FALSE, FALSE },
  [DH_PARAMETER_QUOTA_EXCEEDS] = { "nr_quota_exceeds", DH_PARAMETER_NUMBER, FALSE, FALSE },
};

static const char *const kind_words[] = {
  [DH_PARAMETER_BOOL] = "Y or N, and a newline",
  [DH_PARAMETER_NUMBER] = "a decimal number of 64 bits, and a newline",
  [DH_PARAMETER_PID] = "a decimal number of 32 bits, and a newline",
};

const DhParameterInfo *
dh_parameter_info (DhParameter parameter)
{
  g_return_val_if_fail (parameter < DH_N_PARAMETERS, NULL);

  return &infos[parameter];
}

void
dh_parameter_values_set (DhParameterValues *values, DhParameter parameter, guint64 value)
{
  values->known[parameter] = TRUE;
  values->values[parameter] = value;
}

/* Whether the file has gone, or is not for us. */
static gboolean
is_out_of_reach (int errnum)
{
  return errnum == ENOENT || errnum == ENODEV || errnum == EACCES || errnum == EPERM
         || errnum == EROFS;
}

static gboolean
parse_digits (const char *text, const char *end, guint64 max, guint64 *ret_value)
{
  guint64 value = 0;

  if (text == end || (*text == '0' && end - text > 1))
    return FALSE;
  for (; text < end; text++) {
    const int digit = g_ascii_digit_value (*text);

    if (digit < 0 || value > (max - digit) / 10)
      return FALSE;
    value = value * 10 + digit;
  }
  *ret_value = value;
  return TRUE;
}

static gboolean
parse_number (DhParameterKind kind, const char *text, const char *end, guint64 *ret_value)
{
  const gboolean negative = kind == DH_PARAMETER_PID && *text == '-';
  const guint64 max = kind == DH_PARAMETER_NUMBER ? G_MAXUINT64 : (guint64) G_MAXINT32 + negative;
  guint64 value;

  if (!parse_digits (text + negative, end, max, &value) || (negative && value == 0))
    return FALSE;
  *ret_value = negative ? -value : value;
  return TRUE;
}

static gboolean
parse (DhParameterKind kind, const char *text, gssize length, guint64 *ret_value)
{
  if (length < 2 || text[length - 1] != '\n')
    return FALSE;
  if (kind != DH_PARAMETER_BOOL)
    return parse_number (kind, text, text + length - 1, ret_value);
  if (length != 2 || (*text != 'Y' && *text != 'N'))
    return FALSE;
  *ret_value = *text == 'Y';
  return TRUE;
}

/* @ret_errno: 0 where the file could be read, but holds nonsense. */
static gboolean
load (const DhParameterFiles *files, DhParameter parameter, guint64 *ret_value, int *ret_errno,
      GError **error)
{
  const DhParameterInfo *info = &infos[parameter];
  _cleanup_close_ int fd = openat (files->directory, info->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_autofree char *quoted = NULL;
  char text[MAX_FILE_BYTES];
  const gssize length = fd < 0 ? -1 : dh_fd_read (fd, text, sizeof text);

  *ret_errno = length < 0 ? errno : 0;
  if (length < 0) {
    g_set_error (error, DH_ERROR,
                 is_out_of_reach (*ret_errno) ? DH_ERROR_NOT_AVAILABLE : DH_ERROR_KERNEL_REJECTED,
                 FOLDER "/%s cannot be read: %s", info->name, g_strerror (*ret_errno));
    return FALSE;
  }
  if (parse (info->kind, text, length, ret_value))
    return TRUE;

  quoted = dh_text_printable (text, length, MAX_QUOTE_BYTES);
  g_set_error (error, DH_ERROR, DH_ERROR_KERNEL_REJECTED, FOLDER "/%s holds “%s”, which is not %s",
               info->name, quoted, kind_words[info->kind]);
  return FALSE;
}

static void
set_unavailable (GError **error, int errnum, const char *message)
{
  const gboolean forbidden = errnum == EACCES || errnum == EPERM || errnum == EROFS;

  g_set_error_literal (error, DH_UNAVAILABLE,
                       forbidden ? DH_UNAVAILABLE_PERMISSION : DH_UNAVAILABLE_KERNEL_SUPPORT,
                       message);
}

/* Why there is no folder to open. */
static void
explain_missing (const char *root, int errnum, GError **error)
{
  g_autofree char *path_of_v4 = g_build_filename (root, FOLDER_OF_V4, NULL);
  g_autofree char *message = NULL;

  if (errnum == ENOENT && g_file_test (path_of_v4, G_FILE_TEST_IS_DIR)) {
    g_set_error_literal (error, DH_UNAVAILABLE, DH_UNAVAILABLE_NOT_DRIVEN,
                         FOLDER_OF_V4 " is of a DAMON_HUGEPAGE module that is not driven: it has "
                                      "no commit_inputs and no statistics");
    return;
  }
  message = errnum == ENOENT
              ? g_strdup (FOLDER " is not there: this kernel has no DAMON_HUGEPAGE module")
              : g_strdup_printf (FOLDER " cannot be opened: %s", g_strerror (errnum));
  set_unavailable (error, errnum, message);
}

static gboolean
check_writable (const DhParameterFiles *files, DhParameter parameter, GError **error)
{
  const char *name = infos[parameter].name;
  /* By the effective user and capabilities, as open() will go. */
  const int errnum = faccessat (files->directory, name, W_OK, AT_EACCESS) < 0 ? errno : 0;
  g_autofree char *message = NULL;

  if (errnum == 0)
    return TRUE;
  message = g_strdup_printf (FOLDER "/%s cannot be written: %s", name, g_strerror (errnum));
  set_unavailable (error, errnum, message);
  return FALSE;
}

static gboolean
probe (DhParameterFiles *files, DhParameter parameter, GError **error)
{
  const DhParameterInfo *info = &infos[parameter];
  g_autoptr (GError) failure = NULL;
  g_autofree char *message = NULL;
  guint64 value;
  int errnum;

  files->present[parameter] = load (files, parameter, &value, &errnum, &failure);
  if (files->present[parameter])
    return !info->required || check_writable (files, parameter, error);
  if (errnum != ENOENT) {
    set_unavailable (error, errnum, failure->message);
    return FALSE;
  }
  if (!info->required)
    return TRUE;

  message =
    g_strdup_printf (FOLDER "/%s is not there: the module cannot be driven without it", info->name);
  set_unavailable (error, errnum, message);
  return FALSE;
}

DhParameterFiles *
dh_parameter_files_open (const char *root, GError **error)
{
  g_autoptr (DhParameterFiles) files = g_new0 (DhParameterFiles, 1);
  g_autofree char *path = g_build_filename (root, FOLDER, NULL);

  files->directory = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (files->directory < 0) {
    explain_missing (root, errno, error);
    return NULL;
  }
  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    if (!probe (files, i, error))
      return NULL;
  }
  return g_steal_pointer (&files);
}

void
dh_parameter_files_free (DhParameterFiles *files)
{
  dh_close_fd (&files->directory);
  g_free (files);
}

const char *
dh_parameter_files_get_path (const DhParameterFiles *files)
{
  return FOLDER;
}

gboolean
dh_parameter_files_has (const DhParameterFiles *files, DhParameter parameter)
{
  return files->present[parameter];
}

gboolean
dh_parameter_files_exist (const DhParameterFiles *files)
{
  const char *name = infos[DH_PARAMETER_ENABLED].name;

  return faccessat (files->directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0
         || (errno != ENOENT && errno != ENODEV);
}

gboolean
dh_parameter_files_read (const DhParameterFiles *files, DhParameter parameter, guint64 *ret_value,
                         GError **error)
{
  int errnum;

  return load (files, parameter, ret_value, &errnum, error);
}

gboolean
dh_parameter_files_read_all (const DhParameterFiles *files, DhParameterValues *ret_values,
                             GError **error)
{
  DhParameterValues values = { 0 };

  for (guint i = 0; i < DH_N_PARAMETERS; i++) {
    guint64 value;

    if (!files->present[i])
      continue;
    if (!dh_parameter_files_read (files, i, &value, error))
      return FALSE;
    dh_parameter_values_set (&values, i, value);
  }
  *ret_values = values;
  return TRUE;
}

/* Returns: what is wrong with a value that can hurt a kernel, or NULL. */
static const char *
find_harm (DhParameter parameter, guint64 value)
{
  if (infos[parameter].kind == DH_PARAMETER_BOOL)
    return value > 1 ? "it must be 0 or 1" : NULL;
  if (parameter == DH_PARAMETER_RATIO && value == 0)
    return "it must not be 0";
  if (parameter == DH_PARAMETER_ADDR_UNIT
      && (value == 0 || value > MAX_ADDR_UNIT || (value & (value - 1)) != 0))
    return "it must be a power of two from 1 to " G_STRINGIFY (MAX_ADDR_UNIT);
  /* The kernel cuts it to 32 bits, and takes whose PID that is. */
  if (parameter == DH_PARAMETER_MONITORED_PID && value > G_MAXINT32)
    return "it must be 0 to 2147483647";
  return NULL;
}

static char *
format_value (DhParameterKind kind, guint64 value)
{
  if (kind == DH_PARAMETER_BOOL && value <= 1)
    return g_strdup (value ? "Y" : "N");
  if (kind == DH_PARAMETER_PID)
    return g_strdup_printf ("%" G_GINT64_FORMAT, (gint64) value);
  return g_strdup_printf ("%" G_GUINT64_FORMAT, value);
}

static gboolean
refuse (GError **error, DhParameter parameter, const char *text, DhError code, const char *cause)
{
  g_set_error (error, DH_ERROR, code, FOLDER "/%s cannot be set to %s: %s", infos[parameter].name,
               text, cause);
  return FALSE;
}

static gboolean
refuse_by_errno (GError **error, DhParameter parameter, const char *text, int errnum)
{
  DhError code = DH_ERROR_KERNEL_REJECTED;

  if (errnum == EBUSY)
    code = DH_ERROR_CONFLICT;
  else if (is_out_of_reach (errnum))
    code = DH_ERROR_NOT_AVAILABLE;
  return refuse (error, parameter, text, code, g_strerror (errnum));
}

static gssize
write_once (int fd, const char *text, gsize length)
{
  gssize n;

  do
    n = write (fd, text, length);
  while (n < 0 && errno == EINTR);
  return n;
}

gboolean
dh_parameter_files_write (const DhParameterFiles *files, DhParameter parameter, guint64 value,
                          GError **error)
{
  const DhParameterInfo *info = &infos[parameter];
  const char *harm = find_harm (parameter, value);
  g_autofree char *text = format_value (info->kind, value);
  const gssize length = strlen (text);
  _cleanup_close_ int fd = -1;
  gssize n;

  if (!info->writable)
    return refuse (error, parameter, text, DH_ERROR_NOT_AVAILABLE, "it can only be read");
  if (harm != NULL)
    return refuse (error, parameter, text, DH_ERROR_INVALID_VALUE, harm);

  fd = openat (files->directory, info->name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  n = fd < 0 ? -1 : write_once (fd, text, length);
  if (n < 0)
    return refuse_by_errno (error, parameter, text, errno);
  if (n != length)
    return refuse (error, parameter, text, DH_ERROR_KERNEL_REJECTED,
                   "the kernel did not take all of it");
  return TRUE;
}
