/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "targets.h"

#include "failure.h"
#include "units.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#define PATH_PREFIX HCTL_OBJECT_PATH "/targets/"

void
hctl_target_free (HctlTarget *target)
{
  g_free (target->path);
  g_variant_unref (target->properties);
  g_free (target);
}

const char *
hctl_target_get_word (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash != NULL ? slash + 1 : path;
}

gboolean
hctl_target_parse_word (const char *word, char **ret_path, guint32 *ret_pid, GError **error)
{
  g_autofree char *path = *word == '/' ? g_strdup (word) : g_strconcat (PATH_PREFIX, word, NULL);
  guint64 pid = 0;

  *ret_path = NULL;
  *ret_pid = 0;
  if (g_ascii_string_to_unsigned (word, 10, 0, G_MAXUINT32, &pid, NULL)) {
    *ret_pid = (guint32) pid;
    return TRUE;
  }
  if ((*word == '/' || *word == 't') && g_variant_is_object_path (path)) {
    *ret_path = g_steal_pointer (&path);
    return TRUE;
  }
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "A target is a process ID or what hugepagectl targets shows, not “%s”", word);
  return FALSE;
}

/* Returns: (transfer full) (nullable): NULL for an object of another kind. */
static HctlTarget *
make_target (const char *path, GVariant *interfaces)
{
  g_autoptr (GVariant) properties =
    g_variant_lookup_value (interfaces, HCTL_TARGET_INTERFACE, G_VARIANT_TYPE_VARDICT);
  HctlTarget *target;

  if (properties == NULL)
    return NULL;
  target = g_new0 (HctlTarget, 1);
  target->path = g_strdup (path);
  target->properties = g_steal_pointer (&properties);
  g_variant_lookup (target->properties, "Pid", "u", &target->pid);
  g_variant_lookup (target->properties, "Primary", "b", &target->primary);
  return target;
}

/* The paths are numbered. */
static int
compare_targets (gconstpointer a, gconstpointer b)
{
  const char *first = (*(const HctlTarget *const *) a)->path;
  const char *second = (*(const HctlTarget *const *) b)->path;
  gsize length = strlen (first), other_length = strlen (second);

  if (length != other_length)
    return length < other_length ? -1 : 1;
  return strcmp (first, second);
}

GPtrArray *
hctl_targets_parse (GVariant *objects)
{
  GPtrArray *targets = g_ptr_array_new_with_free_func ((GDestroyNotify) hctl_target_free);

  for (gsize i = 0; i < g_variant_n_children (objects); i++) {
    g_autoptr (GVariant) interfaces = NULL;
    HctlTarget *target;
    const char *path;

    g_variant_get_child (objects, i, "{&o@a{sa{sv}}}", &path, &interfaces);
    target = make_target (path, interfaces);
    if (target != NULL)
      g_ptr_array_add (targets, target);
  }
  g_ptr_array_sort (targets, compare_targets);
  return targets;
}

GPtrArray *
hctl_targets_list (HctlContext *context, GError **error)
{
  const HctlCall call = { .interface = HCTL_OBJECT_MANAGER_INTERFACE,
                          .method = "GetManagedObjects",
                          .reply_type = "(a{oa{sa{sv}}})" };
  g_autoptr (GVariant) reply = hctl_bus_call (context, &call, error);
  g_autoptr (GVariant) objects = NULL;

  if (reply == NULL)
    return NULL;
  objects = g_variant_get_child_value (reply, 0);
  return hctl_targets_parse (objects);
}

char *
hctl_targets_find (HctlContext *context, const char *word, GError **error)
{
  g_autoptr (GPtrArray) targets = NULL;
  g_autofree char *path = NULL;
  guint32 pid = 0;

  if (word != NULL && !hctl_target_parse_word (word, &path, &pid, error))
    return NULL;
  targets = hctl_targets_list (context, error);
  if (targets == NULL)
    return NULL;

  for (guint i = 0; i < targets->len; i++) {
    const HctlTarget *target = targets->pdata[i];

    if (word == NULL   ? target->primary
        : path != NULL ? g_str_equal (target->path, path)
                       : target->pid == pid)
      return g_strdup (target->path);
  }
  if (word == NULL)
    hctl_failure_set (error, HCTL_ERROR_UNKNOWN_TARGET, "There is no primary target");
  else
    hctl_failure_set (error, HCTL_ERROR_UNKNOWN_TARGET, "%s is no target", word);
  return NULL;
}

