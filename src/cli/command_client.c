#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli/jay.h"
#include "cli/secret.h"
#include "seal/clients.h"
#include "seal/keyring.h"

#define USAGE                                                                                      \
    "usage: jay client generate --id ID --can CAPABILITIES | list FILE | check FILE\n"             \
    "     CAPABILITIES are some of read,write,invalidate,admin"

/** Say what is wrong with a line, or with the capabilities on the command line (path NULL). */
static void explain(const char *path, const struct clients_fault *fault)
{
    char at[512] = "";
    if (path != NULL)
        snprintf(at, sizeof at, "%s:%zu: ", path, fault->line);
    if (fault->word[0] == '\0')
        jay_say("%s%s", at, fault->reason);
    else if (fault->meant == NULL)
        jay_say("%sunknown capability \"%s\": %s", at, fault->word, fault->reason);
    else
        jay_say("%sunknown capability \"%s\": did you mean \"%s\"?", at, fault->word, fault->meant);
}

static void print_line(const struct jay *j, const struct clients_one *one)
{
    char line[CLIENTS_LINE_MAX];
    const size_t len = clients_line(one, line);
    if (j->json)
        jay_print_json(json_pack("{s:s, s:s%}", "id", one->id, "line", line, len - 1), false);
    else
        fwrite(line, 1, len, stdout);
    sodium_memzero(line, sizeof line);
}

static enum jay_exit generate(const struct jay *j, const struct jay_args *a)
{
    struct clients_one one = {.rights = 0};
    struct clients_fault fault;
    if (a->id == NULL || a->can == NULL)
        return jay_usage(USAGE);
    if (!keyring_label_ok(slice_text(a->id)))
        return jay_usage("\"%s\" is no id: 1 to %d of A-Z, a-z, 0-9, \".\", \"_\", \"-\"", a->id,
                         CLIENTS_ID_MAX);
    if (clients_rights_read(slice_text(a->can), &one.rights, &fault) != OK) {
        explain(NULL, &fault);
        return JAY_USAGE;
    }
    if (sodium_init() < 0) {
        jay_say("the system gives no random bytes");
        return JAY_NEGATIVE;
    }
    snprintf(one.id, sizeof one.id, "%s", a->id);
    randombytes_buf(one.key, sizeof one.key);
    print_line(j, &one);
    sodium_memzero(&one, sizeof one);
    return JAY_OK;
}

/** Load a file. *out holds secrets. */
static enum jay_exit load(const char *path, struct clients *out)
{
    static uint8_t bytes[JAY_SECRET_MAX];
    static struct clients room;
    struct clients_fault fault;
    size_t len = 0;
    enum jay_exit status = jay_read_secret(path, bytes, &len);
    if (status == JAY_OK && clients_parse(slice_of(bytes, len), out, &room, &fault) != OK) {
        explain(path, &fault);
        status = JAY_NEGATIVE;
    }
    sodium_memzero(bytes, sizeof bytes);
    return status;
}

static json_t *json_clients(const struct clients *c)
{
    char words[RIGHTS_TEXT_MAX];
    json_t *all = json_array();
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(all, json_pack("{s:s, s:s}", "id", c->all[i].id, "can",
                                             rights_text(c->all[i].rights, ",", words)));
    return all;
}

static void print_clients(const struct jay *j, const struct clients *c)
{
    char words[RIGHTS_TEXT_MAX];
    if (j->json) {
        jay_print_json(json_pack("{s:o}", "clients", json_clients(c)), false);
        return;
    }
    printf("%-*s  CAN\n", CLIENTS_ID_MAX, "ID");
    for (size_t i = 0; i < c->n; i++)
        printf("%-*s  %s\n", CLIENTS_ID_MAX, c->all[i].id,
               rights_text(c->all[i].rights, ",", words));
}

static void print_verdict(const struct jay *j, const char *path, const struct clients *c)
{
    if (j->json)
        jay_print_json(json_pack("{s:b, s:i}", "ok", true, "clients", (int)c->n), false);
    else
        printf("%s: ok, %zu client%s\n", path, c->n, c->n == 1 ? "" : "s");
}

enum jay_exit jay_client(struct jay *j, const struct jay_args *a)
{
    static struct clients clients;
    const char *verb = a->words[0];
    const bool list = strcmp(verb, "list") == 0;
    if (strcmp(verb, "generate") == 0 && a->words_n == 1)
        return generate(j, a);
    if ((!list && strcmp(verb, "check") != 0) || a->words_n != 2)
        return jay_usage(USAGE);
    const enum jay_exit status = load(a->words[1], &clients);
    if (status != JAY_OK)
        return status;
    if (list)
        print_clients(j, &clients);
    else
        print_verdict(j, a->words[1], &clients);
    clients_fini(&clients);
    return JAY_OK;
}
