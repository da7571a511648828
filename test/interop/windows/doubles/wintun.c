/*
 * A test double of wintun.dll with its published interface (API of 0.14): the packets of a session pass through UDP on
 * loopback to a real tun on the Linux side. It is stricter than the driver: a wrong ring size, an unknown packet or a
 * packet that is released twice ends the process.
 */
#include "bridge.h"
#include <netioapi.h>

#define EXPORT __declspec(dllexport)
#define LARGEST 0xffff
#define SLOTS 512

typedef struct { DWORD index; WCHAR name[128]; } Adapter;
typedef struct { BOOL taken; DWORD length; BYTE octets[LARGEST + 1]; } Slot;
typedef struct {
    SOCKET socket;
    HANDLE event;
    HANDLE thread;
    CRITICAL_SECTION lock;
    volatile BOOL ending;
    /* Arrived packets: `arrived` counts what came, `handed` what was received, `freed` what was released, in order. */
    ULONG arrived, handed, freed;
    ULONG lost;
    Slot in[SLOTS], out[SLOTS];
    ULONG allocated;
} Session;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) InitializeCriticalSection(&bridge_lock);
    return TRUE;
}

static void misuse(const char *what)
{
    fprintf(stderr, "wintun double: %s\n", what);
    fflush(stderr);
    ExitProcess(86);
}

EXPORT Adapter *WINAPI WintunCreateAdapter(const WCHAR *name, const WCHAR *type, const GUID *guid)
{
    char utf8[256], answer[BRIDGE_ANSWER];
    Adapter *adapter;
    DWORD error;
    if (!name || !type || wcslen(name) >= 128) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    WideCharToMultiByte(CP_UTF8, 0, name, -1, utf8, sizeof utf8, NULL, NULL);
    error = bridge_ask(answer, "adapter create %s %08lx %ls", utf8, guid ? guid->Data1 : 0ul, type);
    if (error) {
        SetLastError(error);
        return NULL;
    }
    adapter = calloc(1, sizeof *adapter);
    adapter->index = (DWORD)atoi(answer);
    wcscpy(adapter->name, name);
    return adapter;
}

EXPORT Adapter *WINAPI WintunOpenAdapter(const WCHAR *name)
{
    SetLastError(ERROR_NOT_FOUND);
    return NULL;
}

EXPORT void WINAPI WintunCloseAdapter(Adapter *adapter)
{
    if (!adapter) return;
    bridge_ask(NULL, "adapter close %lu", adapter->index);
    free(adapter);
}

EXPORT void WINAPI WintunGetAdapterLUID(Adapter *adapter, NET_LUID *luid)
{
    ConvertInterfaceIndexToLuid(adapter->index, luid);
}

EXPORT DWORD WINAPI WintunGetRunningDriverVersion(void)
{
    return (0 << 16) | 14;
}

static DWORD WINAPI arrivals(LPVOID context)
{
    Session *session = context;
    static BYTE packet[LARGEST + 1];
    while (!session->ending) {
        int length = recv(session->socket, (char *)packet, sizeof packet, 0);
        if (length <= 0) continue;
        EnterCriticalSection(&session->lock);
        if (session->arrived - session->freed == SLOTS) session->lost++;
        else {
            Slot *slot = &session->in[session->arrived++ % SLOTS];
            slot->taken = TRUE;
            slot->length = (DWORD)length;
            memcpy(slot->octets, packet, (size_t)length);
        }
        LeaveCriticalSection(&session->lock);
        SetEvent(session->event);
    }
    return 0;
}

EXPORT Session *WINAPI WintunStartSession(Adapter *adapter, DWORD capacity)
{
    struct sockaddr_in to = bridge_address();
    DWORD patience = 200;
    Session *session;
    if (capacity < 0x20000 || capacity > 0x4000000 || (capacity & (capacity - 1))) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    session = calloc(1, sizeof *session);
    InitializeCriticalSection(&session->lock);
    /* As the driver's: one wait takes it. */
    session->event = CreateEventW(NULL, FALSE, FALSE, NULL);
    session->socket = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(session->socket, SOL_SOCKET, SO_RCVTIMEO, (char *)&patience, sizeof patience);
    connect(session->socket, (struct sockaddr *)&to, sizeof to);
    /* An empty datagram tells the other side where we are. */
    send(session->socket, "", 0, 0);
    session->thread = CreateThread(NULL, 0, arrivals, session, 0, NULL);
    return session;
}

EXPORT void WINAPI WintunEndSession(Session *session)
{
    session->ending = TRUE;
    WaitForSingleObject(session->thread, 5000);
    closesocket(session->socket);
    CloseHandle(session->thread);
    CloseHandle(session->event);
    DeleteCriticalSection(&session->lock);
    free(session);
}

EXPORT HANDLE WINAPI WintunGetReadWaitEvent(Session *session)
{
    return session->event;
}

EXPORT BYTE *WINAPI WintunReceivePacket(Session *session, DWORD *length)
{
    BYTE *packet = NULL;
    EnterCriticalSection(&session->lock);
    if (session->handed != session->arrived) {
        Slot *slot = &session->in[session->handed++ % SLOTS];
        *length = slot->length;
        packet = slot->octets;
    }
    LeaveCriticalSection(&session->lock);
    if (!packet) SetLastError(ERROR_NO_MORE_ITEMS);
    return packet;
}

EXPORT void WINAPI WintunReleaseReceivePacket(Session *session, const BYTE *packet)
{
    ULONG i;
    BOOL known = FALSE;
    EnterCriticalSection(&session->lock);
    for (i = session->freed; i != session->handed; i++) {
        Slot *slot = &session->in[i % SLOTS];
        if (slot->octets == packet && slot->taken) {
            slot->taken = FALSE;
            known = TRUE;
        }
    }
    while (session->freed != session->handed && !session->in[session->freed % SLOTS].taken) session->freed++;
    LeaveCriticalSection(&session->lock);
    if (!known) misuse("a packet was released that nobody holds");
}

EXPORT BYTE *WINAPI WintunAllocateSendPacket(Session *session, DWORD length)
{
    BYTE *room = NULL;
    if (length == 0 || length > LARGEST) misuse("room for a packet of no possible length");
    EnterCriticalSection(&session->lock);
    {
        Slot *slot = &session->out[session->allocated % SLOTS];
        if (!slot->taken) {
            slot->taken = TRUE;
            slot->length = length;
            session->allocated++;
            room = slot->octets;
        }
    }
    LeaveCriticalSection(&session->lock);
    if (!room) SetLastError(ERROR_BUFFER_OVERFLOW);
    return room;
}

EXPORT void WINAPI WintunSendPacket(Session *session, const BYTE *packet)
{
    Slot *slot = (Slot *)(packet - offsetof(Slot, octets));
    if (slot < session->out || slot >= session->out + SLOTS || !slot->taken) misuse("a packet was sent that nobody allocated");
    send(session->socket, (const char *)packet, (int)slot->length, 0);
    EnterCriticalSection(&session->lock);
    slot->taken = FALSE;
    LeaveCriticalSection(&session->lock);
}
