/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "engines/module-parameters.h"

#include "descriptors.h"
#include "engines/unavailable.h"
#include "error.h"
#include "fake-root.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FOLDER "sys/module/damon_hugepage/parameters"

/* The files as the kernel has them after the boot. */
static const struct {
  const char *name;
  const char *contents;
  DhParameterKind kind;
  gboolean writable;
  gboolean required;
  guint64 value;
} files_of_v3[DH_N_PARAMETERS] = {
  { "enabled", "N\n", DH_PARAMETER_BOOL, TRUE, TRUE, 0 },
  { "commit_inputs", "N\n", DH_PARAMETER_BOOL, TRUE, TRUE, 0 },
  { "monitored_pid", "0\n", DH_PARAMETER_NUMBER, TRUE, TRUE, 0 },
  { "min_age", "100000\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 100000 },
  { "quota_ms", "10\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 10 },
  { "quota_sz", "134217728\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 134217728 },
  { "quota_reset_interval_ms", "1000\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 1000 },
  { "quota_percentage_hugepage", "100\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 100 },
  { "quota_autotune_feedback", "0\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 0 },
  { "addr_unit", "1\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 1 },
  { "sample_interval", "5000\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 5000 },
  { "aggr_interval", "100000\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 100000 },
  { "min_nr_regions", "10\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 10 },
  { "max_nr_regions", "1000\n", DH_PARAMETER_NUMBER, TRUE, FALSE, 1000 },
  { "kdamond_pid", "-1\n", DH_PARAMETER_PID, FALSE, FALSE, G_MAXUINT64 },
  { "nr_hugepage_tried_regions", "0\n", DH_PARAMETER_NUMBER, FALSE, FALSE, 0 },
  { "bytes_hugepage_tried_regions", "0\n", DH_PARAMETER_NUMBER, FALSE, FALSE, 0 },
  { "nr_hugepage_regions", "0\n", DH_PARAMETER_NUMBER, FALSE, FALSE, 0 },
  { "bytes_hugepage_regions", "0\n", DH_PARAMETER_NUMBER, FALSE, FALSE, 0 },
  { "nr_quota_exceeds", "0\n", DH_PARAMETER_NUMBER, FALSE, FALSE, 0 },
};

static inline char *
dup_path (FakeRoot *root, DhParameter parameter)
{
  return g_build_filename (root->path, FOLDER, files_of_v3[parameter].name, NULL);
}

/* The same file goes on, as it does in /sys. */
static inline void
set_bytes (FakeRoot *root, DhParameter parameter, const char *bytes, gsize length)
{
  g_autofree char *path = dup_path (root, parameter);
  const int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, bytes, length), ==, (gssize) length);
  g_assert_no_errno (close (fd));
}

static inline void
assert_contents (FakeRoot *root, DhParameter parameter, const char *expected)
{
  g_autofree char *path = dup_path (root, parameter);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &contents, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (contents, ==, expected);
}

static inline void
remove_file (FakeRoot *root, DhParameter parameter)
{
  g_autofree char *path = dup_path (root, parameter);

  g_assert_no_errno (unlink (path));
}

static inline void
set_up_module (FakeRoot *root, gconstpointer data)
{
  g_autofree char *folder = NULL;

  fake_root_set_up (root, data);
  folder = g_build_filename (root->path, FOLDER, NULL);
  g_assert_no_errno (g_mkdir_with_parents (folder, 0755));
  for (guint i = 0; i < DH_N_PARAMETERS; i++)
    set_bytes (root, i, files_of_v3[i].contents, strlen (files_of_v3[i].contents));
}

static inline DhParameterFiles *
open_files (FakeRoot *root)
{
  g_autoptr (GError) error = NULL;
  DhParameterFiles *files = dh_parameter_files_open (root->path, &error);

  g_assert_no_error (error);
  g_assert_nonnull (files);
  return files;
}

/* The subject comes first, and by its real path. */
static inline void
assert_about (const GError *error, const char *path, const char *detail)
{
  g_autofree char *prefix = g_strconcat ("/", path, " ", NULL);

  g_assert_true (g_str_has_prefix (error->message, prefix));
  g_assert_nonnull (strstr (error->message, detail));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strchr (error->message, '\n'));
}

static inline void
assert_about_file (const GError *error, DhParameter parameter, const char *detail)
{
  g_autofree char *path = g_build_filename (FOLDER, files_of_v3[parameter].name, NULL);

  assert_about (error, path, detail);
}

static inline void
assert_cannot_open (FakeRoot *root, DhUnavailable code, DhParameter parameter, const char *detail)
{
  const guint n_open = count_descriptors ();
  g_autoptr (GError) error = NULL;

  g_assert_null (dh_parameter_files_open (root->path, &error));
  g_assert_error (error, DH_UNAVAILABLE, (int) code);
  assert_about_file (error, parameter, detail);
  g_assert_cmpuint (count_descriptors (), ==, n_open);
}

static inline void
assert_cannot_read (const DhParameterFiles *files, DhParameter parameter, DhError code,
                    const char *detail)
{
  g_autoptr (GError) error = NULL;
  guint64 value = 4711;

  g_assert_false (dh_parameter_files_read (files, parameter, &value, &error));
  g_assert_error (error, DH_ERROR, (int) code);
  assert_about_file (error, parameter, detail);
  g_assert_cmpuint (value, ==, 4711);
}

static inline void
assert_cannot_write (const DhParameterFiles *files, DhParameter parameter, guint64 value,
                     DhError code, const char *detail)
{
  const guint n_open = count_descriptors ();
  g_autoptr (GError) error = NULL;

  g_assert_false (dh_parameter_files_write (files, parameter, value, &error));
  g_assert_error (error, DH_ERROR, (int) code);
  assert_about_file (error, parameter, detail);
  g_assert_cmpuint (count_descriptors (), ==, n_open);
}

static inline void
assert_reads (const DhParameterFiles *files, DhParameter parameter, guint64 expected)
{
  g_autoptr (GError) error = NULL;
  guint64 value = 4711;

  g_assert_true (dh_parameter_files_read (files, parameter, &value, &error));
  g_assert_no_error (error);
  g_assert_cmphex (value, ==, expected);
}

/* Whether root may go past a file's mode. */
static inline void
set_override (gboolean on)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  const guint32 bits = CAP_TO_MASK (CAP_DAC_OVERRIDE) | CAP_TO_MASK (CAP_DAC_READ_SEARCH);

  g_assert_no_errno (syscall (SYS_capget, &header, data));
  data[0].effective =
    on ? data[0].effective | (data[0].permitted & bits) : data[0].effective & ~bits;
  g_assert_no_errno (syscall (SYS_capset, &header, data));
}

static inline void
set_mode (FakeRoot *root, DhParameter parameter, mode_t mode)
{
  g_autofree char *path = dup_path (root, parameter);

  g_assert_no_errno (chmod (path, mode));
}
