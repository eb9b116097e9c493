#include "app/option.h"

#include <assert.h>
#include <string.h>

#include "app/parse.h"

#define AT(field) offsetof(struct config, field)

static const char MORE_EXPECT[] =
    "A promise that at most N nodes of this cluster run at once. Strict namespaces, within_ms,\n"
    "and the levels quorum and fenced rest on it. Votes count by name: a node that is restarted\n"
    "keeps its name.\n";

static const char MORE_READY_ALONE[] =
    "Many nodes that begin at once would each serve alone while a resolver keeps the answer\n"
    "\"no such name\" from before. Where DNS lists nodes before they are ready, give a time\n"
    "longer than that, 40s: it is 2s at most when the answer is the node's own address and no\n"
    "other.\n";

static const char MORE_CRYPTO[] =
    "What peers send and take. A running cluster goes from off to require, or back, by rolling\n"
    "restarts, one mode at a time:\n"
    "  off      sends plain, takes plain        prefer   sends sealed, takes both\n"
    "  listen   sends plain, takes both         require  sends sealed, takes sealed\n";

static const char MORE_KEY_QUIET[] =
    "Until then the key opens packets, and seals none. It stays for twice the longest suspicion\n"
    "in any case, which no time here shortens.\n";

static const char MORE_LOGIN[] =
    "Whether clients have to log in. A running cluster goes from off to require, or back, by\n"
    "rolling restarts, one mode at a time; clients get their keys while all nodes accept:\n"
    "  off      serves everybody, hears no logins\n"
    "  accept   serves who logs in by its capabilities, and everybody else\n"
    "  require  serves who logs in by its capabilities\n";

static const char MORE_PLAIN[] = "From where clients may log in without asking for a sealed "
                                 "connection: loopback, everywhere or\n"
                                 "nowhere. From elsewhere they are told to ask for one. Older "
                                 "clients cannot: everywhere is for the\n"
                                 "time until they are new, and for networks that nobody reads.\n";

static const char MORE_HTTP_HOSTS[] =
    "Over loopback, requests have to call this node by an address, localhost, its name, or a\n"
    "name that is given here, since a page can give its own name our address. Other addresses\n"
    "take any name, until one is given.\n";

