/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "module-state.h"

#include "kdamond.h"
#include "unavailable.h"

static char *
read_boot_id (const char *root)
{
  g_autofree char *path = g_build_filename (root, "proc/sys/kernel/random/boot_id", NULL);
  char *boot_id = NULL;

  if (!g_file_get_contents (path, &boot_id, NULL, NULL))
    return g_strdup ("unknown");
  return g_strstrip (boot_id);
}

DhModule *
dh_module_open (const char *root, const char *record_path, GError **error)
{
  g_autoptr (DhModule) module = g_atomic_rc_box_new0 (DhModule);

  module->root = g_strdup (root);
  module->record_path = g_strdup (record_path);
  module->boot_id = read_boot_id (root);
  dh_module_record_load (&module->record, record_path, module->boot_id);
  module->inherited = module->record.held;
  module->files = dh_parameter_files_open (root, error);
  if (!module->files)
    return NULL;
  if (module->record.needs_reboot) {
    g_set_error (error, DH_UNAVAILABLE, DH_UNAVAILABLE_NEEDS_REBOOT,
                 "%s: the module does nothing any more until the machine is booted anew",
                 dh_parameter_files_get_path (module->files));
    return NULL;
  }
  return g_steal_pointer (&module);
}

static void
clear_module (gpointer data)
{
  DhModule *module = data;

  g_clear_pointer (&module->files, dh_parameter_files_free);
  g_free (module->boot_id);
  g_free (module->record_path);
  g_free (module->root);
}

DhModule *
dh_module_ref (DhModule *module)
{
  return g_atomic_rc_box_acquire (module);
}

void
dh_module_unref (DhModule *module)
{
  g_atomic_rc_box_release_full (module, clear_module);
}

const DhParameterFiles *
dh_module_get_files (const DhModule *module)
{
  return module->files;
}

/* `enabled` and kdamond_pid stay as they were when the kernel thread ends by itself, and
 * monitored_pid is what was written last: none of them tells by itself what is at work. */
static void
judge (const DhModule *module, DhModuleView *view)
{
  const DhModuleRecord *record = &module->record;
  const DhParameterValues *values = &view->values;
  const gboolean same_pid = record->pid == values->values[DH_PARAMETER_MONITORED_PID];
  gint pid = DH_KDAMOND_UNKNOWN;

  if (values->known[DH_PARAMETER_KDAMOND_PID])
    pid = (gint) (gint64) values->values[DH_PARAMETER_KDAMOND_PID];
  view->running = values->values[DH_PARAMETER_ENABLED] && dh_kdamond_lives (module->root, pid);
  view->kdamond_pid = view->running ? pid : -1;
  /* A crash may have come before the number was noted. */
  view->begun = view->running && record->held
                && (record->kdamond_pid != 0 ? record->kdamond_pid == (guint32) pid : same_pid);
  view->pid = view->begun ? record->pid : (guint32) values->values[DH_PARAMETER_MONITORED_PID];
  view->record = *record;
  view->astray = view->begun && module->astray;
  view->inherited = module->inherited;
}

/* Somebody else wrote an input of ours: whether he committed it cannot be seen. */
static void
check_settled (DhModule *module, const DhModuleView *view)
{
  const DhParameterValues *in_force = &module->record.in_force;

  for (DhParameter i = DH_PARAMETER_MIN_AGE; view->begun && i <= DH_PARAMETER_MAX_NR_REGIONS; i++)
    if (in_force->known[i] && view->values.known[i]
        && in_force->values[i] != view->values.values[i])
      module->settled = FALSE;
}

gboolean
dh_module_look (DhModule *module, DhModuleView *ret_view, GError **error)
{
  if (!dh_parameter_files_read_all (module->files, &ret_view->values, error))
    return FALSE;
  judge (module, ret_view);
  /* `enabled` was read first: somebody may have switched it off before the rest was. */
  if (ret_view->values.values[DH_PARAMETER_ENABLED] && !ret_view->running) {
    if (!dh_parameter_files_read_all (module->files, &ret_view->values, error))
      return FALSE;
    judge (module, ret_view);
  }
  check_settled (module, ret_view);
  return TRUE;
}

void
dh_module_save_record (DhModule *module)
{
  g_autoptr (GError) error = NULL;

  if (!dh_module_record_save (&module->record, module->record_path, module->boot_id, &error))
    g_warning ("After a crash nothing will be known of the module: %s", error->message);
}
