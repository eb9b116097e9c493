#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cli/field.h"
#include "cli/jay.h"
#include "cli/secret.h"
#include "seal/keyring.h"

static enum jay_exit generate(const struct jay *j, const char *label)
{
    char standard[sizeof "key-" + 8];
    uint8_t key[KEYRING_KEY_LEN], random[4];
    char line[KEYRING_LINE_MAX];
    if (sodium_init() < 0) {
        jay_say("the system gives no random bytes");
        return JAY_NEGATIVE;
    }
    randombytes_buf(random, sizeof random);
    memcpy(standard, "key-", 4);
    hex_write(random, sizeof random, standard + 4);
    if (label == NULL)
        label = standard;
    if (!keyring_label_ok(slice_text(label)))
        return jay_usage("\"%s\" is no label: 1 to %d of A-Z, a-z, 0-9, \".\", \"_\", \"-\"", label,
                         KEYRING_LABEL_MAX);
    randombytes_buf(key, sizeof key);
    const size_t len = keyring_line(label, key, line);
    if (j->json)
        jay_print_json(json_pack("{s:s, s:s%}", "label", label, "line", line, len - 1), false);
    else
        fwrite(line, 1, len, stdout);
    sodium_memzero(key, sizeof key);
    sodium_memzero(line, sizeof line);
    return JAY_OK;
}

/** Load a keyring. *out holds secrets. */
static enum jay_exit load(const char *path, struct keyring *out)
{
    uint8_t bytes[JAY_SECRET_MAX];
    struct keyring_fault fault = {0};
    size_t len = 0;
    enum jay_exit status = jay_read_secret(path, bytes, &len);
    if (status == JAY_OK && keyring_parse(slice_of(bytes, len), out, &fault) != OK) {
        jay_say("%s:%zu: %s", path, fault.line, fault.reason);
        status = JAY_NEGATIVE;
    }
    sodium_memzero(bytes, sizeof bytes);
    return status;
}

static const char *duty(size_t i)
{
    return i == 0 ? "seals" : "opens";
}

static json_t *json_id(uint32_t id)
{
    char text[9];
    snprintf(text, sizeof text, "%08" PRIx32, id);
    return json_string(text);
}

static json_t *json_keys(const struct keyring *ring)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < ring->n; i++)
        json_array_append_new(keys, json_pack("{s:s, s:o, s:s}", "label", ring->keys[i].label, "id",
                                              json_id(ring->keys[i].id), "duty", duty(i)));
    return keys;
}

static json_t *json_forced(const struct keyring *ring)
{
    json_t *forced = json_array();
    for (size_t i = 0; i < ring->forced_n; i++)
        json_array_append_new(forced, json_pack("{s:s, s:o}", "step",
                                                keyring_step_text(ring->forced[i].step), "id",
                                                json_id(ring->forced[i].id)));
    return forced;
}

static void print_keys(const struct jay *j, const struct keyring *ring)
{
    if (j->json) {
        jay_print_json(
            json_pack("{s:o, s:o}", "keys", json_keys(ring), "forced", json_forced(ring)), false);
        return;
    }
    printf("%-*s  %-8s  DUTY\n", KEYRING_LABEL_MAX, "LABEL", "ID");
    for (size_t i = 0; i < ring->n; i++)
        printf("%-*s  %08" PRIx32 "  %s\n", KEYRING_LABEL_MAX, ring->keys[i].label,
               ring->keys[i].id, duty(i));
    for (size_t i = 0; i < ring->forced_n; i++)
        printf("forced: %s %08" PRIx32 "\n", keyring_step_text(ring->forced[i].step),
               ring->forced[i].id);
}

/* ---- comparing with a node ---- */

/** Those of a that are not in b. */
static json_t *without(const json_t *a, const json_t *b)
{
    json_t *out = json_array();
    size_t i;
    json_t *id;
    json_array_foreach(a, i, id)
    {
        if (!field_lists(b, json_string_value(id)))
            json_array_append(out, id);
    }
    return out;
}

static json_t *ids_of(const struct keyring *ring)
{
    json_t *out = json_array();
    for (size_t i = 0; i < ring->n; i++)
        json_array_append_new(out, json_id(ring->keys[i].id));
    return out;
}

