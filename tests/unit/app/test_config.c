#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/option.h"
#include "loop/address.h"

#include "kit.h"

static struct kit k;

static void begin(void)
{
    kit_init(&k);
}

static void end(void)
{
    kit_fini(&k);
}

TestSuite(config, .init = begin, .fini = end);

static void give_file(const char *text)
{
    kit_arg(&k, "--config");
    kit_arg(&k, kit_file(&k, "c.yaml", text));
}

static void give(const char *flag, const char *value)
{
    kit_arg(&k, flag);
    kit_arg(&k, value);
}

static enum config_origin origin(enum config_option option)
{
    return k.config.settings[option].origin;
}

static void listens(const struct addr *a, const char *wanted)
{
    char text[ADDRESS_TEXT_MAX];
    cr_assert_str_eq(address_format(a, text), wanted);
}

/* ---- defaults ---- */

Test(config, no_argument_is_a_node_on_loopback)
{
    kit_loads(&k);
    cr_assert_eq(k.action, CONFIG_RUN);
    listens(&k.config.client, "127.0.0.1:6247");
    listens(&k.config.gossip, "127.0.0.1:6248");
    listens(&k.config.http, "127.0.0.1:6249");
    cr_assert_str_eq(k.config.name, "host");
    cr_assert_str_eq(k.config.cluster, "scrubjay");
    cr_assert_eq(k.config.memory.bytes, 256ULL << 20);
    cr_assert_eq(k.config.value_max, 8U << 20);
    cr_assert_eq(k.config.drain_us, 2 * US_PER_SEC);
    cr_assert_eq(k.config.key_quiet_us, 600 * US_PER_SEC);
    cr_assert_eq(k.config.ready_alone_us, 2 * US_PER_SEC);
    cr_assert(k.config.warm_up);
    cr_assert_eq(k.config.profile, SWIM_POD);
    cr_assert_not(k.config.insecure);
    cr_assert_not(addr_known(&k.config.advertise));
}

Test(config, pods_name_themselves)
{
    kit_env(&k, "POD_NAME=scrubjay-2");
    kit_env(&k, "POD_IP=10.1.2.3");
    kit_loads(&k);
    cr_assert_str_eq(k.config.name, "scrubjay-2");
    listens(&k.config.advertise, "10.1.2.3:0");
    cr_assert_eq(origin(OPTION_NAME), CONFIG_DEFAULT);
    cr_assert_str_eq(k.config.settings[OPTION_NAME].note, "POD_NAME");
}

Test(config, what_is_given_outranks_the_pods_names)
{
    kit_env(&k, "POD_NAME=scrubjay-2");
    kit_env(&k, "SCRUBJAY_NAME=mine");
    kit_loads(&k);
    cr_assert_str_eq(k.config.name, "mine");
}

Test(config, the_test_profile_has_its_own_times)
{
    give("--profile", "test");
    kit_loads(&k);
    cr_assert_eq(k.config.ready_alone_us, 200 * US_PER_MS);
}

Test(config, more_memory_keeps_more_for_peers)
{
    kit_loads(&k);
    cr_assert_eq(k.config.heal_log, 262144);
    give("--memory", "64MiB");
    kit_loads(&k);
    cr_assert_eq(k.config.heal_log, 16384);
    give("--heal-log", "16");
    kit_loads(&k);
    cr_assert_eq(k.config.heal_log, 16);
}

Test(config, no_more_is_kept_for_peers_than_the_log_can_hold)
{
    give("--heal-log", "1048577");
    kit_fails(&k, EXIT_USAGE, "--heal-log: \"1048577\" is not a number from 16 to 1048576");
}

Test(config, a_given_time_outranks_the_profiles)
{
    give("--profile", "test");
    give("--ready-alone", "5s");
    kit_loads(&k);
    cr_assert_eq(k.config.ready_alone_us, 5 * US_PER_SEC);
}

/* ---- who outranks whom ---- */

Test(config, a_file_outranks_the_default)
{
    give_file("cluster: from-file\n");
    kit_loads(&k);
    cr_assert_str_eq(k.config.cluster, "from-file");
    cr_assert_eq(origin(OPTION_CLUSTER), CONFIG_FILE);
    cr_assert_eq(k.config.settings[OPTION_CLUSTER].line, 1);
}

Test(config, the_environment_outranks_the_file)
{
    give_file("cluster: from-file\n");
    kit_env(&k, "SCRUBJAY_CLUSTER=from-env");
    kit_loads(&k);
    cr_assert_str_eq(k.config.cluster, "from-env");
    cr_assert_eq(origin(OPTION_CLUSTER), CONFIG_ENVIRONMENT);
}

