#include "app/notify.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "app/config.h"

#define VARIABLE "NOTIFY_SOCKET"

/** A path, or a name of the abstract name space: "@" stands for the NUL that those begin with, and their
 *  length counts (unix(7)). 0 = it is neither, or too long. */
static socklen_t address_of(const char *text, struct sockaddr_un *out)
{
    const size_t len = strlen(text);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((text[0] != '/' && text[0] != '@') || len >= sizeof out->sun_path)
        return 0;
    memcpy(out->sun_path, text, len);
    if (text[0] == '@')
        out->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

bool notify_send(char *const *env, const char *message)
{
    struct sockaddr_un to;
    const size_t len = strlen(message);
    const char *text = config_env(env, VARIABLE);
    const socklen_t to_len = text == NULL ? 0 : address_of(text, &to);
    const int fd = to_len == 0 ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    const ssize_t sent =
        sendto(fd, message, len, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to, to_len);
    (void)close(fd);
    return sent == (ssize_t)len;
}
