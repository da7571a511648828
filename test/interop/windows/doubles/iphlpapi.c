/*
 * What Wine's IP helper lacks: functions that change addresses, routes, interfaces and name servers, the tables in which
 * the changes show, and notifications of them. Each call is decoded by the SDK's own structures and handed to the Linux
 * side, which writes it down and does it. Everything else is forwarded to Wine's library under the name real.dll (see
 * iphlpapi.def, which the test makes).
 */
#include "bridge.h"
#include <netioapi.h>

#define EXPORT __declspec(dllexport)

/* The published version 1; mingw's headers do not have it. */
typedef struct {
    ULONG Version;
    ULONG64 Flags;
    PWSTR Domain, NameServer, SearchList;
    ULONG RegistrationEnabled, RegisterAdapterName, EnableLLMNR, QueryAdapterName;
    PWSTR ProfileNameServer;
} DnsInterfaceSettings;

static CRITICAL_SECTION notices_lock;

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        InitializeCriticalSection(&bridge_lock);
        InitializeCriticalSection(&notices_lock);
    }
    return TRUE;
}

/*
 * Wine remembers an interface by its name, and gives a new one the identity of an old: so these are told here, all from
 * the index that Linux has for it.
 */
static NET_IFINDEX index_of(const NET_LUID *luid)
{
    return (NET_IFINDEX)luid->Info.NetLuidIndex;
}

static NET_LUID luid_of(NET_IFINDEX index)
{
    NET_LUID luid = { 0 };
    luid.Info.NetLuidIndex = index;
    luid.Info.IfType = 53; /* IF_TYPE_PROP_VIRTUAL */
    return luid;
}

EXPORT NETIO_STATUS WINAPI ConvertInterfaceAliasToLuid(const WCHAR *alias, NET_LUID *luid)
{
    char answer[BRIDGE_ANSWER];
    DWORD error = bridge_ask(answer, "index %ls", alias);
    if (error) return error;
    *luid = luid_of((NET_IFINDEX)atoi(answer));
    return NO_ERROR;
}

EXPORT NETIO_STATUS WINAPI ConvertInterfaceIndexToLuid(NET_IFINDEX index, NET_LUID *luid)
{
    *luid = luid_of(index);
    return NO_ERROR;
}

EXPORT NETIO_STATUS WINAPI ConvertInterfaceLuidToIndex(const NET_LUID *luid, NET_IFINDEX *index)
{
    *index = index_of(luid);
    return NO_ERROR;
}

static const GUID interface_guid = { 0, 0xc01d, 0x4500, { 'c', 'u', 'l', 'v', 'e', 'r', 't', 0 } };

EXPORT NETIO_STATUS WINAPI ConvertInterfaceLuidToGuid(const NET_LUID *luid, GUID *guid)
{
    *guid = interface_guid;
    guid->Data1 = index_of(luid);
    return NO_ERROR;
}

static const char *text_of(const SOCKADDR_INET *address, char *text)
{
    const void *octets = address->si_family == AF_INET ? (const void *)&address->Ipv4.sin_addr
                                                       : (const void *)&address->Ipv6.sin6_addr;
    inet_ntop(address->si_family, (void *)octets, text, 64);
    return text;
}

static void read_inet(const char *text, SOCKADDR_INET *address)
{
    memset(address, 0, sizeof *address);
    address->si_family = strchr(text, ':') ? AF_INET6 : AF_INET;
    if (address->si_family == AF_INET) inet_pton(AF_INET, text, &address->Ipv4.sin_addr);
    else inet_pton(AF_INET6, text, &address->Ipv6.sin6_addr);
}

EXPORT NETIO_STATUS WINAPI CreateUnicastIpAddressEntry(const MIB_UNICASTIPADDRESS_ROW *row)
{
    char text[64];
    if (row->ValidLifetime != 0xffffffff || row->PreferredLifetime != 0xffffffff) return ERROR_INVALID_PARAMETER;
    return bridge_ask(NULL, "address add %lu %s %u %d", index_of(&row->InterfaceLuid), text_of(&row->Address, text),
                      row->OnLinkPrefixLength, (int)row->DadState);
}

EXPORT NETIO_STATUS WINAPI DeleteUnicastIpAddressEntry(const MIB_UNICASTIPADDRESS_ROW *row)
{
    char text[64];
    return bridge_ask(NULL, "address delete %lu %s", index_of(&row->InterfaceLuid), text_of(&row->Address, text));
}

