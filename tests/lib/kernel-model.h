/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "fixture.h"

/* A kernel with the module DAMON_HUGEPAGE, as far as /sys and the threads of DAMON go: the program
 * kernel-model in a root of its own. The environment says where that is: DH_KERNEL_MODEL. What it
 * can be ordered to do, and what its state says: tests/programs/kernel-model/control.h.
 *
 * FILE is the name of one of damon_hugepage's parameters or, with a slash, a path below /sys. Reads
 * and writes of one that is blocked block the test, for a minute at most. */
typedef struct _KernelModel KernelModel;

/* Mounts it on sys in the fixture's folder "root", beside proc. Ends the test if that fails. To be
 * freed before the fixture is torn down, but after the service has ended. */
KernelModel *kernel_model_start (Fixture *self);

/* Unmounts it; it must end with status 0. */
void kernel_model_stop (KernelModel *self);
/* The same, if that is not done yet. */
void kernel_model_free (KernelModel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KernelModel, kernel_model_free)

/* What the service takes for "/". (transfer none) */
const char *kernel_model_get_root (KernelModel *self);
/* Returns: (transfer full) */
char *kernel_model_get_path (KernelModel *self, const char *file);

/* An order that must be taken. */
void kernel_model_command (KernelModel *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* As somebody else, root, would: one open, one read or write. Returns: (transfer full): what is
 * there, without the newline at its end; ends the test if it cannot be read. */
char *kernel_model_read (KernelModel *self, const char *file);
/* Returns: 0 or errno, of opening too; a write that is cut short ends the test. */
int kernel_model_write (KernelModel *self, const char *file, const char *text);
/* The same, which must succeed; text and newline as printf() makes them. */
void kernel_model_set (KernelModel *self, const char *file, const char *format, ...)
  G_GNUC_PRINTF (3, 4);

#define assert_parameter(model, file, expected)                                                    \
  kernel_model_check (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, model, file, expected, 0)
#define assert_parameter_eventually(model, file, expected, seconds)                                \
  kernel_model_check (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC, model, file, expected, seconds)
void kernel_model_check (const char *domain, const char *path, int line, const char *function,
                         KernelModel *self, const char *file, const char *expected, guint seconds);

/* What the state has for @key. Returns: (transfer full); ends the test if it has none. */
char *kernel_model_get (KernelModel *self, const char *key);
gint64 kernel_model_get_number (KernelModel *self, const char *key);
/* Ends the test if that does not become so. */
void kernel_model_wait (KernelModel *self, const char *key, const char *value, guint seconds);

/* What has been done to the parameters, a line for each access. Returns: (transfer full) */
char *kernel_model_dup_log (KernelModel *self);
/* @file NULL: of all. Failed ones count as well. */
guint kernel_model_count_writes (KernelModel *self, const char *file);

/* Fails the test, without ending it, if anything was done that can hurt a real kernel and has not
 * been allowed by the command "allow-hurt". */
void kernel_model_assert_unhurt (KernelModel *self);
