#include "loop/crowd.h"

#include "base/bytes.h"

void crowd_init(struct crowd *c)
{
    c->n = 0;
    c->grace_us = CROWD_GRACE_US;
}

uint64_t crowd_who(const struct addr *a)
{
    struct reader r = reader_of(slice_of(a->ip, sizeof a->ip));
    return a->ip_len == 4 ? read_u32(&r) : (read_u64(&r) | UINT64_C(1) << 63);
}

/** c->n = it is not inside. */
static size_t find(const struct crowd *c, int fd)
{
    size_t i = 0;
    while (i < c->n && c->all[i].fd != fd)
        i++;
    return i;
}

static void take_out(struct crowd *c, size_t i)
{
    c->all[i] = c->all[--c->n];
}

static bool goes_before(const struct crowd_one *a, const struct crowd_one *b)
{
    return a->spoke == b->spoke ? a->came < b->came : b->spoke;
}

static bool has_grace(const struct crowd *c, const struct crowd_one *one, mono_us now)
{
    return now < one->came || now - one->came < c->grace_us;
}

/** Who goes next, of those who count as *who, or of all where who is NULL; c->n = nobody. */
static size_t next_to_go(const struct crowd *c, const uint64_t *who, mono_us now)
{
    size_t next = c->n;
    for (size_t i = 0; i < c->n; i++) {
        const struct crowd_one *one = &c->all[i];
        if ((who != NULL && one->who != *who) || has_grace(c, one, now))
            continue;
        if (next == c->n || goes_before(one, &c->all[next]))
            next = i;
    }
    return next;
}

static int displace(struct crowd *c, const uint64_t *who, mono_us now)
{
    const size_t i = next_to_go(c, who, now);
    if (i == c->n)
        return -1;
    const int fd = c->all[i].fd;
    take_out(c, i);
    return fd;
}

static size_t count_of(const struct crowd *c, uint64_t who)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->all[i].who == who;
    return n;
}

bool crowd_enter(struct crowd *c, const struct crowd_one *one, int *out)
{
    *out = -1;
    if (count_of(c, one->who) >= CROWD_OF_EACH) {
        *out = displace(c, &one->who, one->came);
        if (*out < 0)
            return false;
    }
    if (c->n == CROWD_MAX)
        return false;
    c->all[c->n++] = *one;
    return true;
}

void crowd_speak(struct crowd *c, int fd)
{
    const size_t i = find(c, fd);
    if (i < c->n)
        c->all[i].spoke = true;
}

bool crowd_leave(struct crowd *c, int fd)
{
    const size_t i = find(c, fd);
    if (i == c->n)
        return false;
    take_out(c, i);
    return true;
}

int crowd_displace(struct crowd *c, mono_us now)
{
    return displace(c, NULL, now);
}