static const struct option_row ROWS[OPTIONS] = {
    [OPTION_NAME] = {.flag = "name",
                     .path = "name",
                     .arg = "NAME",
                     .help = "name of this node, unique in the cluster",
                     .found = "POD_NAME, else the host name",
                     .parse = parse_name,
                     .at = AT(name)},
    [OPTION_CLUSTER] = {.flag = "cluster",
                        .path = "cluster",
                        .arg = "NAME",
                        .help = "name of the cluster, bound into every packet",
                        .standard = "scrubjay",
                        .parse = parse_name,
                        .at = AT(cluster)},
    [OPTION_ADVERTISE] = {.flag = "advertise",
                          .path = "advertise",
                          .arg = "ADDR[:PORT]",
                          .help = "address that peers are told",
                          .found = "POD_IP, else the listener of peers",
                          .parse = parse_host,
                          .at = AT(advertise)},
    [OPTION_KEYRING] = {.flag = "keyring",
                        .path = "keyring",
                        .arg = "FILE",
                        .help = "keys of the cluster; read again when it changes",
                        .found = "none",
                        .parse = parse_path,
                        .at = AT(keyring)},
    [OPTION_CLIENTS] = {.flag = "clients",
                        .path = "clients",
                        .arg = "FILE",
                        .help =
                            "clients, their keys and what each may do; read again when it changes",
                        .found = "none",
                        .parse = parse_path,
                        .at = AT(clients)},
    [OPTION_INSECURE] = {.flag = "insecure",
                         .path = "insecure",
                         .help = "run without keys and credentials on non-loopback addresses",
                         .standard = "false",
                         .parse = parse_switch,
                         .at = AT(insecure)},
    [OPTION_MEMORY] =
        {.flag = "memory",
         .path = "memory",
         .arg = "SIZE|PCT",
         .help = "memory of the cache; a share is of the cgroup's limit, else of the machine",
         .found = "75% of the cgroup's limit, else 256MiB",
         .parse = parse_memory,
         .at = AT(memory)},
    [OPTION_WORKERS] = {.flag = "workers",
                        .path = "workers",
                        .arg = "N",
                        .help = "threads that serve clients",
                        .found = "the CPUs granted",
                        .parse = parse_workers,
                        .at = AT(workers)},
    [OPTION_EXPECT] = {.flag = "expect",
                       .path = "expect",
                       .arg = "N",
                       .help = "voters: at most N nodes run at once",
                       .found = "none",
                       .more = MORE_EXPECT,
                       .parse = parse_expect,
                       .at = AT(expect)},
    [OPTION_PROFILE] = {.flag = "profile",
                        .path = "profile",
                        .arg = "pod|wan|test",
                        .help = "timing of the membership",
                        .standard = "pod",
                        .parse = parse_profile,
                        .at = AT(profile)},
    [OPTION_DRAIN] = {.flag = "drain",
                      .path = "drain",
                      .arg = "TIME",
                      .help = "time to leave in, at most",
                      .found = "2s",
                      .parse = parse_time,
                      .at = AT(drain_us)},
    [OPTION_READY_ALONE] = {.flag = "ready-alone",
                            .path = "ready_alone",
                            .arg = "TIME",
                            .help = "time after which a node that meets nobody serves alone",
                            .found = "2s, or 200ms of profile test",
                            .more = MORE_READY_ALONE,
                            .parse = parse_time,
                            .at = AT(ready_alone_us)},
    [OPTION_WARM_UP] = {.flag = "warm-up",
                        .path = "warm_up",
                        .arg = "on|off",
                        .help = "take over the entries of a node of the cluster after joining",
                        .standard = "on",
                        .parse = parse_switch,
                        .at = AT(warm_up)},
    [OPTION_HEAL_LOG] =
        {.flag = "heal-log",
         .path = "heal_log",
         .arg = "N",
         .help = "invalidations kept for peers that missed them, four times as many in short form",
         .found = "16384 below 256MiB of memory, else 262144",
         .parse = parse_heal_log,
         .at = AT(heal_log)},
    [OPTION_CORE_DUMPS] = {.flag = "core-dumps",
                           .path = "core_dumps",
                           .arg = "on|off",
                           .help =
                               "for debugging: dump memory, with keys and values, when it crashes",
                           .standard = "off",
                           .parse = parse_switch,
                           .at = AT(core_dumps)},
    [OPTION_CLIENT_LISTEN] = {.flag = "client-listen",
                              .path = "client.listen",
                              .arg = "ADDR:PORT",
                              .help = "listener of clients",
                              .standard = "127.0.0.1:6247",
                              .parse = parse_listen,
                              .at = AT(client)},
    [OPTION_CLIENT_LOGIN] = {.flag = "client-login",
                             .path = "client.login",
                             .arg = "MODE",
                             .help = "logins of clients: off, accept or require",
                             .found = "require with a clients file, else off",
                             .more = MORE_LOGIN,
                             .parse = parse_login,
                             .at = AT(login)},
    [OPTION_CLIENT_PLAIN] = {.flag = "client-plain",
                             .path = "client.plain",
                             .arg = "WHERE",
                             .help = "from where a client may log in and not be sealed",
                             .standard = "loopback",
                             .more = MORE_PLAIN,
                             .parse = parse_plain,
                             .at = AT(plain)},
    [OPTION_CLIENT_MAX_VALUE] = {.flag = "max-value",
                                 .path = "client.max_value",
                                 .arg = "SIZE",
                                 .help = "largest value that is stored",
                                 .standard = "8MiB",
                                 .parse = parse_value_max,
                                 .at = AT(value_max)},
    [OPTION_GOSSIP_LISTEN] = {.flag = "gossip-listen",
                              .path = "gossip.listen",
                              .arg = "ADDR:PORT",
                              .help = "listener of peers, UDP and TCP",
                              .standard = "127.0.0.1:6248",
                              .parse = parse_listen,
                              .at = AT(gossip)},
    [OPTION_GOSSIP_CRYPTO] = {.flag = "gossip-crypto",
                              .path = "gossip.crypto",
                              .arg = "MODE",
                              .help = "seal gossip: off, listen, prefer or require",
                              .found = "require with a keyring, else off",
                              .more = MORE_CRYPTO,
                              .parse = parse_crypto,
                              .at = AT(crypto)},
    [OPTION_GOSSIP_KEY_QUIET] =
        {.flag = "key-quiet",
         .path = "gossip.key_quiet",
         .arg = "TIME",
         .help = "a key that left the file goes when no packet came under it for so long",
         .standard = "10m",
         .more = MORE_KEY_QUIET,
         .parse = parse_time,
         .at = AT(key_quiet_us)},
    [OPTION_HTTP_LISTEN] = {.flag = "http-listen",
                            .path = "http.listen",
                            .arg = "ADDR:PORT|off",
                            .help = "listener of inspection, health and metrics",
                            .standard = "127.0.0.1:6249",
                            .parse = parse_listen_or_off,
                            .at = AT(http)},
    [OPTION_HTTP_HOSTS] = {.flag = "http-host",
                           .path = "http.hosts",
                           .arg = "NAME",
                           .help = "a name that HTTP requests may call this node by",
                           .found = "none",
                           .more = MORE_HTTP_HOSTS,
                           .parse = parse_host_name,
                           .at = AT(http_hosts),
                           .many = true},
    [OPTION_JOIN_STATIC] = {.flag = "join",
                            .path = "join.static",
                            .arg = "HOST:PORT",
                            .help = "a node to join",
                            .found = "none",
                            .parse = parse_seed,
                            .at = AT(join),
                            .many = true},
    [OPTION_JOIN_DNS] = {.flag = "join-dns",
                         .path = "join.dns",
                         .arg = "NAME",
                         .help = "a name whose addresses are nodes to join",
                         .found = "none",
                         .parse = parse_host_name,
                         .at = AT(join_dns),
                         .many = true},
    [OPTION_JOIN_SRV] = {.flag = "join-srv",
                         .path = "join.srv",
                         .arg = "NAME",
                         .help = "a name whose SRV records are nodes to join",
                         .found = "none",
                         .parse = parse_host_name,
                         .at = AT(join_srv),
                         .many = true},
    [OPTION_DNS_SERVERS] = {.flag = "dns-server",
                            .path = "dns.servers",
                            .arg = "ADDR:PORT",
                            .help = "a resolver to ask",
                            .found = "the system's",
                            .parse = parse_server,
                            .at = AT(dns_servers),
                            .many = true},
    [OPTION_LOG_LEVEL] = {.flag = "log-level",
                          .path = "log.level",
                          .arg = "LEVEL",
                          .help =
                              "what is logged: this level and worse; debug, info, warn or error",
                          .standard = "info",
                          .parse = parse_level,
                          .at = AT(log_level)},
    [OPTION_LOG_FORMAT] = {.flag = "log-format",
                           .path = "log.format",
                           .arg = "FORMAT",
                           .help = "form of log lines, on standard error: logfmt or json",
                           .standard = "logfmt",
                           .parse = parse_format,
                           .at = AT(log_json)},
    [OPTION_FENCE_MS] = {.flag = "fence-ms",
                         .path = "freshness.fence_ms",
                         .arg = "MS",
                         .help = "age of certified reads, and wait of fences; equal on all nodes",
                         .standard = "1000",
                         .parse = parse_fence_ms,
                         .at = AT(fence_ms)},
};

const struct option_row *option_row(enum config_option option)
{
    assert(option < OPTIONS);
    return &ROWS[option];
}

static char upper(char c)
{
    static const char LOWER[] = "abcdefghijklmnopqrstuvwxyz-";
    static const char UPPER[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const char *at = strchr(LOWER, c);
    if (at == NULL)
        return c;
    return UPPER[at - LOWER];
}

void option_env(const struct option_row *row, char out[CONFIG_TEXT_MAX])
{
    static const char PREFIX[] = "SCRUBJAY_";
    const size_t prefix_len = sizeof PREFIX - 1;
    const size_t len = strlen(row->flag);
    assert(prefix_len + len < CONFIG_TEXT_MAX);
    memcpy(out, PREFIX, prefix_len);
    for (size_t i = 0; i < len; i++)
        out[prefix_len + i] = upper(row->flag[i]);
    out[prefix_len + len] = '\0';
}
