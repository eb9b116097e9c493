#include "app/config_file.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/advice.h"
#include "app/option.h"
#include "app/yaml_lines.h"
#include "app/yaml_namespaces.h"

/* ---- the schema: every value is a text, which the table of options parses ---- */

struct list {
    char **at;
    unsigned n;
};

struct document {
    char *name, *cluster, *advertise, *keyring, *clients, *insecure, *memory, *workers, *expect,
        *profile, *drain, *ready_alone, *warm_up, *heal_log, *core_dumps;

    struct {
        char *listen, *login, *plain, *max_value;
    } client;

    struct {
        char *listen, *crypto, *key_quiet;
    } gossip;

    struct {
        char *listen;
        struct list hosts;
    } http;

    struct {
        struct list fixed, dns, srv;
    } join;

    struct {
        struct list servers;
    } dns;

    struct {
        char *level, *format;
    } log;

    struct {
        char *fence_ms;
    } freshness;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members take none */
#define OPTIONAL_TEXT (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
/* Offsets are from the start of the group in which the key stands. */
#define TEXT(key_, group, field)                                                                   \
    {                                                                                              \
        .key = (key_), .data_offset = offsetof(struct document, field) - (group), .value = {       \
            CYAML_VALUE_STRING(OPTIONAL_TEXT, char *, 0, CONFIG_TEXT_MAX - 1)                      \
        }                                                                                          \
    }
#define LIST(key_, group, field)                                                                   \
    {                                                                                              \
        .key = (key_), .data_offset = offsetof(struct document, field.at) - (group),               \
        .count_offset = offsetof(struct document, field.n) - (group),                              \
        .count_size = sizeof(unsigned), .value = {                                                 \
            CYAML_VALUE_SEQUENCE(OPTIONAL_TEXT, char *, &ENTRY, 0, CYAML_UNLIMITED)                \
        }                                                                                          \
    }
#define GROUP(key_, field, fields_)                                                                \
    {                                                                                              \
        .key = (key_), .data_offset = offsetof(struct document, field), .value = {                 \
            .type = CYAML_MAPPING,                                                                 \
            .flags = CYAML_FLAG_OPTIONAL,                                                          \
            .data_size = sizeof(((struct document *)0)->field),                                    \
            .mapping = {.fields = (fields_)}                                                       \
        }                                                                                          \
    }
#define BASE(field) offsetof(struct document, field)
/* NOLINTEND(bugprone-macro-parentheses) */

static const cyaml_schema_value_t ENTRY = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CONFIG_TEXT_MAX - 1)};

static const cyaml_schema_field_t CLIENT[] = {
    TEXT("listen", BASE(client), client.listen), TEXT("login", BASE(client), client.login),
    TEXT("plain", BASE(client), client.plain), TEXT("max_value", BASE(client), client.max_value),
    CYAML_FIELD_END};
static const cyaml_schema_field_t GOSSIP[] = {
    TEXT("listen", BASE(gossip), gossip.listen), TEXT("crypto", BASE(gossip), gossip.crypto),
    TEXT("key_quiet", BASE(gossip), gossip.key_quiet), CYAML_FIELD_END};
static const cyaml_schema_field_t HTTP[] = {TEXT("listen", BASE(http), http.listen),
                                            LIST("hosts", BASE(http), http.hosts), CYAML_FIELD_END};
static const cyaml_schema_field_t JOIN[] = {LIST("static", BASE(join), join.fixed),
                                            LIST("dns", BASE(join), join.dns),
                                            LIST("srv", BASE(join), join.srv), CYAML_FIELD_END};
static const cyaml_schema_field_t DNS[] = {LIST("servers", BASE(dns), dns.servers),
                                           CYAML_FIELD_END};
static const cyaml_schema_field_t LOG[] = {TEXT("level", BASE(log), log.level),
                                           TEXT("format", BASE(log), log.format), CYAML_FIELD_END};
static const cyaml_schema_field_t FRESHNESS[] = {
    TEXT("fence_ms", BASE(freshness), freshness.fence_ms), CYAML_FIELD_END};

static const cyaml_schema_field_t FIELDS[] = {
    TEXT("name", 0, name),
    TEXT("cluster", 0, cluster),
    TEXT("advertise", 0, advertise),
    TEXT("keyring", 0, keyring),
    TEXT("clients", 0, clients),
    TEXT("insecure", 0, insecure),
    TEXT("memory", 0, memory),
    TEXT("workers", 0, workers),
    TEXT("expect", 0, expect),
    TEXT("profile", 0, profile),
    TEXT("drain", 0, drain),
    TEXT("ready_alone", 0, ready_alone),
    TEXT("warm_up", 0, warm_up),
    TEXT("heal_log", 0, heal_log),
    TEXT("core_dumps", 0, core_dumps),
    GROUP("client", client, CLIENT),
    GROUP("gossip", gossip, GOSSIP),
    GROUP("http", http, HTTP),
    GROUP("join", join, JOIN),
    GROUP("dns", dns, DNS),
    GROUP("log", log, LOG),
    GROUP("freshness", freshness, FRESHNESS),
    CYAML_FIELD_IGNORE(YAML_NAMESPACES, CYAML_FLAG_OPTIONAL), /* the first reading took them */
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t SCHEMA = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct document, FIELDS)};

