/* A preload library for the tests: /dev/sr0 becomes the drive that listens on
 * the socket named by SIM_DRIVE, so that programs which use SG_IO run on a
 * simulated drive without a kernel's help.
 *
 * The drive takes no time, so that sleeping between two polls is cut short.
 *
 * Each SG_IO is one exchange, numbers in host order:
 *   request  u32 length of CDB, of data out, of buffer for data in; CDB; data
 *   reply    u32 length of data in, of sense data, 1 if the command has no
 *            outcome; data in; sense data
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <pthread.h>
#include <scsi/scsi.h>
#include <scsi/scsi_ioctl.h>
#include <scsi/sg.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/dev/sr0"

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static unsigned char is_drive[1024];

static int open_drive(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const char *path = getenv("SIM_DRIVE");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || fd >= (int)sizeof is_drive || !path || strlen(path) >= sizeof name.sun_path) {
		errno = ENODEV;
		return -1;
	}
	strcpy(name.sun_path, path);
	if (connect(fd, (struct sockaddr *)&name, sizeof name)) {
		close(fd);
		errno = ENODEV;
		return -1;
	}
	is_drive[fd] = 1;
	return fd;
}

static int transfer(int fd, void *data, size_t size, int sending)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = sending ? write(fd, at, size) : read(fd, at, size);
		if (n <= 0)
			return -1;
		at += n;
		size -= n;
	}
	return 0;
}

static int sg_io(int fd, struct sg_io_hdr *h)
{
	int to = h->dxfer_direction == SG_DXFER_TO_DEV;
	int from = h->dxfer_direction == SG_DXFER_FROM_DEV || h->dxfer_direction == SG_DXFER_TO_FROM_DEV;
	uint32_t request[3] = {h->cmd_len, to ? h->dxfer_len : 0, from ? h->dxfer_len : 0};
	uint32_t reply[3];
	unsigned char sense[64];

	if (transfer(fd, request, sizeof request, 1) || transfer(fd, h->cmdp, request[0], 1) ||
	    transfer(fd, h->dxferp, request[1], 1) || transfer(fd, reply, sizeof reply, 0) ||
	    reply[0] > request[2] || reply[1] > sizeof sense ||
	    transfer(fd, h->dxferp, reply[0], 0) || transfer(fd, sense, reply[1], 0)) {
		errno = ENODEV;
		return -1;
	}
	h->status = h->masked_status = h->host_status = h->driver_status = h->info = 0;
	h->sb_len_wr = 0;
	h->duration = 1;
	h->resid = from ? (int)(request[2] - reply[0]) : 0;
	if (reply[1] > 0) {
		h->sb_len_wr = reply[1] < h->mx_sb_len ? reply[1] : h->mx_sb_len;
		memcpy(h->sbp, sense, h->sb_len_wr);
		h->status = 2;
		h->masked_status = 1;
		h->driver_status = 8;
		h->info = SG_INFO_CHECK;
	}
	if (reply[2]) {
		h->host_status = 3; /* time-out */
		h->info = SG_INFO_CHECK;
	}
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, ...);
	va_list list;
	void *argument;
	int result = 0;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (fd < 0 || fd >= (int)sizeof is_drive || !is_drive[fd]) {
		if (!next)
			next = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
		return next(fd, request, argument);
	}
	switch (request) {
	case SG_IO:
		pthread_mutex_lock(&turn);
		result = sg_io(fd, argument);
		pthread_mutex_unlock(&turn);
		return result;
	case SG_GET_SCSI_ID:
		memset(argument, 0, sizeof(struct sg_scsi_id));
		((struct sg_scsi_id *)argument)->scsi_type = 5;
		return 0;
	case SCSI_IOCTL_GET_BUS_NUMBER:
		*(int *)argument = 0;
		return 0;
	case SCSI_IOCTL_GET_IDLUN:
		memset(argument, 0, 8);
		return 0;
	case SG_GET_VERSION_NUM:
		*(int *)argument = 30536;
		return 0;
	case CDROM_DRIVE_STATUS:
		return CDS_DISC_OK;
	case SG_SET_TIMEOUT:
	case BLKFLSBUF:
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

#define OPEN(name)                                                         \
	int name(const char *path, int flags, ...)                         \
	{                                                                  \
		static int (*next)(const char *, int, ...);                \
		va_list list;                                              \
		int mode;                                                  \
                                                                           \
		va_start(list, flags);                                     \
		mode = va_arg(list, int);                                  \
		va_end(list);                                              \
		if (!strcmp(path, DEVICE))                                 \
			return open_drive();                               \
		if (!next)                                                 \
			next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
		return next(path, flags, mode);                            \
	}
OPEN(open)
OPEN(open64)
OPEN(__open_2)
OPEN(__open64_2)

int close(int fd)
{
	static int (*next)(int);

	if (fd >= 0 && fd < (int)sizeof is_drive)
		is_drive[fd] = 0;
	if (!next)
		next = (int (*)(int))dlsym(RTLD_NEXT, "close");
	return next(fd);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	struct timespec moment = {0, 1000000};

	(void)wanted;
	if (left)
		memset(left, 0, sizeof *left);
	return clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, 0);
}

unsigned int sleep(unsigned int wanted)
{
	(void)wanted;
	nanosleep(0, 0);
	return 0;
}

int usleep(useconds_t wanted)
{
	(void)wanted;
	return nanosleep(0, 0);
}

/* struct stat and struct stat64 are the same on 64-bit Linux. */
static int device_stat(struct stat *s)
{
	memset(s, 0, sizeof *s);
	s->st_mode = S_IFBLK | 0660;
	s->st_nlink = 1;
	s->st_rdev = makedev(11, 0);
	s->st_ino = 11;
	return 0;
}

#define STAT(name, kind)							\
	int name(const char *path, struct kind *s)				\
	{									\
		static int (*next)(const char *, struct kind *);		\
										\
		if (!strcmp(path, DEVICE))					\
			return device_stat((struct stat *)s);			\
		if (!next)							\
			next = (int (*)(const char *, struct kind *))dlsym(RTLD_NEXT, #name); \
		return next(path, s);						\
	}
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

#define FSTAT(name, kind)							\
	int name(int fd, struct kind *s)					\
	{									\
		static int (*next)(int, struct kind *);				\
										\
		if (fd >= 0 && fd < (int)sizeof is_drive && is_drive[fd])	\
			return device_stat((struct stat *)s);			\
		if (!next)							\
			next = (int (*)(int, struct kind *))dlsym(RTLD_NEXT, #name); \
		return next(fd, s);						\
	}
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

#define XSTAT(name)                                                        \
	int name(int version, const char *path, struct stat *s)            \
	{                                                                  \
		static int (*next)(int, const char *, struct stat *);      \
                                                                           \
		if (!strcmp(path, DEVICE))                                 \
			return device_stat(s);                             \
		if (!next)                                                 \
			next = (int (*)(int, const char *, struct stat *))dlsym(RTLD_NEXT, #name); \
		return next(version, path, s);                             \
	}
XSTAT(__xstat)
XSTAT(__lxstat)

int __fxstat(int version, int fd, struct stat *s)
{
	static int (*next)(int, int, struct stat *);

	if (fd >= 0 && fd < (int)sizeof is_drive && is_drive[fd])
		return device_stat(s);
	if (!next)
		next = (int (*)(int, int, struct stat *))dlsym(RTLD_NEXT, "__fxstat");
	return next(version, fd, s);
}
