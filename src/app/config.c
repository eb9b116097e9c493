#include "app/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "app/config_env.h"
#include "app/config_file.h"
#include "app/config_flags.h"
#include "app/cpus.h"
#include "app/namespace.h"
#include "app/option.h"
#include "app/size.h"
#include "loop/address.h"
#include "node/node.h"
#include "wire/peer.h"

/** A refusal is one line, whatever the text was that it quotes. */
static void keep_to_one_line(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = '?';
    }
}

bool config_refuse(struct config_fault *fault, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    keep_to_one_line(fault->text);
    fault->status = status;
    fault->in_file = false;
    return false;
}

bool config_refuse_line(struct config_fault *fault, const char *path, size_t line,
                        const char *format, ...)
{
    va_list args;
    const int n = snprintf(fault->text, sizeof fault->text, "%.600s:%zu: ", path, line);
    va_start(args, format);
    (void)vsnprintf(fault->text + n, sizeof fault->text - (size_t)n, format, args);
    va_end(args);
    keep_to_one_line(fault->text);
    fault->status = EXIT_CONFIG;
    fault->in_file = true;
    return false;
}

/* ---- one value ---- */

static bool refuse_value(const char *text, const char *wanted, const struct config_place *place,
                         const struct option_row *row, struct config_fault *fault)
{
    if (place->origin == CONFIG_FILE)
        return config_refuse_line(fault, place->name, place->line, "%s: \"%.100s\" is not %s",
                                  row->path, text, wanted);
    return config_refuse(fault, place->origin == CONFIG_FLAG ? EXIT_USAGE : EXIT_CONFIG,
                         "%s: \"%.100s\" is not %s", place->name, text, wanted);
}

/** Where the next entry of a repeatable option goes; NULL when the list is full. */
static void *room_in(struct config_list *list, bool anew)
{
    if (anew)
        list->n = 0;
    return list->n == CONFIG_LIST_MAX ? NULL : list->at[list->n];
}

static void remember(struct config_setting *s, const char *text, const struct config_place *place)
{
    s->origin = place->origin;
    s->line = place->line;
    s->note[0] = '\0';
    (void)snprintf(s->text, sizeof s->text, "%s", text);
}

bool config_set(struct config *c, enum config_option option, const char *text,
                const struct config_place *place, struct config_fault *fault)
{
    const struct option_row *row = option_row(option);
    struct config_setting *setting = &c->settings[option];
    void *field = (char *)c + row->at;
    void *into = row->many ? room_in(field, setting->origin != place->origin) : field;
    if (into == NULL)
        return config_refuse(fault, EXIT_CONFIG, "%s: more than %d entries, which is the limit",
                             place->name, CONFIG_LIST_MAX);
    const char *wanted = row->parse(text, into);
    if (wanted != NULL)
        return refuse_value(text, wanted, place, row, fault);
    if (row->many)
        ((struct config_list *)field)->n++;
    remember(setting, text, place);
    return true;
}

/* ---- defaults ---- */

/** A default that is found out; note says how. */
static bool set_found(struct config *c, enum config_option option, const char *text,
                      const char *note, struct config_fault *fault)
{
    const struct config_place place = {.origin = CONFIG_DEFAULT, .name = note};
    if (!config_set(c, option, text, &place, fault))
        return false;
    (void)snprintf(c->settings[option].note, CONFIG_NOTE_MAX, "%s", note);
    return true;
}

static bool set_standards(struct config *c, struct config_fault *fault)
{
    const struct config_place place = {.origin = CONFIG_DEFAULT, .name = "default"};
    bool good = true;
    for (size_t i = 0; good && i < OPTIONS; i++) {
        const char *standard = option_row((enum config_option)i)->standard;
        if (standard != NULL)
            good = config_set(c, (enum config_option)i, standard, &place, fault);
    }
    return good;
}

/** Host names may be longer than names of nodes: their beginning will do. */
static bool set_name(struct config *c, const struct config_source *source,
                     struct config_fault *fault)
{
    char name[PEER_NAME_MAX + 1];
    const char *pod = config_env(source->env, "POD_NAME");
    (void)snprintf(name, sizeof name, "%s", pod != NULL ? pod : source->hostname);
    return set_found(c, OPTION_NAME, name, pod != NULL ? "POD_NAME" : "host name", fault);
}

