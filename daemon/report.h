/*
 * Errors for people: one line on standard error that begins with the program's name.
 */
#ifndef BC_DAEMON_REPORT_H
#define BC_DAEMON_REPORT_H

#define EXIT_RUNTIME 1 /* something outside failed: a device, a port, a file */
#define EXIT_USAGE 2   /* the command line or the configuration is wrong */

/* printf's arguments, without a line end. */
void report(const char *format, ...);

#endif