/** Where the schema puts what the table of options calls for; a struct list when it is repeatable. */
static const size_t PLACES[OPTIONS] = {
    [OPTION_NAME] = BASE(name),
    [OPTION_CLUSTER] = BASE(cluster),
    [OPTION_ADVERTISE] = BASE(advertise),
    [OPTION_KEYRING] = BASE(keyring),
    [OPTION_CLIENTS] = BASE(clients),
    [OPTION_INSECURE] = BASE(insecure),
    [OPTION_MEMORY] = BASE(memory),
    [OPTION_WORKERS] = BASE(workers),
    [OPTION_EXPECT] = BASE(expect),
    [OPTION_PROFILE] = BASE(profile),
    [OPTION_DRAIN] = BASE(drain),
    [OPTION_READY_ALONE] = BASE(ready_alone),
    [OPTION_WARM_UP] = BASE(warm_up),
    [OPTION_HEAL_LOG] = BASE(heal_log),
    [OPTION_CORE_DUMPS] = BASE(core_dumps),
    [OPTION_CLIENT_LISTEN] = BASE(client.listen),
    [OPTION_CLIENT_LOGIN] = BASE(client.login),
    [OPTION_CLIENT_PLAIN] = BASE(client.plain),
    [OPTION_CLIENT_MAX_VALUE] = BASE(client.max_value),
    [OPTION_GOSSIP_LISTEN] = BASE(gossip.listen),
    [OPTION_GOSSIP_CRYPTO] = BASE(gossip.crypto),
    [OPTION_GOSSIP_KEY_QUIET] = BASE(gossip.key_quiet),
    [OPTION_HTTP_LISTEN] = BASE(http.listen),
    [OPTION_HTTP_HOSTS] = BASE(http.hosts),
    [OPTION_JOIN_STATIC] = BASE(join.fixed),
    [OPTION_JOIN_DNS] = BASE(join.dns),
    [OPTION_JOIN_SRV] = BASE(join.srv),
    [OPTION_DNS_SERVERS] = BASE(dns.servers),
    [OPTION_LOG_LEVEL] = BASE(log.level),
    [OPTION_LOG_FORMAT] = BASE(log.format),
    [OPTION_FENCE_MS] = BASE(freshness.fence_ms),
};

/* ---- values ---- */

static bool apply_list(const struct list *list, enum config_option option,
                       const struct config_place *place, struct config *c,
                       struct config_fault *fault)
{
    bool good = true;
    for (unsigned i = 0; good && i < list->n; i++)
        good = config_set(c, option, list->at[i], place, fault);
    return good;
}

static bool apply(const struct document *d, const struct yaml_lines *lines, struct config *c,
                  struct config_fault *fault)
{
    bool good = true;
    for (size_t i = 0; good && i < OPTIONS; i++) {
        const struct config_place place = {
            .origin = CONFIG_FILE, .name = c->file, .line = lines->at[i]};
        const void *field = (const char *)d + PLACES[i];
        if (lines->at[i] == 0)
            continue;
        if (option_row((enum config_option)i)->many)
            good = apply_list(field, (enum config_option)i, &place, c, fault);
        else
            good = config_set(c, (enum config_option)i, *(char *const *)field, &place, fault);
    }
    return good;
}

/* ---- the file ---- */

static bool refuse_file(const char *path, int error, struct config_fault *fault)
{
    return config_refuse(fault, EXIT_CONFIG, "cannot read %s: %s (%s)", path, strerror(error),
                         advice_of_file(error));
}

static bool read_whole(FILE *file, const char *path, char *text, size_t *len,
                       struct config_fault *fault)
{
    *len = fread(text, 1, FILE_MAX, file);
    if (ferror(file) != 0)
        return refuse_file(path, errno, fault);
    if (fgetc(file) != EOF)
        return config_refuse(fault, EXIT_CONFIG,
                             "%s has more than 65,536 bytes, which is the limit", path);
    return true;
}

static bool load(const char *text, size_t len, struct config *c, struct config_fault *fault)
{
    static const cyaml_config_t CONFIG = {
        .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};
    struct yaml_lines lines;
    struct document *document = NULL;
    if (!yaml_lines_find(slice_of(text, len), c, &lines, fault))
        return false;
    if (lines.n == 0)
        return true;
    const cyaml_err_t err = cyaml_load_data((const uint8_t *)text, len, &CONFIG, &SCHEMA,
                                            (cyaml_data_t **)&document, NULL);
    if (err != CYAML_OK)
        return config_refuse(fault, EXIT_CONFIG, "%s: %s", c->file, cyaml_strerror(err));
    const bool good = apply(document, &lines, c, fault);
    (void)cyaml_free(&CONFIG, &SCHEMA, document, 0);
    return good;
}

bool file_apply(const char *path, struct config *c, struct config_fault *fault)
{
    char *text = malloc(FILE_MAX);
    FILE *file = fopen(path, "re");
    size_t len = 0;
    const bool there = file != NULL && text != NULL;
    const bool good = there ? read_whole(file, path, text, &len, fault) && load(text, len, c, fault)
                            : refuse_file(path, errno, fault);
    if (file != NULL)
        (void)fclose(file);
    free(text);
    return good;
}
