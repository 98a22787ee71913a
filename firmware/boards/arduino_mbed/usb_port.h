/* The serial port on USB, as the transmitter and the application need it. */
#ifndef USB_PORT_H
#define USB_PORT_H

extern "C" {
#include "transmitter.h"
}

extern const transmitter_port_t USB_PORT;

/* The next byte from the host, -1 where there is none. */
int usb_port_read();

/* Waits until the host has what was sent; a short while at most. */
void usb_port_flush();

#endif
