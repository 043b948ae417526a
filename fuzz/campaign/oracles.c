/* What tells that an IUT is not well, beside what it says: the canary's patience, processor time
 * without work, descriptors and address space that do not come back. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "campaign/campaign.h"

enum {
  HINT = 80,     /* ms until it is looked what the IUT may stand on */
  LATE = 2,      /* s until a canary that is not answered stops all else */
  PATIENCE = 10, /* s until that is a hang */
  SAMPLE = 60,   /* ms in which idle processor time is looked at */
  SAMPLES = 40,  /* of them must be busy: a spin */
  SPARE_FDS = 100,
};

static void nap(uint64_t ns) {
  struct timespec t = {.tv_sec = (time_t)(ns / LAW_S), .tv_nsec = (long)(ns % LAW_S)};
  (void)nanosleep(&t, NULL);
}

void law_oracles_begin(law_campaign *c) {
  c->hoard = 0;
  c->suspect = false;
  if (c->pid > 0) {
    (void)law_usage_of(c->pid, &c->base);
  }
}

/* Whether much of a sample of idle time was processor time. */
static bool is_busy(const law_campaign *c) {
  uint64_t before = law_usage_cpu(c->pid), from = law_net_now();
  nap(SAMPLE * LAW_MS);
  uint64_t used = law_usage_cpu(c->pid) - before, took = law_net_now() - from;
  return used * 5 > took * 2; /* others want the processor, too */
}

static bool spins(const law_campaign *c) {
  for (int i = 0; i < SAMPLES; i++) {
    if (c->pid <= 0 || !is_busy(c)) {
      return false;
    }
  }
  return true;
}

static void tell(law_campaign *c, const char *kind, uint32_t group, const char *detail) {
  law_campaign_candidate(c, &(law_candidate){.kind = kind, .group = group, .detail = detail});
}

/* What an IUT that stands still has not answered for the longest time is what it stands on. */
static uint32_t oldest_group(const law_campaign *c) {
  const law_lane *oldest = NULL;
  for (size_t i = 0; i < c->num_lanes; i++) {
    const law_lane *lane = &c->lanes[i];
    if (lane->busy && lane->sent_at > 0 && (oldest == NULL || lane->sent_at < oldest->sent_at)) {
      oldest = lane;
    }
  }
  return oldest != NULL ? oldest->group : 0;
}

void law_oracles_suspect(law_campaign *c, uint64_t now) {
  char detail[LAW_CANDIDATE_TEXT];
  const law_canary *k = &c->canary;
  if (k->failures >= 5) {
    tell(c, "gone", 0, "a new connection is not served");
    return;
  }
  if (!c->suspect) {
    if (k->waiting && now - k->sent_at > HINT * LAW_MS && c->stuck == 0) {
      c->stuck = oldest_group(c);
    }
    c->stuck = k->waiting ? c->stuck : 0;
    if (k->waiting && now - k->sent_at > LATE * LAW_S) {
      c->suspect = true;
    }
    return;
  }
  if (!k->waiting && k->failures == 0) {
    c->suspect = false;
    (void)snprintf(detail, sizeof detail, "%llu ms", (unsigned long long)(k->round_trip / LAW_MS));
    tell(c, "stall", c->stuck, detail);
  } else if (k->waiting && now - k->sent_at > PATIENCE * LAW_S) {
    tell(c, spins(c) ? "spin" : "hang", c->stuck, "a publish-and-receive was not answered in 10 s");
  }
}

static bool check_descriptors(law_campaign *c, law_usage *now) {
  char detail[LAW_CANDIDATE_TEXT];
  for (int i = 0; i < 20 && now->num_fds > c->base.num_fds + SPARE_FDS; i++) {
    nap(100 * LAW_MS);
    (void)law_usage_of(c->pid, now);
  }
  if (c->base.num_fds == 0 || now->num_fds <= c->base.num_fds + SPARE_FDS) {
    return false;
  }
  (void)snprintf(detail, sizeof detail, "%u more than when it was fresh",
                 now->num_fds - c->base.num_fds);
  tell(c, "descriptors", 0, detail);
  return true;
}

static bool check_memory(law_campaign *c, const law_usage *now) {
  char detail[LAW_CANDIDATE_TEXT];
  uint64_t grown = now->virtual_peak - c->base.virtual_peak;
  if (c->hoard == 0 || now->virtual_peak < c->base.virtual_peak + LAW_HOARD) {
    return false;
  }
  (void)snprintf(detail, sizeof detail, "%llu MiB of address space",
                 (unsigned long long)(grown >> 20));
  tell(c, "memory", c->hoard, detail);
  return true;
}

void law_oracles_check(law_campaign *c, uint64_t now) {
  law_usage usage;
  (void)now;
  if (c->pid <= 0 || !law_usage_of(c->pid, &usage)) {
    return;
  }
  if (check_memory(c, &usage) || check_descriptors(c, &usage)) {
    return;
  }
  if (is_busy(c) && spins(c)) {
    tell(c, "spin", 0, "processor time without any work");
  }
  c->hoard = 0;
  c->base.virtual_peak = usage.virtual_peak > c->base.virtual_peak ? usage.virtual_peak
                                                                   : c->base.virtual_peak;
}
