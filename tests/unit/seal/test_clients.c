#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "seal/clients.h"

/* 32 bytes each, in base64: 00 01 .. 1f, and so on upwards */
#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K2 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define K3 "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="

#define ID_32 "abcdefghijklmnopqrstuvwxyz.-_019"

static struct clients clients, room;

static void parse_good(const char *text)
{
    struct clients_fault fault;
    const enum err err = clients_parse(slice_text(text), &clients, &room, &fault);
    cr_assert(err == OK, "refused at line %zu: %s\n%s", fault.line, fault.reason, text);
}

Test(clients, lines_are_clients_with_their_capabilities)
{
    parse_good("# who may\r\n\n  app\t" K1 "  read,write \r\n" ID_32 " " K2 " admin\nx " K3
               " invalidate,read,admin,write");
    cr_assert_eq(clients.n, 3);
    cr_expect_str_eq(clients.all[0].id, "app");
    cr_expect_eq(clients.all[0].rights, RIGHT_READ | RIGHT_WRITE);
    cr_expect_str_eq(clients.all[1].id, ID_32);
    cr_expect_eq(clients.all[1].rights, RIGHT_ADMIN);
    cr_expect_eq(clients.all[2].rights, RIGHTS_ALL);
    for (uint8_t i = 0; i < CLIENTS_KEY_LEN; i++)
        cr_expect_eq(clients.all[0].key[i], i);
}

/** What a refusal looks like: its line and a part of its reason. */
struct refusal {
    const char *text;
    size_t line;
    const char *reason;
};

static void check_refusal(const struct refusal *r)
{
    struct clients_fault fault;
    static struct clients before;
    memset(&clients, 0xA5, sizeof clients);
    memcpy(&before, &clients, sizeof before);
    cr_assert_eq(clients_parse(slice_text(r->text), &clients, &room, &fault), ERR_CONFIG, "%s",
                 r->text);
    cr_expect_eq(fault.line, r->line, "line %zu: %s", fault.line, r->text);
    cr_expect_not_null(strstr(fault.reason, r->reason), "%s: %s", fault.reason, r->text);
    cr_expect_eq(memcmp(&clients, &before, sizeof before), 0, "*out was touched");
    for (size_t i = 0; i < sizeof room; i++)
        cr_assert_eq(((const uint8_t *)&room)[i], 0, "the room was not wiped");
}

Test(clients, what_is_wrong_is_told_with_its_line)
{
    static const struct refusal all[] = {
        {"", 0, "no client"},
        {"# nobody\n", 0, "no client"},
        {"a " K1 "\n", 1, "no capability follows"},
        {"\na\n", 2, "no key follows"},
        {"a b " K1 " read\n", 1, "nothing else"},
        {"a " K1 " read write\n", 1, "nothing else"},
        {"a " K1 " read,\n", 1, "comma"},
        {"a " K1 " ,\n", 1, "comma"},
        {"a " K1 " read,read\n", 1, "capability stands here a second time"},
        {"a/b " K1 " read\n", 1, "an id is"},
        {ID_32 "x " K1 " read\n", 1, "an id is"},
        {"a " K1 "A read\n", 1, "44 characters"},
        {"a !AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= read\n", 1, "base64"},
        {"a " K1 " read\na " K2 " read\n", 2, "the id stands here a second time"},
        {"a " K1 " read\nb " K1 " read\n", 2, "the key stands here a second time"},
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        check_refusal(&all[i]);
}

Test(clients, a_misspelt_capability_is_told_with_the_one_that_was_meant)
{
    struct clients_fault fault;
    cr_assert_eq(clients_parse(slice_text("a " K1 " read,invaldate\n"), &clients, &room, &fault),
                 ERR_CONFIG);
    cr_expect_str_eq(fault.word, "invaldate");
    cr_expect_str_eq(fault.meant, "invalidate");
    cr_assert_eq(clients_parse(slice_text("a " K1 " root\n"), &clients, &room, &fault), ERR_CONFIG);
    cr_expect_str_eq(fault.word, "root");
    cr_expect_null(fault.meant);
}

Test(clients, what_may_be_a_key_is_not_repeated)
{
    static const char *const lines[] = {"a " K1 " " K1 "\n", "a " K1 " \x1b[2J\n",
                                        "a " K1 " abcdefghijklm\n"};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        struct clients_fault fault;
        cr_assert_eq(clients_parse(slice_text(lines[i]), &clients, &room, &fault), ERR_CONFIG);
        cr_expect_str_eq(fault.word, "");
        cr_expect_str_eq(fault.reason,
                         "what stands behind the key is no capability: these are read, write, "
                         "invalidate, admin");
    }
}

