/* campaign.h: what the parts of a campaign share.
 *
 * A link is one connection to the IUT. A lane plays one input after the other, each on up to four
 * links, by turns: what one link has to say goes out in one write, with a message behind it that
 * must be answered, and the next turn begins when that answer, or the end of the connection, is
 * there. Lanes run side by side. All that is sent is in the journal first; all that comes is judged
 * by the loop. */
#ifndef FUZZ_CAMPAIGN_CAMPAIGN_H
#define FUZZ_CAMPAIGN_CAMPAIGN_H

#include <sys/types.h>

#include "campaign/journal.h"
#include "campaign/keys.h"
#include "campaign/inputs.h"
#include "campaign/speaker.h"
#include "campaign/watch.h"
#include "mutators/mutate.h"
#include "net/net.h"
#include "seq/seq.h"

enum {
  LAW_MAX_LANES = 64,
  LAW_MAX_LINKS = 512,
  LAW_POOL = 32,      /* connections that are opened before they are needed */
  LAW_TURN = 1 << 17, /* bytes of one turn */
  LAW_REPLIES = 4096,
  LAW_MAX_BATCH = 1024,
  LAW_CANDIDATE_TEXT = 256,
  LAW_HOARD = 64 << 20,
};

#define LAW_MS UINT64_C(1000000)
#define LAW_S UINT64_C(1000000000)

typedef struct law_campaign law_campaign;
typedef struct law_lane law_lane;

typedef enum law_link_kind {
  LAW_LINK_FREE,
  LAW_LINK_POOL,
  LAW_LINK_LANE,
  LAW_LINK_CANARY,
} law_link_kind;

/* What one stretch of our own messages is, as the codec reads it. */
typedef struct law_read {
  uint32_t num, num_pings;
  bool whole;       /* it ends with a message's end */
  bool lost;        /* where the next message begins cannot be told */
  bool hoards;      /* it announces a message of LAW_HOARD bytes or more */
  bool lasts;       /* it asks the IUT to keep something */
  uint32_t code;    /* of the first bad message; else of the last that is no ping */
  law_requirement broken; /* what is wrong with it; LAW_R_NONE */
} law_read;

typedef struct law_link {
  law_link_kind kind;
  law_lane *lane;
  law_handle handle;
  uint32_t id; /* in the journal */
  bool up, down, ended; /* connected; closed by the IUT; our side closed */
  bool cut; /* a message of ours has no end: what the IUT makes of that, and after it, is open */
  int opened;           /* as law_speaker.opened has it */
  law_limits limits;
  uint32_t num_received;
  uint32_t num_due;     /* pings that wait for their answer */
  uint32_t num_answers; /* in this turn */
  uint64_t answers;     /* what they were, in any order */
  law_requirement broken; /* by the IUT, in this turn */
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8]; /* of our direction */
  size_t replies_len;
  uint8_t replies[LAW_REPLIES];
} law_link;

/* Messages that ended no connection: most of a batch is made of them, for to make one takes longer
 * than to send it. Those of a small batch that did end one are thrown out. */
enum { LAW_STOCK = 1024, LAW_STOCK_BYTES = 200, LAW_STOCK_SMALL = 64 };

typedef struct law_stocked {
  uint8_t len; /* 0: free */
  uint8_t used, pings;
  uint8_t data[LAW_STOCK_BYTES];
} law_stocked;

typedef enum law_lane_kind {
  LAW_LANE_ENDING, /* one connection for each input */
  LAW_LANE_SEVERAL,
  LAW_LANE_KEPT, /* many messages on one connection that stays */
} law_lane_kind;

