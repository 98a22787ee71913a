/* Text in lines of printable ASCII, escaped as in a JSON string: \n \t \r \b \f \/ \\ \" and
 * \uXXXX, two of them for what lies beyond U+FFFF. Inside it is UTF-8. */
#ifndef ESCAPE_H
#define ESCAPE_H

#include <stdbool.h>

#include "line.h"

/* Adds the first character of UTF-8, and moves `text` behind it. */
void escape_write(line_t *line, const char **text);

/* Takes all escapes out of `text`, in place. False where one is not of these, or stands for no
 * character; then the text is broken. */
bool escape_read(char *text);

#endif
