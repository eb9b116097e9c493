/**
 * app/config.h - every effective setting of scrubjayd, and where each came from.
 *
 * A flag outranks the environment, which outranks the file, which outranks the default. A value that
 * is outranked is checked all the same: a mistake does not hide behind a flag.
 * Reads files and the environment it is given; binds nothing, prints nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/attr.h"
#include "loop/logger.h"
#include "node/policy.h"
#include "seal/entry.h"
#include "seal/mode.h"
#include "swim/swim.h"

#define CONFIG_TEXT_MAX 512 /* bytes of one value, its NUL included */
#define CONFIG_LIST_MAX 32  /* entries of a repeatable option */
#define CONFIG_NOTE_MAX 64

/* Exit status; sysexits.h has 78 for configuration errors. */
#define EXIT_RUN    1
#define EXIT_USAGE  2
#define EXIT_CONFIG 78

enum config_origin {
    CONFIG_DEFAULT,
    CONFIG_FILE,
    CONFIG_ENVIRONMENT,
    CONFIG_FLAG
};

/** The options, in the order of the file's keys. */
enum config_option {
    OPTION_NAME,
    OPTION_CLUSTER,
    OPTION_ADVERTISE,
    OPTION_KEYRING,
    OPTION_CLIENTS,
    OPTION_INSECURE,
    OPTION_MEMORY,
    OPTION_WORKERS,
    OPTION_EXPECT,
    OPTION_PROFILE,
    OPTION_DRAIN,
    OPTION_READY_ALONE,
    OPTION_WARM_UP,
    OPTION_HEAL_LOG,
    OPTION_CORE_DUMPS,
    OPTION_CLIENT_LISTEN,
    OPTION_CLIENT_LOGIN,
    OPTION_CLIENT_PLAIN,
    OPTION_CLIENT_MAX_VALUE,
    OPTION_GOSSIP_LISTEN,
    OPTION_GOSSIP_CRYPTO,
    OPTION_GOSSIP_KEY_QUIET,
    OPTION_HTTP_LISTEN,
    OPTION_HTTP_HOSTS,
    OPTION_JOIN_STATIC,
    OPTION_JOIN_DNS,
    OPTION_JOIN_SRV,
    OPTION_DNS_SERVERS,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
    OPTION_FENCE_MS,
    OPTIONS
};

/** Where the value of one option came from. */
struct config_setting {
    enum config_origin origin;
    size_t line;                /* CONFIG_FILE: in the file */
    char note[CONFIG_NOTE_MAX]; /* CONFIG_DEFAULT: how it was found; "" = it is fixed */
    char text[CONFIG_TEXT_MAX]; /* the value; of lists only the last entry */
};

struct config_list {
    char at[CONFIG_LIST_MAX][CONFIG_TEXT_MAX];
    size_t n;
};

/** Memory for the cache: bytes, or a share of what the cgroup grants. */
struct config_memory {
    uint64_t bytes;
    uint32_t percent; /* 0 = bytes counts */
};

/** What the file may say of a namespace, in the order in which it is printed. */
enum namespace_key {
    NAMESPACE_NAME,
    NAMESPACE_STRICT,
    NAMESPACE_WITHIN_MS,
    NAMESPACE_TTL_MS,
    NAMESPACE_TTL_MAX_MS,
    NAMESPACE_STALE_MS,
    NAMESPACE_ACK,
    NAMESPACE_KEYS
};

/** One entry of the file's namespaces. */
struct config_namespace {
    char name[CLIENT_NS_MAX + 1]; /* "" is the default namespace */
    struct policy policy;         /* all of it but ns, which config_policies() sets */
    size_t line;                  /* of the entry, in the file */
    size_t lines[NAMESPACE_KEYS]; /* of its keys; 0 = not given */
};

/** Only the file knows namespaces: no flag or variable outranks it. */
struct config_namespaces {
    struct config_namespace at[POLICIES_MAX];
    size_t n;
    size_t line; /* of the list's key; 0 = not given */
};

struct config {
    char name[CONFIG_TEXT_MAX];
    char cluster[CONFIG_TEXT_MAX];
    struct addr advertise;         /* ip_len 0 = the bound address */
    char keyring[CONFIG_TEXT_MAX]; /* "" = none */
    char clients[CONFIG_TEXT_MAX]; /* "" = none */
    bool insecure;
    struct config_memory memory; /* bytes is set, whatever was given, after config_load() */
    uint32_t workers;
    uint32_t expect; /* nodes that run at most at one time: the voters; 0 = nobody said */
    enum swim_profile profile;
    uint64_t drain_us;
    uint64_t ready_alone_us;
    bool warm_up;      /* take over the cache of the node that a join went by */
    uint32_t heal_log; /* dots kept for healing others */
    bool core_dumps;   /* let the system, and debuggers, see memory with its keys */
    struct addr client;
    enum entry login; /* settled after config_load() */
    enum plain plain;
    struct addr gossip;
    enum seal_mode crypto; /* settled after config_load() */
    uint64_t key_quiet_us; /* a key that is removed goes when it was silent so long */
    struct addr http;      /* ip_len 0 = off */
    uint32_t value_max;
    struct config_list http_hosts;
    struct config_list join, join_dns, join_srv, dns_servers;
    enum logger_level log_level;
    bool log_json;
    uint32_t fence_ms;
    struct config_namespaces namespaces;
    char file[CONFIG_TEXT_MAX]; /* --config; "" = none */
    struct config_setting settings[OPTIONS];
};

/** What the command line asks for. */
enum config_action {
    CONFIG_RUN,
    CONFIG_CHECK,
    CONFIG_PRINT,
    CONFIG_VERSION,
    CONFIG_HELP
};

/** What is wrong, for people, and with which status to exit. */
struct config_fault {
    int status;   /* EXIT_USAGE or EXIT_CONFIG */
    bool in_file; /* the text begins with FILE:LINE, as compilers and editors have it */
    char text[1024];
};

/** Where settings are looked for. Everything is lent. */
struct config_source {
    int argc;
    char *const *argv;
    char *const *env;     /* NAME=VALUE texts, NULL at the end */
    const char *root;     /* of /proc and /sys: "" but in tests */
    const char *hostname; /* the system's */
};

/**
 * Put all settings together.
 *
 * Returns: false with *fault set; then *out and *action are of no use. CONFIG_VERSION and CONFIG_HELP
 *          look at nothing else.
 */
MUST_USE bool config_load(const struct config_source *source, struct config *out,
                          enum config_action *action, struct config_fault *fault);

/** Set *fault; returns false for the caller's return. */
MUST_USE bool config_refuse(struct config_fault *fault, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** As config_refuse(), about a line of a file; the text becomes "path:line: ...". */
MUST_USE bool config_refuse_line(struct config_fault *fault, const char *path, size_t line,
                                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Where a value is read from. */
struct config_place {
    enum config_origin origin;
    const char *name; /* for people: "--name", "SCRUBJAY_NAME", or the file's path */
    size_t line;      /* of the file */
};

/**
 * Read one value into its place in *c. A repeatable option gets one more entry; the first entry of a
 * higher origin takes the place of all that lower ones gave.
 */
MUST_USE bool config_set(struct config *c, enum config_option option, const char *text,
                         const struct config_place *place, struct config_fault *fault);

/**
 * What is configured for namespaces, as loop wants it.
 *
 * at:      is filled; it and c are lent as long as the result is used.
 */
struct policies config_policies(const struct config *c, struct policy at[POLICIES_MAX]);

/** A value of a NAME=VALUE list; NULL when it is not set, or empty. Lends. */
const char *config_env(char *const *env, const char *name);