static NETIO_STATUS forward(const char *what, const MIB_IPFORWARD_ROW2 *row)
{
    char to[64], next[64];
    if (row->DestinationPrefix.Prefix.si_family != row->NextHop.si_family) return ERROR_INVALID_PARAMETER;
    return bridge_ask(NULL, "route %s %lu %s/%u %s %lu %d", what, index_of(&row->InterfaceLuid),
                      text_of(&row->DestinationPrefix.Prefix, to), row->DestinationPrefix.PrefixLength,
                      text_of(&row->NextHop, next), row->Metric, (int)row->Protocol);
}

EXPORT NETIO_STATUS WINAPI CreateIpForwardEntry2(const MIB_IPFORWARD_ROW2 *row)
{
    if (row->ValidLifetime != 0xffffffff || row->PreferredLifetime != 0xffffffff) return ERROR_INVALID_PARAMETER;
    return forward("add", row);
}

EXPORT NETIO_STATUS WINAPI DeleteIpForwardEntry2(const MIB_IPFORWARD_ROW2 *row)
{
    return forward("delete", row);
}

static void fill_interface(MIB_IPINTERFACE_ROW *row, ADDRESS_FAMILY family, NET_IFINDEX index, ULONG mtu, ULONG metric,
                           int connected)
{
    memset(row, 0, sizeof *row);
    row->Family = family;
    row->InterfaceIndex = index;
    row->InterfaceLuid = luid_of(index);
    row->NlMtu = mtu;
    row->Metric = metric;
    row->Connected = (BOOLEAN)connected;
    row->UseAutomaticMetric = TRUE;
    /* What Windows says of an interface, and does not take back: whoever sets it must clear it. */
    row->SitePrefixLength = 64;
}

EXPORT NETIO_STATUS WINAPI GetIpInterfaceEntry(MIB_IPINTERFACE_ROW *row)
{
    char answer[BRIDGE_ANSWER];
    unsigned long mtu, metric;
    int connected;
    NET_IFINDEX index = index_of(&row->InterfaceLuid);
    DWORD error = bridge_ask(answer, "interface get %lu %d", index, row->Family == AF_INET ? 4 : 6);
    if (error) return error;
    sscanf(answer, "%lu %lu %d", &mtu, &metric, &connected);
    fill_interface(row, row->Family, index, mtu, metric, connected);
    return NO_ERROR;
}

EXPORT NETIO_STATUS WINAPI SetIpInterfaceEntry(MIB_IPINTERFACE_ROW *row)
{
    if (row->SitePrefixLength != 0) return ERROR_INVALID_PARAMETER;
    return bridge_ask(NULL, "interface set %lu %d %lu %lu %d", index_of(&row->InterfaceLuid),
                      row->Family == AF_INET ? 4 : 6, row->NlMtu, row->Metric, row->UseAutomaticMetric);
}

/* Calls `take` for each line of the answer, and gives back a table from the process's heap, as FreeMibTable frees it. */
static NETIO_STATUS table(void **out, size_t size, BOOL (*take)(const char *line, void *row), const char *question)
{
    char *answer = HeapAlloc(GetProcessHeap(), 0, BRIDGE_ANSWER);
    DWORD error = bridge_ask(answer, "%s", question);
    ULONG count = 0;
    char *line, *whole, *rest = NULL;
    for (line = answer; !error && *line; line++) count += *line == '\n';
    whole = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 8 + (count + 1) * size);
    count = 0;
    if (!error)
        for (line = strtok_s(answer, "\n", &rest); line; line = strtok_s(NULL, "\n", &rest))
            if (take(line, whole + 8 + count * size)) count++;
    *(ULONG *)whole = count;
    *out = whole;
    HeapFree(GetProcessHeap(), 0, answer);
    return error;
}

static BOOL take_route(const char *line, void *to)
{
    MIB_IPFORWARD_ROW2 *row = to;
    char prefix[64], next[64];
    unsigned long index, metric;
    unsigned length;
    int protocol;
    if (sscanf(line, "%lu %63[^/]/%u %63s %lu %d", &index, prefix, &length, next, &metric, &protocol) != 6) return FALSE;
    row->InterfaceIndex = index;
    row->InterfaceLuid = luid_of(index);
    read_inet(prefix, &row->DestinationPrefix.Prefix);
    row->DestinationPrefix.PrefixLength = (UINT8)length;
    read_inet(next, &row->NextHop);
    row->Metric = metric;
    row->Protocol = protocol;
    row->ValidLifetime = row->PreferredLifetime = 0xffffffff;
    return TRUE;
}

