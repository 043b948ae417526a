/* spots.h: where the bytes of one message stand in the capture, when it came in pieces. */
#ifndef LAW_PCAP_SPOTS_H
#define LAW_PCAP_SPOTS_H

#include "pcap/reader.h"

enum {
  LAW_SPOTS_INLINE = 2,
  LAW_SPOTS_MAX = 4096, /* more pieces than that stand at the last one */
};

/* law_place.at of bytes that stand nowhere as they are: decrypted ones. */
#define LAW_AT_NOWHERE UINT32_MAX

/* The bytes from |offset| of the message on stand at |place|, until the next spot. */
typedef struct law_spot {
  uint32_t offset;
  law_place place;
} law_spot;

/* Zeroed: none. */
typedef struct law_spots {
  law_spot few[LAW_SPOTS_INLINE];
  law_spot *many; /* NULL while |few| are enough */
  uint32_t num, cap;
} law_spots;

void law_spots_free(law_spots *s);

/* The message begins at |place|: all other spots are forgotten. */
void law_spots_begin(law_spots *s, const law_place *place);
/* It goes on at |place|. Without memory its bytes stand at the spot before. */
void law_spots_add(law_spots *s, size_t offset, const law_place *place);
/* Where the byte at |offset| stands. */
law_place law_spots_find(const law_spots *s, size_t offset);

/* |place|, |by| bytes on in the same packet. */
law_place law_place_on(const law_place *place, size_t by);

#endif
