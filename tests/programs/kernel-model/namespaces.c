/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "namespaces.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Returns: the inode of the task's PID namespace, 0 if it is gone. */
static ino_t
get_namespace (const char *task)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/ns/pid", task);
  struct stat status;

  return stat (path, &status) == 0 ? status.st_ino : 0;
}

/* Returns: the task's ID in the innermost namespace that it is in. */
static pid_t
get_inner_id (const char *task)
{
  static const char key[] = "\nNSpid:";
  g_autofree char *path = g_strdup_printf ("/proc/%s/status", task);
  g_autofree char *status = NULL;
  char *line;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return 0;
  line = strstr (status, key);
  if (line == NULL)
    return 0;
  line += strlen (key);
  *strchrnul (line, '\n') = '\0';
  return atoi (strrchr (line, '\t') + 1);
}

static pid_t
search (pid_t id, ino_t namespace)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while (tasks != NULL && (name = g_dir_read_name (tasks)) != NULL) {
    if (g_ascii_isdigit (*name) && get_inner_id (name) == id && get_namespace (name) == namespace)
      return atoi (name);
  }
  return 0;
}

pid_t
namespaces_translate (pid_t id, pid_t who)
{
  g_autofree char *task = g_strdup_printf ("%d", who);
  const ino_t theirs = who != 0 ? get_namespace (task) : 0;

  return theirs == 0 || theirs == get_namespace ("self") ? id : search (id, theirs);
}
