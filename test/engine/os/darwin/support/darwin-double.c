/*
 * A stand-in for Darwin's C library on Linux: the functions that the engine binds, under their own names, with Darwin's
 * structures and numbers (xnu/bsd headers, written down here once more and independently of the engine's tables). Every
 * call is recorded with its octets. Behind a utun is a socket pair, whose other end stands for the Mac's network stack;
 * UDP goes to real sockets; addresses and routes are kept in memory, and routing sockets hear of their changes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
/* A function under its Darwin name, which Linux's headers declare otherwise. */
#define DARWIN(result, name, parameters) \
	EXPORT result darwin_##name parameters __asm__(#name); \
	result darwin_##name parameters
#define MOST_FDS 1024

enum { D_EPERM = 1, D_ENOENT = 2, D_ESRCH = 3, D_EBUSY = 16, D_EEXIST = 17, D_EINVAL = 22, D_EAGAIN = 35,
       D_EMSGSIZE = 40, D_EADDRINUSE = 48, D_ENOMEM = 12 };

enum kind { PLAIN, UTUN, INET, ROUTING };

static struct { enum kind kind; int peer; int unit; } fds[MOST_FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char recorded[1 << 20];
static size_t recorded_length;
static int recording = 1;
static int refuse_names;
static int refuse_control;
static int fail_number;
static char fail_name[32];

/* ---- the record ---- */

static void note(const char *format, ...)
{
	if (!recording)
		return;
	pthread_mutex_lock(&lock);
	va_list arguments;
	va_start(arguments, format);
	size_t room = sizeof recorded - recorded_length;
	int length = vsnprintf(recorded + recorded_length, room, format, arguments);
	if (length > 0 && (size_t)length < room)
		recorded_length += (size_t)length;
	va_end(arguments);
	pthread_mutex_unlock(&lock);
}

static const char *hex(const void *octets, size_t length)
{
	static __thread char text[2 * 1024 + 1];
	static const char digits[] = "0123456789abcdef";
	if (length > 1024)
		length = 1024;
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[((const uint8_t *)octets)[i] >> 4];
		text[2 * i + 1] = digits[((const uint8_t *)octets)[i] & 15];
	}
	text[2 * length] = 0;
	return text;
}

EXPORT int double_take(char *into, unsigned size)
{
	pthread_mutex_lock(&lock);
	size_t length = recorded_length < size ? recorded_length : size;
	memcpy(into, recorded, length);
	recorded_length = 0;
	pthread_mutex_unlock(&lock);
	return (int)length;
}

EXPORT void double_record(_Bool on) { recording = on; }

/* The next call of that name fails with that number of Darwin's. */
EXPORT void double_fail(const char *name, int number)
{
	snprintf(fail_name, sizeof fail_name, "%s", name);
	fail_number = number;
}

/* As on releases before 10.11: no address in a batch. */
EXPORT void double_refuse_names(_Bool on) { refuse_names = on; }

/* As a release would that knows no such control message. */
EXPORT void double_refuse_control(_Bool on) { refuse_control = on; }

static uint32_t peer_version;
static int16_t peer_groups = 3;

EXPORT void double_peer(int version, int groups)
{
	peer_version = (uint32_t)version;
	peer_groups = (int16_t)groups;
}

static int fails(const char *name)
{
	if (fail_number == 0 || strcmp(name, fail_name) != 0)
		return 0;
	errno = fail_number;
	fail_number = 0;
	return 1;
}

/* Linux's numbers differ from 35 on. */
static long done(long result)
{
	if (result >= 0)
		return result;
	switch (errno) {
	case EAGAIN: errno = D_EAGAIN; break;
	case EMSGSIZE: errno = D_EMSGSIZE; break;
	case EADDRINUSE: errno = D_EADDRINUSE; break;
	default: break;
	}
	return result;
}

/* ---- interfaces, addresses and routes in memory ---- */

