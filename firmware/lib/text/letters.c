#include "letters.h"

#include "model.h"

#define ASCII_END 0x80u

static bool is_in(const model_range_t *ranges, uint16_t count, uint32_t code) {
  uint16_t first = 0, end = count;
  while (first < end) {
    const uint16_t middle = (uint16_t)((first + end) / 2);
    if (code > ranges[middle].last) {
      first = (uint16_t)(middle + 1);
    } else if (code < ranges[middle].first) {
      end = middle;
    } else {
      return true;
    }
  }
  return false;
}

static bool is_ascii_part(uint32_t code) {
  return (code >= 'a' && code <= 'z') || (code >= '0' && code <= '9') || code == '\'';
}

letters_kind_t letters_kind(uint32_t code) {
  const model_words_t *words = MODEL.text->words;
  if (code < ASCII_END) return is_ascii_part(code) ? LETTERS_PART : LETTERS_SEPARATOR;
  if (is_in(words->alone, words->alone_count, code)) return LETTERS_ALONE;
  if (is_in(words->separators, words->separator_count, code)) return LETTERS_SEPARATOR;
  return LETTERS_PART;
}

uint32_t letters_small(uint32_t code) {
  const model_words_t *words = MODEL.text->words;
  if (code < ASCII_END) return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
  uint16_t first = 0, end = words->capital_count;
  while (first < end) {
    const uint16_t middle = (uint16_t)((first + end) / 2);
    const model_capital_t *pair = &words->capitals[middle];
    if (pair->capital == code) return pair->small;
    if (pair->capital < code) {
      first = (uint16_t)(middle + 1);
    } else {
      end = middle;
    }
  }
  return code;
}

static void begin(letters_utf8_t *utf8, uint8_t bits, uint8_t left) {
  utf8->code = bits;
  utf8->left = left;
}

bool letters_read(letters_utf8_t *utf8, char byte, bool *broken) {
  const uint8_t bits = (uint8_t)byte;
  const bool goes_on = (bits & 0xC0) == 0x80;
  if (goes_on && utf8->left > 0) {
    *broken = false;
    utf8->code = utf8->code << 6 | (bits & 0x3Fu);
    return --utf8->left == 0;
  }
  *broken = utf8->left > 0 || goes_on || bits >= 0xF8;
  if (bits < ASCII_END) {
    begin(utf8, bits, 0);
  } else if ((bits & 0xE0) == 0xC0) {
    begin(utf8, bits & 0x1F, 1);
  } else if ((bits & 0xF0) == 0xE0) {
    begin(utf8, bits & 0x0F, 2);
  } else if ((bits & 0xF8) == 0xF0) {
    begin(utf8, bits & 0x07, 3);
  } else {
    begin(utf8, 0, 0);
    return false;
  }
  return utf8->left == 0;
}

uint8_t letters_write(uint32_t code, char *bytes) {
  static const uint8_t leads[] = {0x00, 0xC0, 0xE0, 0xF0};
  const uint8_t more = code < ASCII_END ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  for (uint8_t place = more; place > 0; place--) {
    bytes[place] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  bytes[0] = (char)(leads[more] | code);
  return (uint8_t)(more + 1);
}
