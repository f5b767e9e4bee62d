/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <ftw.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A folder in place of /, with what a test puts into its /proc and /sys. */
typedef struct {
  char *path;
} FakeRoot;

static inline void
fake_root_set_up (FakeRoot *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->path = g_dir_make_tmp ("damon-hugepage-root-XXXXXX", &error);
  g_assert_no_error (error);
}

static inline int
fake_root_remove (const char *path, const struct stat *status, int type, struct FTW *position)
{
  return remove (path);
}

static inline void
fake_root_tear_down (FakeRoot *self, gconstpointer data)
{
  g_assert_no_errno (nftw (self->path, fake_root_remove, 16, FTW_DEPTH | FTW_PHYS));
  g_free (self->path);
}

static inline void
fake_root_add_file (FakeRoot *self, const char *name, const char *contents)
{
  g_autofree char *path = g_build_filename (self->path, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (g_mkdir_with_parents (folder, 0755));
  g_file_set_contents (path, contents, -1, &error);
  g_assert_no_error (error);
}

/* What the kernel says of a process that lives, for what is not to be as it says. */
static inline void
fake_root_add_process (FakeRoot *self, pid_t pid)
{
  static const char *const files[] = { "stat", "status", "comm" };
  g_autofree char *maps = g_strdup_printf ("proc/%d/maps", pid);

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *name = g_strdup_printf ("proc/%d/%s", pid, files[i]);
    g_autofree char *path = g_strconcat ("/", name, NULL);
    g_autofree char *text = NULL;
    g_autoptr (GError) error = NULL;

    g_file_get_contents (path, &text, NULL, &error);
    g_assert_no_error (error);
    fake_root_add_file (self, name, text);
  }
  /* Just its owner matters. */
  fake_root_add_file (self, maps, "");
}

/* An entry of the firmware's memory map. */
static inline void
fake_root_add_memory (FakeRoot *self, guint number, const char *start, const char *end,
                      const char *type)
{
  const char *const files[][2] = { { "start", start }, { "end", end }, { "type", type } };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *name = g_strdup_printf ("sys/firmware/memmap/%u/%s", number, files[i][0]);
    g_autofree char *line = g_strconcat (files[i][1], "\n", NULL);

    fake_root_add_file (self, name, line);
  }
}
