#include "cli/secret.h"

#include "seal/clients.h"

#define VALUE_MAX ((16U << 20) - 1) /* the largest that any node can be told to take */

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

static enum jay_exit complain(const char *path)
{
    jay_say("cannot read %s: %s", path, strerror(errno));
    return JAY_NEGATIVE;
}

/** The group of a file that is somebody else's is how we may read it: volumes are given to pods so. */
static bool is_open_to_others(const struct stat *info)
{
    const mode_t group = info->st_uid == geteuid() ? S_IRWXG : S_IWGRP;
    return (info->st_mode & (group | S_IRWXO)) != 0;
}

enum jay_exit jay_read_secret(const char *path, uint8_t *out, size_t *len)
{
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return complain(path);
    const ssize_t n = read(fd, out, JAY_SECRET_MAX);
    if (n < 0 || fstat(fd, &info) != 0) {
        close(fd);
        return complain(path);
    }
    close(fd);
    if (is_open_to_others(&info))
        jay_say("warning: %s can be read by others; chmod 600 %s", path, path);
    if (n == JAY_SECRET_MAX) {
        jay_say("%s has %d bytes or more; that is too long", path, JAY_SECRET_MAX);
        return JAY_NEGATIVE;
    }
    *len = (size_t)n;
    return JAY_OK;
}

/** Read whom to log in as. *out holds a secret. */
static enum jay_exit read_client_key(const char *path, struct clients_one *out)
{
    static uint8_t bytes[JAY_SECRET_MAX];
    struct clients_fault fault;
    size_t len = 0;
    enum jay_exit status = jay_read_secret(path, bytes, &len);
    if (status == JAY_OK && clients_parse_own(slice_of(bytes, len), out, &fault) != OK) {
        jay_say("%s:%zu: %s", path, fault.line, fault.reason);
        status = JAY_USAGE;
    }
    sodium_memzero(bytes, sizeof bytes);
    return status;
}

static struct scrubjay *make_client(const struct jay *j, const char *server,
                                    const struct clients_one *own)
{
    char key[sodium_base64_ENCODED_LEN(CLIENTS_KEY_LEN, sodium_base64_VARIANT_ORIGINAL)];
    const bool keyed = own->id[0] != '\0';
    sodium_bin2base64(key, sizeof key, own->key, sizeof own->key, sodium_base64_VARIANT_ORIGINAL);
    struct scrubjay *c = scrubjay_new(&(struct scrubjay_options){.address = server,
                                                                 .name = "jay",
                                                                 .timeout_ms = j->timeout_ms,
                                                                 .value_max = VALUE_MAX,
                                                                 .id = keyed ? own->id : NULL,
                                                                 .key = keyed ? key : NULL});
    sodium_memzero(key, sizeof key);
    return c;
}

enum jay_exit jay_client_of(const struct jay *j, const char *server, struct scrubjay **out)
{
    struct clients_one own = {.rights = 0};
    if (j->client_key != NULL) {
        const enum jay_exit read = read_client_key(j->client_key, &own);
        if (read != JAY_OK)
            return read;
    }
    *out = make_client(j, server, &own);
    sodium_memzero(&own, sizeof own);
    if (*out != NULL)
        return JAY_OK;
    jay_say("memory is out");
    return JAY_NEGATIVE;
}
