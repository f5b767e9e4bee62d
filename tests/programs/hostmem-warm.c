/* SPDX-License-Identifier: GPL-2.0-or-later
 * SPDX-FileCopyrightText: The damon-hugepage authors */

/* Touches and gives back so many MiB, in huge pages where they are allowed, so that the host of a
 * virtual machine has backed them when they are next asked for. A host that reclaims free memory
 * takes them back after a while: warm shortly before, or again and again while they are needed. Few
 * at a time then, since nobody else has those that it has. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEBIBYTE ((size_t) 1 << 20)
#define PAGE_SIZE ((size_t) 4096)
#define BLOCK_SIZE (2 * MEBIBYTE)

/* Returns: whether @text is a number, and not 0. */
static bool
parse (const char *text, size_t *ret_number)
{
  char *end;

  *ret_number = strtoul (text, &end, 10);
  return *ret_number != 0 && *end == '\0';
}

static void
touch (char *area, size_t size)
{
  for (size_t offset = 0; offset < size; offset += PAGE_SIZE)
    *(volatile char *) (area + offset) = 1;
}

int
main (int argc, char **argv)
{
  size_t size, milliseconds = 0;
  char *area, *first;

  if (argc < 2 || argc > 3 || !parse (argv[1], &size) || size > SIZE_MAX / MEBIBYTE / 2
      || (argc == 3 && !parse (argv[2], &milliseconds))) {
    fputs ("Usage: hostmem-warm MEBIBYTES [MILLISECONDS]\n", stderr);
    return EXIT_FAILURE;
  }
  size *= MEBIBYTE;
  area = mmap (NULL, size + BLOCK_SIZE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) {
    fprintf (stderr, "hostmem-warm: cannot map %zu bytes: %s\n", size, strerror (errno));
    return EXIT_FAILURE;
  }
  first = area + (BLOCK_SIZE - (size_t) area % BLOCK_SIZE) % BLOCK_SIZE;
  (void) madvise (first, size, MADV_HUGEPAGE);
  touch (first, size);
  while (milliseconds > 0) {
    (void) madvise (first, size, MADV_DONTNEED);
    usleep ((useconds_t) milliseconds * 1000);
    touch (first, size);
  }
  return EXIT_SUCCESS;
}
