#include "mqtt/text.h"

#include <string.h>

static law_rule rule_of(law_utf8 kind, law_rule wildcard) {
  switch (kind) {
    case LAW_UTF8_NUL:
      return LAW_MQTT_RULE_UTF8_NUL;
    case LAW_UTF8_WILDCARD:
      return wildcard;
    default:
      return LAW_MQTT_RULE_UTF8;
  }
}

static law_bytes without(law_bytes b, size_t prefix) {
  return law_bytes_of(b.data + prefix, b.len - prefix);
}

/* 3.1 says that its strings have the format of Java's writeUTF: surrogates are written one by one,
 * U+0000 also as C0 80. It forbids U+0000 in topics only. The length of such a character, 0 for an
 * error. */
static size_t allowed_in_31(law_utf8 kind, law_bytes text) {
  if (kind == LAW_UTF8_NUL) {
    return 1;
  }
  if (kind == LAW_UTF8_SURROGATE) {
    return 3;
  }
  bool nul =
      kind == LAW_UTF8_ILL_FORMED && text.len >= 2 && text.data[0] == 0xc0 && text.data[1] == 0x80;
  return nul ? 2 : 0;
}

/* The first thing that 3.1 finds wrong in |text|, at |*out_at|. */
static law_utf8 check_31(law_bytes text, bool no_wildcards, size_t *out_at) {
  size_t at = 0, skip = 0;
  law_utf8 kind;
  do {
    size_t more = 0;
    at += skip;
    kind = law_utf8_check(without(text, at), no_wildcards, &more);
    at += more;
    skip = kind != LAW_UTF8_OK ? allowed_in_31(kind, without(text, at)) : 0;
  } while (skip > 0);
  *out_at = at;
  return kind;
}

/* U+0000, in either form, in a topic that check_31 let pass. */
static law_breach find_nul(law_bytes topic) {
  for (size_t at = 0; at < topic.len; at++) {
    if (topic.data[at] == 0 || topic.data[at] == 0xc0) {
      return law_breach_at(topic.data + at, LAW_MQTT_RULE_UTF8_NUL);
    }
  }
  return law_breach_at(NULL, LAW_MQTT_RULE_NONE);
}

law_breach law_mqtt_check_text(law_bytes text, law_rule wildcard, uint8_t version) {
  size_t at = 0;
  bool topic = wildcard != LAW_MQTT_RULE_NONE, old = version == LAW_MQTT_31;
  law_utf8 kind = old ? check_31(text, topic, &at) : law_utf8_check(text, topic, &at);
  if (kind != LAW_UTF8_OK) {
    return law_breach_at(text.data + at, rule_of(kind, wildcard));
  }
  return topic && old ? find_nul(text) : law_breach_at(NULL, LAW_MQTT_RULE_NONE);
}

/* Level by level: '#' alone and last, '+' alone. |*out_at| is where the rule is broken. */
static law_rule wildcard_rule(law_bytes filter, size_t *out_at) {
  for (size_t i = 0; i < filter.len; i++) {
    uint8_t ch = filter.data[i];
    if (ch != '#' && ch != '+') {
      continue;
    }
    bool begins = i == 0 || filter.data[i - 1] == '/';
    bool ends = i + 1 == filter.len || filter.data[i + 1] == '/';
    bool last = i + 1 == filter.len;
    *out_at = i;
    if (ch == '#' && (!begins || !last)) {
      return LAW_MQTT_RULE_FILTER_HASH;
    }
    if (ch == '+' && (!begins || !ends)) {
      return LAW_MQTT_RULE_FILTER_PLUS;
    }
  }
  return LAW_MQTT_RULE_NONE;
}

static const char share_prefix[] = "$share/";
enum { SHARE_PREFIX_LEN = sizeof share_prefix - 1 };

static bool has_share_prefix(law_bytes filter) {
  return filter.len >= SHARE_PREFIX_LEN && memcmp(filter.data, share_prefix, SHARE_PREFIX_LEN) == 0;
}

/* "$share" and "$share/..." (4.8.2): the length of everything before the inner filter, or what is
 * wrong. */
static law_rule share_rule(law_bytes filter, size_t *out_prefix, size_t *out_at) {
  size_t i = SHARE_PREFIX_LEN;
  while (i < filter.len && filter.data[i] != '/') {
    if (filter.data[i] == '+' || filter.data[i] == '#') {
      *out_at = i;
      return LAW_MQTT_RULE_SHARE_NAME;
    }
    i++;
  }
  *out_at = SHARE_PREFIX_LEN;
  if (i == SHARE_PREFIX_LEN) {
    return LAW_MQTT_RULE_SHARE_NAME_EMPTY;
  }
  if (i + 1 >= filter.len) {
    *out_at = i;
    return LAW_MQTT_RULE_SHARE_NAME;
  }
  *out_prefix = i + 1;
  return LAW_MQTT_RULE_NONE;
}

