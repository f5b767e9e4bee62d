/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "unit-groups.h"

#include "wait.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRIES 500
#define PAUSE_USEC 10000

struct _UnitGroups {
  char *root;      /* where control groups are */
  char *system;    /* the folder of the system unit */
  char *user;      /* of the user's */
  GPtrArray *made; /* folders that were not there before, outermost first */
  pid_t cleaner;
  int lifeline; /* closed by whatever ends this process */
};

static gboolean
is_unified (const char *path)
{
  struct statfs status;

  return statfs (path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

/* Returns: whether the folder is there. */
static gboolean
make_folder (UnitGroups *self, const char *path)
{
  if (mkdir (path, 0755) == 0) {
    g_ptr_array_add (self->made, g_strdup (path));
    return TRUE;
  }
  return errno == EEXIST;
}

static gboolean
make_folders (UnitGroups *self, const char *path)
{
  g_autofree char *parent = NULL;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  parent = g_path_get_dirname (path);
  return make_folders (self, parent) && make_folder (self, path);
}

/* Processes may need a moment to be gone. */
static void
remove_folders (char *const *folders, guint n_folders)
{
  for (guint i = n_folders; i-- > 0;)
    for (guint try = 0; try < TRIES && rmdir (folders[i]) < 0 && errno == EBUSY; try++)
      usleep (PAUSE_USEC);
}

/* A child that does it whatever becomes of the test; with nothing but calls into the kernel, since
 * the test has threads. */
static void
start_cleaner (UnitGroups *self)
{
  int ends[2];

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  self->cleaner = fork ();
  g_assert_no_errno (self->cleaner);
  if (self->cleaner == 0) {
    char byte;

    setsid ();
    /* Whatever the test has open is to end with it. */
    if (ends[0] > 0)
      close_range (0, (guint) ends[0] - 1, 0);
    close_range ((guint) ends[0] + 1, G_MAXUINT, 0);
    while (read (ends[0], &byte, 1) > 0)
      ;
    remove_folders ((char *const *) self->made->pdata, self->made->len);
    _exit (0);
  }
  close (ends[0]);
  self->lifeline = ends[1];
}

UnitGroups *
unit_groups_new (uid_t uid)
{
  UnitGroups *self = g_new0 (UnitGroups, 1);

  self->root =
    g_strdup (is_unified ("/sys/fs/cgroup") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified");
  self->system = g_strdup_printf ("%s/system.slice/" UNIT_NAME, self->root);
  self->user = g_strdup_printf ("%s/user.slice/user-%u.slice/user@%u.service/app.slice/" UNIT_NAME,
                                self->root, uid, uid);
  self->made = g_ptr_array_new_with_free_func (g_free);
  self->lifeline = -1;
  if (is_unified (self->root) && make_folders (self, self->system)
      && make_folders (self, self->user)) {
    start_cleaner (self);
    return self;
  }
  remove_folders ((char *const *) self->made->pdata, self->made->len);
  unit_groups_free (self);
  return NULL;
}

void
unit_groups_free (UnitGroups *self)
{
  if (self->lifeline >= 0) {
    close (self->lifeline);
    g_assert_no_errno (waitpid (self->cleaner, NULL, 0));
    for (guint i = 0; i < self->made->len; i++)
      g_assert_false (g_file_test (g_ptr_array_index (self->made, i), G_FILE_TEST_EXISTS));
  }
  g_ptr_array_unref (self->made);
  g_free (self->root);
  g_free (self->system);
  g_free (self->user);
  g_free (self);
}

static void
put (const char *folder, pid_t pid)
{
  g_autofree char *path = g_build_filename (folder, "cgroup.procs", NULL);
  g_autofree char *text = g_strdup_printf ("%d", pid);
  int fd = open (path, O_WRONLY | O_CLOEXEC);

  g_assert_no_errno (fd);
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  close (fd);
}

void
unit_groups_put_in_system (UnitGroups *self, pid_t pid)
{
  put (self->system, pid);
}

void
unit_groups_put_in_user (UnitGroups *self, pid_t pid)
{
  put (self->user, pid);
}

void
unit_groups_take_out (UnitGroups *self, pid_t pid)
{
  put (self->root, pid);
}
