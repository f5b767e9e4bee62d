/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include "bus.h"

/* Targets, as the command line and the bus name them. */

typedef struct {
  char *path;
  GVariant *properties; /* a{sv} */
  guint32 pid;
  gboolean primary;
} HctlTarget;

void hctl_target_free (HctlTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HctlTarget, hctl_target_free)

/* Of the object path of a target, the part that tells it from others. */
const char *hctl_target_get_word (const char *path);

/* What @word names, a target's path, the last part of one, or a process: @ret_path (transfer full),
 * else NULL and @ret_pid. Errors: G_OPTION_ERROR. */
gboolean hctl_target_parse_word (const char *word, char **ret_path, guint32 *ret_pid,
                                 GError **error);

/* The targets among @objects, as GetManagedObjects() returns them, in the order in which they came.
 * Returns: (transfer full) (element-type HctlTarget). */
GPtrArray *hctl_targets_parse (GVariant *objects);

/* Returns: (transfer full) (element-type HctlTarget): all, as above. */
GPtrArray *hctl_targets_list (HctlContext *context, GError **error);

/* The target that @word names; the primary one where that is NULL. Errors: UnknownTarget.
 * Returns: (transfer full): its path. */
char *hctl_targets_find (HctlContext *context, const char *word, GError **error);

/* Calls a method of the target at @path. @reply_type as in HctlCall. Errors: UnknownTarget if it is
 * gone, too. Returns: (transfer full): a tuple. */
GVariant *hctl_target_call (HctlContext *context, const char *path, const char *method,
                            GVariant *parameters, const char *reply_type, HctlAsk ask,
                            GError **error);

/* If @error says that there is no such object, makes it say that there is no such target. */
void hctl_target_interpret_error (const char *path, GError **error);

/* What the options of the command line say about a new target. @bind: it goes when this command
 * does. Errors: G_OPTION_ERROR. Returns: (transfer full): a{sv}. */
GVariant *hctl_target_make_options (const HctlOptions *options, gboolean bind, GError **error);

/* Describes the call that adds the process @pid, by @pidfd, or by the number alone where that is
 * -1. @options is borrowed. The call's descriptors are the caller's to unref, its parameters
 * floating. */
HctlCall hctl_target_describe_add (guint32 pid, int pidfd, GVariant *options);

/* Adds a process, as above. Returns: (transfer full): its path. */
char *hctl_target_add (HctlContext *context, guint32 pid, int pidfd, GVariant *options,
                       GError **error);

/* Opens a pidfd of the process @pid, close-on-exec; @ret_pidfd is -1 where there is no such thing
 * and the number has to do. Errors: NoSuchProcess, ProcessNotPermitted, and what the kernel says.
 */
gboolean hctl_target_open_pidfd (guint32 pid, int *ret_pidfd, GError **error);