static bool set_advertise(struct config *c, const struct config_source *source,
                          struct config_fault *fault)
{
    const char *pod = config_env(source->env, "POD_IP");
    return pod == NULL || set_found(c, OPTION_ADVERTISE, pod, "POD_IP", fault);
}

static bool set_workers(struct config *c, const struct config_source *source,
                        struct config_fault *fault)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%u", cpus_granted(source->root));
    return set_found(c, OPTION_WORKERS, text, "CPUs granted", fault);
}

static bool set_memory(struct config *c, const struct config_source *source,
                       struct config_fault *fault)
{
    const bool limited = size_memory_limit(source->root) != 0;
    return set_found(c, OPTION_MEMORY, limited ? "75%" : "256MiB",
                     limited ? "of the cgroup's limit" : "no cgroup limit", fault);
}

static bool set_defaults(struct config *c, const struct config_source *source,
                         struct config_fault *fault)
{
    return set_standards(c, fault) && set_name(c, source, fault) &&
           set_advertise(c, source, fault) && set_workers(c, source, fault) &&
           set_memory(c, source, fault);
}

/* ---- when all is known ---- */

static bool set_time(struct config *c, enum config_option option, uint64_t us,
                     struct config_fault *fault)
{
    char text[32];
    if (c->settings[option].text[0] != '\0')
        return true;
    (void)snprintf(text, sizeof text, "%llums", (unsigned long long)(us / US_PER_MS));
    return set_found(c, option, text, "of the profile", fault);
}

static bool set_number(struct config *c, enum config_option option, uint32_t n,
                       struct config_fault *fault)
{
    char text[32];
    if (c->settings[option].text[0] != '\0')
        return true;
    (void)snprintf(text, sizeof text, "%u", n);
    return set_found(c, option, text, "of the memory", fault);
}

/** More than there is ends with the kernel killing this process, at the worst moment. */
static bool check_memory(const struct config *c, const struct config_source *source, uint64_t whole,
                         struct config_fault *fault)
{
    if (whole == 0 || c->memory.bytes <= whole)
        return true;
    return config_refuse(fault, EXIT_CONFIG,
                         "memory %.100s is more than the %llu MiB that %s: the kernel would kill "
                         "this node; give at most 75%%",
                         c->settings[OPTION_MEMORY].text, (unsigned long long)(whole >> 20),
                         size_memory_limit(source->root) != 0 ? "the cgroup grants"
                                                              : "this machine has");
}

static bool resolve_memory(struct config *c, const struct config_source *source,
                           struct config_fault *fault)
{
    const uint64_t whole = size_memory_whole(source->root);
    if (c->memory.percent == 0)
        return check_memory(c, source, whole, fault);
    if (whole == 0)
        return config_refuse(fault, EXIT_CONFIG,
                             "the memory of this machine cannot be told: give a size, as in "
                             "--memory 256MiB");
    c->memory.bytes = whole / 100 * c->memory.percent;
    return true;
}

static bool resolve_crypto(struct config *c, struct config_fault *fault)
{
    const bool keyed = c->keyring[0] != '\0';
    if (c->crypto == SEAL_BY_RING)
        return set_found(c, OPTION_GOSSIP_CRYPTO, mode_text(mode_settle(SEAL_BY_RING, keyed)),
                         keyed ? "there is a keyring" : "there is no keyring", fault);
    if (keyed || c->crypto == SEAL_OFF)
        return true;
    return config_refuse(fault, EXIT_CONFIG,
                         "gossip.crypto is %s, which needs keys, and there is no keyring: give "
                         "--keyring FILE (jay keyring generate makes one), or --gossip-crypto off",
                         mode_text(c->crypto));
}

static bool resolve_login(struct config *c, struct config_fault *fault)
{
    const bool has_file = c->clients[0] != '\0';
    if (c->login == ENTRY_BY_FILE)
        return set_found(c, OPTION_CLIENT_LOGIN, entry_text(entry_settle(ENTRY_BY_FILE, has_file)),
                         has_file ? "there is a clients file" : "there is no clients file", fault);
    if (has_file || c->login == ENTRY_OFF)
        return true;
    return config_refuse(fault, EXIT_CONFIG,
                         "client.login is %s, which needs keys, and there is no clients file: give "
                         "--clients FILE (jay client generate makes a line), or --client-login off",
                         entry_text(c->login));
}

