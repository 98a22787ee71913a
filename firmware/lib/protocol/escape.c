#include "escape.h"

#include <stdint.h>
#include <string.h>

#define HIGH_SURROGATES 0xD800u
#define LOW_SURROGATES 0xDC00u
#define SURROGATES 0x400u /* of each */
#define BEYOND 0x10000u   /* what two of them stand for begins here */

static const char NAMED[] = "\"\\/\b\f\n\r\t";
static const char NAMES[] = "\"\\/bfnrt";

static void write_unit(line_t *line, uint32_t unit) {
  line_text(line, "\\u");
  line_hex16(line, (uint16_t)unit);
}

/* The number of the first character of UTF-8, `text` moved behind it. */
static uint32_t next_number(const char **text) {
  const uint8_t first = (uint8_t)*(*text)++;
  if (first < 0x80) return first;
  uint32_t number = first & (first < 0xE0 ? 0x1Fu : first < 0xF0 ? 0x0Fu : 0x07u);
  for (; ((uint8_t)**text & 0xC0) == 0x80; (*text)++) {
    number = number << 6 | ((uint8_t)**text & 0x3Fu);
  }
  return number;
}

void escape_write(line_t *line, const char **text) {
  const uint32_t number = next_number(text);
  const char *name = number < 0x80 ? strchr(NAMED, (int)number) : NULL;
  if (name != NULL && *name != '\0' && *name != '/') {
    const char escaped[] = {'\\', NAMES[name - NAMED], '\0'};
    line_text(line, escaped);
  } else if (number >= ' ' && number <= '~') {
    const char itself[] = {(char)number, '\0'};
    line_text(line, itself);
  } else if (number < BEYOND) {
    write_unit(line, number);
  } else {
    write_unit(line, HIGH_SURROGATES + (number - BEYOND) / SURROGATES);
    write_unit(line, LOW_SURROGATES + (number - BEYOND) % SURROGATES);
  }
}

static bool read_unit(const char **text, uint32_t *unit) {
  static const char digits[] = "0123456789abcdef0123456789ABCDEF";
  *unit = 0;
  for (int i = 0; i < 4; i++) {
    const char *digit = **text == '\0' ? NULL : strchr(digits, **text);
    if (digit == NULL) return false;
    *unit = *unit << 4 | (uint32_t)(digit - digits) % 16;
    (*text)++;
  }
  return true;
}

/* After `\u`: one unit, or two that belong together. */
static bool read_number(const char **text, uint32_t *number) {
  if (!read_unit(text, number)) return false;
  if (*number - HIGH_SURROGATES >= 2 * SURROGATES) return *number != 0;
  uint32_t low;
  if (*number >= LOW_SURROGATES || strncmp(*text, "\\u", 2) != 0) return false;
  *text += 2;
  if (!read_unit(text, &low) || low - LOW_SURROGATES >= SURROGATES) return false;
  *number = BEYOND + (*number - HIGH_SURROGATES) * SURROGATES + (low - LOW_SURROGATES);
  return true;
}

/* As UTF-8, which is shorter than the escape. */
static char *put_number(char *out, uint32_t number) {
  if (number < 0x80) {
    *out++ = (char)number;
    return out;
  }
  const int more = number < 0x800 ? 1 : number < BEYOND ? 2 : 3;
  static const uint8_t starts[] = {0, 0xC0, 0xE0, 0xF0};
  *out++ = (char)(uint8_t)(starts[more] | number >> 6 * more);
  for (int i = more - 1; i >= 0; i--) *out++ = (char)(uint8_t)(0x80 | (number >> 6 * i & 0x3F));
  return out;
}

/* After a backslash: what one escape stands for, and `text` moved behind it. */
static bool read_escape(const char **text, uint32_t *number) {
  const char kind = **text;
  if (kind == '\0') return false;
  (*text)++;
  if (kind == 'u') return read_number(text, number);
  const char *name = strchr(NAMES, kind);
  if (name != NULL) *number = (uint32_t)NAMED[name - NAMES];
  return name != NULL;
}

bool escape_read(char *text) {
  char *out = text;
  const char *in = text;
  while (*in != '\0') {
    uint32_t number;
    if (*in != '\\') {
      *out++ = *in++;
      continue;
    }
    in++;
    if (!read_escape(&in, &number)) return false;
    out = put_number(out, number);
  }
  *out = '\0';
  return true;
}
