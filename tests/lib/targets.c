/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "targets.h"
#include "target-objects.h"

#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define READY_SECONDS 10
#define ANSWER_SECONDS 15 /* polkit may be waited for that long, and a bit */
#define READY "ready "

static const char *
poser (void)
{
  const char *program = g_getenv ("DH_POSER");

  g_assert_nonnull (program);
  return program;
}

Child *
fixture_poser_as (Fixture *self, const char *user, guint32 *ret_id, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *ready = NULL;
  const char *argument;
  va_list options;
  Child *child;

  g_ptr_array_add (argv, (gpointer) poser ());
  va_start (options, ret_id);
  while ((argument = va_arg (options, const char *)) != NULL)
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (options);
  g_ptr_array_add (argv, NULL);
  child = fixture_spawn_argv_as (self, user, (const char *const *) argv->pdata);
  ready = child_expect_line (child, READY, READY_SECONDS);
  if (ret_id != NULL)
    *ret_id = (guint32) g_ascii_strtoull (ready + strlen (READY), NULL, 10);
  return child;
}

guint32
fixture_process_of (Fixture *self, const char *user)
{
  return (guint32) child_get_pid (fixture_poser_as (self, user, NULL, NULL));
}

pid_t
process_with_pid (guint32 pid, const char *user)
{
  g_autoptr (User) entry = user_lookup (user);
  pid_t wanted = (pid_t) pid;
  struct clone_args arguments = { .exit_signal = SIGCHLD,
                                  .set_tid = (guintptr) &wanted,
                                  .set_tid_size = 1 };
  long result = syscall (SYS_clone3, &arguments, sizeof arguments);

  g_assert_no_errno (result);
  if (result == 0) {
    prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (syscall (SYS_setresgid, entry->gid, entry->gid, entry->gid) < 0
        || syscall (SYS_setresuid, entry->uid, entry->uid, entry->uid) < 0)
      _exit (1);
    prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
    for (;;)
      pause ();
  }
  return (pid_t) result;
}

void
end_process_with_pid (pid_t pid)
{
  g_assert_no_errno (kill (pid, SIGKILL));
  g_assert_no_errno (waitpid (pid, NULL, 0));
}

/* As setcap(8) would: any capability will do. */
static void
give_capability (const char *path)
{
  const struct vfs_cap_data capability = {
    .magic_etc = GUINT32_TO_LE (VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE),
    .data = { { .permitted = GUINT32_TO_LE (1U << CAP_NET_RAW) } },
  };

  g_assert_no_errno (setxattr (path, "security.capability", &capability, sizeof capability, 0));
}

char *
fixture_install_privileged (Fixture *self, Privilege privilege)
{
  static const char *const names[] = { [PRIVILEGE_SETUID] = "poser-setuid",
                                       [PRIVILEGE_SETGID] = "poser-setgid",
                                       [PRIVILEGE_CAPABILITY] = "poser-capability" };
  g_autofree char *path = g_build_filename (self->directory, "bin", names[privilege], NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  g_file_get_contents (poser (), &contents, &length, &error);
  g_assert_no_error (error);
  g_file_set_contents_full (path, contents, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0755,
                            &error);
  g_assert_no_error (error);
  g_assert_no_errno (chown (path, 0, 0));
  if (privilege == PRIVILEGE_CAPABILITY)
    give_capability (path);
  g_assert_no_errno (chmod (path, privilege == PRIVILEGE_SETUID   ? 04755
                                  : privilege == PRIVILEGE_SETGID ? 02755
                                                                  : 0755));
  return g_steal_pointer (&path);
}

gboolean
serve (GDBusConnection *connection, guint32 pid, GError **error)
{
  g_autofree char *settings = g_strdup_printf ("{'Pid': <uint32 %u>, 'Enabled': <true>}", pid);

  return configure (connection, settings, CALL_PLAIN, error);
}

Call *
serve_begin (GDBusConnection *connection, guint32 pid)
{
  return call_begin (connection, SERVICE_INTERFACE, "Configure",
                     g_variant_new_parsed ("({'Pid': <%u>, 'Enabled': <true>}, @a{sv} {})", pid),
                     CALL_PLAIN);
}

void
assert_answer (Call *call, const char *error_name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = call_finish (call, ANSWER_SECONDS, &error);

  if (error_name != NULL)
    assert_error_name (error, error_name);
  g_assert_no_error (error);
}

Call *
fixture_serve_unanswered (Fixture *self, GDBusConnection *connection, guint32 pid)
{
  Call *call;

  fixture_polkit_hang (self);
  call = serve_begin (connection, pid);
  wait_for (200);
  g_assert_false (call_is_done (call));
  return call;
}

void
fixture_serve (Fixture *self, guint32 pid)
{
  g_autoptr (GError) error = NULL;

  serve (self->connection, pid, &error);
  g_assert_no_error (error);
  assert_property_eventually (self->connection, "State", g_variant_new_string ("running"), 10);
}

struct _Standstill {
  Fixture *fixture;
  GPtrArray *news; /* SignalWatch: of all that announces a change */
  GVariant *properties;
  GVariant *targets;
  char *settings; /* (nullable) */
  char *target;   /* (nullable) */
};

static const struct {
  const char *interface;
  const char *name;
} news[] = {
  { "org.freedesktop.DBus.Properties", "PropertiesChanged" },
  { OBJECT_MANAGER, "InterfacesAdded" },
  { OBJECT_MANAGER, "InterfacesRemoved" },
  { TARGET_INTERFACE, "Exited" },
};

void
wait_for_files (void)
{
  wait_for (800);
}

static char *
read_state_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->directory, "state", name, NULL);
  char *contents = NULL;

  g_file_get_contents (path, &contents, NULL, NULL);
  return contents;
}

