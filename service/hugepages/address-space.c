/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#include "address-space.h"

static const char *const verdict_names[] = {
  [DH_ELIGIBLE] = "eligible",
  [DH_SKIP_HUGE] = "huge",
  [DH_SKIP_BORDER] = "border",
  [DH_SKIP_SPECIAL] = "special",
  [DH_SKIP_NO_HUGEPAGE] = "no-hugepage",
  [DH_SKIP_LOCKED] = "locked",
  [DH_SKIP_FILE] = "file",
  [DH_SKIP_INCONGRUENT] = "incongruent",
  [DH_SKIP_SWAPPED] = "swapped",
  [DH_SKIP_SPARSE] = "sparse",
  [DH_SKIP_SHARED] = "shared",
};

G_STATIC_ASSERT (G_N_ELEMENTS (verdict_names) == DH_N_VERDICTS);

static gboolean
holds_block (const DhMapping *mapping, guint64 address)
{
  return address >= mapping->start && address < mapping->end
         && mapping->end - address >= DH_BLOCK_SIZE;
}

/* Why no block of @mapping can be collapsed, whatever is in it; DH_ELIGIBLE if nothing forbids it.
 */
static DhVerdict
mapping_verdict (const DhMapping *mapping)
{
  if (mapping->flags & DH_MAPPING_SPECIAL)
    return DH_SKIP_SPECIAL;
  if (mapping->flags & DH_MAPPING_NO_HUGEPAGE)
    return DH_SKIP_NO_HUGEPAGE;
  if (mapping->flags & DH_MAPPING_LOCKED)
    return DH_SKIP_LOCKED;
  if (!(mapping->flags & (DH_MAPPING_ANONYMOUS | DH_MAPPING_SHMEM)))
    return DH_SKIP_FILE;
  if ((mapping->flags & DH_MAPPING_SHMEM)
      && (mapping->start - mapping->offset) % DH_BLOCK_SIZE != 0)
    return DH_SKIP_INCONGRUENT;
  return DH_ELIGIBLE;
}

DhVerdict
dh_verdict (const DhMapping *mapping, const DhBlockView *view, guint shared_pages)
{
  DhVerdict verdict;

  /* The page tables are the truth: the mappings may have been read at another time. */
  if (view->huge)
    return DH_SKIP_HUGE;
  if (mapping == NULL || !holds_block (mapping, view->address))
    return DH_SKIP_BORDER;

  verdict = mapping_verdict (mapping);
  if (verdict != DH_ELIGIBLE)
    return verdict;

  if (view->swapped > 0)
    return DH_SKIP_SWAPPED;
  if (view->resident < DH_MIN_RESIDENT)
    return DH_SKIP_SPARSE;
  if ((mapping->flags & DH_MAPPING_ANONYMOUS) && shared_pages > 0)
    return DH_SKIP_SHARED;
  return DH_ELIGIBLE;
}

const DhMapping *
dh_mappings_find (const GArray *mappings, guint64 address, guint *hint)
{
  const DhMapping *all = (gconstpointer) mappings->data;
  guint i = MIN (*hint, mappings->len);

  while (i > 0 && all[i - 1].end > address)
    i--;
  while (i < mappings->len && all[i].end <= address)
    i++;
  *hint = i;

  return i < mappings->len && all[i].start <= address ? &all[i] : NULL;
}

const char *
dh_verdict_to_string (DhVerdict verdict)
{
  return (guint) verdict < DH_N_VERDICTS ? verdict_names[verdict] : "unknown";
}
