/** tests/fuzz/replay_main.c - runs a fuzz target over stored inputs; for builds without libFuzzer. */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

static size_t replayed_n;

/** Fails loudly: an input that cannot be read is an input that was not replayed. */
static void die(const char *path)
{
    perror(path);
    exit(2);
}

/** Each input gets its own block of exactly its size, so that a sanitizer sees one byte too far. */
static void replay_file(const char *path, size_t len)
{
    uint8_t *bytes = malloc(len > 0 ? len : 1);
    FILE *file = fopen(path, "rb");
    if (bytes == NULL || file == NULL || fread(bytes, 1, len, file) != len)
        die(path);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, len);
    free(bytes);
    replayed_n++;
}

static bool is_folder(const char *path, size_t *len)
{
    struct stat info;
    if (stat(path, &info) != 0)
        die(path);
    *len = (size_t)info.st_size;
    return S_ISDIR(info.st_mode);
}

/** The files of a folder, in the order of their names; folders in it are not corpora of this target. */
static void replay_folder(const char *path)
{
    struct dirent **entries;
    const int n = scandir(path, &entries, NULL, alphasort);
    if (n < 0)
        die(path);
    for (int i = 0; i < n; i++) {
        char inner[4096];
        size_t len;
        snprintf(inner, sizeof inner, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && !is_folder(inner, &len))
            replay_file(inner, len);
        free(entries[i]);
    }
    free(entries);
}

static void replay_path(const char *path)
{
    size_t len;
    if (is_folder(path, &len))
        replay_folder(path);
    else
        replay_file(path, len);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay_path(argv[i]);
    printf("%zu inputs replayed\n", replayed_n);
    return replayed_n > 0 ? 0 : 1;
}