void
hctl_target_interpret_error (const char *path, GError **error)
{
  if (error == NULL || *error == NULL
      || !(hctl_failure_is (*error, "org.freedesktop.DBus.Error.UnknownMethod")
           || hctl_failure_is (*error, "org.freedesktop.DBus.Error.UnknownObject")
           || hctl_failure_is (*error, "org.freedesktop.DBus.Error.UnknownInterface")))
    return;

  g_clear_error (error);
  hctl_failure_set (error, HCTL_ERROR_UNKNOWN_TARGET, "%s is no target any more",
                    hctl_target_get_word (path));
}

GVariant *
hctl_target_call (HctlContext *context, const char *path, const char *method, GVariant *parameters,
                  const char *reply_type, HctlAsk ask, GError **error)
{
  const HctlCall call = { .path = path,
                          .interface = HCTL_TARGET_INTERFACE,
                          .method = method,
                          .parameters = parameters,
                          .reply_type = reply_type,
                          .ask = ask };
  GVariant *reply = hctl_bus_call (context, &call, error);

  if (reply == NULL)
    hctl_target_interpret_error (path, error);
  return reply;
}

GVariant *
hctl_target_make_options (const HctlOptions *options, gboolean bind, GError **error)
{
  const struct {
    const char *key;
    const char *property;
    const char *text;
  } numbers[] = { { "ratio", "Ratio", options->ratio },
                  { "feedback", "Feedback", options->feedback } };
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++) {
    GVariant *value;

    if (numbers[i].text == NULL)
      continue;
    value = hctl_units_parse (numbers[i].property, "u", numbers[i].text, error);
    if (value == NULL)
      return NULL;
    g_variant_dict_insert_value (&dict, numbers[i].key, value);
  }
  if (options->reason != NULL)
    g_variant_dict_insert (&dict, "reason", "s", options->reason);
  if (options->application_id != NULL)
    g_variant_dict_insert (&dict, "application-id", "s", options->application_id);
  if (options->primary)
    g_variant_dict_insert (&dict, "primary", "b", TRUE);
  if (bind)
    g_variant_dict_insert (&dict, "bind", "b", TRUE);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

HctlCall
hctl_target_describe_add (guint32 pid, int pidfd, GVariant *options)
{
  HctlCall call = { .interface = HCTL_INTERFACE, .reply_type = "(o)", .ask = HCTL_ASK_AT_ONCE };

  if (pidfd >= 0) {
    call.method = "AddTarget";
    call.fds = g_unix_fd_list_new ();
    call.parameters =
      g_variant_new ("(h@a{sv})", g_unix_fd_list_append (call.fds, pidfd, NULL), options);
  } else {
    call.method = "AddTargetByPid";
    call.parameters = g_variant_new ("(u@a{sv})", pid, options);
  }
  return call;
}

char *
hctl_target_add (HctlContext *context, guint32 pid, int pidfd, GVariant *options, GError **error)
{
  const HctlCall call = hctl_target_describe_add (pid, pidfd, options);
  g_autoptr (GUnixFDList) fds = call.fds;
  g_autoptr (GVariant) reply = hctl_bus_call (context, &call, error);
  char *path = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(o)", &path);
  return path;
}

gboolean
hctl_target_open_pidfd (guint32 pid, int *ret_pidfd, GError **error)
{
  *ret_pidfd = -1;
  if (pid == 0 || pid > G_MAXINT32) {
    hctl_failure_set (error, HCTL_ERROR_NO_SUCH_PROCESS, "There is no process %u", pid);
    return FALSE;
  }

  *ret_pidfd = (int) syscall (SYS_pidfd_open, (pid_t) pid, 0);
  if (*ret_pidfd >= 0 || errno == ENOSYS || errno == EPERM)
    return TRUE;
  if (errno == ESRCH)
    hctl_failure_set (error, HCTL_ERROR_NO_SUCH_PROCESS, "There is no process %u", pid);
  else if (errno == EINVAL || errno == ENOENT)
    hctl_failure_set (error, HCTL_ERROR_PROCESS_NOT_PERMITTED, "%u is a thread", pid);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "Process %u: %s", pid,
                 g_strerror (errno));
  return FALSE;
}
