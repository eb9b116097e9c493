#include "app/option.h"

#include <assert.h>
#include <string.h>

#include "app/parse.h"

#define AT(field) offsetof(struct config, field)

static const struct option_row ROWS[OPTIONS] = {
    [OPTION_NAME] = {"name", "name", "NAME", "name of this node, unique in the cluster", NULL,
                     parse_name, AT(name), false},
    [OPTION_CLUSTER] = {"cluster", "cluster", "NAME",
                        "name of the cluster, bound into every packet", "scrubjay", parse_name,
                        AT(cluster), false},
    [OPTION_ADVERTISE] = {"advertise", "advertise", "ADDR[:PORT]", "address that peers are told",
                          NULL, parse_host, AT(advertise), false},
    [OPTION_KEYRING] = {"keyring", "keyring", "FILE",
                        "keys of the cluster; read again when it changes", NULL, parse_text,
                        AT(keyring), false},
    [OPTION_CLIENTS] = {"clients", "clients", "FILE",
                        "clients, their keys and what each may do; read again when it changes",
                        NULL, parse_text, AT(clients), false},
    [OPTION_INSECURE] = {"insecure", "insecure", NULL,
                         "run without keys and credentials on non-loopback addresses", "false",
                         parse_switch, AT(insecure), false},
    [OPTION_MEMORY] = {"memory", "memory", "SIZE|PCT",
                       "memory of the cache: 64MiB, or 75% of the cgroup's limit", NULL,
                       parse_memory, AT(memory), false},
    [OPTION_WORKERS] = {"workers", "workers", "N", "threads that serve clients", NULL,
                        parse_workers, AT(workers), false},
    [OPTION_EXPECT] = {"expect", "expect", "N", "voters: at most N nodes run at once, see below",
                       NULL, parse_expect, AT(expect), false},
    [OPTION_PROFILE] = {"profile", "profile", "pod|wan|test", "timing of the membership", "pod",
                        parse_profile, AT(profile), false},
    [OPTION_DRAIN] = {"drain", "drain", "TIME", "time to leave in, at most", NULL, parse_time,
                      AT(drain_us), false},
    [OPTION_READY_ALONE] = {"ready-alone", "ready_alone", "TIME",
                            "time after which a node that meets nobody serves alone, see below",
                            NULL, parse_time, AT(ready_alone_us), false},
    [OPTION_WARM_UP] = {"warm-up", "warm_up", "on|off",
                        "take over the entries of a node of the cluster after joining", "on",
                        parse_switch, AT(warm_up), false},
    [OPTION_HEAL_LOG] = {"heal-log", "heal_log", "N",
                         "invalidations kept for peers that missed them, four times as many in "
                         "short form",
                         NULL, parse_heal_log, AT(heal_log), false},
    [OPTION_CORE_DUMPS] = {"core-dumps", "core_dumps", "on|off",
                           "for debugging: dump memory, with keys and values, when it crashes",
                           "off", parse_switch, AT(core_dumps), false},
    [OPTION_CLIENT_LISTEN] = {"client-listen", "client.listen", "ADDR:PORT", "listener of clients",
                              "127.0.0.1:6247", parse_listen, AT(client), false},
    [OPTION_CLIENT_MAX_VALUE] = {"max-value", "client.max_value", "SIZE",
                                 "largest value that is stored", "8MiB", parse_value_max,
                                 AT(value_max), false},
    [OPTION_GOSSIP_LISTEN] = {"gossip-listen", "gossip.listen", "ADDR:PORT",
                              "listener of peers, UDP and TCP", "127.0.0.1:6248", parse_listen,
                              AT(gossip), false},
    [OPTION_GOSSIP_CRYPTO] = {"gossip-crypto", "gossip.crypto", "MODE",
                              "seal gossip: off, listen, prefer or require, see below", NULL,
                              parse_crypto, AT(crypto), false},
    [OPTION_HTTP_LISTEN] = {"http-listen", "http.listen", "ADDR:PORT|off",
                            "listener of inspection, health and metrics", "127.0.0.1:6249",
                            parse_listen_or_off, AT(http), false},
    [OPTION_HTTP_HOSTS] = {"http-host", "http.hosts", "NAME",
                           "a name that HTTP requests may call this node by, see below", NULL,
                           parse_host_name, AT(http_hosts), true},
    [OPTION_JOIN_STATIC] = {"join", "join.static", "HOST:PORT", "a node to join", NULL, parse_seed,
                            AT(join), true},
    [OPTION_JOIN_DNS] = {"join-dns", "join.dns", "NAME", "a name whose addresses are nodes to join",
                         NULL, parse_host_name, AT(join_dns), true},
    [OPTION_JOIN_SRV] = {"join-srv", "join.srv", "NAME",
                         "a name whose SRV records are nodes to join", NULL, parse_host_name,
                         AT(join_srv), true},
    [OPTION_DNS_SERVERS] = {"dns-server", "dns.servers", "ADDR:PORT",
                            "a resolver to ask instead of the system's", NULL, parse_server,
                            AT(dns_servers), true},
    [OPTION_LOG_LEVEL] = {"log-level", "log.level", "LEVEL", "debug, info, warn or error", "info",
                          parse_level, AT(log_level), false},
    [OPTION_LOG_FORMAT] = {"log-format", "log.format", "FORMAT",
                           "logfmt or json, to standard error", "logfmt", parse_format,
                           AT(log_json), false},
    [OPTION_FENCE_MS] = {"fence-ms", "freshness.fence_ms", "MS",
                         "age of certified reads, and wait of fences; equal on all nodes", "1000",
                         parse_fence_ms, AT(fence_ms), false},
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
