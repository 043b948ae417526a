/* list.h: doubly linked lists whose nodes stand inside what they link. */
#ifndef LAW_PEERS_LIST_H
#define LAW_PEERS_LIST_H

#include "core/types.h"

typedef struct law_node {
  struct law_node *next, *prev; /* both NULL: in no list */
} law_node;

/* The ring's head; readied by law_list_init. */
typedef struct law_ring {
  law_node head;
  size_t num;
} law_ring;

/* The struct of type |type| whose |member| is |node|. */
#define LAW_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

LAW_INLINE void law_ring_init(law_ring *r) {
  r->head.next = r->head.prev = &r->head;
  r->num = 0;
}

LAW_INLINE bool law_node_linked(const law_node *n) { return n->next != NULL; }

LAW_INLINE void law_ring_insert(law_ring *r, law_node *before, law_node *n) {
  n->next = before;
  n->prev = before->prev;
  before->prev->next = n;
  before->prev = n;
  r->num++;
}

LAW_INLINE void law_ring_append(law_ring *r, law_node *n) { law_ring_insert(r, &r->head, n); }

LAW_INLINE void law_ring_remove(law_ring *r, law_node *n) {
  n->prev->next = n->next;
  n->next->prev = n->prev;
  n->next = n->prev = NULL;
  r->num--;
}

/* NULL when empty. */
LAW_INLINE law_node *law_ring_first(const law_ring *r) { return r->num > 0 ? r->head.next : NULL; }

/* NULL behind the last. */
LAW_INLINE law_node *law_ring_next(const law_ring *r, const law_node *n) {
  return n->next == &r->head ? NULL : n->next;
}

/* Walks |r|; the node at hand may be removed, no other. */
#define LAW_RING_EACH(r, n)                        \
  for (law_node *n = law_ring_first(r), *n##_next; \
       n != NULL && (n##_next = law_ring_next((r), n), true); n = n##_next)

#endif
