/* Lines to the host, built without printf and without floating point. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>
#include <stdint.h>

#include "reading.h"
#include "sample.h"

#define LINE_MAX_CHARACTERS 255 /* without the line end */

/* What does not fit is left out; line_end always fits. */
typedef struct {
  char text[LINE_MAX_CHARACTERS + 1];
  size_t length;
} line_t;

void line_start(line_t *line, const char *text);
void line_text(line_t *line, const char *text);
void line_number(line_t *line, uint64_t number);
/* 1234 as 1.234 */
void line_thousandths(line_t *line, int64_t thousandths);
/* Upper-case hexadecimal, two digits a byte. */
void line_hex(line_t *line, const void *bytes, size_t count);
void line_hex16(line_t *line, uint16_t number);
void line_hex32(line_t *line, uint32_t number);
/* ` name=value`; the name brings its space and its sign. */
void line_field_text(line_t *line, const char *name, const char *value);
void line_field_number(line_t *line, const char *name, uint32_t value);
void line_field_thousandths(line_t *line, const char *name, uint32_t value);
void line_end(line_t *line);

/* `seq,t_us,ax,ay,az,gx,gy,gz,crc` and the line end. The CRC is over all before it but `word`,
 * which is "" or comes first, with a space. */
void line_sample(line_t *line, const char *word, const sample_t *sample);

/* `reading seq,t_us,temperature,pressure,humidity,crc` and the line end; the CRC as above. */
void line_reading(line_t *line, const reading_t *reading);

#endif
