#include "json_check.h"

#include <stddef.h>
#include <string.h>

enum { MAX_DEPTH = 32 };

static const char *value(const char *p, int depth);

static const char *spaces(const char *p) { return p == NULL ? NULL : p + strspn(p, " \t\r\n"); }

static const char *expect(const char *p, char c) { return p != NULL && *p == c ? p + 1 : NULL; }

static bool is_hex4(const char *p) { return strspn(p, "0123456789abcdefABCDEF") >= 4; }

static const char *string(const char *p) {
  p = expect(p, '"');
  while (p != NULL && *p != '"') {
    if (*p == '\\') {
      p = p[1] == 'u' ? (is_hex4(p + 2) ? p + 6 : NULL)
                      : (p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? p + 2 : NULL);
    } else {
      p = *p >= 0x20 && *p < 0x7f ? p + 1 : NULL;
    }
  }
  return expect(p, '"');
}

static const char *number(const char *p) {
  size_t digits = strspn(p, "0123456789");
  return digits == 0 || (digits > 1 && *p == '0') ? NULL : p + digits;
}

static const char *word(const char *p, const char *w) {
  return strncmp(p, w, strlen(w)) == 0 ? p + strlen(w) : NULL;
}

/* Members or elements up to |close|. */
static const char *list(const char *p, char close, bool named, int depth) {
  p = spaces(p + 1);
  if (*p == close) {
    return p + 1;
  }
  for (;;) {
    if (named) {
      p = spaces(expect(spaces(string(p)), ':'));
    }
    p = p == NULL ? NULL : spaces(value(p, depth + 1));
    if (p == NULL || *p != ',') {
      return expect(p, close);
    }
    p = spaces(p + 1);
  }
}

static const char *value(const char *p, int depth) {
  if (depth > MAX_DEPTH) {
    return NULL;
  }
  switch (*p) {
    case '{':
      return list(p, '}', true, depth);
    case '[':
      return list(p, ']', false, depth);
    case '"':
      return string(p);
    case 't':
      return word(p, "true");
    case 'f':
      return word(p, "false");
    case 'n':
      return word(p, "null");
    default:
      return number(p);
  }
}

bool is_json(const char *text) {
  const char *end = spaces(value(text, 0));
  return end != NULL && *end == '\0';
}
