/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "dying-case.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAIT_SECONDS 15

static Call *
add_by_pidfd (GDBusConnection *connection, guint32 pid, int pidfd)
{
  g_autoptr (GUnixFDList) descriptors = g_unix_fd_list_new ();
  g_autoptr (GError) error = NULL;

  g_unix_fd_list_append (descriptors, pidfd, &error);
  g_assert_no_error (error);
  return call_begin_at (connection, SERVICE_PATH, SERVICE_INTERFACE, "AddTarget",
                        g_variant_new_parsed ("(@h 0, @a{sv} {})"), descriptors, CALL_PLAIN);
}

static Call *
add_by_number (GDBusConnection *connection, guint32 pid, int pidfd)
{
  return call_begin (connection, SERVICE_INTERFACE, "AddTargetByPid",
                     g_variant_new_parsed ("(%u, @a{sv} {})", pid), CALL_PLAIN);
}

static Call *
set_pid (GDBusConnection *connection, guint32 pid, int pidfd)
{
  return set_property_begin (connection, "Pid", g_variant_new_uint32 (pid), CALL_PLAIN);
}

static Call *
set_pid_and_enable (GDBusConnection *connection, guint32 pid, int pidfd)
{
  return serve_begin (connection, pid);
}

const Addition additions[] = {
  { "add-by-pidfd", TRUE, add_by_pidfd },
  { "add-by-number", FALSE, add_by_number },
  { "set", FALSE, set_pid },
  { "set-and-enable", FALSE, set_pid_and_enable },
};

const guint n_additions = G_N_ELEMENTS (additions);

Mortal
mortal_new (Fixture *fixture, const char *user)
{
  Mortal self = { .pidfd = -1 };

  self.child = fixture_poser_as (fixture, user, &self.pid, NULL);
  self.pidfd = (int) syscall (SYS_pidfd_open, self.pid, 0);
  g_assert_no_errno (self.pidfd);
  return self;
}

void
mortal_die (Mortal *self)
{
  child_signal (self->child, SIGKILL);
  g_assert_true (child_wait (self->child, WAIT_SECONDS, NULL));
}

void
mortal_clear (Mortal *self)
{
  if (self->pidfd >= 0)
    close (self->pidfd);
  self->pidfd = -1;
}

Call *
addition_begin (const Addition *addition, GDBusConnection *connection, const Mortal *process)
{
  return addition->begin (connection, process->pid, process->pidfd);
}

Call *
call_target_begin (GDBusConnection *connection, const char *path, const char *method)
{
  return call_begin_at (connection, path, TARGET_INTERFACE, method,
                        g_str_equal (method, "GetHeatMap") ? g_variant_new ("(a{sv})", NULL) : NULL,
                        NULL, CALL_PLAIN);
}

static gboolean
has_no_targets (gpointer fixture)
{
  return count_targets (((Fixture *) fixture)->connection) == 0;
}

void
assert_no_targets (Fixture *fixture)
{
  g_assert_true (wait_until (has_no_targets, fixture, WAIT_SECONDS));
}
