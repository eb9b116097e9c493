/** What others can reach, and what of it they may then do: modes of gossip, and logins of clients. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "app/option.h"

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

TestSuite(exposure, .init = begin, .fini = end);

static void give(const char *flag, const char *value)
{
    kit_arg(&k, flag);
    kit_arg(&k, value);
}

Test(exposure, gossip_in_the_open_needs_keys)
{
    give("--gossip-listen", "0.0.0.0:6248");
    kit_fails(&k, EXIT_CONFIG, "gossip on 0.0.0.0:6248 can be reached from other machines");
}

Test(exposure, a_keyring_opens_gossip)
{
    give("--gossip-listen", "0.0.0.0:6248");
    give("--keyring", "/k");
    kit_loads(&k);
}

Test(exposure, without_keys_gossip_is_plain_and_with_keys_it_is_sealed)
{
    kit_loads(&k);
    cr_assert_eq(k.config.crypto, SEAL_OFF);
    cr_assert_str_eq(k.config.settings[OPTION_GOSSIP_CRYPTO].note, "there is no keyring");
    give("--keyring", "/k");
    kit_arg(&k, "--insecure"); /* says something about addresses, nothing about packets */
    kit_loads(&k);
    cr_assert_eq(k.config.crypto, SEAL_REQUIRE);
    cr_assert_str_eq(k.config.settings[OPTION_GOSSIP_CRYPTO].text, "require");
    cr_assert_str_eq(k.config.settings[OPTION_GOSSIP_CRYPTO].note, "there is a keyring");
}

Test(exposure, a_mode_of_gossip_is_one_of_four)
{
    give("--gossip-crypto", "on");
    kit_fails(&k, EXIT_USAGE, "--gossip-crypto: \"on\" is not off, listen, prefer or require");
}

Test(exposure, modes_that_seal_or_open_need_a_keyring)
{
    static const char *const modes[] = {"listen", "prefer", "require"};
    char text[64];
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        give("--gossip-crypto", modes[i]);
        (void)snprintf(text, sizeof text, "gossip.crypto is %s, which needs keys", modes[i]);
        kit_fails(&k, EXIT_CONFIG, text);
    }
    give("--gossip-crypto", "off");
    kit_loads(&k);
    give("--keyring", "/k");
    kit_loads(&k);
    cr_assert_eq(k.config.crypto, SEAL_OFF, "a step back: the keys wait");
}

/* Whoever takes plain packets takes them from anybody: that other nodes seal theirs is no help. */
Test(exposure, gossip_in_the_open_that_takes_plain_packets_needs_insecure)
{
    static const char *const modes[] = {"off", "listen", "prefer"};
    char text[64];
    give("--gossip-listen", "10.0.0.1:6248");
    give("--keyring", "/k");
    kit_loads(&k);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        give("--gossip-crypto", modes[i]);
        (void)snprintf(text, sizeof text, "with gossip.crypto %s anybody", modes[i]);
        kit_fails(&k, EXIT_CONFIG, text);
    }
    kit_arg(&k, "--insecure");
    kit_loads(&k);
    cr_assert_eq(k.config.crypto, SEAL_PREFER);
}

Test(exposure, insecure_opens_gossip_and_clients)
{
    give("--gossip-listen", "10.0.0.1:6248");
    give("--client-listen", "[::]:6247");
    kit_arg(&k, "--insecure");
    kit_loads(&k);
}

Test(exposure, clients_in_the_open_need_a_file_or_insecure)
{
    give("--client-listen", "0.0.0.0:6247");
    give("--keyring", "/k");
    kit_fails(&k, EXIT_CONFIG, "clients on 0.0.0.0:6247 can be reached from other machines");
    cr_assert_not_null(strstr(k.fault.text, "--clients FILE"));
    give("--clients", "/c");
    kit_loads(&k);
    cr_assert_str_eq(k.config.clients, "/c");
    cr_assert_not(k.config.core_dumps);
}

Test(exposure, a_clients_file_asks_for_logins)
{
    kit_loads(&k);
    cr_assert_eq(k.config.login, ENTRY_OFF);
    cr_assert_str_eq(k.config.settings[OPTION_CLIENT_LOGIN].note, "there is no clients file");
    give("--clients", "/c");
    kit_arg(&k, "--insecure");
    kit_loads(&k);
    cr_assert_eq(k.config.login, ENTRY_REQUIRE);
    cr_assert_str_eq(k.config.settings[OPTION_CLIENT_LOGIN].text, "require");
    cr_assert_str_eq(k.config.settings[OPTION_CLIENT_LOGIN].note, "there is a clients file");
    give("--client-login", "off");
    kit_loads(&k);
    cr_assert_eq(k.config.login, ENTRY_OFF, "a step back: the keys wait");
    kit_env(&k, "SCRUBJAY_CLIENT_KEY=/key"); /* which jay reads */
    kit_loads(&k);
}

Test(exposure, logins_need_a_clients_file)
{
    give("--client-login", "accept");
    kit_fails(&k, EXIT_CONFIG, "client.login is accept, which needs keys");
    give("--client-login", "require");
    kit_fails(&k, EXIT_CONFIG, "client.login is require, which needs keys");
    give("--client-login", "yes");
    kit_fails(&k, EXIT_USAGE, "--client-login: \"yes\" is not off, accept or require");
}

Test(exposure, plain_logins_are_heard_from_loopback_unless_somebody_says_otherwise)
{
    kit_loads(&k);
    cr_assert_eq(k.config.plain, PLAIN_LOOPBACK);
    give("--client-plain", "everywhere");
    kit_loads(&k);
    cr_assert_eq(k.config.plain, PLAIN_EVERYWHERE);
    give("--client-plain", "here");
    kit_fails(&k, EXIT_USAGE, "--client-plain: \"here\" is not loopback, everywhere or nowhere");
}

/* Whoever serves guests serves anybody: that other clients log in is no help. */
Test(exposure, clients_in_the_open_that_need_not_log_in_need_insecure)
{
    static const char *const modes[] = {"off", "accept"};
    char text[64];
    give("--client-listen", "10.0.0.1:6247");
    give("--clients", "/c");
    kit_loads(&k);
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        give("--client-login", modes[i]);
        (void)snprintf(text, sizeof text, "with client.login %s anybody", modes[i]);
        kit_fails(&k, EXIT_CONFIG, text);
    }
    kit_arg(&k, "--insecure");
    kit_loads(&k);
    cr_assert_eq(k.config.login, ENTRY_ACCEPT);
}

Test(exposure, all_of_127_is_loopback)
{
    give("--gossip-listen", "127.1.0.7:6248");
    give("--client-listen", "[::1]:6247");
    kit_loads(&k);
}