/** {"name", "keys", "only_in_file", "only_in_node", "same_sealing", "refused"}; NULL when the node did not tell. */
static json_t *compare(struct jay *j, const struct keyring *ring, enum jay_exit *status)
{
    json_t *node = NULL;
    const enum scrubjay_status got = jay_fetch(j, "node", &node);
    *status = jay_judge(j, got);
    if (got != SCRUBJAY_OK)
        return NULL;
    const json_t *theirs = json_object_get(node, "keys");
    json_t *ours = ids_of(ring);
    const bool same = json_equal(json_array_get(ours, 0), json_array_get(theirs, 0)) != 0;
    const json_t *refused = json_object_get(json_object_get(node, "rotation"), "refused");
    json_t *out =
        json_pack("{s:O?, s:O?, s:o, s:o, s:b, s:O?}", "name", json_object_get(node, "name"),
                  "keys", theirs, "only_in_file", without(ours, theirs), "only_in_node",
                  without(theirs, ours), "same_sealing", same, "refused", refused);
    json_decref(ours);
    json_decref(node);
    return out;
}

static bool is_equal(const json_t *live)
{
    return json_is_true(json_object_get(live, "same_sealing")) &&
           json_array_size(json_object_get(live, "only_in_file")) == 0 &&
           json_array_size(json_object_get(live, "only_in_node")) == 0;
}

static void print_ids(const char *head, const json_t *ids)
{
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id) printf("%s %s\n", head, json_string_value(id));
}

static void print_refused(const json_t *refused)
{
    size_t i;
    json_t *one;
    json_array_foreach(refused, i, one)
    {
        const char *member = field_text(one, "member");
        const uint64_t wait_ms = field_number(one, "wait_ms");
        printf("refused: %s %s: %s", field_text_or(one, "step", "?"),
               field_text_or(one, "key", "?"), field_text_or(one, "reason", "?"));
        if (member[0] != '\0')
            printf(" (%s)", member);
        if (wait_ms > 0)
            printf(", %" PRIu64 " s are left", (wait_ms + 999) / 1000);
        printf("; %s\n", field_text_or(one, "do", "?"));
    }
}

static void print_comparison(const char *path, const json_t *live)
{
    const char *name = field_text_or(live, "name", "?");
    if (is_equal(live)) {
        printf("%s: as node %s has it\n", path, name);
        return;
    }
    print_ids("only in the file:", json_object_get(live, "only_in_file"));
    print_ids("only at the node:", json_object_get(live, "only_in_node"));
    if (!json_is_true(json_object_get(live, "same_sealing")))
        puts("the first key, which seals, is another one");
    print_refused(json_object_get(live, "refused"));
    jay_say("%s differs from what node %s has: it reads its file within 3 s of a change, and takes "
            "each step when it is safe; its log says when it could not",
            path, name);
}

static void print_verdict(const struct jay *j, const char *path, const struct keyring *ring,
                          json_t *live)
{
    if (j->json)
        jay_print_json(json_pack("{s:b, s:i, s:O?}", "ok", live == NULL || is_equal(live), "keys",
                                 (int)ring->n, "node", live),
                       false);
    else
        printf("%s: ok, %zu key%s\n", path, ring->n, ring->n == 1 ? "" : "s");
    if (!j->json && live != NULL)
        print_comparison(path, live);
}

static enum jay_exit check(struct jay *j, const struct jay_args *a, const struct keyring *ring)
{
    enum jay_exit status = JAY_OK;
    json_t *live = a->live ? compare(j, ring, &status) : NULL;
    if (status != JAY_OK)
        return status;
    print_verdict(j, a->words[1], ring, live);
    status = live == NULL || is_equal(live) ? JAY_OK : JAY_NEGATIVE;
    json_decref(live);
    return status;
}

enum jay_exit jay_keyring(struct jay *j, const struct jay_args *a)
{
    struct keyring ring = {0};
    const char *verb = a->words[0];
    const bool list = strcmp(verb, "list") == 0;
    if (strcmp(verb, "generate") == 0 && a->words_n == 1)
        return generate(j, a->label);
    if ((!list && strcmp(verb, "check") != 0) || a->words_n != 2)
        return jay_usage("usage: jay keyring generate [--label TEXT] | list FILE | check FILE "
                         "[--live]");
    enum jay_exit status = load(a->words[1], &ring);
    if (status != JAY_OK)
        return status;
    if (list)
        print_keys(j, &ring);
    else
        status = check(j, a, &ring);
    keyring_fini(&ring);
    return status;
}
