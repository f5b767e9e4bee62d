/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "store.h"

#include "settings-file.h"
#include "store-file.h"
#include "stored-target.h"
#include "trusted-file.h"

struct _DhStore {
  GObject parent_instance;

  char *boot_id;
  GKeyFile *settings; /* what the file holds or will */
  DhStoreFile *settings_file;
  DhStoreFile *target_file;
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
  g_clear_pointer (&self->target_file, dh_store_file_unref);

  G_OBJECT_CLASS (dh_store_parent_class)->dispose (object);
}

static void
dh_store_finalize (GObject *object)
{
  DhStore *self = DH_STORE (object);

  g_free (self->boot_id);
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
  self->target_file = new_file (directory, "target");
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

void
dh_store_save_settings (DhStore *self, const char *engine, const DhSettings *settings,
                        const DhSettings *defaults)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  g_return_if_fail (DH_IS_STORE (self));

  before = g_key_file_to_data (self->settings, NULL, NULL);
  replace_group (self->settings, engine, settings, defaults);
  after = g_key_file_to_data (self->settings, NULL, NULL);

  if (self->delay_id == 0 && !g_str_equal (before, after))
    self->delay_id = g_timeout_add (DH_STORE_DELAY_MSEC, on_delay_over, self);
}

gboolean
dh_store_load_target (DhStore *self, DhStoredTarget *ret_target)
{
  g_autoptr (GKeyFile) file = NULL;
  g_autoptr (GError) error = NULL;

  g_return_val_if_fail (DH_IS_STORE (self), FALSE);

  if (self->boot_id == NULL)
    return FALSE;
  file = load_file (self->target_file);
  if (file == NULL || !dh_stored_target_is_of_boot (file, self->boot_id))
    return FALSE;
  if (!dh_stored_target_parse (file, ret_target, &error)) {
    g_warning ("%s is ignored: %s", dh_store_file_get_path (self->target_file), error->message);
    return FALSE;
  }
  return TRUE;
}

void
dh_store_save_target (DhStore *self, const DhStoredTarget *target)
{
  g_return_if_fail (DH_IS_STORE (self));

  if (target == NULL)
    dh_store_file_write (self->target_file, NULL);
  else if (self->boot_id != NULL)
    dh_store_file_write (self->target_file, dh_stored_target_format (target, self->boot_id));
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
  dh_store_file_wait (self->target_file);
}
