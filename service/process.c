/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "process.h"

#include "error.h"
#include "process-files.h"
#include "text.h"
#include "util-fd.h"

#include <gio/gio.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <systemd/sd-login.h>

#define PF_KTHREAD 0x00200000

#define COMM_BYTES 256
#define ROLLUP_BYTES 4096
#define MAX_NAME_BYTES 64
#define MAX_UNIT_BYTES 256

struct _DhProcess {
  pid_t pid;
  int pidfd;
  int directory; /* /proc/PID, which stays this process's whoever gets the number next */
  guint64 start_time;
};

static void
free_contents (gpointer data)
{
  DhProcess *process = data;

  dh_close_fd (&process->pidfd);
  dh_close_fd (&process->directory);
}

/* Returns: FALSE, with @error in the words of @errnum; @gone is the code for a process that is not
 * there. */
static gboolean
fail (GError **error, guint32 pid, int errnum, DhError gone)
{
  switch (errnum) {
  case ENOENT:
  case ESRCH:
    g_set_error (
      error, DH_ERROR, gone,
      gone == DH_ERROR_PROCESS_EXITED ? "Process %u has exited" : "There is no process %u", pid);
    return FALSE;
  case EMFILE:
  case ENFILE:
  case ENOMEM:
    g_set_error (error, DH_ERROR, DH_ERROR_LIMIT_EXCEEDED, "Process %u cannot be examined now: %s",
                 pid, g_strerror (errnum));
    return FALSE;
  default:
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_AVAILABLE, "Process %u cannot be examined: %s", pid,
                 g_strerror (errnum));
    return FALSE;
  }
}

static gboolean
refuse (GError **error, guint32 pid, const char *cause)
{
  g_set_error (error, DH_ERROR, DH_ERROR_PROCESS_NOT_PERMITTED, "Process %u cannot be a target: %s",
               pid, cause);
  return FALSE;
}

static gboolean
check_number (guint64 pid, GError **error)
{
  if (pid == 0 || pid > G_MAXINT32) {
    g_set_error (error, DH_ERROR, DH_ERROR_INVALID_VALUE,
                 "%" G_GUINT64_FORMAT " is not a process ID: it must be 1 to %d", pid, G_MAXINT32);
    return FALSE;
  }
  if (pid == 1)
    return refuse (error, pid, "it is the first process of the system");
  if (pid == (guint64) getpid ())
    return refuse (error, pid, "it is this service");
  return TRUE;
}

static gboolean
check_kind (DhProcess *process, int pidfd_errno, GError **error)
{
  char status[DH_PROCESS_STATUS_BYTES];
  DhProcessStat stat;
  int errnum = dh_process_files_read (process->directory, "status", status, sizeof status);
  const char *leader = errnum == 0 ? dh_process_files_find (status, "\nTgid:\t") : NULL;

  if (errnum != 0)
    return fail (error, process->pid, errnum, DH_ERROR_NO_SUCH_PROCESS);
  if (leader == NULL)
    return fail (error, process->pid, EBADMSG, DH_ERROR_NO_SUCH_PROCESS);

  /* For a thread pidfd_open() fails with an error that differs between kernels: this comes first.
   */
  if (g_ascii_strtoull (leader, NULL, 10) != (guint64) process->pid)
    return refuse (error, process->pid, "it is a thread of another one");
  if (process->pidfd < 0)
    return fail (error, process->pid, pidfd_errno, DH_ERROR_NO_SUCH_PROCESS);

  errnum = dh_process_files_read_stat (process->directory, &stat);
  if (errnum != 0)
    return fail (error, process->pid, errnum, DH_ERROR_NO_SUCH_PROCESS);
  if ((stat.flags & PF_KTHREAD) != 0)
    return refuse (error, process->pid, "it is a kernel thread");
  /* A leader can be a zombie while other threads live on; it has no memory any more. */
  if (stat.state == 'Z' || stat.state == 'X' || !dh_process_is_alive (process))
    return fail (error, process->pid, ESRCH, DH_ERROR_NO_SUCH_PROCESS);

  process->start_time = stat.start_time;
  return TRUE;
}

DhProcess *
dh_process_open (const char *root, guint64 pid, GError **error)
{
  g_autoptr (DhProcess) process = NULL;
  g_autofree char *number = NULL;
  g_autofree char *path = NULL;
  int pidfd_errno;

  if (!check_number (pid, error))
    return NULL;

  process = g_atomic_rc_box_new0 (DhProcess);
  process->pid = pid;
  process->directory = -1;
  process->pidfd = syscall (SYS_pidfd_open, process->pid, 0);
  pidfd_errno = errno;

  number = g_strdup_printf ("%d", process->pid);
  path = g_build_filename (root, "proc", number, NULL);
  process->directory = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (process->directory < 0) {
    fail (error, process->pid, errno, DH_ERROR_NO_SUCH_PROCESS);
    return NULL;
  }
  return check_kind (process, pidfd_errno, error) ? g_steal_pointer (&process) : NULL;
}

DhProcess *
dh_process_ref (DhProcess *process)
{
  return g_atomic_rc_box_acquire (process);
}

void
dh_process_unref (DhProcess *process)
{
  g_atomic_rc_box_release_full (process, free_contents);
}

pid_t
dh_process_get_pid (const DhProcess *process)
{
  return process->pid;
}

int
dh_process_get_pidfd (const DhProcess *process)
{
  return process->pidfd;
}

guint64
dh_process_get_start_time (const DhProcess *process)
{
  return process->start_time;
}

gboolean
dh_process_equal (const DhProcess *a, const DhProcess *b)
{
  return a->pid == b->pid && a->start_time == b->start_time;
}