EXPORT NETIO_STATUS WINAPI GetIpForwardTable2(ADDRESS_FAMILY family, PMIB_IPFORWARD_TABLE2 *out)
{
    return table((void **)out, sizeof(MIB_IPFORWARD_ROW2), take_route, "table routes");
}

static BOOL take_address(const char *line, void *to)
{
    MIB_UNICASTIPADDRESS_ROW *row = to;
    char text[64];
    unsigned long index;
    unsigned length;
    if (sscanf(line, "%lu %63[^/]/%u", &index, text, &length) != 3) return FALSE;
    read_inet(text, &row->Address);
    row->InterfaceIndex = index;
    row->InterfaceLuid = luid_of(index);
    row->OnLinkPrefixLength = (UINT8)length;
    row->DadState = IpDadStatePreferred;
    return TRUE;
}

EXPORT NETIO_STATUS WINAPI GetUnicastIpAddressTable(ADDRESS_FAMILY family, PMIB_UNICASTIPADDRESS_TABLE *out)
{
    return table((void **)out, sizeof(MIB_UNICASTIPADDRESS_ROW), take_address, "table addresses");
}

static BOOL take_interface(const char *line, void *to)
{
    unsigned long index, mtu, metric;
    int family, connected;
    if (sscanf(line, "%lu %d %lu %lu %d", &index, &family, &mtu, &metric, &connected) != 5) return FALSE;
    fill_interface(to, family == 4 ? AF_INET : AF_INET6, index, mtu, metric, connected);
    return TRUE;
}

EXPORT NETIO_STATUS WINAPI GetIpInterfaceTable(ADDRESS_FAMILY family, PMIB_IPINTERFACE_TABLE *out)
{
    return table((void **)out, sizeof(MIB_IPINTERFACE_ROW), take_interface, "table interfaces");
}

EXPORT NETIO_STATUS WINAPI GetBestRoute2(NET_LUID *luid, NET_IFINDEX index, const SOCKADDR_INET *source,
                                  const SOCKADDR_INET *to, ULONG options, PMIB_IPFORWARD_ROW2 row, SOCKADDR_INET *best)
{
    char text[64], answer[BRIDGE_ANSWER], from[64];
    unsigned long number;
    DWORD error = bridge_ask(answer, "best %s", text_of(to, text));
    if (error) return error;
    if (sscanf(answer, "%lu %63s", &number, from) != 2) return ERROR_NOT_FOUND;
    memset(row, 0, sizeof *row);
    row->InterfaceIndex = number;
    row->InterfaceLuid = luid_of(number);
    read_inet(from, best);
    return NO_ERROR;
}

EXPORT DWORD WINAPI SetInterfaceDnsSettings(GUID guid, const DnsInterfaceSettings *settings)
{
    NET_IFINDEX index = guid.Data1;
    if (settings->Version != 1) return ERROR_INVALID_PARAMETER;
    guid.Data1 = 0;
    if (memcmp(&guid, &interface_guid, sizeof guid) != 0) return ERROR_NOT_FOUND;
    return bridge_ask(NULL, "dns %lu %llu %ls", index, settings->Flags,
                      settings->NameServer && *settings->NameServer ? settings->NameServer : L"-");
}

/*
 * Change notifications. Wine's answer success and never call. Here a thread follows what the Linux machine says of its
 * links, addresses and routes, and calls back as Windows does: on a thread of its own, with a row that is its own, and
 * with a callback that is under way for as long as the lock is held. To cancel waits for that, and to cancel from inside
 * of a callback, which would wait for itself, ends the process.
 */
#define MOST_NOTICES 16

typedef ULONG_PTR (WINAPI *Callback)(PVOID context, PVOID row, ULONG_PTR type);
typedef struct { const char *what; Callback callback; PVOID context; } Notice;

static Notice notices[MOST_NOTICES];
static volatile DWORD notices_caller;

/* The declared callbacks give nothing back. What stands in the register all the same says whether the event was there. */
static void call_back(const char *what, BOOL slow)
{
    BYTE row[sizeof(MIB_IPINTERFACE_ROW)];
    int i;
    memset(row, 0xa5, sizeof row);
    EnterCriticalSection(&notices_lock);
    notices_caller = GetCurrentThreadId();
    for (i = 0; i < MOST_NOTICES; i++) {
        ULONG_PTR said;
        if (!notices[i].what || strcmp(notices[i].what, what) != 0) continue;
        if (slow) {
            bridge_ask(NULL, "notice begins %d", i + 1);
            Sleep(500);
        }
        said = notices[i].callback(notices[i].context, row, MibParameterNotification);
        bridge_ask(NULL, "notice called %d %s %s", i + 1, what, (BOOL)said ? "taken" : "refused");
    }
    notices_caller = 0;
    LeaveCriticalSection(&notices_lock);
}

