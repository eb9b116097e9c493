/** Files of keys that are written while they are read, or looked at. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "app/secretfile.h"

#include "kit.h"

static struct kit k;
static char *path;
static uint8_t bytes[64 + 1];
static struct secretfile_text text = {.at = bytes};
static char why[SECRETFILE_WHY_MAX];

static const struct secretfile_cfg CFG = {
    .what = "keyring", .refused = S_IWGRP | S_IWOTH, .len_max = sizeof bytes - 1};

/* ---- somebody writes while it is read ---- */

static int writes; /* that are to come, each behind what a reader held to be the end */

/** Takes the place of the system's in this program. The clock that marks files turns slowly: what is written
 *  has to look different by its size. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): those of the library are reserved */
ssize_t read(int fd, void *at, size_t n)
{
    const ssize_t got = syscall(SYS_read, fd, at, n);
    if (got == 0 && writes > 0) {
        const int own = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        cr_assert_eq(write(own, "+", 1), 1);
        close(own);
        writes--;
    }
    return got;
}

static void begin(void)
{
    kit_init(&k);
    path = strdup(kit_file(&k, "ring", "one"));
}

static void end(void)
{
    writes = 0;
    free(path);
    kit_fini(&k);
}

TestSuite(secretfile, .init = begin, .fini = end);

static bool reads(void)
{
    return secretfile_read(&CFG, path, &text, why);
}

Test(secretfile, what_grew_while_it_was_read_is_read_again)
{
    writes = SECRETFILE_TRIES - 1;
    cr_assert(reads(), "%s", why);
    cr_expect(slice_eq(slice_of(text.at, text.len), slice_text("one++")));
    cr_expect_eq(text.mark.size, 5);
}

Test(secretfile, what_grows_whenever_it_is_read_is_refused)
{
    writes = SECRETFILE_TRIES;
    cr_expect_not(reads());
    cr_expect_not_null(strstr(why, "changes while it is read"), "%s", why);
    cr_expect_not_null(strstr(why, path), "%s", why);
}

/* ---- somebody writes while a node looks on ---- */

static int told;

static void on_changed(void *ctx)
{
    (void)ctx;
    told++;
}

/** A file that is looked at when the test says so. */
static void watch(struct secretfile *f, struct loop *l)
{
    told = 0;
    cr_assert(reads());
    *f = (struct secretfile){.path = path, .loop = l, .mark = text.mark, .changed = on_changed};
    secretfile_watch(f);
}

static double look(struct secretfile *f)
{
    ev_invoke(loop_ev(f->loop), &f->timer, EV_TIMER);
    return f->timer.repeat;
}

Test(secretfile, a_change_is_told_of_when_it_rests)
{
    struct loop *l = kit_node(NULL, NULL);
    struct secretfile f;
    watch(&f, l);
    cr_expect_eq(look(&f), SECRETFILE_POLL_S);
    cr_expect_eq(told, 0);
    (void)kit_file(&k, "ring", "half");
    cr_expect_eq(look(&f), SECRETFILE_REST_S, "it is looked at again soon");
    cr_expect_eq(told, 0, "half of it is not used");
    (void)kit_file(&k, "ring", "half and whole");
    cr_expect_eq(look(&f), SECRETFILE_REST_S);
    cr_expect_eq(told, 0);
    cr_expect_eq(look(&f), SECRETFILE_POLL_S);
    cr_expect_eq(told, 1);
    cr_expect_eq(look(&f), SECRETFILE_POLL_S);
    cr_expect_eq(told, 1, "once");
    secretfile_unwatch(&f);
    loop_free(l);
}

Test(secretfile, what_somebody_else_read_meanwhile_is_not_told)
{
    struct loop *l = kit_node(NULL, NULL);
    struct secretfile f;
    watch(&f, l);
    (void)kit_file(&k, "ring", "another");
    cr_expect_eq(look(&f), SECRETFILE_REST_S);
    f.mark = f.seen; /* as SIGHUP does */
    cr_expect_eq(look(&f), SECRETFILE_POLL_S);
    cr_expect_eq(told, 0);
    unlink(path);
    cr_expect_eq(look(&f), SECRETFILE_POLL_S, "what is gone is looked for again");
    cr_expect_eq(told, 0);
    secretfile_unwatch(&f);
    loop_free(l);
}