/** One line of a client with a number. */
static size_t numbered(unsigned i, char out[CLIENTS_LINE_MAX])
{
    struct clients_one one = {.rights = RIGHTS_ALL};
    snprintf(one.id, sizeof one.id, "client-%u", i);
    memcpy(one.key, &i, sizeof i);
    return clients_line(&one, out);
}

Test(clients, a_file_holds_256_and_a_257th_is_refused)
{
    static char text[(CLIENTS_MAX + 1) * CLIENTS_LINE_MAX];
    struct clients_fault fault;
    size_t len = 0;
    for (unsigned i = 0; i < CLIENTS_MAX; i++)
        len += numbered(i, text + len);
    cr_assert_eq(clients_parse(slice_of(text, len), &clients, &room, &fault), OK);
    cr_expect_eq(clients.n, CLIENTS_MAX);
    len += numbered(CLIENTS_MAX, text + len);
    cr_assert_eq(clients_parse(slice_of(text, len), &clients, &room, &fault), ERR_CONFIG);
    cr_expect_eq(fault.line, CLIENTS_MAX + 1);
    cr_expect_not_null(strstr(fault.reason, "256"));
}

Test(clients, a_line_that_was_made_out_is_read_back)
{
    char line[CLIENTS_LINE_MAX];
    struct clients_one one = {.id = ID_32, .rights = RIGHTS_ALL}, own;
    struct clients_fault fault;
    memset(one.key, 0xFB, sizeof one.key);
    const size_t len = clients_line(&one, line);
    cr_assert_leq(len, sizeof line);
    cr_assert_eq(clients_parse(slice_of(line, len), &clients, &room, &fault), OK);
    cr_expect_str_eq(clients.all[0].id, ID_32);
    cr_expect_eq(memcmp(clients.all[0].key, one.key, sizeof one.key), 0);
    cr_assert_eq(clients_parse_own(slice_of(line, len), &own, &fault), OK);
    cr_expect_str_eq(own.id, ID_32);
    cr_expect_eq(own.tag, clients.all[0].tag);
}

Test(clients, a_client_needs_no_capabilities_in_its_own_file)
{
    struct clients_one own;
    struct clients_fault fault;
    cr_assert_eq(clients_parse_own(slice_text("# mine\n\napp " K1), &own, &fault), OK);
    cr_expect_str_eq(own.id, "app");
    cr_expect_eq(own.rights, 0);
    cr_assert_eq(clients_parse_own(slice_text("# none\n"), &own, &fault), ERR_CONFIG);
    cr_assert_eq(clients_parse_own(slice_text("\napp " K1 " raed"), &own, &fault), ERR_CONFIG);
    cr_expect_eq(fault.line, 2);
    cr_expect_eq(own.key[31], 0, "no secret is left behind");
}

Test(clients, a_tag_stands_for_id_and_key_and_not_for_rights)
{
    static const char *const files[] = {"a " K1 " read", "a " K2 " read", "b " K1 " read",
                                        "a " K1 " write"};
    uint64_t tags[ARRAY_LEN(files)];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        parse_good(files[i]);
        tags[i] = clients.all[0].tag;
        cr_expect_neq(tags[i], 0);
        cr_expect_eq(clients_tagged(&clients, tags[i]), &clients.all[0]);
    }
    cr_expect(tags[0] != tags[1] && tags[0] != tags[2] && tags[1] != tags[2]);
    cr_expect_eq(tags[0], tags[3]);
    cr_expect_null(clients_tagged(&clients, tags[1]));
    cr_expect_null(clients_tagged(&clients, 0));
}

Test(clients, they_are_found_by_id_and_by_key)
{
    uint8_t key[CLIENTS_KEY_LEN];
    const struct clients_one nobody = {.rights = 0};
    parse_good("a " K1 " read\nb " K2 " read\n");
    cr_expect_eq(clients_find(&clients, slice_text("b"), &nobody), &clients.all[1]);
    cr_expect_eq(clients_find(&clients, slice_text("bb"), &nobody), &nobody);
    cr_expect_eq(clients_find(&clients, slice_text(""), &nobody), &nobody);
    cr_assert(clients_key_read(slice_text(K2), key));
    cr_expect_eq(clients_with_key(&clients, key), &clients.all[1]);
    key[31] ^= 1;
    cr_expect_null(clients_with_key(&clients, key));
    cr_expect_not(clients_key_read(slice_text("Bearer"), key));
    cr_expect_eq(key[0], 0);
    clients_fini(&clients);
    cr_expect_eq(clients.n, 0);
    cr_expect_eq(clients.all[0].key[1], 0);
}