static bool resolve(struct config *c, const struct config_source *source,
                    struct config_fault *fault)
{
    struct node_cfg times;
    if (!resolve_memory(c, source, fault) || !resolve_crypto(c, fault) || !resolve_login(c, fault))
        return false;
    node_cfg_sizes(&times, c->profile, c->memory.bytes);
    return set_number(c, OPTION_HEAL_LOG, times.log_max, fault) &&
           set_time(c, OPTION_DRAIN, times.drain_us, fault) &&
           set_time(c, OPTION_READY_ALONE, times.ready_alone_us, fault);
}

/** Whoever takes plain packets takes them from anybody, whatever else it takes and sends. */
static bool check_gossip(const struct config *c, struct config_fault *fault)
{
    char text[ADDRESS_TEXT_MAX];
    if (!mode_takes_plain(c->crypto) || address_is_loopback(&c->gossip))
        return true;
    if (c->keyring[0] == '\0')
        return config_refuse(fault, EXIT_CONFIG,
                             "gossip on %s can be reached from other machines and there is no "
                             "keyring: give --keyring FILE (jay keyring generate makes one), or "
                             "--insecure to run without keys",
                             address_format(&c->gossip, text));
    return config_refuse(fault, EXIT_CONFIG,
                         "gossip on %s can be reached from other machines, and with gossip.crypto "
                         "%s anybody there may pass for a peer: give --gossip-crypto require, or "
                         "--insecure until all nodes seal what they send",
                         address_format(&c->gossip, text), mode_text(c->crypto));
}

/** Whoever serves without a login serves anybody, whoever else logs in. */
static bool check_clients(const struct config *c, struct config_fault *fault)
{
    char text[ADDRESS_TEXT_MAX];
    if (!entry_is_open(c->login) || address_is_loopback(&c->client))
        return true;
    if (c->clients[0] == '\0')
        return config_refuse(
            fault, EXIT_CONFIG,
            "clients on %s can be reached from other machines and there is no clients file: give "
            "--clients FILE (jay client generate makes a line), listen on loopback, or give "
            "--insecure to serve whoever connects",
            address_format(&c->client, text));
    return config_refuse(
        fault, EXIT_CONFIG,
        "clients on %s can be reached from other machines, and with client.login %s anybody there "
        "is served: give --client-login require, or --insecure until all clients have keys",
        address_format(&c->client, text), entry_text(c->login));
}

/** Others can reach what is not on loopback: then keys are not optional. */
static bool check_exposure(const struct config *c, struct config_fault *fault)
{
    return c->insecure || (check_gossip(c, fault) && check_clients(c, fault));
}

static bool find_file(const struct flags *flags, const struct config_source *source,
                      struct config *c, struct config_fault *fault)
{
    const char *path = flags->config;
    if (path == NULL)
        path = config_env(source->env, "SCRUBJAY_CONFIG");
    if (path == NULL)
        return true;
    if (strlen(path) >= sizeof c->file)
        return config_refuse(fault, EXIT_CONFIG, "the path given with --config is too long");
    (void)snprintf(c->file, sizeof c->file, "%s", path);
    return file_apply(c->file, c, fault);
}

bool config_load(const struct config_source *source, struct config *out, enum config_action *action,
                 struct config_fault *fault)
{
    struct flags flags;
    memset(out, 0, sizeof *out);
    if (!flags_read(source, &flags, fault))
        return false;
    *action = flags.action;
    if (flags.action == CONFIG_VERSION || flags.action == CONFIG_HELP)
        return true;
    return set_defaults(out, source, fault) && find_file(&flags, source, out, fault) &&
           env_check(source->env, fault) && env_apply(source->env, out, fault) &&
           flags_apply(&flags, out, fault) && resolve(out, source, fault) &&
           namespaces_check(out, fault) && check_exposure(out, fault);
}

struct policies config_policies(const struct config *c, struct policy at[POLICIES_MAX])
{
    for (size_t i = 0; i < c->namespaces.n; i++) {
        at[i] = c->namespaces.at[i].policy;
        at[i].ns = slice_text(c->namespaces.at[i].name);
    }
    return (struct policies){
        .at = at, .n = c->namespaces.n, .expect = c->expect, .fence_ms = c->fence_ms};
}