Test(config, a_flag_outranks_everything)
{
    give_file("cluster: from-file\n");
    kit_env(&k, "SCRUBJAY_CLUSTER=from-env");
    give("--cluster", "from-flag");
    kit_loads(&k);
    cr_assert_str_eq(k.config.cluster, "from-flag");
    cr_assert_eq(origin(OPTION_CLUSTER), CONFIG_FLAG);
}

Test(config, an_outranked_mistake_is_a_mistake)
{
    kit_env(&k, "SCRUBJAY_WORKERS=many");
    give("--workers", "2");
    kit_fails(&k, EXIT_CONFIG, "SCRUBJAY_WORKERS: \"many\" is not a number from 1 to 64");
}

Test(config, lists_of_a_higher_origin_replace_and_within_one_they_grow)
{
    give_file("join:\n  static: [f1:1, f2:2]\n  dns: [only.in.file]\n");
    kit_env(&k, "SCRUBJAY_JOIN=e1:1, e2:2,e3:3");
    give("--join", "g1:1");
    kit_arg(&k, "--join=g2:2");
    kit_loads(&k);
    cr_assert_eq(k.config.join.n, 2);
    cr_assert_str_eq(k.config.join.at[0], "g1:1");
    cr_assert_str_eq(k.config.join.at[1], "g2:2");
    cr_assert_eq(k.config.join_dns.n, 1);
    cr_assert_str_eq(k.config.join_dns.at[0], "only.in.file");
}

Test(config, the_environment_separates_by_commas)
{
    kit_env(&k, "SCRUBJAY_JOIN=e1:1, e2:2 ,[fd00::1]:3");
    kit_loads(&k);
    cr_assert_eq(k.config.join.n, 3);
    cr_assert_str_eq(k.config.join.at[1], "e2:2");
    cr_assert_str_eq(k.config.join.at[2], "[fd00::1]:3");
}

Test(config, empty_variables_are_not_set)
{
    kit_env(&k, "SCRUBJAY_CLUSTER=");
    kit_loads(&k);
    cr_assert_str_eq(k.config.cluster, "scrubjay");
}

Test(config, the_file_may_be_named_by_the_environment)
{
    char pair[600];
    (void)snprintf(pair, sizeof pair, "SCRUBJAY_CONFIG=%s", kit_file(&k, "c.yaml", "name: n\n"));
    kit_env(&k, pair);
    kit_loads(&k);
    cr_assert_str_eq(k.config.name, "n");
}

Test(config, lists_have_a_limit)
{
    char text[2048] = "SCRUBJAY_JOIN=a:1";
    for (size_t i = 1; i < CONFIG_LIST_MAX; i++)
        (void)strncat(text, ",a:1", sizeof text - strlen(text) - 1);
    kit_env(&k, text);
    kit_loads(&k);
    cr_assert_eq(k.config.join.n, CONFIG_LIST_MAX);
    (void)strncat(text, ",a:1", sizeof text - strlen(text) - 1);
    free(k.env[0]);
    k.env[0] = strdup(text);
    kit_fails(&k, EXIT_CONFIG, "more than 32 entries");
}

Test(config, every_option_can_be_given_in_all_three_ways)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *row = option_row((enum config_option)i);
        char env[CONFIG_TEXT_MAX];
        option_env(row, env);
        cr_assert_not_null(row->flag);
        cr_assert_not_null(row->path);
        cr_assert_not_null(row->help);
        cr_assert_neq(row->standard == NULL, row->found == NULL, "%s has one default", row->flag);
        cr_assert_eq(strncmp(env, "SCRUBJAY_", 9), 0);
        cr_assert_null(strchr(env, '-'));
    }
}

/* ---- flags ---- */

Test(config, unknown_flags_suggest_what_was_meant)
{
    give("--gosip-listen", "127.0.0.1:0");
    kit_fails(&k, EXIT_USAGE,
              "unknown option \"--gosip-listen\": did you mean \"--gossip-listen\"?");
}

Test(config, options_that_are_not_built_are_unknown)
{
    give("--resp-listen", "127.0.0.1:0");
    kit_fails(&k, EXIT_USAGE, "unknown option \"--resp-listen\"");
}

Test(config, a_flag_is_written_out)
{
    give("--client", "127.0.0.1:0");
    kit_fails(&k, EXIT_USAGE, "unknown option \"--client\"");
}

Test(config, a_flag_without_its_value)
{
    kit_arg(&k, "--name");
    kit_fails(&k, EXIT_USAGE, "--name needs a value");
}

Test(config, a_switch_with_a_value)
{
    kit_arg(&k, "--insecure=no");
    kit_fails(&k, EXIT_USAGE, "--insecure takes no value");
}

