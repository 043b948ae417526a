/* Eclipse Paho MQTT C: Debian's static library, whose packet decoders have no public header. A
 * client: it decodes what a client receives. It copies each string. */
#include <stddef.h>

#include "bench/peer.h"

void *MQTTPacket_publish(int version, unsigned char header, char *data, size_t len);
void MQTTPacket_freePublish(void *publish);
int MQTTPacket_decodeBuf(char *in, unsigned int *value);

const char bench_peer_name[] = "Paho C";
const char bench_peer_checks[] = "lengths";

enum { PUBLISH = 3 };

int bench_peer_decode(const uint8_t *bytes, size_t len, int version) {
  unsigned int remaining;
  if (bytes[0] >> 4 != PUBLISH) {
    return BENCH_CANNOT;
  }
  char *data = (char *)(uintptr_t)bytes;
  size_t header_len = 1 + (size_t)MQTTPacket_decodeBuf(data + 1, &remaining);
  if (header_len + remaining != len) {
    return BENCH_REFUSES;
  }
  void *publish = MQTTPacket_publish(version, bytes[0], data + header_len, remaining);
  if (publish == NULL) {
    return BENCH_REFUSES;
  }
  BENCH_KEEP(publish);
  MQTTPacket_freePublish(publish);
  return BENCH_ACCEPTS;
}
