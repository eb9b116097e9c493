/** tests/fuzz/fuzz_config.c - a configuration file of whatever bytes is taken or refused; a refusal is one
 *  sentence with the status of bad configuration, and what is taken can be printed. */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <sys/mman.h>

#include "app/config.h"
#include "app/config_print.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/** A file that is only in memory, with these bytes. Returns: its path. */
static const char *file_of(const uint8_t *at, size_t len)
{
    static char path[32];
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("config", MFD_CLOEXEC);
    assert(fd >= 0 && ftruncate(fd, 0) == 0);
    assert(pwrite(fd, at, len, 0) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return path;
}

/** One sentence for people, on one line. */
static void check_fault(const struct config_fault *fault, const char *path)
{
    const size_t len = strlen(fault->text);
    assert(fault->status == EX_CONFIG);
    assert(len > 0 && len < sizeof fault->text && strchr(fault->text, '\n') == NULL);
    assert(!fault->in_file || strncmp(fault->text, path, strlen(path)) == 0);
}

static void print(const struct config *c)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert(out != NULL);
    config_print(c, out);
    fclose(out);
    assert(len > 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
    static struct config config;
    static struct config_fault fault;
    char program[] = "scrubjayd", flag[] = "--config", path[32];
    char *argv[] = {program, flag, path, NULL}, *env[] = {NULL};
    const struct config_source source = {
        .argc = 3, .argv = argv, .env = env, .root = "/nowhere", .hostname = "here"};
    enum config_action action;
    snprintf(path, sizeof path, "%s", file_of(at, len));
    memset(&config, 0, sizeof config);
    if (config_load(&source, &config, &action, &fault))
        print(&config);
    else
        check_fault(&fault, path);
    return 0;
}
