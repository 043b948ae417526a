/* verbs.h: what wirelaw-pcap can do, a function for each verb. Each returns the exit status. */
#ifndef LAW_PCAP_VERBS_H
#define LAW_PCAP_VERBS_H

enum {
  LAW_EXIT_GOOD = 0,
  LAW_EXIT_VIOLATIONS = 1,
  LAW_EXIT_UNREAD = 2, /* nothing could be read or judged, or the command line is wrong */
};

/* |argv|[0] is the verb. */
int law_verb_check(int argc, char **argv);
int law_verb_messages(int argc, char **argv);
int law_verb_extract(int argc, char **argv);
int law_verb_anonymise(int argc, char **argv);

#endif
