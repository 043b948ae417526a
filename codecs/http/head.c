#include "http/head.h"

#include <string.h>

static uint8_t lower(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

static bool is_digit(uint8_t c) { return c >= '0' && c <= '9'; }

static bool is_space(uint8_t c) { return c == ' ' || c == '\t'; }

/* tchar, RFC 9110 section 5.6.2. */
static bool is_token(uint8_t c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
         (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool same(law_bytes a, const char *b, bool ignore_case) {
  if (strlen(b) != a.len) {
    return false;
  }
  for (size_t i = 0; i < a.len; i++) {
    uint8_t x = a.data[i], y = (uint8_t)b[i];
    if (ignore_case ? lower(x) != lower(y) : x != y) {
      return false;
    }
  }
  return true;
}

bool law_http_same(law_bytes a, const char *b) { return same(a, b, true); }

static law_bytes trim(law_bytes b) {
  while (b.len > 0 && is_space(b.data[0])) {
    b.data++;
    b.len--;
  }
  while (b.len > 0 && is_space(b.data[b.len - 1])) {
    b.len--;
  }
  return b;
}

/* Up to |c|, which is taken out too; all when |c| is not there. */
static law_bytes take_until(law_bytes *in, uint8_t c) {
  const uint8_t *end = in->len > 0 ? memchr(in->data, c, in->len) : NULL;
  law_bytes part = law_bytes_of(in->data, end ? (size_t)(end - in->data) : in->len);
  size_t used = part.len + (end ? 1 : 0);
  in->data += used;
  in->len -= used;
  return part;
}

/* The next line without its CRLF. False: there is no whole line. */
static bool take_line(law_bytes *in, law_bytes *out) {
  for (size_t i = 0; i + 1 < in->len; i++) {
    if (in->data[i] == '\r' && in->data[i + 1] == '\n') {
      *out = law_bytes_of(in->data, i);
      in->data += i + 2;
      in->len -= i + 2;
      return true;
    }
  }
  return false;
}

/* "HTTP/1.x" */
static bool version_of(law_bytes text, uint8_t *out_minor) {
  if (text.len != 8 || memcmp(text.data, "HTTP/1.", 7) != 0 || !is_digit(text.data[7])) {
    return false;
  }
  *out_minor = (uint8_t)(text.data[7] - '0');
  return true;
}

static bool all_tokens(law_bytes text) {
  for (size_t i = 0; i < text.len; i++) {
    if (!is_token(text.data[i])) {
      return false;
    }
  }
  return text.len > 0;
}

/* Visible characters, spaces and bytes over 127. */
static bool all_text(law_bytes text, bool with_spaces) {
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.data[i];
    if (c == 127 || (c <= ' ' && !(with_spaces && is_space(c)))) {
      return false;
    }
  }
  return true;
}

/* "HTTP/1.1 101 Switching Protocols"; the reason may be missing. */
static bool read_status_line(law_bytes line, law_http_head *out) {
  law_bytes version = take_until(&line, ' ');
  law_bytes code = take_until(&line, ' ');
  if (!version_of(version, &out->minor) || code.len != 3) {
    return false;
  }
  out->status = 0;
  for (size_t i = 0; i < 3; i++) {
    if (!is_digit(code.data[i])) {
      return false;
    }
    out->status = (uint16_t)(out->status * 10 + (code.data[i] - '0'));
  }
  out->reason = line;
  return all_text(line, true);
}

/* "GET /mqtt HTTP/1.1" */
static bool read_request_line(law_bytes line, law_http_head *out) {
  out->method = take_until(&line, ' ');
  out->target = take_until(&line, ' ');
  return all_tokens(out->method) && out->target.len > 0 && all_text(out->target, false) &&
         version_of(line, &out->minor);
}

static bool read_first_line(law_bytes line, law_http_head *out) {
  out->request = line.len < 5 || memcmp(line.data, "HTTP/", 5) != 0;
  return out->request ? read_request_line(line, out) : read_status_line(line, out);
}

/* Can these bytes begin a first line? Another protocol's show at once. */
static bool may_begin(law_bytes part) {
  if (part.len > 0 && part.data[part.len - 1] == '\r') {
    part.len--;
  }
  return all_text(part, true);
}

static bool field_is_fine(law_bytes line) {
  if (memchr(line.data, ':', line.len) == NULL) {
    return false;
  }
  law_bytes name = take_until(&line, ':');
  return all_tokens(name) && all_text(line, true);
}

law_status law_http_decode(law_bytes in, law_http_head *out, size_t *out_len, size_t *out_at) {
  law_bytes rest = in, line;
  *out = (law_http_head){0};
  *out_len = in.len + 1;
  *out_at = 0;
  if (!take_line(&rest, &line)) {
    return may_begin(in) ? LAW_NEED_MORE : LAW_MALFORMED;
  }
  if (!read_first_line(line, out)) {
    return LAW_MALFORMED;
  }
  out->fields = law_bytes_of(rest.data, 0);
  while (take_line(&rest, &line)) {
    if (line.len == 0) {
      *out_len = in.len - rest.len;
      return LAW_OK;
    }
    if (!field_is_fine(line)) {
      *out_at = (size_t)(line.data - in.data);
      return LAW_MALFORMED;
    }
    out->fields.len = (size_t)(rest.data - out->fields.data);
  }
  return LAW_NEED_MORE;
}

bool law_http_next(law_bytes *fields, law_bytes *out_name, law_bytes *out_value) {
  law_bytes line;
  if (!take_line(fields, &line)) {
    return false;
  }
  *out_name = take_until(&line, ':');
  *out_value = trim(line);
  return true;
}

bool law_http_field(const law_http_head *head, const char *name, law_bytes *out_value) {
  law_bytes fields = head->fields, found;
  while (law_http_next(&fields, &found, out_value)) {
    if (law_http_same(found, name)) {
      return true;
    }
  }
  return false;
}

static bool list_has(law_bytes list, const char *token, bool ignore_case) {
  while (list.len > 0) {
    if (same(trim(take_until(&list, ',')), token, ignore_case)) {
      return true;
    }
  }
  return false;
}

bool law_http_lists(const law_http_head *head, const char *name, const char *token,
                    bool ignore_case) {
  law_bytes fields = head->fields, found, value;
  while (law_http_next(&fields, &found, &value)) {
    if (law_http_same(found, name) && list_has(value, token, ignore_case)) {
      return true;
    }
  }
  return false;
}
