/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "host.h"

#include "model.h"

/* All that the host's folder has, but for @own. */
static void
link_folder (Model *model, const char *folder, const char *own)
{
  g_autofree char *host = g_strconcat ("/sys", folder, NULL);
  g_autoptr (GDir) entries = g_dir_open (host, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL) {
    g_autofree char *path = g_strdup_printf ("%s/%s", folder, name);
    g_autofree char *destination = g_strdup_printf ("%s/%s", host, name);

    if (!g_strv_contains ((const char *const[]){ "module", own, NULL }, name))
      tree_add_link (model->tree, path, destination);
  }
}

void
host_init (Model *model)
{
  link_folder (model, "", "kernel");
  link_folder (model, "/kernel", "mm");
  link_folder (model, "/kernel/mm", "damon");
}