gboolean
dh_process_is_alive (const DhProcess *process)
{
  struct pollfd pollfd = { .fd = process->pidfd, .events = POLLIN };

  return poll (&pollfd, 1, 0) == 0;
}

/* A process that exits has let go of its memory a moment before it counts as exited, and looks
 * until then like one that is not dumpable. */
static gboolean
has_memory (const DhProcess *process)
{
  char status[DH_PROCESS_STATUS_BYTES];

  return dh_process_files_read (process->directory, "status", status, sizeof status) == 0
         && dh_process_files_find (status, "\nVmSize:") != NULL;
}

gboolean
dh_process_read_owner (const DhProcess *process, DhOwner *ret_owner, GError **error)
{
  char status[DH_PROCESS_STATUS_BYTES];
  struct stat maps;
  DhOwner owner = { 0 };
  int errnum = dh_process_files_read (process->directory, "status", status, sizeof status);

  if (errnum == 0 && !dh_process_files_parse_owner (status, &owner))
    errnum = EBADMSG;
  if (errnum == 0 && fstatat (process->directory, "maps", &maps, AT_SYMLINK_NOFOLLOW) < 0)
    errnum = errno;
  /* The maps of what is not dumpable are root's: of a process of root that cannot be told. */
  owner.dumpable = errnum == 0 && maps.st_uid == owner.uids[1];
  if (!dh_process_is_alive (process) || (errnum == 0 && !owner.dumpable && !has_memory (process)))
    errnum = ESRCH;
  if (errnum != 0)
    return fail (error, process->pid, errnum, DH_ERROR_PROCESS_EXITED);

  *ret_owner = owner;
  return TRUE;
}

gboolean
dh_process_read_anonymous (const DhProcess *process, guint64 *ret_anonymous, GError **error)
{
  char status[DH_PROCESS_STATUS_BYTES];
  int errnum = dh_process_files_read (process->directory, "status", status, sizeof status);
  const char *anonymous = errnum == 0 ? dh_process_files_find (status, "\nRssAnon:") : NULL;

  if (errnum == 0 && anonymous == NULL)
    errnum = EBADMSG;
  if (!dh_process_is_alive (process))
    errnum = ESRCH;
  if (errnum != 0)
    return fail (error, (guint32) process->pid, errnum, DH_ERROR_PROCESS_EXITED);
  *ret_anonymous = g_ascii_strtoull (anonymous, NULL, 10) * 1024;
  return TRUE;
}

gboolean
dh_process_read_memory (const DhProcess *process, guint64 *ret_anonymous, guint64 *ret_hugepages,
                        GError **error)
{
  char text[ROLLUP_BYTES];
  int errnum = dh_process_files_read (process->directory, "smaps_rollup", text, sizeof text);
  const char *anonymous, *hugepages;

  if (errnum == 0 && !dh_process_is_alive (process))
    errnum = ESRCH;
  if (errnum != 0)
    return fail (error, (guint32) process->pid, errnum, DH_ERROR_PROCESS_EXITED);
  anonymous = dh_process_files_find (text, "\nAnonymous:");
  hugepages = dh_process_files_find (text, "\nAnonHugePages:");
  if (!anonymous || !hugepages)
    return fail (error, (guint32) process->pid, EBADMSG, DH_ERROR_PROCESS_EXITED);
  *ret_anonymous = g_ascii_strtoull (anonymous, NULL, 10) * 1024;
  *ret_hugepages = g_ascii_strtoull (hugepages, NULL, 10) * 1024;
  return TRUE;
}

gboolean
dh_owner_is_own (const DhOwner *owner, uid_t uid, gid_t gid)
{
  for (guint i = 0; i < G_N_ELEMENTS (owner->uids); i++) {
    if (owner->uids[i] != uid || owner->gids[i] != gid)
      return FALSE;
  }
  return !owner->capable && owner->dumpable;
}

gboolean
dh_owner_equal (const DhOwner *a, const DhOwner *b)
{
  for (guint i = 0; i < G_N_ELEMENTS (a->uids); i++) {
    if (a->uids[i] != b->uids[i] || a->gids[i] != b->gids[i])
      return FALSE;
  }
  return !a->capable == !b->capable && !a->dumpable == !b->dumpable;
}

gboolean
dh_process_thp_enabled (const DhProcess *process)
{
  char status[DH_PROCESS_STATUS_BYTES];
  const char *enabled;

  if (dh_process_files_read (process->directory, "status", status, sizeof status) != 0)
    return TRUE;
  enabled = dh_process_files_find (status, "\nTHP_enabled:\t");
  return enabled == NULL || *enabled != '0';
}

char *
dh_process_dup_name (const DhProcess *process)
{
  char comm[COMM_BYTES];
  gsize length;

  if (dh_process_files_read (process->directory, "comm", comm, sizeof comm) != 0)
    return g_strdup ("");

  /* Only the newline that the kernel adds: the name itself may end in one. */
  length = strlen (comm);
  if (length > 0 && comm[length - 1] == '\n')
    length--;
  return dh_text_printable (comm, length, MAX_NAME_BYTES);
}

static char *
dup_unit (const DhProcess *process, int (*get_unit) (pid_t pid, char **ret_unit))
{
  char *unit = NULL;
  char *printable;

  /* sd-login takes a number, so whose answer it was is known only while the process lives. */
  if (get_unit (process->pid, &unit) < 0)
    return NULL;
  printable = dh_process_is_alive (process) ? dh_text_printable (unit, -1, MAX_UNIT_BYTES) : NULL;
  free (unit);
  return printable;
}

char *
dh_process_dup_unit (const DhProcess *process)
{
  return dup_unit (process, sd_pid_get_unit);
}

char *
dh_process_dup_user_unit (const DhProcess *process)
{
  return dup_unit (process, sd_pid_get_user_unit);
}
