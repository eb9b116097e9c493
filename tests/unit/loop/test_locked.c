/** Memory that is neither swapped nor dumped, as the system tells of it. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/resource.h>

#include "loop/locked.h"

static size_t page;
static char *room; /* three pages */

static void begin(void)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    room = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(room, MAP_FAILED);
    memset(room, 1, 3 * page);
}

static void end(void)
{
    munmap(room, 3 * page);
}

TestSuite(locked, .init = begin, .fini = end);

/** The line "FROM-TO ..." that begins a mapping; false: it is another. */
static bool read_range(const char *line, uintptr_t *from, uintptr_t *to)
{
    char *rest;
    *from = strtoul(line, &rest, 16);
    if (rest == line || *rest != '-')
        return false;
    *to = strtoul(rest + 1, &rest, 16);
    return *rest == ' ';
}

/** Has the mapping that holds this place such a flag, as proc(5) lists them? */
static bool has_flag(const void *place, const char *flag)
{
    char line[512], wanted[8];
    bool here = false, has = false;
    FILE *maps = fopen("/proc/self/smaps", "r");
    (void)snprintf(wanted, sizeof wanted, " %s", flag);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from, to;
        if (read_range(line, &from, &to))
            here = from <= (uintptr_t)place && (uintptr_t)place < to;
        has |= here && strncmp(line, "VmFlags:", 8) == 0 && strstr(line, wanted) != NULL;
    }
    (void)fclose(maps);
    return has;
}

/** Does the system lock memory here at all? Under a sanitizer mlock() does nothing. */
static bool can_lock(void)
{
    void *own = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(own, MAP_FAILED);
    const bool locked = mlock(own, page) == 0 && has_flag(own, "lo");
    (void)munmap(own, page);
    return locked;
}

/** Is this page locked, as far as that can be, and left out of dumps? */
static bool is_kept(const void *place)
{
    return has_flag(place, "dd") && (has_flag(place, "lo") || !can_lock());
}

Test(locked, every_page_of_it_is_kept_and_no_other)
{
    cr_assert(locked_keep(room + page - 1, 2), "two pages");
    cr_expect(is_kept(room));
    cr_expect(is_kept(room + page));
    cr_expect_not(has_flag(room + 2 * page, "lo") || has_flag(room + 2 * page, "dd"));
    locked_release(room + page - 1, 2);
    for (size_t i = 0; i < 3; i++)
        cr_expect_not(has_flag(room + i * page, "lo") || has_flag(room + i * page, "dd"));
}

Test(locked, whole_pages_are_kept_alone)
{
    cr_assert(locked_keep(room + page, page));
    cr_expect_not(has_flag(room, "lo"));
    cr_expect(is_kept(room + page));
    cr_expect_not(has_flag(room + 2 * page, "lo"));
    locked_release(room + page, page);
}
