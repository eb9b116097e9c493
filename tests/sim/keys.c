#include "keys.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define FORCE_MAX 32 /* bytes of a line that forces a step */
#define TEXT_MAX  (KEYS_WORLD * KEYRING_LINE_MAX + FORCE_MAX)

/* A file that is being written. */
struct text {
    char bytes[TEXT_MAX];
    size_t len;
};

/* Of each seed and number another one; number 0 is that of all worlds. */
static void add_key(const struct sim *s, struct text *t, uint32_t number)
{
    uint8_t key[KEYRING_KEY_LEN];
    char label[16] = "sim";
    struct rng r;
    rng_init(&r, s->cfg.seed ^ 0x4E75ULL << 32 ^ number);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = number == 0 ? (uint8_t)i : (uint8_t)rng_next(&r);
    if (number != 0)
        (void)snprintf(label, sizeof label, "k%u", number);
    t->len += keyring_line(label, key, t->bytes + t->len);
}

static void parse(const struct text *t, struct keyring *out)
{
    struct keyring_fault fault;
    const enum err err = keyring_parse(slice_of(t->bytes, t->len), out, &fault);
    assert(err == OK);
}

static uint32_t id_of(const struct sim *s, uint32_t number)
{
    struct text t = {.len = 0};
    struct keyring ring;
    add_key(s, &t, number);
    parse(&t, &ring);
    return ring.keys[0].id;
}

static void add_force(struct text *t, const char *step, uint32_t id)
{
    t->len += (size_t)snprintf(t->bytes + t->len, TEXT_MAX - t->len, "force %s %08x\n", step, id);
}

static void mount(struct sim *s, uint32_t i, const struct text *t)
{
    parse(t, &s->keys.files[i]);
    sim_plan(s, s->now, EVENT_READ, i)->run = RUN_ANY;
}

static void mount_all(struct sim *s, const struct text *t)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        mount(s, i, t);
}

void keys_begin(struct sim *s)
{
    struct text t = {.len = 0};
    s->keys.files = calloc(s->cfg.nodes, sizeof *s->keys.files);
    assert(s->keys.files != NULL && s->cfg.sealed);
    add_key(s, &t, 0);
    for (uint32_t i = 0; i < s->cfg.nodes; i++)
        parse(&t, &s->keys.files[i]);
}

void keys_free(struct sim *s)
{
    free(s->keys.files);
    s->keys = (struct keys){0};
}

const struct keyring *keys_of(const struct sim *s, const struct sim_node *n)
{
    return s->keys.files == NULL || n->foreign ? &s->ring : &s->keys.files[n->i];
}

void keys_edit(struct sim *s, uint32_t i, const struct act *act)
{
    struct text t = {.len = 0};
    const uint32_t first = (uint32_t)act->arg[1] % KEYS_WORLD;
    const uint32_t second = (uint32_t)act->arg[2] % KEYS_WORLD;
    if (s->keys.files == NULL)
        return;
    add_key(s, &t, first);
    if (act->arg[2] >= 0 && second != first)
        add_key(s, &t, second);
    if (act->arg[3] == KEYS_PROMOTE)
        add_force(&t, "promote", id_of(s, first));
    if (act->arg[3] == KEYS_RETIRE && first > 0)
        add_force(&t, "retire", id_of(s, first - 1));
    mount(s, i, &t);
    const uint32_t newer = act->arg[2] >= 0 && second > first ? second : first;
    s->keys.newest = s->keys.newest < newer ? newer : s->keys.newest;
}

bool keys_read(struct sim *s, const struct event *e)
{
    struct sim_node *n = &s->nodes[e->node];
    const struct node_in in = {.kind = NODE_IN_KEYRING, .keyring = keys_of(s, n)};
    if (n->up)
        node_recv(n->node, sim_local(s, n->i), &in);
    return n->up;
}

void keys_heal(struct sim *s)
{
    struct text t = {.len = 0};
    if (s->keys.files == NULL)
        return;
    for (uint32_t number = s->keys.newest + 1; number > 0; number--)
        add_key(s, &t, number - 1);
    mount_all(s, &t);
}

void keys_end(struct sim *s)
{
    struct text t = {.len = 0};
    add_key(s, &t, s->keys.newest);
    mount_all(s, &t);
}

/* Are these the keys of the file, the first one first? */
static bool holds(const struct node_view *v, const struct keyring *file)
{
    return v->rotation.pending_n == 0 && v->keys_n == file->n && v->keys[0] == file->keys[0].id;
}

uint32_t keys_behind(struct sim *s)
{
    for (uint32_t i = 0; i < s->cfg.nodes; i++) {
        const struct sim_node *n = &s->nodes[i];
        if ((s->core >> i & 1) == 0 || !n->up)
            continue;
        const struct node_view v = sim_view(s, i);
        if (!holds(&v, keys_of(s, n)))
            return i;
    }
    return UINT32_MAX;
}
