#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "app/keyfile.h"

#include "kit.h"

static const char ONE[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

static struct kit k;

static void begin(void)
{
    kit_init(&k);
}

static void end(void)
{
    kit_fini(&k);
}

TestSuite(keyfile, .init = begin, .fini = end);

static void refused(const char *path, const char *part)
{
    struct keyring ring = {.n = 7};
    struct secretfile_mark mark;
    char why[KEYFILE_WHY_MAX];
    cr_assert_not(keyfile_read(path, &ring, &mark, why));
    cr_assert_eq(ring.n, 7, "the ring is unchanged");
    cr_assert_not_null(strstr(why, part), "%s", why);
    cr_assert_not_null(strstr(why, path), "%s", why);
    cr_assert_null(strstr(why, "AAECAwQF"), "no key is told");
}

Test(keyfile, a_ring_is_read)
{
    struct keyring ring = {.n = 0};
    struct secretfile_mark mark;
    char why[KEYFILE_WHY_MAX];
    cr_assert(keyfile_read(kit_file(&k, "ring", ONE), &ring, &mark, why), "%s", why);
    cr_assert_eq(ring.n, 1);
    cr_assert_str_eq(ring.keys[0].label, "k1");
    cr_assert_eq((size_t)mark.size, strlen(ONE));
    keyring_fini(&ring);
}

Test(keyfile, mistakes_are_told_with_their_line)
{
    refused(kit_file(&k, "ring", "# keys\nk1 AAECAwQFnonsense\n"), "ring:2: ");
}

Test(keyfile, what_cannot_be_read_is_explained)
{
    refused("/nowhere/ring", "No such file");
    refused("/tmp", "directory");
    refused(kit_file(&k, "ring", ""), "cannot use keyring");
}

Test(keyfile, a_file_has_a_limit)
{
    char text[4096 + 2];
    memset(text, '#', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    refused(kit_file(&k, "ring", text), "large");
}

/* ---- while a node runs ---- */

Test(keyfile, a_bad_file_keeps_the_ring_and_a_good_one_replaces_it)
{
    static const char two[] = "k2 ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n";
    struct keyring ring = {.n = 0};
    struct secretfile_mark mark;
    struct keyfile file;
    char why[KEYFILE_WHY_MAX];
    char *path = strdup(kit_file(&k, "ring", ONE));
    cr_assert(keyfile_read(path, &ring, &mark, why), "%s", why);
    struct loop *l = kit_node(&ring, NULL);
    keyfile_watch(&file, l, path, &mark);
    kit_file(&k, "ring", "broken\n");
    keyfile_reload(&file);
    cr_assert_eq(file.file.mark.size, mark.size, "the old file's mark: the bad one was not used");
    kit_file(&k, "ring", two);
    keyfile_reload(&file);
    cr_assert_eq((size_t)file.file.mark.size, strlen(two));
    keyfile_unwatch(&file);
    loop_free(l);
    free(path);
}
