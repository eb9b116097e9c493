#include <criterion/criterion.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "seal/keyring.h"

#include "vectors.h"

/* 32 bytes each, in base64: 00 01 .. 1f, and so on upwards */
#define K1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define K2 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="
#define K3 "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="
#define K4 "YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8="
#define K5 "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8="

/* two different keys whose wire ids are both b3f7efa5, found by trying 93,189 keys */
#define CLASH_A "mds/KkavwS5zj6bh65IKcvKXRLqavL3784OEkPXw0AM="
#define CLASH_B "R+o6I+KI38oks6agU4oQscEqvgE0TZ8GU+LWREfjAUo="

#define LABEL_32 "abcdefghijklmnopqrstuvwxyz.-_019"

static struct keyring parse_good(const char *text)
{
    struct keyring ring = {0};
    struct keyring_fault fault = {0};
    const enum err err = keyring_parse(slice_text(text), &ring, &fault);
    cr_assert(err == OK, "refused at line %zu: %s\n%s", fault.line, fault.reason, text);
    return ring;
}

/** What a refusal looks like: its line and a word of its reason. */
struct refusal {
    const char *text;
    size_t line;
    const char *reason;
};

static void check_refusal(const struct refusal *c)
{
    struct keyring ring;
    struct keyring before;
    struct keyring_fault fault = {0};
    memset(&ring, 0xA5, sizeof ring);
    memset(&before, 0xA5, sizeof before);
    cr_assert(keyring_parse(slice_text(c->text), &ring, &fault) == ERR_CONFIG, "accepted: %s",
              c->text);
    cr_assert(fault.line == c->line, "line %zu instead of %zu: %s", fault.line, c->line, c->text);
    cr_assert(strstr(fault.reason, c->reason) != NULL, "reason '%s': %s", fault.reason, c->text);
    cr_assert(memcmp(&ring, &before, sizeof ring) == 0, "*out was touched: %s", c->text);
}

Test(keyring, one_line_is_a_ring)
{
    const struct keyring ring = parse_good("first " K1 "\n");
    cr_assert(ring.n == 1);
    cr_assert_str_eq(ring.keys[0].label, "first");
}

Test(keyring, comments_blanks_crlf_and_a_missing_last_newline_are_fine)
{
    const struct keyring ring = parse_good("# the ring\r\n\r\n\t  # indented\n \t \n"
                                           "  a\t \t" K1 "  \r\n"
                                           "b " K2 "\t\r\n"
                                           "\n#" LABEL_32 "\n" LABEL_32 " " K3);
    cr_assert(ring.n == 3);
    cr_assert_str_eq(ring.keys[0].label, "a");
    cr_assert_str_eq(ring.keys[1].label, "b");
    cr_assert_str_eq(ring.keys[2].label, LABEL_32);
}

Test(keyring, four_keys_keep_their_order_and_a_fifth_is_refused)
{
    const struct keyring ring = parse_good("a " K1 "\nb " K2 "\nc " K3 "\nd " K4 "\n");
    cr_assert(ring.n == 4);
    for (size_t i = 0; i < 4; i++)
        cr_assert(ring.keys[i].label[0] == (char)('a' + (int)i) && ring.keys[i].id != 0);
    const struct refusal five = {"a " K1 "\nb " K2 "\nc " K3 "\nd " K4 "\n\ne " K5 "\n", 6, "four"};
    check_refusal(&five);
}

