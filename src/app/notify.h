/**
 * app/notify.h - tells the service manager how far this process is, where one asks for it.
 *
 * systemd hands a service of Type=notify the address of a datagram socket in NOTIFY_SOCKET. Nobody waits
 * for an answer, and a manager that cannot be told changes nothing here. Source: sd_notify(3).
 */
#pragma once

#include <stdbool.h>

/**
 * Send one message: lines NAME=VALUE, as in "READY=1\nSTATUS=serves".
 *
 * env:     NAME=VALUE texts, NULL at the end.
 * Returns: false when nobody asked, or it could not be sent.
 */
bool notify_send(char *const *env, const char *message);