static law_rule filter_rule(law_bytes filter, bool shared, size_t *out_at) {
  size_t prefix = 0;
  *out_at = 0;
  if (filter.len == 0) {
    return LAW_MQTT_RULE_FILTER_EMPTY;
  }
  if (shared && has_share_prefix(filter)) {
    law_rule rule = share_rule(filter, &prefix, out_at);
    if (rule != LAW_MQTT_RULE_NONE) {
      return rule;
    }
  }
  law_rule rule = wildcard_rule(without(filter, prefix), out_at);
  *out_at += prefix;
  return rule;
}

/* True for filters that are certainly good: of usual length, plain ASCII, no '$' in front, and
 * every wildcard where it may stand; all looked at together, with a bit for each byte. False says
 * nothing. */
LAW_INLINE bool surely_good(law_bytes filter) {
  uint64_t odd = 0, hashes = 0, pluses = 0, slashes = 0;
  if (filter.len < LAW_BLOCK || filter.len > 64 || filter.data[0] == '$') {
    return false;
  }
  for (size_t next = 0; next < filter.len; next += LAW_BLOCK) {
    /* The last block ends with the filter; what it shares with the one before comes out the same.
     * */
    size_t at = next + LAW_BLOCK <= filter.len ? next : filter.len - LAW_BLOCK;
    law_block block = law_block_load(filter.data + at);
    odd |= law_block_bits(law_block_is_odd(block));
    hashes |= (uint64_t)law_block_bits(law_block_is(block, '#')) << at;
    pluses |= (uint64_t)law_block_bits(law_block_is(block, '+')) << at;
    slashes |= (uint64_t)law_block_bits(law_block_is(block, '/')) << at;
  }
  uint64_t last = UINT64_C(1) << (filter.len - 1);
  uint64_t begins = slashes << 1 | 1, ends = slashes >> 1 | last;
  return odd == 0 && (hashes & ~(begins & last)) == 0 && (pluses & ~(begins & ends)) == 0;
}

/* The syntax of a filter whose text is good. */
static law_breach check_syntax(law_bytes filter, uint8_t version) {
  size_t at;
  law_rule rule = filter_rule(filter, version == LAW_MQTT_5, &at);
  return law_breach_at(filter.data + at, rule);
}

law_breach law_mqtt_check_filter(law_bytes filter, uint8_t version) {
  law_breach breach = {NULL, LAW_MQTT_RULE_NONE};
  if (surely_good(filter)) {
    return breach;
  }
  if (LAW_UNLIKELY(!law_utf8_plain(filter, false))) {
    breach = law_mqtt_check_text(filter, LAW_MQTT_RULE_NONE, version);
    if (breach.rule == LAW_MQTT_RULE_NONE && version == LAW_MQTT_31) {
      breach = find_nul(filter);
    }
  }
  return breach.rule == LAW_MQTT_RULE_NONE ? check_syntax(filter, version) : breach;
}

bool law_mqtt_filter_valid(law_bytes filter) {
  size_t at;
  return filter_rule(filter, true, &at) == LAW_MQTT_RULE_NONE;
}

bool law_mqtt_topic_name_valid(law_bytes topic) {
  return topic.len > 0 && memchr(topic.data, '#', topic.len) == NULL &&
         memchr(topic.data, '+', topic.len) == NULL;
}

bool law_mqtt_shared(law_bytes filter, law_bytes *out_group, law_bytes *out_filter) {
  size_t prefix, at;
  if (!has_share_prefix(filter) || share_rule(filter, &prefix, &at) != LAW_MQTT_RULE_NONE) {
    return false;
  }
  *out_group = law_bytes_of(filter.data + SHARE_PREFIX_LEN, prefix - SHARE_PREFIX_LEN - 1);
  *out_filter = without(filter, prefix);
  return true;
}

static size_t level_len(law_bytes topic, size_t at) {
  size_t end = at;
  while (end < topic.len && topic.data[end] != '/') {
    end++;
  }
  return end - at;
}

bool law_mqtt_topic_matches(law_bytes filter, law_bytes topic) {
  size_t f = 0, t = 0;
  if (filter.len == 0 || topic.len == 0) {
    return false;
  }
  /* 4.7.2: a leading wildcard does not match a topic that begins with '$'. */
  if (topic.data[0] == '$' && (filter.data[0] == '#' || filter.data[0] == '+')) {
    return false;
  }
  for (;;) {
    size_t f_len = level_len(filter, f), t_len = level_len(topic, t);
    if (f_len == 1 && filter.data[f] == '#') {
      return true;
    }
    bool plus = f_len == 1 && filter.data[f] == '+';
    if (!plus && (f_len != t_len || memcmp(filter.data + f, topic.data + t, f_len) != 0)) {
      return false;
    }
    f += f_len;
    t += t_len;
    if (t == topic.len) {
      /* "a/#" matches its parent "a" as well. */
      return f == filter.len ||
             (filter.len - f == 2 && filter.data[f] == '/' && filter.data[f + 1] == '#');
    }
    if (f == filter.len) {
      return false;
    }
    f++;
    t++;
  }
}