Test(config, a_value_may_look_like_a_flag)
{
    give("--name", "--cluster");
    kit_loads(&k);
    cr_assert_str_eq(k.config.name, "--cluster");
}

Test(config, words_are_no_options)
{
    kit_arg(&k, "start");
    kit_fails(&k, EXIT_USAGE, "\"start\" is no option");
}

Test(config, a_bad_flag_is_bad_usage)
{
    give("--client-listen", "localhost:6247");
    kit_fails(&k, EXIT_USAGE, "--client-listen: \"localhost:6247\" is not ADDR:PORT");
}

Test(config, actions)
{
    static const struct {
        const char *flag;
        enum config_action action;
    } cases[] = {{"--check-config", CONFIG_CHECK},
                 {"--print-config", CONFIG_PRINT},
                 {"--version", CONFIG_VERSION},
                 {"--help", CONFIG_HELP}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        kit_arg(&k, cases[i].flag);
        kit_loads(&k);
        cr_assert_eq(k.action, cases[i].action);
        free(k.argv[--k.argc]);
        k.argv[k.argc] = NULL;
    }
}

/* ---- the file ---- */

Test(config, every_key_of_the_file_is_read)
{
    give_file("name: n\ncluster: c\nadvertise: 10.0.0.9:7000\nkeyring: /k\nclients: /c\n"
              "insecure: true\n"
              "memory: 64MiB\nworkers: 3\nexpect: 5\nprofile: wan\ndrain: 3s\nready_alone: 4s\n"
              "warm_up: off\nheal_log: 1000\ncore_dumps: on\n"
              "client: {listen: '127.0.0.1:1', login: accept, plain: nowhere, max_value: 1MiB}\n"
              "gossip: {listen: '127.0.0.1:2', crypto: prefer, key_quiet: 5m}\n"
              "http: {listen: off, hosts: [cache.example]}\n"
              "join:\n  static: [a:1]\n  dns: [d]\n  srv: [s]\n"
              "dns: {servers: ['10.0.0.1:53']}\nlog: {level: error, format: json}\n"
              "freshness: {fence_ms: 700}\n");
    kit_loads(&k);
    for (size_t i = 0; i < OPTIONS; i++)
        cr_assert_eq(origin((enum config_option)i), CONFIG_FILE, "%s",
                     option_row((enum config_option)i)->path);
    cr_assert_str_eq(k.config.name, "n");
    cr_assert_str_eq(k.config.cluster, "c");
    listens(&k.config.advertise, "10.0.0.9:7000");
    cr_assert_str_eq(k.config.keyring, "/k");
    cr_assert_str_eq(k.config.clients, "/c");
    cr_assert(k.config.insecure);
    cr_assert_eq(k.config.memory.bytes, 64ULL << 20);
    cr_assert_eq(k.config.workers, 3);
    cr_assert_eq(k.config.expect, 5);
    cr_assert_eq(k.config.profile, SWIM_WAN);
    cr_assert_eq(k.config.drain_us, 3 * US_PER_SEC);
    cr_assert_eq(k.config.ready_alone_us, 4 * US_PER_SEC);
    cr_assert_not(k.config.warm_up);
    cr_assert_eq(k.config.heal_log, 1000);
    cr_assert(k.config.core_dumps);
    listens(&k.config.client, "127.0.0.1:1");
    cr_assert_eq(k.config.login, ENTRY_ACCEPT);
    cr_assert_eq(k.config.plain, PLAIN_NOWHERE);
    cr_assert_eq(k.config.value_max, 1U << 20);
    listens(&k.config.gossip, "127.0.0.1:2");
    cr_assert_eq(k.config.crypto, SEAL_PREFER);
    cr_assert_eq(k.config.key_quiet_us, 300 * US_PER_SEC);
    cr_assert_not(addr_known(&k.config.http));
    cr_assert_str_eq(k.config.http_hosts.at[0], "cache.example");
    cr_assert_str_eq(k.config.join.at[0], "a:1");
    cr_assert_str_eq(k.config.join_dns.at[0], "d");
    cr_assert_str_eq(k.config.join_srv.at[0], "s");
    cr_assert_str_eq(k.config.dns_servers.at[0], "10.0.0.1:53");
    cr_assert_eq(k.config.log_level, LOGGER_ERROR);
    cr_assert(k.config.log_json);
    cr_assert_eq(k.config.fence_ms, 700);
}

static void file_fails(const char *text, const char *part)
{
    give_file(text);
    kit_fails(&k, EXIT_CONFIG, part);
    cr_assert(k.fault.in_file);
    cr_assert_eq(strncmp(k.fault.text, k.root, strlen(k.root)), 0, "the text begins with the file");
}