Test(keyring, every_malformed_line_is_named)
{
    static const struct refusal cases[] = {
        {"", 0, "no key"},
        {"\n\n# nothing\n", 0, "no key"},
        {"alone\n", 1, "no key follows"},
        {"a " K1 "\n\nalone   \n", 3, "no key follows"},
        {K1 "\n", 1, "label"},
        {"# x\r\na/b " K1 "\n", 2, "label"},
        {"a# " K1 "\n", 1, "label"},
        {"\xEF\xBB\xBF"
         "a " K1 "\n",
         1, "label"},
        {"\xC3\xA4 " K1 "\n", 1, "label"},
        {LABEL_32 "x " K1 "\n", 1, "label"},
        {"a " K1 " b\n", 1, "nothing else"},
        {"a " K1 " # mine\n", 1, "nothing else"},
        {"a " K1 " " K2 "\n", 1, "nothing else"},
        {"a " K1 "\rb " K2 "\n", 1, "nothing else"},
        {"a " K1 "\nb AAEC\n", 2, "44 characters"},
        {"a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n", 1, "44 characters"},
        {"a " K1 "=\n", 1, "44 characters"},
        {"a " K1 "\r\r\n", 1, "44 characters"},
        {"a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_\n", 1, "base64"},
        {"a -AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 1, "base64"},
        {"a AAECAwQFBgcICQoL=A0ODxAREhMUFRYXGBkaGxwdHh8=\n", 1, "base64"},
        {"a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n", 1, "base64"},
        {"a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\n", 1, "32 bytes long"},
        {"a AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n", 1, "32 bytes long"},
        {"a " K1 "\na " K2 "\n", 2, "label stands here a second"},
        {"a " K1 "\nb " K2 "\nc " K1 "\n", 3, "key stands here a second"},
        {"a " CLASH_A "\n\n\nb " CLASH_B "\n", 4, "same id"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_refusal(&cases[i]);
}

Test(keyring, a_nul_byte_in_the_file_is_refused)
{
    static const char label[] = "a\0b " K1 "\n";
    static const char key[] = "a AAEC\0wQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    struct keyring ring;
    struct keyring_fault fault;
    cr_assert(keyring_parse(slice_of(label, sizeof label - 1), &ring, &fault) == ERR_CONFIG);
    cr_assert(fault.line == 1);
    cr_assert(keyring_parse(slice_of(key, sizeof key - 1), &ring, &fault) == ERR_CONFIG);
    cr_assert(fault.line == 1);
}

Test(keyring, either_of_two_keys_with_one_id_is_fine_alone)
{
    const struct keyring a = parse_good("a " CLASH_A "\n");
    const struct keyring b = parse_good("b " CLASH_B "\n");
    cr_assert(a.keys[0].id == UINT32_C(0xb3f7efa5));
    cr_assert(b.keys[0].id == UINT32_C(0xb3f7efa5));
}

Test(keyring, a_written_line_parses_to_the_same_key)
{
    static const char *const labels[] = {"a", LABEL_32, "2024-06.x_y"};
    uint8_t key[KEYRING_KEY_LEN];
    for (size_t i = 0; i < KEYRING_KEY_LEN; i++)
        key[i] = (uint8_t)i;
    const struct keyring expected = parse_good("k " K1 "\n");
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        char line[KEYRING_LINE_MAX + 1];
        memset(line, '!', sizeof line);
        const size_t len = keyring_line(labels[i], key, line);
        cr_assert(len == strlen(labels[i]) + 46 && len <= KEYRING_LINE_MAX);
        cr_assert(line[len - 1] == '\n' && line[len] == '!', "nothing is written after the line");
        line[len] = '\0';
        const struct keyring ring = parse_good(line);
        cr_assert_str_eq(ring.keys[0].label, labels[i]);
        cr_assert(ring.keys[0].id == expected.keys[0].id);
        cr_assert(memcmp(ring.keys[0].udp, expected.keys[0].udp, KEYRING_KEY_LEN) == 0);
        cr_assert(memcmp(ring.keys[0].tcp, expected.keys[0].tcp, KEYRING_KEY_LEN) == 0);
    }
}

Test(keyring, a_label_is_1_to_32_of_its_characters)
{
    cr_assert(keyring_label_ok(slice_text("a")));
    cr_assert(keyring_label_ok(slice_text(LABEL_32)));
    cr_assert_not(keyring_label_ok(slice_text("")));
    cr_assert_not(keyring_label_ok(slice_text(LABEL_32 "x")));
    for (int c = 0; c < 256; c++) {
        const uint8_t byte = (uint8_t)c;
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
        cr_assert(keyring_label_ok(slice_of(&byte, 1)) == good, "character %d", c);
    }
}

Test(keyring, ids_and_subkeys_are_those_of_the_vectors)
{
    uint8_t expected[KEYRING_KEY_LEN];
    uint8_t id[4];
    const struct keyring ring = parse_good("k " K1 "\n");
    const struct keyring_key *k = &ring.keys[0];
    cr_assert(vectors_load("packet_sealed", "key_id", id, sizeof id) == 4);
    cr_assert(k->id ==
              ((uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 | id[3]));
    cr_assert(vectors_load("packet_sealed", "subkey", expected, sizeof expected) == 32);
    cr_assert(memcmp(k->udp, expected, sizeof expected) == 0);
    cr_assert(vectors_load("packet_tcp", "subkey", expected, sizeof expected) == 32);
    cr_assert(memcmp(k->tcp, expected, sizeof expected) == 0);
}

Test(keyring, find_knows_each_id_of_the_ring_and_no_other)
{
    const struct keyring ring = parse_good("a " K1 "\nb " K2 "\nc " K3 "\n");
    const struct keyring other = parse_good("d " K4 "\n");
    for (size_t i = 0; i < ring.n; i++)
        cr_assert(keyring_find(&ring, ring.keys[i].id) == &ring.keys[i]);
    cr_assert_null(keyring_find(&ring, other.keys[0].id));
    cr_assert_null(keyring_find(&ring, 0));
}

Test(keyring, fini_wipes_every_secret_and_leaves_the_plain_ring)
{
    static const struct keyring empty;
    struct keyring ring = parse_good("a " K1 "\nb " K2 "\n");
    keyring_fini(&ring);
    cr_assert(memcmp(&ring, &empty, sizeof ring) == 0);
    cr_assert_null(keyring_find(&ring, 0));
}

Test(keyring, a_step_is_forced_by_three_words)
{
    const struct keyring ring = parse_good("a " K1 "\nforce promote b3f7efa5\r\n"
                                           "  force\tretire  0000000f \nforce " K2 "\n");
    cr_assert(ring.n == 2 && ring.forced_n == 2, "a key may have the label \"force\"");
    cr_assert(keyring_forces(&ring, KEYRING_PROMOTE, 0xb3f7efa5));
    cr_assert(keyring_forces(&ring, KEYRING_RETIRE, 0xf));
    cr_assert(!keyring_forces(&ring, KEYRING_RETIRE, 0xb3f7efa5));
    cr_assert(!keyring_forces(&ring, KEYRING_PROMOTE, 0xb3f7efa4));
}

Test(keyring, what_cannot_be_forced_is_named)
{
    const struct refusal refusals[] = {
        {"a " K1 "\nforce install b3f7efa5\n", 2, "promote, retire"},
        {"a " K1 "\nforce promote b3f7efa\n", 2, "8 hex digits"},
        {"a " K1 "\nforce promote b3f7efa55\n", 2, "8 hex digits"},
        {"a " K1 "\nforce retire b3f7efag\n", 2, "8 hex digits"},
        {"a " K1 "\nforce retire b3f7efa5 now\n", 2, "8 hex digits"},
        {"force retire b3f7efa5\n", 0, "no key"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        check_refusal(&refusals[i]);
}

Test(keyring, eight_steps_are_forced_and_a_ninth_is_refused)
{
#define TWICE(line) line line
    static const char FULL[] = "a " K1 "\n" TWICE(TWICE(TWICE("force retire 00000001\n")));
    static const char OVER[] =
        "a " K1 "\n" TWICE(TWICE(TWICE("force retire 00000001\n"))) "force retire 00000002\n";
    const struct refusal nine = {OVER, 10, "eight"};
    cr_assert(parse_good(FULL).forced_n == KEYRING_FORCE_MAX);
    check_refusal(&nine);
}

Test(keyring, keys_are_put_first_and_removed_with_the_others_in_order_and_their_place_wiped)
{
    static const struct keyring_key nothing;
    struct keyring ring = parse_good("a " K1 "\nb " K2 "\nc " K3 "\nd " K4 "\n");
    struct keyring_key other = ring.keys[2];
    cr_assert_eq(keyring_place(&ring, &other), 2);
    other.udp[0] ^= 1;
    cr_assert_eq(keyring_place(&ring, &other), 4, "its id alone does not make a key the same");
    keyring_put_first(&ring, 2);
    cr_assert_str_eq(ring.keys[0].label, "c");
    cr_assert_str_eq(ring.keys[1].label, "a");
    cr_assert_str_eq(ring.keys[2].label, "b");
    keyring_put_first(&ring, 0);
    cr_assert_str_eq(ring.keys[0].label, "c");
    keyring_remove(&ring, 1);
    cr_assert_eq(ring.n, 3);
    cr_assert_str_eq(ring.keys[1].label, "b");
    keyring_remove(&ring, 2);
    cr_assert_str_eq(ring.keys[1].label, "b");
    cr_assert_eq(memcmp(&ring.keys[2], &nothing, sizeof nothing), 0);
    cr_assert_eq(memcmp(&ring.keys[3], &nothing, sizeof nothing), 0);
}
