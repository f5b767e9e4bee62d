/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "eye.h"

G_DEFINE_INTERFACE (DhEye, dh_eye, G_TYPE_OBJECT)

static void
dh_eye_default_init (DhEyeInterface *iface)
{
}

gboolean
dh_eye_read_mappings (DhEye *self, GArray *mappings, GError **error)
{
  return DH_EYE_GET_IFACE (self)->read_mappings (self, mappings, error);
}

gboolean
dh_eye_read_blocks (DhEye *self, guint64 start, guint64 end, GArray *views, guint64 *ret_generation,
                    GError **error)
{
  return DH_EYE_GET_IFACE (self)->read_blocks (self, start, end, views, ret_generation, error);
}

gboolean
dh_eye_count_shared (DhEye *self, guint64 address, guint *ret_shared)
{
  return DH_EYE_GET_IFACE (self)->count_shared (self, address, ret_shared);
}
