/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */
#pragma once

#include <glib.h>

/* Names from the kernel and from callers (comm, unit, file content) are bytes. This makes valid,
 * printable UTF-8 of them before they reach bus, log, polkit or terminal: control characters, line
 * and paragraph separators, invisible characters (the bidirectional controls are among them),
 * unassigned ones and invalid bytes become "\xNN" of their bytes; a backslash becomes "\\" so that
 * the result is unambiguous. A result longer than @max_bytes is cut to them, between characters and
 * never inside an escape, and "…" is added.
 * @length: bytes in @bytes, or -1 if NUL-terminated. Returns: (transfer full). */
char *dh_text_printable (const char *bytes, gssize length, gsize max_bytes);

/* Whether @text, valid UTF-8, holds nothing that would have to be escaped (a backslash may be
 * shown). */
gboolean dh_text_is_printable (const char *text);
