/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

#include "damon-users.h"

#include "text.h"
#include "util-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MODULES "/sys/module"
#define KDAMONDS "/sys/kernel/mm/damon/admin/kdamonds"

#define MAX_WORD_BYTES 64
#define MAX_NAME_BYTES 64
#define MAX_RETRIES 5
#define RETRY_USEC 20000

/* Reads a file of one word and a newline into @ret_word, "" if it is anything else. Returns: 0 or
 * an errno. */
static int
read_word (const char *root, const char *path, char *ret_word)
{
  g_autofree char *real_path = g_build_filename (root, path, NULL);
  _cleanup_close_ int fd = open (real_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  const gssize length = fd < 0 ? -1 : dh_fd_read (fd, ret_word, MAX_WORD_BYTES);
  const gboolean is_word = length > 0 && memchr (ret_word, '\n', length) == ret_word + length - 1
                           && memchr (ret_word, '\0', length) == NULL;

  if (length < 0)
    return errno;
  ret_word[is_word ? length - 1 : 0] = '\0';
  return 0;
}

/* While somebody commands a kdamond, the files of all of them are busy: @retries is for them
 * together. */
static int
read_busy_word (const char *root, const char *path, char *ret_word, guint *retries)
{
  int errnum = read_word (root, path, ret_word);

  while (errnum == EBUSY && *retries > 0) {
    (*retries)--;
    g_usleep (RETRY_USEC);
    errnum = read_word (root, path, ret_word);
  }
  return errnum;
}

static int
by_name (gconstpointer a, gconstpointer b)
{
  const char *const *x = a, *const *y = b;

  return strverscmp (*x, *y);
}

static GPtrArray *
list_folder (const char *root, const char *path)
{
  g_autofree char *real_path = g_build_filename (root, path, NULL);
  g_autoptr (GDir) folder = g_dir_open (real_path, 0, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, by_name);
  return names;
}

static char *
describe_module (const char *root, const char *name)
{
  static const char *const files[] = { "enabled", "enable" };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autofree char *path = g_strdup_printf (MODULES "/%s/parameters/%s", name, files[i]);
    g_autofree char *shown = dh_text_printable (name, -1, MAX_NAME_BYTES);
    char word[MAX_WORD_BYTES];

    if (read_word (root, path, word) == 0 && g_str_equal (word, "Y"))
      return g_strdup_printf ("the module %s (" MODULES "/%s/parameters/%s is Y)", shown, shown,
                              files[i]);
  }
  return NULL;
}

static char *
find_module (const char *root, const char *except)
{
  g_autoptr (GPtrArray) names = list_folder (root, MODULES);

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    char *user = NULL;

    if (g_str_has_prefix (name, "damon_") && g_strcmp0 (name, except) != 0)
      user = describe_module (root, name);
    if (user != NULL)
      return user;
  }
  return NULL;
}

static char *
describe_running (const char *root, const char *name, guint *retries)
{
  g_autofree char *path = g_strdup_printf (KDAMONDS "/%s/pid", name);
  g_autofree char *shown = dh_text_printable (name, -1, MAX_NAME_BYTES);
  char word[MAX_WORD_BYTES];
  guint64 pid;

  if (read_busy_word (root, path, word, retries) == 0
      && g_ascii_string_to_unsigned (word, 10, 1, G_MAXINT32, &pid, NULL))
    return g_strdup_printf ("kdamond %" G_GUINT64_FORMAT " of " KDAMONDS "/%s", pid, shown);
  return g_strdup_printf ("the kdamond of " KDAMONDS "/%s", shown);
}

static char *
find_kdamond (const char *root)
{
  g_autoptr (GPtrArray) names = list_folder (root, KDAMONDS);
  guint retries = MAX_RETRIES;
  gboolean busy = FALSE;

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index (names, i);
    g_autofree char *path = g_strdup_printf (KDAMONDS "/%s/state", name);
    char word[MAX_WORD_BYTES];
    const int errnum = read_busy_word (root, path, word, &retries);

    if (errnum == 0 && g_str_equal (word, "on"))
      return describe_running (root, name, &retries);
    busy = busy || errnum == EBUSY;
  }
  /* Only a command to one that runs takes so long. */
  return busy ? g_strdup ("a kdamond of " KDAMONDS " (which is busy)") : NULL;
}

char *
dh_damon_users_describe (const char *root, const char *except)
{
  char *user = find_module (root, except);

  return user != NULL ? user : find_kdamond (root);
}
