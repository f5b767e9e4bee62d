/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process-files.h"

#include "util-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define STAT_BYTES 2048

int
dh_process_files_read (int directory, const char *name, char *buffer, gsize size)
{
  _cleanup_close_ int fd = openat (directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  gssize length;

  if (fd < 0)
    return errno;
  length = dh_fd_read (fd, buffer, size - 1);
  if (length < 0)
    return errno;
  buffer[length] = '\0';
  return 0;
}

/* Field @index of /proc/PID/stat as proc(5) counts them, found in @after_comm, where field 3
 * begins. Returns: "" if there is none. */
static const char *
find_stat_field (const char *after_comm, guint index)
{
  const char *field = after_comm;

  for (guint i = 3; i < index; i++) {
    field = strchr (field, ' ');
    if (field == NULL)
      return "";
    field++;
  }
  return field;
}

int
dh_process_files_read_stat (int directory, DhProcessStat *ret_stat)
{
  char text[STAT_BYTES];
  const int errnum = dh_process_files_read (directory, "stat", text, sizeof text);
  const char *after_comm;

  if (errnum != 0)
    return errnum;

  /* The name may hold anything, parentheses and spaces too; what follows it may not. */
  after_comm = strrchr (text, ')');
  if (after_comm == NULL || after_comm[1] != ' ' || *find_stat_field (after_comm + 2, 22) == '\0')
    return EBADMSG;

  after_comm += 2;
  ret_stat->state = *after_comm;
  ret_stat->flags = g_ascii_strtoull (find_stat_field (after_comm, 9), NULL, 10);
  ret_stat->start_time = g_ascii_strtoull (find_stat_field (after_comm, 22), NULL, 10);
  return 0;
}

/* The name in the first line of /proc/PID/status cannot fake one: the kernel escapes newlines
 * there. */
const char *
dh_process_files_find (const char *text, const char *key)
{
  const char *found = strstr (text, key);

  return found != NULL ? found + strlen (key) : NULL;
}

static gboolean
parse_ids (const char *text, guint32 *ret_ids)
{
  for (guint i = 0; i < 4; i++) {
    char *end;

    if (text == NULL || !g_ascii_isdigit (*text))
      return FALSE;
    ret_ids[i] = g_ascii_strtoull (text, &end, 10);
    text = end + (*end == '\t');
  }
  return TRUE;
}

gboolean
dh_process_files_parse_owner (const char *status, DhOwner *ret_owner)
{
  const char *permitted = dh_process_files_find (status, "\nCapPrm:\t");
  char *end;

  if (!parse_ids (dh_process_files_find (status, "\nUid:\t"), ret_owner->uids)
      || !parse_ids (dh_process_files_find (status, "\nGid:\t"), ret_owner->gids))
    return FALSE;

  /* Where the line was cut off, the worst is assumed. */
  ret_owner->capable =
    permitted == NULL || g_ascii_strtoull (permitted, &end, 16) != 0 || *end != '\n';
  return TRUE;
}