Test(config, unknown_keys_are_told_with_line_and_suggestion)
{
    file_fails("# first\nname: a\n\ngosip:\n  listen: x\n",
               "c.yaml:4: unknown key \"gosip\": did you mean \"gossip\"?");
}

Test(config, unknown_keys_of_a_group_too)
{
    file_fails("gossip:\n  lisen: 127.0.0.1:1\n",
               "c.yaml:2: unknown key \"gossip.lisen\": did you mean \"gossip.listen\"?");
}

Test(config, keys_that_resemble_nothing_have_no_suggestion)
{
    file_fails("zzzzzzzz: 1\n", "c.yaml:1: unknown key \"zzzzzzzz\"");
    cr_assert_null(strstr(k.fault.text, "did you mean"));
}

Test(config, bad_values_are_told_with_their_line)
{
    file_fails("name: a\nlog:\n  level: loud\n",
               "c.yaml:3: log.level: \"loud\" is not debug, info, warn or error");
}

Test(config, a_key_given_twice)
{
    file_fails("name: a\ncluster: c\nname: b\n", "c.yaml:3: name was given before, on line 1");
}

Test(config, values_of_the_wrong_shape)
{
    file_fails("name: [a]\n", "c.yaml:1: name must be one value");
}

Test(config, a_list_is_a_list)
{
    file_fails("join:\n  static: a:1\n", "c.yaml:2: join.static must be a list");
}

Test(config, a_group_is_a_group)
{
    file_fails("gossip: 127.0.0.1:1\n", "c.yaml:1: gossip must be a group of keys");
}

Test(config, paths_are_written_as_groups)
{
    file_fails("gossip.listen: 127.0.0.1:1\n", "c.yaml:1: a key has no point");
}

Test(config, aliases_are_refused)
{
    file_fails("name: &x a\ncluster: *x\n", "c.yaml:2: aliases");
}

Test(config, one_document)
{
    file_fails("name: a\n---\nname: b\n", "c.yaml:2: a second document");
}

Test(config, broken_yaml_is_told_with_its_line)
{
    file_fails("name: a\ncluster: \"x\n", "c.yaml:3: this is no YAML");
}

Test(config, a_file_of_comments_says_nothing)
{
    give_file("# nothing\n\n");
    kit_loads(&k);
    cr_assert_str_eq(k.config.name, "host");
}

Test(config, a_file_that_is_not_there)
{
    give("--config", "/nowhere/c.yaml");
    kit_fails(&k, EXIT_CONFIG,
              "cannot read /nowhere/c.yaml: No such file or directory (check the path)");
}

Test(config, a_file_has_a_limit)
{
    static char text[65536 + 2];
    memset(text, '#', sizeof text - 1);
    give_file(text);
    kit_fails(&k, EXIT_CONFIG, "more than 65,536 bytes");
    text[65536] = '\0';
    kit_file(&k, "c.yaml", text);
    kit_loads(&k);
}

/* ---- printing ---- */

Test(config, print_tells_the_origin_of_each)
{
    give_file("memory: 64MiB\nworkers: 2\n");
    kit_env(&k, "SCRUBJAY_LOG_LEVEL=warn");
    give("--name", "n");
    kit_loads(&k);
    char *text = kit_print(&k);
    kit_prints(text, "name: n", "# flag --name");
    kit_prints(text, "cluster: scrubjay", "# default");
    kit_prints(text, "memory: 64MiB", "c.yaml:1");
    kit_prints(text, "workers: 2", "c.yaml:2");
    kit_prints(text, "  level: warn", "# environment SCRUBJAY_LOG_LEVEL");
    kit_prints(text, "drain: 2000ms", "# default: of the profile");
    free(text);
}

Test(config, what_is_printed_can_be_read_back)
{
    struct config *before = malloc(sizeof *before);
    give("--name", "with \"quotes\" and #");
    give("--join", "[fd00::1]:6248");
    give("--join", "b:2");
    give("--memory", "50MiB");
    give("--http-listen", "off");
    kit_loads(&k);
    *before = k.config;
    char *text = kit_print(&k);
    while (k.argc > 1)
        free(k.argv[--k.argc]);
    memset(k.argv + 1, 0, sizeof k.argv - sizeof k.argv[0]);
    give_file(text);
    kit_loads(&k);
    cr_assert_str_eq(k.config.name, before->name);
    cr_assert_eq(k.config.join.n, 2);
    cr_assert_str_eq(k.config.join.at[0], "[fd00::1]:6248");
    cr_assert_eq(k.config.memory.bytes, 50ULL << 20);
    cr_assert_not(addr_known(&k.config.http));
    cr_assert_eq(k.config.drain_us, before->drain_us);
    free(text);
    free(before);
}
