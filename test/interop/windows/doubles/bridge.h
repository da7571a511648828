/*
 * How the doubles reach the Linux side: one request a line over TCP on loopback, answered by lines and an end mark.
 * The port is in CULVERT_BRIDGE. Included by each double; both are built for tests alone.
 */
#ifndef CULVERT_BRIDGE_H
#define CULVERT_BRIDGE_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdarg.h>

#define BRIDGE_ANSWER 65536

static SOCKET bridge = INVALID_SOCKET;
static CRITICAL_SECTION bridge_lock;

static unsigned short bridge_port(void)
{
    char text[16] = "";
    GetEnvironmentVariableA("CULVERT_BRIDGE", text, sizeof text);
    return (unsigned short)atoi(text);
}

static struct sockaddr_in bridge_address(void)
{
    struct sockaddr_in to = { 0 };
    to.sin_family = AF_INET;
    to.sin_port = htons(bridge_port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return to;
}

static BOOL bridge_open(void)
{
    WSADATA data;
    struct sockaddr_in to = bridge_address();
    if (bridge != INVALID_SOCKET) return TRUE;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return FALSE;
    bridge = socket(AF_INET, SOCK_STREAM, 0);
    if (bridge == INVALID_SOCKET) return FALSE;
    if (connect(bridge, (struct sockaddr *)&to, sizeof to) == 0) return TRUE;
    closesocket(bridge);
    bridge = INVALID_SOCKET;
    return FALSE;
}

/*
 * Sends a line and takes the answer: "STATUS\n", more lines, ".\n". Gives back the Windows error number, and what
 * follows the first line in `answer` (BRIDGE_ANSWER octets) when that is not NULL.
 */
static DWORD bridge_ask(char *answer, const char *format, ...)
{
    static char said[BRIDGE_ANSWER];
    char line[1024];
    int length, got = 0;
    DWORD status = ERROR_GEN_FAILURE;
    va_list list;
    va_start(list, format);
    length = vsnprintf(line, sizeof line - 1, format, list);
    va_end(list);
    line[length++] = '\n';
    EnterCriticalSection(&bridge_lock);
    if (bridge_open() && send(bridge, line, length, 0) == length) {
        for (;;) {
            int n = recv(bridge, said + got, (int)sizeof said - 1 - got, 0);
            if (n <= 0) break;
            got += n;
            said[got] = 0;
            if (got >= 2 && strcmp(said + got - 2, ".\n") == 0 && (got == 2 || said[got - 3] == '\n')) {
                char *rest = strchr(said, '\n') + 1;
                said[got - 2] = 0;
                status = (DWORD)atoi(said);
                if (answer) strcpy(answer, rest);
                break;
            }
        }
    }
    LeaveCriticalSection(&bridge_lock);
    return status;
}

#endif
