/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

typedef struct _Model Model;

/* Links to the host's own /sys for everything that is not the model's: firmware, BTF, transparent
 * huge pages. With the model's mutex held. */
void host_init (Model *model);
