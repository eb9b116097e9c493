#include "app/secretfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/advice.h"

static bool refuse(const struct secretfile_cfg *cfg, const char *path, int error,
                   char why[SECRETFILE_WHY_MAX])
{
    (void)snprintf(why, SECRETFILE_WHY_MAX, "cannot use %s %s: %s (%s)", cfg->what, path,
                   strerror(error), advice_of_file(error));
    return false;
}

static struct secretfile_mark mark_of(const struct stat *s)
{
    return (struct secretfile_mark){s->st_dev, s->st_ino, s->st_size, s->st_ctim};
}

static bool marks_equal(const struct secretfile_mark *a, const struct secretfile_mark *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/** The whole of a file that is not long; -1 with errno, EFBIG when it is. */
static ssize_t read_whole(int fd, uint8_t *out, size_t len_max)
{
    size_t len = 0;
    while (len <= len_max) {
        const ssize_t n = read(fd, out + len, len_max + 1 - len);
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

/** What others can write they can replace, and what they can read is no secret. */
static bool check_mode(const struct secretfile_cfg *cfg, const char *path, mode_t mode,
                       char why[SECRETFILE_WHY_MAX])
{
    const bool reads = (cfg->refused & mode & (S_IRGRP | S_IROTH)) != 0;
    if ((mode & cfg->refused) == 0)
        return true;
    (void)snprintf(why, SECRETFILE_WHY_MAX, "cannot use %s %s: others may %s it; chmod 600 %s",
                   cfg->what, path, reads ? "read" : "change", path);
    return false;
}

/** Read what is open, and see how it looked before. Returns: its length; -1 with errno, EAGAIN when it
 *  looked otherwise behind it. */
static ssize_t read_still(int fd, const struct stat *before, uint8_t *out, size_t len_max)
{
    struct stat after;
    const ssize_t n = read_whole(fd, out, len_max);
    if (n < 0 || !S_ISREG(before->st_mode))
        return n;
    if (fstat(fd, &after) != 0)
        return -1;
    const struct secretfile_mark was = mark_of(before), is = mark_of(&after);
    if (marks_equal(&was, &is))
        return n;
    errno = EAGAIN;
    return -1;
}

/** One try. *again: it changed meanwhile. */
static bool read_once(const struct secretfile_cfg *cfg, const char *path,
                      struct secretfile_text *out, char why[SECRETFILE_WHY_MAX], bool *again)
{
    struct stat s;
    *again = false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return refuse(cfg, path, errno, why);
    ssize_t n = fstat(fd, &s);
    if (n == 0 && !S_ISDIR(s.st_mode) && !check_mode(cfg, path, s.st_mode, why)) {
        (void)close(fd);
        return false;
    }
    if (n == 0)
        n = read_still(fd, &s, out->at, cfg->len_max);
    const int error = errno;
    (void)close(fd);
    *again = n < 0 && error == EAGAIN;
    if (n < 0)
        return refuse(cfg, path, error, why);
    out->len = (size_t)n;
    out->mark = mark_of(&s);
    return true;
}

bool secretfile_read(const struct secretfile_cfg *cfg, const char *path,
                     struct secretfile_text *out, char why[SECRETFILE_WHY_MAX])
{
    bool again = true;
    for (int i = 0; i < SECRETFILE_TRIES && again; i++) {
        if (read_once(cfg, path, out, why, &again))
            return true;
    }
    if (again)
        (void)snprintf(why, SECRETFILE_WHY_MAX,
                       "cannot use %s %s: it changes while it is read (write another file and "
                       "rename it)",
                       cfg->what, path);
    return false;
}

/* ---- while the node runs ---- */

/** Has it changed, and does it rest again? */
static bool has_settled(struct secretfile *f, const struct secretfile_mark *mark)
{
    const bool rests = marks_equal(mark, &f->seen);
    f->seen = *mark;
    return rests && !marks_equal(mark, &f->mark);
}

/** A file that cannot be seen for a moment, as while it is swapped, is looked at again later. */
static void on_poll(struct ev_loop *loop, struct ev_timer *w, int events)
{
    struct secretfile *f = w->data;
    struct stat s;
    (void)events;
    if (stat(f->path, &s) != 0)
        return;
    const struct secretfile_mark mark = mark_of(&s);
    if (has_settled(f, &mark)) {
        f->mark = mark; /* a bad file is told once */
        f->changed(f->ctx);
    }
    w->repeat = marks_equal(&mark, &f->mark) ? SECRETFILE_POLL_S : SECRETFILE_REST_S;
    ev_timer_again(loop, w);
}

void secretfile_watch(struct secretfile *f)
{
    if (f->path[0] == '\0')
        return;
    ev_timer_init(&f->timer, on_poll, SECRETFILE_POLL_S, SECRETFILE_POLL_S);
    f->timer.data = f;
    f->seen = f->mark;
    ev_timer_start(loop_ev(f->loop), &f->timer);
}

void secretfile_unwatch(struct secretfile *f)
{
    if (f->path[0] != '\0')
        ev_timer_stop(loop_ev(f->loop), &f->timer);
}

void secretfile_say(const struct secretfile *f, const char *msg, const char *reason)
{
    const struct logger_field fields[] = {logger_text("path", f->path),
                                          logger_text("reason", reason == NULL ? "" : reason)};
    logger_say(loop_logger(f->loop), reason == NULL ? LOGGER_INFO : LOGGER_ERROR, msg, fields,
               reason == NULL ? 1 : ARRAY_LEN(fields));
}