static GVariant *
read_properties (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;
  GVariant *properties = get_all_properties (fixture->connection, &error);

  g_assert_no_error (error);
  return properties;
}

Standstill *
standstill_new (Fixture *fixture)
{
  Standstill *self = g_new0 (Standstill, 1);

  self->fixture = fixture;
  self->properties = read_properties (fixture);
  self->targets = get_targets (fixture->connection);
  self->settings = read_state_file (fixture, "settings");
  self->target = read_state_file (fixture, "targets");
  self->news = g_ptr_array_new_with_free_func ((GDestroyNotify) signal_watch_free);
  for (guint i = 0; i < G_N_ELEMENTS (news); i++)
    g_ptr_array_add (
      self->news, signal_watch_new_at (fixture->connection, NULL, news[i].interface, news[i].name));
  return self;
}

void
standstill_free (Standstill *self)
{
  g_ptr_array_unref (self->news);
  g_variant_unref (self->properties);
  g_variant_unref (self->targets);
  g_free (self->settings);
  g_free (self->target);
  g_free (self);
}

/* Returns: (transfer full) (nullable): NULL where they are the same. */
static char *
compare (const char *what, GVariant *before, GVariant *after)
{
  g_autofree char *was = NULL, *is = NULL;

  if (g_variant_equal (before, after))
    return NULL;
  was = g_variant_print (before, FALSE);
  is = g_variant_print (after, FALSE);
  return g_strdup_printf ("the %s were\n%s\nand are\n%s", what, was, is);
}

/* The same, of what was announced. */
static char *
find_news (const Standstill *self)
{
  for (guint i = 0; i < self->news->len; i++) {
    const SignalWatch *watch = g_ptr_array_index (self->news, i);

    if (watch->count > 0)
      return g_strdup_printf ("%s came %u times", news[i].name, watch->count);
  }
  return NULL;
}

/* The same, of the files. */
static char *
compare_files (const Standstill *self)
{
  g_autofree char *settings = read_state_file (self->fixture, "settings");
  g_autofree char *target = read_state_file (self->fixture, "targets");

  if (g_strcmp0 (settings, self->settings) == 0 && g_strcmp0 (target, self->target) == 0)
    return NULL;
  return g_strdup_printf ("a file of the service has changed:\n%s\n%s", settings, target);
}

void
standstill_check (const char *domain, const char *file, int line, const char *function,
                  Standstill *self, gboolean lasting)
{
  g_autoptr (GVariant) properties = NULL, targets = NULL;
  g_autofree char *text = NULL;

  if (lasting)
    wait_for_files ();
  properties = read_properties (self->fixture);
  targets = get_targets (self->fixture->connection);
  text = compare ("properties", self->properties, properties);
  if (text == NULL)
    text = compare ("targets", self->targets, targets);
  if (text == NULL)
    text = find_news (self);
  if (text == NULL && lasting)
    text = compare_files (self);
  if (text != NULL)
    g_assertion_message (domain, file, line, function, text);
}