struct item { uint16_t length; uint8_t octets[300]; };
#define MOST_ITEMS 64
static struct item routes[MOST_ITEMS];
static int route_count;
static struct item addresses[MOST_ITEMS];
static int address_count;
static struct { char name[16]; int flags; int mtu; } links[8] = {
	{ "lo0", 0x8049, 16384 }, { "en0", 0x8863, 1500 }, { "en1", 0x8863, 1500 },
};
static int link_count = 3;

static int link_index(const char *name)
{
	for (int i = 0; i < link_count; i++)
		if (strncmp(links[i].name, name, 16) == 0)
			return i + 1;
	return 0;
}

struct rt_msghdr_d {
	uint16_t msglen; uint8_t version, type; uint16_t index; int32_t flags, addrs, pid, seq, err, use; uint32_t inits;
	uint32_t metrics[14];
};
_Static_assert(sizeof(struct rt_msghdr_d) == 92, "rt_msghdr");

/* A routing socket has every message, whoever caused it; one that is full or not read loses what comes. */
static void tell_all(const void *message, size_t length)
{
	for (int fd = 0; fd < MOST_FDS; fd++)
		if (fds[fd].kind == ROUTING)
			syscall(SYS_sendto, fds[fd].peer, message, length, MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
}

EXPORT void double_tell(const uint8_t *message, unsigned length) { tell_all(message, length); }

/* if_msghdr and ifa_msghdr begin alike. */
static void tell_interface(int type, int index)
{
	uint8_t message[112] = { 0 };
	uint16_t whole = type == 0xe ? 112 : 20;
	memcpy(message, &whole, 2);
	message[2] = 5;
	message[3] = (uint8_t)type;
	message[12] = (uint8_t)index;
	tell_all(message, whole);
}

static size_t padded(size_t length) { return length == 0 ? 4 : (length + 3) & ~(size_t)3; }

/* Destination and mask, by which routes are told apart. */
static size_t key_of(const uint8_t *message, uint8_t *key)
{
	const struct rt_msghdr_d *header = (const void *)message;
	size_t at = sizeof *header, length = 0;
	for (int bit = 0; bit < 8 && at < header->msglen; bit++) {
		if (!(header->addrs & (1 << bit)))
			continue;
		size_t here = padded(message[at]);
		if (bit == 0 || bit == 2) {
			memcpy(key + length, message + at, here);
			length += here;
		}
		at += here;
	}
	int32_t scope = header->flags & 0x1000000 ? header->index : 0;
	memcpy(key + length, &scope, 4);
	return length + 4;
}

static int find_route(const uint8_t *message)
{
	uint8_t wanted[128], here[128];
	size_t length = key_of(message, wanted);
	for (int i = 0; i < route_count; i++)
		if (key_of(routes[i].octets, here) == length && memcmp(wanted, here, length) == 0)
			return i;
	return -1;
}

/* The interface of a route: that of its gateway, given by index or found by the route to it; else its header's. */
static int interface_of(const uint8_t *message, int except)
{
	const struct rt_msghdr_d *header = (const void *)message;
	size_t at = sizeof *header + padded(message[sizeof *header]);
	if (message[at + 1] == 18)
		return message[at + 2];
	for (int i = 0; i < route_count; i++) {
		if (i == except)
			continue;
		const struct rt_msghdr_d *one = (const void *)routes[i].octets;
		size_t gateway = sizeof *one + padded(routes[i].octets[sizeof *one]);
		if (memcmp(routes[i].octets + gateway, message + at, message[at]) == 0)
			return one->index;
	}
	return header->index != 0 ? header->index : 1;
}

static int routing_message(const uint8_t *message, size_t length)
{
	struct rt_msghdr_d *header;
	const struct rt_msghdr_d *asked = (const void *)message;
	if (length < sizeof *asked || asked->msglen != length || asked->version != 5) {
		errno = D_EINVAL;
		return -1;
	}
	int found = find_route(message);
	switch (asked->type) {
	case 1:
		if (found >= 0) {
			errno = D_EEXIST;
			return -1;
		}
		found = route_count++;
		break;
	case 3:
		if (found < 0) {
			errno = D_ESRCH;
			return -1;
		}
		break;
	case 2:
		if (found < 0) {
			errno = D_ESRCH;
			return -1;
		}
		memmove(routes + found, routes + found + 1, (size_t)(route_count - found - 1) * sizeof *routes);
		route_count--;
		return 0;
	default:
		errno = D_EINVAL;
		return -1;
	}
	routes[found].length = (uint16_t)length;
	memcpy(routes[found].octets, message, length);
	header = (void *)routes[found].octets;
	header->index = (uint16_t)interface_of(message, found);
	header->type = 4;
	header->flags |= 1;
	header->seq = 0;
	return 0;
}

/* A route that is there from the beginning, as the message that would show it. */
EXPORT int double_route(const uint8_t *message, unsigned length)
{
	routes[route_count].length = (uint16_t)length;
	memcpy(routes[route_count++].octets, message, length);
	return route_count;
}

EXPORT void double_forget_routes(void) { route_count = 0; }

static void put_address(int index, int family, const uint8_t *address, size_t length)
{
	uint8_t message[64] = { 0 };
	uint16_t whole = (uint16_t)(20 + padded(length));
	message[2] = 5;
	message[3] = 0xc;
	int32_t addrs = 1 << 5;
	memcpy(message + 4, &addrs, 4);
	message[12] = (uint8_t)index;
	memcpy(message + 20, address, length);
	message[20] = (uint8_t)length;
	message[21] = (uint8_t)family;
	memcpy(message, &whole, 2);
	addresses[address_count].length = whole;
	memcpy(addresses[address_count++].octets, message, whole);
}

static int take_address(int index, const uint8_t *address, size_t from, size_t length)
{
	for (int i = 0; i < address_count; i++) {
		if (addresses[i].octets[12] != index || memcmp(addresses[i].octets + 20 + from, address + from, length) != 0)
			continue;
		memmove(addresses + i, addresses + i + 1, (size_t)(address_count - i - 1) * sizeof *addresses);
		address_count--;
		return 0;
	}
	errno = 49;
	return -1;
}

/* A utun takes its addresses and routes along. Its place is used again when it was the last. */
static void take_interface(int unit)
{
	char name[16];
	snprintf(name, sizeof name, "utun%d", unit - 1);
	int index = link_index(name), kept = 0;
	for (int i = 0; i < address_count; i++)
		if (addresses[i].octets[12] != index)
			addresses[kept++] = addresses[i];
	address_count = kept;
	kept = 0;
	for (int i = 0; i < route_count; i++)
		if (((const struct rt_msghdr_d *)(const void *)routes[i].octets)->index != index)
			routes[kept++] = routes[i];
	route_count = kept;
	if (index == link_count)
		link_count--;
	else
		links[index - 1].name[0] = 0;
}

static size_t list_interfaces(uint8_t *into)
{
	size_t at = 0;
	for (int i = 0; i < link_count; i++) {
		if (links[i].name[0] == 0)
			continue;
		uint8_t message[132] = { 0 };
		uint16_t whole = sizeof message;
		int32_t addrs = 1 << 4;
		memcpy(message, &whole, 2);
		message[2] = 5;
		message[3] = 0xe;
		memcpy(message + 4, &addrs, 4);
		memcpy(message + 8, &links[i].flags, 4);
		message[12] = (uint8_t)(i + 1);
		memcpy(message + 24, &links[i].mtu, 4);
		uint8_t *dl = message + 112;
		dl[0] = 20;
		dl[1] = 18;
		dl[2] = (uint8_t)(i + 1);
		dl[5] = (uint8_t)strlen(links[i].name);
		memcpy(dl + 8, links[i].name, dl[5]);
		if (into)
			memcpy(into + at, message, whole);
		at += whole;
		for (int k = 0; k < address_count; k++) {
			if (addresses[k].octets[12] != i + 1)
				continue;
			if (into)
				memcpy(into + at, addresses[k].octets, addresses[k].length);
			at += addresses[k].length;
		}
	}
	return at;
}

static size_t list_routes(uint8_t *into)
{
	size_t at = 0;
	for (int i = 0; i < route_count; i++) {
		if (into)
			memcpy(into + at, routes[i].octets, routes[i].length);
		at += routes[i].length;
	}
	return at;
}

DARWIN(int, sysctl, (const int *name, unsigned count, void *old, size_t *length, void *fresh, size_t fresh_length))
{
	(void)fresh;
	(void)fresh_length;
	note("sysctl %s\n", hex(name, 4 * count));
	if (fails("sysctl"))
		return -1;
	if (count != 6 || name[0] != 4 || name[1] != 17 || (name[4] != 1 && name[4] != 3)) {
		errno = D_ENOENT;
		return -1;
	}
	size_t whole = name[4] == 1 ? list_routes(NULL) : list_interfaces(NULL);
	if (old && *length < whole) {
		errno = D_ENOMEM;
		return -1;
	}
	if (old)
		(void)(name[4] == 1 ? list_routes(old) : list_interfaces(old));
	*length = whole;
	return 0;
}

/* ---- socket addresses ---- */

static void to_linux(const uint8_t *name, struct sockaddr_in6 *out)
{
	memcpy(out, name, sizeof *out);
	out->sin6_family = AF_INET6;
}

static void to_darwin(const struct sockaddr_in6 *name, uint8_t *out)
{
	memcpy(out, name, sizeof *name);
	out[0] = 28;
	out[1] = 30;
}

/* ---- descriptors ---- */

DARWIN(int, socket, (int family, int type, int protocol))
{
	int fd = -1;
	enum kind kind = PLAIN;
	if (fails("socket"))
		return -1;
	if (family == 32 && type == 2 && protocol == 2) {
		int pair[2];
		if (syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
			return -1;
		fd = pair[0];
		fds[fd].peer = pair[1];
		syscall(SYS_fcntl, pair[1], F_SETFL, O_NONBLOCK);
		kind = UTUN;
	} else if (family == 17 && type == 3) {
		int pair[2];
		if (syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
			return -1;
		fd = pair[0];
		fds[fd].peer = pair[1];
		kind = ROUTING;
	} else if (family == 30 && type == 2) {
		fd = (int)syscall(SYS_socket, AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		kind = INET;
	} else if (family == 2 && type == 2) {
		fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	} else {
		errno = D_EINVAL;
	}
	if (fd >= 0)
		fds[fd].kind = kind;
	note("socket %d %d %d = %d\n", family, type, protocol, fd);
	return fd;
}

/* The end of a utun that the Mac's network stack would have. */
EXPORT int double_host_end(int fd) { return fds[fd].peer; }

DARWIN(int, close, (int fd))
{
	note("close %d\n", fd);
	if (fd >= 0 && fd < MOST_FDS) {
		if (fds[fd].kind == UTUN || fds[fd].kind == ROUTING)
			syscall(SYS_close, fds[fd].peer);
		if (fds[fd].kind == UTUN && fds[fd].unit > 0)
			take_interface(fds[fd].unit);
		memset(fds + fd, 0, sizeof *fds);
	}
	return (int)syscall(SYS_close, fd);
}

DARWIN(int, connect, (int fd, const uint8_t *name, unsigned length))
{
	note("connect %d %s\n", fd, hex(name, length));
	if (fails("connect"))
		return -1;
	uint32_t id, unit;
	memcpy(&id, name + 4, 4);
	memcpy(&unit, name + 8, 4);
	if (fds[fd].kind != UTUN || length != 32 || name[0] != 32 || name[1] != 32 || name[2] != 2 || id != 7) {
		errno = D_EINVAL;
		return -1;
	}
	fds[fd].unit = unit == 0 ? link_count - 2 : (int)unit;
	snprintf(links[link_count].name, 16, "utun%d", fds[fd].unit - 1);
	links[link_count].flags = 0x8010;
	links[link_count].mtu = 1500;
	link_count++;
	return 0;
}

DARWIN(int, getsockopt, (int fd, int level, int option, void *value, uint32_t *length))
{
	note("getsockopt %d %d %d (%u)\n", fd, level, option, *length);
	if (fails("getsockopt"))
		return -1;
	if (fds[fd].kind == UTUN && level == 2 && option == 2) {
		*length = (uint32_t)snprintf(value, *length, "utun%d", fds[fd].unit - 1) + 1;
		return 0;
	}
	if (level == 0 && option == 1 && *length >= 76) {
		struct { uint32_t version, uid; int16_t ngroups; uint32_t groups[16]; } peer = { peer_version, 501, peer_groups, { 20, 12, 80 } };
		_Static_assert(sizeof peer == 76, "xucred");
		memcpy(value, &peer, 76);
		*length = 76;
		return 0;
	}
	if (level == 0 && option == 2 && *length >= 4) {
		int32_t pid = 4711;
		memcpy(value, &pid, 4);
		*length = 4;
		return 0;
	}
	errno = D_EINVAL;
	return -1;
}

DARWIN(int, setsockopt, (int fd, int level, int option, const void *value, uint32_t length))
{
	int number = -1;
	char name[32];
	note("setsockopt %d %d %d %s\n", fd, level, option, hex(value, length));
	snprintf(name, sizeof name, "setsockopt %d", option);
	if (fails(name))
		return -1;
	if (level == 0xffff && (option == 0x1001 || option == 0x1002)) {
		level = SOL_SOCKET;
		number = option == 0x1001 ? SO_SNDBUF : SO_RCVBUF;
	} else if (level == 41 && option == 27)
		number = IPV6_V6ONLY;
	else if (level == 41 && option == 61)
		number = IPV6_RECVPKTINFO;
	else if (level == 41 && option == 35) {
		/* Linux tells of IPv4 on an IPv6 socket by another option. */
		if (syscall(SYS_setsockopt, fd, IPPROTO_IP, IP_RECVTOS, value, length) < 0)
			return -1;
		number = IPV6_RECVTCLASS;
	}
	if (number < 0) {
		errno = 42;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, number, value, length);
}

DARWIN(int, bind, (int fd, const uint8_t *name, unsigned length))
{
	struct sockaddr_in6 address;
	note("bind %d %s\n", fd, hex(name, length));
	if (fails("bind"))
		return -1;
	if (length != 28 || name[0] != 28 || name[1] != 30) {
		errno = D_EINVAL;
		return -1;
	}
	to_linux(name, &address);
	return (int)done(syscall(SYS_bind, fd, &address, sizeof address));
}

DARWIN(int, getsockname, (int fd, uint8_t *name, uint32_t *length))
{
	struct sockaddr_in6 address;
	socklen_t size = sizeof address;
	long result = syscall(SYS_getsockname, fd, &address, &size);
	if (result == 0 && *length >= 28) {
		to_darwin(&address, name);
		*length = 28;
	}
	return (int)result;
}

DARWIN(int, ioctl, (int fd, unsigned long request, ...))
{
	va_list arguments;
	va_start(arguments, request);
	uint8_t *at = va_arg(arguments, uint8_t *);
	va_end(arguments);
	size_t length = (request >> 16) & 0x1fff;
	note("ioctl %d %lx %s\n", fd, request, hex(at, length));
	if (fails("ioctl"))
		return -1;
	if (request == 0xc0644e03UL) {
		uint32_t id = 7;
		if (fds[fd].kind != UTUN || strcmp((char *)at + 4, "com.apple.net.utun_control") != 0) {
			errno = D_ENOENT;
			return -1;
		}
		memcpy(at, &id, 4);
		return 0;
	}
	int index = link_index((char *)at);
	if (index == 0) {
		errno = 6;
		return -1;
	}
	switch (request) {
	case 0x80206910UL: memcpy(&links[index - 1].flags, at + 16, 2); tell_interface(0xe, index); return 0;
	case 0xc0206911UL: memcpy(at + 16, &links[index - 1].flags, 2); return 0;
	case 0x80206934UL: memcpy(&links[index - 1].mtu, at + 16, 4); return 0;
	case 0x8040691aUL: put_address(index, 2, at + 16, 16); tell_interface(0xc, index); return 0;
	case 0x8080691aUL: put_address(index, 30, at + 16, 28); tell_interface(0xc, index); return 0;
	case 0x80206919UL: return take_address(index, at + 16, 4, 4);
	case 0x81206919UL: return take_address(index, at + 16, 8, 16);
	default: errno = 102; return -1;
	}
}

DARWIN(int, fcntl, (int fd, int command, ...))
{
	va_list arguments;
	va_start(arguments, command);
	int value = va_arg(arguments, int);
	va_end(arguments);
	note("fcntl %d %d %d\n", fd, command, value);
	if (command == 4)
		return (int)syscall(SYS_fcntl, fd, F_SETFL, value & 4 ? O_NONBLOCK : 0);
	return command == 2 ? (int)syscall(SYS_fcntl, fd, F_SETFD, value) : 0;
}

DARWIN(int, pipe, (int *ends)) { return (int)syscall(SYS_pipe2, ends, 0); }

DARWIN(long, read, (int fd, void *at, size_t length))
{
	if (fails("read"))
		return -1;
	return done(syscall(SYS_read, fd, at, length));
}

DARWIN(long, write, (int fd, const void *at, size_t length))
{
	if (fd >= 0 && fd < MOST_FDS && fds[fd].kind == ROUTING) {
		note("write %d %s\n", fd, hex(at, length));
		if (fails("write") || routing_message(at, length) < 0)
			return -1;
		tell_all(at, length);
		return (long)length;
	}
	return done(syscall(SYS_write, fd, at, length));
}

DARWIN(long, writev, (int fd, const struct iovec *vectors, int count))
{
	return done(syscall(SYS_writev, fd, vectors, count));
}

/* Event bits are the same on both systems. */
DARWIN(int, poll, (struct pollfd *which, unsigned count, int timeout))
{
	return (int)done(syscall(SYS_poll, which, (unsigned long)count, timeout));
}

/* ---- datagrams ---- */

struct msghdr_x {
	uint8_t *name; uint32_t namelen; struct iovec *iov; int iovlen; uint8_t *control; uint32_t controllen; int flags;
	size_t datalen;
};
_Static_assert(sizeof(struct msghdr_x) == 56, "msghdr_x");
/* Without its last field it is struct msghdr. */
#define MSGHDR_SIZE 48

struct cmsg_d { uint32_t len; int32_t level, type; int32_t value; };
_Static_assert(sizeof(struct cmsg_d) == 16, "cmsghdr with an int");

static int is_mapped(const struct sockaddr_in6 *address)
{
	return IN6_IS_ADDR_V4MAPPED(&address->sin6_addr);
}

/*
 * The traffic class in a message's control data, -1 without any, -2 when the kernel would refuse it. A pointer without
 * octets is refused. An IPv4 datagram takes it from either family's message, when that holds an int, an IPv6 one from
 * its own; what else there is is passed over.
 */
static int class_of(const uint8_t *control, uint32_t length, int mapped)
{
	if (!control)
		return -1;
	if (refuse_control || length < 12)
		return -2;
	for (uint32_t at = 0; at + 12 <= length;) {
		struct cmsg_d one;
		memset(&one, 0, sizeof one);
		memcpy(&one, control + at, length - at < sizeof one ? length - at : sizeof one);
		if (one.len < 12 || one.len > length - at)
			return -2;
		int four = one.level == 0 && one.type == 3, six = one.level == 41 && one.type == 36;
		if (mapped ? (four || six) && one.len == 16 : six) {
			if (one.len != 16 || one.value < 0 || one.value > 255)
				return -2;
			return one.value;
		}
		at += (one.len + 3) & ~3u;
	}
	return -1;
}

/* One message to Linux; its traffic class goes to `class`. Darwin's number of what is wrong is in errno. */
static long send_one(int fd, const struct msghdr_x *one, int flags, int *class)
{
	struct sockaddr_in6 address;
	union { struct cmsghdr align; char octets[CMSG_SPACE(sizeof(int))]; } control;
	struct msghdr message = { &address, sizeof address, one->iov, (size_t)one->iovlen, NULL, 0, 0 };
	to_linux(one->name, &address);
	*class = class_of(one->control, one->controllen, is_mapped(&address));
	if (*class == -2) {
		errno = D_EINVAL;
		return -1;
	}
	if (*class >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control;
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);
		c->cmsg_len = CMSG_LEN(sizeof(int));
		c->cmsg_level = is_mapped(&address) ? IPPROTO_IP : IPPROTO_IPV6;
		c->cmsg_type = is_mapped(&address) ? IP_TOS : IPV6_TCLASS;
		memcpy(CMSG_DATA(c), class, sizeof(int));
	}
	return done(syscall(SYS_sendmsg, fd, &message, flags & 0x80 ? MSG_DONTWAIT : 0));
}

DARWIN(long, sendto, (int fd, const void *at, size_t length, int flags, const uint8_t *name, uint32_t name_length))
{
	struct sockaddr_in6 address;
	note("sendto %d %zu %d %s\n", fd, length, flags, hex(name, name_length));
	if (fails("sendto"))
		return -1;
	to_linux(name, &address);
	return done(syscall(SYS_sendto, fd, at, length, flags & 0x80 ? MSG_DONTWAIT : 0, &address, sizeof address));
}

DARWIN(long, sendmsg_x, (int fd, const struct msghdr_x *messages, unsigned count, int flags))
{
	long sent = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct msghdr_x *one = messages + i;
		int class;
		if (fails("sendmsg_x") || one->flags != 0 || (refuse_names && one->name)) {
			if (one->flags != 0 || refuse_names)
				errno = D_EINVAL;
			return sent > 0 ? sent : -1;
		}
		if (send_one(fd, one, flags, &class) < 0)
			return sent > 0 ? sent : -1;
		sent++;
	}
	note("sendmsg_x %d %u %d = %ld\n", fd, count, flags, sent);
	return sent;
}

DARWIN(long, sendmsg, (int fd, const void *message, int flags))
{
	struct msghdr_x whole = { 0 };
	int class = -1;
	memcpy(&whole, message, MSGHDR_SIZE);
	if (fails("sendmsg"))
		return -1;
	long length = send_one(fd, &whole, flags, &class);
	note("sendmsg %d %d class %d = %ld\n", fd, flags, class, length);
	return length;
}

static long receive_one(int fd, struct msghdr_x *one, int flags)
{
	struct sockaddr_in6 address;
	char control[128];
	struct msghdr message = { &address, sizeof address, one->iov, (size_t)one->iovlen, control, sizeof control, 0 };
	long length = syscall(SYS_recvmsg, fd, &message, flags & 0x80 ? MSG_DONTWAIT : 0);
	if (length < 0)
		return done(length);
	to_darwin(&address, one->name);
	one->namelen = 28;
	uint32_t filled = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		uint32_t header[3] = { 12 + 20, 41, 46 };
		/* On an IPv6 socket an IPv4 datagram's is told in the same way. */
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)) {
			struct cmsg_d told = { 16, 41, 36, *CMSG_DATA(c) };
			if (one->controllen < filled + 16)
				continue;
			memcpy(one->control + filled, &told, 16);
			filled += 16;
			continue;
		}
		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO || one->controllen < filled + 32)
			continue;
		memcpy(one->control + filled, header, 12);
		memcpy(one->control + filled + 12, CMSG_DATA(c), 20);
		filled += 32;
	}
	one->controllen = filled;
	one->flags = 0;
	return length;
}

DARWIN(long, recvmsg_x, (int fd, struct msghdr_x *messages, unsigned count, int flags))
{
	long taken = 0;
	while (taken < (long)count) {
		long length = receive_one(fd, messages + taken, flags | (taken > 0 ? 0x80 : 0));
		if (length < 0)
			break;
		messages[taken++].datalen = (size_t)length;
	}
	if (taken > 0)
		note("recvmsg_x %d %u %d = %ld\n", fd, count, flags, taken);
	return taken > 0 ? taken : -1;
}

DARWIN(long, recvmsg, (int fd, void *message, int flags))
{
	struct msghdr_x whole = { 0 };
	memcpy(&whole, message, MSGHDR_SIZE);
	long length = receive_one(fd, &whole, flags);
	memcpy(message, &whole, MSGHDR_SIZE);
	if (length >= 0)
		note("recvmsg %d %d = %ld\n", fd, flags, length);
	return length;
}
