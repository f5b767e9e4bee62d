/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "footprint.h"
#include "target-objects.h"
#include "targets.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What AddTarget and AddTargetByPid do not take. One machine for all rows: what was wrongly taken,
 * or kept open, would show in the next. */

#define FLAG_THREAD O_EXCL /* PIDFD_THREAD */

#define WAIT_SECONDS 10
#define MORE_MEMORY (4 << 20)

#define INVALID_ARGS BUS_ERROR "InvalidArgs"
#define INVALID_VALUE SERVICE_ERROR "InvalidValue"
#define NOT_PERMITTED SERVICE_ERROR "ProcessNotPermitted"
#define EXITED SERVICE_ERROR "ProcessExited"
#define NO_PROCESS SERVICE_ERROR "NoSuchProcess"

static Fixture machine;
static GDBusConnection *alice;
static guint32 hers; /* a process of alice's */

static int
open_pidfd (guint32 pid, guint flags)
{
  const int fd = (int) syscall (SYS_pidfd_open, pid, flags);

  g_assert_no_errno (fd);
  return fd;
}

static int
open_file (void)
{
  return open ("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int
open_device (void)
{
  return open ("/dev/zero", O_RDWR | O_CLOEXEC);
}

static int
open_socket (void)
{
  return socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int
open_memfd (void)
{
  return memfd_create ("Pid:\t1\n", MFD_CLOEXEC);
}

static int
open_folder (void)
{
  return open ("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
open_pipe (void)
{
  int ends[2];

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  close (ends[1]);
  return ends[0];
}

static int
open_epoll (void)
{
  return epoll_create1 (EPOLL_CLOEXEC);
}

static int
open_eventfd (void)
{
  return eventfd (0, EFD_CLOEXEC);
}

static int
open_process_folder (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u", hers);

  return open (path, O_PATH | O_CLOEXEC);
}

static int
open_thread (void)
{
  guint32 tid;

  fixture_poser_as (&machine, "alice", &tid, "--thread", NULL);
  return (int) syscall (SYS_pidfd_open, tid, FLAG_THREAD);
}

static int
open_service (void)
{
  return open_pidfd ((guint32) child_get_pid (machine.service), 0);
}

static int
open_first_process (void)
{
  return open_pidfd (1, 0);
}

/* In a container there is none to be seen. */
static gboolean
has_kernel_thread (void)
{
  g_autofree char *name = NULL;

  return g_file_get_contents ("/proc/2/comm", &name, NULL, NULL)
         && g_str_equal (name, "kthreadd\n");
}

static int
open_kernel_thread (void)
{
  return has_kernel_thread () ? open_pidfd (2, 0) : -1;
}

static int
open_exited (void)
{
  Child *process = fixture_poser_as (&machine, "alice", NULL, NULL);
  const int fd = open_pidfd ((guint32) child_get_pid (process), 0);

  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  return fd;
}

static int
open_zombie (void)
{
  guint32 pid;

  fixture_poser_as (&machine, "alice", &pid, "--zombie", NULL);
  return open_pidfd (pid, 0);
}

static int
open_good (void)
{
  return open_pidfd (hers, 0);
}

static const struct {
  const char *name;
  int (*open) (void);
  const char *error;
  guint n_descriptors;
  gint32 handle;
} descriptors[] = {
  { "file", open_file, INVALID_ARGS, 1, 0 },
  { "device", open_device, INVALID_ARGS, 1, 0 },
  { "socket", open_socket, INVALID_ARGS, 1, 0 },
  { "memfd", open_memfd, INVALID_ARGS, 1, 0 },
  { "directory", open_folder, INVALID_ARGS, 1, 0 },
  { "pipe", open_pipe, INVALID_ARGS, 1, 0 },
  { "epoll", open_epoll, INVALID_ARGS, 1, 0 },
  { "eventfd", open_eventfd, INVALID_ARGS, 1, 0 },
  { "path-of-a-process", open_process_folder, INVALID_ARGS, 1, 0 },
  { "pidfd-of-a-thread", open_thread, NOT_PERMITTED, 1, 0 },
  { "pidfd-of-the-service", open_service, NOT_PERMITTED, 1, 0 },
  { "pidfd-of-the-first-process", open_first_process, NOT_PERMITTED, 1, 0 },
  { "pidfd-of-a-kernel-thread", open_kernel_thread, NOT_PERMITTED, 1, 0 },
  { "pidfd-of-an-exited-process", open_exited, EXITED, 1, 0 },
  { "pidfd-of-a-zombie", open_zombie, EXITED, 1, 0 },
  { "none", open_good, INVALID_ARGS, 0, 0 },
  { "none-and-handle-1", open_good, INVALID_ARGS, 0, 1 },
  { "two", open_good, INVALID_ARGS, 2, 0 },
  { "two-and-the-second-is-meant", open_good, INVALID_ARGS, 2, 1 },
  { "sixteen", open_good, INVALID_ARGS, 16, 0 },
  { "handle-1-of-one", open_good, INVALID_ARGS, 1, 1 },
  { "handle-is-negative", open_good, INVALID_ARGS, 1, -1 },
  { "handle-is-the-least", open_good, INVALID_ARGS, 1, G_MININT32 },
  { "handle-is-the-largest", open_good, INVALID_ARGS, 1, G_MAXINT32 },
};

/* By her, who may, and by root, who may everything. */
static void
assert_descriptor_refused (guint i, int fd)
{
  GDBusConnection *const callers[] = { alice, machine.connection };
  int fds[16];

  for (guint j = 0; j < G_N_ELEMENTS (fds); j++)
    fds[j] = fd;
  for (guint j = 0; j < G_N_ELEMENTS (callers); j++) {
    g_autoptr (Standstill) standstill = standstill_new (&machine);
    g_autoptr (GError) error = NULL;

    g_assert_null (add_target_by_descriptors (callers[j], fds, descriptors[i].n_descriptors,
                                              descriptors[i].handle, NULL, &error));
    assert_error_name (error, descriptors[i].error);
    assert_standstill (standstill);
  }
}

static void
test_descriptor (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const int fd = descriptors[i].open ();
  const Footprint before = footprint_read (&machine);

  if (fd < 0) {
    g_test_message ("There is none here");
    return;
  }
  assert_descriptor_refused (i, fd);
  close (fd);
  assert_footprint (&machine, &before, MORE_MEMORY);
}

static guint32
make_thread (void)
{
  guint32 tid;

  fixture_poser_as (&machine, "alice", &tid, "--thread", NULL);
  return tid;
}

static guint32
make_zombie (void)
{
  guint32 pid;

  fixture_poser_as (&machine, "alice", &pid, "--zombie", NULL);
  return pid;
}

static guint32
make_unused (void)
{
  Child *process = fixture_poser_as (&machine, "alice", NULL, NULL);
  const guint32 pid = (guint32) child_get_pid (process);

  child_signal (process, SIGKILL);
  g_assert_true (child_wait (process, WAIT_SECONDS, NULL));
  return pid;
}

static guint32
find_service (void)
{
  return (guint32) child_get_pid (machine.service);
}

static const struct {
  const char *name;
  guint32 (*make) (void);
  guint32 pid;
  const char *error;
} numbers[] = {
  { "0", NULL, 0, INVALID_VALUE },
  { "first-process", NULL, 1, NOT_PERMITTED },
  { "kernel-thread", NULL, 2, NOT_PERMITTED },
  { "thread", make_thread, 0, NOT_PERMITTED },
  { "zombie", make_zombie, 0, NO_PROCESS },
  { "unused", make_unused, 0, NO_PROCESS },
  { "the-service", find_service, 0, NOT_PERMITTED },
  { "beyond-pid-max", NULL, 4194304, NO_PROCESS },
  { "2^31-1", NULL, G_MAXINT32, NO_PROCESS },
  { "2^31", NULL, (guint32) G_MAXINT32 + 1, INVALID_VALUE },
  { "2^32-1", NULL, G_MAXUINT32, INVALID_VALUE },
};

static void
test_number (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const guint32 pid = numbers[i].make != NULL ? numbers[i].make () : numbers[i].pid;
  static const char *const options[] = { NULL, "{'primary': <true>}" };

  if (pid == 2 && !has_kernel_thread ()) {
    g_test_message ("No kernel thread is seen here");
    return;
  }
  for (guint j = 0; j < 2 * G_N_ELEMENTS (options); j++) {
    g_autoptr (Standstill) standstill = standstill_new (&machine);
    g_autoptr (GError) error = NULL;

    g_assert_null (add_target (j % 2 ? machine.connection : alice, pid, options[j / 2], &error));
    assert_error_name (error, numbers[i].error);
    assert_standstill (standstill);
  }
}

static void
test_end (void)
{
  g_clear_object (&alice);
  fixture_tear_down (&machine, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture_set_up_own (&machine, NULL);
  alice = fixture_connection_as (&machine, "alice");
  hers = fixture_process_of (&machine, "alice");
  for (guint i = 0; i < G_N_ELEMENTS (descriptors); i++) {
    g_autofree char *path =
      g_strconcat ("/targets-bad-input/descriptor-", descriptors[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_descriptor);
  }
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++) {
    g_autofree char *path = g_strconcat ("/targets-bad-input/number-", numbers[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_number);
  }
  g_test_add_func ("/targets-bad-input/service-ends-in-order", test_end);
  return g_test_run ();
}
