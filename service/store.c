/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store.h"

#include "settings-file.h"
#include "store-file.h"
#include "stored-target.h"
#include "trusted-file.h"

#define GROUP_BOOT "Boot"
#define KEY_ID "Id"
#define GROUP_TARGET "Target "

struct _DhStore {
  GObject parent_instance;

  char *boot_id;
  GKeyFile *settings; /* what the file holds or will */
  DhStoreFile *settings_file;
  DhStoreFile *targets_file;
  char *targets;          /* what that holds or will (nullable), … */
  gboolean saves_targets; /* … once it was written by this run */
  guint delay_id;
};

G_DEFINE_FINAL_TYPE (DhStore, dh_store, G_TYPE_OBJECT)

static void
write_settings (DhStore *self)
{
  dh_store_file_write (self->settings_file, g_key_file_to_data (self->settings, NULL, NULL));
}

static gboolean
on_delay_over (gpointer user_data)
{
  DhStore *self = user_data;

  self->delay_id = 0;
  write_settings (self);
  return G_SOURCE_REMOVE;
}

static void
dh_store_dispose (GObject *object)
{
  DhStore *self = DH_STORE (object);

  if (self->settings_file != NULL)
    dh_store_flush (self);
  g_clear_pointer (&self->settings_file, dh_store_file_unref);
  g_clear_pointer (&self->targets_file, dh_store_file_unref);

  G_OBJECT_CLASS (dh_store_parent_class)->dispose (object);
}

static void
dh_store_finalize (GObject *object)
{
  DhStore *self = DH_STORE (object);

  g_free (self->boot_id);
  g_free (self->targets);
  g_clear_pointer (&self->settings, g_key_file_unref);

  G_OBJECT_CLASS (dh_store_parent_class)->finalize (object);
}

static void
dh_store_class_init (DhStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = dh_store_dispose;
  object_class->finalize = dh_store_finalize;
}

static void
dh_store_init (DhStore *self G_GNUC_UNUSED)
{
}

static DhStoreFile *
new_file (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  return dh_store_file_new (path);
}

static char *
read_boot_id (const char *root)
{
  g_autofree char *path = g_build_filename (root, "proc/sys/kernel/random/boot_id", NULL);
  g_autoptr (GError) error = NULL;
  char *boot_id = NULL;

  if (!g_file_get_contents (path, &boot_id, NULL, &error)) {
    g_warning ("No target will be recorded: %s", error->message);
    return NULL;
  }
  return g_strstrip (boot_id);
}

/* Returns: NULL where there is no such file or it is of no use. */
static GKeyFile *
load_file (const DhStoreFile *file)
{
  g_autoptr (GError) error = NULL;
  GKeyFile *key_file = dh_trusted_file_load (dh_store_file_get_path (file), &error);

  if (key_file == NULL && !g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_warning ("What was stored is ignored: %s", error->message);
  return key_file;
}

DhStore *
dh_store_new (const char *directory, const char *root)
{
  DhStore *self = g_object_new (DH_TYPE_STORE, NULL);

  self->boot_id = read_boot_id (root);
  self->settings_file = new_file (directory, "settings");
  self->targets_file = new_file (directory, "targets");
  self->settings = load_file (self->settings_file);
  if (self->settings == NULL)
    self->settings = g_key_file_new ();
  return self;
}

void
dh_store_load_settings (DhStore *self, const char *engine, DhSettings *settings)
{
  g_return_if_fail (DH_IS_STORE (self));

  dh_settings_load_group (settings, self->settings, dh_store_file_get_path (self->settings_file),
                          engine, TRUE);
}

static void
replace_group (GKeyFile *file, const char *engine, const DhSettings *settings,
               const DhSettings *defaults)
{
  g_key_file_remove_group (file, engine, NULL);
  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    const DhSettingInfo *info = dh_setting_info (i);

    if (info->stored && settings->values[i] != defaults->values[i])
      g_key_file_set_uint64 (file, engine, info->name, settings->values[i]);
  }
}

