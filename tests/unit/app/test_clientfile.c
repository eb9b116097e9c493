#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "app/clientfile.h"

#include "kit.h"

#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K2 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

static struct kit k;
static struct clientfile file;
static struct secretfile_mark mark;
static char why[CLIENTFILE_WHY_MAX];

static void begin(void)
{
    kit_init(&k);
    cr_assert_geq(sodium_init(), 0);
}

static void end(void)
{
    clientfile_wipe(&file);
    kit_fini(&k);
}

TestSuite(clientfile, .init = begin, .fini = end);

static const char *file_of(const char *text, mode_t mode)
{
    const char *path = kit_file(&k, "clients", text);
    cr_assert_eq(chmod(path, mode), 0);
    return path;
}

static void refused(const char *path, const char *part)
{
    cr_assert_null(clientfile_read(&file, path, &mark, why));
    cr_assert_not_null(strstr(why, part), "%s", why);
    cr_assert_not_null(strstr(why, path), "%s", why);
    cr_assert_null(strstr(why, "AAECAwQF"), "no key is told");
}

Test(clientfile, clients_are_read)
{
    const struct clients *clients =
        clientfile_read(&file, file_of("app " K1 " read\n", 0600), &mark, why);
    cr_assert_not_null(clients, "%s", why);
    cr_expect_eq(clients->n, 1);
    cr_expect_str_eq(clients->all[0].id, "app");
    cr_expect_eq((size_t)mark.size, strlen("app " K1 " read\n"));
}

Test(clientfile, mistakes_are_told_with_their_line_and_what_was_meant)
{
    refused(file_of("# who\napp " K1 " wirte\n", 0600),
            "clients:2: unknown capability \"wirte\": did you mean \"write\"?");
    refused(file_of("app " K1 " x\n", 0600), "clients:1: unknown capability \"x\": the cap");
    refused(file_of("app " K1 " read\n\napp " K2 " read\n", 0600), "clients:3: the id stands here");
}

Test(clientfile, a_file_that_others_may_read_or_change_is_refused)
{
    static const mode_t bad[] = {0604, 0602, 0620, 0644, 0666};
    static const mode_t good[] = {0600, 0400, 0440, 0640};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(file_of("app " K1 " read\n", bad[i]), "chmod 600");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *path = file_of("app " K1 " read\n", good[i]);
        cr_expect_not_null(clientfile_read(&file, path, &mark, why), "%o: %s", good[i], why);
        cr_assert_eq(unlink(path), 0);
    }
}

Test(clientfile, what_cannot_be_read_is_explained)
{
    char *text = malloc(32768 + 2);
    memset(text, '#', 32768 + 1);
    text[32768 + 1] = '\0';
    refused("/nowhere/clients", "No such file");
    refused("/tmp", "directory");
    refused(file_of("", 0600), "no client");
    refused(file_of(text, 0600), "large");
    free(text);
}

/* ---- while a node runs ---- */

Test(clientfile, a_bad_file_keeps_the_clients_and_a_good_one_replaces_them)
{
    char *path = strdup(file_of("app " K1 " read\n", 0600));
    struct loop *l = kit_node(NULL, clientfile_read(&file, path, &mark, why));
    clientfile_wipe(&file);
    clientfile_watch(&file, l, path, &mark);
    file_of("app " K2 " wirte\n", 0600);
    clientfile_reload(&file);
    cr_expect_eq(loop_bearer(l, slice_text(K1)), RIGHT_READ);
    cr_expect_eq(loop_bearer(l, slice_text(K2)), 0);
    file_of("app " K2 " write\n", 0600);
    clientfile_reload(&file);
    cr_expect_eq(loop_bearer(l, slice_text(K1)), 0);
    cr_expect_eq(loop_bearer(l, slice_text(K2)), RIGHT_WRITE);
    cr_expect_null(file.room, "what was read is wiped");
    clientfile_unwatch(&file);
    loop_free(l);
    free(path);
}
