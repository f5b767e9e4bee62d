/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* One process, held by a pidfd from the moment it is named: a number that is used again by the
 * kernel is never mistaken for it. Immutable but for its reference count: for every thread. */
typedef struct _DhProcess DhProcess;

/* The credentials that decide whose process it is. */
typedef struct {
  uid_t uids[4]; /* real, effective, saved, file system */
  gid_t gids[4];
  gboolean capable;  /* has permitted capabilities */
  gboolean dumpable; /* /proc/PID/maps belongs to its effective uid; always of uid 0 */
} DhOwner;

/* Takes @pid, a thread-group leader in this PID namespace. @root: where /proc is found, "/" but in
 * tests.
 * Errors: DH_ERROR_INVALID_VALUE for 0 and what is no PID (above INT32_MAX);
 * DH_ERROR_NO_SUCH_PROCESS, for zombies too; DH_ERROR_PROCESS_NOT_PERMITTED for PID 1, kernel
 * threads, threads and this process; DH_ERROR_LIMIT_EXCEEDED without a free descriptor or memory;
 * DH_ERROR_NOT_AVAILABLE where the kernel lets nothing be known of processes.
 * Returns: (transfer full). */
DhProcess *dh_process_open (const char *root, guint64 pid, GError **error);

/* The same for the process of a descriptor that somebody handed over, which may be of any kind and
 * stays the caller's.
 * Errors: DH_ERROR_INVALID_ARGS for what is no pidfd; DH_ERROR_PROCESS_EXITED, for zombies too;
 * DH_ERROR_NO_SUCH_PROCESS for a process that this PID namespace does not have;
 * DH_ERROR_PROCESS_NOT_PERMITTED, DH_ERROR_LIMIT_EXCEEDED, DH_ERROR_NOT_AVAILABLE as above.
 * Returns: (transfer full). */
DhProcess *dh_process_open_pidfd (const char *root, int pidfd, GError **error);

DhProcess *dh_process_ref (DhProcess *process);
void dh_process_unref (DhProcess *process);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhProcess, dh_process_unref)

pid_t dh_process_get_pid (const DhProcess *process);

/* The pidfd, owned by @process; readable (POLLIN) once the process has exited. */
int dh_process_get_pidfd (const DhProcess *process);

/* Start time in clock ticks since boot (field 22 of /proc/PID/stat). With the boot id it identifies
 * the process across a restart of this service. */
guint64 dh_process_get_start_time (const DhProcess *process);

/* Whether both are the same process, neither being NULL. */
gboolean dh_process_equal (const DhProcess *a, const DhProcess *b);

gboolean dh_process_is_alive (const DhProcess *process);

/* Reads the owner as it is now; the pidfd is checked afterwards, so that the answer is this
 * process's. Errors: DH_ERROR_PROCESS_EXITED; DH_ERROR_LIMIT_EXCEEDED, DH_ERROR_NOT_AVAILABLE as
 * above. */
gboolean dh_process_read_owner (const DhProcess *process, DhOwner *ret_owner, GError **error);

/* The rule of *own*: all four uids equal @uid, all four gids equal @gid (the caller's primary
 * group), no permitted capabilities, dumpable: whatever is asked for, the process could do to
 * itself with madvise(2). */
gboolean dh_owner_is_own (const DhOwner *owner, uid_t uid, gid_t gid);

/* Same uids, gids and privilege (capable, dumpable): a process that changes any of them is somebody
 * else's. */
gboolean dh_owner_equal (const DhOwner *a, const DhOwner *b);

/* Whether transparent huge pages are allowed to it (THP_enabled of /proc/PID/status; prctl
 * PR_SET_THP_DISABLE takes them away). TRUE where the kernel does not say. */
gboolean dh_process_thp_enabled (const DhProcess *process);

/* Anonymous memory that is resident, in bytes, by the kernel's own counters (RssAnon of
 * /proc/PID/status): cheap whatever the process is at, and off by some pages a processor. Errors:
 * as dh_process_read_owner(). */
gboolean dh_process_read_anonymous (const DhProcess *process, guint64 *ret_anonymous,
                                    GError **error);

/* Anonymous memory and how much of it is in huge pages, in bytes, by /proc/PID/smaps_rollup.
 * Blocks: the kernel walks the page tables, behind whatever holds the process's mmap lock. Errors:
 * as dh_process_read_owner(). */
gboolean dh_process_read_memory (const DhProcess *process, guint64 *ret_anonymous,
                                 guint64 *ret_hugepages, GError **error);

/* comm, made printable. Returns: (transfer full), "" if it is gone. */
char *dh_process_dup_name (const DhProcess *process);

/* The system unit, and the unit of its user's manager, as sd-login knows them, made printable: a
 * user can name the latter as he likes. Returns: (transfer full) (nullable). */
char *dh_process_dup_unit (const DhProcess *process);
char *dh_process_dup_user_unit (const DhProcess *process);
