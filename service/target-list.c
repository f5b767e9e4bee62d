/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "target-list.h"

#include <time.h>

struct _DhTargetList {
  GPtrArray *all;
  guint64 next_id;
};

static guint64
boot_usec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (guint64) now.tv_sec * G_USEC_PER_SEC + (guint64) now.tv_nsec / 1000;
}

DhTargetList *
dh_target_list_new (void)
{
  DhTargetList *targets = g_new0 (DhTargetList, 1);

  targets->all = g_ptr_array_new_with_free_func ((GDestroyNotify) dh_target_unref);
  targets->next_id = boot_usec ();
  return targets;
}

void
dh_target_list_free (DhTargetList *targets)
{
  g_ptr_array_unref (targets->all);
  g_free (targets);
}

guint64
dh_target_list_next_id (DhTargetList *targets)
{
  return targets->next_id++;
}

void
dh_target_list_add (DhTargetList *targets, DhTarget *target)
{
  g_ptr_array_add (targets->all, dh_target_ref (target));
}

void
dh_target_list_remove (DhTargetList *targets, DhTarget *target)
{
  g_ptr_array_remove (targets->all, target);
}

guint
dh_target_list_get_size (const DhTargetList *targets)
{
  return targets->all->len;
}

DhTarget *
dh_target_list_get (const DhTargetList *targets, guint index)
{
  return g_ptr_array_index (targets->all, index);
}

DhTarget *
dh_target_list_find (const DhTargetList *targets, guint64 id)
{
  for (guint i = 0; i < targets->all->len; i++)
    if (dh_target_list_get (targets, i)->id == id)
      return dh_target_list_get (targets, i);
  return NULL;
}

DhTarget *
dh_target_list_find_process (const DhTargetList *targets, const DhProcess *process)
{
  for (guint i = 0; i < targets->all->len; i++)
    if (dh_process_equal (dh_target_list_get (targets, i)->process, process))
      return dh_target_list_get (targets, i);
  return NULL;
}

guint
dh_target_list_count_of (const DhTargetList *targets, guint32 uid)
{
  guint n = 0;

  for (guint i = 0; i < targets->all->len; i++)
    n += dh_target_list_get (targets, i)->adder == uid ? 1 : 0;
  return n;
}

guint
dh_target_list_count_enabled (const DhTargetList *targets)
{
  guint n = 0;

  for (guint i = 0; i < targets->all->len; i++)
    n += dh_target_is_enabled (dh_target_list_get (targets, i)) ? 1 : 0;
  return n;
}