struct law_lane {
  law_lane_kind kind;
  bool busy, novel;
  char name[16];
  law_handle scope;
  void *world; /* NULL: connections are judged each by itself */
  law_link *links[LAW_SEQ_CONNECTIONS];
  law_link *waiting;
  uint64_t sent_at, deadline;
  uint32_t group, state, rounds;
  law_read read;
  size_t len;
  law_bytes rest; /* of the input, not played yet */
  uint32_t batch, num_batches; /* kept: messages a batch, batches on this connection */
  uint16_t drawn[LAW_STOCK_SMALL]; /* of the stock, in a small batch */
  uint32_t num_drawn;
  uint8_t input[LAW_INPUT_CAP];
};

/* What happened so far. */
typedef struct law_counts {
  uint64_t sessions, messages, answers, inputs, batches;
} law_counts;

typedef struct law_canary {
  law_link *link;
  uint32_t number, failures;
  uint64_t sent_at, next_at;
  uint64_t round_trip; /* ns, the last */
  bool waiting, subscribed;
} law_canary;

/* One input again and again, to see whether memory grows with it. */
typedef enum law_soak_stage { LAW_SOAK_OFF, LAW_SOAK_WARM, LAW_SOAK_COUNT } law_soak_stage;

typedef struct law_soak_input {
  bool kept; /* one message on one connection; else one conversation each */
  uint16_t len;
  uint8_t data[1024];
} law_soak_input;

enum { LAW_SOAK_WAITING = 256, LAW_SOAK_ROUNDS = 6 };

typedef struct law_soak {
  law_soak_stage stage;
  law_soak_input now;
  uint64_t until, resident, before; /* ns; bytes; executions when the round began */
  uint32_t rounds, steady;
  uint64_t grown, executed;
  size_t num;
  law_soak_input waiting[LAW_SOAK_WAITING];
} law_soak;

/* Something that may be a finding, for whoever reproduces it. */
typedef struct law_candidate {
  const char *kind; /* violation, death, hang, stall, spin, growth, memory, descriptors, gone */
  law_requirement requirement;
  const char *type; /* of the IUT's message */
  uint32_t group, connection;
  const char *detail; /* a few words, or NULL */
  law_bytes input;    /* to be repeated, when the journal does not say it */
} law_candidate;

typedef struct law_options {
  const char *variant, *host, *journal, *queue, *seeds;
  const char *username, *password;
  size_t journal_size;
  uint64_t seed;
  uint32_t lanes[3]; /* by law_lane_kind */
  uint32_t rate;     /* messages a second; 0: as fast as it goes */
  uint64_t min_growth;
  uint64_t sure; /* bytes in all that prove a growth */
  int netns;
  law_transport transport;
  const char *ws_path, *ca_file;
  const char *script;  /* of a client: what it gets on its standard input */
  const char *capture; /* of a replay to a client */
  bool look;           /* at its processor time */
  bool no_sources; /* all connections from one address */
  bool no_pauses;  /* the process is not looked at: what a bench measures */
  law_soak_input soak; /* only this, until it is clear whether memory grows; |len| 0: none */
} law_options;

struct law_campaign {
  const law_options *options;
  law_net *net;
  const law_speaker *speaker;
  law_endpoint to;
  char source[32];
  uint32_t num_connects;
  law_handle alone; /* scope of single connections */
  law_handle canary_scope;
  law_journal journal;
  law_inputs *queue;
  law_keys keys, soak_keys;
  law_mutator mutator;
  uint64_t random;

  pid_t pid;
  int death_fd;
  law_handle death;
  law_usage base; /* of the IUT when it was fresh */
  uint64_t base_round_trip, started_at, generation_until;

  law_link links[LAW_MAX_LINKS];
  law_link *pool[LAW_POOL];
  size_t num_pool;
  law_lane lanes[LAW_MAX_LANES];
  size_t num_lanes;
  uint32_t next_link, next_group;
  bool running;  /* lanes may begin inputs */
  bool paused;   /* until the next command */
  bool stopping, stopped;
  double tokens; /* of the rate */
  uint64_t tokens_at;
  law_canary canary;
  law_soak soak;
  uint32_t hoard; /* the last group that announced a huge message before any answer */
  uint32_t stuck; /* the group that was not answered for the longest time when the canary was late */
  bool suspect;   /* the canary is late: nothing new is begun until it is known why */
  law_counts counts;
  law_stocked stock[LAW_STOCK];
  uint8_t told[LAW_R_COUNT]; /* requirements that are not told (again) */
  uint8_t carried[LAW_R_COUNT]; /* that we broke in what the IUT may have passed on */
  uint32_t num_carried;
  uint64_t checked_at, status_at;
  uint8_t turn[LAW_TURN];
  uint64_t scratch[LAW_MAX_MESSAGE_SIZE / 8];
};

