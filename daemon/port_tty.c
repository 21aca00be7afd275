/*
 * The AT port on a serial device: raw, 8 data bits, no parity, 1 stop bit, no flow control, which
 * is how the module's main UART works.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "report.h"

static const struct baud {
    unsigned baud;
    speed_t code;
} bauds[] = {
    {1200, B1200},     {2400, B2400},       {4800, B4800},       {9600, B9600},
    {19200, B19200},   {38400, B38400},     {57600, B57600},     {115200, B115200},
    {230400, B230400}, {460800, B460800},   {500000, B500000},   {576000, B576000},
    {921600, B921600}, {1000000, B1000000}, {2000000, B2000000}, {3000000, B3000000},
};

static const struct baud *find_baud(unsigned baud)
{
    for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++)
        if (bauds[i].baud == baud)
            return &bauds[i];
    return NULL;
}

bool port_baud_known(unsigned baud)
{
    return find_baud(baud) != NULL;
}

static bool tty_is_over(struct port *port)
{
    report("%s has vanished: was the cable or the other side taken away?", port->name);
    return false;
}

static void tty_close(struct port *port)
{
    if (port->saved_is_valid)
        tcsetattr(port->in_fd, TCSANOW, &port->saved);
    if (port->in_fd >= 0)
        close(port->in_fd);
    port->in_fd = port->out_fd = -1;
}

static bool set_rate(struct termios *mode, unsigned baud)
{
    const struct baud *row = find_baud(baud);
    if (row != NULL && cfsetispeed(mode, row->code) == 0 && cfsetospeed(mode, row->code) == 0)
        return true;
    errno = EINVAL;
    return false;
}

/* What has been written leaves at the old rate. */
static void tty_set_baud(struct port *port, unsigned baud)
{
    struct termios mode;
    if (baud == port->baud || port->in_fd < 0)
        return;
    port->baud = baud; /* tried once */
    if (tcgetattr(port->in_fd, &mode) != 0 || !set_rate(&mode, baud) ||
        tcsetattr(port->in_fd, TCSADRAIN, &mode) != 0)
        report("cannot set %s to %u baud, which AT+IPR asks for: %s", port->name, baud,
               strerror(errno));
}

static bool set_mode(struct port *port, unsigned baud)
{
    if (tcgetattr(port->in_fd, &port->saved) != 0)
        return false;
    struct termios mode = port->saved;
    port->baud = baud;
    cfmakeraw(&mode); /* 8 bits, no parity */
    mode.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
    mode.c_cflag |= CLOCAL | CREAD;
    if (!set_rate(&mode, baud) || tcsetattr(port->in_fd, TCSANOW, &mode) != 0)
        return false;
    port->saved_is_valid = true;
    return true;
}

bool port_open_tty(struct port *port, const char *device, unsigned baud)
{
    static const struct port_kind kind = {
        .on_lost = tty_is_over, .set_baud = tty_set_baud, .close = tty_close};
    port_init(port, &kind);
    port->name = device;
    port->in_fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->in_fd < 0) {
        report("cannot open %s: %s", device, strerror(errno));
        return false;
    }
    port->out_fd = port->in_fd;
    if (!isatty(port->in_fd)) {
        report("cannot use %s: it is not a serial device", device);
    } else if (!set_mode(port, baud)) {
        report("cannot set %s to %u baud: %s", device, baud, strerror(errno));
    } else if (port_announce(device)) {
        return true;
    }
    tty_close(port);
    return false;
}