/* Whether replace_group() would come to the same. */
static gboolean
group_is (GKeyFile *file, const char *engine, const DhSettings *settings,
          const DhSettings *defaults)
{
  gsize n_keys = 0, n_stored = 0;
  g_auto (GStrv) keys = g_key_file_get_keys (file, engine, &n_keys, NULL);

  for (guint i = 0; i < DH_N_SETTINGS; i++) {
    const DhSettingInfo *info = dh_setting_info (i);
    g_autoptr (GError) error = NULL;

    if (!info->stored || settings->values[i] == defaults->values[i])
      continue;
    if (g_key_file_get_uint64 (file, engine, info->name, &error) != settings->values[i] || error)
      return FALSE;
    n_stored++;
  }
  return n_keys == n_stored;
}

void
dh_store_save_settings (DhStore *self, const char *engine, const DhSettings *settings,
                        const DhSettings *defaults)
{
  g_return_if_fail (DH_IS_STORE (self));

  if (group_is (self->settings, engine, settings, defaults))
    return;
  replace_group (self->settings, engine, settings, defaults);
  if (self->delay_id == 0)
    self->delay_id = g_timeout_add (DH_STORE_DELAY_MSEC, on_delay_over, self);
}

static void
clear_target (gpointer data)
{
  dh_stored_target_clear (data);
}

static void
load_target (DhStore *self, GKeyFile *file, const char *group, GArray *targets)
{
  g_autoptr (GError) error = NULL;
  DhStoredTarget target;

  if (dh_stored_target_parse (file, group, &target, &error))
    g_array_append_val (targets, target);
  else
    g_warning ("%s: [%s] is ignored: %s", dh_store_file_get_path (self->targets_file), group,
               error->message);
}

static gboolean
is_of_boot (DhStore *self, GKeyFile *file)
{
  g_autofree char *recorded = g_key_file_get_string (file, GROUP_BOOT, KEY_ID, NULL);

  return g_strcmp0 (recorded, self->boot_id) == 0;
}

GArray *
dh_store_load_targets (DhStore *self)
{
  GArray *targets = g_array_new (FALSE, FALSE, sizeof (DhStoredTarget));
  g_autoptr (GKeyFile) file = NULL;
  g_auto (GStrv) groups = NULL;

  g_return_val_if_fail (DH_IS_STORE (self), targets);

  g_array_set_clear_func (targets, clear_target);
  if (self->boot_id == NULL)
    return targets;
  file = load_file (self->targets_file);
  if (file == NULL || !is_of_boot (self, file))
    return targets;
  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    if (g_str_has_prefix (groups[i], GROUP_TARGET))
      load_target (self, file, groups[i], targets);
  return targets;
}

static char *
format_targets (DhStore *self, const GArray *targets)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_key_file_set_string (file, GROUP_BOOT, KEY_ID, self->boot_id);
  for (guint i = 0; i < targets->len; i++) {
    g_autofree char *group = g_strdup_printf (GROUP_TARGET "%u", i + 1);

    dh_stored_target_write (file, group, &g_array_index (targets, DhStoredTarget, i));
  }
  return g_key_file_to_data (file, NULL, NULL);
}

void
dh_store_save_targets (DhStore *self, const GArray *targets)
{
  const gboolean none = targets == NULL || targets->len == 0 || self->boot_id == NULL;
  g_autofree char *text = none ? NULL : format_targets (self, targets);

  g_return_if_fail (DH_IS_STORE (self));

  if (self->saves_targets && g_strcmp0 (text, self->targets) == 0)
    return;
  self->saves_targets = TRUE;
  g_free (self->targets);
  self->targets = g_strdup (text);
  dh_store_file_write (self->targets_file, g_steal_pointer (&text));
}

void
dh_store_flush (DhStore *self)
{
  g_return_if_fail (DH_IS_STORE (self));

  if (self->delay_id != 0) {
    g_clear_handle_id (&self->delay_id, g_source_remove);
    write_settings (self);
  }
  dh_store_file_wait (self->settings_file);
  dh_store_file_wait (self->targets_file);
}
