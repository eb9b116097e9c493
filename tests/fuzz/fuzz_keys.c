/** tests/fuzz/fuzz_keys.c - the files of keys: a keyring that is taken can be used, clients that are taken
 *  can be written and read again; what is refused says why, and changes nothing. */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "seal/clients.h"
#include "seal/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static size_t lines_of(struct slice text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.at[i] == '\n';
    return n;
}

static void check_ring(const struct keyring *ring)
{
    assert(ring->n >= 1 && ring->n <= KEYRING_KEYS_MAX);
    for (size_t i = 0; i < ring->n; i++) {
        assert(keyring_label_ok(slice_text(ring->keys[i].label)));
        assert(ring->keys[i].id != 0);
        assert(keyring_find(ring, ring->keys[i].id) == &ring->keys[i]); /* no id twice */
    }
}

static void read_ring(struct slice text)
{
    static const struct keyring before = {.n = 3, .keys = {{.label = "before", .id = 7}}};
    struct keyring ring = before;
    struct keyring_fault fault = {0};
    const enum err err = keyring_parse(text, &ring, &fault);
    if (err == OK) {
        check_ring(&ring);
        keyring_fini(&ring);
        assert(ring.n == 0);
        return;
    }
    assert(err == ERR_CONFIG && fault.reason != NULL && fault.line <= lines_of(text));
    assert(ring.n == before.n && ring.keys[0].id == before.keys[0].id);
    assert(strcmp(ring.keys[0].label, before.keys[0].label) == 0);
}

/** One line says the whole client. */
static void rewrite(const struct clients_one *one)
{
    struct clients_one again;
    struct clients_fault fault = {0};
    char line[CLIENTS_LINE_MAX];
    const size_t len = clients_line(one, line);
    assert(clients_parse_own(slice_of((const uint8_t *)line, len), &again, &fault) == OK);
    assert(strcmp(again.id, one->id) == 0 && again.rights == one->rights);
    assert(memcmp(again.key, one->key, sizeof again.key) == 0);
}

static void read_clients(struct slice text)
{
    static struct clients clients, room;
    struct clients_fault fault = {0};
    const enum err err = clients_parse(text, &clients, &room, &fault);
    if (err != OK) {
        assert(err == ERR_CONFIG && fault.reason != NULL && fault.line <= lines_of(text));
        assert(clients.n == 0);
        return;
    }
    assert(clients.n >= 1 && clients.n <= CLIENTS_MAX);
    for (size_t i = 0; i < clients.n; i++) {
        const struct clients_one *one = &clients.all[i];
        assert(one->rights != 0 && one->tag != 0);
        assert(clients_find(&clients, slice_text(one->id), NULL) == one);
        assert(clients_with_key(&clients, one->key) == one);
        assert(clients_tagged(&clients, one->tag) == one);
        rewrite(one);
    }
    clients_fini(&clients);
}

static void read_own(struct slice text)
{
    struct clients_one own;
    struct clients_fault fault = {0};
    if (clients_parse_own(text, &own, &fault) != OK)
        assert(fault.reason != NULL);
    else if (own.rights != 0)
        rewrite(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    const struct slice text = slice_of(at, len);
    read_ring(text);
    read_clients(text);
    read_own(text);
    return 0;
}
