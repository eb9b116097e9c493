#include "kit.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "app/config_print.h"

void kit_init(struct kit *k)
{
    memset(k, 0, sizeof *k);
    (void)snprintf(k->root, sizeof k->root, "/tmp/scrubjay-app-XXXXXX");
    cr_assert_not_null(mkdtemp(k->root));
    kit_arg(k, "scrubjayd");
}

const char *kit_file(const struct kit *k, const char *name, const char *text)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", k->root, name);
    for (char *slash = strchr(path + strlen(k->root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    (void)fputs(text, file);
    (void)fclose(file);
    return path;
}

void kit_arg(struct kit *k, const char *arg)
{
    cr_assert_lt(k->argc, KIT_ARGS_MAX);
    k->argv[k->argc++] = strdup(arg);
}

void kit_env(struct kit *k, const char *pair)
{
    cr_assert_lt(k->env_n, KIT_ARGS_MAX);
    k->env[k->env_n++] = strdup(pair);
}

bool kit_load(struct kit *k)
{
    const struct config_source source = {
        .argc = k->argc, .argv = k->argv, .env = k->env, .root = k->root, .hostname = "host"};
    return config_load(&source, &k->config, &k->action, &k->fault);
}

void kit_loads(struct kit *k)
{
    cr_assert(kit_load(k), "%s", k->fault.text);
}

void kit_fails(struct kit *k, int status, const char *part)
{
    cr_assert_not(kit_load(k), "it was taken");
    cr_assert_eq(k->fault.status, status, "%s", k->fault.text);
    cr_assert_not_null(strstr(k->fault.text, part), "no \"%s\" in \"%s\"", part, k->fault.text);
    cr_assert_null(strchr(k->fault.text, '\n'), "an error is one line");
}

char *kit_print(const struct kit *k)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    config_print(&k->config, out);
    (void)fclose(out);
    return text;
}

void kit_prints(const char *text, const char *start, const char *comment)
{
    const char *line = strstr(text, start);
    cr_assert_not_null(line, "no \"%s\" in %s", start, text);
    const char *found = strstr(line, comment);
    cr_assert(found != NULL && found < strchr(line + 1, '\n'), "no \"%s\" behind %s", comment,
              start);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw)
{
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

struct loop *kit_node(const struct keyring *ring, const struct clients *clients)
{
    char why[LOOP_WHY_MAX];
    const struct addr any_port = {.ip = {127, 0, 0, 1}, .ip_len = 4};
    const struct loop_cfg cfg = {.name = "a",
                                 .cluster = "test",
                                 .client = any_port,
                                 .gossip = any_port,
                                 .keyring = ring,
                                 .clients = clients,
                                 .profile = SWIM_TEST,
                                 .budget_bytes = 4 << 20,
                                 .value_max = 65536,
                                 .workers = 1,
                                 .log = {.level = LOGGER_ERROR, .fd = -1}};
    struct loop *l = loop_new(&cfg, why, sizeof why);
    cr_assert_not_null(l, "%s", why);
    return l;
}

void kit_fini(struct kit *k)
{
    (void)nftw(k->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    for (int i = 0; i < k->argc; i++)
        free(k->argv[i]);
    for (size_t i = 0; i < k->env_n; i++)
        free(k->env[i]);
}
