#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "cli/jay.h"
#include "cli/text.h"
#include "seal/keyring.h"

#define FILE_MAX 4096

static enum jay_exit generate(const struct jay *j, const char *label)
{
    char standard[sizeof "key-" + 8];
    uint8_t key[KEYRING_KEY_LEN], random[4];
    char line[KEYRING_LINE_MAX];
    if (sodium_init() < 0) {
        jay_say("the system gives no random bytes");
        return JAY_NEGATIVE;
    }
    randombytes_buf(random, sizeof random);
    memcpy(standard, "key-", 4);
    text_hex_write(random, sizeof random, standard + 4);
    if (label == NULL)
        label = standard;
    if (!keyring_label_ok(slice_text(label)))
        return jay_usage("\"%s\" is no label: 1 to %d of A-Z, a-z, 0-9, \".\", \"_\", \"-\"", label,
                         KEYRING_LABEL_MAX);
    randombytes_buf(key, sizeof key);
    const size_t len = keyring_line(label, key, line);
    if (j->json)
        jay_print_json(json_pack("{s:s, s:s%}", "label", label, "line", line, len - 1), false);
    else
        fwrite(line, 1, len, stdout);
    sodium_memzero(key, sizeof key);
    sodium_memzero(line, sizeof line);
    return JAY_OK;
}

static enum jay_exit complain(const char *path)
{
    jay_say("cannot read %s: %s", path, strerror(errno));
    return JAY_NEGATIVE;
}

/** Read a whole file of at most FILE_MAX bytes, and warn when others may read it too. */
static enum jay_exit read_file(const char *path, uint8_t *out, size_t *len)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain(path);
    const ssize_t n = read(fd, out, FILE_MAX);
    if (n < 0 || fstat(fd, &info) != 0) {
        close(fd);
        return complain(path);
    }
    close(fd);
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        jay_say("warning: %s can be read by others; chmod 600 %s", path, path);
    if (n == FILE_MAX) {
        jay_say("%s has %d bytes or more; no keyring has", path, FILE_MAX);
        return JAY_NEGATIVE;
    }
    *len = (size_t)n;
    return JAY_OK;
}

/** Load a keyring. *out holds secrets. */
static enum jay_exit load(const char *path, struct keyring *out)
{
    uint8_t bytes[FILE_MAX];
    struct keyring_fault fault = {0};
    size_t len = 0;
    enum jay_exit status = read_file(path, bytes, &len);
    if (status == JAY_OK && keyring_parse(slice_of(bytes, len), out, &fault) != OK) {
        jay_say("%s:%zu: %s", path, fault.line, fault.reason);
        status = JAY_NEGATIVE;
    }
    sodium_memzero(bytes, sizeof bytes);
    return status;
}

static const char *duty(size_t i)
{
    return i == 0 ? "seals" : "opens";
}

static json_t *json_keys(const struct keyring *ring)
{
    json_t *keys = json_array();
    for (size_t i = 0; i < ring->n; i++) {
        char id[9];
        snprintf(id, sizeof id, "%08" PRIx32, ring->keys[i].id);
        json_array_append_new(keys, json_pack("{s:s, s:s, s:s}", "label", ring->keys[i].label, "id",
                                              id, "duty", duty(i)));
    }
    return keys;
}

static void print_keys(const struct jay *j, const struct keyring *ring)
{
    if (j->json) {
        jay_print_json(json_pack("{s:o}", "keys", json_keys(ring)), false);
        return;
    }
    printf("%-*s  %-8s  DUTY\n", KEYRING_LABEL_MAX, "LABEL", "ID");
    for (size_t i = 0; i < ring->n; i++)
        printf("%-*s  %08" PRIx32 "  %s\n", KEYRING_LABEL_MAX, ring->keys[i].label,
               ring->keys[i].id, duty(i));
}

static void print_verdict(const struct jay *j, const char *path, const struct keyring *ring)
{
    if (j->json)
        jay_print_json(json_pack("{s:b, s:i}", "ok", true, "keys", (int)ring->n), false);
    else
        printf("%s: ok, %zu key%s\n", path, ring->n, ring->n == 1 ? "" : "s");
}

enum jay_exit jay_keyring(struct jay *j, const struct jay_args *a)
{
    struct keyring ring = {0};
    const char *verb = a->words[0];
    const bool list = strcmp(verb, "list") == 0;
    if (strcmp(verb, "generate") == 0 && a->words_n == 1)
        return generate(j, a->label);
    if ((!list && strcmp(verb, "check") != 0) || a->words_n != 2)
        return jay_usage("usage: jay keyring generate [--label TEXT] | list FILE | check FILE");
    const enum jay_exit status = load(a->words[1], &ring);
    if (status != JAY_OK)
        return status;
    if (list)
        print_keys(j, &ring);
    else
        print_verdict(j, a->words[1], &ring);
    keyring_fini(&ring);
    return JAY_OK;
}