/* links.c */
/* Whether |e| may be held against the IUT for breaking |r|, and not only shows that we misled it.
 * |strict|: whatever we said to others with anything wrong in it may be what it passes on. */
bool law_link_blames(const law_campaign *c, const law_link *link, const law_event *e,
                     law_requirement r, bool strict);
law_link *law_link_take(law_campaign *c, law_link_kind kind, law_handle scope);
/* Gives up the connection, by RST unless it is gone. */
void law_link_drop(law_campaign *c, law_link *link);
void law_pool_fill(law_campaign *c);
/* A connected link, or one that connects. NULL: no more. */
law_link *law_pool_take(law_campaign *c);
void law_pool_drop(law_campaign *c);
/* Reads |bytes| of ours as the codec does, going on where the link's context is. */
law_read law_link_read(law_campaign *c, law_link *link, law_bytes bytes);
/* Journal, then the wire. False when the connection is gone. */
bool law_link_send(law_campaign *c, law_link *link, uint32_t group, law_bytes bytes);
void law_link_end(law_campaign *c, law_link *link, uint32_t group, bool reset);
void law_link_message(law_campaign *c, law_link *link, const law_event *e);

/* lanes.c */
void law_lane_start(law_campaign *c, law_lane *lane);
/* Something happened on one of its links, or its deadline has come. */
void law_lane_step(law_campaign *c, law_lane *lane, uint64_t now);
void law_lane_abort(law_campaign *c, law_lane *lane);
size_t law_lanes_busy(const law_campaign *c);
/* The feedback of a turn. */
void law_lane_learn(law_campaign *c, law_lane *lane, const law_link *link);

/* kept.c: the same for lanes of that kind. */
void law_kept_start(law_campaign *c, law_lane *lane);
void law_kept_step(law_campaign *c, law_lane *lane, uint64_t now);

/* choose.c: writes an input into lane->input. */
void law_choose(law_campaign *c, law_lane *lane);
law_persona law_persona_of(const law_campaign *c, const char *name);

/* canary.c */
void law_canary_step(law_campaign *c, uint64_t now);
void law_canary_message(law_campaign *c, const law_event *e);
void law_canary_down(law_campaign *c);
void law_canary_drop(law_campaign *c);

/* soak.c */
/* Remembers the input of a turn that is over, if it is of a kind that was not soaked yet. */
void law_soak_note(law_campaign *c, const law_lane *lane, const law_link *link);
void law_soak_note_message(law_campaign *c, law_bytes message);
/* Begins with the next one that waits; false when there is none. */
bool law_soak_begin(law_campaign *c);
/* One round is over and all lanes are idle. */
void law_soak_step(law_campaign *c, uint64_t now);
/* Whether a lane of this kind has its part in it. */
bool law_soak_uses(const law_campaign *c, law_lane_kind kind);

/* oracles.c */
/* What the IUT is like before anything happened. */
void law_oracles_begin(law_campaign *c);
/* The canary is overdue: drains, waits, decides. */
void law_oracles_suspect(law_campaign *c, uint64_t now);
/* Looks at the process; all lanes are idle. */
void law_oracles_check(law_campaign *c, uint64_t now);

/* campaign.c */
bool law_is_told(const law_options *o, law_requirement r);
/* Stops all lanes, tells the candidate and waits for a command. */
void law_campaign_candidate(law_campaign *c, const law_candidate *found);

#endif