static DWORD WINAPI follow(LPVOID nothing)
{
    struct sockaddr_in to = bridge_address();
    SOCKET watch = socket(AF_INET, SOCK_STREAM, 0);
    char line[64];
    size_t length = 0;
    if (connect(watch, (struct sockaddr *)&to, sizeof to) != 0) return 1;
    send(watch, "watch\n", 6, 0);
    while (recv(watch, line + length, 1, 0) == 1) {
        if (line[length] != '\n') {
            if (length < sizeof line - 1) length++;
            continue;
        }
        line[length] = 0;
        length = 0;
        if (strncmp(line, "slow ", 5) == 0) call_back(line + 5, TRUE);
        else call_back(line, FALSE);
    }
    closesocket(watch);
    return 0;
}

static NETIO_STATUS subscribe(const char *what, ADDRESS_FAMILY family, Callback callback, PVOID context,
                              BOOLEAN initial, HANDLE *handle)
{
    static HANDLE follower;
    char refuse[16] = "";
    int i;
    GetEnvironmentVariableA("CULVERT_REFUSE", refuse, sizeof refuse);
    if (strcmp(refuse, what) == 0) return ERROR_NOT_SUPPORTED;
    if (family != AF_UNSPEC || !callback || !handle || initial) return ERROR_INVALID_PARAMETER;
    EnterCriticalSection(&notices_lock);
    for (i = 0; i < MOST_NOTICES && notices[i].what; i++);
    if (i < MOST_NOTICES) {
        Notice notice = { what, callback, context };
        notices[i] = notice;
        *handle = (HANDLE)(ULONG_PTR)(i + 1);
    }
    LeaveCriticalSection(&notices_lock);
    if (i == MOST_NOTICES) return ERROR_NOT_ENOUGH_MEMORY;
    bridge_ask(NULL, "notice register %d %s", i + 1, what);
    if (!follower) {
        follower = CreateThread(NULL, 0, follow, NULL, 0, NULL);
        /* Answered once the thread's connection stands: what changes from now on is told. */
        return bridge_ask(NULL, "notice follower");
    }
    return NO_ERROR;
}

EXPORT NETIO_STATUS WINAPI NotifyIpInterfaceChange(ADDRESS_FAMILY family, PIPINTERFACE_CHANGE_CALLBACK callback,
                                                   PVOID context, BOOLEAN initial, HANDLE *handle)
{
    return subscribe("interface", family, (Callback)(void *)callback, context, initial, handle);
}

EXPORT NETIO_STATUS WINAPI NotifyUnicastIpAddressChange(ADDRESS_FAMILY family,
                                                        PUNICAST_IPADDRESS_CHANGE_CALLBACK callback, PVOID context,
                                                        BOOLEAN initial, HANDLE *handle)
{
    return subscribe("address", family, (Callback)(void *)callback, context, initial, handle);
}

EXPORT NETIO_STATUS WINAPI NotifyRouteChange2(ADDRESS_FAMILY family, PIPFORWARD_CHANGE_CALLBACK callback,
                                              PVOID context, BOOLEAN initial, HANDLE *handle)
{
    return subscribe("route", family, (Callback)(void *)callback, context, initial, handle);
}

EXPORT NETIO_STATUS WINAPI CancelMibChangeNotify2(HANDLE handle)
{
    ULONG_PTR number = (ULONG_PTR)handle;
    BOOL known;
    if (notices_caller == GetCurrentThreadId()) {
        fprintf(stderr, "iphlpapi double: a notification was cancelled by its own callback\n");
        fflush(stderr);
        ExitProcess(86);
    }
    if (number == 0 || number > MOST_NOTICES) return ERROR_INVALID_PARAMETER;
    EnterCriticalSection(&notices_lock);
    known = notices[number - 1].what != NULL;
    notices[number - 1].what = NULL;
    LeaveCriticalSection(&notices_lock);
    bridge_ask(NULL, "notice cancel %d", (int)number);
    return known ? NO_ERROR : ERROR_INVALID_PARAMETER;
}
