#include "app/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/advice.h"

#define BYTES_MAX 4096
#define POLL_S    5.0

static bool refuse(char why[KEYFILE_WHY_MAX], const char *path, int error)
{
    (void)snprintf(why, KEYFILE_WHY_MAX, "cannot use keyring %s: %s (%s)", path, strerror(error),
                   advice_of_file(error));
    return false;
}

static struct keyfile_mark mark_of(const struct stat *s)
{
    return (struct keyfile_mark){s->st_dev, s->st_ino, s->st_size, s->st_ctim};
}

static bool marks_equal(const struct keyfile_mark *a, const struct keyfile_mark *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/** The whole of a small file; -1 with errno, and EFBIG when it is not small. */
static ssize_t read_small(int fd, uint8_t bytes[BYTES_MAX + 1])
{
    size_t len = 0;
    while (len <= BYTES_MAX) {
        const ssize_t n = read(fd, bytes + len, BYTES_MAX + 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            return (ssize_t)len;
        len += (size_t)n;
    }
    errno = EFBIG;
    return -1;
}

static bool parse(const char *path, struct slice text, struct keyring *out,
                  char why[KEYFILE_WHY_MAX])
{
    struct keyring_fault fault;
    if (keyring_parse(text, out, &fault) == OK)
        return true;
    if (fault.line == 0)
        (void)snprintf(why, KEYFILE_WHY_MAX,
                       "cannot use keyring %s: %s (jay keyring generate makes a line)", path,
                       fault.reason);
    else
        (void)snprintf(why, KEYFILE_WHY_MAX,
                       "cannot use keyring %s:%zu: %s (a line is what jay keyring generate prints)",
                       path, fault.line, fault.reason);
    return false;
}

bool keyfile_read(const char *path, struct keyring *out, struct keyfile_mark *mark,
                  char why[KEYFILE_WHY_MAX])
{
    uint8_t bytes[BYTES_MAX + 1];
    struct stat s;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(why, path, errno);
    ssize_t n = fstat(fd, &s);
    if (n == 0)
        n = read_small(fd, bytes);
    const int error = errno;
    (void)close(fd);
    const bool good =
        n < 0 ? refuse(why, path, error) : parse(path, slice_of(bytes, (size_t)n), out, why);
    sodium_memzero(bytes, sizeof bytes);
    if (good)
        *mark = mark_of(&s);
    return good;
}

/* ---- while the node runs ---- */

static void say(const struct keyfile *k, enum logger_level level, const char *msg, const char *why)
{
    const struct logger_field fields[] = {logger_text("path", k->path),
                                          logger_text("reason", why == NULL ? "" : why)};
    logger_say(loop_logger(k->loop), level, msg, fields, why == NULL ? 1 : ARRAY_LEN(fields));
}

static void use(struct keyfile *k, const struct keyring *ring)
{
    if (loop_keyring_set(k->loop, ring) == OK)
        say(k, LOGGER_INFO, "keyring read", NULL);
    else
        say(k, LOGGER_ERROR, "keyring kept",
            "a node without keys cannot get any while it runs: restart it");
}

void keyfile_reload(struct keyfile *k)
{
    struct keyring ring = {.n = 0};
    char why[KEYFILE_WHY_MAX];
    if (k->path[0] == '\0')
        return;
    if (keyfile_read(k->path, &ring, &k->mark, why))
        use(k, &ring);
    else
        say(k, LOGGER_ERROR, "keyring kept", why);
    keyring_fini(&ring);
}

/** A file that cannot be seen for a moment, as while it is swapped, is looked at again later. */
static void on_poll(struct ev_loop *loop, struct ev_timer *w, int events)
{
    struct keyfile *k = w->data;
    struct stat s;
    (void)loop;
    (void)events;
    if (stat(k->path, &s) != 0)
        return;
    const struct keyfile_mark mark = mark_of(&s);
    if (marks_equal(&mark, &k->mark))
        return;
    k->mark = mark; /* a bad file is told once */
    keyfile_reload(k);
}

void keyfile_watch(struct keyfile *k, struct loop *loop, const char *path,
                   const struct keyfile_mark *mark)
{
    *k = (struct keyfile){.path = path, .loop = loop, .mark = *mark};
    if (path[0] == '\0')
        return;
    ev_timer_init(&k->timer, on_poll, POLL_S, POLL_S);
    k->timer.data = k;
    ev_timer_start(loop_ev(loop), &k->timer);
}

void keyfile_unwatch(struct keyfile *k)
{
    if (k->path[0] != '\0')
        ev_timer_stop(loop_ev(k->loop), &k->timer);
}
