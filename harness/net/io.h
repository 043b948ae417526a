/* io.h: what reading or writing came to. */
#ifndef LAW_NET_IO_H
#define LAW_NET_IO_H

typedef enum law_io {
  LAW_IO_OK,
  LAW_IO_AGAIN,
  LAW_IO_FIN,
  LAW_IO_RST,
  LAW_IO_ERROR, /* law_net.why says why */
} law_io;

#endif
